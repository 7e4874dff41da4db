"""What a model in training needs beside its rows: random numbers for dropout, and the statistics of the batch.

A mean over a batch joins all its rows, and a program is recorded for one. So a mean and a variance are leaves: numbers of the
batch before, as many of them as there are normalised units. Their gradients are sent back afterwards: a mean m of z has
d(loss)/dm, and each row's z a share 1/n of it; so the slopes are those of loss + sum of d(loss)/dm / n * z over the rows, and
the same with (z - m)^2 for a variance. Normalisation behind normalisation is sent back from the last one to the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Any

import numpy as np

from .. import ops
from ..engine import Value
from ..modes import no_grad
from .assignment import assign
from .batch_norm import BatchNorm
from .gradients import clear
from .losses import plain_numbers
from .samples import Array
from .training_mode import Mode, mode


class Unit:
    """One normalised number as leaves: its mean and variance over the batch, and what the loss says of them, for each row."""

    def __init__(self) -> None:
        self.mean, self.variance, self.by_mean, self.by_variance = (Value(number) for number in (0.0, 1.0, 0.0, 0.0))
        self.leaves = [self.mean, self.variance, self.by_mean, self.by_variance]

    def share(self, z: Any) -> Any:
        """What a row's z adds to the loss through mean and variance, to first order."""
        return self.by_mean * z + self.by_variance * ops.square(z - self.mean)


class InTraining:
    """A model in training: `count` random numbers for each row, and the units that are normalised over the batch."""

    def __init__(self, model: Callable[[Any], Any], row: Any) -> None:
        self.count = 0
        self.norms: list[BatchNorm] = []
        self.units: list[Unit] = []
        self.spans: list[tuple[int, int]] = []
        self.stream: np.random.Generator | None = None

        def noise(count: int) -> list[float]:
            self.count += count
            return [1.0] * count

        def statistics(norm: BatchNorm, x: list[Any]) -> tuple[list[float], list[float]]:
            self.norms.append(norm)
            self.spans.append((len(self.units), len(self.units) + len(x)))
            self.units += [Unit() for _ in x]
            return [0.0] * len(x), [1.0] * len(x)

        given = Mode(noise, statistics)

        def called() -> None:
            mode.set(given)
            model(row)

        copy_context().run(called)
        self.differs = given.asked
        self.draw_from(0, 0)
        self.leaves = [leaf for unit in self.units for leaf in unit.leaves]
        self.table = np.array([[0.0, 1.0, 0.0, 0.0]] * len(self.units)).reshape(-1, 4)  # what the leaves are to hold

    def draw_from(self, seed: int, epoch: int) -> None:
        """Choose the stream of random numbers of an epoch."""
        self.stream = np.random.default_rng((seed, epoch)) if self.count else None  # as one takes 20 us to make

    def draw(self, rows: int) -> Array:
        """Random numbers for so many rows."""
        return np.empty((rows, 0)) if self.stream is None else self.stream.random((rows, self.count))

    def numbers(self) -> Array:
        """Those of the leaves."""
        return self.table.ravel()

    def call(self, model: Callable[[Any], Any], row: Any, noise: Sequence[Any]) -> tuple[Any, list[Any]]:
        """(answer, all that is normalised) of a model that gets this noise, and the statistics of the batch."""
        seen: list[Any] = []
        left = iter(noise)

        def statistics(_: BatchNorm, x: list[Any]) -> tuple[list[Any], list[Any]]:
            units = self.units[len(seen) : len(seen) + len(x)]
            seen.extend(x)
            return [unit.mean for unit in units], [unit.variance for unit in units]

        def called() -> Any:
            mode.set(Mode(lambda count: [next(left) for _ in range(count)], statistics))
            return model(row)

        return copy_context().run(called), seen  # a context of its own, which no interruption can leave set

    def shares(self, seen: Sequence[Any]) -> list[Any]:
        """What a row adds to the loss through the statistics."""
        return [unit.share(z) for unit, z in zip(self.units, seen, strict=True)]

    def measure(self, place: int, numbers: Array) -> None:
        """The statistics of one normalisation, from the numbers of all units for each row of the batch."""
        span = slice(*self.spans[place])
        with np.errstate(all="ignore"):  # what is not finite is told of the loss that it makes so
            self.table[span, 0] = numbers[:, span].mean(axis=0)
            self.table[span, 1] = np.square(numbers[:, span] - self.table[span, 0]).mean(axis=0)

    def send_back(self, place: int, slopes: Array, rows: int) -> None:
        """What the loss says of one normalisation's means and variances; `slopes` has a row of four for each unit."""
        span = slice(*self.spans[place])
        self.table[span, 2:] = slopes[span, :2] / rows

    def forget(self) -> None:
        """Nothing is known of the statistics' slopes yet."""
        self.table[:, 2:] = 0.0

    def _assign(self, columns: slice) -> None:
        """Put these columns of the table into the leaves, for a graph."""
        chosen = [leaf for unit in self.units for leaf in unit.leaves[columns]]
        assign(chosen, self.table[:, columns].ravel().tolist())

    def answers(self, model: Callable[[Any], Any], rows: Sequence[Any], noise: Array) -> tuple[list[Any], list[Any]]:
        """(outputs, what was normalised) row by row, as nodes of a graph."""

        def asked() -> tuple[list[Any], list[Any]]:
            found = [self.call(model, row, numbers) for row, numbers in zip(rows, noise.tolist(), strict=True)]
            return [answer for answer, _ in found], [seen for _, seen in found]

        for place in range(len(self.norms)):
            with no_grad():
                self.measure(place, np.array([plain_numbers(found) for found in asked()[1]]))
            self._assign(slice(0, 2))
        clear(self.leaves)
        return asked()

    def backward(self, seen: Sequence[Sequence[Any]]) -> None:
        """After the loss has been sent back: the rest, through the statistics."""
        for place in reversed(range(len(self.norms))):
            slopes = np.array([leaf.grad for leaf in self.leaves]).reshape(-1, 4)
            self.send_back(place, slopes, len(seen))
            self._assign(slice(2, 4))
            units = range(*self.spans[place])
            found = [self.units[k].share(row[k]) for row in seen for k in units if isinstance(row[k], Value)]
            if found:
                ops.sum_(found).backward()

    def followed(self, place: dict[int, int], weights: Array, rows: int) -> None:
        """Let what a model answers with follow the statistics of a batch; `place` says where its parameters are in `weights`."""
        for norm, span in zip(self.norms, self.spans, strict=True):
            kept = [place[id(value)] for value in (*norm.mean, *norm.variance)]
            means, variances = self.table[slice(*span), :2].T.tolist()
            weights[kept] = norm.followed(weights[kept].tolist(), means, variances, rows)
