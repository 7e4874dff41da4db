"""Functions that give several numbers, products with a Jacobian, Hessians, and inputs that move together."""

import math

import numpy as np
import pytest

from microgradx import Value
from microgradx.testing import WrongDerivative, check_gradient, check_hvp, check_jvp, check_vjp

A = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 4.0]])
X = np.array([0.3, -0.7, 1.1])


def curve(v):
    return np.sin(A @ v)


def slope(v):
    return np.cos(A @ v)[:, None] * A


def failure(check, *args, **kwargs):
    with pytest.raises(WrongDerivative) as caught:
        check(*args, **kwargs)
    return caught.value.report


def test_every_entry_of_a_jacobian_is_judged_by_its_name():
    report = check_gradient(curve, X, slope)
    assert [row.path for row in report.rows][2:4] == ["curve[0] by v[2]", "curve[1] by v[0]"]
    assert report.count("agrees") == 6
    assert report.evaluations < 20 * 6

    def wrong(v):
        return slope(v) + np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])

    assert [row.path for row in failure(check_gradient, curve, X, wrong).rows if row.verdict == "wrong"] == ["curve[1] by v[1]"]


def test_outputs_and_inputs_may_be_any_containers_and_values_too():
    report = check_gradient(lambda x, y: {"sum": x + y, "product": [x * y]}, (2.0, 3.0), ([1.0, 3.0], [1.0, 2.0]))
    assert [row.path for row in report.rows] == [
        'f["sum"] by x', 'f["sum"] by y', 'f["product"][0] by x', 'f["product"][0] by y',
    ]  # fmt: skip
    assert check_gradient(lambda v: [v[0] * v[1], v[1].tanh()], [2.0, 3.0]).count("agrees") == 4
    assert check_gradient(lambda v: np.array([v[0] * v[1], v[1]]), [Value(2.0), Value(3.0)]).ok
    assert check_gradient(lambda p: p["a"] * np.array([1.0, 2.0]), {"a": 3.0}, {"a": [1.0, 2.0]}).ok
    assert check_gradient(lambda m: m @ m, np.array([[1.1, 0.2], [0.3, 0.9]]), slope_of_square).count("agrees") == 16


def slope_of_square(m):
    """The derivative of m @ m with shape (2, 2, 2, 2): output entries in front."""
    units = [np.outer(e, r) for e in np.eye(2) for r in np.eye(2)]
    columns = [unit @ m + m @ unit for unit in units]
    return np.moveaxis(np.array(columns).reshape(2, 2, 2, 2), (0, 1), (2, 3))


def test_a_jacobian_of_another_shape_is_refused_and_a_transposed_one_told():
    with pytest.raises(ValueError, match=r"shape \(3, 2\), which is the transpose"):
        check_gradient(curve, X, lambda v: slope(v).T)
    with pytest.raises(ValueError, match=r"gave 5 number.s. for 2 outputs and 3 inputs"):
        check_gradient(curve, X, [1.0] * 5)


def test_a_product_with_vectors_is_checked_at_a_cost_that_does_not_grow():
    def jvp(v, d):
        return slope(v) @ d

    report = check_jvp(curve, X, jvp)
    assert (report.count("agrees"), report.evaluations < 100) == (6, True)
    assert failure(check_jvp, curve, X, lambda v, d: 1.001 * slope(v) @ d).count("wrong") == 6
    big = np.linspace(0.1, 1.0, 400)
    report = check_jvp(lambda v: np.sin(v) * v.sum(), big, lambda v, d: np.cos(v) * d * v.sum() + np.sin(v) * d.sum())
    assert (report.ok, report.evaluations < 150) == (True, True)
    with pytest.raises(ValueError, match=r"gave 1 number.s. for 2 output"):
        check_jvp(curve, X, lambda v, d: 1.0)


def test_a_backward_product_names_the_wrong_input_among_many():
    assert check_vjp(curve, X, lambda v, u: u @ slope(v)).ok
    big = np.linspace(0.1, 1.0, 400)

    def vjp(v, u):
        return u * np.cos(v)

    def wrong(v, u):
        found = vjp(v, u)
        found[123] *= 1.01
        return found

    report = check_vjp(np.sin, big, vjp)
    assert (report.ok, report.evaluations < 200) == (True, True)
    report = failure(check_vjp, np.sin, big, wrong, directions=1)
    assert [row.path for row in report.rows if row.verdict == "wrong"] == ["x[123]"]


def quartic(v):
    return float(np.sum(v**4) + (v[0] * v[1]) ** 2)


def quartic_slope(v):
    return 4 * v**3 + np.array([2 * v[0] * v[1] ** 2, 2 * v[0] ** 2 * v[1], 0.0])


