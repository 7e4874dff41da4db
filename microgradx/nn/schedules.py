"""How the learning rate changes while training: each schedule is a function of the epoch, counted from 0.

`fit(..., schedule=linear(1.0, 0.1, 100))` asks it before every epoch; any function from an epoch to a rate will do. One in
`by_update(...)` is asked before every update instead. Those made here can be pickled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from .settings import count, real

Schedule = Callable[[int], float]


class ByUpdate:
    """A schedule that counts updates, from 0 at the first one of all, instead of epochs.

    >>> rise = ByUpdate(warm_up(100, constant(0.1)))
    >>> [round(rise(update), 3) for update in (0, 49, 99, 500)]
    [0.001, 0.05, 0.1, 0.1]
    """

    def __init__(self, schedule: Schedule) -> None:
        if not callable(schedule):
            raise TypeError(f"schedule={schedule!r} is not a function: write by_update(linear(0.1, 0.0, 1000))")
        self.schedule = schedule

    def __call__(self, update: int) -> float:
        """The rate of that update."""
        return self.schedule(update)


by_update = ByUpdate


def constant(rate: float) -> Schedule:
    """The same rate throughout.

    >>> constant(0.1)(99)
    0.1
    """
    return partial(_constant, real("rate", rate))


def linear(start: float, end: float, epochs: int) -> Schedule:
    """A straight line from `start`, reaching `end` after `epochs` epochs and staying there.

    >>> [linear(1.0, 0.1, 100)(epoch) for epoch in (0, 50, 100, 200)]
    [1.0, 0.55, 0.1, 0.1]
    """
    count("epochs", epochs, "a schedule needs at least 1 epoch")
    return partial(_linear, real("start", start), real("end", end), epochs)


def step(rate: float, every: int, factor: float = 0.1) -> Schedule:
    """Multiplied by `factor` after each `every` epochs.

    >>> [step(1.0, every=10, factor=0.5)(epoch) for epoch in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """
    count("every", every, "a schedule needs at least 1 epoch")
    return partial(_step, real("rate", rate), every, real("factor", factor))


def exponential(rate: float, factor: float) -> Schedule:
    """Multiplied by `factor` after every epoch.

    >>> [exponential(1.0, 0.5)(epoch) for epoch in (0, 1, 2)]
    [1.0, 0.5, 0.25]
    """
    return partial(_step, real("rate", rate), 1, real("factor", factor))


def cosine(rate: float, epochs: int, end: float = 0.0) -> Schedule:
    """Half a cosine wave from `rate` down to `end` over `epochs` epochs: slow at both ends (Loshchilov and Hutter 2017).

    >>> [round(cosine(1.0, 100)(epoch), 3) for epoch in (0, 50, 100, 200)]
    [1.0, 0.5, 0.0, 0.0]
    """
    count("epochs", epochs, "a schedule needs at least 1 epoch")
    return partial(_cosine, real("rate", rate), real("end", end), epochs)


def warm_up(epochs: int, then: Schedule) -> Schedule:
    """Rising in equal steps to the first rate of `then` over `epochs` epochs, then following `then` from its beginning.

    >>> [warm_up(4, constant(1.0))(epoch) for epoch in (0, 1, 2, 3, 4)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    count("epochs", epochs, "a schedule needs at least 1 epoch")
    return partial(_warm_up, epochs, then)


def _constant(rate: float, epoch: int) -> float:
    return rate


def _linear(start: float, end: float, epochs: int, epoch: int) -> float:
    return start + (end - start) * epoch / epochs if epoch < epochs else end


def _step(rate: float, every: int, factor: float, epoch: int) -> float:
    return rate * factor ** (epoch // every)


def _cosine(rate: float, end: float, epochs: int, epoch: int) -> float:
    return end + (rate - end) * (1.0 + math.cos(math.pi * min(epoch, epochs) / epochs)) / 2.0


def _warm_up(epochs: int, then: Schedule, epoch: int) -> float:
    return then(0) * (epoch + 1) / epochs if epoch < epochs else then(epoch - epochs)
