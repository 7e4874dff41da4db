"""The live rows of a tape in consecutive slots of one buffer: inputs, constants, then one number for each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import chain as chain_of
from itertools import islice

import numpy as np

from ...operation import Op
from ..regroup.columns import live_rows
from ..regroup.steps import OPERANDS_AT_ONCE, Segment, segments
from ..tape.dependence import depends
from ..tape.gradient import chain_step
from ..tape.rows import CODES, CONSTANT, TABLE
from ..tape.tape import Tape
from .accumulations import Accumulations, accumulations

# through which nan may not go on: comparisons, nan ** 0, the condition of a choice
LOSING = frozenset({"greater", "at_least", "equal", "differs", "power", "hypot", "where"})


class Layout:
    """What the forms that work row by row have in common: `code` says which operation each row is, `a` and `b` the slots of its
    operands (-1 for none), `many` those of rows with more than two; `results` are the slots of the outputs. With `whole`, rows
    that stand for an operation of eager evaluation know it, and the slots of its operands.
    """

    written_out = True  # every row is there, also of steps that repeat

    def __init__(self, tape: Tape, outputs: Sequence[int], whole: bool = False) -> None:
        self.tape, self.outputs = tape, list(outputs)
        op, *operands = (np.asarray(memoryview(column)) for column in (tape.op, tape.a, tape.b))
        self.live = live_rows(tape, outputs)
        live = self.live & (op > CONSTANT)
        leaves = [*tape.inputs, *tape.constants]
        self.inputs, self.first = len(tape.inputs), len(leaves)
        self.constants = np.array(list(tape.constants.values()), dtype=np.float64)
        place = np.full(len(op) + 1, -1, dtype=np.int32)  # the last one answers for operand -1
        place[leaves] = np.arange(len(leaves))
        self.code = op[live].astype(np.int32)
        place[:-1][live] = np.arange(len(leaves), len(leaves) + len(self.code), dtype=np.int32)
        self.a, self.b = (gathered(place, column[live]) for column in operands)
        few = np.flatnonzero(self.a < 0)
        listed = [tape.more[row] for row in np.flatnonzero(live)[few].tolist()] if len(few) else []
        slots = iter(place[list(chain_of.from_iterable(listed))].tolist() if listed else ())
        self.many: dict[int, list[int]] = {
            i: list(islice(slots, len(rows))) for i, rows in zip(few.tolist(), listed, strict=True)
        }
        self.whole: dict[int, tuple[Op, list[int]]] = {
            int(place[row]) - self.first: (op, place[list(operands)].tolist())
            for row, (op, operands) in (tape.wholes.items() if whole else ())
            if place[row] >= self.first
        }
        self.results = place[self.outputs]
        self.loses = self.may_lose()

    def rows(self) -> np.ndarray:
        """The rows of the tape that are in it, in order."""
        op = np.asarray(memoryview(self.tape.op))[: len(self.live)]  # the tape may have grown since
        return np.flatnonzero(self.live & (op > CONSTANT))

    def __len__(self) -> int:
        return len(self.code)

    def widths(self) -> np.ndarray:
        """How many operands each row has."""
        widths = (self.b >= 0).astype(np.int32) + np.int32(1)
        widths[list(self.many)] = [len(operands) for operands in self.many.values()]
        return widths

    def flat(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the operands of each row start, and the slots of all operands, one after the other."""
        starts = np.zeros(len(self.code) + 1, dtype=np.int32)
        np.cumsum(self.widths(), out=starts[1:])
        slots = np.zeros(starts[-1], dtype=np.int32)
        for low in range(0, len(self.code), OPERANDS_AT_ONCE):
            part = slice(low, low + OPERANDS_AT_ONCE)
            for column, nth in ((self.a[part], 0), (self.b[part], 1)):
                there = column >= 0
                slots[starts[:-1][part][there] + nth] = column[there]
        for row, operands in self.many.items():
            slots[starts[row] : starts[row + 1]] = operands
        return starts, slots

    @cached_property
    def segments(self) -> list[Segment]:
        """The rows in order, with those that repeat rolled up."""
        return segments(self.code.astype(np.int64) << 32 | self.widths(), *self.flat(), self.first)

    def needed_elsewhere(self, parts: Sequence[Segment], called: Collection[Op] = ()) -> np.ndarray:
        """Marks the rows whose numbers must be stored if each part is a function or loop of its own.

        These are results, and what another part, another step, or an operation that is `called` reads.
        """
        step = np.empty(len(self), dtype=np.int64)
        for part in parts:
            step[part.low : part.high] = part.low + np.repeat(np.arange(part.repeats) * part.period, part.period)
        starts, slots = self.flat()
        inner = slots >= self.first
        made, user = slots[inner] - self.first, np.repeat(np.arange(len(self)), np.diff(starts))[inner]
        asked = np.isin(self.code, [CODES[op] for op in called])
        stored = np.zeros(len(self), dtype=bool)
        stored[made[(step[made] != step[user]) | asked[user]]] = True
        stored[self.results[self.results >= self.first] - self.first] = True
        for part in parts:
            if part.repeats > 1:
                rows = stored[part.low : part.high].reshape(part.repeats, part.period)
                rows[:] = rows.any(axis=0)
        return stored

    def op(self, row: int) -> Op:
        """The operation of a live row."""
        found = TABLE[int(self.code[row])]
        assert found is not None
        return found

    def operands(self, row: int) -> list[int]:
        """The slots of its operands."""
        if row in self.many:
            return list(self.many[row])
        a, b = int(self.a[row]), int(self.b[row])
        return [a, b] if b >= 0 else [a]

    @cached_property
    def accumulations(self) -> Accumulations:
        """The accumulations of products among the rows."""
        size = self.first + len(self) + 1
        uses = (np.bincount(self.a + 1, minlength=size) + np.bincount(self.b + 1, minlength=size))[1:]  # operand -1 is none
        np.add.at(uses, list(chain_of.from_iterable(self.many.values())), 1)
        uses[self.results] = 2
        return accumulations(self.code, self.a, self.b, self.first, uses)

    @cached_property
    def counts(self) -> dict[tuple[Op, int], int]:
        """How many rows there are of each operation on so many operands."""
        found = Counter((int(self.code[row]), len(operands)) for row, operands in self.many.items())
        few = np.bincount((2 * self.code + (self.b >= 0))[self.a >= 0])  # rows of one operand and of two
        found.update({(kind >> 1, 1 + (kind & 1)): int(few[kind]) for kind in np.flatnonzero(few).tolist()})
        return {(op, width): count for (code, width), count in found.items() if (op := TABLE[code]) is not None}

    def may_lose(self) -> bool:
        """Whether a product that is nan only because its zero factor was not heeded may be lost on the way to the results.

        Such products are derivatives, so only derivatives of derivatives can lose one; all other nan are nan in eager evaluation.
        """
        lose = np.array([op is not None and op.name in LOSING for op in TABLE])[self.code]
        are_products = self.code == CODES.get(chain_step, -1)
        if not lose.any() or not are_products.any():
            return False
        rows = self.rows()
        products = rows[are_products]
        asked = self.asked(rows[lose & (rows > products[0])])
        if asked.max(initial=-1) < products[0]:  # as most are of the function itself
            return False
        marked = depends(self.tape, products.tolist())
        return any(marked[x] for x in asked.tolist())

    def asked(self, losing: np.ndarray) -> np.ndarray:
        """The rows through which these may lose: of a choice the condition."""
        op, a, b = (np.asarray(memoryview(column)) for column in (self.tape.op, self.tape.a, self.tape.b))
        first = [self.tape.more[row][0] for row in losing[a[losing] < 0].tolist()]
        operands = np.concatenate((a[losing], b[losing], np.array(first, dtype=np.int32)))
        found: np.ndarray = operands[(operands >= 0) & (op[operands] > CONSTANT)]
        return found

    def buffer(self) -> np.ndarray:
        """Room for the numbers of one run, the constants in their slots."""
        slots = np.zeros(self.first + len(self))
        slots[self.inputs : self.first] = self.constants
        return slots


def gathered(place: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """`place[rows]`, without numpy's copy of the rows as integers of twice their size."""
    found = np.empty(len(rows), dtype=place.dtype)
    for low in range(0, len(rows), OPERANDS_AT_ONCE):
        found[low : low + OPERANDS_AT_ONCE] = place[rows[low : low + OPERANDS_AT_ONCE]]
    return found
