"""The layout of a recurrence of any number of steps, read off those of a few: nothing in it grows with the steps.

Every number in the layout of a short tape (where its loops begin, which slots they read, where the results lie) grows by the same
amount when the steps of some loops grow by MORE. That is tried on tapes of several lengths; where it holds, the numbers for all
steps follow.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from ...operation import Op
from ..regroup.columns import Columns
from ..regroup.steps import Segment, progressions
from ..regroup.sums import flatten
from ..tape.recorder import Recorder
from .fewer_steps import LooksOnly, Recurrence
from .layout import Layout

Ask = Callable[[Recorder, Sequence[int]], list[int]]
"""What appends the rows of an answer to a tape with these outputs, and names them."""


class Stretched(Layout):
    """The layout for all steps of a recurrence, with the operations of one for a few."""

    written_out = False

    def __init__(self, recurrence: Recurrence, ask: Ask) -> None:
        groups = recurrence.groups
        units = [[int(i == k) for i in range(len(groups))] for k in range(len(groups))]
        short, kinds, numbers = measured(recurrence, ask, [0] * len(groups))
        growth = np.zeros((len(groups), len(numbers)), dtype=np.int64)
        for line, more in [*enumerate(units), (-1, [2] * len(groups))]:
            _, others, longer = measured(recurrence, ask, more)
            if others != kinds or len(longer) != len(numbers):
                raise LooksOnly
            if line >= 0:
                growth[line] = longer - numbers
            elif (longer - numbers != 2 * growth.sum(axis=0)).any():
                raise LooksOnly
        vars(self).update(vars(short))
        self.short = short
        self.read(iter((numbers + np.array(groups) @ growth).tolist()))

    def read(self, numbers: Iterator[int]) -> None:
        """Take the numbers of a layout, in the order in which they were written down."""
        self.size, self.inputs, self.depth, runs = (next(numbers) for _ in range(4))
        self.first = self.inputs + len(self.constants)
        even = [[next(numbers) for _ in range(3)] for _ in range(runs)]
        self.results = np.concatenate([start + step * np.arange(count) for start, step, count in even])
        self.long = []
        for part in self.short.segments:
            low, repeats = next(numbers), next(numbers)
            start, stride = (np.array([next(numbers) for _ in part.start], dtype=np.int64) for _ in range(2))
            self.long.append(replace(part, low=low, repeats=repeats, start=start, stride=stride))

    @property
    def segments(self) -> list[Segment]:
        """The rows in order, with those that repeat rolled up."""
        return self.long

    def __len__(self) -> int:
        return self.size

    @property
    def counts(self) -> dict[tuple[Op, int], int]:
        """How many rows there are of each operation on so many operands."""
        found: dict[tuple[Op, int], int] = {}
        for part in self.long:
            for row in part.rows:
                kind = self.op(row), len(self.operands(row))
                found[kind] = found.get(kind, 0) + part.repeats
        return found

    def needed_elsewhere(self, parts: Sequence[Segment], called: Collection[Op] = ()) -> np.ndarray:
        """Marks the rows of the short layout whose numbers must be stored."""
        repeats = {part.low: part.repeats for part in self.short.segments}
        near = [replace(part, low=part.like, repeats=min(part.repeats, repeats.get(part.like, 1))) for part in parts]
        return self.short.needed_elsewhere(near, called)


def measured(recurrence: Recurrence, ask: Ask, more: Sequence[int]) -> tuple[Layout, object, np.ndarray]:
    """The layout of an answer on a tape with so many steps more, what its rows are, and all numbers in it."""
    tape, outputs, guards = recurrence.tape(more)
    rows = [*ask(tape, outputs), *guards]
    layout = Layout(tape, rows)
    runs = progressions(layout.results.tolist())
    numbers = [len(layout), layout.inputs, flatten(Columns(tape, rows)).depth, len(runs), *[x for run in runs for x in run]]
    kinds: list[object] = [layout.constants.tobytes()]
    widths = layout.widths()
    for part in layout.segments:
        if len(part.tables):
            raise LooksOnly
        numbers += [part.low, part.repeats, *part.start.tolist(), *part.stride.tolist()]
        block = slice(part.low, part.low + part.period)
        kinds.append((part.repeats > 1, layout.code[block].tobytes(), widths[block].tobytes()))
    return layout, kinds, np.array(numbers, dtype=np.int64)
