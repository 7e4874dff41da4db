"""What the engine relies on in an operation, one function for each clause: it gives what is broken, or nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..derivatives import gradient
from ..engine import Value
from ..operation import Op
from ..variables import push_forward
from .claimed import same
from .line import EPS
from .sixty_digits import PRECISION, agrees_in_digits

SPECIAL_OPERANDS = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, -1e300, math.inf, -math.inf, math.nan)
OperandPoint = tuple[float, ...]


def undifferentiable(op: Op, slot: int) -> bool:
    """Whether the table says that there is no derivative with respect to this operand: its rule is the number nan."""
    rule = op.partials[0] if op.arity is None else op.partials[slot]
    return isinstance(rule, float) and math.isnan(rule)


def differentiable(op: Op, point: OperandPoint) -> list[Any]:
    """The operands as Values, but plain numbers where there is no derivative."""
    return [x if undifferentiable(op, slot) else Value(x) for slot, x in enumerate(point)]


def keeps_value(op: Op, point: OperandPoint) -> str:
    """A node has the value of the float function."""
    recorded = applied(op, differentiable(op, point)).data
    plain = op.forward(*point)
    if not isinstance(plain, float) or float(plain).hex() != recorded.hex():
        return f"the value of a node is {recorded!r}, the float function gives {plain!r}: it must return that float"
    return ""


def means_exact(op: Op, point: OperandPoint) -> str:
    """A finite value is the number that `exact` gives with 60 digits, where the statement says it and mpmath is installed."""
    if op.facts.exact is None or not math.isfinite(value := op.forward(*point)):
        return ""
    try:
        import mpmath  # type: ignore[import-untyped]  # it has no annotations
    except ImportError:
        return ""
    with mpmath.workdps(PRECISION):
        meant = op.facts.exact(mpmath, *map(mpmath.mpf, point))
        if isinstance(meant, (mpmath.mpf, int)) and agrees_in_digits(op, point, float(meant)):
            return ""
        return f"value: the float function gives {value!r}, exact says {mpmath.nstr(meant, 17)}"


def is_linear(op: Op, point: OperandPoint) -> str:
    """Backward is in proportion to the upstream gradient, and repeats to the bit."""
    slopes: dict[float, list[float]] = {}
    for upstream in (1.0, -2.5, 0.0, 1.0):
        operands = differentiable(op, point)
        applied(op, operands).backward(upstream)
        found = [x.grad if x.reached else math.nan for x in operands if isinstance(x, Value)]
        if upstream in slopes and not same(slopes[upstream], found):
            return f"backward twice on fresh graphs gives {slopes[upstream]} and {found}: a rule must always give the same"
        slopes[upstream] = found
    for one, scaled, none in zip(slopes[1.0], slopes[-2.5], slopes[0.0], strict=True):
        if none != 0.0 or (math.isfinite(one) and abs(scaled + 2.5 * one) > 4.0 * EPS * abs(scaled)):
            return f"upstream gradients 1, -2.5 and 0 give {one!r}, {scaled!r} and {none!r}: not in proportion"
    return ""


def adds_up(op: Op, point: OperandPoint) -> str:
    """With every operand one and the same node, its gradient is the sum of the local derivatives; used twice, twice that."""
    if any(undifferentiable(op, slot) for slot in range(len(point))):
        return ""
    x = Value(point[0])
    equal = (point[0],) * len(point)
    try:
        out = op.forward(*equal)
        locals_ = [float(local) for local in op.local_derivatives(equal, out)]
    except ArithmeticError:
        return ""
    y = applied(op, [x] * len(point))
    (y + y).backward()
    expected = 2.0 * math.fsum(locals_) if all(map(math.isfinite, locals_)) else math.nan
    room = 16.0 * EPS * math.fsum(abs(local) for local in locals_)
    if math.isfinite(expected) and x.reached and not abs(x.grad - expected) <= room:
        return f"one node as every operand, its result used twice, gets {x.grad!r}, not {expected!r}: contributions must add up"
    return ""


def leaves_constants(op: Op, point: OperandPoint) -> str:
    """With one operand a Value and the others plain numbers, that one has the same gradient as among Values."""
    operands = differentiable(op, point)
    whole = gradient(applied(op, operands), [x for x in operands if isinstance(x, Value)])
    slots = [slot for slot, x in enumerate(operands) if isinstance(x, Value)]
    for slot, expected in zip(slots, whole, strict=True):
        mixed: list[Any] = list(point)
        mixed[slot] = Value(point[slot])
        (found,) = gradient(applied(op, mixed), [mixed[slot]])
        if not same([found], [expected]):
            return f"operand {slot} has the gradient {expected!r} among Values and {found!r} among plain numbers"
    return ""


def agrees_forward(op: Op, point: OperandPoint) -> str:
    """Forward mode gives what backward gives along one direction."""
    operands = differentiable(op, point)
    leaves = [x for x in operands if isinstance(x, Value)]
    out = applied(op, operands)
    slopes = gradient(out, leaves)
    moved: dict[Any, Any] = {leaf: 0.5 + k for k, leaf in enumerate(leaves)}
    push_forward([out], moved)
    expected = math.fsum(s * (0.5 + k) for k, s in enumerate(slopes)) if all(map(math.isfinite, slopes)) else math.nan
    room = 16.0 * EPS * math.fsum(abs(s) * (0.5 + k) for k, s in enumerate(slopes))
    if math.isfinite(expected) and abs(moved.get(out, 0.0) - expected) > room:
        return f"forward mode gives {moved[out]!r}, backward {expected!r} along the same direction"
    return ""


def rules_on_values(op: Op, point: OperandPoint) -> str:
    """The rules give the same numbers on Values as on floats."""
    operands = differentiable(op, point)
    leaves = [x for x in operands if isinstance(x, Value)]
    floats = gradient(applied(op, operands), leaves)
    nodes = [node.data for node in gradient(applied(op, operands), leaves, create_graph=True)]
    for slot, (number, node) in enumerate(zip(floats, nodes, strict=True)):
        if not (number == node or abs(number - node) <= 64.0 * EPS * abs(number) or (number != number and node != node)):
            return f"rules on Values: operand {slot} gets {node!r}, on floats {number!r}: use only arithmetic and primitives"
    return ""


def array_form(op: Op, point: OperandPoint) -> str:
    """The array form gives the numbers of the float function."""
    import numpy

    columns = [numpy.array([x, x]) for x in point]
    found, expected = numpy.asarray(op.array(numpy, *columns), dtype=float), op.forward(*point)
    if not numpy.allclose(found, expected, rtol=1e-12, atol=1e-15, equal_nan=True):
        return f"array form: it gives {found.tolist()}, the float function {expected!r}"
    return ""


def is_total(op: Op, count: int) -> list[str]:
    """Findings at special operands: an exception or a complex number instead of inf or nan."""
    for x in SPECIAL_OPERANDS:
        for slot in range(count):
            operands = [1.0] * count
            operands[slot] = x
            try:
                out: Any = op.forward(*operands)
            except Exception as error:
                return [
                    f"{op.name}{bracketed(operands)} raises {type(error).__name__} ({error}): return inf or nan as IEEE 754 "
                    "does, as an exception in the middle of a graph cannot say which node failed"
                ]
            if isinstance(out, complex):
                return [f"{op.name}{bracketed(operands)} is complex, {out!r}: return nan where there is no real value"]
            try:
                op.local_derivatives(operands, out)
            except Exception as error:
                seen = f"{type(error).__name__} ({error}) for {bracketed(operands)}"
                return [f"a rule of {op.name} raises {seen}: return inf or nan"]
    return []


def applied(op: Op, operands: Sequence[Any]) -> Value:
    """The op on these operands, past its `gather`."""
    first = next(x for x in operands if isinstance(x, Value))
    return first.apply(op, operands)  # type: ignore[no-any-return]  # applied to Values it gives one


def bracketed(point: Sequence[float]) -> str:
    """The operands as text."""
    return f"({', '.join(f'{x:.6g}' for x in point)})"
