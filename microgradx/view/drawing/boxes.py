"""Drawings of objects that are not graphs of Values but give their own boxes and arrows, such as a program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from ..words.made_up import written_out
from ..words.notation import number
from .digraph import Drawing, drawing_of
from .shapes import THINNEST, Card, Enclosure, Shapes, Wire

TONES = {"input": "none", "step": "none", "heavy": "pos", "state": "pos", "move": "zero", "result": "neg"}
_KINDS = {"input": "leaf", "state": "leaf", "move": "constant", "result": "output"}
_HEADINGS = {"TB": ("Down", "up"), "BT": ("Up", "down"), "LR": ("Right", "left"), "RL": ("Left", "right")}
READABLE = 300  # boxes; more become a carpet that nobody reads, and take Graphviz many seconds


class Diagram(NamedTuple):
    """What is to be drawn, in plain strings and numbers: a box is (lines, kind, text shown under the pointer).

    Its kind is "input", "step", "heavy", "move", "state" or "result". A line is a text, or (name, expression), which is written
    as a formula: an expression is a text, a number, or an operation with its operands, which are expressions. An arrow is (from,
    to, how many numbers it carries), by the place of the boxes. `caption` stands below, `title` says what it is. `frames` are
    (name, the boxes in it, the frame around it or -1), `around` arrows that lead from one round of a loop to the next.
    """

    title: str
    boxes: Sequence[tuple[Sequence[Any], str, str]]
    arrows: Sequence[tuple[int, int, int]]
    caption: Sequence[str]
    frames: Sequence[tuple[str, Sequence[int], int]] = ()
    around: Sequence[tuple[int, int]] = ()


@runtime_checkable
class Drawable(Protocol):
    """An object that `draw` can draw."""

    def chart(self) -> tuple[object, ...]:
        """The fields of a `Diagram`, in a plain tuple: who gives it need not know this room."""


def draw_chart(output: Drawable, theme: str, rankdir: str, caption: bool, engine: str | None) -> Drawing:
    """Draw the boxes and arrows that an object gives, arrows the wider the more numbers they carry."""
    chart = Diagram(*output.chart())  # type: ignore[arg-type]  # a plain tuple of the same fields
    if len(chart.boxes) > READABLE:
        raise ValueError(
            f"{chart.title} has {len(chart.boxes):,} boxes, more than the {READABLE} that can be read in a drawing: "
            "print() lists them"
        )
    cards = [
        Card(f"n{i}", [written(line) for line in lines], _KINDS.get(kind, "inner"), TONES[kind], tooltip)
        for i, (lines, kind, tooltip) in enumerate(chart.boxes)
    ]
    there = way_there(chart)
    wires = [
        Wire(
            f"n{tail}", f"n{head}", "", "none", 0.8 + 0.6 * math.log10(max(1, size)), f"{size:,} number{'s' * (size > 1)}", False,
            "on" if head in there else "across" if tail in there else "back",
        )
        for tail, head, size in chart.arrows
    ]
    wires += [
        Wire(f"n{tail}", f"n{head}", "", "zero", THINNEST, "on to the next round", False, "back") for tail, head in chart.around
    ]
    below = [*chart.caption, *route(chart, there, rankdir)] if caption else []
    picture = Shapes(cards, wires, chart.title, below, span=max(2, len(cards) // 4), boxes=framed(chart))
    drawing = drawing_of(picture, "chart", theme, "forward", rankdir, False, engine)
    drawing.summary = " ".join(chart.caption)
    return drawing


def written(line: Any) -> str:
    """A line of a box: as it is, or `name = expression`."""
    return line if isinstance(line, str) else f"{line[0]} = {as_formula(line[1])}"


def as_formula(expression: Any) -> str:
    """An expression as text.

    >>> from microgradx import OPS
    >>> as_formula((OPS["multiply"], (OPS["add"], "a", 0.5), "b"))
    '(a + 0.5)*b'
    """
    if isinstance(expression, tuple):
        return written_out(expression[0], [as_formula(operand) for operand in expression[1:]])
    return expression if isinstance(expression, str) else number(expression)


def framed(chart: Diagram) -> list[Enclosure]:
    """The frames that stand in no other."""
    frames = [Enclosure(f"loop {k}", name, [f"n{box}" for box in boxes]) for k, (name, boxes, _) in enumerate(chart.frames)]
    for frame, (_, _, outer) in zip(frames, chart.frames, strict=True):
        if outer >= 0:
            frames[outer].inside.append(frame)
    return [frame for frame, (_, _, outer) in zip(frames, chart.frames, strict=True) if outer < 0]


def way_there(chart: Diagram) -> set[int]:
    """The boxes on the way to the first result; those that only later results need are drawn on a way back, beside it.

    So a loss with its gradient is no strip of 24 columns, and the derivative by a layer stands beside that layer.
    """
    operands: dict[int, list[int]] = {}
    for tail, head, _ in chart.arrows:
        operands.setdefault(head, []).append(tail)
    found: set[int] = set()
    waiting = [i for i, (_, kind, _) in enumerate(chart.boxes) if kind == "result"][:1] or list(range(len(chart.boxes)))
    while waiting:
        box = waiting.pop()
        if box not in found:
            found.add(box)
            waiting += operands.get(box, [])
    return found


def route(chart: Diagram, there: set[int], rankdir: str) -> list[str]:
    """The sentence that says which way the results lie, if there are two ways."""
    ends = [(lines[0], i in there) for i, (lines, kind, _) in enumerate(chart.boxes) if kind == "result"]
    first, later = (" and ".join(name for name, near in ends if near is way) for way in (True, False))
    on, back = _HEADINGS[rankdir]
    return [f"{on} to {first}, then back {back} to {later}."] if later else []
