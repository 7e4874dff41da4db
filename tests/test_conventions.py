"""The convention table: what each operation answers at kinks, at the edges of its domain and at infinity."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import microgradx as mx
from microgradx import Value, gradient

inf, nan = math.inf, math.nan
Row = tuple[str, tuple[float, ...], float, tuple[float, ...]]

AS_PYTORCH: list[Row] = [
    # kinks: the derivative at 0, at a bound, at a tie
    ("relu", (0.0,), 0.0, (0.0,)),
    ("absolute", (0.0,), 0.0, (0.0,)),
    ("leaky_relu", (0.0, 0.25), 0.0, (0.25, 0.0)),
    ("elu", (0.0, 2.0), 0.0, (2.0, 0.0)),
    ("hard_tanh", (1.0,), 1.0, (0.0,)),
    ("hard_tanh", (-1.0,), -1.0, (0.0,)),
    ("clip", (1.0, 0.0, 1.0), 1.0, (1.0, 0.0, 0.0)),
    ("clip", (0.0, 0.0, 1.0), 0.0, (1.0, 0.0, 0.0)),
    ("clip", (2.0, 0.0, 1.0), 1.0, (0.0, 0.0, 1.0)),
    ("clip", (-2.0, 0.0, 1.0), 0.0, (0.0, 1.0, 0.0)),
    ("clip", (0.5, 3.0, 1.0), 1.0, (0.0, 0.0, 1.0)),  # crossing bounds: the upper one wins
    ("clip", (2.0, 3.0, 1.0), 1.0, (0.0, 0.0, 1.0)),
    ("maximum", (3.0, 3.0), 3.0, (0.5, 0.5)),
    ("minimum", (0.0, -0.0), 0.0, (0.5, 0.5)),
    ("maximum", (inf, inf), inf, (0.5, 0.5)),
    ("max", (2.0, 1.0, 2.0), 2.0, (0.5, 0.0, 0.5)),
    ("min", (1.0, 1.0, 1.0, 1.0), 1.0, (0.25, 0.25, 0.25, 0.25)),
    ("max", (1.0, nan), nan, (nan, nan)),
    ("where", (0.0, 5.0, 7.0), 7.0, (0.0, 0.0, 1.0)),
    ("where", (-0.0, 5.0, 7.0), 7.0, (0.0, 0.0, 1.0)),
    ("where", (nan, 5.0, 7.0), 5.0, (0.0, 1.0, 0.0)),  # nan is not 0
    # steps are flat, also where they jump (of heaviside and // PyTorch has no derivative); ties round to even
    ("sign", (0.0,), 0.0, (0.0,)),
    ("step", (0.0,), 1.0, (0.0,)),
    ("heaviside", (0.0, 0.5), 0.5, (0.0, 1.0)),
    ("heaviside", (2.0, 0.5), 1.0, (0.0, 0.0)),
    ("floor", (2.0,), 2.0, (0.0,)),
    ("ceil", (inf,), inf, (0.0,)),
    ("round", (2.5, 0.0), 2.0, (0.0, 0.0)),
    ("round", (-0.5, 0.0), 0.0, (0.0, 0.0)),
    # whole division rounds down, the remainder has the sign of the divisor
    ("floor_divide", (-7.0, 2.0), -4.0, (0.0, 0.0)),
    ("floor_divide", (1.0, 0.0), inf, (0.0, 0.0)),
    ("remainder", (-7.0, 2.0), 1.0, (1.0, 4.0)),
    ("remainder", (7.0, -2.0), -1.0, (1.0, 4.0)),
    ("remainder", (1.0, 0.0), nan, (1.0, -inf)),
    # powers
    ("power", (0.0, 0.0), 1.0, (0.0, 0.0)),
    ("power", (-3.0, 0.0), 1.0, (0.0, nan)),
    ("power", (inf, 0.0), 1.0, (0.0, inf)),
    ("power", (nan, 0.0), 1.0, (0.0, nan)),
    ("power", (0.0, 1.0), 0.0, (1.0, 0.0)),
    ("power", (0.0, 2.0), 0.0, (0.0, 0.0)),
    ("power", (0.0, 0.5), 0.0, (inf, 0.0)),
    ("power", (0.0, inf), 0.0, (nan, 0.0)),
    ("power", (0.0, -1.0), inf, (-inf, -inf)),
    ("power", (-0.0, -1.0), -inf, (-inf, inf)),
    ("power", (0.0, -inf), inf, (-inf, -inf)),
    ("power", (-2.0, 3.0), -8.0, (12.0, nan)),
    ("power", (-2.0, -2.0), 0.25, (0.25, nan)),
    ("power", (-8.0, 1 / 3), nan, (nan, nan)),
    ("power", (1.0, inf), 1.0, (inf, 0.0)),
    ("power", (1.0, nan), 1.0, (nan, 0.0)),
    ("power", (10.0, 400.0), inf, (inf, inf)),
    # division and other poles
    ("divide", (1.0, 0.0), inf, (inf, -inf)),
    ("divide", (1.0, -0.0), -inf, (-inf, -inf)),
    ("divide", (0.0, 0.0), nan, (inf, nan)),
    ("divide", (1.0, inf), 0.0, (0.0, 0.0)),
    ("reciprocal", (0.0,), inf, (-inf,)),
    ("log", (0.0,), -inf, (inf,)),
    ("log", (-1.0,), nan, (-1.0,)),
    ("log2", (0.0,), -inf, (inf,)),
    ("log10", (0.0,), -inf, (inf,)),
    ("log1p", (-1.0,), -inf, (inf,)),
    ("log1p", (-2.0,), nan, (-1.0,)),
    ("sqrt", (0.0,), 0.0, (inf,)),
    ("sqrt", (-1.0,), nan, (nan,)),
    ("exp", (1000.0,), inf, (inf,)),
    ("exp", (-inf,), 0.0, (0.0,)),
    ("expm1", (-inf,), -1.0, (0.0,)),
    ("sin", (inf,), nan, (nan,)),
    ("asin", (1.0,), math.pi / 2, (inf,)),
    ("asin", (2.0,), nan, (nan,)),
    ("acos", (-1.0,), math.pi, (-inf,)),
    ("acosh", (1.0,), 0.0, (inf,)),
    ("acosh", (0.5,), nan, (nan,)),
    ("atanh", (-1.0,), -inf, (inf,)),
    ("atanh", (2.0,), nan, (-1 / 3,)),
    ("atan", (-inf,), -math.pi / 2, (0.0,)),
    ("atan2", (0.0, 0.0), 0.0, (0.0, 0.0)),
    ("atan2", (0.0, -1.0), math.pi, (-1.0, 0.0)),
    ("hypot", (1e200, 1e200), 1e200 * math.sqrt(2), (math.sqrt(0.5), math.sqrt(0.5))),
    ("cosh", (1000.0,), inf, (inf,)),
    ("tanh", (1000.0,), 1.0, (0.0,)),
    ("erf", (inf,), 1.0, (0.0,)),
    ("lgamma", (0.0,), inf, (-inf,)),
    ("lgamma", (-1.0,), inf, (nan,)),
    # saturated and infinite
    ("sigmoid", (-1000.0,), 0.0, (0.0,)),
    ("softplus", (1000.0,), 1000.0, (1.0,)),
    ("softplus", (-1000.0,), 0.0, (0.0,)),
    ("log_sigmoid", (-1000.0,), -1000.0, (1.0,)),
    ("logaddexp", (0.0, inf), inf, (0.0, 1.0)),
    ("logaddexp", (-inf, 0.0), 0.0, (0.0, 1.0)),
    ("logaddexp", (inf, inf), inf, (nan, nan)),
    ("logaddexp", (-inf, -inf), -inf, (nan, nan)),
    ("logsumexp", (-inf, 0.0, 0.0), math.log(2), (0.0, 0.5, 0.5)),
    ("logsumexp", (-inf, -inf), -inf, (nan, nan)),
    ("logsumexp", (1000.0, 1000.0), 1000.0 + math.log(2), (0.5, 0.5)),
    ("prod", (0.0, 2.0, 3.0), 0.0, (6.0, 0.0, 0.0)),
    ("prod", (0.0, 0.0, 3.0), 0.0, (0.0, 0.0, 0.0)),
    ("prod", (0.0, inf), nan, (inf, 0.0)),
    ("sum", (inf, -inf), nan, (1.0, 1.0)),
]

UNLIKE_PYTORCH: list[Row] = [
    # nan stays nan: PyTorch forgets it in sign and heaviside, and gives some derivatives of nan a number
    ("sign", (nan,), nan, (0.0,)),
    ("heaviside", (nan, 0.5), nan, (0.0, nan)),
    ("relu", (nan,), nan, (nan,)),
    ("absolute", (nan,), nan, (nan,)),
    ("leaky_relu", (nan, 0.25), nan, (nan, nan)),
    ("elu", (nan, 1.0), nan, (nan, nan)),
    ("hard_tanh", (nan,), nan, (nan,)),
    ("maximum", (1.0, nan), nan, (nan, nan)),
    ("clip", (nan, 0.0, 1.0), nan, (nan, nan, nan)),
    ("clip", (0.5, nan, 1.0), nan, (nan, nan, nan)),
    # at the origin hypot is flat, as PyTorch's norm is; PyTorch's hypot gives nan
    ("hypot", (0.0, 0.0), 0.0, (0.0, 0.0)),
    # tails keep their digits: PyTorch has 0 for these derivatives and cuts softplus off at 20
    ("tanh", (20.0,), 1.0, (1.6993417021166355e-17,)),
    ("sigmoid", (40.0,), 1.0, (4.248354255291589e-18,)),
    ("expm1", (-40.0,), -1.0, (4.248354255291589e-18,)),
    ("softplus", (20.5,), 20.500000001250154, (0.9999999987498471,)),
    ("normal_cdf", (-10.0,), 7.619853024160525e-24, (7.69459862670642e-23,)),
    ("softsign", (1e16,), 1.0, (1e-32,)),
    ("asinh", (1e200,), 461.2101657793691, (1e-200,)),
    ("atan2", (0.0, 1e-200), 0.0, (1e200, 0.0)),
    # the limit at infinity instead of nan
    ("gelu", (-inf,), 0.0, (nan,)),
    ("silu", (inf,), inf, (1.0,)),
    ("mish", (inf,), inf, (1.0,)),
    ("logsumexp", (0.0, inf), inf, (0.0, 1.0)),
    ("softmax_share", (inf, 0.0), 1.0, (0.0, 0.0)),
    ("log_softmax_share", (0.0, inf), -inf, (1.0, -1.0)),
    # left of its domain acosh has no derivative; PyTorch goes on with the formula
    ("acosh", (-2.0,), nan, (nan,)),
    # decimal rounding is that of Python, exact; PyTorch rounds 10 * 0.15 = 1.5 up
    ("round", (0.15, 1.0), 0.1, (0.0, 0.0)),
]


def same(a: float, b: float) -> bool:
    """Equal, with nan equal to itself."""
    return a == b or (a != a and b != b)


def close(a: float, b: float) -> bool:
    """Equal up to 1e-14, the infinite and nan exactly."""
    return same(a, b) or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= 1e-14 * max(abs(a), abs(b)))


def applied(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """`function` of as many operands; `dot` takes them as two halves."""
    half = len(operands) // 2
    return function(operands[:half], operands[half:]) if function is mx.dot else function(*operands)


def answer(name: str, at: Sequence[float]) -> tuple[float, ...]:
    """Value and derivatives."""
    leaves = [Value(x) for x in at]
    out = applied(getattr(mx, name), leaves)
    return (out.data, *gradient(out, leaves))


@pytest.mark.parametrize(("name", "at", "value", "slopes"), AS_PYTORCH)
def test_kinks_and_edges_are_those_of_pytorch(name: str, at: tuple[float, ...], value: float, slopes: tuple[float, ...]) -> None:
    assert all(map(close, answer(name, at), (value, *slopes))), answer(name, at)


@pytest.mark.parametrize(("name", "at", "value", "slopes"), UNLIKE_PYTORCH)
def test_deviations_from_pytorch_are_these(name: str, at: tuple[float, ...], value: float, slopes: tuple[float, ...]) -> None:
    assert all(map(close, answer(name, at), (value, *slopes))), answer(name, at)


def test_the_comparison_notices_a_wrong_digit_a_lost_nan_and_a_wrong_infinity() -> None:
    assert not any(map(close, (1.0, nan, inf, 0.0, 1e308), (1.0 + 1e-13, 0.0, -inf, 5e-324, inf)))
    assert close(nan, nan)
    assert close(1.0, 1.0 + 2.3e-16)


def test_the_slope_below_zero_has_a_derivative_below_zero_only() -> None:
    assert [mx.grad(mx.leaky_relu, 1)(a, 0.1) for a in (2.0, 0.0, -2.0)] == [0.0, 0.0, -2.0]
    assert [mx.grad(mx.elu, 1)(a, 0.1) for a in (2.0, 0.0, -1.0)] == [0.0, 0.0, mx.expm1(-1.0)]


def test_softmax_of_infinities_is_its_limit_where_there_is_one() -> None:
    assert mx.softmax([0.0, inf]) == [0.0, 1.0]
    assert mx.softmax([0.0, -inf, 0.0]) == [0.5, 0.0, 0.5]
    assert mx.log_softmax([-inf, 0.0]) == [-inf, 0.0]
    assert all(map(same, mx.softmax([inf, inf]) + mx.log_softmax([-inf, -inf]), [nan] * 4))


def test_a_second_derivative_at_a_kink_belongs_to_the_side_whose_slope_is_taken() -> None:
    for function, expected in [(mx.relu, 0.0), (mx.elu, 1.0), (mx.absolute, 0.0), (lambda x: x**0, 0.0)]:
        x = Value(0.0)
        (slope,) = gradient(function(x), [x], create_graph=True)
        assert gradient(slope, [x]) == [expected]


def test_the_hessian_of_a_power_is_symmetric_and_right() -> None:
    for a, b in [(2.0, 3.0), (2.0, 0.0), (0.3, -1.5), (0.0, 1.0), (0.0, 2.0), (0.0, 0.5), (0.0, 0.0), (-2.0, 3.0), (1e-320, 0.0)]:
        (_, mixed), (other, _) = mx.hessian(lambda v: v[0] ** v[1])([a, b])
        assert same(mixed, other), (a, b)
        if a > 1e-300:
            assert close(mixed, a ** (b - 1.0) * (1.0 + b * math.log(a))), (a, b)
