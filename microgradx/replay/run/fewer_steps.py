"""The same recurrence with fewer steps: what is derived from a few of them tells what would be derived from all.

A long loop is recorded step by step. Where its rows are found to repeat to the end, tapes with a few dozen of its steps are
written, and what is asked of the program is derived on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ... import ops
from ...operation import Op
from ..regroup.steps import Segment, may_repeat, progressions, runs_of_steps, segments
from ..tape.recorder import Recorder
from ..tape.rows import CONSTANT, INPUT
from ..tape.tape import Tape
from .layout import Layout

MORE = 12  # steps that a longer tape has more: whole patterns of 2, 3, 4 or 6 steps
FEW_STEPS, FEW_ROWS = 84, 200  # that a loop has at least in a short tape
TIMES_AS_LONG = 6  # times as many steps there must be, for that to be worth it
LOOKED_INTO = 20_000  # rows; shorter programs are not looked at
NEARLY_AS_LONG = 8  # loops that differ by fewer steps go through the same ones
MOST_RUNS = 100  # of comparisons
SUMS = ops.sum_, ops.mean  # of which there may be as many operands as steps
PER_STEP = 1 << 22  # the role of inputs that are others in each step


class LooksOnly(Exception):
    """Raised where steps only look alike: what they read is not."""


@dataclass
class Passage:
    """Rows that follow each other, those of one step where they repeat: the code, the number of operands, what it stands for."""

    segment: Segment
    rows: list[tuple[int, int, tuple[Op, int] | None]]
    left_out: int = 0  # steps, in the shortest tape
    group: int = -1  # of loops that go through the same steps


class Recurrence:
    """The rows of a program in which steps repeat, from which tapes with fewer of the steps can be written.

    An operand that is another input or constant in each step becomes an input for each step of such a tape; `per_step` are the
    slots of these inputs and constants, operand by operand. `outcomes` are those of the comparisons that decided a branch.
    """

    def __init__(self, tape: Tape, outputs: Sequence[int]) -> None:
        layout = Layout(tape, [*outputs, *[row for row, _ in tape.guards]], whole=True)
        self.roles, self.inputs, self.first = list(tape.roles), layout.inputs, layout.first
        self.constants = layout.constants
        self.results, guards = np.split(layout.results, [len(outputs)])
        sums = {row for row, (op, xs) in layout.whole.items() if op in SUMS and len(xs) >= TIMES_AS_LONG * FEW_STEPS}
        self.sums = [long_sum(layout, row) for row in sorted(sums)]
        whole = {row: found for row, found in layout.whole.items() if row not in sums}
        own = {row: len(layout.operands(row)) for row in whole}
        for row, (_, operands) in whole.items():
            layout.many[row] = [*layout.operands(row), *operands]
        kind = kinds(layout, whole)
        if not may_repeat(kind, TIMES_AS_LONG * FEW_STEPS):
            raise LooksOnly  # as most programs that are long for another reason
        runs = runs_of_steps(kind)
        if max([steps for _, _, steps in runs], default=0) < TIMES_AS_LONG * FEW_STEPS:
            raise LooksOnly
        starts, slots = layout.flat()
        del layout  # of long tapes the same columns twice
        self.parts = []
        for segment in segments(kind, starts, slots, self.first, runs):
            rows: list[tuple[int, int, tuple[Op, int] | None]] = []
            for row in segment.rows:
                width = int(starts[row + 1] - starts[row])
                stands_for = (whole[row][0], width - own[row]) if row in whole else None
                rows.append((int(kind[row]) >> 16, own.get(row, width), stands_for))
            self.parts.append(Passage(segment, rows))
        self.loops = sorted(filter(long, self.parts), key=lambda part: part.segment.repeats)
        self.groups = self.grouped()
        for part in self.loops:
            self.check_lags(part.segment)
        self.loops.sort(key=lambda part: part.segment.low)
        self.per_step = [line for part in self.loops for line in self.marched(part.segment)]
        order = self.by_place(guards)  # in which those of all steps are few runs
        self.guards = progressions(guards[order].tolist())
        if len(self.guards) > MOST_RUNS:
            raise LooksOnly
        self.outcomes = np.array([outcome for _, outcome in tape.guards])[order]

    def by_place(self, slots: np.ndarray) -> np.ndarray:
        """An order in which those that have the same place in each step of a loop follow each other."""
        place = slots.astype(np.int64)
        for part in self.loops:
            low, high, period = self.first + part.segment.low, self.first + part.segment.high, part.segment.period
            inside = (slots >= low) & (slots < high)
            place[inside] = low + (slots[inside] - low) % period
        return np.lexsort((slots, place))

    def grouped(self) -> list[int]:
        """How many times MORE steps are left out in each group of loops."""
        groups: list[int] = []
        last = -NEARLY_AS_LONG
        for part in self.loops:
            if part.segment.repeats - last >= NEARLY_AS_LONG:
                last = part.segment.repeats
                apart = 3 * MORE * len(groups)  # so that the longer loop stays the longer one, which is looked for first
                groups.append((last - fewest(part.segment) - apart) // MORE)
            part.group, part.left_out = len(groups) - 1, MORE * groups[-1]
        return groups

    def check_lags(self, loop: Segment) -> None:
        """Only what is of the same step, or 1, 2, 3, 4, 6 or 12 steps older, comes round in MORE."""
        before = self.first + loop.low - loop.start[(loop.stride == loop.period) & (loop.start < self.first + loop.low)]
        if (MORE % np.maximum(1, -(-before // loop.period))).any():
            raise LooksOnly

    def marching(self, loop: Segment) -> np.ndarray:
        """Marks the operands of a block that are other inputs or constants from step to step."""
        found: np.ndarray = (loop.table >= 0) | ((loop.start < self.first) & (loop.stride != 0))
        return found

    def marched(self, loop: Segment) -> list[np.ndarray]:
        """Their slots, for each operand in all steps."""
        steps = np.arange(loop.repeats)
        lines = [
            loop.start[i] + steps * loop.stride[i] if loop.table[i] < 0 else loop.tables[loop.table[i]]
            for i in np.flatnonzero(self.marching(loop)).tolist()
        ]
        if any(line.max() >= self.first for line in lines):
            raise LooksOnly
        return lines

    def tape(self, more: Sequence[int]) -> tuple[Recorder, list[int], list[int]]:
        """The shortest tape, with so many times MORE steps more in the loops of each group, and its outputs and comparisons."""
        steps = {part.segment.low: part.segment.repeats - part.left_out + MORE * more[part.group] for part in self.loops}
        tape = Recorder()
        tape.values = None
        for role in self.roles:
            tape.inputs.append(tape.row(INPUT))
            tape.roles.append(role)
        for number in self.constants.tolist():
            tape.constants[tape.row(CONSTANT)] = number
        for loop in self.loops:
            for _ in range(steps[loop.segment.low] * len(self.marched(loop.segment))):
                tape.inputs.append(tape.row(INPUT))
                tape.roles.append(PER_STEP)
        near = _Near(self, steps, len(tape))
        for part in self.parts:
            self.write(tape, part, near.lines(part))
        for row, runs in self.sums:
            [total] = near.rows(np.array([row])).tolist()
            tape.wholes[total] = ops.sum_, tuple([x for run in runs for x in near.run(*run)])
        return tape, near.rows(self.results).tolist(), [x for run in self.guards for x in near.run(*run)]

    def write(self, tape: Tape, part: Passage, lines: np.ndarray) -> None:
        """Append the rows of a part whose operands are the rows `lines`, step by step."""
        for line in lines.tolist():
            at = 0
            for code, width, stands_for in part.rows:
                operands, at = line[at : at + width], at + width
                row = tape.row(code, *operands) if 0 < width < 3 else tape.row(code)
                if not 0 < width < 3:
                    tape.more[row] = tuple(operands)
                if stands_for is not None:
                    tape.wholes[row] = stands_for[0], tuple(line[at : at + stands_for[1]])
                    at += stands_for[1]


class _Near:
    """Where slots of the recorded program are found on a short tape with so many `steps` of each loop."""

    def __init__(self, recurrence: Recurrence, steps: dict[int, int], beginning: int) -> None:
        self.recurrence, self.steps = recurrence, steps
        self.shift = beginning - recurrence.first  # by which rows are moved, for the inputs for each step before them
        self.per_step = recurrence.first  # the first of these that no loop has had yet

    def rows(self, slots: np.ndarray) -> np.ndarray:
        """The rows on the tape; LooksOnly where one belongs to a step that is left out."""
        first, found = self.recurrence.first, slots.astype(np.int64)
        found[slots >= first] += self.shift
        for part in self.recurrence.loops:
            loop = part.segment
            kept, gone = self.steps[loop.low], loop.repeats - self.steps[loop.low]
            low = first + loop.low + kept // 2 * loop.period
            high = low + gone * loop.period
            if ((slots >= low) & (slots < high)).any():
                raise LooksOnly
            found[slots >= high] -= gone * loop.period
        return found

    def run(self, start: int, step: int, count: int) -> Sequence[int]:
        """The rows of a run of even steps, without those of steps that are left out."""
        first, last = self.rows(np.array([start, start + step * (count - 1)])).tolist()
        if step and (last - first) % step:
            raise LooksOnly
        return range(first, last + (step > 0) - (step < 0), step) if step else [first] * count

    def lines(self, part: Passage) -> np.ndarray:
        """The operands of a part, a line for each step."""
        loop = part.segment
        if loop.low not in self.steps:
            return self.rows(np.array([list(loop.at(k)) for k in range(loop.repeats)], dtype=np.int64).reshape(loop.repeats, -1))
        kept, marching = self.steps[loop.low], self.recurrence.marching(loop)
        steps, plain = np.arange(kept)[:, None], ~marching
        start, stride = loop.start[plain], loop.stride[plain]
        first, last = self.rows(start), self.rows(start + (loop.repeats - 1) * stride)
        if ((last - first) != (kept - 1) * stride).any():
            raise LooksOnly
        found = np.empty((kept, len(loop.start)), dtype=np.int64)
        found[:, plain] = first + steps * stride
        found[:, marching] = self.per_step + steps + kept * np.arange(int(marching.sum()))
        self.per_step += kept * int(marching.sum())
        return found


def long_sum(layout: Layout, row: int) -> tuple[int, list[tuple[int, int, int]]]:
    """The row that adds up what a long sum or a mean is of, and that as runs of even steps: of a mean the one that is divided."""
    op, operands = layout.whole[row]
    runs = progressions(operands)
    if len(runs) > NEARLY_AS_LONG:
        raise LooksOnly
    return int(layout.a[row]) if op is ops.mean else layout.first + row, runs


def kinds(layout: Layout, whole: dict[int, tuple[Op, list[int]]]) -> np.ndarray:
    """What each row is, as a number: its operation times 2**16, and a place among the others for its operands.

    `whole` are rows that stand for an operation, with the slots of its operands.
    """
    kind = layout.code << 16
    kind += layout.b >= 0
    known: dict[tuple[int, Op | None], int] = {}  # how many there are, and what the row stands for
    for row, operands in layout.many.items():
        stands_for = whole[row][0] if row in whole else None
        kind[row] = (int(layout.code[row]) << 16) + known.setdefault((len(operands), stands_for), 2 + len(known))
    return kind


def fewest(loop: Segment) -> int:
    """How few steps are enough."""
    return max(FEW_STEPS, -(-FEW_ROWS // loop.period))


def long(part: Passage) -> bool:
    """Whether there are so many steps that it pays to leave most of them out."""
    return part.segment.repeats >= TIMES_AS_LONG * fewest(part.segment)


def recurrence(tape: Tape, outputs: Sequence[int]) -> Recurrence | None:
    """The steps of a program that is a long recurrence, else None."""
    if len(tape) < LOOKED_INTO:
        return None
    try:
        found = Recurrence(tape, outputs)
        return found if found.loops else None
    except LooksOnly:
        return None
