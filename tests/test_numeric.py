"""The measured derivative: its bound holds, its verdicts are right, and it says so when it cannot tell."""

import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import Value
from microgradx.testing import derivative_of
from microgradx.testing.differences import AROUND
from microgradx.testing.line import noise_level
from microgradx.testing.verdicts import Shape, Verdict


def relu(x):
    return max(x, 0.0)


SMOOTH = [
    (math.sin, 1.0, math.cos(1.0)),
    (math.exp, 700.0, math.exp(700.0)),
    (math.sqrt, 1e-8, 5e3),
    (math.log, 1e-7, 1e7),
    (math.log, 1e-300, 1e300),
    (lambda x: 1.0 / x, 1e-9, -1e18),
    (lambda x: math.sin(1e6 * x), 1.0, 1e6 * math.cos(1e6)),
    (math.sin, 1e9, math.cos(1e9)),
    (lambda x: math.sin(1e9 * x), 0.0, 1e9),
    (relu, 1e-9, 1.0),
    (relu, -1e-12, 0.0),
    (abs, 1e-12, 1.0),
    (math.exp, 1e-12, 1.0),
    (math.cos, 0.0, 0.0),
    (lambda x: x**4, 0.0, 0.0),
    (lambda x: abs(x) ** 1.5, 0.0, 0.0),
    (lambda x: 3.0, 1.0, 0.0),
    (lambda x: float(math.trunc(x)), 0.0, 0.0),
    (lambda x: x * x, 1e-160, 2e-160),
    (lambda y: 1e8 * 1.0 + y, 1.0, 1.0),
]


@pytest.mark.parametrize("case", range(len(SMOOTH)))
def test_the_bound_covers_the_true_derivative(case):
    f, x, true = SMOOTH[case]
    measured = derivative_of(f)(x)
    assert measured.verdict == "smooth"
    assert abs(measured.value - true) <= measured.bound + 1e-15 * abs(true)
    assert measured == true


@pytest.mark.parametrize("exponent", range(-12, 13, 2))
def test_a_flipped_sign_is_rejected_at_every_scale(exponent):
    size = 10.0**exponent
    measured = derivative_of(lambda x: size * math.sin(x))(1.0)
    assert measured == size * math.cos(1.0)
    assert measured != -size * math.cos(1.0)


@pytest.mark.parametrize("error", [1e-6, 1e-4, 1e-2, 1.0, -1.0, -2.0])
def test_a_relative_error_of_a_millionth_or_more_is_rejected(error):
    for f, x, true in SMOOTH:
        measured = derivative_of(f)(x)
        if true and not measured.weak(true):
            assert measured != true * (1.0 + error), (x, true)


@pytest.mark.parametrize(
    ("f", "x", "verdict", "left", "right"),
    [
        (relu, 0.0, "kink", 0.0, 1.0),
        (abs, 0.0, "kink", -1.0, 1.0),
        (lambda x: max(x, 1.0), 1.0, "kink", 0.0, 1.0),
        (lambda x: min(x, 1.0), 1.0, "kink", 1.0, 0.0),
        (lambda x: max(0.0, 1.0 - x), 1.0, "kink", -1.0, 0.0),
        (lambda x: x if x > 0 else 0.01 * x, 0.0, "kink", 0.01, 1.0),
        (lambda x: 2.0 * math.expm1(x) if x < 0 else x, 0.0, "kink", 2.0, 1.0),
        (lambda x: min(max(x, -1.0), 1.0), -1.0, "kink", 0.0, 1.0),
        (lambda x: math.hypot(x, 0.0), 0.0, "kink", -1.0, 1.0),
        (lambda x: math.exp(x) + 1e-3 * max(x - 1.0, 0.0), 1.0, "kink", math.e, math.e + 1e-3),
        (lambda x: float(math.floor(x)), 2.0, "jump", 0.0, 0.0),
        (lambda x: float(x > 0) - float(x < 0), 0.0, "jump", 0.0, 0.0),
    ],
)
def test_a_kink_has_two_slopes_and_everything_between_them_is_accepted(f, x, verdict, left, right):
    measured = derivative_of(f)(x)
    assert (measured.verdict, measured.left, measured.right) == (verdict, pytest.approx(left, abs=1e-6), pytest.approx(right))
    assert measured == 0.5 * (left + right)
    assert measured != max(left, right) + 0.1


@pytest.mark.parametrize(
    ("f", "x", "slope"), [(math.sqrt, 0.0, math.inf), (math.cbrt, 0.0, math.inf), (math.acos, 1.0, -math.inf)]
)
def test_a_vertical_tangent_is_an_infinite_derivative(f, x, slope):
    measured = derivative_of(f)(x)
    assert measured.verdict == "vertical"
    assert measured == slope
    assert measured != 1e300


def test_at_the_edge_of_a_declared_domain_only_the_inside_is_evaluated():
    points = []

    def f(x):
        points.append(x)
        return x * x

    measured = derivative_of(f, domain=(1.0, 2.0))(1.0)
    assert measured.verdict == "one-sided"
    assert measured == 2.0
    assert all(1.0 <= x <= 2.0 for x in points)


def test_at_an_edge_that_raises_the_other_side_is_used():
    measured = derivative_of(lambda x: math.exp(math.sqrt(x) ** 2))(0.0)
    assert measured.verdict == "one-sided"
    assert measured == 1.0
    assert measured != 1.0 + 1e-6


