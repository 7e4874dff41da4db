"""Which operation to blame for a wrong gradient, and what the ratio of wrong to right says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..chain import chain_rule, edges
from ..engine import Value
from ..indeterminate import indeterminate_places
from ..modes import source_line
from ..order import topological_order
from ..variables import push_forward
from .inputs import Inputs
from .line import Line
from .measured import measured_slope
from .numeric import ADVICE, Numeric
from .report import Partial
from .verdicts import Shape, Verdict

MOST_EDGES = 20_000  # the search for a wrong rule ends after so many local derivatives

CONSTANT_SEEN = {  # who takes the gradient, and what makes a part of f constant to it
    "torch's backward()": "detach(), no_grad(), .item() or .data",
    "jax.vjp": "stop_gradient(), or numpy in place of jax.numpy",
}
RATIOS = (
    (2.0, "{coded} is twice the measured value: a contribution counted twice, or a factor 1/2 that is missing"),
    (0.5, "{coded} is half the measured value: one of two equal contributions is lost, or a factor 2 is missing"),
    (-1.0, "the sign is flipped"),
    (math.log(2.0), "off by ln 2: the derivative of a log or a power of base 2 has lost or gained that factor"),
    (1.0 / math.log(2.0), "off by 1/ln 2: the derivative of a log or a power of base 2 has lost or gained that factor"),
    (math.log(10.0), "off by ln 10: the derivative of log10 has lost that factor"),
    (1.0 / math.log(10.0), "off by 1/ln 10: log and log10 are mixed up"),
    (math.pi / 180.0, "off by pi/180: degrees and radians are mixed up"),
    (2.0 * math.pi, "off by 2 pi: turns and radians are mixed up"),
    (0.5 / math.pi, "off by 1 / (2 pi): turns and radians are mixed up"),
    (180.0 / math.pi, "off by 180/pi: degrees and radians are mixed up"),
)


def hint(row: Partial, rows: Sequence[Partial], coded_by: str, reached: bool) -> str:
    """What the coded number looks like, next to the measured one."""
    coded, numeric = row.coded, row.numeric
    if numeric.judged(coded, row.slack) is Verdict.UNRESOLVED and numeric.open_question:
        return numeric.open_question
    if math.isnan(coded):
        return f"{coded_by} gives nan where the slope of f is {numeric.value:.6g}: look inside it for 0/0, inf - inf or 0 * inf"
    if math.isinf(coded) and numeric.verdict.has_slope:
        return f"{coded_by} is infinite where the slope of f is {numeric.value:.6g}: look inside it for x/0 or an overflow"
    if numeric.verdict is Shape.VERTICAL:
        return "f has a vertical tangent here: the derivative is infinite"
    if numeric.bent:
        low, high = sorted((numeric.left, numeric.right))
        if low == high:
            return f"f has a {numeric.verdict} here, with the slope {low:.6g} on both sides: that value would be right"
        return f"f has a {numeric.verdict} here: a value from {low:.6g} to {high:.6g} would be right"
    if coded == 0.0 and (row.path.startswith("rule ") or (row.path.startswith("d2/") and coded_by == "backward()")):
        return "the second derivative is lost: write the rules with arithmetic and primitives only, never float(), math or .data"
    if coded == 0.0 and not reached:
        return "no way leads from it to the result in the graph: it was detached, read by .data or float(), or used under no_grad"
    if coded == 0.0:
        return f"{coded_by} gives 0 where f does change: a contribution is missing"
    tolerance = max(1e-3 * abs(numeric.value), numeric.bound + row.slack) if numeric.value else 0.0
    for ratio, text in RATIOS:
        if numeric.value and abs(coded - ratio * numeric.value) <= min(tolerance, 0.02 * abs(numeric.value)):
            return text.format(coded=coded_by)
    for other in sorted(rows, key=lambda other: other.verdict is not Verdict.WRONG):  # the other of two swapped ones is wrong too
        if other is not row and other.numeric.value and abs(coded - other.numeric.value) <= other.numeric.tolerance():
            return f"it is the derivative with respect to {other.path}: two inputs are swapped"
    for text, factor in (("divided by", 1.0 / row.point if row.point else 0.0), ("multiplied by", row.point)):
        if factor and factor != 1.0 and abs(coded - numeric.value * factor) <= tolerance:
            return f"it is the right value {text} {row.path} once too often: a power is off by one"
    if abs(numeric.value) <= numeric.bound:
        return "f does not change with it here: its derivative is 0, to within the bound"
    if numeric.bound > 0.1 * abs(numeric.value):
        return "far from what was measured, which is itself rough: choose a point where f changes more"
    if coded_by in CONSTANT_SEEN:
        cause = CONSTANT_SEEN[coded_by]
        return f"{coded_by} takes something as constant that is not: look for {cause} in f, or for a custom rule that is wrong"
    return (
        "this matches no common mistake (a sign, a factor 2 ...): look for a missing or extra term of the size of the "
        f"difference, {abs(coded - numeric.value):.6g}, or for one of half that size with the wrong sign"
    )


def _advice(numeric: Numeric, refused: float) -> str:
    """What `==` adds to what was measured."""
    row = Partial("x", numeric.at, refused, numeric, Verdict.WRONG)
    return hint(row, [row], "the code", True)


ADVICE.append(_advice)


def blamed(output: Value, row: Partial, leaf: Value | None) -> str:
    """Which node between the input and the output has a wrong local derivative, or that none has and what that means.

    Local derivatives are measured one by one, operands before results, so the first wrong one is named.
    """
    order = topological_order(output)
    if leaf is None or leaf not in set(order):
        return ""
    above = {leaf}
    if not math.isfinite(row.coded):
        return _not_finite(order, above)
    if text := _indeterminate(output, order, leaf):
        return text
    for count, (node, slot, local) in enumerate(_edges_above(order, above)):
        if count >= MOST_EDGES:
            return f"the first {MOST_EDGES:,} local derivatives above {row.path} are right; the rest were not looked at"
        measured = local_slope(node, slot)
        if measured.judged(local, 1e-12 * abs(local)) is Verdict.WRONG:
            return (
                f"to blame: {_written(node)}{_line(node)}\n"
                f"its rule for operand {slot} gives {local:.10g}, its function changes by {measured!r}: fix that rule"
            )
    return _no_rule_wrong(output, row, leaf)


def _not_finite(order: Sequence[Value], above: set[Value]) -> str:
    """The first local derivative that is infinite or nan, from which a gradient of nan or inf comes."""
    for node, slot, local in _edges_above(order, above):
        if not math.isfinite(local):
            return (
                f"it comes from {_written(node)}{_line(node)}, whose local derivative for operand {slot} is {local}:\n"
                "inf - inf and 0 * inf are nan on the way back; keep away from that point, or choose the operand with where()"
            )
    return "every local derivative on the way is finite, but their products or sums are not: they overflow"


def _indeterminate(output: Value, order: Sequence[Value], leaf: Value) -> str:
    """The product 0 x inf above the leaf that counted as 0 though no choice made the zero, if there is one."""
    passed: list[tuple[Value, int, float, float]] = []
    chain_rule(order, {output: 1.0}, watch=lambda *edge: passed.append(edge[:4]))
    above, zeros = {(node, slot) for node, slot, _ in _edges_above(order, {leaf})}, indeterminate_places(passed)
    for node, slot, upstream, local in (passed[place] for place in zeros):
        if (node, slot) in above:
            return (
                f"0 x inf at {_written(node)}{_line(node)}: upstream {upstream:g} times local derivative {local:g} is\n"
                "indeterminate and counts as 0; write f without the infinity, or keep away from this point with where()"
            )
    return ""


def _no_rule_wrong(output: Value, row: Partial, leaf: Value) -> str:
    """All local derivatives are right: is it the graph that is not f, or the way contributions are added up?"""
    if row.coded == 0.0 and abs(row.numeric.value) < 1e-150:
        return "every local derivative on the way is right, but their product is too small for a float: it underflows to 0"
    moved = {leaf: 1.0}
    push_forward([output], moved)
    forward = moved.get(output, 0.0)
    if row.numeric.accepts(forward, row.slack):
        return (
            f"every local derivative on the way is right, and forward mode on the same graph gives {forward:.10g}:\n"
            "the backward pass loses or doubles contributions, or passes them on before they are complete"
        )
    return (
        f"every local derivative on the way is right, but the graph is not all of f: forward mode gives {forward:.10g} too.\n"
        f"A number that depends on {row.path} left the graph (.data, float(), detach, no_grad, a cache) and counts as constant"
    )


def kinked(inputs: Inputs, point: Sequence[float], i: int) -> str:
    """Where in the graph the kink with respect to input i is: the first operation whose local derivative leaps there."""
    step = 1e-6 * (abs(point[i]) or 1.0)
    left, right, here = (_slopes_at(inputs, [*point[:i], point[i] + move, *point[i + 1 :]]) for move in (-step, step, 0.0))
    if _form(left) != _form(right):
        return "the function takes another branch on the other side of the point"
    for (_, before), (_, after), (name, _) in zip(left, right, here, strict=False):
        if any(abs(a - b) > 1e-3 * max(abs(a), abs(b)) for a, b in zip(before, after, strict=True)):
            return f"the kink is that of {name}"
    return ""


def _form(nodes: list[tuple[str, list[float]]]) -> list[tuple[str, int]]:
    return [(name.partition("(")[0], len(slopes)) for name, slopes in nodes]


def _slopes_at(inputs: Inputs, point: Sequence[float]) -> list[tuple[str, list[float]]]:
    """Each computed node at `point`, as text, with its local derivatives."""
    output = inputs.call(point)
    nodes = [node for node in topological_order(output) if node.op is not None] if isinstance(output, Value) else []
    return [(_written(node), [local for _, _, local in edges(node)]) for node in nodes]


def _written(node: Value) -> str:
    """op(operands) as a reader knows them."""
    return f"{node.op.name}({', '.join(map(_named, node.parents))})"  # type: ignore[union-attr]  # only computed nodes are asked


def local_slope(node: Value, slot: int) -> Numeric:
    """The local derivative of a node with respect to one operand, measured."""
    numbers = [p if isinstance(p, float) else p.data for p in node.parents]
    forward, here = node.op.forward, numbers[slot]  # type: ignore[union-attr]  # only computed nodes are asked

    def f(x: float) -> float:
        return forward(*numbers[:slot], x, *numbers[slot + 1 :])

    return measured_slope(Line(f, here), abs(here) or 1.0)


def _edges_above(order: Sequence[Value], above: set[Value]) -> Iterator[tuple[Value, int, float]]:
    """Every edge that lies on a way from the nodes in `above` to the output, operands before results."""
    for node in order:
        if node.op is None or not any(p in above for p in node.parents if isinstance(p, Value)):
            continue
        above.add(node)
        for slot, parent, local in edges(node):
            if parent in above:
                yield node, slot, local


def _line(node: Value) -> str:
    line = source_line(node)
    return f" at {line}" if line else ""


def _named(parent: Value | float) -> str:
    if isinstance(parent, float):
        return f"{parent:.6g}"
    return f"{parent.label}={parent.data:.6g}" if parent.label else f"{parent.data:.6g}"
