"""`check_op`: everything the engine relies on in an operation, tried out at sampled and at special points."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from ..derivatives import gradient
from ..engine import Value
from ..operation import Op
from .blame import hint
from .contract import (
    OperandPoint,
    adds_up,
    agrees_forward,
    applied,
    array_form,
    bracketed,
    differentiable,
    is_linear,
    is_total,
    keeps_value,
    leaves_constants,
    means_exact,
    rules_on_values,
    undifferentiable,
)  # fmt: skip
from .line import EPS, Interval, Line
from .measured import measured_slope
from .report import Partial, Report
from .reproduce import call_again
from .verdicts import Verdict


def check_op(
    op: Op, domain: Interval | Sequence[Interval] | None = None, *, samples: int = 6, rtol: float = 1e-6, seed: int = 0
) -> Report:
    """The report on an operation that keeps its contract; WrongDerivative, with the report as text, on one that does not.

    >>> from microgradx import OPS
    >>> check_op(OPS["tanh"]).ok
    True

    At random points of the domain, at its edges and at 0 and 1 where it contains them: the value is that of the float function,
    and what `exact` says where the statement has it and mpmath is installed; every local derivative agrees with measured slopes
    (at a kink it lies between them); backward is linear in the upstream gradient, adds up over repeated operands, leaves
    constants alone and repeats to the bit; forward mode gives the same; the rules work on Values, and their derivatives agree
    with measured slopes of the rules; the array form gives the same numbers. At 0, huge numbers, inf and nan nothing raises and
    nothing is complex.
    """
    __tracebackhide__ = True
    if samples < 0:
        raise ValueError(f"samples={samples!r} is not a number of random points: write 0 or more")
    intervals = _intervals(op, domain)
    report = Report(f"check_op({op.name})", [], "the rule", rtol, seed=seed)
    for point in _points(intervals, samples, random.Random(seed)):
        report.rows += list(_local_rows(op, point, intervals, rtol))
        for check in (keeps_value, means_exact, is_linear, adds_up, leaves_constants, agrees_forward, rules_on_values):
            _note(report, op, point, check)
    report.rows += list(_second_rows(op, next(_points(intervals, 1, random.Random(seed + 1))), intervals, rtol))
    _note(report, op, next(_points(intervals, 1, random.Random(seed + 2))), array_form)
    report.faults += is_total(op, len(intervals))
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
        report.faults.append(f"{fault} (operands {bracketed(point)})")


def _local_rows(op: Op, point: OperandPoint, intervals: Sequence[Interval], rtol: float) -> Iterator[Partial]:
    """One row for each operand: the local derivative the rule gives against the measured one."""
    out = op.forward(*point)
    for slot, local in enumerate(op.local_derivatives(point, out)):
        if not hasattr(local, "__float__"):
            raise TypeError(f"the rule for operand {slot} of {op.name} returned {local!r}, not a number: has it no return?")
        low, high = intervals[slot]
        if low == high or undifferentiable(op, slot):
            continue

        def f(x: float, slot: int = slot) -> float:
            return op.forward(*point[:slot], x, *point[slot + 1 :])

        here = point[slot]
        numeric = measured_slope(Line(f, here), abs(here) or 1.0, rtol)
        path = f"operand {slot} of {op.name}{bracketed(point)}"
        yield _judged(Partial(path, here, float(local), numeric, slack=64.0 * EPS * abs(local)))


def _judged(row: Partial) -> Partial:
    """The row with its verdict: an edge of the domain of f, where nothing can be measured, is not a fault of the rule."""
    numeric = row.numeric = row.numeric.settled(row.coded, row.slack)
    row.verdict = numeric.judged(row.coded, row.slack)
    if row.verdict is Verdict.UNRESOLVED:
        row.hint = f"{numeric.note}: pass a domain= in which the operation has a slope"
    elif row.verdict is Verdict.WRONG:
        row.hint = hint(row, [row], "the rule", True)
    return row


def _second_rows(op: Op, point: OperandPoint, intervals: Sequence[Interval], rtol: float) -> Iterator[Partial]:
    """The derivatives of the rules, taken on the graph, against measured slopes of the rules on floats."""
    operands = differentiable(op, point)
    leaves = [x for x in operands if isinstance(x, Value)]
    slots = [slot for slot, x in enumerate(operands) if isinstance(x, Value)]
    try:
        slopes = gradient(applied(op, operands), leaves, create_graph=True)
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
            path = f"rule {i} by operand {j} of {op.name}{bracketed(point)}"
            yield _judged(Partial(path, point[j], coded, numeric, slack=256.0 * EPS * abs(coded)))
