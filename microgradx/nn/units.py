"""What the units of a model do on some rows: their outputs and the slopes of their activations, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..derivatives import gradient
from ..engine import Value
from ..modes import no_grad
from ..operation import Op
from ..parts import walk
from ..places import Place
from .losses import plain_numbers
from .samples import Array

watching_units: ContextVar[list[tuple[Any, Any, Any]] | None] = ContextVar("watching", default=None)
"""Where every neuron that is called notes (itself, its weighted sum, its output); None while nobody asks."""


class LayerUnits:
    """The units of one layer on some rows: a row of numbers for each row, a column for each unit."""

    def __init__(self, activation: Callable[[Any], Any], totals: Array, outputs: Array) -> None:
        self.activation, self.totals, self.outputs = activation, totals, outputs

    @property
    def slopes(self) -> Array:
        """The slope of each unit's activation on each row."""
        if isinstance(self.activation, Op):
            with np.errstate(all="ignore"):
                operands = [self.totals, *map(np.asarray, self.activation.defaults)]
                slopes = self.activation.local_derivatives(operands, self.outputs)
            return np.broadcast_to(slopes[0], self.totals.shape)
        return np.array([[self._slope(total) for total in row] for row in self.totals.tolist()])

    def _slope(self, total: float) -> float:
        z = Value(total)
        out = self.activation(z)
        return gradient(out, [z])[0] if isinstance(out, Value) else 0.0

    @property
    def steepest(self) -> float:
        """The slope at 0, where most activations are steepest."""
        return abs(self._slope(0.0))


@contextmanager
def watched_units() -> Iterator[list[tuple[Any, Any, Any]]]:
    """Note what every neuron gives inside the block."""
    seen: list[tuple[Any, Any, Any]] = []
    token = watching_units.set(seen)
    try:
        yield seen
    finally:
        watching_units.reset(token)


def units(model: Any, rows: Sequence[Any]) -> dict[str, LayerUnits]:
    """The layers of neurons of a model, in the order in which they are called, on these rows.

    >>> from microgradx.nn import MLP
    >>> layers = units(MLP(2, [3, 1], rng=0), [[0.0, 1.0], [1.0, 0.0]])
    >>> {name: layer.outputs.shape for name, layer in layers.items()}
    {'L0': (2, 3), 'L1': (2, 1)}

    Empty where the model has no neurons of this package, or calls them not equally often for each row.
    """
    owner = walk(model).parameters
    passes = []
    with no_grad():
        for row in rows:
            with watched_units() as seen:
                model(row)
            passes.append(seen)
    if not passes or len({len(seen) for seen in passes}) > 1:
        return {}
    found: dict[str, list[int]] = {}
    for place, (neuron, _, _) in enumerate(passes[0]):
        found.setdefault(layer_of(owner[neuron.w[0]]) if neuron.w[0] in owner else "neurons", []).append(place)
    return {
        name: LayerUnits(
            passes[0][places[0]][0].activation,
            np.array([[plain_numbers(seen[k][1]) for k in places] for seen in passes]),
            np.array([[plain_numbers(seen[k][2]) for k in places] for seen in passes]),
        )
        for name, places in found.items()
    }


def layer_of(place: Place) -> str:
    """What the layer of a parameter is called: its short path, or the class of a model that is no more than one layer.

    >>> from microgradx.nn import MLP
    >>> [layer_of(place) for place in walk(MLP(2, [1, 1], rng=0)).parameters.values()]
    ['L0', 'L0', 'L0', 'L1', 'L1']
    """
    return place.module.layer.short or place.root.kind
