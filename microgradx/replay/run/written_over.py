"""Long stretches of numbers that nothing reads any more are written over, so that more of a program stays in the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..regroup.instructions import Instruction, View

LONG_ENOUGH = 500  # numbers; what is shorter stays where it is
_WHOLE = ("matmul", "reduce")  # these need their operands until the result is complete


@dataclass
class LongStretch:
    """The slots from `low` to `high`, written together by instruction `first` and read up to the `last`; they move to `place`."""

    low: int
    high: int
    first: int
    last: int
    place: int
    movable: bool = True


class WrittenOver:
    """Where the numbers of array instructions lie if each long stretch takes the place of one that is not needed any more."""

    def __init__(self, steps: Sequence[Instruction], results: np.ndarray) -> None:
        self.stretches = long_stretches(steps)
        self.lows = np.array([s.low for s in self.stretches], dtype=np.int64)
        self.highs = np.array([s.high for s in self.stretches], dtype=np.int64)
        for i, step in enumerate(steps):
            for view in (*step.reads, step.write):
                self.touch(view, i)
            if step.index is not None:
                self.touch_all(step.index, i)
        self.touch_all(results, len(steps))
        self.place(steps)

    def touch(self, view: View, when: int) -> None:
        """Note which stretch a view lies in; one that it only passes through, or also lies in, stays where it is."""
        if view.space != "slots":
            return
        low, high = view.reach()
        for s in self.stretches[int(np.searchsorted(self.highs, low, "right")) : int(np.searchsorted(self.lows, high))]:
            if s.low <= low and high <= s.high:
                s.last = when
            elif ((view.places() >= s.low) & (view.places() < s.high)).any():
                s.movable = False

    def touch_all(self, index: np.ndarray, when: int) -> None:
        """Note in which stretches these slots lie."""
        for k in np.unique(self.inside(index)).tolist():
            if k >= 0:
                self.stretches[k].last = when

    def inside(self, index: np.ndarray) -> np.ndarray:
        """The number of the stretch that each slot lies in, or -1."""
        if not len(self.lows):
            return np.full(index.shape, -1)
        found = np.searchsorted(self.lows, index, "right") - 1
        return np.where((found >= 0) & (index < self.highs[found]), found, -1)

    def place(self, steps: Sequence[Instruction]) -> None:
        """Give every stretch a place: that of an operand it replaces, of the last one that ended, or its own."""
        free: list[LongStretch] = []
        living: list[LongStretch] = []
        for new in sorted((s for s in self.stretches if s.movable), key=lambda s: s.first):
            over = self.replaced(steps[new.first], new)
            free += [s for s in living if s.last < new.first]
            living = [s for s in living if s.last >= new.first and s is not over]
            if over is None:
                over = next((s for s in reversed(free) if s.high - s.low >= new.high - new.low), None)
                free = [s for s in free if s is not over]
            if over is not None:
                new.place = over.place
            living.append(new)

    def replaced(self, step: Instruction, new: LongStretch) -> LongStretch | None:
        """An operand of an operation element by element whose place its result may take, as nothing reads it later."""
        if step.name in _WHOLE:
            return None
        old = [self.at(view.offset) if view.space == "slots" else None for view in step.reads]
        for s, view in zip(old, step.reads, strict=True):
            alone = s is not None and s.movable and s.last == new.first and old.count(s) == 1
            if s and alone and view == step.write._replace(offset=s.low) and s.high - s.low == new.high - new.low:
                return s
        return None

    def at(self, slot: int) -> LongStretch | None:
        """The stretch of a slot."""
        k = int(self.inside(np.array([slot]))[0])
        return self.stretches[k] if k >= 0 else None

    def moved(self, view: View) -> View:
        """The view where its numbers are now."""
        s = self.at(view.offset) if view.space == "slots" else None
        return view._replace(offset=view.offset - s.low + s.place) if s else view

    def slots(self, index: np.ndarray) -> np.ndarray:
        """The slots where they are now."""
        if not self.stretches:
            return index
        found = self.inside(index)
        by = np.array([s.place - s.low for s in self.stretches])
        return np.where(found >= 0, index + by[found], index)

    def instructions(self, steps: Sequence[Instruction]) -> Iterator[Instruction]:
        """The instructions on the numbers where they are now."""
        for step in steps:
            index = None if step.index is None else self.slots(step.index)
            yield replace(step, reads=tuple(map(self.moved, step.reads)), write=self.moved(step.write), index=index)


def long_stretches(steps: Sequence[Instruction]) -> list[LongStretch]:
    """What instructions write that is long, in the order of the slots."""
    found: dict[int, LongStretch] = {}
    for i, step in enumerate(steps):
        low, high = step.write.reach()
        if step.write.space == "slots" and high - low >= LONG_ENOUGH and low not in found:
            found[low] = LongStretch(low, high, i, i, low)
    return sorted(found.values(), key=lambda s: s.low)
