"""A program as boxes and arrows: a box for each array instruction, with its shape, its scalars and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from ..regroup.instructions import Instruction
from ..run.array_program import Plan
from ..run.runner import Runner
from .loop_boxes import loop_boxes
from .text import RowNames, dimensions, pattern, title

_Box = tuple[list[str], str, str]
NOBODY = -1  # who wrote the numbers of the program
LONGEST_LINE = 44  # letters of a line
DRAWN, ALIKE = 20_000, 4  # rows of a program that runs one by one and is still drawn as arrays, if so many share an instruction
FEW_CALLS = 60  # array instructions of a program that runs so, up to which no loops are looked for
ROLLED, MOST_BOXES = 1_000_000, 200  # rows of a program in which loops are looked for, and boxes that can be read
LEGEND = {"heavy": "blue: matrix products", "move": "dashed: numbers collected from several places", "result": "orange: results"}

Chart = tuple[Any, ...]
"""What `microgradx.draw` asks for: title, boxes (lines, kind, tooltip), arrows (from, to, numbers carried), caption; of a program
that runs row by row also the frames of its loops, and the arrows from one round to the next."""


def chart(runners: Mapping[Hashable, Runner], values: int, chosen: Callable[[Any], list[int]]) -> Chart:
    """The largest runner of a program, such as that of the value with its gradient.

    The program has so many `values`; `chosen` gives the rows that a gradient is taken by.
    """
    kind, runner = max(runners.items(), key=lambda item: item[1].rows_live)
    what = f"the program for the {title(kind)}"
    plan = runner.array_plan() if runner.wide or runner.rows_live <= DRAWN else None
    parts = results(kind, runner.tape.labels, values, chosen)
    if plan is None or not runner.wide or len(plan.instructions) > FEW_CALLS:
        rolled = loops(runner, parts, title(kind))
        if plan is None or len(rolled[0]) < len(plan.instructions) or len(plan.instructions) > runner.rows_live / ALIKE:
            return what, *rolled
    drawn = Boxes(runner.tape.labels, plan)
    for name, low, high in parts:
        if len(plan.results[low:high]):
            drawn.add_result(name, plan.results[low:high])
    head = f"{title(kind).capitalize()}: {dimensions(runner, plan)}."
    used = {kind for _, kind, _ in drawn.boxes}
    legend = "; ".join([said for kind, said in LEGEND.items() if kind in used] + ["width: how many numbers"])
    arrows = [(*ends, size) for ends, size in drawn.arrows.items()]
    return what, drawn.boxes, arrows, [head, legend[0].upper() + legend[1:] + "."]


def results(
    kind: Hashable, labels: dict[int, str], values: int, chosen: Callable[[Any], list[int]]
) -> list[tuple[str, int, int | None]]:
    """What comes out, and its place: the values, and the slopes by the name of what they belong to."""
    if title(kind) == "gradient":
        assert isinstance(kind, tuple)
        values = 1
        known = [labels[row] for row in chosen(kind[1]) if row in labels]
        slopes = f"slopes of {pattern(known)}" if known else "slopes"
    else:
        slopes = str(title(kind)) if title(kind) != "value" else ""
        values = 0 if slopes else values
    found: list[tuple[str, int, int | None]] = [("value" if values == 1 else "values", 0, values), (slopes, values, None)]
    return [part for part in found if part[0] and part[1] != part[2]]


def loops(runner: Runner, parts: Sequence[tuple[str, int, int | None]], name: str) -> tuple[Any, ...]:
    """Boxes, arrows, caption, frames and the arrows round of a runner whose rows run one by one."""
    drawn = loop_boxes(runner.full, parts, name == "gradient") if runner.rows_live <= ROLLED else None
    if drawn is None or len(drawn.boxes) > MOST_BOXES:
        whole = [([many(runner.rows_live, "row"), runner.said], "step", "")]
        return whole, [], ["No repeated structure was found, so it runs value by value."], [], []
    told = [f"{name.capitalize()}: {many(runner.rows_live, 'row') or 'no row'} {runner.said}."]
    if drawn.frames:
        told += ["A frame is one round of a loop; blue: what it is handed, dashed: hands on."]
    if name == "gradient":
        told.append("The way back reads what was computed on the way there.")
    return drawn.boxes, [(*ends, size) for ends, size in drawn.arrows.items()], told, drawn.frames, drawn.around


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

    def add_result(self, name: str, slots: Any) -> None:
        """What comes out."""
        here = len(self.boxes)
        self.boxes.append(([_short(name), many(len(slots), "number")], "result", name))
        self.connect(np.unique(slots), "slots", here)


def many(count: int, what: str) -> str:
    """1 scalar, 2 scalars, and nothing for none."""
    return f"{count:,} {what}{'s' if count > 1 else ''}" if count else ""


def _short(text: str) -> str:
    """A line that fits a box."""
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 4] + " ..."
