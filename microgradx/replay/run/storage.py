"""Where machine code keeps its numbers: of each step only those that another part or step reads, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..regroup.steps import Segment

MOST_OUTSIDE = 64  # steps of a loop whose operand lies outside the part that it lies in otherwise


class Scattered(Exception):
    """Raised where a loop reads numbers at even distances that would not be even any more."""


class Storage:
    """The places of a layout's slots: `first` inputs and constants where they were, then of each part what is `stored` of it.

    The place of a row is `base + step * width` of its part, and how many stored rows stand above it in one step. Steps that stand
    straight before a loop or behind it, and are read like its own, have places as if they belonged to it; `outside` tells for
    their slots of which part they are, in which step and row. Of a hundred rows a step perhaps ten are stored, so that a long
    recurrence takes a tenth of the memory, and more of it stays in the cache.
    """

    def __init__(self, first: int, parts: Sequence[Segment], stored: np.ndarray) -> None:
        self.first, self.parts = first, parts
        self.low, self.period, self.repeats = (
            np.array([getattr(part, name) for part in parts], dtype=np.int64) for name in ("low", "period", "repeats")
        )
        self.begin = np.cumsum(self.period) - self.period  # of each part among the rows of one step of all
        every = np.ones(int(self.period.sum()), dtype=np.bool_)
        self.kept = np.concatenate([every[:0], *[stored[part.like : part.like + part.period] for part in parts]])
        self.outside: dict[int, tuple[int, int, int]] = {}
        try:
            self.homes = [self.home(part) for part in parts]
        except Scattered:
            self.outside, self.kept = {}, every
            self.homes = [np.full(len(part.start), -1) for part in parts]
        above = np.append(0, np.cumsum(self.kept))
        self.width = above[self.begin + self.period] - above[self.begin]
        self.above = above[:-1] - np.repeat(above[self.begin], self.period)
        before, after = np.zeros_like(self.repeats), self.repeats.copy()
        for at, step, _ in self.outside.values():
            before[at], after[at] = max(before[at], -step), max(after[at], step + 1)
        ends = first + np.cumsum((before + after) * self.width)
        self.base = ends - after * self.width
        self.size = int(ends.max(initial=first))

    def part_of(self, rows: np.ndarray) -> np.ndarray:
        """The part that each of these rows is in."""
        return np.searchsorted(self.low, rows, side="right") - 1

    def home(self, part: Segment) -> np.ndarray:
        """For each operand of a part the part that it lies in as the steps go on; -1 where it is always in one slot or no row."""
        rows, stride = part.start.astype(np.int64) - self.first, part.stride.astype(np.int64)
        last = rows + (part.repeats - 1) * stride
        moving = (part.table < 0) & (stride != 0) & (part.repeats > 1)
        if (moving & ((rows < 0) != (last < 0))).any():
            raise Scattered
        moving &= rows >= 0
        found = np.where(moving, self.part_of(rows + part.repeats // 2 * stride), -1)
        low, high = self.low[found], self.low[found] + self.period[found] * self.repeats[found]
        if (stride % self.period[found])[moving].any():
            raise Scattered
        leaves = moving & ((np.minimum(rows, last) < low) | (np.maximum(rows, last) >= high))
        for i in np.flatnonzero(leaves).tolist():
            line = rows[i] + np.arange(part.repeats) * stride[i]
            line = line[(line < low[i]) | (line >= high[i])]
            if len(line) > MOST_OUTSIDE or (self.repeats[self.part_of(line)] > 1).any():
                raise Scattered
            for row in line.tolist():
                self.join(row, int(found[i]))
        return found

    def join(self, row: int, home: int) -> None:
        """Give a row a place as if it belonged to a part."""
        step, at = divmod(row - int(self.low[home]), int(self.period[home]))
        place = home, step, at
        if self.outside.setdefault(self.first + row, place) != place or not self.kept[self.begin[home] + at]:
            raise Scattered

    def at(self, slots: np.ndarray) -> np.ndarray:
        """The places of slots; those of rows that are not stored mean nothing."""
        found = slots.astype(np.int64)
        inner = found >= self.first
        rows = found[inner] - self.first
        part = self.part_of(rows)
        step, row = np.divmod(rows - self.low[part], self.period[part])
        found[inner] = self.base[part] + step * self.width[part] + self.above[self.begin[part] + row]
        for slot, (home, now, at) in self.outside.items():
            found[slots == slot] = self.base[home] + now * self.width[home] + self.above[self.begin[home] + at]
        return found

    def moved(self, place: int) -> Segment:
        """A part whose operands are at places."""
        part, home = self.parts[place], self.homes[place]
        stride = np.where(home < 0, part.stride, part.stride // self.period[home] * self.width[home])
        return replace(part, start=self.at(part.start), stride=stride, tables=self.at(part.tables))

    def own(self, place: int) -> list[int]:
        """The places of the rows of a part, of a loop those of its first step."""
        part = self.parts[place]
        found: list[int] = self.at(self.first + part.low + np.arange(part.period)).tolist()
        return found
