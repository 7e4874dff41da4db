"""A narrow program as straight-line Python: for graphs whose rows depend on one another, so that arrays have nothing to hold.

One assignment per row. A division by zero, an overflow or a number outside a function's domain raises, nan and infinity reach
the results; either way the exact path takes over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .columns import live_rows
from .gradient import chain
from .rows import CONSTANT, TABLE, Rows

INFIX = {"add", "subtract", "multiply", "divide", "negative"}
INLINE = {"relu": "(0.0 if {0} <= 0.0 else {0})", "greater": "(1.0 if {0} > {1} else 0.0)"}
RAISING = {"sin", "cos", "exp", "log", "sqrt", "sinh", "cosh", "tanh"}  # of `math`: half the time of functions that never raise


def source(tape: Rows, outputs: Sequence[int]) -> Callable[[Sequence[float]], tuple[float, ...]]:
    """A Python function from the inputs to the output rows."""
    live = live_rows(tape.a, tape.b, tape.more, outputs)
    names: dict[str, object] = {}
    lines = ["def run(inputs):"]
    inputs = "".join(f"v{row}, " for row in tape.inputs)
    lines.append(f"    {inputs[:-1]} = inputs" if inputs else "    pass")
    constants = {row: f"({value!r})" for row, value in tape.constants.items()}
    for row, (code, a, b) in enumerate(zip(tape.op, tape.a, tape.b, strict=True)):
        op = TABLE[code]
        if op is None or code <= CONSTANT or not live[row]:
            continue
        parents = (a, b) if b >= 0 else (a,) if a >= 0 else tape.more[row]
        operands = [constants.get(x) or f"v{x}" for x in parents]
        if op.name in INFIX or op is chain:
            lines.append(f"    v{row} = {op.template.format(*operands)}")
        elif op.name in INLINE and not any(x in constants for x in parents[:1]):
            lines.append(f"    v{row} = {INLINE[op.name].format(*operands)}")
        else:
            names[f"f{code}"] = getattr(math, op.name) if op.name in RAISING else op.forward
            lines.append(f"    v{row} = f{code}({', '.join(operands)})")
    found = "".join(f"{constants.get(row) or f'v{row}'}, " for row in outputs)
    lines.append(f"    return ({found})")
    names["inf"], names["nan"] = float("inf"), float("nan")
    exec(compile("\n".join(lines), "<replay>", "exec"), names)
    return names["run"]  # type: ignore[return-value]
