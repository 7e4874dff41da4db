"""What wrong gradients have in common is said once, for all rows."""

import math
import re

import numpy as np
import pytest

from microgradx.testing import WrongDerivative, check_gradient

V = np.array([0.4, -1.3, 2.2])
M = np.array([[1.0, 2.0], [3.0, 5.0]])
W = np.array([[0.3, -1.2, 0.7], [2.0, 0.4, 1.1]])


def loss(v):
    return float(np.sum(np.sin(v) * np.array([1.0, 2.0, 3.0])))


def slope(v):
    return np.cos(v) * np.array([1.0, 2.0, 3.0])


def text(f, at, grad, **options):
    with pytest.raises(WrongDerivative) as caught:
        check_gradient(f, at, grad, **options)
    return " ".join(str(caught.value).split())


@pytest.mark.parametrize(
    ("f", "at", "grad", "said"),
    [
        (loss, V, lambda v: slope(v) / 3, "1/3 of the measured one, and there are 3 inputs: a sum is taken for a mean"),
        (loss, V, lambda v: 5.0 * slope(v), "5 times the measured one: a constant factor is lost or too many"),
        (loss, V, lambda v: 0.37 * slope(v), "0.37 times the measured one"),
        (loss, V, lambda v: -7.0 * slope(v), "-7 times the measured one"),
        (math.sin, 0.4, lambda x: 7.0 * math.cos(x), "7 times the measured one"),
        (loss, V, lambda v: slope(v) + 0.02 * v, "0.02 times the input everywhere: a regulariser (0.02/2 times"),
        (loss, V, lambda v: slope(v) - 0.02 * v, "in f but not in the gradient"),
        (loss, V, lambda v: slope(v) + 0.1 * np.sign(v), "0.1 times the sign of the input"),
        (loss, V, lambda v: slope(v) + 0.25, "0.25 everywhere: a term that grows with the sum"),
        (loss, V, lambda v: slope(v) * v, "times its input: it is the derivative by the logarithm"),
        (loss, V, lambda v: slope(v) / v, "divided by its input"),
        (lambda y: math.fmod(-7.3, y), 2.0, lambda y: -math.floor(-7.3 / y), "off by a whole number: floor and trunc"),
        (lambda v: M @ v, V[:2], lambda v: M.T, "those of the transpose"),
        (lambda w: float(np.sum(w * M)), M, lambda w: M.T, "those of the transpose"),
        (lambda v: W @ v, V, lambda v: 2.0 * W, "2 times the measured one, and there are 2 outputs"),
        (lambda v: W @ v, V, lambda v: np.array([[3.0], [0.2]]) * W, "off by a factor of its own: an upstream gradient"),
        (lambda v: W @ v, V, lambda v: W.ravel(order="F").reshape(W.shape), "column by column in memory where row by row is"),
        (lambda v: W @ v, V, lambda v: W.ravel().reshape(W.shape, order="F"), 'read it with reshape(..., order="F")'),
        (lambda w: float(np.sum(w * W)), W, lambda w: W.ravel(order="F").reshape(W.shape), "row by row is meant"),
        (lambda p: loss(p["w"]) * p["b"], {"w": V, "b": 2.0}, {"w": 0 * V, "b": loss(V)}, 'every gradient of p["w"] is 0'),
        (lambda x: math.sin(2.0 * math.pi * x), 0.3, lambda x: math.cos(2.0 * math.pi * x), "turns and radians"),
    ],
)
def test_a_slip_that_all_rows_share_is_named(f, at, grad, said):
    assert said in text(f, at, grad)


def test_a_symmetric_matrix_of_which_one_half_is_read_is_told():
    def logdet(S):
        return 2.0 * float(np.sum(np.log(np.diag(np.linalg.cholesky(S)))))

    S = np.array([[2.0, 0.3], [0.3, 1.0]])
    assert 'let them move together with symmetric="..."' in text(logdet, S, np.linalg.inv)


def test_rows_that_have_nothing_in_common_get_no_common_hint():
    said = text(loss, V, lambda v: slope(v) + np.array([0.137, -0.291, 0.533]))
    assert "this matches no common mistake" in said
    assert "everywhere" not in said


def test_a_jump_with_one_slope_on_both_sides_says_which():
    assert "with the slope 0 on both sides" in text(math.floor, 2.0, 1.0)


def rosen(v):
    return float(100.0 * (v[1] - v[0] ** 2) ** 2 + (1.0 - v[0]) ** 2)


def rosen_slope(v):
    return np.array([-400.0 * v[0] * (v[1] - v[0] ** 2) - 2.0 * (1.0 - v[0]), 200.0 * (v[1] - v[0] ** 2)])


def rosen_hess(v, first=1200.0):
    return np.array([[first * v[0] ** 2 - 400.0 * v[1] + 2.0, -400.0 * v[0]], [-400.0 * v[0], 200.0]])


def rosen_hess_wrong(v):
    return rosen_hess(v, 400.0)


def test_a_wrong_hessian_is_said_of_its_own_function():
    at = np.array([1.2, 1.0])
    said = text(rosen, at, rosen_slope, hess=rosen_hess_wrong)
    assert "rosen_hess_wrong says" in said
    assert "rosen_slope" not in said.partition("to see it again")[0]
    both = text(rosen, at, lambda v: 1.5 * rosen_slope(v), hess=rosen_hess_wrong)
    assert "rosen_hess_wrong and <lambda> say" in both


