"""The graph of a page: where Graphviz puts bare boxes, drawn as SVG whose cards a script can fill in."""

from __future__ import annotations

import re
from collections import Counter
from html import escape

from ....engine import Value
from ....tables import clip
from ...drawing.dot import points
from ...drawing.shapes import Card
from ...layout.renderers import RendererUnavailable, lay_out
from ...theme import tone_of
from ...wording import Pass
from ...words.notation import number
from .placed import HEIGHT, INCH, Placed, in_rows, read_plain, stacked_rows

READABLE_CARDS, LABELLED_EDGES, SECONDS = 600, 60, 5.0
"""Cards that are drawn at all, edges up to which they carry their local derivative, and how long the layout may take."""
OFTEN = 3
"""In a graph of more edges, an input that goes to so many cards stands apart: its wires would lead across all of it."""
ANY_NUMBER = len("grad -2.345e-6")  # letters that a card has room for, as its numbers may be changed
PART_DRAWN = (
    "Drawn is what stands around one value: what made it to its left, what uses it to its right. Each step goes to the value "
    "that sends; a click on a card or a row goes to its value, and so does a name that is found. A network written as nn.Module "
    "classes is shown whole, folded by layers and units."
)
"""What a part of a graph is told to be."""
TIP = (
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" '
    'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"/></marker>'
)


def has_gradient(card: Card) -> bool:
    """Whether a card shows a gradient, which the card of a whole layer does not."""
    return len(card.lines) == 3


