"""Sharper judges than differences of floats: the graph replayed with 60 digits, and the complex step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..engine import Value
from ..operation import Op
from ..order import topological_order
from .inputs import Inputs
from .line import EPS
from .numeric import Numeric
from .verdicts import Shape

PRECISION = 60
STEPS = (("1e-20", PRECISION), ("1e-17", 3 * PRECISION // 2))  # a central difference over h is off by h**2: 1e-34 at worst


def slope_in_digits(
    inputs: Inputs, i: int, point: Sequence[float], leaf: Value | None, output: Value | None, numeric: Numeric, required: bool
) -> Numeric:
    """The derivative from values computed with 60 digits: of the graph, or of an f that accepts mpmath's numbers.

    `numeric` comes back unchanged if that cannot be done (with `required` a ValueError says why), or if the two contradict
    each other, which happens when f hides a float computation from mpmath.
    """
    try:
        import mpmath  # type: ignore[import-untyped]  # it has no annotations
    except ImportError:
        if required:
            raise ValueError('oracle="exact" computes with mpmath: pip install mpmath') from None
        return numeric
    with mpmath.workdps(PRECISION):
        f = _graph_in_digits(mpmath, output, leaf) if output is not None else _callable_in_digits(mpmath, inputs, i, point)
        try:
            slope, width = _central(mpmath, f, point[i])
        except Exception as why:  # whatever code raises that was not made for such numbers, as ctypes.ArgumentError
            if required:
                text = f'oracle="exact" cannot follow {inputs.paths[i]} with {PRECISION} digits: {why}; use oracle="ladder"'
                raise ValueError(text) from why
            return numeric
        value = float(slope)
        bound = float(width) + EPS * abs(value)
    unseen = 1e-13 * abs(inputs.number(point)) / (abs(point[i]) or 1.0)  # no difference of floats sees a smaller slope
    if numeric.verdict is not Shape.UNRESOLVED and abs(value - numeric.value) > numeric.bound + bound + unseen:
        if required:
            raise ValueError(
                f'oracle="exact" gives {value!r} for {inputs.paths[i]} where differences of floats give {numeric!r}: f hides a '
                'float computation, or rounds badly; use oracle="ladder"'
            )
        return numeric
    return _sharper(numeric, value, bound, "exact", f"{PRECISION} digits")


def complex_step(inputs: Inputs, i: int, point: Sequence[float], numeric: Numeric) -> Numeric:
    """f(x + ih).imag / h with h = 1e-20: exact to rounding where f is analytic and takes complex numbers (Squire, Trapp 1998).

    An f that drops the imaginary part (abs, comparisons, float()) is found out by the differences of floats.
    """
    h = 1e-20 * (abs(point[i]) or 1.0)
    arguments: list[Any] = list(point)
    arguments[i] = complex(point[i], h)
    try:
        result = complex(inputs.call(arguments))
    except (TypeError, ValueError, ArithmeticError) as why:
        raise ValueError(f'oracle="complex" needs an f that takes complex numbers (cmath or numpy): {why}') from why
    value = result.imag / h
    bound = 64.0 * EPS * abs(value)
    if numeric.verdict is not Shape.UNRESOLVED and abs(value - numeric.value) > numeric.bound + bound:
        raise ValueError(
            f"the complex step gives {value!r} for {inputs.paths[i]} where differences of floats give {numeric!r}: f loses the "
            'imaginary part (abs, max, a comparison?); use oracle="ladder"'
        )
    return _sharper(numeric, value, bound, "complex", numeric.note)


def _sharper(numeric: Numeric, value: float, bound: float, oracle: str, note: str) -> Numeric:
    """The measurement with a value that no noise of floats hides or puts in doubt."""
    return replace(
        numeric, value=value, bound=bound, left=value, right=value, verdict=Shape.SMOOTH, oracle=oracle, note=note,
        hidden=False, ledge=False, doubt=0.0,
    )  # fmt: skip


def _central(mpmath: Any, f: Callable[[Any], Any], x: float) -> tuple[Any, Any]:
    """The slope over two tiny steps, and its bound; ArithmeticError where more digits give another function.

    The second step is computed with half as many digits again: a float computation inside f, or a number so large that the
    digits do not reach its fraction, changes the value or the slope.
    """
    values, slopes, reach = [], [], mpmath.mpf(0)
    for step, digits in STEPS:
        with mpmath.workdps(digits):
            h = mpmath.mpf(step) * (abs(x) or 1)
            ahead, behind = f(mpmath.mpf(x) + h), f(mpmath.mpf(x) - h)
            if not isinstance(ahead, mpmath.mpf) or not isinstance(behind, mpmath.mpf):
                raise TypeError(f"it comes out as {type(ahead).__name__}, so something in it computes with floats")
            values.append((ahead + behind) / 2)
            slopes.append((ahead - behind) / (2 * h))
            reach = max(reach, mpmath.mpf(10) ** (2 - digits) * abs(ahead) / h)
    apart = abs(slopes[0] - slopes[1])
    if not mpmath.isfinite(apart):
        raise ArithmeticError("it is nan or infinite there")
    if apart > 1e-12 * abs(slopes[1]) + reach or abs(values[0] - values[1]) > 1e-25 * abs(values[1]):
        raise ArithmeticError("with more digits it comes out differently, so something in it computes with floats")
    return slopes[1], apart + reach


def _callable_in_digits(mpmath: Any, inputs: Inputs, i: int, point: Sequence[float]) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        arguments: list[Any] = [mpmath.mpf(p) for p in point]
        arguments[i] = x
        with _no_floats(mpmath):
            return inputs.call(arguments)

    return f


@contextmanager
def _no_floats(mpmath: Any) -> Iterator[None]:
    """Inside, no number of mpmath becomes a float unseen: a term that went through one would count as constant."""

    def refuse(x: Any) -> float:
        raise TypeError(f"{mpmath.nstr(x, 8)} is turned into a float, so something in it computes with floats")

    mpmath.mpf.__float__ = refuse
    try:
        yield
    finally:
        del mpmath.mpf.__float__  # that of its base class shows again


def _graph_in_digits(mpmath: Any, output: Value, leaf: Value | None) -> Callable[[Any], Any]:
    """The graph of `output` as a function of one leaf, computed with all digits."""
    order = topological_order(output)

    def f(x: Any) -> Any:
        numbers: dict[Any, Any] = {}
        for node in order:
            if node.op is None:
                numbers[node] = x if node is leaf else mpmath.mpf(node.data)
            else:
                operands = [mpmath.mpf(p) if isinstance(p, float) else numbers[p] for p in node.parents]
                numbers[node] = in_digits(mpmath, node.op, operands)
        return numbers[output]

    return f


def in_digits(mpmath: Any, op: Op, operands: Sequence[Any]) -> Any:
    """`op` on mpmath's numbers, seen to fit its value on the same operands as floats.

    Raises TypeError for an operation whose float function mpmath's numbers cannot pass through.
    """
    name = op.name
    if op.facts.exact is not None:
        result = op.facts.exact(mpmath, *operands)
    elif op.arity == 1 and hasattr(mpmath, name):
        result = getattr(mpmath, name)(*operands)
    else:
        result = op.forward(*operands)
    if not isinstance(result, (mpmath.mpf, int)) or not agrees_in_digits(op, [float(x) for x in operands], float(result)):
        raise TypeError(f"operation {name!r} computes with floats only")
    return mpmath.mpf(result)


def agrees_in_digits(op: Op, operands: Sequence[float], result: float) -> bool:
    """Whether the value of `op` is `result`, but for what rounding the operands would change."""
    rounded = op.forward(*operands)
    slopes = zip(op.local_derivatives(operands, rounded), operands, strict=True)
    rounding = math.fsum(abs(d) * 4.0 * EPS * abs(x) for d, x in slopes if math.isfinite(d))
    return abs(result - rounded) <= 1e-9 * abs(rounded) + rounding + 1e-300
