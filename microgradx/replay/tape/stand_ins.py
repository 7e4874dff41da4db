"""Rows that stand for another one, the only node that eager evaluation has: what arrives at either is added up in one order."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from ...chain import contribution
from .rows import Constant, Rows, code_of, private

begun = private("begun", "0 + {}", lambda slope: 0.0 + slope, 1.0, array=lambda np, slope: np.add(slope, 0.0))
kept = private(  # what `chain` hands on in turn: nothing of a product that it made zero (then local * other is nan)
    "kept", "{} beside {}",
    lambda local, other: 0.0 if local * other and contribution(local, other) == 0.0 else local, 1.0, 0.0,
    array=lambda np, local, other: np.positive(local),
)  # fmt: skip


def factor_of(local: Any, other: Any) -> Any:
    """What `chain` hands on: a finite number of its own is kept in any case, and multiplied with others at once, as in eager."""
    return local if isinstance(local, Constant) and isfinite(local) else kept(local, other)


def stand_ins(tape: Rows, wrt: Sequence[int]) -> tuple[dict[int, int], set[int]]:
    """What each of these rows stands for, if it is not in `wrt`; and the rows that read one and are operations of their own.

    Who finds contributions to one sends them to what it stands for.
    """
    op, a, b = (np.asarray(memoryview(column)) for column in (tape.op, tape.a, tape.b))
    rows = np.flatnonzero((op == code_of(begun)) | (op == code_of(kept)))
    if not len(rows):
        return {}, set()
    found: dict[int, int] = {}
    for row in sorted({*rows.tolist()}.difference(wrt)):
        found[row] = found.get(tape.a[row], tape.a[row])
    return found, {*np.flatnonzero(np.isin(a, rows) | np.isin(b, rows)).tolist()} - tape.wholes.keys()


def second_operands(tape: Rows) -> array[int]:
    """The column `b`, where what a factor was kept for is none of its operands."""
    rows = np.flatnonzero(np.asarray(memoryview(tape.op)) == code_of(kept))
    if not len(rows):
        return tape.b
    column = tape.b[:]
    np.asarray(memoryview(column))[rows] = -1
    return column
