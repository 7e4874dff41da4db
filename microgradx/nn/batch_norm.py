"""Batch normalisation: each unit shifted and scaled so that over the batch its mean is 0 and its variance 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .. import argument_hints, ops
from ..engine import Value
from ..keywords import keywords
from .gradients import freeze
from .losses import plain_numbers
from .module import Module
from .settings import count, positive_number
from .settings import share as checked_share
from .training_mode import is_training, mode


class BatchNorm(Module):
    """(number - mean) / sqrt(variance + epsilon) * scale + shift, for each number of a row (Ioffe and Szegedy 2015).

    >>> from microgradx.nn import training
    >>> norm = BatchNorm(1)
    >>> with training():
    ...     rows = norm.batch([[1.0], [2.0], [6.0]])
    >>> [round(row[0].data, 3) for row in rows]
    [-0.926, -0.463, 1.389]
    >>> round(norm.mean[0].data, 3), round(norm([6.0])[0].data, 3)
    (0.3, 4.506)

    In training mean and variance are those of the batch, and gradients go through them; meanwhile `mean` and `variance` follow
    them, by the part `follow` an update, and are what a model answers with. They are kept with the parameters, in files too,
    but no optimizer moves them. Variances that are followed divide by n - 1, those of a batch by n, as PyTorch's.
    """

    @keywords(argument_hints.ROW_MODULE, "nn.BatchNorm(3)")
    def __init__(self, width: int, follow: float = 0.1, epsilon: float = 1e-5) -> None:
        count("width", width, "a row has at least 1 number")
        self.scale = [Value(1.0) for _ in range(width)]
        self.shift = [Value(0.0) for _ in range(width)]
        self.mean = [Value(0.0) for _ in range(width)]
        self.variance = [Value(1.0) for _ in range(width)]
        self.follow = checked_share("follow", follow)
        self.epsilon = positive_number("epsilon", epsilon, "what is added to a variance")
        freeze([*self.mean, *self.variance])

    def __call__(self, x: Iterable[Any]) -> list[Any]:
        """One row, normalised."""
        row = self._row(x)
        if not is_training():
            return self._normalised(row, self.mean, self.variance)
        current = mode.get()
        if current is None or current.statistics is None:
            raise ValueError(
                "one row has no batch statistics: call the model with a table, model(X), while it is trained, or outside of "
                "nn.training() to get its answer"
            )
        return self._normalised(row, *current.statistics(self, row))

    def batch(self, rows: Sequence[Iterable[Any]]) -> list[list[Any]]:
        """All rows of a batch, normalised; in training by their own mean and variance, which are nodes of the graph."""
        if not is_training():
            return [self(row) for row in rows]
        table = [self._row(row) for row in rows]
        if len(table) < 2:
            raise ValueError(f"a batch of {len(table)} row has no variance: batch statistics need at least 2 rows")
        columns = list(zip(*table, strict=True))
        means = [ops.mean(column) for column in columns]
        variances = [ops.mean([ops.square(x - m) for x in column]) for column, m in zip(columns, means, strict=True)]
        kept = [*self.mean, *self.variance]
        batch = self.followed([value.data for value in kept], plain_numbers(means), plain_numbers(variances), len(table))
        for value, number in zip(kept, batch, strict=True):
            value.data = number
        return [self._normalised(row, means, variances) for row in table]

    def followed(self, before: Sequence[float], means: Sequence[float], variances: Sequence[float], rows: int) -> list[float]:
        """What the numbers of `mean` and `variance` are after a batch of so many rows."""
        batch = [*means, *(variance * rows / (rows - 1) for variance in variances)]
        return [old + self.follow * (new - old) for old, new in zip(before, batch, strict=True)]

    def _row(self, x: Iterable[Any]) -> list[Any]:
        row = list(x)
        if len(row) != len(self.scale):
            raise ValueError(f"a batch normalisation of {len(self.scale)} numbers got a row of {len(row)}")
        return row

    def _normalised(self, row: list[Any], means: Sequence[Any], variances: Sequence[Any]) -> list[Any]:
        return [
            (x - m) / ops.sqrt(v + self.epsilon) * scale + shift
            for x, m, v, scale, shift in zip(row, means, variances, self.scale, self.shift, strict=True)
        ]

    def __repr__(self) -> str:
        return f"BatchNorm({len(self.scale)})"
