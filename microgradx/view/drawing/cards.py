"""What a drawing shows: one card per value, one wire per operand, a caption in words."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from ...engine import Value
from ...modes import source_line
from ..theme import tone_of
from ..words.notation import exact, number
from .flow import Flow, made_by, short
from .recall import Edge
from .shapes import THINNEST, Card, Enclosure, Shapes, Wire, width
from .spread import total_of
from .stored import Note, stored
from .sums import list_lines, list_tone, list_tooltip
from .titles import Titles, ordered_operands
from .troubles import Troubles, diagnose

LINES = ("name", "value", "grad")
ONES_SHOWN = 30  # cards up to which an addition's `*1` is written
FAR = 3  # ranks from a leaf's first use, beyond which a use gets a copy of the leaf
TANGLED = 600  # places where wires pass a column without stopping, from where far uses of computed values get copies as well


def picture(
    flow: Flow,
    kept: Sequence[int],
    edges: str,
    show: Container[str],
    constants: bool,
    notes: Mapping[int, Note] | None = None,
    inputs: Mapping[int, list[int]] | None = None,
    spoken: Sequence[int] | None = None,
) -> Shapes:
    """One card for each value of `flow` in `kept`, with copies of a leaf beside its far uses.

    `inputs` are the inputs that a value gets as a list, by the place of that value. The caption speaks of the values `spoken`.
    """
    spoken = kept if spoken is None else spoken
    troubles, also = diagnose(flow, spoken), stored(flow, spoken)
    notes = also.notes if notes is None else notes
    forward = "grad" not in show
    inputs = inputs or {}
    kept = [place for place in kept if place not in {leaf for leaves in inputs.values() for leaf in leaves}]
    inside, lost, titles = set(kept), set(troubles.cancelled), Titles(flow)
    wired = [edge for edge in flow.edges if edge.tail in inside and edge.head in inside]
    rank = ranks(flow, kept, wired)
    drawn = Shapes([], [], f"the gradient flow of {short(flow, flow.output)}")
    for place in kept:
        drawn.cards.append(_card(flow, place, titles, show, troubles, notes.get(place)))
    largest = flow.largest()
    uses: dict[tuple[int, int], list[float | None]] = {}
    for edge in wired:
        uses.setdefault((edge.tail, edge.head), []).append(edge.contribution)
    copies: dict[tuple[int, int], Card] = {}
    passed = sum(max(0, rank[e.head] - rank[e.tail] - 1) for e in wired if flow.nodes[e.tail].op is not None)
    tangled = passed > TANGLED
    for edge in wired:
        tail = f"n{edge.tail}"
        if rank[edge.head] - rank[edge.tail] > FAR + 1 and (tangled or flow.nodes[edge.tail].op is None):
            where = (edge.tail, edge.head)
            if where not in copies:
                copies[where] = _copy(flow, edge, titles.of(edge.tail), len(copies), show, _sum(uses[where]))
            tail = copies[where].id
        else:
            drawn.virtual += max(0, rank[edge.head] - rank[edge.tail] - 1)
        spine = flow.nodes[edge.tail].op is not None and rank[edge.head] == rank[edge.tail] + 1
        wire = _wire(flow, edge, tail, edges, largest, len(kept) <= ONES_SHOWN, spine)
        if edge.head in lost:
            wire.tone = "zero"
        drawn.wires.append(_bare(wire) if forward else wire)
    drawn.cards += copies.values()
    for head, leaves in inputs.items():
        _draw_list(flow, head, leaves, forward, drawn)
    if constants:
        _draw_constants(flow, kept, drawn)
    drawn.span = 1 + max(rank.values()) - min(rank.values())
    if not forward:
        drawn.caption = [also.sentence, *troubles.sentences(flow)]
        drawn.caption = [said for said in drawn.caption if said]
    if copies:
        names = sorted({place for place, _ in copies})
        drawn.caption.append(
            f"Copies, marked with ', stand beside far uses of {', '.join(short(flow, place) for place in names[:6])}"
            f"{' and others' if len(names) > 6 else ''}; each shows its part of the gradient."
        )
    return drawn


def boxed(flow: Flow, drawn: Shapes) -> Shapes:
    """The picture with a box around the cards of each module that has more than one."""
    boxes: dict[str, list[str]] = {}
    for card in drawn.cards:
        if len(card.places) == 1 and (module := flow.modules[card.places[0]]) and card.kind != "copy":
            boxes.setdefault(flow.part(module), []).append(card.id)
    return replace(drawn, boxes=[Enclosure(name, name, cards) for name, cards in boxes.items() if len(cards) > 1])


def ranks(flow: Flow, kept: Sequence[int], wired: Sequence[Edge]) -> dict[int, int]:
    """The column of each value: as far from the leaves as its longest path, a leaf just before its first use."""
    rank = dict.fromkeys(kept, 0)
    for edge in wired:  # edges come in topological order of their heads
        rank[edge.head] = max(rank[edge.head], rank[edge.tail] + 1)
    first: dict[int, int] = {}
    for edge in wired:
        if flow.nodes[edge.tail].op is None:
            first[edge.tail] = min(first.get(edge.tail, rank[edge.head]), rank[edge.head])
    return rank | {leaf: use - 1 for leaf, use in first.items()}


def _bare(wire: Wire) -> Wire:
    """The wire without anything of the backward pass, for readers who want to find the gradients themselves."""
    return replace(wire, label="", tone="none", width=THINNEST, tooltip=wire.tooltip.partition("\n")[0])


def _card(
    flow: Flow, place: int, titles: Titles, show: Container[str], troubles: Troubles, note: Note | None
) -> Card:
    node, grad = flow.nodes[place], flow.grads[place]
    bad = not math.isfinite(flow.data[place])
    tone = "bad" if bad else "zero" if place in troubles.cancelled else tone_of(grad)
    if "grad" not in show:
        tone, note = "bad" if bad else "none", None
    head = titles.of(place) + (" !" if tone == "bad" else "")
    formula = titles.formula(place)
    value = f"now {number(flow.data[place])}" if place in flow.assigned else number(flow.data[place])
    texts = {"name": head, "value": value, "grad": f"grad {'-' if grad is None else number(grad)}"}
    kind = "output" if place in (flow.outputs or (flow.output,)) else "leaf" if node.op is None else "inner"
    heavy = place in (troubles.origin, flow.active)
    lines = [*(texts[line] for line in LINES if line in show), *([note.short] if note else [])]
    first = node.op is not None and ordered_operands(node.op)
    return Card(f"n{place}", lines, kind, tone, _tooltip(flow, place, formula, note), heavy, places=(place,), ordered=first)


def _tooltip(flow: Flow, place: int, made: str, note: Note | None) -> str:
    node, grad = flow.nodes[place], flow.grads[place]
    lines = [flow.names[place][:1000]]
    if node.label and node.label != flow.names[place]:
        lines.append(f"label {node.label[:1000]}")
    lines.append(f"made by {made_by(node)}: {made}" if node.op else "a leaf")
    if module := flow.modules[place]:
        lines.append(f"part of {flow.owners.written(module)}")
    lines.append(f"value {exact(flow.data[place])}")
    lines.append(f"gradient {'not there yet' if grad is None else exact(grad)}")
    if note:
        lines.append(note.whole)
    written = source_line(node)
    return "\n".join(lines + ([f"written at {written}"] if written else []))


def _wire(flow: Flow, edge: Edge, tail: str, edges: str, largest: float, ones: bool, spine: bool) -> Wire:
    upstream, got = flow.grads[edge.head], edge.contribution
    label = ""
    if edges == "local" and (ones or edge.local != 1.0):
        label = f"*{_known(edge.local)}"
    elif edges == "chain" and upstream is not None and (got is not None or edge.local is None):
        label = f"{number(upstream)}*{_known(edge.local)}"
    said = f"{short(flow, edge.tail)} -> {short(flow, edge.head)}\nlocal derivative "
    said += "rested on a number that is gone" if edge.local is None else exact(edge.local)
    if got is not None and upstream is not None:
        said += f"\nupstream gradient {exact(upstream)}\ncontribution {exact(got)}"
    return Wire(tail, f"n{edge.head}", label, tone_of(got), width(got, largest), said, spine)


def _known(slope: float | None) -> str:
    return "?" if slope is None else number(slope)


def _sum(parts: list[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _copy(flow: Flow, edge: Edge, title: str, count: int, show: Container[str], share: float | None) -> Card:
    texts = {
        "name": title.partition(" = ")[0] + "'",
        "value": number(flow.data[edge.tail]),
        "grad": f"grad {'-' if share is None else '+= ' + number(share)}",
    }
    said = f"{flow.names[edge.tail][:1000]}, drawn again beside a far use\nvalue {exact(flow.data[edge.tail])}"
    if share is not None:
        said += f"\nthis use adds {exact(share)} to its gradient"
    lines = [texts[line] for line in LINES if line in show]
    return Card(f"n{edge.tail}c{count}", lines, "copy", tone_of(share), said)


def _draw_list(flow: Flow, head: int, leaves: list[int], forward: bool, drawn: Shapes) -> None:
    """One card and one wire for the many inputs of a value."""
    edges = {edge.tail: edge for edge in flow.edges if edge.head == head}
    tone = "none" if forward else list_tone([flow.grads[place] for place in leaves])
    lines = list_lines(flow, leaves)
    if forward:
        lines = [line.partition(", grad ")[0] for line in lines[:-1]]
    said = list_tooltip(flow, leaves, edges)
    drawn.cards.append(Card(f"n{leaves[0]}", lines, "leaf", tone, said, places=leaves))
    size = total_of([abs(edges[place].contribution or 0.0) for place in leaves])
    wire = Wire(f"n{leaves[0]}", f"n{head}", "", tone, width(size, flow.largest()), f"{len(leaves):,} inputs\n{said}", False)
    drawn.wires.append(_bare(wire) if forward else wire)


def _draw_constants(flow: Flow, kept: Sequence[int], drawn: Shapes) -> None:
    for place in kept:
        for slot, parent in enumerate(flow.nodes[place].parents):
            if not isinstance(parent, Value):
                id = f"n{place}k{slot}"
                said = f"the number {exact(parent)}: no gradient flows into it"
                drawn.cards.append(Card(id, [number(parent)], "constant", "none", said))
                drawn.wires.append(Wire(id, f"n{place}", "", "none", 0.8, said, False))
