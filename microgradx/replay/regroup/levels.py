"""Small groups off the critical path wait for each other: what the way back needs of every step of a recurrence is one call."""

from __future__ import annotations

import itertools

import numpy as np

from ..tape.rows import TABLE
from .columns import Columns
from .sums import MANY, Sums
from .users import Users

WORTHWHILE = 100  # small groups; a program with fewer has no recurrence to gather from
NARROW = 4  # rows a level; a program with fewer is not run as arrays anyway
AT_ONCE = 0  # the kind of rows that do not wait


def delayed(columns: Columns, sums: Sums, rows: np.ndarray) -> np.ndarray:
    """The level of each of `rows`: the earliest, but rows of small groups wait until one of their operation must be computed.

    No row is later than its users allow, so the program gets no deeper.
    """
    earliest: np.ndarray = sums.level[rows]
    kind = np.where(sums.root[rows], AT_ONCE, columns.op[rows])
    if len(rows) < NARROW * int(earliest.max(initial=0)):
        return earliest
    number = earliest * len(TABLE) + kind
    count = np.bincount(number)
    if ((count > 0) & (count < MANY)).sum() < WORTHWHILE:
        return earliest
    kind[count[number] >= MANY] = AT_ONCE
    return schedule(kind, latest_levels(earliest, sums.users), sums.users)


def latest_levels(earliest: np.ndarray, users: Users) -> np.ndarray:
    """The last level on which each row may be: one before the first of its users, which are above its `earliest` one."""
    found: np.ndarray = np.full(len(earliest), earliest.max())
    count = np.diff(users.starts)
    used = np.flatnonzero(count)
    used = used[np.argsort(earliest[used], kind="stable")]
    by_level, starts = users.at(used), np.append(0, np.cumsum(count[used]))
    edges = np.append(np.flatnonzero(np.diff(earliest[used], prepend=-1)), len(used)).tolist()
    for low, high in reversed([*itertools.pairwise(edges)]):
        above = found[by_level[starts[low] : starts[high]]]
        found[used[low:high]] = np.minimum.reduceat(above, starts[low:high] - starts[low]) - 1
    return found


def schedule(kinds: np.ndarray, latest: np.ndarray, users: Users) -> np.ndarray:
    """A level for each row, not after its `latest`: all rows of a kind that can be computed, once one of them must be."""
    level, left = np.zeros(len(kinds), dtype=np.int64), users.operands.copy()
    waiting, ready = np.zeros(0, dtype=np.int64), np.flatnonzero(left == 0)
    last, never = int(latest.max()), len(kinds) + 1
    due = np.full(kinds.max() + 1, never)  # the level on which one of a kind that waits must be computed
    for now in range(1, last + 1):
        np.minimum.at(due, kinds[ready], np.where(kinds[ready] == AT_ONCE, now, latest[ready]))
        waiting = np.concatenate((waiting, ready))
        must = due <= now
        computed = must[kinds[waiting]]
        rows, waiting = waiting[computed], waiting[~computed]
        due[must] = never
        level[rows] = now
        ready = users.freed(rows, left)
    return level
