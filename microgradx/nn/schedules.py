"""How the learning rate changes while training: each schedule is a function of the epoch, counted from 0.

`fit(..., schedule=linear(1.0, 0.1, 100))` asks it before every epoch; any function from an epoch to a rate will do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def constant(rate: float) -> Schedule:
    """The same rate throughout.

    >>> constant(0.1)(99)
    0.1
    """
    return lambda epoch: rate


def linear(start: float, end: float, epochs: int) -> Schedule:
    """A straight line from `start`, reaching `end` after `epochs` epochs and staying there.

    >>> [linear(1.0, 0.1, 100)(epoch) for epoch in (0, 50, 100, 200)]
    [1.0, 0.55, 0.1, 0.1]
    """
    _check_epochs(epochs)
    return lambda epoch: start + (end - start) * epoch / epochs if epoch < epochs else end


def step(rate: float, every: int, factor: float = 0.1) -> Schedule:
    """Multiplied by `factor` after each `every` epochs.

    >>> [step(1.0, every=10, factor=0.5)(epoch) for epoch in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """
    _check_epochs(every, "every")
    return lambda epoch: rate * factor ** (epoch // every)


def exponential(rate: float, factor: float) -> Schedule:
    """Multiplied by `factor` after every epoch.

    >>> [exponential(1.0, 0.5)(epoch) for epoch in (0, 1, 2)]
    [1.0, 0.5, 0.25]
    """
    return lambda epoch: rate * factor**epoch


def cosine(rate: float, epochs: int, end: float = 0.0) -> Schedule:
    """Half a cosine wave from `rate` down to `end` over `epochs` epochs: slow at both ends (Loshchilov and Hutter 2017).

    >>> [round(cosine(1.0, 100)(epoch), 3) for epoch in (0, 50, 100, 200)]
    [1.0, 0.5, 0.0, 0.0]
    """
    _check_epochs(epochs)
    return lambda epoch: end + (rate - end) * (1.0 + math.cos(math.pi * min(epoch, epochs) / epochs)) / 2.0


def warm_up(epochs: int, then: Schedule) -> Schedule:
    """Rising in equal steps to the first rate of `then` over `epochs` epochs, then following `then` from its beginning.

    >>> [warm_up(4, constant(1.0))(epoch) for epoch in (0, 1, 2, 3, 4)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    _check_epochs(epochs)
    return lambda epoch: then(0) * (epoch + 1) / epochs if epoch < epochs else then(epoch - epochs)


def _check_epochs(epochs: int, name: str = "epochs") -> None:
    if epochs < 1:
        raise ValueError(f"{name}={epochs!r}: a schedule needs at least 1 epoch")
