"""Why a gradient is what it is: every path from the output to a value, counted exactly, and the largest ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
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
from ..words.scope import caller_variables, scope_of_names
from ..words.terminal import Ends, Part, TableRows, set_in_lines, terminal_width
from .asked import EveryInput, named_inputs, refuse_swapped
from .in_common import in_common, one_of_many, runs_alike
from .paths import Path, counted, cut_path, largest_paths, routes, signed
from .sweep import Sweep

CELL_COLUMNS = 120
"""In a cell of a notebook, which has no width that is known, a path gets the room it has in so wide a terminal."""


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
    cut: tuple[Path, ...] = ()
    """A path that is cut, where all are."""

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
        elif self.cut:
            parts += self._listed(width)
            parts += [f"  {counted(cut - 1)} more, all cut; why({self.slope.partition('/d')[2]}) says where"] if cut > 1 else []
        return parts

    def _listed(self, width: int) -> list[Part]:
        """A row for each path, no two alike, and what the first one is the product of."""
        rows = [("#", "contribution", "covers", "path")]
        covered = 0.0
        paths = self.paths or self.cut
        sent = max(12, *(columns(signed(path.contribution)) for path in paths), 0)
        texts = routes(paths, max(width - sent - len(str(len(paths))) - 9, 16))
        for place, path in enumerate(paths, 1):
            covered += abs(path.contribution)
            known = self.magnitude and math.isfinite(self.magnitude)
            share = f"{covered / self.magnitude:.0%}" if known else "-"
            rows.append((str(place), signed(path.contribution), share, texts[place - 1]))
        parts: list[Part] = [TableRows(rows, ">>><")]
        more = self.live - len(self.paths)
        if more:
            how = f"{option('k', self.live)} lists all" if self.live < 10_000 else ""
            parts.append(Ends(f"  {counted(more)} more, sum {signed(self.remainder)}", how))
        if paths and (product := paths[0].running()):
            told = (product, *runs_alike(paths[0].nodes, paths[0].factors))
            parts += [f"  path 1: {line}" for line in told]
            if not math.isfinite(self.total) and all(math.isfinite(path.contribution) for path in paths):
                parts.append("  from left to right, as the pass multiplies, it overflows on the way, though the whole does not")
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
    scope = scope_of_names(names, caller_variables(1))
    trace = Trace(output, scope.roots)
    named = name_nodes(trace.order, scope, owners=trace.owners)
    shown = displayed(named)
    if wrt is None:
        return EveryInput({name: explain_in(trace, shown, node, k) for name, node in named_inputs(named)})
    if isinstance(wrt, Value) and wrt not in named:
        refuse_swapped("explain", output, wrt, (symbol(output, named), name_nodes([wrt], scope)[wrt]))
    return explain_in(trace, shown, find_node(wrt, named, symbol(output, named)), k)


def explain_in(trace: Trace, named: Mapping[Value, str], goal: Value, k: int) -> Explanation:
    """The explanation of one gradient of a pass that is already recorded."""
    if isinstance(k, bool) or not isinstance(k, int) or k < 0:
        raise ValueError(f"k is how many of the largest paths to list, a whole number from 0 on; got {k!r}")
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
        tuple(in_common(sweep, named)) if isinstance(named, Displayed) else (),
        one_of_many(trace, goal),
        () if live else cut_path(trace, named, goal)[:k],
    )
