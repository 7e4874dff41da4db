"""What uses each row, to go from level to level: from rows whose operands are known to those that waited for the last of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AVERAGE, AT_FIRST = 64, 8  # rows a level, on average; below that, after some levels, it is faster to look at each row


@dataclass
class Users:
    """What uses each of some rows, as places among them: of row i `found[starts[i]:starts[i + 1]]`, once for each use."""

    found: np.ndarray
    starts: np.ndarray
    operands: np.ndarray  # how many computed operands each row has

    @classmethod
    def of(cls, rows: np.ndarray, user: np.ndarray, operand: np.ndarray, size: int) -> Users:
        """Those of `rows` of a tape of that `size`, where each `user` reads its `operand`, of which -1 is none."""
        place = np.full(size + 1, -1, dtype=np.int32)  # the last one answers for operand -1
        place[rows] = np.arange(len(rows), dtype=np.int32)
        read = place[operand]
        inner = read >= 0
        read, found = sorted_pairs(read[inner], place[user[inner]])
        count = np.bincount(read, minlength=len(rows))
        return cls(found, np.append(0, np.cumsum(count)), np.bincount(found, minlength=len(rows)))

    def __len__(self) -> int:
        return len(self.operands)

    def at(self, rows: np.ndarray) -> np.ndarray:
        """The users of these rows, one after the other."""
        starts = self.starts[rows]
        counts = self.starts[rows + 1] - starts
        ends = np.cumsum(counts)
        found: np.ndarray = self.found[np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + counts, counts)]
        return found

    def freed(self, rows: np.ndarray, left: np.ndarray) -> np.ndarray:
        """The rows that waited for the last of these; `left` counts the operands that each still waits for."""
        users = self.at(rows)
        np.subtract.at(left, users, 1)
        last: np.ndarray = users[left[users] == 0]
        left[last] = np.arange(-len(last), 0)  # of a row that is named several times the last one stays
        return np.compress(left[last] == np.arange(-len(last), 0), last)

    def wide_levels(self, most: float) -> np.ndarray:
        """The earliest level of each row, one above the highest of its operands; 0 above `most`, or where levels are narrow."""
        level, left = np.zeros(len(self), dtype=np.intc), self.operands.copy()
        rows, now, done = np.flatnonzero(left == 0), 0, 0
        while len(rows) and now < most and done >= AVERAGE * (now - AT_FIRST):
            now, done = now + 1, done + len(rows)
            level[rows] = now
            rows = self.freed(rows, left)
        return level


def sorted_pairs(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows, ascending; as one number each they are sorted ten times as fast.

    >>> [x.tolist() for x in sorted_pairs(np.array([7, 2, 7]), np.array([5, 9, 4]))]
    [[2, 7, 7], [9, 4, 5]]
    """
    both = np.sort(first.astype(np.int64) << 32 | second)
    return both >> 32, both & 0xFFFFFFFF


def last_of(rows: np.ndarray, following: np.ndarray, count: int) -> np.ndarray:
    """For each of so many rows the end of the way from one to the one `following` it.

    >>> last_of(np.array([0, 1, 3]), np.array([1, 4, 5]), 6).tolist()
    [4, 4, 2, 5, 4, 5]
    """
    last = np.arange(count)
    last[rows] = following
    while len(rows):  # pointer jumping: each round doubles the distance, so a way of n rows takes log n rounds
        below = last[rows]
        further = last[below]
        last[rows] = further
        rows = rows[further != below]
    return last
