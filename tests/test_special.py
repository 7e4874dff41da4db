"""Float functions are total, follow IEEE 754 at the edges and are right to the last places against 50 digits."""

import inspect
import itertools
import math
import operator
import random
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mpf

from microgradx import ieee, special, tails

INF, NAN = math.inf, math.nan
LARGEST, SMALLEST = 1.7976931348623157e308, 5e-324
EDGES = (
    *(0.0, SMALLEST, 1e-300, 1e-17, 0.5, 1.0, 2.0, 3.0, 10.0, 38.0, 171.0, 710.0, 746.0, 1e16, 1e300, LARGEST, INF),
    *(-0.0, -SMALLEST, -1e-300, -0.5, -1.0, -2.0, -10.0, -38.0, -170.5, -746.0, -1e16, -LARGEST, -INF, NAN),
)
PUBLIC = {
    name: function
    for room in (ieee, special, tails)
    for name, function in inspect.getmembers(room, inspect.isfunction)
    if function.__module__ == room.__name__ and not name.startswith("_")
    if inspect.signature(function).return_annotation is float
}
NEEDS_AN_OPERAND = ("logsumexp", "max_", "mean", "min_", "std", "var")
finite = st.floats(allow_nan=False, allow_infinity=False)
moderate = st.floats(-700.0, 700.0)
law = settings(derandomize=True, deadline=None, max_examples=150)


def same(a: float, b: float) -> bool:
    """Equal bit for bit as far as a value goes: nan is nan, and -0.0 is not 0.0."""
    return (a != a and b != b) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))


def worst_error(
    function: Callable[..., float], exact: Callable[..., Any], points: Iterable[Any], slack: float = 2 * SMALLEST
) -> tuple[float, Any]:
    """Largest relative error of `function` beyond an absolute `slack`, and the point where it is."""
    worst: tuple[float, Any] = (0.0, None)
    for point in points:
        arguments = point if isinstance(point, tuple) else (point,)
        right = exact(*map(mpf, arguments))
        off = abs(mpf(function(*arguments)) - right) - mpf(slack)
        if off > 0 and off > worst[0] * abs(right):
            worst = (float(off / abs(right)) if right else INF, point)
    return worst


def uniform(low: float, high: float, count: int) -> list[float]:
    pick = random.Random(f"{low} {high}")
    return [pick.uniform(low, high) for _ in range(count)]


def powers_of_ten(low: float, high: float, count: int) -> list[float]:
    return [10.0**exponent for exponent in uniform(low, high, count)]


def around(*centres: float) -> list[float]:
    """Points on both sides of each centre, from its float neighbours to a tenth away, and the centre."""
    steps = [0.0, *powers_of_ten(-15.0, -1.0, 40)]
    points = [c + sign * step for c in centres for step in steps for sign in (1.0, -1.0)]
    return points + [math.nextafter(c, side) for c in centres for side in (-INF, INF)]


def both_signs(points: list[float]) -> list[float]:
    return points + [-x for x in points]


@pytest.fixture(autouse=True)
def fifty_digits() -> Iterable[None]:
    with mpmath.workdps(50):
        yield


def exact_normal_cdf(a: Any) -> Any:
    return mpmath.erfc(-a / mpmath.sqrt(2)) / 2


def exact_softplus(a: Any) -> Any:
    return max(a, mpf(0)) + mpmath.log1p(mpmath.exp(-abs(a)))


def exact_lgamma(a: Any) -> Any:
    return mpmath.log(abs(mpmath.gamma(a))) if abs(a) < 100 else mpmath.loggamma(a)


