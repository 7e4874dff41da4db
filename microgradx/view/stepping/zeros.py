"""Why a contribution is 0: the operation that cut it, on the edge itself or above it, or that nothing arrived."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from ..trace import Contribution, Trace

NOTHING_ARRIVES = "no gradient arrives here"


def reasons(trace: Trace, places: Iterable[int], inside: frozenset[object]) -> list[tuple[str, int]]:
    """Each reason why some contributions of one step are 0, with how many it accounts for, the most frequent one first.

    >>> from microgradx import Value
    >>> x = Value(-1.0)
    >>> h = x * 2.0
    >>> trace = Trace(h.relu())
    >>> reasons(trace, [1], frozenset([h, trace.output]))
    [('their relu is off', 1)]
    """
    return Counter(_reason(trace, trace[place], inside) for place in places).most_common()


def _reason(trace: Trace, edge: Contribution, inside: frozenset[object]) -> str:
    """The nearest zero factor between this edge and where gradients enter the step."""
    while edge.local != 0.0:
        above = [trace[place] for place in trace.into.get(edge.node, ())]
        if len(above) > 1 and any(sent.contribution for sent in above):
            return "what arrives adds up to 0"
        if not above or above[0].node not in inside:
            return NOTHING_ARRIVES
        edge = above[0]
    name = edge.node.op.name if edge.node.op else ""
    if name == "relu":
        return "their relu is off"
    return "the other factor is 0" if name in ("multiply", "dot") else f"the {name} is flat here"


def swallowed(edges: Iterable[Contribution]) -> bool:
    """Whether a factor of exactly 0 met one that is inf or nan: their product counts as 0."""
    return any(
        edge.contribution == 0.0 and not (math.isfinite(edge.upstream) and math.isfinite(edge.local)) for edge in edges
    )
