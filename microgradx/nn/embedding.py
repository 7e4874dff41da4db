"""Embeddings: a row of numbers for each of several things, such as letters, looked up by its whole number and learned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from .. import argument_hints, ops
from ..engine import Value, is_node
from ..keywords import keywords
from ..operand import Operand
from .init import starting_weights
from .module import Module
from .settings import count as checked_count
from .settings import generator


class Embedding(Module):
    """For each index the row of its own, all of them behind one another.

    >>> table = Embedding(3, 2, init=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> [number.data for number in table([2, 0])]
    [5.0, 6.0, 1.0, 2.0]

    Indices are whole numbers from 0 on; the weights are drawn from the bell curve unless `init` says otherwise. In a batch that
    is replayed every row takes part, chosen by its number: for n rows n - 1 choices for each number, so tables stay small.
    """

    @keywords(argument_hints.ROW_MODULE, "nn.Embedding(10, 3)")
    def __init__(self, count: int, width: int, rng: Any = None, init: Any = "normal") -> None:
        checked_count("count", count, "a table has at least 1 row")
        checked_count("width", width, "a row has at least 1 number")
        self.rows = [[Value(w) for w in row] for row in starting_weights(init, width, count, generator(rng))]

    def __call__(self, x: Iterable[Any]) -> list[Any]:
        """The rows of these indices, as one row."""
        return [number for index in x for number in self._row(index)]

    def _row(self, index: Any) -> Sequence[Any]:
        """The row of an index; a recorded one chooses with each replay, and gives nan where it is none."""
        count, recorded = len(self.rows), isinstance(index, Operand)
        if is_node(index):
            raise TypeError(f"{index!r} as an index of an embedding: an index has no derivative, pass a whole number")
        if not recorded:
            if index != int(index) or not 0 <= index < count:
                raise IndexError(
                    f"index {index!r} in an embedding of {count} rows: it must be a whole number from 0 to {count - 1}"
                )
            return self.rows[int(index)]
        whole: Any = ops.where(index == ops.floor(index), 0.0, math.nan)
        valid = ops.where(index >= 0.0, ops.where(index < float(count), whole, math.nan), math.nan)
        return [_chosen(column, index, 0, count) + valid for column in zip(*self.rows, strict=True)]

    def __repr__(self) -> str:
        return f"Embedding({len(self.rows)} rows of {len(self.rows[0])})"


def _chosen(column: Sequence[Any], index: Any, low: int, high: int) -> Any:
    """One of the numbers from `low` to `high`, by halves."""
    if high - low == 1:
        return column[low]
    middle = (low + high) // 2
    return ops.where(index >= float(middle), _chosen(column, index, middle, high), _chosen(column, index, low, middle))
