"""Which rows a derivative is about: those that depend on its inputs, and those that its output is made of, in eager order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from .rows import CONSTANT, INPUT, TABLE, Rows, at_least, code_of, detached, differs, equal, greater
from .stand_ins import second_operands

CUT = frozenset(map(code_of, (greater, at_least, equal, differs, detached)))  # eager evaluation has plain numbers there
ROUNDS_TRIED = 6  # of array operations, until a loop over the rows is taken to be quicker


def depends(tape: Rows, wrt: Sequence[int]) -> bytearray:
    """Mark the rows that can change when an input in `wrt` changes; one more, the last, answers for operand -1."""
    given = np.zeros(len(tape) + 1, dtype=np.bool_)
    given[list(wrt)] = True
    settled = in_rounds(tape, given)
    return bytearray(settled) if settled is not None else one_by_one(tape, bytearray(given))


def in_rounds(tape: Rows, given: np.ndarray) -> np.ndarray | None:
    """`depends` for the rows `given`: all operations but those that read nothing that depends, which few do in most functions.

    Each round leaves out those that read only what the one before left out; None if there is no end to it.
    """
    op, a, b = (np.asarray(memoryview(column)) for column in (tape.op, tape.a, second_operands(tape)))
    more = {row: operands for row, operands in tape.more.items() if operands}
    rows, starts = list(more), np.cumsum([0, *map(len, more.values())])
    many = np.fromiter(chain.from_iterable(more.values()), dtype=np.intp, count=starts[-1])
    before = given | np.append(op > CONSTANT, False)
    for _ in range(ROUNDS_TRIED):
        after = given.copy()
        after[:-1] |= before.take(a, mode="wrap") | before.take(b, mode="wrap")
        if rows:
            after[rows] |= np.logical_or.reduceat(before[many], starts[:-1])
        if np.array_equal(before, after):
            return after
        before = after
    return None


def one_by_one(tape: Rows, active: bytearray) -> bytearray:
    """`depends` for the rows that are `active`, by a loop over all others."""
    more = tape.more
    for row, (a, b) in enumerate(zip(tape.a, second_operands(tape), strict=True)):
        if a >= 0:
            if active[a] or active[b]:
                active[row] = 1
        elif row in more and any(active[x] for x in more[row]):
            active[row] = 1
    return active


def visited(tape: Rows, output: int, active: bytearray) -> list[int]:
    """The active operations that `output` is made of, in the order in which eager evaluation places its nodes.

    Depth first, operands from left to right; a row that stands for several counts as the operation that was written.
    """
    a, b, wholes, more = tape.a, second_operands(tape), tape.wholes, tape.more
    left, pending = bytearray(active), [output]  # what is still to be visited
    passed = np.zeros(len(TABLE), dtype=np.bool_)
    passed[[INPUT, CONSTANT, *CUT]] = True
    np.frombuffer(left, dtype=np.bool_)[:-1][passed.take(np.asarray(memoryview(tape.op)))] = False
    order: list[int] = []
    push, pop, place = pending.append, pending.pop, order.append
    while pending:
        row = pop()
        if row < 0:
            place(~row)
            continue
        while left[row]:  # down the first operands
            left[row] = 0
            first, second = a[row], b[row]
            if first < 0 or row in wholes:
                push(~row)
                pending += reversed(wholes[row][1] if row in wholes else more[row])
                break
            if left[second]:
                push(~row)
                push(second)
            elif left[first]:
                push(~row)
            else:  # nothing more is below
                place(row)
                break
            row = first
    return order