class PageGraph:
    """The cards and edges of a pass: a card per step and per input; `svg()` draws them."""

    def __init__(self, of: Pass) -> None:
        self.of = of
        self.in_parts = False
        self.cards: dict[Value, Card] = {}
        self.card_of: dict[Value, Value] = {of.trace.output: of.trace.output}
        self.edges: dict[tuple[Value, Value, int], int] = {}
        self.edge_of: dict[int, int] = {}
        self._gather()
        self.apart = self._used_often() if len(self.edges) > LABELLED_EDGES else set()
        self._leave_out_wires()
        self.row_of = self._rows()

    def _gather(self) -> None:
        """A card for every step and every input, except weights inside the step of their own neuron."""
        single = all(len(group.nodes) == 1 for group in self.of.steps)
        self._card(self.of.trace.output, self.of.trace.output)
        for group in self.of.steps:
            for node in group.nodes:
                self.card_of[node] = group.head
            self._card(group.head, group.head, group.name, len(group.nodes))
        for group in self.of.steps:
            for place in group.edges:
                edge = self.of.trace[place]
                operand = edge.operand
                if operand.op is None and operand not in self.card_of:
                    if not single and self.of.trace.owners.get(operand):
                        continue
                    self.card_of[operand] = operand
                    self._card(operand, operand)
                source = self.card_of.get(operand)
                if source is not None and source is not group.head:
                    key = (source, group.head, edge.slot if single else 0)
                    self.edge_of[place] = self.edges.setdefault(key, len(self.edges))

    def _used_often(self) -> set[Value]:
        """The inputs that go to many cards."""
        uses = Counter(tail for tail, _, _ in self.edges if tail.op is None)
        return {leaf for leaf, count in uses.items() if count >= OFTEN}

    def _leave_out_wires(self) -> None:
        """Forget the wires of cards that stand apart, and number the others anew."""
        kept = {place: key for key, place in self.edges.items() if key[0] not in self.apart}
        self.edges = {key: k for k, key in enumerate(kept.values())}
        self.edge_of = {edge: self.edges[kept[place]] for edge, place in self.edge_of.items() if place in kept}

    def _rows(self) -> dict[Value, int]:
        """The rows in which a recurrence stands; nothing for other graphs, and small ones."""
        single = all(len(group.nodes) == 1 for group in self.of.steps)
        if not single or len(self.edges) <= LABELLED_EDGES or len(self.cards) > READABLE_CARDS:
            return {}
        return stacked_rows(self.of.trace.output, self.cards.keys() - self.apart)

    def _card(self, head: Value, node: Value, name: str | None = None, operations: int = 1) -> None:
        slope = self.of.trace.adjoints[node]
        title, sign = clip(name or self.of.names[node], 18), "none" if name else tone_of(slope)
        lines = [title, f"{operations} operations"] if name else [title, number(node.data), f"grad {number(slope)}"]
        kind = "output" if node is self.of.trace.output else "inner"
        id = self.cards[head].id if head in self.cards else f"n{len(self.cards)}"
        self.cards[head] = Card(id, lines, kind, sign, "", columns=0 if name else ANY_NUMBER)

    @property
    def numbered(self) -> bool:
        """Whether its wires carry their local derivatives: those that stand for a single contribution, in a small graph."""
        return len(self.edges) <= LABELLED_EDGES and len(self.edges) == len(self.edge_of)

    def ids(self) -> dict[Value, str]:
        """Every card's name on the page."""
        return {node: card.id for node, card in self.cards.items()}

    def svg(self) -> str:
        """The drawing as a `<figure>`, or a sentence that says why there is none."""
        if len(self.cards) > READABLE_CARDS:
            too_many = f"{len(self.cards)} cards are more than the {READABLE_CARDS} that can be read."
            return self._in_parts(f"No graph of the whole: {too_many}")
        try:
            layout = read_plain(lay_out(self._dot(), "plain", seconds=SECONDS).decode())
        except RendererUnavailable as error:
            return self._in_parts(f"No graph: {str(error).splitlines()[0]} The table below is complete.")
        except TimeoutError:
            return self._in_parts(f"No graph: its layout took more than {SECONDS:g} s. The table below is complete.")
        return f'<div class="picture">{self._strip()}{self._drawn(layout)}</div>'

    def _in_parts(self, why: str) -> str:
        """What stands in place of a drawing: why there is none, and room for the script to draw a part of it."""
        self.in_parts = True
        part = f'<p class="legend">{PART_DRAWN}</p><div class="part"></div><p class="legend more"></p>'
        section = f'<section class="around" aria-label="part of the graph" hidden>{part}</section>'
        return f'<div class="picture">{sentence(why)}{section}</div>'

    def _strip(self) -> str:
        """The cards that stand apart, each a drawing of its own, so that they fill lines as words do."""
        if not self.apart:
            return ""
        drawn, order = [], {node: place for place, node in enumerate(self.of.trace.order)}
        for node in sorted(self.apart, key=lambda node: _counted(self.of.names[node])):
            card, wide, high = self.cards[node], points(self.cards[node]) + 4, HEIGHT + 4
            box = _box(card.id, card, order[node], wide / 2, high / 2)
            drawn.append(f'<svg viewBox="0 0 {wide:.0f} {high:.0f}" width="{wide:.0f}" height="{high:.0f}">{box}</svg>')
        told = "These inputs go to many places, so their wires are not drawn; click one, and the cards that use it are framed."
        return f'<p class="legend">{told}</p><div class="apart" role="group" aria-label="inputs">{"".join(drawn)}</div>'

    def _dot(self) -> str:
        """The graph as DOT with bare boxes: names never reach Graphviz, so none can be markup or change the layout."""
        ids = self.ids()
        many = len(self.edges) > LABELLED_EDGES
        room = 0.45 if self.row_of else min(0.45 + 0.03 * len(self.edges) / self._depth(), 2.5) if many else 0.75
        lines = [
            f"digraph {{ rankdir=LR; newrank=true; nodesep=0.2; ranksep={room:.2f};",
            'node [shape=box fixedsize=true label=""]; edge [dir=none];',
        ]
        if many:
            lines.append("nslimit=0.1; mclimit=0.3;")
        for node, card in self.cards.items():
            if node in self.apart:
                continue
            shape = f"{ids[node]} [width={points(card) / INCH:.4f} height={HEIGHT / INCH:.4f}];"
            lines.append(f"subgraph cluster{self.row_of[node]} {{ {shape} }}" if self.row_of else shape)  # a row stays together
        lines += [f"{ids[tail]} -> {ids[head]};" for tail, head, _ in self.edges if not self._leads_on(tail, head)]
        return "\n".join([*lines, "}"])

    def _leads_on(self, tail: Value, head: Value) -> bool:
        """Whether a wire leads from one row to another."""
        return self.row_of.get(tail) != self.row_of.get(head)

    def _depth(self) -> int:
        """How many cards the longest way has: so many columns the layout will have."""
        depth: dict[Value, int] = {}
        for tail, head, _ in sorted(self.edges, key=lambda edge: -self.edges[edge]):
            depth[head] = max(depth.get(head, 1), depth.get(tail, 1) + 1)
        return max(depth.values(), default=1)

    def _drawn(self, layout: Placed) -> str:
        """The SVG of a layout."""
        ids = self.ids()
        if self.row_of:
            between = [(ids[tail], ids[head]) for tail, head, _ in self.edges if self._leads_on(tail, head)]
            layout = in_rows(layout, {ids[node]: row for node, row in self.row_of.items()}, between)
        cards = {ids[node]: card for node, card in self.cards.items()}
        order = {node: place for place, node in enumerate(self.of.trace.order)}
        places = {ids[node]: order[node] for node in self.cards}
        waiting: dict[tuple[str, str], list[int]] = {}
        for (tail, head, _), place in self.edges.items():
            waiting.setdefault((ids[tail], ids[head]), []).append(place)
        carried: dict[int, list[int]] = {}
        for edge, place in self.edge_of.items():
            carried.setdefault(place, []).append(edge)
        drawn = [_box(name, cards[name], places[name], box.x, box.y) for name, box in layout.cards.items()]
        for start, end, curve in layout.wires:
            place = waiting[start, end].pop(0)
            drawn.append(self._wire(place, curve, carried[place]))
        width, height = layout.width, layout.height
        drawn.sort(key=lambda shape: shape.startswith('<g class="card'))  # cards over edges
        scale = min(1.35, max(1.0, 1000 / (width + 16)))
        size = f'width="{scale * (width + 16):.0f}" height="{scale * (height + 16):.0f}"'
        box = f'viewBox="-8 -8 {width + 16:.0f} {height + 16:.0f}"'
        label = f'role="img" aria-label="graph of {len(cards)} cards; the table below tells the same in words"'
        svg = [f'<svg {box} {size} xmlns="http://www.w3.org/2000/svg" {label}><defs>{TIP}</defs>', *drawn, "</svg>"]
        return '<figure tabindex="0" aria-label="graph">' + "\n".join(svg) + "</figure>"

    def _wire(self, place: int, points: list[tuple[float, float]], carried: list[int]) -> str:
        """An edge; where it stands for several contributions, it has neither a label nor the colour of a sign."""
        start, *rest = (f"{x:.1f} {y:.1f}" for x, y in points)
        path = f'<path d="M{start}C{" ".join(rest)}"/>'
        if len(carried) > 1:
            return f'<g class="edge done many" data-e="e{place}" data-many="1">{path}</g>'
        sent = self.of.trace[carried[0]]
        middle = points[len(points) // 2 - 1 : len(points) // 2 + 1]
        x, y = (sum(point[axis] for point in middle) / len(middle) for axis in (0, 1))
        text = f'<text x="{x:.1f}" y="{y - 4:.1f}">{number(sent.local)}</text>' if self.numbered else ""
        return f'<g class="edge done {tone_of(sent.contribution)}" data-e="e{place}" data-k="{carried[0]}">{path}{text}</g>'


def _counted(name: str) -> list[tuple[str, int]]:
    """What puts names in the order in which one counts: `w[2]` before `w[10]`."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D+)(\d*)|\d+", f" {name}")]


def _box(name: str, card: Card, place: int, x: float, y: float) -> str:
    """A card; one that shows a number says which node's it is."""
    texts = "".join(
        f'<text class="{kind}" x="{x:.1f}" y="{y + down:.1f}">{escape(text)}</text>'
        for (kind, down), text in zip((("name", -11), ("value", 4), ("grad", 19)), card.lines, strict=False)
    )
    told = f' data-g="1" data-i="{place}"' if has_gradient(card) else ""
    wide = points(card)
    rect = f'<rect x="{x - wide / 2:.1f}" y="{y - HEIGHT / 2:.1f}" width="{wide}" height="{HEIGHT:.0f}" rx="6"/>'
    root = int(card.kind == "output")
    return f'<g class="card done {card.tone}" data-n="{name}" data-root="{root}"{told}>{rect}{texts}</g>'


def sentence(text: str) -> str:
    """A paragraph in place of something that cannot be shown."""
    return f'<p class="nograph">{escape(text)}</p>'
