"""Rows that keep a product which was made zero apart from one that is zero: for the exact path, and left out elsewhere."""

from __future__ import annotations

from array import array

import numpy as np

from ... import ops
from .recorder import Recorder
from .rows import code_of
from .stand_ins import kept


def without_kept(tape: Recorder) -> Recorder:
    """The same rows, where what is read is the factor itself; the tape itself if it has no such row.

    A function that asks for derivatives of derivatives is recorded with these rows, as nobody knows yet what will be infinite.
    """
    op = np.array(tape.op)
    rows = np.flatnonzero(op == code_of(kept))
    if not len(rows):
        return tape
    factor = np.arange(-1, len(tape))  # of operand k at k + 1, as no operand is -1
    a, b = np.array(tape.a), np.array(tape.b)
    for row in rows.tolist():
        factor[row + 1] = factor[a[row] + 1]
    a, b = factor[a + 1], factor[b + 1]
    op[rows], b[rows] = code_of(ops.positive), -1
    other = tape.copy()
    other.branches = tape.branches
    other.op = array("h", op.astype(np.int16).tobytes())
    other.a, other.b = (array("i", column.astype(np.intc).tobytes()) for column in (a, b))
    return other
