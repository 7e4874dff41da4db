"""Why a gradient is zero, tiny or not a number: which of six causes it is, where, and what rules out the others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import overload

from ...engine import Value
from ...tables import clip, table
from ..trace import Trace
from ..wording import EXPLODING, Numbers, slope, symbol
from ..words.cells import set_in_cells
from ..words.names import displayed, find_node, name_nodes
from ..words.notation import number, operation
from ..words.scope import caller_variables, scope_of_names
from ..words.terminal import Part, TableRows, set_in_lines, terminal_width
from .asked import EveryInput, named_inputs, refuse_swapped
from .in_common import runs_alike
from .origin import origin_in
from .paths import Path, counted, largest_paths, signed
from .sweep import Sweep, above

TINY = 1e-6
"""A gradient below this share of what flows into it, or below this size, is worth a reason."""
STEEP_FACTORS, AS_LARGE = 3, 16
"""So many factors above 1 on one of so many largest paths make a large gradient an exploding one, if none alone does."""
SMALLEST = 2.3e-308
"""Sums below this have lost digits: smaller doubles are subnormal."""
PRODUCTS = frozenset(["multiply", "dot"])


@dataclass(frozen=True)
class Cut:
    """An operation whose local derivative is zero: the last zero on `paths` of the paths to the value asked about."""

    node: Value
    reason: str
    paths: int
    upstream: float


@dataclass(frozen=True, repr=False)
class Why:
    """The cause of a gradient's size; printing it shows the proof.

    `cause` is one of "no path", "flat output", "cut", "cancellation", "underflow", "indeterminate" (0 x inf on the way), "not
    finite", and for a gradient that is neither zero nor broken "small factors", "large factors" or "nothing wrong". `cuts` are
    the zeros, those that stop most paths first.
    """

    cause: str
    gradient: float
    cuts: tuple[Cut, ...]
    parts: tuple[Part, ...] = field(repr=False)

    def __repr__(self) -> str:
        lines, width = [], terminal_width()
        for part in self.parts:
            lines += table(part.cells, part.kinds, (2,), width) if isinstance(part, TableRows) else set_in_lines([part], width)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return set_in_cells(self.lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """The proof in sentences, none of them shortened."""
        rows = (part.cells if isinstance(part, TableRows) else [[str(part)]] for part in self.parts)
        return tuple(" ".join(cells) for some in rows for cells in some)


@overload
def why(output: Value, wrt: Value | str, names: Mapping[str, object] | None = None) -> Why: ...
@overload
def why(output: Value, wrt: None = None, names: Mapping[str, object] | None = None) -> EveryInput[Why]: ...
def why(output: Value, wrt: Value | str | None = None, names: Mapping[str, object] | None = None) -> Why | EveryInput[Why]:
    """Why d(output)/d(wrt) is zero, tiny or not finite.

    >>> w, x = Value(-2.0), Value(1.5)
    >>> h = (w * x).relu()
    >>> L = 3 * h
    >>> why(L, w)
    dL/dw = 0: every path, 1 of 1, is cut by a zero local derivative
      1 of 1  at h = relu(-3): it is off, and an off relu has slope 0
              dL/dh = 3 arrived there and was stopped
      ruled out: no path, cancellation, underflow, not finite

    `why(L)` answers for every named input.
    """
    if not isinstance(output, Value):
        raise TypeError(f"why(L, w) needs the Value whose gradient is asked; {output!r} has no graph")
    scope = scope_of_names(names, caller_variables(1))
    trace = Trace(output, scope.roots)
    named = name_nodes(trace.order, scope, owners=trace.owners)
    if wrt is None:
        shown = displayed(named)
        return EveryInput({name: why_in(trace, shown, node) for name, node in named_inputs(named)})
    if isinstance(wrt, Value) and wrt not in named:
        refuse_swapped("why", output, wrt, (symbol(output, named), name_nodes([wrt], scope)[wrt]))
        return _no_path(wrt, symbol(output, named), name_nodes([wrt], scope)[wrt])
    return why_in(trace, displayed(named), find_node(wrt, named, symbol(output, named)))


def why_in(trace: Trace, named: Mapping[Value, str], goal: Value) -> Why:
    """The cause for one gradient of a pass that is already recorded."""
    gradient = trace.adjoints.get(goal, 0.0)
    head = f"{slope(goal, trace.output, named)} = {number(gradient)}"
    if goal is trace.output:
        return Why("nothing wrong", gradient, (), (f"{head}: it is the output itself, whose gradient is the seed 1",))
    if not math.isfinite(gradient):
        told = f"{head}: a value or a factor on the way is not finite"
        return Why("not finite", gradient, (), (told, *(f"  {line}" for line in origin_in(trace, named).lines)))
    if proof := _indeterminate(trace, named, goal):
        return Why("indeterminate", gradient, (), (f"{head}: {proof[0]}", *proof[1:]))
    sweep = Sweep(trace, goal, 1)
    live, size = sweep.live.get(goal, 0), sweep.size.get(goal, 0.0)
    cuts = _cuts(named, sweep) if live < sweep.count[goal] else ()
    if not live:
        cause, lines = _dead(named, sweep, cuts)
    elif (gradient == 0.0 and size == 0.0) or 0.0 < size < SMALLEST:
        cause, lines = _underflow(named, sweep)
    elif abs(gradient) <= TINY * size:
        cause, lines = _cancelled(named, sweep)
    else:
        cause, lines = _alive(named, sweep, cuts)
    return Why(cause, gradient, cuts, (f"{head}: {lines[0]}", *lines[1:]))


def _no_path(wrt: Value, top: str, name: str) -> Why:
    """The verdict on a value that is not in the graph at all."""
    return Why(
        "no path",
        0.0,
        (),
        (
            f"d{top}/d{clip(name, 40)} = 0: no path leads from {top} to it, it is not in the graph",
            "  it was never used, or left the graph by .detach(), .data, float() or no_grad()",
        ),
    )


def _indeterminate(trace: Trace, named: Mapping[Value, str], goal: Value) -> list[str]:
    """The proof that 0 x inf stands on the way to a value."""
    reaching = above(trace, goal) if trace.indeterminate else set()
    met = [edge for edge in map(trace.__getitem__, trace.indeterminate) if edge.operand in reaching]
    if not met:
        return []
    lines = ["on the way 0 x inf is indeterminate, and counts as 0"]
    for edge in met[:3]:
        made = f"{clip(named[edge.node], 20)} = {clip(operation(edge.node, Numbers()), 24)}"
        lines.append(f"  at {made}: upstream {number(edge.upstream)}, local derivative {number(edge.local)}")
    return [
        *lines,
        "  no choice, as where() or relu, made the zero: any slope may be right",
        "  write it without the infinity, or keep away from it by where()",
    ]


def _cuts(named: Mapping[Value, str], sweep: Sweep) -> tuple[Cut, ...]:
    """The operations that hold the last zero of each cut path; their numbers add up to all that are cut."""
    trace = sweep.trace
    onward = {sweep.goal: 1}
    stopped: dict[Value, tuple[int, int]] = {}
    columns = zip(*(reversed(column) for column in (trace.column("node"), trace.column("slot"), trace.operands)), strict=True)
    for (node, slot, operand), local in zip(columns, reversed(trace.column("local")), strict=True):
        if not (ways := onward.get(operand)):
            continue
        if local != 0.0:
            onward[node] = onward.get(node, 0) + ways
        else:
            before = stopped.get(node, (0, slot))[0]
            stopped[node] = (before + sweep.count[node] * ways, slot)
    found = [Cut(node, _reason(node, slot, named), paths, trace.adjoints[node]) for node, (paths, slot) in stopped.items()]
    return tuple(sorted(found, key=lambda cut: -cut.paths))


def _reason(node: Value, slot: int, named: Mapping[Value, str]) -> str:
    """Why, in words, an operation's local derivative towards one operand is zero."""
    assert node.op is not None
    op, facts = node.op, node.op.facts
    if op.name in PRODUCTS:
        half = len(node.parents) // 2
        other = node.parents[(slot + half) % len(node.parents)]
        return f"the other factor{f', {clip(named[other], 24)},' if isinstance(other, Value) else ''} is 0"
    if op.arity is not None and op.partials[slot] == 0.0:
        return "it is flat: its slope is 0 everywhere"
    if facts.choice:
        return f"it is off, and an off {op.name} has slope 0" if op.arity == 1 else "this operand was not the one chosen"
    if facts.saturates:
        return "it is saturated: its slope is 0 to the last bit"
    return "its slope is 0 there"


