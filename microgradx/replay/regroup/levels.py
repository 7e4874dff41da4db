"""Small groups off the critical path wait for each other: what the way back needs of every step of a recurrence is one call."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ..tape.rows import TABLE
from .columns import Columns
from .sums import MANY, Sums

WORTHWHILE = 100  # small groups; a program with fewer has no recurrence to gather from
NARROW = 4  # rows a level; a program with fewer is not run as arrays anyway
AT_ONCE = 0  # the kind of rows that do not wait


@dataclass
class Users:
    """What uses each of some rows, as places among them: of row i `found[starts[i]:starts[i + 1]]`, once for each use."""

    found: np.ndarray
    starts: np.ndarray
    operands: np.ndarray  # how many computed operands each row has

    @classmethod
    def of(cls, columns: Columns, sums: Sums, rows: np.ndarray) -> Users:
        """Those of `rows`."""
        plain = rows[~sums.root[rows]]
        user = np.concatenate((plain, plain, columns.wide_row, sums.term_root, sums.term_root))
        operand = np.concatenate((columns.a[plain], columns.b[plain], columns.wide_operand, sums.first, sums.second))
        place = np.full(len(columns.op) + 1, -1, dtype=np.int32)  # the last one answers for operand -1
        place[rows] = np.arange(len(rows))
        user, operand = place[user], place[operand]
        user, operand = user[operand >= 0], operand[operand >= 0]
        starts = np.append(0, np.cumsum(np.bincount(operand, minlength=len(rows))))
        return cls(user[np.argsort(operand, kind="stable")], starts, np.bincount(user, minlength=len(rows)))


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
    users = Users.of(columns, sums, rows)
    return np.array(schedule(kind.tolist(), latest_levels(earliest, users).tolist(), users), dtype=np.int64)


def latest_levels(earliest: np.ndarray, users: Users) -> np.ndarray:
    """The last level on which each row may be: one before the first of its users, which are above its `earliest` one."""
    found: np.ndarray = np.full(len(earliest), earliest.max())
    count = np.diff(users.starts)
    used = np.flatnonzero(count)
    used = used[np.argsort(earliest[used], kind="stable")]
    count, starts = count[used], np.append(0, np.cumsum(count[used]))
    by_level = users.found[np.arange(starts[-1]) + np.repeat(users.starts[used] - starts[:-1], count)]
    edges = np.append(np.flatnonzero(np.diff(earliest[used], prepend=-1)), len(used)).tolist()
    for low, high in reversed([*itertools.pairwise(edges)]):
        above = found[by_level[starts[low] : starts[high]]]
        found[used[low:high]] = np.minimum.reduceat(above, starts[low:high] - starts[low]) - 1
    return found


def schedule(kinds: list[int], latest: list[int], users: Users) -> list[int]:
    """A level for each row, not after its `latest`: all rows of a kind that can be computed, once one of them must be."""
    level, found, starts, operands = [0] * len(kinds), users.found.tolist(), users.starts.tolist(), users.operands.tolist()
    ready = [row for row, count in enumerate(operands) if not count]
    waiting: dict[int, list[int]] = {}
    due: dict[int, int] = {}
    for now in range(1, max(latest) + 1):
        for row in ready:
            kind = kinds[row]
            last = now if kind == AT_ONCE else latest[row]
            if kind not in due:
                waiting[kind], due[kind] = [row], last
            else:
                waiting[kind].append(row)
                if last < due[kind]:
                    due[kind] = last
        ready = []
        for kind in [kind for kind, when in due.items() if when <= now]:
            del due[kind]
            for row in waiting.pop(kind):
                level[row] = now
                for user in found[starts[row] : starts[row + 1]]:
                    operands[user] -= 1
                    if not operands[user]:
                        ready.append(user)
    return level
