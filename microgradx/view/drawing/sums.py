"""Wide sums: a chain of additions becomes one card, and the inputs that go only into it become a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...engine import Value
from ..theme import tone_of
from ..words.notation import exact, number
from .flow import Flow, short
from .recall import Edge
from .spread import deviation, mean_of, spread_of, total_of

TERMS = 10
"""So many terms make a sum wide."""

FIRST = 4
"""So many of the inputs of a list are written, and the last."""


def chained(flow: Flow, kept: Sequence[int]) -> tuple[Flow, list[int]]:
    """The flow with each chain of ten or more additions as one value with that many operands, and the values left.

    >>> from microgradx import Value
    >>> from microgradx.view.drawing.flow import snapshot
    >>> xs = [Value(float(k)) for k in range(12)]
    >>> flow, left = chained(snapshot(sum(xs, Value(0.0))), range(25))
    >>> len(left), len(flow.operands[24])
    (14, 13)
    """
    head_of = _chains(flow, set(kept))
    if not head_of:
        return flow, list(kept)
    moved = []
    for edge in flow.edges:
        head = head_of.get(edge.head, edge.head)
        if edge.tail not in head_of:
            local = 1.0 if edge.head in head_of else edge.local  # an addition passes on what it gets
            moved.append(edge._replace(head=head, local=local))
    moved.sort(key=lambda edge: edge.head)
    slots: dict[int, int] = {}
    edges = []
    for edge in moved:
        slot = slots[edge.head] = slots.get(edge.head, -1) + 1
        edges.append(edge._replace(slot=slot))
    return replace(flow, edges=edges, merged=len(head_of)), [place for place in kept if place not in head_of]


def _chains(flow: Flow, kept: set[int]) -> dict[int, int]:
    """For each addition inside a wide chain the place of the chain's last one."""
    uses = [0] * len(flow.nodes)
    user = [-1] * len(flow.nodes)
    for edge in flow.edges:
        uses[edge.tail] += 1
        user[edge.tail] = edge.head
    adds = [
        node.op is not None and node.op.name == "add" and all(isinstance(operand, Value) for operand in node.parents)
        for node in flow.nodes
    ]
    head_of: dict[int, int] = {}
    terms: dict[int, int] = {}
    for place in reversed(range(len(flow.nodes))):
        if not adds[place] or place not in kept:
            continue
        above = user[place]
        inside = uses[place] == 1 and above in kept and adds[above] and not flow.named(place) and flow.active != place
        head = head_of.get(above, above) if inside else place
        if inside:
            head_of[place] = head
        terms[head] = terms.get(head, 1) + 1
    return {place: head for place, head in head_of.items() if terms[head] >= TERMS}


def has_wide_sum(flow: Flow, kept: Sequence[int]) -> bool:
    """Whether one of these values has so many operands that they are better told together."""
    return any(len(flow.operands[place]) >= TERMS for place in kept)


def of_sample(flow: Flow, sample: int) -> tuple[set[int], int]:
    """The places of one term of the widest sum and of what is made from that sum, and how many terms there are.

    The loss of a batch is a sum or a mean over its samples, so a term is a sample.
    """
    computed: dict[int, list[int]] = {}
    for edge in flow.edges:
        if flow.nodes[edge.tail].op is not None:
            computed.setdefault(edge.head, []).append(edge.tail)
    head = max(computed, key=lambda place: len(computed[place]), default=flow.output)
    terms = computed.get(head, [])
    if len(terms) < 2:
        raise ValueError(f"sample={sample!r}: {short(flow, flow.output)} is not a sum or a mean over samples")
    if not isinstance(sample, int) or not -len(terms) <= sample < len(terms):
        raise ValueError(f"sample={sample!r}, but there are {len(terms)}: write 0 to {len(terms) - 1}")
    found, after = {terms[sample]}, {head}
    for edge in reversed(flow.edges):
        if edge.head in found:
            found.add(edge.tail)
    for edge in flow.edges:
        if edge.tail in after:
            after.add(edge.head)
    return found | after, len(terms)


def lists(flow: Flow, kept: Sequence[int]) -> dict[int, list[int]]:
    """For each value with ten or more inputs that are used nowhere else, these inputs."""
    uses = [0] * len(flow.nodes)
    found: dict[int, list[int]] = {}
    inside = set(kept)
    for edge in flow.edges:
        uses[edge.tail] += edge.head in inside
    for edge in flow.edges:
        if flow.nodes[edge.tail].op is None and uses[edge.tail] == 1 and edge.tail in inside and edge.head in inside:
            found.setdefault(edge.head, []).append(edge.tail)
    return {head: leaves for head, leaves in found.items() if len(leaves) >= TERMS}


def list_lines(flow: Flow, leaves: Sequence[int]) -> list[str]:
    """The lines of a list: how many inputs, the first and the last of them, and the gradients of all."""

    def line(place: int) -> str:
        grad = flow.grads[place]
        name = f"{short(flow, place, 14)} = " if flow.named(place) else ""
        return f"{name}{number(flow.data[place])}, grad {'-' if grad is None else number(grad)}"

    grads = [grad for place in leaves if (grad := flow.grads[place]) is not None]
    shown = [line(place) for place in leaves[:FIRST]]
    more = [f"... {len(leaves) - FIRST - 1:,} more ..."] if len(leaves) > FIRST + 1 else []
    return [f"{len(leaves):,} inputs", *shown, *more, line(leaves[-1]), f"grad {spread_of(grads) if grads else '-'}"]


def list_tone(numbers: Sequence[float | None]) -> str:
    """The tone of many gradients: none where their mean lies below their spread."""
    known = [x for x in numbers if x is not None]
    if not known:
        return "none"
    tone = tone_of(mean_of(known))
    return "none" if tone in ("pos", "neg") and deviation(known) > abs(mean_of(known)) else tone


def list_tooltip(flow: Flow, leaves: Sequence[int], edges: Mapping[int, Edge]) -> str:
    """Every input of a list with its number and gradient, and what they send together."""
    rows = [f"{flow.names[place][:40]} {exact(flow.data[place])}" for place in leaves[:40]]
    known = [c for place in leaves if (c := edges[place].contribution) is not None]
    sent = [f"contributions add up to {exact(total_of(known))}"] if known else []
    return "\n".join([*rows, *(["..."] if len(leaves) > 40 else []), *sent])
