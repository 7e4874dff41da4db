"""Rows of samples that nothing reads any more are written over: half the memory, so that more of a chunk stays in the cache."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush

import numpy as np

from ..regroup.instructions import Instruction, View

NEEDS_ALL = ("take", "matmul", "reduce")  # these need their operands until the result is complete


@dataclass
class Stretch:
    """Rows `low` to `high` that are touched together, by the instructions `first` to `last`; they move to `place`."""

    low: int
    high: int
    first: int
    last: int
    place: int = 0


class Reuse:
    """Where the rows of a batch program move; `size` is how many are left.

    The first `samples` rows are filled before the first instruction, and stay. `results` are read after the last one.
    """

    def __init__(self, instructions: Sequence[Instruction], results: Sequence[View], samples: int) -> None:
        self.stretches = together([(0, samples, -1), *touches(instructions, results)])
        self.lows = np.array([s.low for s in self.stretches])
        free, inherited = Free(), set[int]()
        ends: list[tuple[int, int, int, int]] = []  # a heap: which rows are read for the last time, and when
        for new in sorted(self.stretches, key=lambda s: s.first):
            while ends and ends[0][0] < new.first:
                _, low, place, size = heappop(ends)
                if low not in inherited:
                    free.give(place, place + size)
            over = self.written_over(instructions[new.first], new) if new.first >= 0 else None
            if over:
                inherited.add(over.low)
            size = new.high - new.low
            new.place = over.place if over else free.take(size)
            heappush(ends, (new.last, new.low, new.place, size))
        self.size = max((s.place + s.high - s.low for s in self.stretches), default=0)

    def at(self, row: int) -> Stretch:
        """The stretch of a row."""
        return self.stretches[int(np.searchsorted(self.lows, row, side="right")) - 1]

    def moved(self, v: View) -> View:
        """The view where its rows are now."""
        return v._replace(offset=self.row(v.offset)) if v.space == "varying" else v

    def row(self, row: int) -> int:
        """The row where it is now."""
        found = self.at(row)
        return row - found.low + found.place

    def instruction(self, step: Instruction) -> Instruction:
        """The instruction on the rows where they are now."""
        index = step.index
        if index is not None and step.write.space == "gathered varying":
            index = np.array([self.row(i) for i in index.tolist()])
        return replace(step, reads=tuple([self.moved(v) for v in step.reads]), write=self.moved(step.write), index=index)

    def written_over(self, step: Instruction, new: Stretch) -> Stretch | None:
        """An operand that an elementwise operation may replace by its result, as nothing reads it later."""
        if step.name in NEEDS_ALL or step.write.offset != new.low:
            return None
        for v in step.reads:
            old = self.at(v.offset) if v.space == "varying" else None
            if old and old.last == new.first and (v.offset, v.shape, v.strides) == (old.low, *step.write[2:]):
                others = [x for x in step.reads if x != v and x.space == "varying" and self.at(x.offset) is old]
                if old.high - old.low == new.high - new.low and not others:
                    return old
        return None


def touches(instructions: Sequence[Instruction], results: Sequence[View]) -> list[tuple[int, int, int]]:
    """(low, high, instruction) of all rows that are read or written."""
    found = [(v, i) for i, step in enumerate(instructions) for v in (*step.reads, step.write)]
    found += [(v, len(instructions)) for v in results]
    taken = [
        (row, row + 1, i)
        for i, step in enumerate(instructions)
        if step.index is not None and step.write.space == "gathered varying"
        for row in step.index.tolist()
    ]
    return [(*v.reach(), i) for v, i in found if v.space == "varying"] + taken


def together(touched: Sequence[tuple[int, int, int]]) -> list[Stretch]:
    """The stretches that overlapping touches form."""
    found: list[Stretch] = []
    for low, high, when in sorted(touched):
        if found and low < found[-1].high:
            last = found[-1]
            last.high, last.first, last.last = max(last.high, high), min(last.first, when), max(last.last, when)
        else:
            found.append(Stretch(low, high, when, when))
    return found


class Free:
    """The gaps between rows in use, lowest first: a search through the rows themselves would take quadratic time."""

    def __init__(self) -> None:
        self.gaps: list[tuple[int, int]] = [(0, sys.maxsize)]

    def take(self, size: int) -> int:
        """The first place with `size` free rows, which are in use from now on."""
        k, (low, high) = next((k, gap) for k, gap in enumerate(self.gaps) if gap[1] - gap[0] >= size)
        self.gaps[k : k + 1] = [(low + size, high)] if high - low > size else []
        return low

    def give(self, low: int, high: int) -> None:
        """Rows that are not in use any more; gaps that meet become one."""
        k = bisect_left(self.gaps, (low, high))
        if k and self.gaps[k - 1][1] == low:
            k, low = k - 1, self.gaps[k - 1][0]
            del self.gaps[k]
        if self.gaps[k][0] == high:
            high = self.gaps.pop(k)[1]
        self.gaps.insert(k, (low, high))
