"""A number looked up in a column by its place: rows that choose between halves of the column, and one operation as a whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ... import ops
from ...operation import Op
from .number import Number
from .rows import PRIVATE, at_least, code_of, equal

if TYPE_CHECKING:
    from .tape import Tape


def found_at(place: float, *column: float) -> float:
    """The number of the column at a place."""
    return column[int(place)] if 0.0 <= place < len(column) else math.nan


def found_by_halves(np: Any, place: Any, *column: Any) -> Any:
    """The same on arrays, for places that may differ."""

    def between(low: int, high: int) -> Any:
        middle = (low + high) // 2
        return column[low] if high - low == 1 else np.where(place >= float(middle), between(middle, high), between(low, middle))

    return np.where((place >= 0.0) & (place < float(len(column))), between(0, len(column)), math.nan)


def marks(operands: Sequence[Any], out: Any) -> list[Any]:
    """The local derivatives: 1 by the number at the place, 0 by all others and by the place itself."""
    place, count = operands[0], len(operands) - 1
    if not isinstance(place, Number):
        return [0.0, *[float(place == k) for k in range(count)]]
    shared, key = place.tape.shared, (marks, place.slot, count)
    if key not in shared:
        shared[key] = [place.tape.compare(equal, place, float(k)) for k in range(count)]
    return [0.0, *shared[key]]


looked_up = PRIVATE["looked_up"] = Op(
    "looked_up", "looked_up({})", found_at, (marks,), ((0.0, 2.0),), None, found_by_halves, ops.sum_.gather, ()
)


def in_halves(tape: Tape, operands: Sequence[Any]) -> Any:
    """The rows of a lookup: halves of the column are chosen from, so that few choices follow each other."""
    place, *column = operands
    key = in_halves, tape.slot(place), len(column)
    if key not in tape.shared:
        tape.shared[key] = [tape.compare(at_least, place, float(k)) for k in range(1, len(column))]
    beyond, choice = [x.slot for x in tape.shared[key]], code_of(ops.where)

    def between(low: int, high: int) -> int:
        if high - low == 1:
            return tape.slot(column[low])
        middle = (low + high) // 2
        operands = beyond[middle - 1], between(middle, high), between(low, middle)
        row = tape.row(choice)
        tape.more[row] = operands
        return row

    return column[0] if len(column) == 1 else Number(tape, between(0, len(column)))


def with_lookups(tape: Tape) -> Tape:
    """The same rows, with one for each lookup where a number for each sample can be taken from its place."""
    found = {row: operands for row, (op, operands) in tape.wholes.items() if op is looked_up}
    if not found:
        return tape
    other: Tape = tape.copy()
    for row, operands in found.items():
        other.op[row], other.a[row], other.b[row] = code_of(looked_up), -1, -1
        other.more[row] = operands
    return other
