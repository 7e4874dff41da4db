"""A program as boxes and arrows: a box for each array instruction, with its shape, its scalars and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from ..regroup.instructions import Instruction
from ..run.array_program import Plan
from ..run.runner import Runner
from .text import RowNames, dimensions, pattern, title

_Box = tuple[list[str], str, str]
NOBODY = -1  # who wrote the numbers of the program
LONGEST_LINE = 44  # letters of a line
DRAWN, ALIKE = 20_000, 4  # rows of a program that runs one by one and is still drawn as arrays, if so many share an instruction
LEGEND = {"heavy": "blue: matrix products", "move": "dashed: numbers collected from several places", "result": "orange: results"}

Chart = tuple[str, list[_Box], list[tuple[int, int, int]], list[str]]
"""What `microgradx.draw` asks for: title, boxes (lines, kind, tooltip), arrows (from, to, numbers carried), caption."""


def chart(runners: Mapping[Hashable, Runner], values: int, chosen: Callable[[Any], list[int]]) -> Chart:
    """The largest runner of a program, such as that of the value with its gradient.

    The program has so many `values`; `chosen` gives the rows that a gradient is taken by.
    """
    kind, runner = max(runners.items(), key=lambda item: item[1].rows_live)
    what = f"the program for the {title(kind)}"
    plan = runner.array_plan() if runner.wide or runner.rows_live <= DRAWN else None
    if plan is None or len(plan.instructions) > runner.rows_live / ALIKE:
        text = [f"{runner.rows_live:,} rows", runner.said]
        return what, [(text, "step", "")], [], ["Too little is alike for array instructions."]
    drawn = Boxes(runner.tape.labels, plan)
    drawn.add_results(kind, values, chosen)
    head = f"{title(kind).capitalize()}: {dimensions(runner, plan)}."
    used = {kind for _, kind, _ in drawn.boxes}
    legend = "; ".join([said for kind, said in LEGEND.items() if kind in used] + ["width: how many numbers"])
    arrows = [(*ends, size) for ends, size in drawn.arrows.items()]
    return what, drawn.boxes, arrows, [head, legend[0].upper() + legend[1:] + "."]


class Boxes:
    """The boxes of one plan, made instruction by instruction; `owner` says for every place of a buffer which box wrote it."""

    def __init__(self, labels: dict[int, str], plan: Plan) -> None:
        self.plan, self.labels = plan, labels
        self.names = RowNames(plan, self.labels)
        self.boxes: list[_Box] = []
        self.arrows: dict[tuple[int, int], int] = {}
        self.inputs: dict[str, int] = {}
        self.owner = {space: np.full(max(1, size), NOBODY) for space, size in plan.sizes.items()}
        for step in plan.instructions:
            self.add(step)

    def add(self, step: Instruction) -> None:
        """The box of one instruction and the arrows of its operands."""
        _, _, shapes, origin = self.names.line(step)
        name = {"take": "gather", "reduce": "sum"}.get(step.name, step.name)
        fixed = [text for view in step.reads if (text := self.names.name(view)) == "numbers" or not any(map(str.isalpha, text))]
        lines = [" ".join([name, *fixed]), shapes.removeprefix("matmul "), many(step.nodes, "scalar"), _short(origin)]
        kind = {"matmul": "heavy", "take": "move"}.get(step.name, "step")
        here = len(self.boxes)
        self.boxes.append(([line for line in lines if line], kind, origin))
        for slots, space in [(step.index, "slots")] if step.index is not None else [(v.places(), v.space) for v in step.reads]:
            self.connect(np.unique(slots), space, here)
        self.owner[step.write.space][step.write.places()] = here

    def connect(self, slots: Any, space: str, here: int) -> None:
        """Arrows to box `here` from the boxes that wrote these places, and from the inputs among them."""
        owners = self.owner[space][slots]
        for tail in np.unique(owners[owners != NOBODY]).tolist():
            self.arrow(tail, here, int((owners == tail).sum()))
        given = slots[slots < self.plan.inputs] if space == "slots" else slots[:0]
        if len(given):
            name = self.names.inputs(given)
            if name not in self.inputs:
                self.inputs[name] = len(self.boxes)
                self.boxes.append(([_short(name), many(len(given), "number")], "input", name))
            self.arrow(self.inputs[name], here, len(given))

    def arrow(self, tail: int, head: int, size: int) -> None:
        """One arrow between two boxes, for all that goes from one to the other."""
        if tail != head:
            self.arrows[tail, head] = max(size, self.arrows.get((tail, head), 0))

    def add_results(self, kind: Hashable, values: int, chosen: Callable[[Any], list[int]]) -> None:
        """What comes out: the values, and the slopes by the name of what they belong to."""
        results = self.plan.results
        if title(kind) == "gradient":
            assert isinstance(kind, tuple)
            values = 1
            known = [self.labels[row] for row in chosen(kind[1]) if row in self.labels]
            slopes = f"slopes of {pattern(known)}" if known else "slopes"
        else:
            slopes = str(title(kind)) if title(kind) != "value" else ""
            values = 0 if slopes else values
        for name, slots in (("value" if values == 1 else "values", results[:values]), (slopes, results[values:])):
            if len(slots) and name:
                here = len(self.boxes)
                self.boxes.append(([_short(name), many(len(slots), "number")], "result", name))
                self.connect(np.unique(slots), "slots", here)


def many(count: int, what: str) -> str:
    """1 scalar, 2 scalars, and nothing for none."""
    return f"{count:,} {what}{'s' if count > 1 else ''}" if count else ""


def _short(text: str) -> str:
    """A line that fits a box."""
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 4] + " ..."
