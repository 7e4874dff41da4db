"""Dropout: in training each number of a row is set to 0 by chance, so that no unit can rely on another one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import argument_hints, ops
from ..keywords import keywords
from .module import Module
from .settings import generator
from .settings import share as checked_share
from .training_mode import is_training, uniform_noise


class Dropout(Module):
    """In training, 0 instead of each number of a row with this probability, and the others enlarged to make up for it.

    >>> from microgradx.nn import Sequential, Layer
    >>> Sequential(Layer(2, 8), Dropout(0.5), Layer(8, 1, "linear"))
    Sequential(Layer(8 x Neuron(2 inputs, relu)), Dropout(0.5), Layer(1 x Neuron(8 inputs, linear)))

    Dividing by 1 - probability keeps the mean, so a model that answers needs no change (Srivastava et al. 2014, inverted). `fit`
    draws anew for every row of every update, by its seed; `rng` serves in a loop of your own, within `nn.training()`.
    """

    @keywords(argument_hints.ROW_MODULE, "nn.Dropout(0.5)")
    def __init__(self, probability: float = 0.5, rng: Any = None) -> None:
        self.probability = checked_share("probability", probability)
        self.rng = None if rng is None else generator(rng)

    def __call__(self, x: Iterable[Any]) -> list[Any]:
        """The row, with some of it dropped in training."""
        row = list(x)
        if not is_training():
            return row
        kept = 1.0 / (1.0 - self.probability)
        noise = uniform_noise(len(row), generator(self.rng))
        return [number * (ops.step(chance - self.probability) * kept) for number, chance in zip(row, noise, strict=True)]

    def __repr__(self) -> str:
        return f"Dropout({self.probability:g})"
