"""One walk down a pass that counts, sums and ranks the paths to a value."""

from __future__ import annotations

import heapq
import math

from ...chain import Several
from ...engine import Value
from ..trace import Trace

Link = tuple[int, float, bool, int, "Link | None"]
"""The end of a partial path: exponent and mantissa of its |product|, whether it is negative, its last edge, the rest."""


class Sweep:
    """One walk down the edges that lead to `goal`: per node its paths from the output, counted, summed and ranked.

    Each node keeps its `k` largest partial products with a link to where they came from, so the walk costs edges
    times `k`. A product is kept as mantissa and exponent, so that it cannot underflow on the way. A best-first search
    would drown instead in a graph whose paths are all equally large.
    """

    def __init__(self, trace: Trace, goal: Value, k: int) -> None:
        self.trace, self.goal, self.k = trace, goal, k
        self.above = above(trace, goal)
        self.count: dict[Value, int] = {trace.output: 1}
        self.live: dict[Value, int] = {trace.output: 1}
        self.size: dict[Value, float] = {trace.output: 1.0}
        self._best: dict[Value, list[Link]] = {trace.output: [(0, 1.0, False, -1, None)]}
        count, live, size, reaching = self.count, self.live, self.size, self.above
        last = None
        columns = zip(trace.column("node"), trace.operands, trace.column("local"), strict=True)
        for place, (node, operand, local) in enumerate(columns):
            if operand not in reaching:
                continue
            count[operand] = count.get(operand, 0) + count[node]
            if isinstance(local, Several):
                raise ValueError(
                    f"a path leads through {node.op.name}, a call of a compiled function that gave many numbers at once, whose "
                    "derivatives are not known one by one: explain what the function itself gives, without compile"
                )
            if local == 0.0 or node not in live:
                continue
            live[operand] = live.get(operand, 0) + live[node]
            size[operand] = size.get(operand, 0.0) + size[node] * abs(local)
            if k:
                if node is not last:
                    last, links = node, self.largest(node)
                factor, scale = math.frexp(abs(local))
                if not math.isfinite(factor):
                    scale = 1 << 40  # an infinite or undefined factor outranks every number
                longer = self._best.setdefault(operand, [])
                for link in links:
                    mantissa, shift = math.frexp(link[1] * factor)
                    longer.append((link[0] + scale + shift, mantissa, link[2] != (local < 0.0), place, link))

    def largest(self, node: Value) -> list[Link]:
        """The largest partial paths that end at a node, largest first; equal ones in the order they fire."""
        links = self._best.get(node, [])
        if len(links) > 1:
            self._best[node] = links = heapq.nlargest(self.k, links, key=lambda link: link[:2])
        return links[: self.k]


def above(trace: Trace, goal: Value) -> set[Value]:
    """The nodes from which a way leads down to `goal`, `goal` among them."""
    found = {goal}
    for node in trace.order:
        for operand in node.parents:
            if isinstance(operand, Value) and operand in found:
                found.add(node)
                break
    return found