UNIT = both_signs(powers_of_ten(-300.0, 0.0, 60))
# name: function, exact, points, largest relative error allowed
ACCURACY: dict[str, tuple[Callable[..., float], Callable[..., Any], list[float], float]] = {
    "sigmoid": (special.sigmoid, lambda a: 1 / (1 + mpmath.exp(-a)), uniform(-745, 745, 500) + UNIT, 5e-16),
    "softplus": (special.softplus, exact_softplus, uniform(-745, 745, 500) + uniform(-40, 40, 300) + UNIT, 5e-16),
    "elu": (lambda a: special.elu(a, 0.5), lambda a: a if a > 0 else mpmath.expm1(a) / 2, uniform(-50, 5, 300), 5e-16),
    "gaussian": (special.gaussian, lambda a: mpmath.exp(-a * a), [-26.1, 26.1, *uniform(-27, 27, 800), *UNIT], 6e-16),
    "normal_pdf": (special.normal_pdf, mpmath.npdf, uniform(-38.5, 38.5, 800) + UNIT, 6e-16),
    "normal_cdf": (special.normal_cdf, exact_normal_cdf, [*uniform(-38.4, 9, 800), *uniform(-3, 3, 300), *UNIT], 6e-16),
    "gelu": (special.gelu, lambda a: a * exact_normal_cdf(a), uniform(-37.4, 9, 800) + UNIT, 6e-16),
    "lgamma, positive": (special.lgamma, exact_lgamma, uniform(0, 4, 600) + uniform(0, 30, 300), 9e-16),
    "lgamma, near its zeros": (special.lgamma, exact_lgamma, around(1.0, 2.0), 5e-16),
    "lgamma, tiny and huge": (special.lgamma, exact_lgamma, powers_of_ten(-307, 305, 200), 5e-16),
    "lgamma, to -2": (special.lgamma, exact_lgamma, uniform(-2, 0, 300), 6e-16),
}


@pytest.mark.parametrize("name", ACCURACY)
def test_relative_error_stays_within_a_few_units_of_the_last_place(name: str) -> None:
    function, exact, points, allowed = ACCURACY[name]
    error, where = worst_error(function, exact, points)
    assert error <= allowed, f"{name} is off by {error:.2g} at {where!r}"


def test_the_accuracy_check_notices_one_wrong_digit_in_a_thousand_million_million() -> None:
    exact_cdf, points = exact_normal_cdf, uniform(-30, 5, 50)
    assert worst_error(special.normal_cdf, exact_cdf, points)[0] < 6e-16
    assert worst_error(lambda a: special.normal_cdf(a) * (1 + 2e-15), exact_cdf, points)[0] > 1e-15
    assert worst_error(lambda a: 0.5 * math.erfc(-a / math.sqrt(2.0)), exact_cdf, points)[0] > 1e-14
    assert worst_error(lambda a: a + SMALLEST, lambda a: mpf(0), [1.0]) == (INF, 1.0)


def test_gelu_keeps_its_digits_until_its_result_leaves_the_normal_floats() -> None:
    error, where = worst_error(
        special.gelu, lambda a: a * exact_normal_cdf(a), uniform(-40, -37.4, 100), slack=100 * SMALLEST
    )
    assert error < 1e-15, where


def test_lgamma_near_a_negative_zero_is_off_by_less_than_an_ulp_of_the_terms_that_cancel() -> None:
    error, where = worst_error(special.lgamma, exact_lgamma, uniform(-40, -2, 800), slack=4e-16)
    assert error < 5e-16, where


def test_digamma_keeps_relative_accuracy_through_its_positive_root() -> None:
    points = around(special.DIGAMMA_ROOT) + uniform(0, 3, 300) + uniform(0, 20, 200) + powers_of_ten(-307, 300, 100)
    error, where = worst_error(lambda x: special.polygamma(0.0, x), lambda x: mpmath.psi(0, x), points)
    assert error < 5e-16, where


def test_digamma_of_negative_numbers_is_right_beside_the_terms_that_cancel_at_its_roots() -> None:
    points = uniform(-20, 0, 300) + [-x for x in powers_of_ten(-305, -1, 50)]
    error, where = worst_error(lambda x: special.polygamma(0.0, x), lambda x: mpmath.psi(0, x), points, slack=2e-15)
    assert error < 5e-16, where


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 10, 20])
def test_polygamma_of_positive_numbers_keeps_relative_accuracy(n: int) -> None:
    points = uniform(0.001, 3, 40) + uniform(0, 45, 40) + powers_of_ten(-2, 12, 20)
    error, where = worst_error(lambda x: special.polygamma(float(n), x), lambda x: mpmath.psi(n, x), points)
    assert error < 2e-15, where


