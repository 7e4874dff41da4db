"""A narrow program as Python: rows that depend on one another as lines, and steps that repeat as a loop over the lines of one.

A row that is used more than once is a variable; a row used once stands in brackets inside its user. What another step needs is
stored in a slot of a list. A division by zero, an overflow or a number outside a function's domain raises, nan and infinity reach
the results; either way the exact path takes over. All else has the bits of eager evaluation.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from ...operation import Op
from ..regroup.steps import Segment, straight
from ..tape.gradient import arrival, chain_step
from ..tape.rows import code_of
from .array_program import Array
from .form import Form
from .layout import Layout

_INFIX = {"add", "subtract", "multiply", "divide", "negative"}
INLINE = {"relu": "(0.0 if (t := {0}) <= 0.0 else t)", "greater": "(1.0 if {0} > {1} else 0.0)"}
RAISING = {"sin", "cos", "exp", "log", "sqrt", "sinh", "cosh", "tanh"}  # of `math`: half the time of functions that never raise
SOURCE_ROW_NS, COMPILING_NS, START_COMPILING_NS = 25.0, 9_000.0, 1e6  # measured: running a row, compiling it, compiling at all
SOURCE_LOOKING_NS = 1_000.0  # looking at a row whether it repeats
LONGEST_SOURCE = 60_000  # rows to compile; Python compiles longer functions ever more slowly
_DEEPEST = 8  # brackets within brackets: a quarter off the time of random graphs; more takes no more off


class Source(Form):
    """The rows of a layout as a function written in Python."""

    name = "source"
    said = "one by one (source)"
    in_loops = True

    @classmethod
    def cost(cls, layout: Layout) -> float:
        """About how many ns a run takes."""
        return SOURCE_ROW_NS * len(layout)

    @classmethod
    def making(cls, layout: Layout, closely: bool = True) -> float:
        """About how many ns it takes to compile it, infinity where too little repeats; else at least how many."""
        if len(layout) > LONGEST_SOURCE and not closely and layout.written_out:
            return START_COMPILING_NS + SOURCE_LOOKING_NS * len(layout)
        rows = sum(part.period for part in parts_of(layout))
        return START_COMPILING_NS + COMPILING_NS * rows if rows <= LONGEST_SOURCE else math.inf

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        parts = parts_of(layout)
        stored = layout.needed_elsewhere(parts)
        names: dict[str, object] = {"inf": math.inf, "nan": math.nan}
        lines = ["def run(v):"]
        for part in parts:
            lines += _Step(layout, part, stored, names).lines()
        lines.append(f"    return [{', '.join([f'v[{slot}]' for slot in layout.results.tolist()])}]")
        exec(compile("\n".join(lines), "<replay>", "exec"), names)
        self.run: Callable[[list[float]], list[float]] = names["run"]  # type: ignore[assignment]
        self.rest = [*layout.constants.tolist(), *([0.0] * len(layout))]

    def bind(self) -> Callable[[Array], Array]:
        """The program as a function from inputs to results."""
        return lambda inputs: np.array(self.run(inputs.tolist() + self.rest), dtype=np.float64)


def parts_of(layout: Layout) -> list[Segment]:
    """The rows in one piece, as lines run in half the time of loops; in loops where that would be too much to compile."""
    in_loops = len(layout) > LONGEST_SOURCE or not layout.written_out
    return layout.segments if in_loops else [straight(*layout.flat(), 0, len(layout))]


class _Step:
    """The rows of a segment: once after the other, or in a loop over its steps."""

    def __init__(self, layout: Layout, segment: Segment, stored: np.ndarray, names: dict[str, object]) -> None:
        self.layout, self.segment, self.stored, self.names = layout, segment, stored, names
        self.own = segment.period if segment.repeats > 1 else 0  # how much further the slots of the rows are in each step
        self.keys = list(zip(segment.start.tolist(), segment.stride.tolist(), segment.table.tolist(), strict=True))
        self.uses = Counter(self.keys)
        self.text: dict[tuple[int, int, int], str] = {}
        self.depth: Counter[str] = Counter()

    def lines(self) -> Iterator[str]:
        """The segment as lines of Python."""
        indent, operand = "    ", 0
        if self.own:
            yield f"    for k in range({self.segment.repeats}):"
            indent += "    "
            for stride in sorted(set(self.segment.stride.tolist()) | {self.own}):
                yield f"{indent}{further(stride)} = {stride} * k"
        for row in self.segment.rows:
            width = len(self.layout.operands(row))
            operands = []
            for key in self.keys[operand : operand + width]:
                if key not in self.text:
                    self.text[key] = self.read(key)
                    if self.uses[key] > 1:
                        yield f"{indent}x{operand} = {self.text[key]}"
                        self.text[key] = f"x{operand}"
                operands.append(self.text[key])
                operand += 1
            yield from (indent + line for line in self.row(row, operands))

    def row(self, row: int, operands: list[str]) -> Iterator[str]:
        """What is written down for a row, if it does not stand in brackets in another one."""
        text = spelled(self.layout.op(row), operands, self.names)
        key = self.layout.first + self.segment.low + row - self.segment.like, self.own, -1
        self.depth[text] = 1 + max([self.depth[x] for x in operands], default=0)
        if self.stored[row] or self.uses[key] > 1 or self.depth[text] > _DEEPEST:
            yield f"r{row} = {text}"
            text = f"r{row}"
            if self.stored[row]:
                yield f"{self.slot(key[0], self.own)} = {text}"
        self.text[key] = text

    def read(self, key: tuple[int, int, int]) -> str:
        """An operand from the list of numbers."""
        start, stride, table = key
        if table < 0:
            return self.slot(start, stride)
        name = f"t{self.segment.low}_{table}"
        self.names[name] = self.segment.tables[table].tolist()
        return f"v[{name}[k]]"

    def slot(self, start: int, stride: int) -> str:
        """A place in the list."""
        return f"v[{start} + {further(stride)}]" if stride else f"v[{start}]"


def further(stride: int) -> str:
    """The variable for how many slots further a step reads."""
    return f"o{stride}".replace("-", "_")


def spelled(op: Op, operands: list[str], names: dict[str, object]) -> str:
    """One operation, in brackets or as a call; a function that it calls joins `names`."""
    if op.name in _INFIX or op in (chain_step, arrival):
        return f"({op.template.format(*operands)})"
    if op.name in INLINE:
        return INLINE[op.name].format(*operands)
    called = f"f{code_of(op)}"
    names[called] = getattr(math, op.name) if op.name in RAISING else op.forward
    return f"{called}({', '.join(operands)})"
