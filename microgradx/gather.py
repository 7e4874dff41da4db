"""A row of a table by its number, which compiled functions look up anew at each call."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

from . import observers, ops
from .engine import is_node
from .operand import Operand
from .structure import filled, flat, words


def take(rows: Any, i: Any) -> Any:
    """Row `i` of a list, tuple or array of numbers, or of rows of numbers: `rows[i]`, also where `i` changes from call to call.

    >>> from microgradx import Value, compile
    >>> table = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    >>> take(table, 1)[0].data
    3.0
    >>> f = compile(lambda i: sum(take(table, i)))
    >>> [f(i).data for i in (0, 1, -1)], len(f.recordings)
    ([3.0, 7.0, 7.0], 1)

    The rows are alike in shape. Under `compile` the index is an argument like any number, and every row takes part, chosen by its
    number: for a table of n rows n - 1 choices for each number of a row. In a batch each sample has an index of its own and reads
    its row alone. An index has no derivative; a Value is refused. One out of reach is an IndexError.

    What arrives at a number that was looked up under `compile` is added up before it goes on to its row, in eager evaluation
    it goes to its row one by one; and among computed numbers eager evaluation meets the chosen one first. So the last bit of a
    slope may differ, where `rows[i]` gives the same bits.
    """
    if isinstance(i, Operand) and observers.observer() is not None and not is_node(i):
        return _chosen(list(rows), i)
    try:
        place = index(i)
    except TypeError:
        raise TypeError(f"take needs a whole number as its index, got {i!r}: an index has no derivative, pass an int") from None
    _refuse_beyond(place, len(rows), place)
    return rows[place]


def _refuse_beyond(place: Any, count: int, seen: object) -> None:
    """Raise where there is no row at `place` among so many; `seen` is what it is now, also where it is being recorded."""
    if not -count <= place < count:
        reach = f"out of the reach of {count} rows: they are 0 to {count - 1}" if count else "but there are no rows"
        raise IndexError(f"take got the index {seen}, {reach}")


def _chosen(rows: Sequence[Any], i: Any) -> Any:
    """The row at a number that is being recorded; that it is whole and in reach is checked at each call."""
    by = observers.observer()
    assert by is not None
    seen, count = by.seen(i), len(rows)
    if not i == ops.floor(i):
        raise TypeError(f"take needs a whole number as its index, got {seen!r}: pass an int")
    _refuse_beyond(i, count, f"{seen:.0f}")
    i = i + ops.where(i < 0.0, float(count), 0.0)
    structures, columns = zip(*map(flat, rows), strict=True)
    if different := [k for k, structure in enumerate(structures) if structure != structures[0]]:
        raise ValueError(
            f"take needs rows of one shape: row 0 is {words(structures[0])}, row {different[0]} is "
            f"{words(structures[different[0]])}"
        )
    return filled(structures[0], [by.looked_up(i, column) for column in zip(*columns, strict=True)])
