"""The graph of a page: where Graphviz puts bare boxes, drawn as SVG whose cards a script can fill in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from ....engine import Value
from ....tables import clip
from ...layout.renderers import RendererUnavailable, lay_out
from ...questions.layers import PARAMETER
from ...trace import Contribution
from ...wording import Pass
from ...words.notation import number

MOST_CARDS, LABELLED, SECONDS = 600, 60, 5.0
"""Cards that are drawn at all, edges up to which they carry their local derivative, and how long the layout may take."""
INCH, HEIGHT = 72.0, 54.0  # points in an inch, and in the height of a card
TIP = (
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" '
    'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"/></marker>'
)


@dataclass
class Card:
    """A box: the value or the step it stands for, its lines of text and its width in points."""

    title: str
    value: str
    gradient: str
    width: int
    tone: str
    root: bool


class Chart:
    """The cards and edges of a pass: a card per step and per input; `svg()` draws them."""

    def __init__(self, of: Pass) -> None:
        self.of = of
        self.cards: dict[Value, Card] = {}
        self.card_of: dict[Value, Value] = {of.trace.output: of.trace.output}
        self.edges: dict[tuple[Value, Value, int], int] = {}
        self.edge_of: dict[int, int] = {}
        self._gather()

    def _gather(self) -> None:
        """Give every step and every input a card, except weights inside the step of their own neuron."""
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
                    if not single and PARAMETER.fullmatch(operand.label or ""):
                        continue
                    self.card_of[operand] = operand
                    self._card(operand, operand)
                source = self.card_of.get(operand)
                if source is not None and source is not group.head:
                    key = (source, group.head, edge.slot if single else 0)
                    self.edge_of[place] = self.edges.setdefault(key, len(self.edges))

    def _card(self, head: Value, node: Value, name: str | None = None, operations: int = 1) -> None:
        title = clip(name or self.of.names[node], 18)
        slope = self.of.trace.adjoints[node]
        value, gradient = (f"{operations} operations", "") if name else (number(node.data), f"grad {number(slope)}")
        longest = max(len(title) * 6.6, len(value) * 6, len(gradient) * 6, 8 * 6.0)
        width = 6 * math.ceil((longest + 14) / 6)
        sign = tone(slope) if gradient else ""
        self.cards[head] = Card(title, value, gradient, width, sign, node is self.of.trace.output)

    def ids(self) -> dict[Value, str]:
        """Return every card's name on the page."""
        return {node: f"n{place}" for place, node in enumerate(self.cards)}

    def svg(self) -> str:
        """Return the drawing as a `<figure>`, or a sentence that says why there is none."""
        if len(self.cards) > MOST_CARDS:
            return _sentence(f"No graph: {len(self.cards)} cards are more than the {MOST_CARDS} that can be read.")
        try:
            layout = lay_out(self._dot(), "plain", seconds=SECONDS).decode()
        except RendererUnavailable as error:
            return _sentence(f"No graph: {str(error).splitlines()[0]} The table below is complete.")
        except TimeoutError:
            return _sentence(f"No graph: its layout took more than {SECONDS:g} s. The table below is complete.")
        return self._drawn(layout)

    def _dot(self) -> str:
        """Return the graph as DOT with bare boxes: names never reach Graphviz, so none can be markup or change the layout."""
        ids = self.ids()
        many = len(self.edges) > LABELLED
        room = min(0.55 + 0.004 * len(self.edges), 2.5) if many else 0.75
        lines = [
            f"digraph {{ rankdir=LR; newrank=true; nodesep=0.2; ranksep={room:.2f};",
            'node [shape=box fixedsize=true label=""]; edge [dir=none];',
        ]
        if many:
            lines.append("nslimit=0.1; mclimit=0.3;")
        for node, card in self.cards.items():
            lines.append(f"{ids[node]} [width={card.width / INCH:.4f} height={HEIGHT / INCH:.4f}];")
        lines += [f"{ids[tail]} -> {ids[head]};" for tail, head, _ in self.edges]
        return "\n".join([*lines, "}"])

    def _drawn(self, layout: str) -> str:
        """Return the SVG for Graphviz's plain output: lines `node name x y ...` and `edge tail head n x1 y1 ...`, in inches."""
        rows = [line.split() for line in layout.replace("\\\n", "").splitlines()]
        width, height = (float(x) * INCH for x in rows[0][2:4])
        ids = self.ids()
        cards = {ids[node]: card for node, card in self.cards.items()}
        waiting: dict[tuple[str, str], list[int]] = {}
        for (tail, head, _), place in self.edges.items():
            waiting.setdefault((ids[tail], ids[head]), []).append(place)
        carried: dict[int, list[Contribution]] = {}
        for edge, place in self.edge_of.items():
            carried.setdefault(place, []).append(self.of.trace[edge])
        drawn = []
        for row in rows:
            if row[0] == "edge":
                numbers = [float(x) * INCH for x in row[4 : 4 + 2 * int(row[3])]]
                points = [(x, height - y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
                place = waiting[row[1], row[2]].pop(0)
                drawn.append(_wire(place, points, carried[place], len(self.edges) <= LABELLED))
            elif row[0] == "node":
                drawn.append(_box(row[1], cards[row[1]], float(row[2]) * INCH, height - float(row[3]) * INCH))
        drawn.sort(key=lambda shape: shape.startswith('<g class="card'))  # cards over edges
        scale = min(1.35, max(1.0, 1000 / (width + 16)))
        size = f'width="{scale * (width + 16):.0f}" height="{scale * (height + 16):.0f}"'
        box = f'viewBox="-8 -8 {width + 16:.0f} {height + 16:.0f}"'
        label = f'role="img" aria-label="graph of {len(cards)} cards; the table below tells the same in words"'
        svg = [f'<svg {box} {size} xmlns="http://www.w3.org/2000/svg" {label}><defs>{TIP}</defs>', *drawn, "</svg>"]
        return '<figure tabindex="0" aria-label="graph">' + "\n".join(svg) + "</figure>"


def _box(name: str, card: Card, x: float, y: float) -> str:
    texts = "".join(
        f'<text class="{kind}" x="{x:.1f}" y="{y + down:.1f}">{escape(text)}</text>'
        for kind, text, down in (("name", card.title, -11), ("value", card.value, 4), ("grad", card.gradient, 19))
    )
    told = ' data-g="1"' if card.gradient else ""
    corner = f'x="{x - card.width / 2:.1f}" y="{y - HEIGHT / 2:.1f}"'
    rect = f'<rect {corner} width="{card.width}" height="{HEIGHT:.0f}" rx="6"/>'
    return f'<g class="card done {card.tone}" data-n="{name}" data-root="{int(card.root)}"{told}>{rect}{texts}</g>'


def _wire(place: int, points: list[tuple[float, float]], carried: list[Contribution], labelled: bool) -> str:
    """Return an edge; where it stands for several contributions, it has neither a label nor the colour of a sign."""
    start, *rest = (f"{x:.1f} {y:.1f}" for x, y in points)
    path = f'<path d="M{start}C{" ".join(rest)}"/>'
    if len(carried) > 1:
        return f'<g class="edge done many" data-e="e{place}" data-many="1">{path}</g>'
    middle = points[len(points) // 2 - 1 : len(points) // 2 + 1]
    x, y = (sum(point[axis] for point in middle) / len(middle) for axis in (0, 1))
    text = f'<text x="{x:.1f}" y="{y - 4:.1f}">{number(carried[0].local)}</text>' if labelled else ""
    return f'<g class="edge done {tone(carried[0].contribution)}" data-e="e{place}">{path}{text}</g>'


def tone(x: float) -> str:
    """Return the class that paints a number by its sign, as the page's script does.

    >>> [tone(x) for x in (2.0, -1.0, 0.0, math.nan)]
    ['plus', 'minus', 'zero', 'odd']
    """
    return "odd" if not math.isfinite(x) else "plus" if x > 0 else "minus" if x < 0 else "zero"


def _sentence(text: str) -> str:
    return f'<p class="nograph">{escape(text)}</p>'