@pytest.mark.parametrize("n", [1, 2, 3, 4, 10])
def test_polygamma_of_negative_numbers_is_right_beside_the_pole_it_leans_on(n: int) -> None:
    for x in [*uniform(-8, 0, 60), -1.0 - 1e-09, -1.0 + 1e-09, -1e-20, -0.5]:
        exact = mpmath.psi(n, mpf(x))
        pole = mpmath.factorial(n) / abs(mpf(x) - round(x)) ** (n + 1)
        assert abs(mpf(special.polygamma(float(n), x)) - exact) <= 8e-16 * max(abs(exact), pole if n % 2 == 0 else 0), x


def exact_logsumexp(*xs: Any) -> Any:
    top = max(xs)
    return top + mpmath.log(mpmath.fsum(mpmath.exp(x - top) for x in xs))


def exact_log_share(first: Any, *others: Any) -> Any:
    return -mpmath.log1p(mpmath.fsum(mpmath.exp(x - first) for x in others))


def logits() -> list[tuple[float, ...]]:
    pick = random.Random(1)
    spread = [0.001, 0.1, 1.0, 10.0, 50.0, 120.0]
    points = [tuple(pick.gauss(0.0, s) for _ in range(pick.randint(1, 6))) for s in spread for _ in range(40)]
    points += [(pick.uniform(0, 1e-12), -pick.uniform(20, 40)) for _ in range(60)]  # where x - max rounds most
    points += [(pick.uniform(-3, 3), pick.uniform(-700, 700)) for _ in range(60)]
    return [*points, (1000.0, 1000.0), (-1000.0, -1000.0), (1e+16, 1e+16 - 6), (0.1, 0.1, 1e-30), (30.1, 0.2, -800.0)]


def test_softmax_and_its_logarithm_keep_relative_accuracy_at_both_ends() -> None:
    for function, exact in (
        (special.softmax_share, lambda *xs: mpmath.exp(exact_log_share(*xs))),
        (special.log_softmax_share, exact_log_share),
    ):
        error, where = worst_error(function, exact, logits())
        assert error < 6e-16, (function.__name__, where)


def test_logsumexp_is_off_by_no_more_than_the_rounding_of_its_largest_operand() -> None:
    assert worst_error(special.logsumexp, exact_logsumexp, logits(), slack=1.2e-16)[0] < 3e-16
    positive = [xs for xs in logits() if max(xs) >= 0.0]
    assert worst_error(special.logsumexp, exact_logsumexp, positive)[0] < 5e-16


