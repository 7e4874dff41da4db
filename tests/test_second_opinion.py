"""Where a climb of steps would err, a second method is asked: few digits, cancelling formulas, joins, minima."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

import microgradx as mx
from microgradx.testing import UnresolvedDerivative, WrongDerivative, check_gradient, check_op, derivative_of
from microgradx.testing.numeric import Numeric
from microgradx.testing.stairs import narrow_format, staircase
from microgradx.testing.verdicts import Verdict

spec = importlib.util.spec_from_file_location("derivative_cases", Path(__file__).parent / "benchmarks" / "derivative_cases.py")
cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases)

CLASSES = {
    "cancelling": list(cases.judged(cases.cancelling(12))),
    "float32": list(cases.low_precision(5)),
    "float16": list(cases.low_precision(5, np.float16)),
    "joins": list(cases.joins(4)),
    "minima": list(cases.minima(4)),
}


def verdict(numeric: Numeric, coded: float) -> Verdict:
    return numeric.settled(coded).judged(coded)


@pytest.mark.parametrize("name", CLASSES)
def test_at_most_one_right_derivative_in_a_hundred_is_refused(name):
    refused = [(x, true) for f, x, true in CLASSES[name] if verdict(derivative_of(f)(x), true).fails]
    assert len(refused) <= 0.01 * len(CLASSES[name]), refused


@pytest.mark.parametrize("name", CLASSES)
def test_no_wrong_derivative_passes_without_a_word(name):
    for f, x, true in CLASSES[name]:
        measured = derivative_of(f)(x)
        wrong = [2.0 * true, -true, 1.0001 * true, 0.0, math.inf, -math.inf] if true else [1e-3, -1e-3, 1.0, math.inf]
        for coded in wrong:
            assert verdict(measured, coded) not in ("agrees", "kink"), (x, true, coded, measured)


def test_single_precision_inside_f_is_seen_and_said():
    def f(v):
        return float(np.sum(v.astype(np.float32) ** 2))

    at = np.array([1.0, 2.0])
    report = check_gradient(f, at, lambda v: 2.0 * v)
    assert [row.verdict for row in report.rows] == ["weak", "weak"]
    assert "f is computed in float32" in str(report)
    with pytest.raises(WrongDerivative):
        check_gradient(f, at, np.zeros(2))
    measured = derivative_of(lambda x: float(np.sin(np.float32(x))))(0.3)
    assert abs(measured.value - math.cos(0.3)) <= measured.bound < 1e-4
    assert measured == math.cos(0.3)
    assert measured != 0.0
    assert "f is computed in float32" in repr(measured)


def test_printed_digits_and_a_solver_that_stops_early_are_stairs_too():
    def root(a):
        low, high = 0.0, 4.0
        while high - low > 1e-5:
            low, high = ((low + high) / 2, high) if ((low + high) / 2) ** 2 < a else (low, (low + high) / 2)
        return low

    for f, x, true in ((lambda x: float(f"{math.exp(x):.5f}"), 0.7, math.exp(0.7)), (root, 2.3, 0.5 / math.sqrt(2.3))):
        measured = derivative_of(f)(x)
        assert measured == true
        assert measured != 2.0 * true
        assert measured != 0.0
        assert "f rises by steps of about" in repr(measured)


def test_coarse_steps_may_be_meant_so_zero_is_left_undecided_with_both_readings():
    with pytest.raises(UnresolvedDerivative, match="0 is right if the steps are meant"):
        check_gradient(lambda x: float(f"{math.exp(x):.3f}"), 0.7, 0.0)
    for f in (lambda x: float(math.floor(x)), np.trunc, lambda x: round(x, 1), lambda x: float(int(10 * x))):
        assert derivative_of(f)(12.34) == 0.0
    assert check_gradient(lambda x: x.round(2), 30.001).ok


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda x: math.log(1 + x * x), 0.0027066520700332413, lambda x: 2 * x / (1 + x * x)),
        (lambda x: math.log(1 + x * x), 1e-3, lambda x: 2 * x / (1 + x * x)),
        (lambda x: (1 + x) ** 2 - 1, 0.0002473964100886814, lambda x: 2 * (1 + x)),
        (lambda x: 1 - math.cos(x), 0.0027, math.sin),
        (lambda x: math.sqrt(1 + x * x) - 1, 1e-3, lambda x: x / math.sqrt(1 + x * x)),
        (lambda x: math.exp(x) - 1 - x, 1e-4, math.expm1),
        (lambda x: x - math.tanh(x), 1e-4, lambda x: math.tanh(x) ** 2),
        (lambda x: x - math.tanh(x), 1e-3, lambda x: math.tanh(x) ** 2),
    ],
)
def test_numbers_inside_f_that_are_larger_than_f_do_not_make_the_right_slope_wrong(f, x, slope):
    assert check_gradient(f, x, slope).ok
    for coded in (0.0, 2.0 * slope(x), 1.0 if slope(x) < 0.9 else 0.5):
        with pytest.raises((WrongDerivative, UnresolvedDerivative)):
            check_gradient(f, x, coded, strict=True)


@pytest.mark.parametrize("domain", [(1e-3, 1e-2), (1e-5, 1e-4)])
def test_an_operation_that_cancels_keeps_its_contract(domain):
    op = mx.primitive("log_one_plus_square", "l({})", lambda a: math.log(1 + a * a), lambda a, out: 2.0 * a / (1.0 + a * a))
    try:
        assert all(check_op(op, domain, seed=seed).ok for seed in range(3))
    finally:
        del mx.OPS["log_one_plus_square"]


def test_a_join_with_another_second_derivative_has_one_slope():
    measured = derivative_of(lambda x: 0.5 * x * x if abs(x) < 1 else abs(x) - 0.5)(1.0)
    assert abs(measured.value - 1.0) <= measured.bound < 1e-9
    kinked = derivative_of(lambda x: 0.5 * min(x, 1.0) ** 2 + 2.0 * max(x - 1.0, 0.0) ** 2 + 2.0 * max(x, 1.0))(1.0)
    assert (kinked.verdict, kinked.left, kinked.right) == ("kink", pytest.approx(1.0), pytest.approx(2.0))


def test_a_kink_is_seen_though_rounding_inside_f_flattens_it_at_the_smallest_steps():
    measured = derivative_of(lambda t: abs((2.0 + t) - (2.0 - t)))(0.0)
    assert (measured.verdict, measured.left, measured.right) == ("kink", -2.0, 2.0)


def test_a_wiggle_narrower_than_the_windows_is_measured_in_narrower_ones():
    x = 2.7997304147543938
    measured = derivative_of(lambda x: math.atan(math.sin(math.sinh(x**3))))(x)
    inner = math.sinh(x**3)
    assert measured == math.cos(inner) / (1.0 + math.sin(inner) ** 2) * math.cosh(x**3) * 3.0 * x * x


def test_one_side_that_is_flat_farther_out_says_nothing_of_the_point():
    measured = derivative_of(lambda x: math.erf(math.exp(math.expm1(x) * x) - x))(1.0483327152257864)
    assert measured == 2.0386364096153316e-14


def test_slopes_too_small_to_change_the_last_digit_of_f_agree_weakly():
    def f(x):
        return 1.0 / (1.0 + math.exp(math.sin((0.52 + x) - x)))

    report = check_gradient(f, 2.311797339558142, 0.0)
    assert report.ok
    with pytest.raises(WrongDerivative):
        check_gradient(f, 2.311797339558142, 1e-9)


def test_random_composites_are_never_refused_and_their_doubles_never_pass_without_a_word():
    for f, x, true in cases.judged(cases.randomly(400, seed=11), faithful=True):
        measured = derivative_of(f)(x)
        assert not verdict(measured, true).fails
        assert not true or verdict(measured, 2.0 * true) not in ("agrees", "kink")


HARD = [
    # saturated on one side and bent on the other: flat values say nothing about a slope that dies away there
    ("m.asinh(1/(1+m.exp(-(m.erf((((-2.31)*(x))/(m.log(x)))/((m.cos(x) + (x)*(x))))))))", 0.7833105921898547),
    ("m.erf(m.exp(m.cosh((-(x))**3)))", -1.0506024790466575),
    ("m.sinh(m.asinh(m.tanh(1/(1+m.exp(-(m.erf(m.sinh(x))))))))", 2.432894883028167),
    # flat here and flat far out, with a dip between
    ("1/(1+m.exp(-(((x*x)**3 - 1.79 - m.log1p((x + x)**2))*(m.exp(2.13) - x)*m.log(x*x - m.atan(x)))))", 0.9491157774382679),
    # numbers inside f grow with the step, and so does their rounding
    ("(x + (m.sinh((-((x + 0.06)) + x)) - x))", 2.77662386529601),
    ("-(m.log1p((x - (m.exp(m.asinh(-2.4)) + x))))", -2.99200326492392),
    ("x-m.atan(x)", 1.1857687481671597e-07),
    # nothing but rounding of numbers inside f
    ("-((m.sinh((1/(1/(x)) - x)))*(1/(1+m.exp(-(x)))))", 2.8841372541041554),
    ("(((m.tanh((-2.99)**3))**3)/(m.erf(m.exp((m.sqrt(1.08) + m.erf(x))))))**2", 0.7697547839381933),
    # wiggles that look like noise to wide windows and have none between neighbouring floats
    ("m.sin(m.expm1(m.expm1(x)**2)) + 60.0*x", 1.50398071161095),
    # poles all around
    ("m.erf(m.log1p(3.0*x - m.exp(-2.13) + x/0.51) + m.expm1(x*x/m.cos(m.sinh(x))))", 2.6900830713407116),
    # a wiggle faster than the narrowest window, as high as f
    ("x*m.atan(x - m.cosh(m.asinh(x)))/m.cos(m.expm1(-x*(1+m.exp(1.57)))*(m.sin(m.erf(x)) - x))", -2.275241268547047),
]


@pytest.mark.parametrize("case", HARD)
def test_right_slopes_near_the_noise_are_not_refused_and_others_are(case):
    ((f, x, true),) = cases.judged([case])
    measured = derivative_of(f)(x)
    assert not verdict(measured, true).fails
    assert verdict(measured, true + 30.0 * max(measured.settled(true).bound, measured.settled(true).doubt)).fails


@pytest.mark.parametrize(("f", "x"), [(lambda x: x**5, 0.0), (math.cosh, 0.0), (lambda x: (x - 0.17) ** 4 + 2.0, 0.17)])
def test_a_slope_of_zero_is_judged_by_the_slopes_around(f, x):
    assert verdict(derivative_of(f)(x), 0.0) == "agrees"


def test_a_slope_above_the_noise_is_never_hidden_by_zero_without_a_word():
    (known,) = cases.judged([("(1/(m.atan((m.tanh((x)**3))*(m.expm1(m.exp(1.79))))))/(-2.82)", -2.4853777042682674)])
    f, x, true = known
    measured = derivative_of(f)(x)
    assert abs(true) > 20.0 * math.ulp(f(x)) / abs(x)
    assert [verdict(measured, coded) for coded in (true, 0.0, -true)] == ["weak", "weak", "wrong"]


def test_cases_whose_slope_is_another_one_at_the_next_float_are_no_judges():
    saturated, wiggly = ("m.tanh(x**3)", 2.4), ("m.tanh(m.sin(m.cosh(x**6)) - 21.5)", 2.6857621089089143)
    assert [len(list(cases.judged([case], faithful=True))) for case in (saturated, wiggly)] == [1, 0]


def test_a_gradient_that_cancels_to_zero_is_right_though_f_leans_by_rounding():
    a = np.array([0.1, 0.2, 0.3])
    assert check_gradient(lambda p: float(np.sum((a * p - a * 0.7) ** 2)), 0.7, lambda p: 2 * np.sum(a * (a * p - a * 0.7))).ok
    with pytest.raises(WrongDerivative):
        check_gradient(lambda p: float(np.sum((a * p - a * 0.7) ** 2)), 0.7, 1e-6)


@pytest.mark.parametrize("coded", [math.inf, -math.inf, math.nan])
def test_a_gradient_that_is_not_finite_is_wrong_where_the_slope_is(coded):
    op = mx.primitive("overflowing", "o({})", lambda a: a * a, lambda a, out: coded)
    try:
        for check in (
            lambda: check_gradient(op, 3.0, strict=True),
            lambda: check_gradient(lambda v: sum(map(op, v)), [1.0 + 0.1 * k for k in range(80)]),
            lambda: check_gradient(lambda x: x * x, 3.0, coded),
            lambda: check_op(op),
        ):
            with pytest.raises(WrongDerivative):
                check()
    finally:
        del mx.OPS["overflowing"]


def test_an_infinite_gradient_agrees_where_the_slope_grows_without_bound_with_that_sign():
    assert check_gradient(lambda x: x.sqrt(), 0.0).rows[0].coded == math.inf
    assert check_gradient(math.cbrt, 0.0, math.inf).ok
    assert check_gradient(math.acos, 1.0, -math.inf).ok
    for f, x, coded in ((math.sqrt, 0.0, -math.inf), (math.acos, 1.0, math.inf), (abs, 0.0, math.inf)):
        with pytest.raises(WrongDerivative):
            check_gradient(f, x, coded)


def test_idle_inputs_among_many_are_looked_at_twice():
    at = np.linspace(0.5, 1.5, 90)

    def narrow(v):
        return float(np.sum(np.sin(v.astype(np.float32)[:80])))

    slopes = np.where(np.arange(90) < 80, np.cos(at), 0.0)
    assert check_gradient(narrow, at, slopes).count("wrong") == 0
    with pytest.raises(WrongDerivative):
        check_gradient(narrow, at, 0.0 * slopes)
    with pytest.raises(WrongDerivative):
        check_gradient(narrow, at, 2.0 * slopes)


def test_sixty_digits_refuse_an_f_that_turns_a_number_into_a_float():
    with pytest.raises(ValueError, match="is turned into a float"):
        derivative_of(lambda x: x - math.tanh(x), oracle="exact")(1e-3)
    with pytest.raises(WrongDerivative):
        check_gradient(lambda x: x - math.tanh(x), 1e-3, lambda x: 1.0)


def test_a_staircase_has_treads_and_a_narrow_format_few_digits():
    assert staircase([1.0] * 9) == 0.0
    assert staircase([0.0, 0.0, 0.5, 0.5, 1.0, 1.0, 1.5, 1.5]) == 0.5
    assert staircase([0.1 * k * k for k in range(9)]) == 0.0
    assert narrow_format([0.5, None], 5e-4) == "float16"
    assert narrow_format([1e-3 / 3], 1e-10) == narrow_format([1e300], 1e280) == narrow_format([0.5], 0.25) == ""


def test_a_right_slope_of_an_ordinary_function_costs_no_second_measurement():
    for f, x, true in cases.judged(cases.ordinary()):
        measured = derivative_of(f)(x)
        assert measured.settled(true) is measured or true == 0.0
