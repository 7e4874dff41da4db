"""Functions that math, numpy and xad have: by their names, on Values, arrays and in compiled code."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import microgradx as mx
from microgradx import Value, gradient
from microgradx.testing import check_gradient


@pytest.mark.parametrize(
    ("ours", "theirs", "at"),
    [
        (mx.degrees, math.degrees, (0.7,)),
        (mx.radians, math.radians, (40.0,)),
        (mx.copysign, math.copysign, (2.0, -0.0)),
        (mx.fmod, math.fmod, (-7.5, 2.0)),
        (mx.ieee_remainder, math.remainder, (5.5, 2.0)),
        (mx.gamma, math.gamma, (4.5,)),
        (mx.log, math.log, (9.0, 3.0)),
        (mx.hypot, math.hypot, (1.0, 2.0, 2.0)),
        (mx.sinc, np.sinc, (0.3,)),
        (mx.remainder, lambda a, b: a % b, (5.5, 2.0)),
    ],
)
def test_functions_mean_what_math_and_numpy_mean_by_them(
    ours: Callable[..., float], theirs: Callable[..., float], at: tuple[float, ...]
) -> None:
    assert ours(*at) == pytest.approx(theirs(*at), rel=1e-15)
    assert ours(*map(Value, at)).data == ours(*at)  # type: ignore[attr-defined]  # an operation on Values


def test_log_and_hypot_take_further_operands() -> None:
    x, base = Value(8.0), Value(2.0)
    out = mx.log(x, base)
    assert (out.data, out.op) == (3.0, mx.log_base)
    assert mx.log(8.0, base=2.0) == 3.0
    a = [Value(x) for x in (2.0, 3.0, 6.0)]
    assert gradient(mx.hypot(*a), a) == [2 / 7, 3 / 7, 6 / 7]


def test_a_norm_neither_overflows_nor_vanishes() -> None:
    for size in (1e200, 1e-200):
        a = [Value(3.0 * size), Value(4.0 * size)]
        assert mx.norm(a).data == pytest.approx(5.0 * size, rel=1e-15)
        assert gradient(mx.norm(a), a) == pytest.approx([0.6, 0.8], rel=1e-15)
    origin = [Value(0.0), Value(0.0)]
    assert gradient(mx.norm(origin), origin) == [0.0, 0.0]
    assert mx.dist([1.0, 5.0], [4.0, 1.0]) == 5.0


def test_numpys_statistics_of_values_are_those_of_numbers_and_keep_their_graph() -> None:
    numbers = np.array([[3.0, 1.0], [4.0, 1.5]])
    values = np.array([[Value(x) for x in row] for row in numbers])
    for function in (np.std, np.var, lambda a: np.std(a, axis=0)[1], lambda a: np.linalg.norm(a, axis=1)[0]):
        found = function(values)
        assert found.data == pytest.approx(function(numbers), rel=1e-15)
        assert any(gradient(found, list(values.flat)))
    assert np.vdot(values[0], values[1]).data == 13.5


def test_var_and_std_are_those_of_numpy_and_right_for_equal_numbers() -> None:
    xs = [Value(x) for x in (1.0, 4.0, 2.5)]
    assert mx.var(xs).data == pytest.approx(np.var([1.0, 4.0, 2.5]), rel=1e-15)
    assert mx.std(xs).data == pytest.approx(np.std([1.0, 4.0, 2.5]), rel=1e-15)
    same = [Value(2.0), Value(2.0)]
    assert gradient(mx.std(same), same) == [0.0, 0.0]
    assert check_gradient(lambda a, b, c: mx.std(a, b, c) * mx.var(a, b, c), (1.0, 4.0, 2.5)).ok


def test_predicates_are_numbers_that_may_decide_a_branch() -> None:
    assert [mx.isnan(x) for x in (math.nan, 1.0)] == [1.0, 0.0]
    assert [mx.isinf(x) for x in (-math.inf, math.nan)] == [1.0, 0.0]
    assert [mx.isfinite(x) for x in (1e308, math.inf, math.nan)] == [1.0, 0.0, 0.0]
    f = mx.compile(lambda x: x * 2.0 if mx.isfinite(x) else x * 0.0 + 1.0)
    assert [f(x) for x in (3.0, 4.0)] == [6.0, 8.0]
    assert np.isnan(Value(math.nan)).data == 1.0


def test_what_numpy_knows_of_floats_only_is_asked_of_ours_for_arrays_of_values() -> None:
    a = np.array([Value(1.0), Value(math.nan)])
    for function in (np.isnan, lambda a: np.logaddexp(a, a)):
        with pytest.raises(TypeError, match="not supported for the input types"):
            function(a)
    assert [x.data for x in mx.isnan(a)] == [0.0, 1.0]
    assert mx.logaddexp(a, a)[0].data == pytest.approx(1.0 + math.log(2.0), rel=1e-15)


def test_whole_division_and_rest_come_as_a_pair() -> None:
    x = Value(7.5)
    quotient, rest = divmod(x, 2.0)
    assert (quotient.data, rest.data) == (3.0, 1.5)
    assert gradient(rest, [x]) == [1.0]
    assert [part.data for part in divmod(7.5, Value(2.0))] == [3.0, 1.5]


def test_the_log_of_a_tiny_chance_has_a_value_and_a_slope() -> None:
    x = Value(-40.0)
    y = mx.log_normal_cdf(x)
    assert (y.data, gradient(y, [x])[0]) == pytest.approx((-804.6084420137538, 40.02496884720727), rel=1e-15)
    assert mx.xlogy(0.0, 0.0) == 0.0


def test_an_array_of_several_axes_is_reduced_along_the_one_that_is_named() -> None:
    table = np.array([[1.0, 2.0], [3.0, 5.0]])
    values = np.array([[Value(x) for x in row] for row in table])
    assert mx.mean(table, axis=0).tolist() == [2.0, 3.5]
    assert [x.data for x in mx.mean(values, axis=1)] == [1.5, 4.0]
    assert mx.mean(table, axis=None) == 2.75
    assert mx.max(values, axis=None).data == 5.0
    assert mx.softmax(table, axis=1).sum(axis=1).tolist() == pytest.approx([1.0, 1.0])
    shares = mx.softmax(values, axis=0)
    assert [x.data for x in shares[:, 0]] == mx.softmax([1.0, 3.0])
    assert gradient(shares[0, 0], [values[0, 1]]) == [0.0]
    assert mx.log_softmax(table, axis=-1)[0].tolist() == mx.log_softmax([1.0, 2.0])


@pytest.mark.parametrize("reduce", [mx.sum, mx.mean, mx.max, mx.prod, mx.norm, mx.logsumexp, mx.softmax, mx.log_softmax])
def test_an_array_of_several_axes_is_not_reduced_along_one_that_nobody_named(reduce: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match=r"an array of shape \(2, 2\) has several axes: write axis=0 or another one"):
        reduce(np.ones((2, 2)))


def test_dot_takes_two_rows() -> None:
    with pytest.raises(TypeError, match=r"dot takes two rows of numbers, got an array of shape \(2, 2\), an array of shape"):
        mx.dot(np.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(TypeError, match=r"dot takes two rows of numbers, got 1.0, 2.0, 3.0: write dot\(\[a, b\], \[c, d\]\)"):
        mx.dot(1.0, 2.0, 3.0)  # type: ignore[call-overload]


def test_a_function_of_another_library_is_pointed_to_ours() -> None:
    special = pytest.importorskip("scipy.special")
    with pytest.raises(TypeError, match=r"erfc is not an operation on Values: write microgradx.erfc\(x\)"):
        special.erfc(Value(0.5))
