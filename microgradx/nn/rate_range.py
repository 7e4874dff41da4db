"""The rate-range test: a copy of a model is trained with a rate that grows from step to step, to see which rates work."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import schedules
from .history import History
from .losses import Loss
from .node_by_node import Model
from .optim import SGD
from .optimizer import Optimizer
from .samples import Samples
from .settings import count, positive_number
from .train import fit

if TYPE_CHECKING:
    from .plots.picture import Picture

BLOWN = 4.0
"""The multiple of the smallest loss at which the test ends."""


@dataclass
class RateRange:
    """The rate of each step, the loss before it, and the rate to begin with."""

    rates: list[float]
    losses: list[float]
    suggested: float

    def plot(self, path: Any = None, theme: str = "light") -> Picture:
        """The loss over the rates, with the suggested one; written to `path` (.png or .svg) if given."""
        from .plots.rates import rate_range_picture

        return rate_range_picture(self, path, theme)

    def __repr__(self) -> str:
        return f"<RateRange from {self.rates[0]:.3g} to {self.rates[-1]:.3g}: begin with {self.suggested:.2g}>"


def rate_range(
    model: Model,
    X: Any,
    y: Any,
    *,
    loss: str | Loss,
    optimizer: Optimizer | None = None,
    low: float = 1e-5,
    high: float = 10.0,
    steps: int = 100,
) -> RateRange:
    """Which learning rates work: one step at each of `steps` rates from `low` to `high`, equal factors apart (Smith 2015).

    >>> from microgradx import nn
    >>> found = nn.rate_range(nn.MLP(2, [8, 1], rng=0, init="he"), *nn.data.moons(), loss="binary_cross_entropy")
    >>> 0.01 < found.suggested < 3.0
    True

    Suggested is a third of the rate at which the smoothed loss is smallest: there it still falls fast. A copy is trained, by all
    rows in each step; the test ends when the loss has risen to four times its smallest or is not finite. The optimizer is
    SGD unless one is given.
    """
    low, high = positive_number("low", low, "the first rate"), positive_number("high", high, "the last rate")
    if not low < high:
        raise ValueError(f"low={low!r}, high={high!r}: the rate grows from the smaller to the larger one")
    steps = count("steps", steps, "the test takes one step at each rate")
    samples, factor, history = Samples(X, y), (high / low) ** (1.0 / max(1, steps - 1)), History()
    chosen = SGD() if optimizer is None else copy.deepcopy(optimizer)

    def ends(epoch: int, model: Model, history: History) -> bool:
        return history.loss[-1] > BLOWN * min(history.loss) + 1e-12

    try:
        fit(
            copy.deepcopy(model), samples.rows, samples.targets, loss=loss, optimizer=chosen, epochs=steps, history=history,
            schedule=schedules.exponential(low, factor), callbacks=[ends], progress=False,
        )  # fmt: skip
    except FloatingPointError:
        if not history.loss:
            raise
    return RateRange(history.learning_rate, history.loss, _suggested(history))


def _suggested(history: History) -> float:
    """A third of the rate where the smoothed loss is smallest."""
    losses = np.minimum(history.loss, BLOWN * history.loss[0] + 1e-300)
    window = np.ones(5) / 5.0
    smooth = np.convolve(np.pad(losses, 2, mode="edge"), window, mode="valid")
    return history.learning_rate[int(smooth.argmin())] / 3.0 if math.isfinite(smooth.min()) else history.learning_rate[0]
