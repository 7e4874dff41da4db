"""The exact path: the tape replayed row by row on Python floats, with the forward functions of eager evaluation.

It is the judge whenever the array program meets infinity or nan (a gradient factor that is exactly zero then contributes
exactly zero, as in eager evaluation), and the form of choice for narrow programs that run a few times only.
"""

from __future__ import annotations

from collections.abc import Sequence

from .columns import operations
from .rows import Rows


class Loop:
    """The live rows of a tape as (function, row, operands a and b, all operands); every run has its own list of values."""

    def __init__(self, tape: Rows, outputs: Sequence[int]) -> None:
        self.outputs = list(outputs)
        self.inputs = list(tape.inputs)
        self.start = [0.0] * len(tape)
        for row, value in tape.constants.items():
            self.start[row] = value
        self.steps = [
            (op.forward, row, tape.a[row], tape.b[row], parents) for row, op, parents in operations(tape, outputs)
        ]

    def run(self, inputs: Sequence[float]) -> list[float]:
        """The output rows for these inputs."""
        values = self.start.copy()
        for row, value in zip(self.inputs, inputs, strict=True):
            values[row] = value
        for forward, row, a, b, parents in self.steps:
            if b >= 0:
                values[row] = forward(values[a], values[b])
            elif a >= 0:
                values[row] = forward(values[a])
            else:
                values[row] = forward(*[values[x] for x in parents])
        return [values[row] for row in self.outputs]
