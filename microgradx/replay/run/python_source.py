"""A narrow program as straight-line Python: for graphs whose rows depend on one another, so that arrays have nothing to hold.

One assignment per row that is used more than once; a row used once stands in brackets inside its user, and so is neither
stored nor kept until the end. A division by zero, an overflow or a number outside a function's domain raises, nan and infinity
reach the results; either way the exact path takes over. All else has the bits of eager evaluation.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain as chain_of

import numpy as np

from ...operation import Op
from ..regroup.columns import operations
from ..tape.gradient import chain
from ..tape.rows import Rows, code_of
from .array_program import Array
from .form import Form
from .layout import Layout

INFIX = {"add", "subtract", "multiply", "divide", "negative"}
INLINE = {"relu": "(0.0 if (t := {0}) <= 0.0 else t)", "greater": "(1.0 if {0} > {1} else 0.0)"}
RAISING = {"sin", "cos", "exp", "log", "sqrt", "sinh", "cosh", "tanh"}  # of `math`: half the time of functions that never raise
SOURCE_ROW_NS, COMPILING_NS, START_COMPILING_NS = 25.0, 9_000.0, 1e6  # measured: running a row, compiling it, compiling at all
LONGEST_SOURCE = 60_000  # rows; Python compiles longer functions ever more slowly
DEEPEST = 8  # brackets within brackets: a quarter off the time of random graphs; more takes no more off


class Source(Form):
    """The rows of a layout as a function written in Python."""

    name = "source"
    said = "one by one (source)"

    @classmethod
    def cost(cls, layout: Layout) -> float:
        """About how many ns a run takes; infinity where there are too many rows."""
        return SOURCE_ROW_NS * len(layout) if len(layout) <= LONGEST_SOURCE else math.inf

    @classmethod
    def making(cls, layout: Layout, closely: bool = True) -> float:
        """About how many ns it takes to compile it."""
        return START_COMPILING_NS + COMPILING_NS * len(layout)

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self.run = source(layout.tape, layout.outputs)

    def bind(self) -> Callable[[Array], Array]:
        """The program as a function from inputs to results."""
        return lambda inputs: np.array(self.run(inputs.tolist()), dtype=np.float64)


def source(tape: Rows, outputs: Sequence[int]) -> Callable[[Sequence[float]], tuple[float, ...]]:
    """A Python function from the inputs to the output rows."""
    steps = list(operations(tape, outputs))
    uses = Counter(chain_of.from_iterable(parents for _, _, parents in steps)) + Counter(outputs) + Counter(outputs)
    depth: Counter[int] = Counter()
    text = {row: f"({value!r})" for row, value in tape.constants.items()} | {row: f"v{row}" for row in tape.inputs}
    names: dict[str, object] = {"inf": math.inf, "nan": math.nan}
    inputs = "".join(f"v{row}, " for row in tape.inputs)
    lines = ["def run(inputs):", f"    {inputs[:-1]} = inputs" if inputs else "    pass"]
    for row, op, parents in steps:
        text[row] = spelled(op, [text[x] for x in parents], names)
        depth[row] = 1 + max([depth[x] for x in parents], default=0)
        if uses[row] > 1 or depth[row] > DEEPEST:
            lines.append(f"    v{row} = {text[row]}")
            text[row], depth[row] = f"v{row}", 0
    lines.append(f"    return ({''.join(text[row] + ', ' for row in outputs)})")
    exec(compile("\n".join(lines), "<replay>", "exec"), names)
    return names["run"]  # type: ignore[return-value]


def spelled(op: Op, operands: list[str], names: dict[str, object]) -> str:
    """One operation, in brackets or as a call; a function that it calls joins `names`."""
    if op.name in INFIX or op is chain:
        return f"({op.template.format(*operands)})"
    if op.name in INLINE:
        return INLINE[op.name].format(*operands)
    called = f"f{code_of(op)}"
    names[called] = getattr(math, op.name) if op.name in RAISING else op.forward
    return f"{called}({', '.join(operands)})"
