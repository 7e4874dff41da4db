"""Small groups off the critical path wait for each other: what the way back needs of every step of a recurrence is one call."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..tape.rows import CONSTANT, TABLE
from .columns import Columns
from .sums import MANY, Sums

WORTHWHILE = 100  # small groups; a program with fewer has no recurrence to gather from
NARROW = 4  # rows a level; a program with fewer is not run as arrays anyway
AT_ONCE = 0  # the kind of rows that do not wait


def delayed(columns: Columns, sums: Sums, rows: np.ndarray) -> np.ndarray:
    """The level of each of `rows`: the earliest, but rows of small groups wait until one of their operation must be computed.

    No row is later than its users allow, so the program gets no deeper.
    """
    earliest: np.ndarray = sums.level[rows]
    kind = np.where(sums.root[rows], AT_ONCE, columns.op[rows])
    _, alike, count = np.unique(earliest * len(TABLE) + kind, return_inverse=True, return_counts=True)
    if (count < MANY).sum() < WORTHWHILE or len(rows) < NARROW * int(earliest.max()):
        return earliest
    kind[count[alike.ravel()] >= MANY] = AT_ONCE
    users, operands = uses(columns, sums, rows)
    latest = [int(earliest.max())] * len(rows)
    for row in range(len(rows) - 1, -1, -1):
        latest[row] = min(map(latest.__getitem__, users(row)), default=latest[row] + 1) - 1
    return np.array(schedule(kind.tolist(), latest, users, operands), dtype=np.int64)


def schedule(kinds: list[int], latest: list[int], users: Callable[[int], list[int]], operands: list[int]) -> list[int]:
    """A level for each row, not after its `latest`: all rows of a kind that can be computed, once one of them must be.

    `operands` counts what each row still needs, and is used up.
    """
    level = [0] * len(kinds)
    ready = [row for row, count in enumerate(operands) if not count]
    waiting: dict[int, list[int]] = {}
    due: dict[int, int] = {}
    for now in range(1, max(latest) + 1):
        for row in ready:
            kind = kinds[row]
            waiting.setdefault(kind, []).append(row)
            due[kind] = min(due.get(kind, latest[row]), now if kind == AT_ONCE else latest[row])
        ready = []
        for kind in [kind for kind, when in due.items() if when <= now]:
            del due[kind]
            for row in waiting.pop(kind):
                level[row] = now
                for user in users(row):
                    operands[user] -= 1
                    if not operands[user]:
                        ready.append(user)
    return level


def uses(columns: Columns, sums: Sums, rows: np.ndarray) -> tuple[Callable[[int], list[int]], list[int]]:
    """What uses each row (places in `rows`, once for each use), and how many computed operands each row has."""
    plain = rows[~sums.root[rows]]
    user = np.concatenate((plain, plain, columns.wide_row, sums.term_root, sums.term_root))
    operand = np.concatenate((columns.a[plain], columns.b[plain], columns.wide_operand, sums.first, sums.second))
    computed = (operand >= 0) & (columns.op[operand] > CONSTANT)
    user, operand = np.searchsorted(rows, user[computed]), np.searchsorted(rows, operand[computed])
    found = user[np.argsort(operand, kind="stable")].tolist()
    ends = np.cumsum(np.bincount(operand, minlength=len(rows))).tolist()
    starts = [0, *ends]
    return lambda row: found[starts[row] : ends[row]], np.bincount(user, minlength=len(rows)).tolist()