EDGE_TABLE: list[tuple[str, tuple[float, ...], float]] = [
    *[(name, (zero,), -INF) for name in ("log", "log2", "log10") for zero in (0.0, -0.0)],
    *[(name, (bad,), NAN) for name in ("log", "log2", "log10", "sqrt") for bad in (-1.0, -INF, NAN)],
    *[(name, (bad,), NAN) for name in ("sin", "cos", "tan") for bad in (INF, -INF, NAN)],
    *[(name, (bad,), NAN) for name in ("asin", "acos", "atanh") for bad in (1.5, -1.5, INF, -INF, NAN)],
    *[(name, (1e3,), INF) for name in ("exp", "expm1", "cosh", "sinh")],
    *[(name, (-INF,), 0.0) for name in ("exp", "exp2", "sigmoid", "softplus", "gaussian", "normal_pdf", "normal_cdf")],
    *[(name, (INF,), INF) for name in ("log", "log1p", "sqrt", "exp", "exp2", "expm1", "acosh", "sinh", "lgamma")],
    *[(name, (INF,), INF) for name in ("floor", "ceil", "trunc", "round_half_even", "relu", "softplus", "gelu")],
    *[(name, (NAN,), NAN) for name in ("floor", "ceil", "trunc", "round_half_even", "sign", "step", "relu")],
    *[(name, (NAN,), NAN) for name in ("sigmoid", "softplus", "gelu", "gaussian", "normal_pdf", "normal_cdf")],
    *[("lgamma", (NAN,), NAN), ("log1p", (-1.0,), -INF), ("log1p", (-2.0,), NAN), ("log1p", (-0.0,), -0.0)],
    *[("sqrt", (0.0,), 0.0), ("sqrt", (-0.0,), -0.0), ("exp2", (2000.0,), INF), ("exp", (-1e3,), 0.0)],
    *[("sinh", (-1e3,), -INF), ("cosh", (-1e3,), INF), ("expm1", (-INF,), -1.0), ("acosh", (0.5,), NAN)],
    *[("atanh", (1.0,), INF), ("atanh", (-1.0,), -INF), ("atanh", (-0.0,), -0.0)],
    *[("divide", (1.0, 0.0), INF), ("divide", (-1.0, 0.0), -INF), ("divide", (1.0, -0.0), -INF)],
    *[("divide", (-1.0, -0.0), INF), ("divide", (0.0, 0.0), NAN), ("divide", (NAN, 0.0), NAN)],
    *[("divide", (INF, 0.0), INF), ("divide", (INF, INF), NAN), ("divide", (1.0, -INF), -0.0)],
    *[("floor_divide", (7.5, 2.0), 3.0), ("floor_divide", (-7.5, 2.0), -4.0), ("floor_divide", (1.0, 0.0), INF)],
    *[("floor_divide", (-1.0, 0.0), -INF), ("floor_divide", (0.0, 0.0), NAN), ("floor_divide", (-5.0, INF), -1.0)],
    *[("remainder", (7.5, 2.0), 1.5), ("remainder", (-7.5, 2.0), 0.5), ("remainder", (7.5, -2.0), -0.5)],
    *[("remainder", (1.0, 0.0), NAN), ("remainder", (5.0, INF), 5.0), ("remainder", (-5.0, INF), INF)],
    *[("remainder", (INF, 2.0), NAN), ("remainder", (NAN, 0.0), NAN)],
    *[("power", (-8.0, 1 / 3), NAN), ("power", (0.0, -1.0), INF), ("power", (-0.0, -1.0), -INF)],
    *[("power", (-0.0, -2.0), INF), ("power", (-0.0, -0.5), INF), ("power", (-0.0, 3.0), -0.0)],
    *[("power", (0.0, 0.0), 1.0), ("power", (NAN, 0.0), 1.0), ("power", (1.0, NAN), 1.0), ("power", (-1.0, INF), 1.0)],
    *[("power", (1e200, 2.0), INF), ("power", (-1e200, 3.0), -INF), ("power", (-1e200, 2.0), INF)],
    *[("power", (-2.0, 3.0), -8.0), ("power", (0.0, -INF), INF), ("power", (-INF, -3.0), -0.0)],
    *[("power", (1e-200, -2.0), INF), ("power", (-1e-200, -3.0), -INF), ("power", (-INF, 0.5), INF)],
    *[("lgamma", (x,), INF) for x in (0.0, -0.0, -1.0, -9.0, -11.0, -1e300, 1e308, -INF)],
    *[("lgamma", (1.0,), 0.0), ("lgamma", (2.0,), 0.0), ("lgamma", (3.0,), math.log(2.0))],
    *[("floor", (-0.5,), -1.0), ("floor", (-0.0,), -0.0), ("floor", (1e300,), 1e300), ("ceil", (-0.5,), -0.0)],
    *[("ceil", (0.5,), 1.0), ("trunc", (-0.5,), -0.0), ("trunc", (-2.7,), -2.0), ("trunc", (-INF,), -INF)],
    *[("round_half_even", (2.5,), 2.0), ("round_half_even", (3.5,), 4.0), ("round_half_even", (-0.4,), -0.0)],
    *[("round_half_even", (2.675, 2.0), 2.67), ("round_half_even", (1250.0, -2.0), 1200.0)],
    *[("round_half_even", (1.7e308, -308.0), INF), ("round_half_even", (-1.7e308, -308.0), -INF)],
    *[("round_half_even", (0.3, INF), 0.3), ("round_half_even", (-3.0, -INF), -0.0)],
    ("round_half_even", (3.0, NAN), NAN),
    *[("sign", (-3.0,), -1.0), ("sign", (INF,), 1.0), ("sign", (0.0,), 0.0), ("sign", (-0.0,), 0.0)],
    *[("heaviside", (-1.0, 0.5), 0.0), ("heaviside", (0.0, 0.5), 0.5), ("heaviside", (2.0, 0.5), 1.0)],
    *[("heaviside", (NAN, 0.5), NAN), ("heaviside", (-0.0, 0.25), 0.25)],
    *[("step", (0.0,), 1.0), ("step", (-0.0,), 1.0), ("step", (-SMALLEST,), 0.0), ("step", (INF,), 1.0)],
    *[("compare", (1.0, 2.0), -1.0), ("compare", (2.0, 2.0), 0.0), ("compare", (3.0, 2.0), 1.0)],
    *[("compare", (INF, INF), 0.0), ("compare", (-INF, INF), -1.0), ("compare", (NAN, 1.0), NAN)],
    *[("compare", (1.0, NAN), NAN), ("compare", (0.0, -0.0), 0.0)],
    *[(name, xs, NAN) for name in ("maximum", "minimum", "max_", "min_") for xs in ((NAN, 1.0), (1.0, NAN))],
    *[("maximum", (1.0, INF), INF), ("minimum", (1.0, -INF), -INF), ("max_", (1.0, 3.0, 2.0), 3.0)],
    *[("min_", (2.0, 1.0, 3.0), 1.0), ("max_", (5.0,), 5.0), ("min_", (1.0, NAN, 0.0), NAN)],
    *[("relu", (-1.0,), 0.0), ("relu", (-0.0,), 0.0), ("relu", (-INF,), 0.0), ("relu", (2.5,), 2.5)],
    *[("sigmoid", (1e3,), 1.0), ("sigmoid", (0.0,), 0.5), ("softplus", (1e3,), 1e3), ("softplus", (-1e3,), 0.0)],
    *[("elu", (-INF, 2.0), -2.0), ("elu", (3.0, 2.0), 3.0), ("elu", (NAN, 2.0), NAN)],
    *[("normal_cdf", (INF,), 1.0), ("normal_cdf", (0.0,), 0.5), ("gelu", (-INF,), -0.0), ("gelu", (-0.0,), -0.0)],
    *[("gaussian", (0.0,), 1.0), ("gaussian", (1e200,), 0.0), ("normal_pdf", (-1e200,), 0.0)],
    *[("polygamma", (0.0, 0.0), -INF), ("polygamma", (0.0, -0.0), INF), ("polygamma", (0.0, -2.0), NAN)],
    *[("polygamma", (1.0, x), INF) for x in (0.0, -0.0, -2.0, SMALLEST, -1e16)],
    *[("polygamma", (2.0, 0.0), -INF), ("polygamma", (2.0, -0.0), INF), ("polygamma", (2.0, -2.0), NAN)],
    *[("polygamma", (0.0, INF), INF), ("polygamma", (1.0, INF), 0.0), ("polygamma", (2.0, INF), -0.0)],
    *[("polygamma", (n, 1.0), NAN) for n in (-1.0, 0.5, 171.0, INF, NAN)],
    *[("polygamma", (n, x), NAN) for n in (0.0, 1.0, 2.0) for x in (-INF, NAN)],
    *[("logsumexp", (1e3, 1e3), 1e3 + math.log(2.0)), ("logsumexp", (-1e3, -1e3), -1e3 + math.log(2.0))],
    *[("logsumexp", (-INF, -INF), -INF), ("logsumexp", (-INF, 2.0), 2.0), ("logsumexp", (INF, INF), INF)],
    *[("logsumexp", (INF, -INF, 1.0), INF), ("logsumexp", (INF, NAN), NAN), ("logsumexp", (1.0, NAN), NAN)],
    *[("logsumexp", (7.5,), 7.5), ("logsumexp", (LARGEST, LARGEST), LARGEST)],
    *[("fmod", (-7.5, 2.0), -1.5), ("fmod", (1.0, 0.0), NAN), ("fmod", (INF, 2.0), NAN), ("fmod", (5.0, INF), 5.0)],
    *[("ieee_remainder", (5.5, 2.0), -0.5), ("ieee_remainder", (3.0, 2.0), -1.0), ("ieee_remainder", (1.0, 0.0), NAN)],
    *[("ieee_remainder", (0.5, 1.0), 0.5), ("ieee_remainder", (INF, 2.0), NAN), ("ieee_remainder", (5.0, INF), 5.0)],
    *[("gamma", (5.0,), 24.0), ("gamma", (0.0,), INF), ("gamma", (-0.0,), -INF), ("gamma", (-2.0,), NAN)],
    *[("gamma", (172.0,), INF), ("gamma", (-SMALLEST,), -INF), ("gamma", (-INF,), NAN), ("gamma", (NAN,), NAN)],
    *[("xlogy", (0.0, 0.0), 0.0), ("xlogy", (0.0, INF), 0.0), ("xlogy", (0.0, NAN), NAN), ("xlogy", (2.0, 0.0), -INF)],
    *[("log_base", (8.0, 2.0), 3.0), ("log_base", (1e3, 10.0), math.log10(1e3)), ("log_base", (5.0, 1.0), INF)],
    *[("logit", (0.5,), 0.0), ("logit", (0.0,), -INF), ("logit", (1.0,), INF), ("logit", (1.5,), NAN)],
    *[("log1mexp", (0.0,), -INF), ("log1mexp", (INF,), -0.0), ("log1mexp", (-1.0,), NAN), ("log1mexp", (1e3,), -0.0)],
    *[("sech", (0.0,), 1.0), ("sech", (-INF,), 0.0), ("sech", (NAN,), NAN), ("product_rest", (2.0, 3.0), 0.0)],
    *[("var", (3.0,), 0.0), ("var", (1e200, 3e200), INF), ("std", (1e200, 3e200), 1e200), ("std", (7.5, 7.5), 0.0)],
    *[("erfinv", (1.0,), INF), ("erfinv", (-1.0,), -INF), ("erfinv", (1.5,), NAN), ("erfinv", (-0.0,), -0.0)],
    *[("log_normal_cdf", (-INF,), -INF), ("log_normal_cdf", (INF,), -0.0), ("log_normal_cdf", (NAN,), NAN)],
    *[("inverse_mills", (-INF,), INF), ("inverse_mills", (INF,), 0.0), ("mills_gap", (-INF,), 0.0), ("mills_gap", (INF,), INF)],
    *[("sinc_derivative", (0.0, 0.0), 1.0), ("sinc_derivative", (0.0, 4.0), 0.0), ("sinc_derivative", (1.0, INF), 0.0)],
    *[("sinc_derivative", (1.0, 0.0), 0.0), ("sinc_derivative", (0.5, 1.0), NAN), ("sinc_derivative", (0.0, NAN), NAN)],
    *[("exp_difference", (1.0, 1.0), 1.0), ("exp_difference", (-INF, 1.0), 0.0), ("exp_difference", (INF, INF), NAN)],
    *[("exp_difference", (LARGEST, 0.0), INF), ("exp_difference", (0.0, LARGEST), 0.0), ("exp_difference", (NAN, 0.0), NAN)],
    *[("softmax_share", (INF, 1.0), 1.0), ("softmax_share", (1.0, INF), 0.0), ("softmax_share", (INF, INF), NAN)],
    *[("softmax_share", (-INF, -INF), NAN), ("softmax_share", (-INF, 1.0), 0.0), ("softmax_share", (1.0, NAN), NAN)],
    *[("softmax_share", (3.0,), 1.0), ("softmax_share", (-LARGEST, LARGEST), 0.0), ("softmax_share", (INF, NAN), NAN)],
    *[("log_softmax_share", (INF, 1.0), 0.0), ("log_softmax_share", (1.0, INF), -INF)],
    *[("log_softmax_share", (-INF, 1.0), -INF), ("log_softmax_share", (INF, INF), NAN)],
    *[("log_softmax_share", (-INF, -INF), NAN), ("log_softmax_share", (3.0,), 0.0)],
    *[("log_softmax_share", (1.0, NAN), NAN), ("log_softmax_share", (-LARGEST, LARGEST), -INF)],
    *[("sum_", (), 0.0), ("sum_", (-0.0,), -0.0), ("sum_", (1e16, 1.0, -1e16), 0.0), ("prod_", (), 1.0)],
    *[("prod_", (2.0, -3.0, 0.5), -3.0), ("dot", (), 0.0), ("dot", (1.0, 2.0, 3.0, 4.0), 11.0)],
    ("mean", (1.0, 2.0), 1.5),
]