def _dead(named: Mapping[Value, str], sweep: Sweep, cuts: tuple[Cut, ...]) -> tuple[str, list[Part]]:
    """The proof that no path is live: the cuts, whose numbers add up to all paths."""
    trace, count = sweep.trace, sweep.count[sweep.goal]
    lines = [*_cut_lines(trace, named, cuts, count), _ruled_out(trace, named, "no path", "cancellation", "underflow")]
    sent = zip(trace.column("node"), trace.column("local"), strict=True)
    if all(local == 0.0 for node, local in sent if node is trace.output):
        paths = "the only path ends" if count == 1 else f"all {counted(count)} paths end"
        return "flat output", [f"the output itself is flat, so {paths} there", *lines]
    whole = f"{counted(count)} of {counted(count)}"
    return "cut", [f"every path, {whole}, is cut by a zero local derivative", *lines]


def _ruled_out(trace: Trace, named: Mapping[Value, str], *causes: str) -> str:
    """The causes that it is not; "not finite" is one of them only where every number is finite."""
    bad = next((node for node in trace.order if not math.isfinite(trace.recorded[node])), None)
    told = f"  ruled out: {', '.join(causes)}"
    return f"{told}, not finite" if bad is None else f"{told}; but {clip(named[bad], 24)} is {trace.recorded[bad]}"


