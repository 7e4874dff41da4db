"""A program in words: each array instruction with its shapes, what it stands for and where that came from."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from itertools import zip_longest

import numpy as np

from ...tables import table
from ..regroup.instructions import Instruction, View
from ..run.array_program import Plan
from ..run.runner import Runner

DIGITS = re.compile(r"(\d+)")


def describe(head: str, runners: Mapping[Hashable, Runner]) -> str:
    """Everything that a program has computed so far (the value, a gradient), instruction by instruction."""
    return "\n\n".join([head, *(section(kind, runner) for kind, runner in runners.items())])


def title(kind: Hashable) -> str:
    """What a runner of the program computes."""
    return str(kind[0] if isinstance(kind, tuple) else kind)


def section(kind: Hashable, runner: Runner) -> str:
    """One runner: its size, and a line for each instruction."""
    name = title(kind)
    if not runner.wide:
        return f"{name}: {runner.rows_live:,} scalar rows {runner.said}: too few rows alike for arrays{again(runner)}"
    plan = runner.array_plan()
    head = f"{name}: {dimensions(runner, plan)}{again(runner)}"
    names = RowNames(plan, runner.tape.labels)
    rows = [names.line(step) for step in plan.instructions]
    return "\n".join([head, *(f"  {line}" for line in table(rows, "<><<", width=None, gap="  "))])


def again(runner: Runner) -> str:
    """How many runs were repeated."""
    return f"; {runner.repeated:,} runs repeated exactly, as a result was not finite" if runner.repeated else ""


def dimensions(runner: Runner, plan: Plan) -> str:
    """How much a runner computes, in how many instructions and in how much memory."""
    return f"{runner.rows_live:,} scalar rows as {len(plan.instructions)} array instructions, {plan.bytes:,} bytes"


class RowNames:
    """What to call the operands and results of a plan's instructions, asked about one after another."""

    def __init__(self, plan: Plan, labels: dict[int, str]) -> None:
        self.plan, self.labels = plan, labels
        self.made: dict[tuple[str, int], str] = {}
        self.ends: dict[tuple[str, int], int] = {}

    def line(self, step: Instruction) -> tuple[str, str, str, str]:
        """(formula, scalar operations, shapes, origin) of one instruction."""
        place = step.write.space, step.write.offset
        reads = [] if step.name == "take" else [self.name(view) for view in step.reads]
        result = self.made.setdefault(place, f"r{len(self.made)}")
        self.ends[place] = step.write.reach()[1]
        if step.name == "take":
            assert step.index is not None
            return f"{result} = gather", "", f"({len(step.index)})", ""
        count, sides = f"{step.nodes:,}", [shape(view) for view in step.reads]
        if step.name == "matmul":
            return f"{result} = {reads[0]} @ {reads[1]}", count, f"matmul {sides[0]} @ {sides[1]}", self.origin(step)
        if step.name == "reduce":
            return f"{result} = sum {reads[0]}", count, f"{sides[0]} -> {shape(step.write)}", self.origin(step)
        return f"{result} = {step.name} {', '.join(reads)}", count, shape(step.write), self.origin(step)

    def name(self, view: View) -> str:
        """An operand: its labels, the result it is part of, or the numbers of the program."""
        if view.space == "constants":
            return "numbers"
        if view.space != "slots":
            return self.part((view.space, view.offset if (view.space, view.offset) in self.made else 0), view)
        if view.offset < self.plan.inputs:
            places = np.unique(view.places())
            inside = places[places < self.plan.inputs]
            return self.inputs(inside) + (" and numbers beside" if len(inside) < len(places) else "")
        if view.offset < self.plan.inputs + len(self.plan.constants):
            return "numbers" if any(view.strides) else f"{self.plan.constants[view.offset - self.plan.inputs]:g}"
        return self.part(("slots", max([offset for offset in self.offsets("slots") if offset <= view.offset], default=-1)), view)

    def offsets(self, space: str) -> list[int]:
        """Where the results begin that are in this buffer, in order."""
        return sorted(offset for other, offset in self.made if other == space)

    def part(self, place: tuple[str, int], view: View) -> str:
        """What is read of the result at this place, and which others if the view goes on: `r3`, `r3[0..9]`, `r3 and r5`."""
        if place not in self.made:
            return "?" if place[0] == "slots" else place[0]
        (space, start), (low, high), end = place, view.reach(), self.ends[place]
        if high > end:
            starts = self.offsets(space)
            read = np.unique(np.searchsorted(starts, view.places(), "right") - 1).tolist()
            names = [self.made[space, starts[result]] for result in read]
            return f"{names[0]} .. {names[-1]}" if len(names) > 2 else " and ".join(names)
        places = f"{low - start}" + (f"..{high - start - 1}" if high - low > 1 else "")
        return self.made[place] + (f"[{places}]" if high - low < end - start else "")

    def inputs(self, slots: np.ndarray) -> str:
        """The labels of the inputs in these slots (in ascending order), or their numbers."""
        known = [self.labels[row] for slot in slots.tolist() if (row := self.plan.input_rows[slot]) in self.labels]
        return pattern(known) if known else pattern([f"inputs[{slots[0]}]", f"inputs[{slots[-1]}]"])

    def origin(self, step: Instruction) -> str:
        """The labels of the rows that the instruction computes, and how often each."""
        known = [self.labels[row] for row in step.rows.tolist() if row in self.labels]
        if not known:
            return ""
        times = len(known) // len(set(known))
        return pattern(known) + (f", {times} times" if times > 1 else "")


def shape(view: View) -> str:
    """(16x100)."""
    return f"({'x'.join(map(str, view.shape))})"


def pattern(labels: Iterable[str]) -> str:
    """Many labels as one, numbers that vary as a range.

    >>> pattern(["w[0].b[1]", "w[1].b[1]", "w[2].b[1]"])
    'w[0..2].b[1]'
    """
    forms: dict[str, list[list[int]]] = {}
    for label in dict.fromkeys(labels):
        forms.setdefault(DIGITS.sub("#", label), []).append([int(x) for x in DIGITS.findall(label)])
    texts = []
    for form, numbers in forms.items():
        columns = [sorted(set(column)) for column in zip(*numbers, strict=True)]
        spans = [str(c[0]) if len(c) == 1 else f"{c[0]}..{c[-1]}" for c in columns]
        texts.append("".join(text + span for text, span in zip_longest(form.split("#"), spans, fillvalue="")))
    return " ".join(texts[:3]) + (" ..." if len(texts) > 3 else "")