@pytest.mark.parametrize("name", sorted({name for name, _, _ in EDGE_TABLE}))
def test_edges_give_exactly_what_ieee_arithmetic_gives(name: str) -> None:
    for row, arguments, expected in EDGE_TABLE:
        if row == name:
            result = PUBLIC[name](*arguments)
            assert same(result, expected), f"{name}{arguments} gave {result!r}, not {expected!r}"


def test_every_function_is_in_the_edge_table() -> None:
    assert {name for name, _, _ in EDGE_TABLE} == set(PUBLIC)


def operand_counts(function: Callable[..., float]) -> tuple[int, ...]:
    parameters = inspect.signature(function).parameters.values()
    named = sum(p.kind is not p.VAR_POSITIONAL for p in parameters)
    if named == len(parameters):
        return (named,)
    return (2, 4) if function is special.dot else (1, 2, 3)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_no_operand_raises_and_every_answer_is_a_float(name: str) -> None:
    for count in operand_counts(PUBLIC[name]):
        for operands in itertools.product(EDGES if count < 3 else EDGES[::4], repeat=count):
            assert type(PUBLIC[name](*operands)) is float, operands


@pytest.mark.parametrize("name", ["exp", "log", "sin", "sinh", "atanh", "sqrt", "log1p", "expm1", "acosh", "tan"])
@given(x=finite)
@law
def test_where_math_answers_the_total_function_gives_the_same_bits(name: str, x: float) -> None:
    try:
        expected = getattr(math, name)(x)
    except (ValueError, OverflowError):
        return
    assert same(PUBLIC[name](x), expected)


