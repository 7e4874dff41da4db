"""The exact path: the tape replayed row by row on Python floats, with the forward functions of eager evaluation.

It is the judge whenever the array program meets infinity or nan (a gradient factor that is exactly zero then contributes
exactly zero, as in eager evaluation). Narrow programs that run a few times only run in the same way.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from itertools import islice

import numpy as np

from ..regroup.columns import live_rows
from ..tape.rows import CONSTANT, TABLE, Rows


class Loop:
    """The live rows of a tape, each with its function and the places of its operands; every run has its own list of values.

    The values of inputs and constants come first, then each row appends its own. As columns, a row takes 16 bytes; it would be
    200 as a tuple.
    """

    def __init__(self, tape: Rows, outputs: Sequence[int]) -> None:
        op = np.array(tape.op)
        rows = np.flatnonzero(live_rows(tape, outputs) & (op > CONSTANT))
        leaves = [*tape.inputs, *tape.constants]
        place = np.full(len(op) + 1, -1, dtype=np.intc)  # the last one answers for operand -1
        place[leaves] = np.arange(len(leaves))
        place[rows] = len(leaves) + np.arange(len(rows))
        self.constants, self.leaves = list(tape.constants.values()), len(leaves)
        self.forward = [TABLE[code].forward for code in op[rows].tolist()]
        self.a, self.b = (array("i", place[np.array(column)[rows]].tobytes()) for column in (tape.a, tape.b))
        wide = rows[np.array(tape.a)[rows] < 0].tolist()
        self.many = [place[list(tape.more[row])].tolist() for row in wide]
        self.outputs = place[list(outputs)].tolist()

    def run(self, inputs: Sequence[float]) -> list[float]:
        """The output rows for these inputs."""
        values = self.values(inputs)
        return [values[place] for place in self.outputs]

    def run_finite(self, inputs: Sequence[float]) -> list[float]:
        """`run`, raising FloatingPointError where a number on the way is not finite, or nearly so."""
        values = self.values(inputs)
        if not math.isfinite(sum(islice(values, self.leaves, None))):
            raise FloatingPointError("not all numbers are finite")
        return [values[place] for place in self.outputs]

    def values(self, inputs: Sequence[float]) -> list[float]:
        """Inputs, constants and the results of all rows."""
        values, many = [*inputs, *self.constants], iter(self.many)
        add = values.append
        for forward, a, b in zip(self.forward, self.a, self.b, strict=True):
            if b >= 0:
                add(forward(values[a], values[b]))
            elif a >= 0:
                add(forward(values[a]))
            else:
                add(forward(*[values[x] for x in next(many)]))
        return values
