"""Rows that repeat, rolled up for reading: rounds within rounds, each kept as the rows of one of them.

A program that runs fast rolls up only what saves it much (`regroup.steps`); whoever reads it wants every loop, however short.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..regroup.steps import periods
from ..run.layout import Layout
from ..tape.tape import CAPTURED_ROLE

LEAST_ROUNDS, LEAST_ROWS = 4, 8  # rounds, and rows in all of them
EVERY_PERIOD = 1_200  # rows of which every period is tried; of more those at which rows come again most often
MOST_PERIODS, MULTIPLES = 12, (1, 2, 3, 4)

NUMBER_LEAF, NO_LEAF = -1, -2


@dataclass(eq=False)
class Rolled:
    """Rows `low` to `low + period * repeats`: rounds, of which `body` is the second, as the first one starts from elsewhere."""

    low: int
    period: int
    repeats: int
    body: list[int | Rolled]

    @property
    def high(self) -> int:
        """The row after the last one."""
        return self.low + self.period * self.repeats


class Repeats:
    """The rows of a program with their operands, in which stretches that repeat are looked for."""

    def __init__(self, layout: Layout) -> None:
        self.first, self.inputs = layout.first, layout.inputs
        roles = np.array(layout.tape.roles, dtype=np.int64)
        roles[roles == CAPTURED_ROLE] = NO_LEAF
        self.leaves = np.concatenate((roles, np.full(self.first - self.inputs, NUMBER_LEAF), [NO_LEAF]))  # whose each is
        self.kind = layout.code.astype(np.int64) << 32 | layout.widths()
        self.starts, self.slots = layout.flat()
        self.user = np.repeat(np.arange(len(layout)), np.diff(self.starts))
        near = np.where(self.slots >= self.first, self.first + self.user - self.slots, 0)  # how far back each operand lies
        self.closely = self.kind * 31 + np.bincount(self.user, near % 1009, len(layout)).astype(np.int64)

    def rolled(self, low: int, high: int) -> list[int | Rolled]:
        """The rows in order, those that repeat as rounds, and in these again."""
        found: list[int | Rolled] = []
        done = low
        for start, period, repeats in self.apart(low, high):
            found += range(done, start)
            found.append(Rolled(start, period, repeats, self.rolled(start + period, start + 2 * period)))
            done = start + period * repeats
        return [*found, *range(done, high)]

    def apart(self, low: int, high: int) -> list[tuple[int, int, int]]:
        """(first row, period, rounds) of stretches that repeat, apart from each other and in order; the longest go first.

        Last come those in which inputs of one argument are read in any order, as shuffled samples are.
        """
        chosen: list[tuple[int, int, int]] = []
        for shuffled in (False, True):
            tried = [(period, self.stretches(low, high, period, shuffled)) for period in self.tried(low, high)]
            known = [(start, period, repeats) for period, found in tried for start, repeats in found]
            for start, period, repeats in sorted(known, key=lambda found: (-found[1] * found[2], found[1])):
                if all(start + period * repeats <= other or other + width * count <= start for other, width, count in chosen):
                    chosen.append((start, period, repeats))
        return sorted(chosen)

    def tried(self, low: int, high: int) -> Iterable[int]:
        """The periods that may be those of a stretch of rows."""
        longest = (high - low) // LEAST_ROUNDS
        if high - low <= EVERY_PERIOD:
            return range(1, longest + 1)
        found = [period for kind in (self.kind, self.closely) for period in periods(kind[low:high])[:MOST_PERIODS]]
        return sorted({period * times for period in found for times in MULTIPLES if period * times <= longest})

    def stretches(self, low: int, high: int, period: int, shuffled: bool) -> list[tuple[int, int]]:
        """(first row, rounds) of what repeats at this period between two rows."""
        same = np.zeros(high - low - period + 2, dtype=bool)
        same[1:-1] = self.follows(low, high, period, shuffled)
        edges = np.flatnonzero(same[1:] != same[:-1])
        found = []
        for begin, end in zip((edges[::2] + low).tolist(), (edges[1::2] + low + period).tolist(), strict=True):
            if end - begin >= (LEAST_ROUNDS - 2) * period:
                begin = self.begin(low, begin, period, shuffled)
                repeats = (end - begin) // period
                repeats = self.even(begin, period, repeats, shuffled) if repeats >= LEAST_ROUNDS else 0
                if repeats >= LEAST_ROUNDS and repeats * period >= LEAST_ROWS:
                    found.append((begin, repeats))
        return found

    def follows(self, low: int, high: int, period: int, shuffled: bool) -> np.ndarray:
        """Whether each row from `low + period` on does what the row a period before did, on operands that moved on as usual.

        An operand stays where it is, is as far from the row as before, moves as it did a round ago, or is a number.
        """
        rows = np.arange(low + period, high)
        here = slice(self.starts[low + period], self.starts[high])
        user, slot = self.user[here], self.slots[here]
        place = np.arange(here.start, here.stop) - self.starts[user]
        before, earlier = self.earlier(user, place, period, low), self.earlier(user, place, 2 * period, low)
        moved = slot - before
        usual = (moved == 0) | ((moved == period) & (slot >= self.first)) | (moved == before - earlier)
        begins = (slot < self.inputs) & (before < self.inputs) & (earlier < 0)  # so far there is no other step to compare with
        usual |= self.free(slot, before, shuffled) | (begins & (before >= 0))
        odd = np.zeros(len(rows), dtype=bool)
        odd[user[~usual] - low - period] = True
        alike: np.ndarray = (self.kind[rows] == self.kind[rows - period]) & ~odd
        return alike

    def earlier(self, user: np.ndarray, place: np.ndarray, distance: int, low: int) -> np.ndarray:
        """The slots of the same operands so many rows before, or -1 where there is nothing alike."""
        other = user - distance
        known = (other >= low) & (self.kind[other] == self.kind[user])
        return np.where(known, self.slots[np.where(known, self.starts[other] + place, 0)], -1)

    def free(self, slot: np.ndarray, before: np.ndarray, shuffled: bool) -> np.ndarray:
        """Whether operands may follow each other anyhow: recorded numbers, and inputs of one argument if `shuffled`."""
        kind, other = (self.leaves[np.minimum(slots, self.first)] for slots in (slot, before))
        alike: np.ndarray = (kind == other) & ((kind == NUMBER_LEAF) | (shuffled & (kind != NO_LEAF)))
        return alike

    def even(self, low: int, period: int, repeats: int, shuffled: bool) -> int:
        """After how many rounds an operand moves on otherwise than before; what is handed to the first one does not count."""
        here = slice(self.starts[low], self.starts[low + period * repeats])
        lines = self.slots[here].reshape(repeats, -1)
        change = np.diff(lines, axis=0)
        free = self.free(lines[2:], lines[1:-1], shuffled)
        odd = np.flatnonzero(((change[1:] != change[1]) & ~free).any(axis=1))
        return int(odd.min(initial=repeats - 2)) + 2

    def begin(self, low: int, begin: int, period: int, shuffled: bool) -> int:
        """Where the first round begins: its rows are like those of the next, but what is handed on may come from elsewhere."""
        handed: list[tuple[int, int, int]] = []  # a row whose operands do, and between which rows the next round finds these
        first = begin
        for row in range(begin - 1, max(low, begin - period) - 1, -1):
            if self.kind[row] != self.kind[row + period]:
                break
            old, new, newer = (self.slots[self.starts[at] : self.starts[at + 1]] for at in (row, row + period, row + 2 * period))
            moved = new - old
            usual = (moved == 0) | ((moved == period) & (new >= self.first)) | (moved == newer - new)
            odd = new[~usual & ~self.free(new, old, shuffled)] - self.first
            if (odd < 0).any():
                break
            first = row
            if len(odd):
                handed.append((row, int(odd.min()), int(odd.max())))
        while late := [row for row, least, most in handed if row >= first and not first <= least <= most < first + period]:
            first = max(late) + 1
        return first
