"""Why a gradient is what it is: every path from the output to a value, counted exactly, and the largest ones."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from ...engine import Value
from ...tables import columns
from ..trace import Trace
from ..wording import slope, symbol
from ..words.as_typed import option
from ..words.cells import set_in_cells
from ..words.displayed import Displayed
from ..words.names import displayed, find_node, name_nodes
from ..words.notation import number
from ..words.scope import caller_variables
from ..words.signed import unnamed
from ..words.terminal import Ends, Part, TableRows, distinct_names, set_in_lines, terminal_width
from .asked import EveryInput, named_inputs, refuse_swapped
from .in_common import in_common, one_of_many, runs_alike
from .sweep import Link, Sweep

CELL_COLUMNS = 120
"""In a cell of a notebook, which has no width that is known, a path gets the room it has in so wide a terminal."""


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

    def landmarks(self) -> list[str]:
        """The names on the way that somebody gave, and its two ends."""
        last = len(self.names) - 1
        return [name for k, name in enumerate(self.names) if k in (0, last) or not unnamed(name)]

    def running(self) -> str:
        """The product of the factors that are not 1, multiplied out from left to right; the middle of long ones is left out.

        >>> Path((), (), (0.5, 0.25, 1.0, 0.5), 0.0625, ()).running()
        '0.5 x 0.25 = 0.125, x 0.5 = +0.0625'
        """
        factors = [factor for factor in self.factors if factor != 1.0]
        products = list(itertools.accumulate(factors, operator.mul))
        if len(factors) < 2:
            return ""
        texts = [f"x {number(factor)} = {number(product)}" for factor, product in zip(factors, products, strict=True)]
        texts[1:2] = [f"{number(factors[0])} {texts[1]}"]
        texts[-1] = texts[-1].rpartition(" = ")[0] + f" = {signed(self.contribution)}"
        return ", ".join(texts[1:] if len(texts) <= 7 else [*texts[1:4], "...", *texts[-2:]])


@dataclass(frozen=True, repr=False)
class Explanation:
    """A gradient as the sum over its paths; printing it shows the block.

    `total` is the gradient, `count` all paths, `live` those without a zero factor, `magnitude` the sum of |contribution|,
    `paths` the largest ones and `remainder` what the others add up to; `groups` says what many of them have in common,
    and `sample` which one the value belongs to, if its module was called for several.
    """

    total: float
    count: int
    live: int
    magnitude: float
    paths: tuple[Path, ...]
    slope: str
    groups: tuple[str, ...] = ()
    sample: str = ""

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
        width = terminal_width()
        return "\n".join(set_in_lines(self._parts(width), width))

    def _repr_html_(self) -> str:
        return set_in_cells(self._parts(CELL_COLUMNS))

    def _parts(self, width: int) -> list[Part]:
        cut = self.count - self.live
        told = f"{counted(self.count)} path{'s' * (self.count != 1)}: {counted(self.live)} live"
        told += f", {counted(cut)} cut by a zero local derivative" * (cut > 0)
        parts: list[Part] = [Ends(f"{self.slope} = {number(self.total)}", told)]
        parts += [self.sample] if self.sample else []
        if self.live:
            survives = f", so {self.survives:.0%} survives cancellation" if math.isfinite(self.survives) else ""
            parts.append(f"sum |contribution| = {number(self.magnitude)}{survives}")
            parts += [*self.groups, *self._listed(width)]
        return parts

    def _listed(self, width: int) -> list[Part]:
        """A row for each path, no two alike, and what the first one is the product of."""
        rows = [("#", "contribution", "covers", "path")]
        covered = 0.0
        sent = max(12, *(columns(signed(path.contribution)) for path in self.paths), 0)
        routes = _routes(self.paths, max(width - sent - len(str(len(self.paths))) - 9, 16))
        for place, path in enumerate(self.paths, 1):
            covered += abs(path.contribution)
            known = self.magnitude and math.isfinite(self.magnitude)
            share = f"{covered / self.magnitude:.0%}" if known else "-"
            rows.append((str(place), signed(path.contribution), share, routes[place - 1]))
        parts: list[Part] = [TableRows(rows, ">>><")]
        more = self.live - len(self.paths)
        if more:
            how = f"{option('k', self.live)} lists all" if self.live < 10_000 else ""
            parts.append(Ends(f"  {counted(more)} more, sum {signed(self.remainder)}", how))
        if self.paths and (product := self.paths[0].running()):
            told = (product, *runs_alike(self.paths[0].nodes, self.paths[0].factors))
            parts += [f"  path 1: {line}" for line in told]
        return parts


@overload
def explain(output: Value, wrt: Value | str, k: int = 5, names: Mapping[str, object] | None = None) -> Explanation: ...
@overload
def explain(
    output: Value, wrt: None = None, k: int = 5, names: Mapping[str, object] | None = None
) -> EveryInput[Explanation]: ...
def explain(
    output: Value, wrt: Value | str | None = None, k: int = 5, names: Mapping[str, object] | None = None
) -> Explanation | EveryInput[Explanation]:
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
    are: forty doublings, 2**40 paths, take about a millisecond. `explain(L)` explains the gradient of every named input.
    """
    if not isinstance(output, Value):
        raise TypeError(f"explain(L, w) needs the Value whose gradient is asked; {output!r} has no graph")
    if k < 0:
        raise ValueError(f"k is how many of the largest paths to list, 0 or more; got {k}")
    trace = Trace(output)
    caller = caller_variables(1)
    named = name_nodes(trace.order, caller, names)
    shown = displayed(named)
    if wrt is None:
        return EveryInput({name: explain_in(trace, shown, node, k) for name, node in named_inputs(named)})
    if isinstance(wrt, Value) and wrt not in named:
        refuse_swapped("explain", output, wrt, (symbol(output, named), name_nodes([wrt], caller, names)[wrt]))
    return explain_in(trace, shown, find_node(wrt, named, symbol(output, named)), k)


def explain_in(trace: Trace, named: Mapping[Value, str], goal: Value, k: int) -> Explanation:
    """The explanation of one gradient of a pass that is already recorded."""
    sweep = Sweep(trace, goal, k)
    live = sweep.live.get(goal, 0)
    total = trace.adjoints.get(goal, 0.0)
    return Explanation(
        total,
        sweep.count[goal],
        live,
        sweep.size.get(goal, 0.0),
        largest_paths(sweep, named),
        slope(goal, trace.output, named),
        tuple(in_common(trace, named, goal, live)) if isinstance(named, Displayed) else (),
        one_of_many(trace, goal),
    )


def largest_paths(sweep: Sweep, named: Mapping[Value, str]) -> tuple[Path, ...]:
    """The largest paths that a sweep has kept, in the names that they are to be shown by."""
    return tuple(_path(sweep.trace, named, sweep.goal, link) for link in sweep.largest(sweep.goal))


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
        name = named[edge.operand]
        names.append(f"{name} [{side}]" if repeats > 1 else name)
    return Path(
        (trace.output, *(edge.operand for edge in edges)),
        tuple(edge.slot for edge in edges),
        tuple(edge.local for edge in edges),
        -size if negative else size,
        tuple(names),
    )


def _routes(paths: Sequence[Path], room: int) -> list[str]:
    """Paths in `room` columns each, no two alike: in full, else by their named values only, else without their middle."""
    whole, named = [str(path) for path in paths], [" > ".join(path.landmarks()) for path in paths]
    texts = [text if columns(text) <= room or named.count(short) > 1 else short for text, short in zip(whole, named, strict=True)]
    short = distinct_names(texts, room)
    return [short[text] for text in texts]


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
