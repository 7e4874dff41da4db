"""Roll repeated steps up: a loop that was recorded step by step is found again as a block of rows that repeats.

Rows repeat where the same operations follow each other at a constant distance, the period. In each of its steps an operand of
the block lies in the same step, or so many slots further than in the step before (the step before, a state that was stored, an
input that is marched through), or always in the same slot; where it lies anywhere else, its slots are listed in a table. All is
read off the whole columns, so nothing is guessed: what only looks alike is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WINDOW = 8  # rows that are looked at together to find a period
FEWEST, SHORTEST = 8, 256  # steps, and rows in all of them: fewer are not worth a loop
CANDIDATES = 60  # periods that are tried
SAMPLE, LIKELY = 2_000, 0.1  # rows that are looked at first, and how many of them must be of the kind of that one period before
EDGES = 3  # steps at either end of a run that may differ from the others, and stay outside it


@dataclass
class Segment:
    """Rows `low` to `low + period` and, where `repeats` is above 1, as many steps of as many rows after them.

    In step k operand i of the block (all operands of all rows, one after the other) is in slot `start[i] + k * stride[i]`; where
    `table[i]` is not -1, in the k-th slot of that line of `tables`.
    """

    low: int
    period: int
    repeats: int
    start: np.ndarray
    stride: np.ndarray
    table: np.ndarray
    tables: np.ndarray

    @property
    def high(self) -> int:
        """The row after the last one."""
        return self.low + self.period * self.repeats


def segments(kind: np.ndarray, starts: np.ndarray, slots: np.ndarray) -> list[Segment]:
    """The rows in order, as straight segments and rolled ones.

    `kind` says what each row is (rows of one kind have as many operands), `slots[starts[i]:starts[i + 1]]` are its operands.
    """
    found: list[Segment] = []
    done = 0
    for low, period, repeats in runs_of_steps(kind):
        rolled = roll(starts, slots, low, period, repeats)
        if rolled is not None:
            found += [straight(starts, slots, done, rolled.low), rolled]
            done = rolled.high
    found.append(straight(starts, slots, done, len(kind)))
    return [segment for segment in found if segment.period]


def straight(starts: np.ndarray, slots: np.ndarray, low: int, high: int) -> Segment:
    """Rows that do not repeat."""
    start = slots[starts[low] : starts[high]]
    return Segment(low, high - low, 1, start, np.zeros_like(start), np.full_like(start, -1), np.zeros((0, 1), dtype=np.int32))


def runs_of_steps(kind: np.ndarray) -> list[tuple[int, int, int]]:
    """(first row, period, steps) of stretches that repeat, in order and apart from each other."""
    kind = np.unique(kind, return_inverse=True)[1].astype(np.int32)
    runs = [(period, repeated(kind, period)) for period in periods(kind)]
    runs.sort(key=lambda found: (-sum(found[0] * steps for _, steps in found[1]), found[0]))  # what covers most, in short steps
    free, found = np.ones(len(kind), dtype=bool), []
    for period, stretches in runs:
        for low, steps in stretches:
            rows = slice(low, low + period * steps)
            if free[rows].all():
                free[rows] = False
                found.append((low, period, steps))
    return sorted(found)


def periods(kind: np.ndarray) -> list[int]:
    """The distances at which stretches of rows come again most often."""
    if len(kind) < SHORTEST:
        return []
    mixed = (kind.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    count = len(kind) - WINDOW + 1
    window = np.zeros(count, dtype=np.uint64)
    for i in range(WINDOW):
        window = window * np.uint64(0xBF58476D1CE4E5B9) + mixed[i : i + count]
    order = np.argsort(window, kind="stable")
    again = window[order][1:] == window[order][:-1]
    distances, counts = np.unique(np.diff(order)[again], return_counts=True)
    found = distances[np.argsort(-counts, kind="stable")][:CANDIDATES].tolist()
    return [period for period in found if likely(kind, period)]


def likely(kind: np.ndarray, period: int) -> bool:
    """Whether some of a sample of rows are of the kind of the one a period before."""
    rows = np.linspace(period, len(kind) - 1, min(SAMPLE, len(kind) - period)).astype(np.int64)
    return bool((kind[rows] == kind[rows - period]).mean() > LIKELY)


def repeated(kind: np.ndarray, period: int) -> list[tuple[int, int]]:
    """(first row, steps) of the stretches in which every row is of the kind of that one period before."""
    same = np.zeros(len(kind) - period + 2, dtype=bool)
    np.equal(kind[period:], kind[:-period], out=same[1:-1])
    edges = np.flatnonzero(same[1:] != same[:-1])
    low, high = edges[::2], edges[1::2]
    steps = (high - low) // period + 1
    enough = (steps >= FEWEST) & (steps * period >= SHORTEST)
    return list(zip(low[enough].tolist(), steps[enough].tolist(), strict=True))


def roll(starts: np.ndarray, slots: np.ndarray, low: int, period: int, repeats: int) -> Segment | None:
    """The run as a segment, without the steps at its ends whose operands lie otherwise; None where little would be left."""
    width = int(starts[low + period] - starts[low])
    lines = slots[starts[low] : starts[low] + width * repeats].reshape(repeats, width)
    change = np.diff(lines, axis=0)
    usual = change[len(change) // 2]
    odd = change != usual
    inner = odd[EDGES : len(odd) - EDGES].any(axis=0)  # these differ from step to step
    off = np.flatnonzero(odd[:, ~inner].any(axis=1))
    first = int(off[off < EDGES].max(initial=-1)) + 1
    last = int(off[off >= EDGES].min(initial=repeats - 1)) + 1
    repeats = last - first
    if repeats < FEWEST or repeats * period < SHORTEST or 2 * inner.sum() > width:
        return None
    lines = lines[first:last]
    table = np.full(width, -1)
    table[inner] = np.arange(int(inner.sum()))
    tables = np.ascontiguousarray(lines[:, inner].T, dtype=np.int32)
    return Segment(low + first * period, period, repeats, lines[0], np.where(inner, 0, usual), table, tables)
