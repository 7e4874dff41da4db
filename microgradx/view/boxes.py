"""What is no graph of Values and can be drawn all the same: an object that gives its own boxes and arrows, such as a program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from .cards import Card, Picture, Wire
from .dot import body
from .drawing import Drawing

TONES = {"input": "none", "step": "none", "heavy": "pos", "move": "zero", "result": "neg"}
KINDS = {"input": "leaf", "move": "constant", "result": "output"}
READABLE = 300  # boxes; more become a carpet that nobody reads, and take Graphviz many seconds


class Chart(NamedTuple):
    """What is to be drawn, in plain strings and numbers: a box is (lines, kind, text shown under the pointer).

    Its kind is "input", "step", "heavy", "move" or "result". An arrow is (from, to, how many numbers it carries), by the place of
    the boxes. `caption` stands below, `title` says what it is.
    """

    title: str
    boxes: Sequence[tuple[Sequence[str], str, str]]
    arrows: Sequence[tuple[int, int, int]]
    caption: Sequence[str]


@runtime_checkable
class Drawable(Protocol):
    """An object that `draw` can draw."""

    def chart(self) -> tuple[object, ...]:
        """The fields of a `Chart`, in a plain tuple: who gives it need not know this room."""


def draw_chart(output: Drawable, theme: str, rankdir: str, caption: bool, engine: str | None, seconds: float) -> Drawing:
    """Draw the boxes and arrows that an object gives, arrows the wider the more numbers they carry."""
    chart = Chart(*output.chart())  # type: ignore[arg-type]  # a plain tuple of the same fields
    if len(chart.boxes) > READABLE:
        raise ValueError(
            f"{chart.title} has {len(chart.boxes):,} boxes, more than the {READABLE} that can be read in a drawing: "
            "print() lists them"
        )
    cards = [
        Card(f"n{i}", list(lines), KINDS.get(kind, "inner"), TONES[kind], tooltip)
        for i, (lines, kind, tooltip) in enumerate(chart.boxes)
    ]
    wires = [
        Wire(f"n{tail}", f"n{head}", "", "none", 0.8 + 0.6 * math.log10(max(1, size)), f"{size:,} numbers", False)
        for tail, head, size in chart.arrows
    ]
    below = list(chart.caption) if caption else []
    picture = Picture(cards, wires, chart.title, below, span=max(2, len(cards) // 4))
    drawing = Drawing("chart", format="svg")
    drawing.body += body(picture, theme, "forward", rankdir, False)
    drawing.title, drawing.summary = chart.title, " ".join(chart.caption)
    drawing.theme, drawing.upright = theme, rankdir in ("TB", "BT")
    drawing.layout, drawing.seconds = engine, seconds
    return drawing
