"""Why a gradient is what it is: every path from the output to a value, counted exactly, and the largest ones."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...chain import Several
from ...engine import Value
from ...tables import WIDTH, clip, columns, table
from ..trace import Trace
from ..wording import slope, symbol
from ..words.names import displayed, find_node, name_nodes
from ..words.notation import number, unnamed
from ..words.scope import caller_variables
from ..words.terminal import ends

Link = tuple[int, float, bool, int, "Link | None"]
"""The end of a partial path: exponent and mantissa of its |product|, whether it is negative, its last edge, the rest."""


@dataclass(frozen=True)
class Path:
    """One way from the output down to a value: the product of its local derivatives is what it contributes."""

    nodes: tuple[Value, ...]
    slots: tuple[int, ...]
    factors: tuple[float, ...]
    contribution: float
    names: tuple[str, ...] = field(repr=False)

    def __str__(self) -> str:
        return " > ".join(self.names)


@dataclass(frozen=True, repr=False)
class Explanation:
    """A gradient as the sum over its paths; printing it shows the block.

    `total` is the gradient, `count` all paths, `live` those without a zero factor, `magnitude` the sum of |contribution|,
    `paths` the largest ones and `remainder` what the others add up to.
    """

    total: float
    count: int
    live: int
    magnitude: float
    paths: tuple[Path, ...]
    slope: str

    @property
    def remainder(self) -> float:
        """What the paths that are not listed add to the gradient."""
        return self.total - math.fsum(path.contribution for path in self.paths)

    @property
    def coverage(self) -> float:
        """The share of `magnitude` that the listed paths make up, from 0 to 1."""
        return sum(abs(p.contribution) for p in self.paths) / self.magnitude if self.magnitude else 1.0

    @property
    def survives(self) -> float:
        """The share of `magnitude` that is left after paths of opposite sign have cancelled, from 0 to 1."""
        return abs(self.total) / self.magnitude if self.magnitude else 1.0

    def __repr__(self) -> str:
        cut = self.count - self.live
        told = f"{counted(self.count)} path{'s' * (self.count != 1)}: {counted(self.live)} live"
        lines = ends(
            f"{self.slope} = {number(self.total)}",
            told + f", {counted(cut)} cut by a zero local derivative" * (cut > 0),
        )
        if self.live:
            lines.append(f"sum |contribution| = {number(self.magnitude)}, so {self.survives:.0%} survives cancellation")
            lines += self._listed()
        return "\n".join(clip(line, WIDTH) for line in lines)

    def _listed(self) -> list[str]:
        rows = [("#", "contribution", "covers", "path")]
        covered = 0.0
        for place, path in enumerate(self.paths, 1):
            covered += abs(path.contribution)
            share = f"{covered / self.magnitude:.0%}" if self.magnitude else "-"
            rows.append((str(place), signed(path.contribution), share, _route(path, WIDTH - 32)))
        lines = table(rows, ">>><", (3,))
        more = self.live - len(self.paths)
        if more:
            how = f"k={self.live} lists all" if self.live < 10_000 else ""
            lines += ends(f"  {counted(more)} more, sum {signed(self.remainder)}", how)
        if self.paths and len(factors := [f for f in self.paths[0].factors if f != 1.0]) > 1:
            product = " x ".join(map(number, factors))
            lines.append(f"  path 1: {clip(product, WIDTH - 25)} = {signed(self.paths[0].contribution)}")
        return lines


def explain(output: Value, wrt: Value | str, k: int = 5, names: Mapping[str, object] | None = None) -> Explanation:
    """The derivative d(output)/d(wrt) as a sum over paths: their exact number and the `k` largest by |contribution|.

    >>> x = Value(3.0)
    >>> L = x * x + 4 * x
    >>> explain(L, x)
    dL/dx = 10                                                       3 paths: 3 live
    sum |contribution| = 10, so 100% survives cancellation
    # contribution covers path
    1           +4    40% L > 4*x > x
    2           +3    70% L > x*x > x [left]
    3           +3   100% L > x*x > x [right]

    An operand that stands twice in an operation makes two paths. The cost is edges times `k`, however many paths there
    are: forty doublings, 2**40 paths, take about a millisecond.
    """
    if not isinstance(output, Value):
        raise TypeError(f"explain(L, w) needs the Value whose gradient is asked; {output!r} has no graph")
    if k < 0:
        raise ValueError(f"k is how many of the largest paths to list, 0 or more; got {k}")
    trace = Trace(output)
    named = name_nodes(trace.order, caller_variables(1), names)
    return explain_in(trace, displayed(named), find_node(wrt, named, symbol(output, named)), k)


def explain_in(trace: Trace, named: Mapping[Value, str], goal: Value, k: int) -> Explanation:
    """The explanation of one gradient of a pass that is already recorded."""
    sweep = Sweep(trace, goal, k)
    paths = tuple(_path(trace, named, goal, link) for link in sweep.largest(goal))
    total = trace.adjoints.get(goal, 0.0)
    return Explanation(
        total,
        sweep.count[goal],
        sweep.live.get(goal, 0),
        sweep.size.get(goal, 0.0),
        paths,
        slope(goal, trace.output, named),
    )


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
        columns = zip(trace.column("node"), trace.column("slot"), trace.column("local"), strict=True)
        for place, (node, slot, local) in enumerate(columns):
            operand = node.parents[slot]
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


def _path(trace: Trace, named: Mapping[Value, str], goal: Value, end: Link) -> Path:
    """A path from its last link."""
    edges = []
    link: Link | None = end
    while link is not None and link[3] >= 0:
        edges.append(trace[link[3]])
        link = link[4]
    edges.reverse()
    exponent, mantissa, negative, _, _ = end
    size = mantissa if not math.isfinite(mantissa) else math.inf if exponent > 1024 else math.ldexp(mantissa, exponent)
    names = [symbol(trace.output, named)]
    for edge in edges:
        repeats = sum(parent is edge.operand for parent in edge.node.parents)
        side = ("left", "right")[edge.slot] if len(edge.node.parents) == 2 else edge.slot
        names.append(named[edge.operand] + (f" [{side}]" if repeats > 1 else ""))
    return Path(
        (trace.output, *(edge.operand for edge in edges)),
        tuple(edge.slot for edge in edges),
        tuple(edge.local for edge in edges),
        -size if negative else size,
        tuple(names),
    )


def _route(path: Path, room: int) -> str:
    """A path in `room` columns: in full, else by its named values only, else with its middle left out."""
    ends = (0, len(path.names) - 1)
    named = [name for k, name in enumerate(path.names) if k in ends or not unnamed(name)]
    texts = [" > ".join(path.names), " > ".join(named)]
    return next((text for text in texts if columns(text) <= room), clip(texts[-1], room))


def signed(x: float) -> str:
    """A number with its sign, plus included."""
    return f"+{number(x)}" if x > 0 else number(x)


def counted(n: int) -> str:
    """A count of paths; beyond twelve digits as a power of two.

    >>> counted(512), counted(2**40), counted(2**5000 - 1)
    ('512', '2^40', 'about 2^5000')
    """
    if n < 10**12:
        return str(n)
    power = n.bit_length() - 1
    return f"2^{power}" if n == 1 << power else f"about 2^{round(math.log2(n))}"
