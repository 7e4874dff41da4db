"""Whether a model is being trained or answers: dropout and batch statistics ask, as both work in training only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ..observers import look

Statistics = Callable[[Any, list[Any]], tuple[list[Any], list[Any]]]


class Mode:
    """What a model in training gets from who trains it, and whether it asked."""

    def __init__(self, noise: Callable[[int], list[Any]] | None = None, statistics: Statistics | None = None) -> None:
        self.noise, self.statistics = noise, statistics
        self.asked = False


mode: ContextVar[Mode | None] = ContextVar("mode", default=None)
"""The mode of this thread or task; None where models answer."""


@contextmanager
def training(given: Mode | None = None) -> Iterator[Mode]:
    """A block in which models are trained, as those of `fit` are: dropout drops, and batches are normalised by themselves.

    >>> from microgradx.nn import Dropout
    >>> drop = Dropout(0.5, rng=0)
    >>> drop([1.0, 1.0, 1.0])
    [1.0, 1.0, 1.0]
    >>> with training():
    ...     drop([1.0, 1.0, 1.0])
    [2.0, 0.0, 0.0]

    Outside models answer: there is no switch that could be forgotten. It holds for this thread or task only.
    """
    chosen = Mode() if given is None else given
    token = mode.set(chosen)
    try:
        yield chosen
    finally:
        mode.reset(token)


def is_training() -> bool:
    """Whether this is inside `training()`: for a module of your own that works otherwise in training.

    >>> is_training()
    False
    """
    current = mode.get()
    if current is None:
        return False
    current.asked = True
    return True


def uniform_noise(count: int, stream: Any) -> list[Any]:
    """So many numbers from 0 to 1: drawn by who trains, so that each update has new ones and a run can be repeated."""
    current = mode.get()
    if current is not None and current.noise is not None:
        return current.noise(count)
    look("a random number was drawn for training")  # a recording would have the same ones for ever
    return [stream.uniform(0.0, 1.0) for _ in range(count)]