@given(a=finite, b=finite)
@law
def test_total_operators_equal_pythons_where_those_answer(a: float, b: float) -> None:
    if b != 0.0:
        assert same(ieee.divide(a, b), a / b)
        assert same(ieee.floor_divide(a, b), a // b)
        assert same(ieee.remainder(a, b), a % b)
    if a > 0.0:
        try:
            assert same(ieee.power(a, b), a**b)
        except OverflowError:
            assert ieee.power(a, b) == INF


@given(a=finite, digits=st.integers(-320, 320))
@law
def test_rounding_equals_pythons(a: float, digits: int) -> None:
    assert ieee.floor(a) == math.floor(a)
    assert ieee.ceil(a) == math.ceil(a)
    assert ieee.trunc(a) == math.trunc(a)
    try:
        assert same(ieee.round_half_even(a, float(digits)), round(a, digits))
    except OverflowError:
        assert ieee.round_half_even(a, float(digits)) == math.copysign(INF, a)


@given(a=st.floats(-1e140, 1e140), b=st.floats(-1e140, 1e140))
@law
def test_product_rest_is_what_the_product_lost(a: float, b: float) -> None:
    if a * b == 0.0 or abs(a * b) > 1e-280:
        lost = Fraction(a) * Fraction(b) - Fraction(a * b)
        assert Fraction(special.product_rest(a, b)) == lost or a * b == 0.0


@given(xs=st.lists(moderate, min_size=1, max_size=8))
@law
def test_softmax_shares_sum_to_one(xs: list[float]) -> None:
    shares = [special.softmax_share(x, *xs[:i], *xs[i + 1 :]) for i, x in enumerate(xs)]
    assert math.isclose(sum(shares), 1.0, rel_tol=2e-15)


@given(ws=st.lists(finite, min_size=1, max_size=12), data=st.data())
@law
def test_dot_sum_and_product_equal_the_loop_bit_for_bit(ws: list[float], data: st.DataObject) -> None:
    xs = data.draw(st.lists(finite, min_size=len(ws), max_size=len(ws)))
    dot, total, product = ws[0] * xs[0], ws[0], ws[0]
    for w, x in zip(ws[1:], xs[1:], strict=True):
        dot += w * x
        total += w
        product *= w
    assert same(special.dot(*ws, *xs), dot)
    assert same(special.sum_(*ws), total)
    assert same(special.mean(*ws), total / len(ws))
    assert same(special.prod_(*ws), product)


@given(a=finite, b=finite)
@law
def test_maximum_and_minimum_are_pythons_on_numbers(a: float, b: float) -> None:
    assert same(ieee.maximum(a, b), max(a, b))
    assert same(ieee.minimum(a, b), min(a, b))
    assert ieee.compare(a, b) == operator.gt(a, b) - operator.lt(a, b)


@pytest.mark.parametrize("name", NEEDS_AN_OPERAND)
def test_no_operands_at_all_is_refused_where_no_answer_is_right(name: str) -> None:
    message = rf"{name.strip('_')}\(\) of no operands has no answer; give it at least one number"
    with pytest.raises(ValueError, match=message):
        PUBLIC[name]()


def test_dot_refuses_operands_that_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match=r"dot\(\) got 3 operands, which cannot be paired; give as many xs as ws"):
        special.dot(1.0, 2.0, 3.0)
