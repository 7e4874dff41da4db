"""Roll repeated steps up: a loop that was recorded step by step is found again as a block of rows that repeats.

Rows repeat where the same operations follow each other at a constant distance, the period. In each of its steps an operand of
the block lies in the same step, or so many slots further than in the step before (the step before, a state that was stored, an
input that is marched through), or always in the same slot; where it lies anywhere else, its slots are listed in a table. All is
read off the whole columns, so nothing is guessed: what only looks alike is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

WINDOW = 8  # rows that are looked at together to find a period
FEWEST, SHORTEST = 8, 64  # steps, and rows in all of them: fewer are not worth a loop
CANDIDATES = 60  # periods that are tried
SAMPLE, LIKELY = 2_000, 0.1  # rows that are looked at first, and how many of them must be of the kind of that one period before
EDGES = 3  # steps at either end of a run that may differ from the others, and stay outside it
LOOKED_AT, STRETCHES = 1 << 19, 16  # rows in which periods are looked for; of more rows, stretches at so many places
LONGEST_PATTERN, MOST_LOOPS = 24, 50  # steps that may be one block, and loops that one run may be
OPERANDS_AT_ONCE = 1 << 20  # operands that are compared at one time


@dataclass
class Segment:
    """Rows `low` to `low + period` and, where `repeats` is above 1, as many steps of as many rows after them.

    In step k operand i of the block (all operands of all rows, one after the other) is in slot `start[i] + k * stride[i]`; where
    `table[i]` is not -1, in the k-th slot of that line of `tables`. The operations of the block are those of the rows of a layout
    from `like` on.
    """

    low: int
    period: int
    repeats: int
    start: np.ndarray
    stride: np.ndarray
    table: np.ndarray
    tables: np.ndarray
    like: int

    @property
    def high(self) -> int:
        """The row after the last one."""
        return self.low + self.period * self.repeats

    @property
    def rows(self) -> range:
        """The rows of a layout whose operations are those of the block."""
        return range(self.like, self.like + self.period)

    def at(self, k: int) -> Iterator[int]:
        """The slots of the operands in step k."""
        slots = self.start + k * self.stride
        inner = self.table >= 0
        if inner.any():
            slots[inner] = self.tables[self.table[inner], k]
        return iter(slots.tolist())

    def cut(self, starts: np.ndarray, low: int, high: int) -> Segment:
        """The rows from `low` to `high` of a straight segment of a layout in which the operands of each row start at `starts`."""
        ends = starts[[self.like, self.like + low, self.like + high]]
        part = slice(*(ends[1:] - ends[0]).tolist())
        rest = self.start[part], self.stride[part], self.table[part], self.tables
        return Segment(self.low + low, high - low, 1, *rest, self.like + low)


def segments(
    kind: np.ndarray, starts: np.ndarray, slots: np.ndarray, first: int = 0, runs: list[tuple[int, int, int]] | None = None
) -> list[Segment]:
    """The rows in order, as straight segments and rolled ones.

    `kind` says what each row is (rows of one kind have as many operands), `slots[starts[i]:starts[i + 1]]` are its operands; the
    slots before `first` are inputs and constants. The `runs_of_steps` may be given, where they are known.
    """
    found: list[Segment] = []
    done = 0
    for run in runs_of_steps(kind) if runs is None else runs:
        for part in rolled(starts, slots, run, first):
            found += [straight(starts, slots, done, part.low), part]
            done = part.high
    found.append(straight(starts, slots, done, len(kind)))
    return [segment for segment in found if segment.period]


def rolled(starts: np.ndarray, slots: np.ndarray, run: tuple[int, int, int], first: int) -> list[Segment]:
    """The run as segments.

    A block may need several steps, as what four stages add up comes round in four, and one run of alike operations may be loops
    that follow each other. That the constants are others in each step does not matter.
    """
    pending, found = [run], list[Segment]()
    while pending:
        low, period, repeats = pending.pop()
        if repeats < FEWEST or repeats * period < SHORTEST:
            continue
        part = roll(starts, slots, low, period, repeats)
        if (part is None or part.tables.max(initial=-1) >= first) and len(found) < MOST_LOOPS:
            inner = steady(starts, slots, low, period, repeats)
            if inner is not None:
                part = inner
                pending.append((low, period, (part.low - low) // period))
                pending.append((part.high, period, (low + repeats * period - part.high) // period))
        if part is not None:
            found.append(part)
    return sorted(found, key=lambda part: part.low)


def steady(starts: np.ndarray, slots: np.ndarray, low: int, period: int, repeats: int) -> Segment | None:
    """The stretch of the run, about its first quarter, that needs no table with several steps to a block."""
    width, look = int(starts[low + period] - starts[low]), repeats // 4
    lines = slots[starts[low] : starts[low] + width * repeats].reshape(repeats, width)
    for several in range(1, min(LONGEST_PATTERN, repeats // FEWEST) + 1):
        change = lines[look + several : look + 4 * several] - lines[look : look + 3 * several]
        if (change[several:] == change[:-several]).all():
            blocks = lines[: repeats // several * several].reshape(-1, several * width)
            inside = look // several + 1
            odd = np.flatnonzero((np.diff(blocks, axis=0) != blocks[inside + 1] - blocks[inside]).any(axis=1))
            begin, end = odd[odd < inside].max(initial=-1) + 1, odd[odd > inside].min(initial=len(blocks) - 1) + 1
            part = roll(starts, slots, low + int(begin) * several * period, several * period, int(end - begin))
            if part is not None and not len(part.tables):
                return part
    return None


def straight(starts: np.ndarray, slots: np.ndarray, low: int, high: int) -> Segment:
    """Rows that do not repeat."""
    start = slots[starts[low] : starts[high]].astype(np.int64)  # and not a view, which would keep all of them
    none = np.zeros((0, 1), dtype=np.int32)
    return Segment(low, high - low, 1, start, np.zeros_like(start), np.full_like(start, -1), none, low)


def runs_of_steps(kind: np.ndarray) -> list[tuple[int, int, int]]:
    """(first row, period, steps) of stretches that repeat, in order and apart from each other."""
    runs = [(low, period, steps) for period in periods(kind) for low, steps in repeated(kind, period)]
    runs.sort(key=lambda run: (-run[1] * run[2], run[1]))  # the longest, in short steps
    free, found = np.ones(len(kind), dtype=bool), []
    for low, period, steps in runs:
        if np.count_nonzero(free[low : low + period * steps]) < SHORTEST:
            continue
        taken = low + np.flatnonzero(~free[low : low + period * steps])
        edges = np.concatenate(([low - 1], taken, [low + period * steps]))
        widest = int(np.argmax(np.diff(edges)))  # a loop may begin with any row
        low, gap = int(edges[widest]) + 1, int(edges[widest + 1] - edges[widest]) - 1
        if gap // period >= FEWEST and gap >= SHORTEST:
            free[low : low + gap // period * period] = False
            found.append((low, period, gap // period))
    return sorted(found)


def may_repeat(kind: np.ndarray, steps: int) -> bool:
    """Whether there may be so many steps somewhere: nearly half of them would lie between two of the places that are looked at.

    To look for all runs takes ten times as long, but of very many rows only for some of them.
    """
    if len(kind) > LOOKED_AT:
        return True
    for period in range(1, len(kind) // steps + 1):
        length = (steps // 2 - 1) * period
        places = np.arange(length, len(kind) - length + 1, length)
        for place in places[kind[places] == kind[places - period]].tolist():
            now, before = kind[place : place + length], kind[place - period : place - period + length]
            if (now[:SHORTEST] == before[:SHORTEST]).all() and (now == before).all():
                return True
    return False


def periods(kind: np.ndarray) -> list[int]:
    """The distances at which stretches of rows come again most often."""
    if len(kind) < SHORTEST:
        return []
    counts = np.bincount(np.concatenate([*map(returns, stretches(kind))]))
    distances = np.flatnonzero(counts)
    found = distances[np.argsort(-counts[distances], kind="stable")][:CANDIDATES].tolist()
    return [period for period in found if likely(kind, period)]


def returns(kind: np.ndarray) -> np.ndarray:
    """How many rows after each group of neighbours rows of the same kinds follow each other again."""
    mixed = (kind.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    count = len(kind) - WINDOW + 1
    window = np.zeros(count, dtype=np.uint64)
    for i in range(WINDOW):
        window = window * np.uint64(0xBF58476D1CE4E5B9) + mixed[i : i + count]
    order = np.argsort(window, kind="stable")
    again = window[order][1:] == window[order][:-1]
    found: np.ndarray = np.diff(order)[again]
    return found


def stretches(kind: np.ndarray) -> list[np.ndarray]:
    """All rows, or some stretches of so many that to look at all would take longer than to calculate with them."""
    if len(kind) <= LOOKED_AT:
        return [kind]
    length = LOOKED_AT // STRETCHES
    return [kind[low : low + length] for low in np.linspace(0, len(kind) - length, STRETCHES).astype(np.int64).tolist()]


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
    if repeats < FEWEST or repeats * period < SHORTEST:
        return None
    lines = slots[starts[low] : starts[low] + width * repeats].reshape(repeats, width)
    usual = lines[repeats // 2] - lines[repeats // 2 - 1]
    odd = np.empty((repeats - 1, width), dtype=bool)
    for step in range(0, repeats - 1, some := max(1, OPERANDS_AT_ONCE // max(1, width))):
        part = slice(step, step + some)
        np.not_equal(lines[1:][part] - lines[:-1][part], usual, out=odd[part])
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
    start, like = lines[0].astype(np.int64), low + first * period
    return Segment(like, period, repeats, start, np.where(inner, 0, usual).astype(np.int64), table, tables, like)


def progressions(numbers: Sequence[int]) -> list[tuple[int, int, int]]:
    """The numbers as runs of even steps: (first, step, how many)."""
    runs: list[tuple[int, int, int]] = []
    for number in numbers:
        start, step, count = runs[-1] if runs else (0, 0, 0)
        if count == 1:
            runs[-1] = start, number - start, 2
        elif count and number == start + count * step:
            runs[-1] = start, step, count + 1
        else:
            runs.append((number, 0, 1))
    return runs