def test_a_factor_between_round_numbers_is_no_matter_of_floor_and_trunc():
    said = text(rosen_slope, np.array([1.2, 1.0]), rosen_hess_wrong)
    assert "floor and trunc" not in said
    assert "term of the size of the difference, 1152, or for one of half that size" in said
    assert "1/3 of the measured one" in text(lambda x: 400.0 * x**3, 1.2, lambda x: 400.0 * x**2)


def test_second_derivatives_that_need_no_row_are_said_to_be_right():
    at = np.array([1.2, 1.0])
    assert "slopes of the gradient are symmetric" in str(check_gradient(rosen, at, rosen_slope, order=2))
    assert "of one input there is no mixed derivative" in str(check_gradient(math.sin, 0.3, math.cos, order=2))


@pytest.mark.parametrize(
    ("at", "grad", "options", "said"),
    [
        (V, lambda v: slope(v)[:2], {}, "<lambda> gave 2 numbers for 3 inputs: give one for each"),
        (V, lambda v: [*slope(v), 1.0], {}, "<lambda> gave 4 numbers for 3 inputs: give one for each"),
        ([0.4, -1.3, 2.2], lambda v: [1.0, 2.0], {}, "<lambda> gave 2 numbers for 3 inputs: v[2] has none: give one"),
        ([0.4, math.nan, 2.2], lambda v: v, {}, "at holds nan: v[1]: write numbers"),
        (V, slope, {"hess": [1.0, 2.0, 3.0]}, "hess gave 3 number(s), but a Hessian by 3 inputs has 3 x 3 entries"),
    ],
)
def test_a_wrong_count_is_said_in_a_plain_sentence(at, grad, options, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        check_gradient(loss, at, grad, **options)
    assert "transposed" not in str(caught.value)


def test_a_gradient_that_adds_to_what_it_gave_before_is_told_with_its_numbers():
    kept = np.zeros(3)

    def adding(v):
        kept[:] += slope(v)
        return kept

    assert "called twice at the same point: for v[0] 0.921061, then 1.84212, twice the first: it adds" in text(loss, V, adding)


def weighted(w, X, y):
    return float(((X @ w - y) ** 2).sum())


THREE = (np.array([0.1, 0.2]), np.arange(6.0).reshape(3, 2), np.ones(3))


@pytest.mark.parametrize(
    ("grad", "said"),
    [
        (lambda w, X, y: 2.0 * X.T @ (X @ w - y), '2 numbers for 11 inputs: X[0, 0] has none: write wrt="w" if it is'),
        (lambda w, X, y: np.ones(6), '6 numbers for 11 inputs: X[2, 0] has none: write wrt="X" if it is by that alone'),
        (lambda w, X, y: np.ones(7), "7 numbers for 11 inputs: X[2, 1] has none: give one for each"),
        (lambda w, X, y: np.ones(12), "12 numbers for 11 inputs: give one for each"),
    ],
)
def test_a_gradient_by_one_of_several_arguments_is_told_to_say_so(grad, said):
    with pytest.raises(ValueError, match="<lambda> gave " + re.escape(said)):
        check_gradient(weighted, THREE, grad)


def test_a_gradient_by_one_of_several_arguments_is_checked_as_the_message_says():
    assert check_gradient(weighted, THREE, lambda w, X, y: 2.0 * X.T @ (X @ w - y), wrt="w").ok


@pytest.mark.parametrize(
    ("at", "held"), [({"w": 1.0, "X": 2.0, "y": 3.0}, "one argument"), (1.0, "one argument"), ((1.0, 2.0), "2 arguments")]
)
def test_arguments_that_are_left_out_or_given_by_name_are_written_as_a_tuple(at, held):
    said = f"weighted takes w, X and y, but at holds {held}: write at=(1.0, 2.0, 3.0), a tuple with one for each in that order"
    for grad in (None, lambda *_: 1.0):
        with pytest.raises(TypeError, match=re.escape(said)):
            check_gradient(weighted, at, grad)


def test_an_argument_that_a_function_inside_misses_is_told_in_its_own_words():
    with pytest.raises(TypeError, match=r"^weighted\(\) missing 2 required positional arguments: 'X' and 'y'$"):
        check_gradient(lambda w: weighted(w), 1.0)


@pytest.mark.parametrize(
    ("f", "seen"),
    [
        (lambda w: np.logaddexp(0.0, w).sum(), "ufunc 'logaddexp' not supported"),
        (lambda w: np.linalg.solve(np.eye(2), w).sum(), "ufunc 'solve"),
        (lambda w: float(np.linalg.norm(w)), "does not turn into a plain number"),
        (lambda w: math.exp(w[0]), r"write microgradx.exp\(x\) instead of math.exp"),
    ],
)
def test_float_code_without_its_gradient_is_told_to_give_it(f, seen):
    said = r"Without grad= <lambda> is called with Values, .*: for float code give its gradient, grad=g$"
    with pytest.raises(TypeError, match=rf"(?s){seen}.*{said}"):
        check_gradient(f, np.array([0.3, 0.4]))
