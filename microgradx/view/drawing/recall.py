"""The pass of a graph whose leaves were assigned since, as by an optimizer's step: what of it can still be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...chain import contribution
from ...engine import Value
from ...stale import refuse_stale

_STAND_INS = (1.0, -1.0, 0.37, -0.37, 1e3, -1e3, 0.0)
"""What stands in for a number that is gone: a slope that is the same for all of them did not rest on it."""


class Edge(NamedTuple):
    """One operand of one value.

    `contribution` is None until the gradient has passed; both are None where the number they rest on is gone.
    """

    tail: int
    head: int
    slot: int
    local: float | None
    contribution: float | None


def assigned_since(order: Sequence[Value]) -> list[Value]:
    """The operands that were assigned, or computed again, after a value of the graph was computed from them."""
    found: dict[Value, None] = {}
    for node in order:
        try:
            refuse_stale(node)
        except RuntimeError:
            found |= dict.fromkeys(p for p in node.parents if isinstance(p, Value) and p._stamp > node._stamp)
    return list(found)


def recalled(order: Sequence[Value], place: Mapping[Value, int]) -> tuple[list[float | None], list[Edge]]:
    """The gradients and edges of the pass before the assignment.

    A computed value still has its number, an assigned leaf has lost its own. So a slope that rests on such a leaf is not known,
    and neither is what it carried; gradients that cannot be added up without it are those that the pass left in `.grad`, if
    the last pass began at this output.
    """
    output = order[-1]
    left = output.grad == 1.0
    sums: dict[Value, float | None] = {output: 1.0}
    found = []
    for head in reversed(order):
        upstream = sums.get(head, 0.0)
        if upstream is None and left:
            upstream = sums[head] = head.grad
        for slot, local in _slopes(head):
            operand = head.parents[slot]
            sent = None if upstream is None or local is None else contribution(upstream, local)
            before = sums.get(operand, 0.0)
            sums[operand] = None if before is None or sent is None else before + sent
            found.append(Edge(place[operand], place[head], slot, local, sent))
    return [sums.get(node, 0.0) for node in order], found


def _slopes(head: Value) -> list[tuple[int, float | None]]:
    """(slot, local derivative) of each operand; None where it rests on a number that is gone."""
    if head.op is None:
        return []
    slots = [slot for slot, parent in enumerate(head.parents) if isinstance(parent, Value)]
    gone = [slot for slot in slots if head.parents[slot]._stamp > head._stamp]
    wanted = None if head.op.arity is None else [slot in slots for slot in range(len(head.parents))]
    numbers = [parent.data if isinstance(parent, Value) else parent for parent in head.parents]
    tried = []
    for stand_in in _STAND_INS if gone else (0.0,):
        operands = [stand_in if slot in gone else x for slot, x in enumerate(numbers)]
        tried.append(head.op.local_derivatives(operands, head.data, wanted))
    return [(slot, tried[0][slot] if all(some[slot] == tried[0][slot] for some in tried) else None) for slot in slots]