def quartic_hessian(v):
    cross = np.array([[2 * v[1] ** 2, 4 * v[0] * v[1], 0.0], [4 * v[0] * v[1], 2 * v[0] ** 2, 0.0], [0.0, 0.0, 0.0]])
    return np.diag(12 * v**2) + cross


def test_the_hessian_of_foreign_code_is_checked_by_differencing_its_gradient():
    report = check_gradient(quartic, X, quartic_slope, hess=quartic_hessian)
    assert report.count("agrees") == 12
    assert [row.path for row in report.rows][3:5] == ["d2/dv[0] dv[0]", "d2/dv[0] dv[1]"]
    wrong = failure(check_gradient, quartic, X, quartic_slope, hess=lambda v: np.diag(12 * v**2))
    assert {row.path for row in wrong.rows if row.verdict == "wrong"} >= {"d2/dv[0] dv[1]", "d2/dv[1] dv[0]"}
    assert "a contribution is missing" in str(wrong)
    assert check_gradient(math.sin, 1.0, math.cos, hess=lambda x: -math.sin(x)).ok
    assert check_gradient(lambda x, y: x * y * y, (2.0, 3.0), lambda x, y: (y * y, 2 * x * y), order=2).ok


def test_a_gradient_whose_slopes_are_not_symmetric_is_no_gradient():
    report = failure(check_gradient, quartic, X, lambda v: quartic_slope(v) + (v[0] - X[0]) * np.array([0.0, 0.5, 0.0]), order=2)
    assert "the mixed second derivatives of v[1] and v[0] differ" in report.faults[0]
    with pytest.raises(ValueError, match="second derivatives need grad= as a function"):
        check_gradient(math.sin, 1.0, math.cos(1.0), order=2)
    with pytest.raises(ValueError, match="checked of one number, but f gives 2"):
        check_gradient(curve, X, slope, order=2)


def test_a_product_with_the_hessian_is_checked_and_must_be_symmetric():
    assert check_hvp(quartic, X, lambda v, d: quartic_hessian(v) @ d, quartic_slope).ok
    assert check_hvp(lambda v: v[0] ** 2 * v[1], [2.0, 3.0], lambda v, d: [6 * d[0] + 4 * d[1], 4 * d[0]]).ok
    assert check_hvp(lambda x, y: x * x * y, (2.0, 3.0), lambda x, y, d, e: (6 * d + 4 * e, 4 * d)).ok
    lopsided = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    report = failure(check_hvp, quartic, X, lambda v, d: (quartic_hessian(v) + lopsided) @ d, quartic_slope)
    assert "not that of a symmetric Hessian" in report.faults[0]
    assert report.count("wrong") > 0


def test_the_entries_of_a_symmetric_matrix_move_together():
    def logdet(S):
        return 2.0 * float(np.sum(np.log(np.diag(np.linalg.cholesky(S)))))

    S = np.array([[2.0, 0.3], [0.3, 1.0]])
    report = check_gradient(logdet, S, np.linalg.inv, symmetric="S")
    assert [row.path for row in report.rows] == ["S[0, 0]", "S[0, 1]", "S[1, 1]"]
    with pytest.raises(WrongDerivative):
        check_gradient(logdet, S, lambda S: 2.0 * np.linalg.inv(S), symmetric="S")
    assert check_gradient(lambda S: S[0][1] * S[1][0] + S[0][0], [[2.0, 0.3], [0.3, 1.0]], symmetric="S").ok
    with pytest.raises(ValueError, match="is not symmetric"):
        check_gradient(logdet, np.array([[2.0, 1.3], [0.3, 1.0]]), np.linalg.inv, symmetric="S")


def test_a_sparse_jacobian_may_be_given_as_it_is():
    sparse = pytest.importorskip("scipy.sparse")
    at = np.linspace(0.2, 2.0, 90)
    report = check_gradient(lambda v: v[:-1] * v[1:], at, lambda v: sparse.diags([v[1:], v[:-1]], [0, 1], shape=(89, 90)))
    assert (report.ok, report.count("agrees")) == (True, 89 * 90)
    assert report.evaluations < 100


def test_a_wrong_entry_of_a_large_jacobian_is_named():
    at = np.linspace(0.2, 2.0, 90)

    def jacobian(v):
        found = np.diag(np.cos(v)) + 0.1 * np.outer(np.ones(90), v)
        found[41, 17] *= 1.001
        return found

    report = failure(check_gradient, lambda v: np.sin(v) + 0.05 * float(v @ v), at, jacobian)
    assert [row.path for row in report.rows if row.verdict == "wrong"] == ["f[41] by v[17]"]
    assert report.evaluations < 3000


def test_an_f_that_changes_its_number_of_outputs_is_refused():
    with pytest.raises(TypeError, match="outputs at one point and"):
        check_gradient(lambda x: [x] * (2 if x <= 1.0 else 3), 1.0, [1.0, 1.0])
