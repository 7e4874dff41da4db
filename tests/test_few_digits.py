"""Numbers with few digits inside f, also where all of them are whole, and values whose noise hides the slope."""

import math
import random
import struct

import numpy as np
import pytest

from microgradx.testing import UnresolvedDerivative, WrongDerivative, check_gradient, derivative_of


def shifted(kind, offset, steep=1e5, factor=1.0):
    return lambda x: factor * float(kind(offset + steep * x * x))


def judged(f, x, coded):
    measured = derivative_of(f)(x)
    return measured.settled(coded).judged(coded).value


@pytest.mark.parametrize("offset", [1e2, 8.0e6, 8.5e6, 1.7e7, 79_748_288.0, 1e9])
def test_float32_is_measured_also_where_every_float32_is_a_whole_number(offset):
    f = shifted(np.float32, offset)
    assert judged(f, 1.3, 2.6e5) == "weak"
    assert judged(f, 1.3, 5.2e5) == "wrong"
    assert judged(f, 1.3, 0.0) == "wrong"
    assert "float32" in repr(derivative_of(f)(1.3))


@pytest.mark.parametrize("offset", [1e2, 1.5e3, 1e4])
def test_float16_is_measured_also_where_every_float16_is_a_whole_number(offset):
    f = shifted(np.float16, offset, 1e2)
    assert judged(f, 1.3, 260.0) == "weak"
    assert judged(f, 1.3, 520.0) == "wrong"
    assert judged(f, 1.3, 0.0) in ("wrong", "unresolved")


@pytest.mark.parametrize("kind", [np.float16, np.float32])
@pytest.mark.parametrize("factor", [3.0, 0.1, 8.0])
def test_multiples_of_numbers_with_few_digits_are_measured(kind, factor):
    offset, steep = (1500.0, 1e2) if kind is np.float16 else (2e7, 1e5)
    f = shifted(kind, offset, steep, factor)
    assert judged(f, 1.3, 2.6 * steep * factor) in ("weak", "agrees")
    assert judged(f, 1.3, 0.0) in ("wrong", "unresolved")


@pytest.mark.parametrize("offset", [1e15, 1e17, 1e19])
def test_float64_is_measured_also_where_every_float64_is_a_whole_number(offset):
    f = shifted(float, offset, 1.0)
    assert judged(f, 1.3, 2.6) == "weak"
    assert judged(f, 1.3, 0.0) == judged(f, 1.3, 5.2) == "wrong"


@pytest.mark.parametrize("x", [12.34, 123.4, 1234.5])
def test_whole_numbers_that_no_format_explains_are_meant(x):
    assert judged(lambda x: float(math.floor(x)), x, 0.0) in ("agrees", "weak")


def test_whole_numbers_that_may_be_meant_or_float32_are_told_as_both():
    with pytest.raises(UnresolvedDerivative, match=r"(?s)f gives multiples of 1, as float16 may.*0 is right if the steps"):
        check_gradient(shifted(np.float16, 1.5e3, 1e2), 1.3, 0.0)
    with pytest.raises(UnresolvedDerivative, match=r"(?s)f rises by steps of about 1e.00.*0 is right if the steps are meant"):
        check_gradient(lambda x: float(math.floor(1e5 * x)) + 9e6, 1.3, 0.0)


def test_a_slope_below_the_last_digit_of_float32_cannot_be_told():
    def f(x):
        return float(np.float32(1e6) + np.float32(x) * np.float32(x))

    for coded in (0.6, 0.0, 1.2):
        assert judged(f, 0.3, coded) == "unresolved"
        assert derivative_of(f)(0.3) != coded
    assert judged(f, 0.3, 1e3) == "wrong"
    with pytest.raises(
        UnresolvedDerivative, match=r"f is computed in float32, and any slope up to 1e.01 would fit: compute f with more"
    ):
        check_gradient(f, 0.3, 0.6)


def test_beside_an_input_that_matters_a_slope_hidden_by_float32_agrees_weakly():
    def f(v):
        return float(np.float32(1e6) + np.float32(v[0]) ** 2 + np.float32(1e6 * v[1]))

    assert check_gradient(f, [0.3, 1.0], [0.6, 1e6]).ok


@pytest.mark.parametrize("g", [math.sin, math.exp, math.erf, lambda x: x**3 - 2.0 * x])
@pytest.mark.parametrize("x", [0.5, 1.3, 2.0])
def test_no_gradient_agrees_with_half_of_the_bytes_of_a_number(g, x):
    def f(x):  # what a C function that returns double gives under restype = c_float
        return struct.unpack("f", struct.pack("d", g(x))[:4])[0]

    assert all(derivative_of(f)(x) != coded for coded in (0.0, 0.3, 999.0, 1e20, -1e33))
    with pytest.raises((UnresolvedDerivative, WrongDerivative)):
        check_gradient(f, x, 999.0)


def test_rows_that_float32_makes_weak_get_one_advice_with_the_rtol_that_suits_all():
    def f(v):
        return float(np.sum(np.sin(v.astype(np.float32))))

    at = np.array([0.3, 0.5, 1.4])
    said = " ".join(str(check_gradient(f, at, np.cos)).split())
    assert said.count("f is computed in float32, so relative errors below") == 1
    assert "rtol=1e-04 asks for no more than f can show" in said
    assert check_gradient(f, at, np.cos, rtol=1e-4, strict=True).count("agrees") == 3


def grains(x, size):
    """Noise that is the same whenever the same x is asked about."""
    return size * (random.Random(struct.unpack("q", struct.pack("d", x))[0]).random() - 0.5)


@pytest.mark.parametrize("size", [1e-8, 1e-6, 1e-4, 1e-3])
def test_noise_that_hides_a_slope_makes_it_uncertain_and_never_wrong(size):
    slope = 1e-3 * math.cos(0.7)
    assert judged(lambda x: 100.0 + 1e-3 * math.sin(x) + grains(x, size), 0.7, slope) in ("weak", "unresolved")
    assert judged(lambda x: math.sin(x) + grains(x, size), 0.7, math.cos(0.7)) in ("agrees", "weak")
    assert judged(lambda x: math.sin(x) + grains(x, size), 0.7, 0.0) == "wrong"
    assert judged(lambda x: 1.0 + (x - 1.0) ** 2 + grains(x, size), 1.0, 0.0) in ("agrees", "weak")


def test_a_number_that_only_noise_moves_cannot_be_told_alone_and_is_negligible_beside_another():
    def f(x, y=0.0):
        return 1.0 + y + grains(x + y, 1e-6)

    assert judged(f, 0.7, 0.0) == "unresolved"
    assert check_gradient(f, (0.7, 3.0), (0.0, 1.0)).count("wrong") == 0


def test_sixty_digits_tell_a_slope_that_the_noise_of_floats_hides():
    def f(x):
        return 1.0 + 1e-6 * x if not isinstance(x, float) else 1.0 + 1e-6 * x + grains(x, 1e-3)

    with pytest.raises(UnresolvedDerivative):
        check_gradient(f, 0.7, 1e-6, oracle="ladder")
    assert check_gradient(f, 0.7, 1e-6).count("agrees") == 1
