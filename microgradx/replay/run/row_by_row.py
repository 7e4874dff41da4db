"""Row by row on Python floats, with the forward functions of eager evaluation: nothing to compile, and right for every number."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Sequence

import numpy as np

from ..tape.rows import TABLE
from .array_program import Array
from .form import Form
from .layout import Layout

LOOP_ROW_NS, STEP_ROW_NS = 100.0, 300.0  # measured: one row, and where the places of its operands are found step by step


class Loop(Form):
    """The rows of a layout, each with its function and the places of its operands; every run has its own list of values.

    As columns, a row takes 16 bytes; it would be 200 as a tuple.
    """

    name, exact = "loop", True
    said = "one by one (loop)"
    arrays = 0.5

    @classmethod
    def cost(cls, layout: Layout) -> float:
        """About how many ns a run takes."""
        return LOOP_ROW_NS * len(layout)

    @classmethod
    def making(cls, layout: Layout, closely: bool = True) -> float:
        """About how many ns it takes to make one: it is what every program has first."""
        return 0.0

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self.constants, self.outputs = layout.constants.tolist(), layout.results.tolist()
        self.forward = [op.forward for code in layout.code.tolist() if (op := TABLE[code]) is not None]
        self.a, self.b = (array("i", column.astype(np.intc).tobytes()) for column in (layout.a, layout.b))

    def run(self, inputs: Sequence[float]) -> list[float]:
        """The output rows for these inputs."""
        values, many = [*inputs, *self.constants], iter(self.layout.many.values())
        add = values.append
        for forward, a, b in zip(self.forward, self.a, self.b, strict=True):
            if b >= 0:
                add(forward(values[a], values[b]))
            elif a >= 0:
                add(forward(values[a]))
            else:
                add(forward(*[values[x] for x in next(many)]))
        return [values[place] for place in self.outputs]

    def bind(self) -> Callable[[Array], Array]:
        """The program as a function from inputs to results."""
        return lambda inputs: np.array(self.run(inputs.tolist()), dtype=np.float64)


class Steps(Form):
    """The same, where the steps of a loop were not written out."""

    name, exact, in_loops = "loop", True, True
    said = "one by one (loop)"

    @classmethod
    def cost(cls, layout: Layout) -> float:
        """About how many ns a run takes."""
        return STEP_ROW_NS * len(layout)

    @classmethod
    def making(cls, layout: Layout, closely: bool = True) -> float:
        """About how many ns it takes to make one."""
        return 0.0

    def run(self, inputs: Sequence[float]) -> list[float]:
        """The output rows for these inputs."""
        layout = self.layout
        values = array("d", layout.buffer().tobytes())
        values[: layout.inputs] = array("d", inputs)
        get, place = values.__getitem__, layout.first
        for segment in layout.segments:
            rows = [(layout.op(row).forward, len(layout.operands(row))) for row in segment.rows]
            for k in range(segment.repeats):
                slots = segment.at(k)
                for forward, width in rows:
                    values[place] = forward(*map(get, itertools.islice(slots, width)))
                    place += 1
        return [values[slot] for slot in layout.results.tolist()]

    def bind(self) -> Callable[[Array], Array]:
        """The program as a function from inputs to results."""
        return lambda inputs: np.array(self.run(inputs.tolist()), dtype=np.float64)
