"""Values and local derivatives of the whole table against mpmath with 50 digits, hard places included."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import pytest
from mpmath import mp, mpf

import microgradx as mx
from microgradx.operation import OPS

mp.dps = 50

SPAN = [0.0, 1e-300, 1e-20, 1e-9, 1e-4, 0.3, 0.999, 1.0, 1.7, 3.3, 7.9, 19.5, 36.9, 88.2]
BOTH = sorted({s * x for x in SPAN for s in (1, -1)})
FAR = [*BOTH, 700.3, -700.3, 709.7, -744.0]
POSITIVE = [1e-300, 1e-12, 0.1, 0.5, 0.999999, 1.0000001, 1.4, 1.9999999, 2.6, 30.7, 1e8, 1e300]
UNIT = [-1 + 1e-12, -0.999, -0.4, -1e-9, 0.0, 1e-9, 0.3, 0.95, 1 - 1e-12]
PAIRS = [(3.0, 4.0), (-1e-9, 2.5), (1e200, 1e200), (1e-160, 3e-160), (-2.25, -7.5), (0.3, -40.0)]
ROWS = [(1000.0, 1000.0, 999.0), (-1000.3, -1001.0), (0.1, 700.3, -5.0), (2.0, -35.5), (-2.0, 1.0, 0.5), (0.0, -745.0)]


def selu(x: mpf) -> mpf:
    alpha, scale = mpf(mx.ops.activations.SELU_ALPHA), mpf(mx.ops.activations.SELU_SCALE)
    return scale * (x if x > 0 else alpha * mpmath.expm1(x))


def normal_cdf(x: mpf) -> mpf:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def sinc(x: mpf) -> mpf:
    return mpmath.sin(mpmath.pi * x) / (mpmath.pi * x)


def variance(*xs: mpf) -> mpf:
    mean = mpmath.fsum(xs) / len(xs)
    return mpmath.fsum((x - mean) ** 2 for x in xs) / len(xs)


def log1mexp(x: mpf) -> mpf:
    return mpmath.log1p(-mpmath.exp(-x)) if x > 1 else mpmath.log(-mpmath.expm1(-x))


def log_normal_cdf(x: mpf) -> mpf:
    return mpmath.log1p(-normal_cdf(-x)) if x > 0 else mpmath.log(normal_cdf(x))


def share(*xs: mpf) -> mpf:
    return 1 / mpmath.fsum(mpmath.exp(x - xs[0]) for x in xs)


def logsumexp(*xs: mpf) -> mpf:
    return xs[0] - mpmath.log(share(*xs))


ORACLE: dict[str, tuple[Callable[..., mpf], list[tuple[float, ...]]]] = {
    "exp": (mpmath.exp, [(x,) for x in FAR]),
    "exp2": (lambda x: mpf(2) ** x, [(x,) for x in FAR]),
    "expm1": (mpmath.expm1, [(x,) for x in FAR]),
    "log": (mpmath.log, [(x,) for x in POSITIVE]),
    "log2": (lambda x: mpmath.log(x) / mpmath.log(2), [(x,) for x in POSITIVE]),
    "log10": (mpmath.log10, [(x,) for x in POSITIVE]),
    "log1p": (mpmath.log1p, [(x,) for x in (*POSITIVE, *UNIT)]),
    "sqrt": (mpmath.sqrt, [(x,) for x in POSITIVE]),
    "cbrt": (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), [(x,) for x in (*POSITIVE, -2.5)]),
    "square": (lambda x: x * x, [(x,) for x in BOTH[1:-1] if abs(x) > 1e-100]),
    "one_minus_square": (lambda x: 1 - x * x, [(x,) for x in UNIT]),
    "reciprocal": (lambda x: 1 / x, [(x,) for x in POSITIVE[1:-1]]),
    "sin": (mpmath.sin, [(x,) for x in (*BOTH, 1e6, 1e15)]),
    "cos": (mpmath.cos, [(x,) for x in (*BOTH, 1e6, 1e15)]),
    "tan": (mpmath.tan, [(x,) for x in (*BOTH, 1e6)]),
    "asin": (mpmath.asin, [(x,) for x in UNIT]),
    "acos": (mpmath.acos, [(x,) for x in UNIT]),
    "atan": (mpmath.atan, [(x,) for x in (*BOTH, 1e9)]),
    "atan2": (mpmath.atan2, PAIRS),
    "sinh": (mpmath.sinh, [(x,) for x in FAR]),
    "cosh": (mpmath.cosh, [(x,) for x in FAR]),
    "tanh": (mpmath.tanh, [(x,) for x in (*BOTH, 300.0, -340.0)]),
    "asinh": (mpmath.asinh, [(x,) for x in (*BOTH, 1e200)]),
    "acosh": (mpmath.acosh, [(x,) for x in (1 + 1e-12, 1.1, 3.0, 1e9, 1e200)]),
    "atanh": (mpmath.atanh, [(x,) for x in UNIT]),
    "hypot": (mpmath.hypot, PAIRS),
    "gaussian": (lambda x: mpmath.exp(-x * x), [(x,) for x in (*BOTH, 26.1, -25.3)]),
    "normal_pdf": (mpmath.npdf, [(x,) for x in (*BOTH, 37.1, -36.7)]),
    "normal_cdf": (normal_cdf, [(x,) for x in (*BOTH, -37.1, 8.3)]),
    "erf": (mpmath.erf, [(x,) for x in BOTH]),
    "erfc": (mpmath.erfc, [(x,) for x in (*BOTH, 26.1)]),
    "lgamma": (mpmath.loggamma, [(x,) for x in POSITIVE[1:-1]]),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), [(x,) for x in FAR]),
    "log_sigmoid": (lambda x: -mpmath.log1p(mpmath.exp(-x)), [(x,) for x in FAR]),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), [(x,) for x in FAR]),
    "softsign": (lambda x: x / (1 + abs(x)), [(x,) for x in (*BOTH, 1e9)]),
    "elu": (lambda x, alpha: x if x > 0 else alpha * mpmath.expm1(x), [(x, 1.3) for x in FAR if x]),
    "selu": (selu, [(x,) for x in FAR if x]),
    "gelu": (lambda x: x * normal_cdf(x), [(x,) for x in (*BOTH, -30.1, 33.0)]),
    "silu": (lambda x: x / (1 + mpmath.exp(-x)), [(x,) for x in (*BOTH, 700.3, -700.3)]),
    "mish": (lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))), [(x,) for x in BOTH]),
    "digamma": (lambda x: mpmath.psi(0, x), [(x,) for x in POSITIVE[1:-1]]),
    "product_or_zero": (lambda a, b: a * b, [(2.5, -3.0), (1e-3, 0.5)]),
    "power_log": (lambda a, b: a**b * mpmath.log(a), [(2.5, -3.0), (1e-3, 0.5), (7.7, 30.1), (1.0000001, 1e3)]),
    "power": (mpmath.power, [(2.5, -3.0), (1e-3, 0.5), (7.7, 30.1), (1.0000001, 1e6), (0.3, 0.0)]),
    "divide": (lambda a, b: a / b, [(1.0, 3.0), (-2.5, 1e-5), (1e150, -7.0)]),
    "logaddexp": (logsumexp, [row[:2] for row in ROWS]),
    "logsumexp": (logsumexp, ROWS),
    "softmax_share": (share, ROWS),
    "log_softmax_share": (lambda *xs: mpmath.log(share(*xs)), ROWS),
    "xlogy": (lambda a, b: a * mpmath.log(b), [(2.5, 1e-300), (-1e-9, 3.3), (1e5, 1.0000001), (0.7, 1e300)]),
    "logit": (lambda x: mpmath.log(x) - mpmath.log1p(-x), [(x,) for x in (1e-300, 1e-9, 0.2, 0.26, 0.5 + 1e-9, 0.7, 1 - 1e-12)]),
    "log1mexp": (log1mexp, [(x,) for x in (1e-300, 1e-9, 0.3, 0.69, 0.7, 3.3, 88.2, 700.3)]),
    "log_base": (lambda x, base: mpmath.log(x) / mpmath.log(base), [(8.0, 2.0), (1e300, 10.0), (0.3, 7.7), (5.0, 0.5)]),
    "sech": (mpmath.sech, [(x,) for x in (*BOTH, 700.3, -744.0)]),
    "sinc": (sinc, [(x,) for x in (1e-300, -1e-9, 1e-4, 0.3, 0.999, 1.7, -3.3, 19.5, 1e6 + 0.25)]),
    "erfinv": (mpmath.erfinv, [(x,) for x in (1e-300, -1e-9, 0.3, 0.4999, 0.5001, -0.95, 1 - 1e-12, 1 - 2.0**-53)]),
    "gamma": (mpmath.gamma, [(x,) for x in (1e-300, 0.1, 1.4, 2.6, 30.7, 150.3, -0.5, -2.7)]),
    "log_normal_cdf": (log_normal_cdf, [(x,) for x in (*BOTH, -300.3, -1e5, 8.3) if abs(x) > 1e-100]),
    "inverse_mills": (lambda x: mpmath.npdf(x) / normal_cdf(x), [(x,) for x in (*BOTH, -300.3, 8.3) if x < 30]),
    "mills_gap": (lambda x: x + mpmath.npdf(x) / normal_cdf(x), [(x,) for x in (-2.1, -1.7, 0.3, 3.3)]),
    "degrees": (lambda x: x * 180 / mpmath.pi, [(x,) for x in (1e-300, 0.3, -7.9)]),
    "radians": (lambda x: x * mpmath.pi / 180, [(x,) for x in (1e-300, 0.3, -7.9)]),
    "norm": (lambda *xs: mpmath.norm(xs), [(1e200, 1e200, -3e200), (1e-200, 2e-200), (3.0, -4.0, 12.0), (-2.5,)]),
    "var": (variance, [(1.0, 4.0, 2.5), (1e8 + 1, 1e8, 1e8 + 3), (1e-9, -3.3)]),
    "std": (lambda *xs: mpmath.sqrt(variance(*xs)), [(1.0, 4.0, 2.5), (1e8 + 1, 1e8, 1e8 + 3), (1e200, -3e200)]),
    "prod": (lambda *xs: mpmath.fprod(xs), [(2.0, 3.0, -0.25), (1e-5, 7.7)]),
    "mean": (lambda *xs: mpmath.fsum(xs) / len(xs), [(2.0, 3.5, 0.25)]),
    "dot": (lambda *xs: mpmath.fdot(xs[: len(xs) // 2], xs[len(xs) // 2 :]), [(2.0, 3.0, 0.5, 7.0)]),
}
EXACT = {"add", "subtract", "multiply", "negative", "positive", "absolute", "floor_divide", "remainder", "floor", "ceil"}
EXACT |= {"trunc", "sum", "max", "min", "where"}
EXACT |= {"round", "sign", "step", "heaviside", "compare", "relu", "leaky_relu", "hard_tanh", "maximum", "minimum", "clip"}
EXACT |= {"fmod", "ieee_remainder", "copysign", "isnan", "isinf", "isfinite"}
HERE = {"polygamma", "sinc_derivative"}  # tests/test_special.py, and below
CANCELLING = {"gelu", "silu", "mish", "digamma", "mills_gap", "gamma"}  # the derivative is a difference of terms near its zero


def function(name: str) -> Callable[..., object]:
    return getattr(mx, name)


def relative_error(found: float, exact: mpf, scale: float = 0.0) -> float:
    """Relative error; below the normal floats, where digits end, in units of the last place there."""
    if not math.isfinite(found):
        return 0.0 if abs(exact) > mpf(1.7e308) and found == math.copysign(math.inf, exact) else math.inf
    floor = mpf(2.3e-308) if abs(exact) < 2.3e-308 else mpf("1e-400")
    return float(abs(mpf(found) - exact) / max(abs(exact), mpf(scale), floor))


def slopes(name: str, at: tuple[float, ...]) -> tuple[float, list[float]]:
    leaves = [mx.Value(x) for x in at]
    if name == "dot":
        out = mx.dot(leaves[: len(at) // 2], leaves[len(at) // 2 :])
    else:
        out = function(name)(*leaves)
    assert isinstance(out, mx.Value)
    return out.data, mx.gradient(out, leaves)


def test_every_operation_of_the_table_is_judged_here_or_is_exact() -> None:
    table = {name for name, op in OPS.items() if op in vars(mx.ops).values()}
    missing = table - set(ORACLE) - EXACT - HERE
    assert not missing, f"{missing}: give each a row of ORACLE, or write it into EXACT if its value and slopes are never rounded"


@pytest.mark.parametrize("name", ORACLE)
def test_values_and_derivatives_are_accurate_to_1e_14(name: str) -> None:
    oracle, points = ORACLE[name]
    for at in points:
        exact_at = [mpf(x) for x in at]
        value, found = slopes(name, at)
        exact = mpmath.re(oracle(*exact_at))
        assert relative_error(value, exact) < 1e-14, (at, value, exact)
        for slot, slope in enumerate(found):
            exact = mpmath.re(derivative(oracle, exact_at, slot))
            scale = 0.2 if name in CANCELLING and abs(at[0]) < 4 else 0.0
            assert relative_error(slope, exact, scale) < 1e-14, (at, slot, slope, mpmath.nstr(exact, 17))


def test_the_softmax_of_floats_has_the_bits_of_its_shares_one_by_one() -> None:
    for row in ROWS:
        shares = [mx.softmax_share(row[i], *row[:i], *row[i + 1 :]) for i in range(len(row))]
        assert mx.softmax(row) == shares


def derivative(oracle: Callable[..., mpf], at: list[mpf], slot: int) -> mpf:
    """Central differences with 700 digits and a step of 1e-340: their error is far below any float."""

    def moved(x: mpf) -> mpf:
        return oracle(*at[:slot], x, *at[slot + 1 :])

    with mp.workdps(700):
        h = mpf(10) ** -340 * max(1, abs(at[slot]))
        with_kink = at[slot] == 0 and abs(moved(h) + moved(-h) - 2 * moved(mpf(0))) > h / 2
        assert not with_kink, "not differentiable here"
        return (moved(at[slot] + h) - moved(at[slot] - h)) / (2 * h)


SECOND_ORDER: dict[str, list[float]] = {
    "exp2": [1023.9, 0.5, -1000.3],
    "sigmoid": [1e-17, 1e-12, 1e-6, 0.3, 36.9, -88.2, 700.3],
    "softplus": [1e-12, 0.3, 88.2, -300.3],
    "tanh": [1e-12, 0.3, 19.5, 300.3, -340.0],
    "atan": [1e-9, 0.3, 1e9, 1e100],
    "asinh": [0.3, 1e100],
    "erf": [1e-9, 0.3, 7.9],
    "logit": [1e-9, 0.3, 0.9],
    "log1mexp": [1e-9, 0.3, 88.2, 400.3],
    "log_normal_cdf": [-88.2, -7.9, -2.1, 3.3],
    "erfinv": [1e-9, 0.3, -0.95],
    "sinc": [1e-9, 0.3, 3.3],
    "sech": [0.3, 88.2, -300.3],
}


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_second_derivatives_keep_their_digits_in_the_tails_and_near_0(name: str) -> None:
    oracle = ORACLE[name][0]
    for x in SECOND_ORDER[name]:
        with mp.workdps(1200):
            h = mpf(10) ** -300 * max(1, abs(mpf(x)))
            exact = (oracle(mpf(x) + h) - 2 * oracle(mpf(x)) + oracle(mpf(x) - h)) / h**2
        found = mx.grad(mx.grad(function(name)))(x)
        assert relative_error(found, mpmath.re(exact)) < 2e-14, (x, found, mpmath.nstr(exact, 17))


def test_the_slope_of_exp2_is_finite_where_the_value_is_not() -> None:
    assert mx.exp2(1024.0) == math.inf
    assert mx.grad(mx.exp2)(1024.0) == pytest.approx(float(mpf(2) ** 1024 * mpmath.log(2)), rel=1e-15)


@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_derivatives_of_sinc_are_right_on_both_sides_of_the_switch(order: int) -> None:
    for x in (1e-9, 0.3, 0.64, 1.0, 1.3, 2.2, -3.7, 12.25):
        exact = mpmath.quad(lambda t: (mpmath.pi * t) ** order * mpmath.cos(mpmath.pi * (x * t + mpf(order) / 2)), range(2))  # noqa: B023
        assert relative_error(mx.ops.sinc_derivative(float(order), x), exact, scale=1e-2 * math.pi**order) < 1e-14, x
