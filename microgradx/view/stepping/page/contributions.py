"""The whole pass as a table in HTML: a row for each contribution, or in the step of a layer for each value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from ....engine import Value
from ....places import Place
from ....tables import clip, printable
from ...trace import Group
from ...wording import Pass
from ...words.notation import number
from ..step import Step
from .page_graph import PageGraph, has_gradient

_HEAD = ("step", "fires", "upstream", "into", "local", "contribution", "gradient so far", "arrived")


class Marks:
    """What the rows of a page tell its script: the cards and wires they belong to, and the places of their contributions."""

    def __init__(self, of: Pass, drawn: PageGraph | None) -> None:
        self.of = of
        self.drawn = drawn
        self.ids = drawn.ids() if drawn else {}

    def of_step(self, step: Step) -> str:
        """The attributes of a step's rows."""
        name = step.group.name or self.of.names[step.node]
        marks = {"n": self.ids.get(step.node, ""), "title": printable(step.title(80)), "name": printable(name)}
        return _attributes(marks)

    def of_row(self, into: str, places: Sequence[int]) -> str:
        """The attributes of a row."""
        operand = self.of.trace[places[0]].operand
        marks = {"into": name} if (name := printable(self.of.names[operand])) != into else {}
        if self.drawn:
            card = self.drawn.cards.get(operand) if self.drawn.card_of.get(operand) is operand else None
            marks["to"] = self.ids[operand] if card and has_gradient(card) else ""
            marks["e"] = f"e{self.drawn.edge_of[places[0]]}" if places[0] in self.drawn.edge_of else ""
        return _attributes({**marks, "k": " ".join(map(str, places))})


def _attributes(marks: dict[str, str]) -> str:
    return "".join(f' data-{key}="{escape(text)}"' for key, text in marks.items() if text)


def contributions(of: Pass, steps: Sequence[Group], marks: Marks | None = None) -> str:
    """The table of these steps; without `marks` a plain one."""
    caption = "The whole backward pass, one row per contribution: upstream x local = contribution"
    head = "".join(f'<th scope="col">{name}</th>' for name in _HEAD)
    bodies = [_body(Step(k, of), of, marks) for k in range(1, len(steps) + 1)]
    return f"<table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n" + "\n".join(bodies) + "\n</table>"


def _body(step: Step, of: Pass, marks: Marks | None) -> str:
    """The rows of a step; in the step of a layer, one for each parameter and unit, however many contributions it gets."""
    together: dict[object, list[int]] = {}
    for place in step.group.edges:
        edge = of.trace[place]
        if step.leaves(edge):
            key: object = (of.trace.gives(edge.operand) or edge.operand) if step.group.name else place
            together.setdefault(key, []).append(place)
    start = [str(step.index), clip(step.title(60), 60)]
    rows: list[str] = []
    for into, places in together.items():
        cells = _of_unit(of, into, places) if isinstance(into, Place) else _cells(of, places)
        attributes = marks.of_row(cells[1], places) if marks else ""
        if rows and marks and not marks.drawn:
            start = ["", ""]
        whole = [f'<th scope="row">{start[0]}</th>', *(f"<td>{escape(cell)}</td>" for cell in (start[1], *cells))]
        rows.append(f"<tr{attributes}>{''.join(whole)}</tr>")
    return f"<tbody{marks.of_step(step) if marks else ''}>\n" + "\n".join(rows) + "\n</tbody>"


def _cells(of: Pass, places: list[int]) -> list[str]:
    """What was sent into one value: upstream, into, local, contribution, gradient so far, arrived."""
    first, last = of.trace[places[0]], of.arrived(places[-1])
    arrived, grew = f"{last.nth} of {last.of}", f"{number(of.arrived(places[0]).before)} -> {number(last.after)}"
    if len(places) == 1:
        into = clip(of.slot(first), 40)
        return [number(first.upstream), into, number(first.local), number(first.contribution), grew, arrived]
    sent = math.fsum(of.trace[place].contribution for place in places)
    into = clip(of.names[first.operand], 40)
    return [f"{len(places)} added up", into, "", number(sent), grew, arrived]


def _of_unit(of: Pass, unit: Place, places: list[int]) -> list[str]:
    """What was sent into the outputs of one unit, in all samples together; of a single one, as into any value."""
    outputs: list[Value] = list({of.trace[place].operand: None for place in places})
    if len(outputs) == 1:
        return _cells(of, places)
    sent = math.fsum(of.trace[place].contribution for place in places)
    name = clip(of.trace.owners.written(unit, short=True), 40)
    return [f"{len(places)} added up", f"{name}, {len(outputs)} samples", "", number(sent), "", ""]