def _underflow(named: Mapping[Value, str], sweep: Sweep) -> tuple[str, list[Part]]:
    """The proof of an underflow: how large the largest product would be."""
    exponent, mantissa, *_ = sweep.largest(sweep.goal)[0]
    power = round((exponent + math.log2(mantissa)) * math.log10(2))
    live = sweep.live[sweep.goal]
    return "underflow", [
        "the product of the factors underflows",
        f"  the largest of {counted(live)} live path{'s' * (live > 1)} is about 1e{power}",
        "  a double holds nothing smaller than 4.9e-324",
        _ruled_out(sweep.trace, named, "no path", "every path cut", "cancellation"),
    ]


def _cut_lines(trace: Trace, named: Mapping[Value, str], cuts: tuple[Cut, ...], count: int) -> list[str]:
    lines = []
    for cut in cuts[:3]:
        share = f"  {counted(cut.paths)} of {counted(count)}"
        made = operation(cut.node, Numbers())
        lines.append(f"{share}  at {clip(named[cut.node], 20)} = {clip(made, 24)}: {cut.reason}")
        arrived = f"{slope(cut.node, trace.output, named)} = {number(cut.upstream)}"
        what = "arrived there and was stopped" if cut.upstream else "arrived there: nothing was left to stop"
        lines.append(" " * (len(share) + 2) + f"{arrived} {what}")
    if len(cuts) > 3:
        lines.append(f"  and {len(cuts) - 3} more operations, {counted(sum(cut.paths for cut in cuts[3:]))} paths")
    return lines


def _cancelled(named: Mapping[Value, str], sweep: Sweep) -> tuple[str, list[Part]]:
    """The proof of a cancellation: the largest path of each sign, and what all add up to without their signs."""
    rows = []
    for sign in (1.0, -1.0):
        same = [path for path in largest_paths(Sweep(sweep.trace, sweep.goal, 64), named) if path.contribution * sign > 0]
        if same:
            rows.append(("  largest", signed(same[0].contribution), f"along {same[0]}"))
    return "cancellation", [
        f"{counted(sweep.live[sweep.goal])} live paths cancel",
        f"  sum |contribution| = {number(sweep.size[sweep.goal])}: half of it positive, half negative",
        TableRows(rows, "<><"),
        _ruled_out(sweep.trace, named, "no path", "every path cut", "underflow"),
    ]


def _together(path: Path) -> float:
    """What the factors of a path that are above 1 make without the largest of them; 1 where they are few."""
    steep = sorted(abs(factor) for factor in path.factors if abs(factor) > 1.0)
    return math.prod(steep[:-1]) if len(steep) >= STEEP_FACTORS else 1.0


def _alive(named: Mapping[Value, str], sweep: Sweep, cuts: tuple[Cut, ...]) -> tuple[str, list[Part]]:
    """What a gradient that is neither zero nor broken is made of: its smallest factors, if it is tiny."""
    trace, goal = sweep.trace, sweep.goal
    live, count = sweep.live[goal], sweep.count[goal]
    told = "the only path is live"
    if count > 1:
        told = f"{counted(live)} of {counted(count)} paths {'is' if live == 1 else 'are'} live"
    size = abs(trace.adjoints[goal])
    path = largest_paths(sweep, named)[0]
    if size > EXPLODING:  # of `h = h * w` the paths are equally large, and the shortest has only the last h as a factor
        path = max(largest_paths(Sweep(trace, goal, AS_LARGE), named), key=_together)
    large = size > EXPLODING and _together(path) > math.sqrt(EXPLODING)
    if size >= TINY and not large:
        return "nothing wrong", [f"{told}; a gradient arrives", *_cut_lines(trace, named, cuts, count)]
    rows = []
    places = sorted(range(len(path.factors)), key=lambda place: abs(path.factors[place]) * (-1.0 if large else 1.0))
    for place in places[:3]:
        node = path.nodes[place]
        rows.append((f"  x {number(path.factors[place])}", "at", f"{named[node]} = {operation(node, Numbers())}"))
    lines: list[Part] = [TableRows(rows, "<<<"), *(f"  {run}" for run in runs_alike(path.nodes, path.factors))]
    if large:
        return "large factors", [f"exploding, as large factors multiply; {told}", *lines]
    return "small factors", [f"small factors multiply; {told}", *lines]
