"""`check_op`: everything the engine relies on in an operation, tried out at sampled and at special points."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..engine import Value, gradient
from ..operation import Op
from ..variables import push_forward
from .blame import hint
from .claimed import same
from .line import EPS, Interval, Line
from .measured import measured_slope
from .report import Partial, Report
from .reproduce import call_again
from .verdicts import Verdict

SPECIAL_OPERANDS = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, -1e300, math.inf, -math.inf, math.nan)
OperandPoint = tuple[float, ...]


def check_op(
    op: Op, domain: Interval | Sequence[Interval] | None = None, *, samples: int = 6, rtol: float = 1e-6, seed: int = 0
) -> Report:
    """The report on an operation that keeps its contract; WrongDerivative, with the report as text, on one that does not.

    >>> from microgradx import OPS
    >>> check_op(OPS["tanh"]).ok
    True

    At random points of the domain, at its edges and at 0 and 1 where it contains them: the value is that of the float
    function; every local derivative agrees with measured slopes (at a kink it lies between them); backward is linear in the
    upstream gradient, adds up over repeated operands, leaves constants alone and repeats to the bit; forward mode gives the
    same; the rules work on Values, and their derivatives agree with measured slopes of the rules; the array form gives the
    same numbers. At 0, huge numbers, inf and nan nothing raises and nothing is complex.
    """
    __tracebackhide__ = True
    if samples < 0:
        raise ValueError(f"samples={samples!r} is not a number of random points: write 0 or more")
    intervals = _intervals(op, domain)
    report = Report(f"check_op({op.name})", [], "the rule", rtol, seed=seed)
    for point in _points(intervals, samples, random.Random(seed)):
        report.rows += list(_local_rows(op, point, intervals, rtol))
        for check in (_value, _linear, _adds_up, _constants, _forward_mode, _rules_on_values):
            _note(report, op, point, check)
    report.rows += list(_second_rows(op, next(_points(intervals, 1, random.Random(seed + 1))), intervals, rtol))
    _note(report, op, next(_points(intervals, 1, random.Random(seed + 2))), _array_form)
    report.faults += _total(op, len(intervals))
    report.evaluations = sum(row.numeric.evaluations for row in report.rows)
    options = {"domain": (domain, None), "samples": (samples, 6), "rtol": (rtol, 1e-6), "seed": (seed, 0)}
    changed = {name: given for name, (given, default) in options.items() if given != default}
    report.reproducer = call_again("check_op", {"op": op}, changed)
    return report.raise_if_wrong()


def _intervals(op: Op, domain: Interval | Sequence[Interval] | None) -> list[Interval]:
    """Where each operand may lie; an operation on any number of operands is tried with four."""
    count = 4 if op.arity is None else op.arity
    if domain is None:
        return list(op.domain) if op.arity is not None else [op.domain[0]] * count
    if isinstance(domain[0], (int, float)):
        return [(float(domain[0]), float(domain[1]))] * count  # type: ignore[arg-type]  # one pair of numbers
    if len(domain) != count:
        raise ValueError(f"{op.name} takes {count} operand(s), not {len(domain)}: give domain= one (low, high) for each")
    return [(float(low), float(high)) for low, high in domain]  # type: ignore[misc]  # pairs


def _points(intervals: Sequence[Interval], samples: int, rng: random.Random) -> Iterator[OperandPoint]:
    """Random points of the box, then points with all operands at an edge, at 0 or at 1."""
    for _ in range(samples):
        yield tuple(rng.uniform(low, high) for low, high in intervals)
    for special in ("low", "high", 0.0, 1.0):
        point = tuple(
            low if special == "low" else high if special == "high" else float(special) if low <= float(special) <= high else low
            for low, high in intervals
        )
        yield point


def _note(report: Report, op: Op, point: OperandPoint, check: Callable[[Op, OperandPoint], str]) -> None:
    """Add what `check` finds to the report, once; an exception is a finding too."""
    try:
        fault = check(op, point)
    except Exception as error:
        fault = f"{check.__name__.strip('_').replace('_', ' ')}: {type(error).__name__}: {error}"
    if fault and not any(known.startswith(fault[:25]) for known in report.faults):
        report.faults.append(f"{fault} (operands {_listed(point)})")


def _local_rows(op: Op, point: OperandPoint, intervals: Sequence[Interval], rtol: float) -> Iterator[Partial]:
    """One row for each operand: the local derivative the rule gives against the measured one."""
    out = op.forward(*point)
    for slot, local in enumerate(op.local_derivatives(point, out)):
        if not hasattr(local, "__float__"):
            raise TypeError(f"the rule for operand {slot} of {op.name} returned {local!r}, not a number: has it no return?")
        low, high = intervals[slot]
        if low == high or _undifferentiable(op, slot):
            continue

        def f(x: float, slot: int = slot) -> float:
            return op.forward(*point[:slot], x, *point[slot + 1 :])

        here = point[slot]
        numeric = measured_slope(Line(f, here), abs(here) or 1.0, rtol)
        row = Partial(f"operand {slot} of {op.name}{_listed(point)}", here, float(local), numeric, slack=64.0 * EPS * abs(local))
        yield _judged(row)


def _judged(row: Partial) -> Partial:
    """The row with its verdict: an edge of the domain of f, where nothing can be measured, is not a fault of the rule."""
    numeric = row.numeric = row.numeric.settled(row.coded, row.slack)
    row.verdict = numeric.judged(row.coded, row.slack)
    if row.verdict is Verdict.UNRESOLVED:
        row.hint = f"{numeric.note}: pass a domain= in which the operation has a slope"
    elif row.verdict is Verdict.WRONG:
        row.hint = hint(row, [row], "the rule", True)
    return row


def _undifferentiable(op: Op, slot: int) -> bool:
    """Whether the table says that there is no derivative with respect to this operand: its rule is the number nan."""
    rule = op.partials[0] if op.arity is None else op.partials[slot]
    return isinstance(rule, float) and math.isnan(rule)


def _differentiable(op: Op, point: OperandPoint) -> list[Any]:
    """The operands as Values, but plain numbers where there is no derivative."""
    return [x if _undifferentiable(op, slot) else Value(x) for slot, x in enumerate(point)]


def _value(op: Op, point: OperandPoint) -> str:
    recorded = _applied(op, _differentiable(op, point)).data
    plain = op.forward(*point)
    if not isinstance(plain, float) or float(plain).hex() != recorded.hex():
        return f"the value of a node is {recorded!r}, the float function gives {plain!r}: it must return that float"
    return ""


def _linear(op: Op, point: OperandPoint) -> str:
    slopes: dict[float, list[float]] = {}
    for upstream in (1.0, -2.5, 0.0, 1.0):
        operands = _differentiable(op, point)
        _applied(op, operands).backward(upstream)
        found = [x.grad if x.reached else math.nan for x in operands if isinstance(x, Value)]
        if upstream in slopes and not same(slopes[upstream], found):
            return f"backward twice on fresh graphs gives {slopes[upstream]} and {found}: a rule must always give the same"
        slopes[upstream] = found
    for one, scaled, none in zip(slopes[1.0], slopes[-2.5], slopes[0.0], strict=True):
        if none != 0.0 or (math.isfinite(one) and abs(scaled + 2.5 * one) > 4.0 * EPS * abs(scaled)):
            return f"upstream gradients 1, -2.5 and 0 give {one!r}, {scaled!r} and {none!r}: not in proportion"
    return ""


def _adds_up(op: Op, point: OperandPoint) -> str:
    """With every operand one and the same node, its gradient is the sum of the local derivatives; used twice, twice that."""
    if any(_undifferentiable(op, slot) for slot in range(len(point))):
        return ""
    x = Value(point[0])
    equal = (point[0],) * len(point)
    try:
        out = op.forward(*equal)
        locals_ = [float(local) for local in op.local_derivatives(equal, out)]
    except ArithmeticError:
        return ""
    y = _applied(op, [x] * len(point))
    (y + y).backward()
    expected = 2.0 * math.fsum(locals_) if all(map(math.isfinite, locals_)) else math.nan
    room = 16.0 * EPS * math.fsum(abs(local) for local in locals_)
    if math.isfinite(expected) and x.reached and not abs(x.grad - expected) <= room:
        return f"one node as every operand, its result used twice, gets {x.grad!r}, not {expected!r}: contributions must add up"
    return ""


def _constants(op: Op, point: OperandPoint) -> str:
    """With one operand a Value and the others plain numbers, that one has the same gradient as among Values."""
    operands = _differentiable(op, point)
    whole = gradient(_applied(op, operands), [x for x in operands if isinstance(x, Value)])
    slots = [slot for slot, x in enumerate(operands) if isinstance(x, Value)]
    for slot, expected in zip(slots, whole, strict=True):
        mixed: list[Any] = list(point)
        mixed[slot] = Value(point[slot])
        (found,) = gradient(_applied(op, mixed), [mixed[slot]])
        if not same([found], [expected]):
            return f"operand {slot} has the gradient {expected!r} among Values and {found!r} among plain numbers"
    return ""


def _forward_mode(op: Op, point: OperandPoint) -> str:
    operands = _differentiable(op, point)
    leaves = [x for x in operands if isinstance(x, Value)]
    out = _applied(op, operands)
    slopes = gradient(out, leaves)
    moved: dict[Any, Any] = {leaf: 0.5 + k for k, leaf in enumerate(leaves)}
    push_forward([out], moved)
    expected = math.fsum(s * (0.5 + k) for k, s in enumerate(slopes)) if all(map(math.isfinite, slopes)) else math.nan
    room = 16.0 * EPS * math.fsum(abs(s) * (0.5 + k) for k, s in enumerate(slopes))
    if math.isfinite(expected) and abs(moved.get(out, 0.0) - expected) > room:
        return f"forward mode gives {moved[out]!r}, backward {expected!r} along the same direction"
    return ""


def _rules_on_values(op: Op, point: OperandPoint) -> str:
    operands = _differentiable(op, point)
    leaves = [x for x in operands if isinstance(x, Value)]
    floats = gradient(_applied(op, operands), leaves)
    nodes = [node.data for node in gradient(_applied(op, operands), leaves, create_graph=True)]
    for slot, (number, node) in enumerate(zip(floats, nodes, strict=True)):
        if not (number == node or abs(number - node) <= 64.0 * EPS * abs(number) or (number != number and node != node)):
            return f"rules on Values: operand {slot} gets {node!r}, on floats {number!r}: use only arithmetic and primitives"
    return ""


def _second_rows(op: Op, point: OperandPoint, intervals: Sequence[Interval], rtol: float) -> Iterator[Partial]:
    """The derivatives of the rules, taken on the graph, against measured slopes of the rules on floats."""
    operands = _differentiable(op, point)
    leaves = [x for x in operands if isinstance(x, Value)]
    slots = [slot for slot, x in enumerate(operands) if isinstance(x, Value)]
    try:
        slopes = gradient(_applied(op, operands), leaves, create_graph=True)
        second = [gradient(slope, leaves) for slope in slopes]
    except Exception:  # what is wrong with the rules on Values has been reported
        return
    for i, row in zip(slots, second, strict=True):
        for j, coded in zip(slots, row, strict=True):
            if intervals[j][0] == intervals[j][1]:
                continue

            def rule(x: float, i: int = i, j: int = j) -> float:
                moved = (*point[:j], x, *point[j + 1 :])
                return float(op.local_derivatives(moved, op.forward(*moved))[i])

            numeric = measured_slope(Line(rule, point[j]), abs(point[j]) or 1.0, rtol)
            path = f"rule {i} by operand {j} of {op.name}{_listed(point)}"
            yield _judged(Partial(path, point[j], coded, numeric, slack=256.0 * EPS * abs(coded)))


def _array_form(op: Op, point: OperandPoint) -> str:
    import numpy

    columns = [numpy.array([x, x]) for x in point]
    found, expected = numpy.asarray(op.array(numpy, *columns), dtype=float), op.forward(*point)
    if not numpy.allclose(found, expected, rtol=1e-12, atol=1e-15, equal_nan=True):
        return f"array form: it gives {found.tolist()}, the float function {expected!r}"
    return ""


def _total(op: Op, count: int) -> list[str]:
    """Findings at special operands: an exception or a complex number instead of inf or nan."""
    for x in SPECIAL_OPERANDS:
        for slot in range(count):
            operands = [1.0] * count
            operands[slot] = x
            try:
                out: Any = op.forward(*operands)
            except Exception as error:
                return [
                    f"{op.name}{_listed(operands)} raises {type(error).__name__} ({error}): return inf or nan as IEEE 754 "
                    "does, an exception in the middle of a graph tells nobody which node it was"
                ]
            if isinstance(out, complex):
                return [f"{op.name}{_listed(operands)} is complex, {out!r}: return nan where there is no real value"]
            try:
                op.local_derivatives(operands, out)
            except Exception as error:
                return [f"a rule of {op.name} raises {type(error).__name__} ({error}) for {_listed(operands)}: return inf or nan"]
    return []


def _applied(op: Op, operands: Sequence[Any]) -> Value:
    """The op on these operands, past its `gather`."""
    first = next(x for x in operands if isinstance(x, Value))
    return first.apply(op, operands)  # type: ignore[no-any-return]  # applied to Values it gives one


def _listed(point: Sequence[float]) -> str:
    return f"({', '.join(f'{x:.6g}' for x in point)})"