@pytest.mark.parametrize(
    ("f", "x", "why"),
    [
        (math.log, -1.0, "f raises ValueError ("),
        (lambda x: 1 / (x - x), 1.0, "f raises ZeroDivisionError"),
        (lambda x: math.nan, 1.0, "not a finite number"),
        (lambda x: (-1.0) ** x, 0.5, "not a finite number"),
        (lambda x: float(hash(x) % 1000), 0.3, "jumps about"),
        (lambda x: 1.0 if x == 2.0 else math.nan, 2.0, "too few points"),
    ],
)
def test_what_cannot_be_measured_is_unresolved_and_equals_nothing(f, x, why):
    measured = derivative_of(f)(x)
    assert measured.verdict == "unresolved"
    assert why in repr(measured)
    assert measured != measured.value
    assert measured != 0.0


def test_noise_that_hides_a_millionth_makes_agreement_weak():
    measured = derivative_of(lambda x: 1e12 + math.sin(x))(1.0)
    assert measured == math.cos(1.0)
    assert measured.weak(math.cos(1.0))
    assert measured != 2.0 * math.cos(1.0)


def test_an_error_that_is_no_edge_of_the_domain_is_passed_on():
    with pytest.raises(KeyError):
        derivative_of(lambda x: {}[x])(1.0)


def test_twenty_evaluations_are_enough_for_an_ordinary_function():
    counts = [derivative_of(f)(x).evaluations for f in (math.sin, math.exp, math.tanh, math.atan) for x in (0.3, 1.7, -2.2)]
    assert sorted(counts)[len(counts) // 2] <= 20


def test_a_measured_derivative_compares_with_numbers_only():
    measured = derivative_of(math.sin)(0.5)
    assert measured != "0.87"
    assert math.cos(0.5) == measured
    assert math.nan != measured
    with pytest.raises(TypeError, match="unhashable"):
        hash(measured)


def test_rtol_is_the_error_that_is_caught():
    loose, tight = derivative_of(math.sin, rtol=1e-2)(1.0), derivative_of(math.sin, rtol=1e-9)(1.0)
    assert loose == math.cos(1.0) * 1.005
    assert loose != math.cos(1.0) * 1.01
    assert tight != math.cos(1.0) * (1.0 + 1e-9)


def test_sharper_oracles_leave_a_bound_of_rounding_only():
    def f(x):
        return x**3 / (1 + x)

    true = (3 * 1.3**2 * 2.3 - 1.3**3) / 2.3**2
    for oracle in ("exact", "complex"):
        measured = derivative_of(f, oracle=oracle, rtol=1e-12)(1.3)
        assert (measured.oracle, measured == true) == (oracle, True)
        assert measured != true * (1.0 + 2e-12)
        assert measured.bound < 1e-13
    with pytest.raises(ValueError, match="takes complex numbers"):
        derivative_of(math.sin, oracle="complex")(1.0)
    with pytest.raises(ValueError, match="computes with floats"):
        derivative_of(math.sin, oracle="exact")(1.0)
    with pytest.raises(ValueError, match="none of"):
        derivative_of(math.sin, oracle="mp")


def test_a_function_that_returns_a_value_of_the_engine_is_measured_too():
    assert derivative_of(lambda x: Value(x) ** 2)(3.0) == 6.0
    with pytest.raises(TypeError, match="2 outputs"):
        derivative_of(lambda x: [x, x])(1.0)


def test_the_checks_load_neither_numpy_nor_mpmath():
    code = "import microgradx.testing, sys; print({'numpy', 'mpmath', 'hypothesis', 'pytest'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


@pytest.mark.parametrize("noise", [1e-10, 1e-6])
def test_the_noise_level_is_found_whatever_the_smooth_part(noise):
    jitter = [0.3, -0.9, 0.5, 0.8, -0.2, -0.7]
    values = [1.0 + 0.5 * k + 0.01 * k * k + noise * j for k, j in zip(AROUND, jitter, strict=True)]
    assert 0.3 * noise < noise_level(values, AROUND) < 10.0 * noise


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), st.floats(-3.0, 3.0)
)
def test_the_derivative_of_any_cubic_is_covered(a, b, c, x):
    measured = derivative_of(lambda t: a * t**3 + b * t**2 + c * t)(x)
    true = 3.0 * a * x * x + 2.0 * b * x + c
    rounding = 1e-15 * (abs(3.0 * a * x * x) + abs(2.0 * b * x) + abs(c))
    assert abs(measured.value - true) <= measured.bound + rounding


def test_a_jump_at_the_edge_of_the_domain_has_no_slopes_to_choose_between():
    measured = derivative_of(lambda x: math.sqrt(x - 1.0) * 0.0 + (x > 1.0))(1.0)
    assert measured.verdict == "unresolved"
    assert measured.note == "f has a jump here, and ends beside it"


def test_a_verdict_is_its_text_and_knows_its_rank_its_words_and_whether_it_fails():
    assert [str(verdict) for verdict in Verdict] == ["wrong", "unresolved", "weak", "kink", "agrees"]
    assert sorted([Verdict.AGREES, Verdict.WRONG, Verdict.WEAK], key=lambda v: v.rank)[0] == "wrong"
    assert [v.value for v in Verdict if v.fails] == ["wrong", "unresolved"]
    assert [v.value for v in Verdict if v.doubts and not v.fails] == ["weak"]
    assert {s.value for s in Shape if s.has_slope or s.bent} == {"smooth", "one-sided", "kink", "jump"}


def test_a_measured_slope_judges_a_coded_one_by_one_rule():
    smooth, bent = derivative_of(math.sin)(1.0), derivative_of(abs)(0.0)
    assert (smooth.judged(math.cos(1.0)), smooth.judged(1.0), bent.judged(0.3)) == (Verdict.AGREES, Verdict.WRONG, Verdict.KINK)
    assert derivative_of(math.log)(-1.0).judged(-1.0) is Verdict.UNRESOLVED
    assert derivative_of(lambda x: 1e12 + math.sin(x))(1.0).judged(math.cos(1.0)) is Verdict.WEAK
