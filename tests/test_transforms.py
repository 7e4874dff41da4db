"""Functions of functions: shapes, nesting, modes and errors."""

from __future__ import annotations

import gc
import math
from collections import namedtuple

import numpy as np
import pytest

import microgradx as mx
from microgradx import Value, grad, hessian, hvp, jacobian, jvp, no_grad, value_and_grad, vjp
from microgradx.variables import push_forward


def test_gradients_are_shaped_like_their_argument() -> None:
    assert grad(lambda x: x * x)(3) == 6.0
    assert grad(lambda v: v[0] * v[1])([2.0, 5.0]) == [5.0, 2.0]
    assert grad(lambda v: v[0] * v[1])((2.0, 5.0)) == (5.0, 2.0)
    assert grad(lambda v: v[0][0] * v[1])([[2.0], 5.0]) == [[5.0], 2.0]
    slope = grad(lambda a: np.sum(a * a))(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert slope.dtype == float
    assert slope.tolist() == [[2.0, 4.0], [6.0, 8.0]]


def test_argnums_chooses_and_orders_the_arguments() -> None:
    def f(x: Value, y: Value, z: float) -> Value:
        return x * y * z

    assert grad(f, 1)(2.0, 3.0, 4.0) == 8.0
    assert grad(f, (1, 0))(2.0, 3.0, 4.0) == (8.0, 12.0)
    assert grad(f, -2)(2.0, 3.0, 4.0) == 8.0
    assert grad(f)(2.0, y=3.0, z=4.0) == 12.0


def test_plain_numbers_in_give_plain_numbers_out_and_values_give_values() -> None:
    x = Value(3.0)
    assert type(grad(mx.square)(3.0)) is float
    slope = grad(lambda y: y**3)(x)
    assert isinstance(slope, Value)
    assert mx.gradient(slope, [x]) == [18.0]


def test_nesting_reaches_any_order() -> None:
    f = mx.exp
    for _ in range(6):
        f = grad(f)
    assert f(0.7) == pytest.approx(math.exp(0.7), rel=1e-15)
    g = lambda x: x**7  # noqa: E731  # a function to be nested
    for _ in range(7):
        g = grad(g)
    assert g(0.3) == pytest.approx(5040.0, rel=1e-14)


def test_nested_transforms_do_not_confuse_perturbations() -> None:
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(2.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(1.0))(3.0) == 6.0
    assert grad(lambda x: x * jvp(lambda y: x * y, (1.0,), (1.0,))[1])(3.0) == 6.0
    assert jvp(lambda x: x * grad(lambda y: x * y)(1.0), (3.0,), (1.0,)) == (9.0, 6.0)
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (2.0,), (1.0,)) == (2.0, 1.0)
    assert grad(lambda x: grad(lambda y: x * y * y)(x))(5.0) == 4 * 5.0


def test_forward_and_reverse_mix_in_any_order() -> None:
    f = mx.sin
    exact = -math.cos(0.4)
    forward = lambda h: lambda x: jvp(h, (x,), (1.0,))[1]  # noqa: E731
    for first in (grad, forward):
        for second in (grad, forward):
            for third in (grad, forward):
                assert first(second(third(f)))(0.4) == pytest.approx(exact, rel=1e-14)


def test_what_a_function_captures_is_differentiated_by_the_outer_transform_only() -> None:
    w = Value(4.0)
    slope = grad(lambda x: w * x)(2.0)
    assert slope == 4.0
    assert mx.gradient(slope, [w]) == [1.0]
    assert grad(lambda v: grad(lambda x: v * x * x)(3.0))(2.0) == 6.0


def test_value_and_grad_gives_both() -> None:
    assert value_and_grad(lambda x: x**2)(3.0) == (9.0, 6.0)


def test_a_function_that_ignores_its_argument_has_gradient_zero() -> None:
    assert grad(lambda x: Value(3.0))(1.0) == 0.0
    assert jacobian(lambda x: [x, 7.0])(1.0) == [1.0, 0.0]


def test_jvp_pushes_tangents_of_any_shape() -> None:
    value, slope = jvp(lambda a, b: a @ b, (np.eye(2), np.array([1.0, 2.0])), (np.ones((2, 2)), np.zeros(2)))
    assert value.tolist() == [1.0, 2.0]
    assert slope.tolist() == [3.0, 3.0]
    assert jvp(lambda x: (x, [x * x, 7.0]), (3.0,), (1.0,)) == ((3.0, [9.0, 7.0]), (1.0, [6.0, 0.0]))


def test_slopes_along_an_array_of_whole_numbers_are_plain_floats() -> None:
    (slope,) = jvp(lambda v: [v[0] * v[1]], (np.array([1, 2]),), (np.array([1, 0]),))[1]
    assert (type(slope), slope) == (float, 2.0)


def test_tangents_that_are_values_stay_in_the_graph() -> None:
    nudge = Value(2.0)
    slope = jvp(lambda x: x * x, (3.0,), (nudge,))[1]
    assert mx.gradient(slope, [nudge]) == [6.0]


def test_a_tangent_given_to_a_computed_node_is_kept() -> None:
    x = Value(3.0)
    y = x * x
    z = y * 3.0
    tangents = {x: 1.0, y: 5.0}
    push_forward([z], tangents)
    assert (tangents[y], tangents[z]) == (5.0, 15.0)


def test_gradients_for_a_named_tuple_are_a_named_tuple() -> None:
    point = namedtuple("point", "x y")
    assert grad(lambda p: p.x * p.y)(point(2.0, 3.0)) == point(x=3.0, y=2.0)


def test_vjp_pulls_cotangents_back_any_number_of_times() -> None:
    value, pull = vjp(lambda v: [v[0] * v[1], v[0]], [3.0, 4.0])
    assert value == [12.0, 3.0]
    assert pull([1.0, 0.0]) == ([4.0, 3.0],)
    assert pull([0.0, 2.0]) == ([2.0, 0.0],)


def test_jacobians_have_rows_for_outputs_and_columns_for_inputs() -> None:
    a = np.array([1.0, 2.0, 3.0])
    found = jacobian(lambda v: np.outer(v, v))(a)
    exact = np.einsum("ik,j->ijk", np.eye(3), a) + np.einsum("jk,i->ijk", np.eye(3), a)
    assert found.tolist() == exact.tolist()
    assert jacobian(lambda x: [x, x * x])(3.0) == [1.0, 6.0]


def test_hessians_are_symmetric_and_hvp_is_their_product() -> None:
    def f(v: list[Value]) -> Value:
        return v[0] ** 2 * v[1] + (v[1] * v[2]).sin()

    at, along = [0.5, -1.0, 2.0], [1.0, 2.0, -0.5]
    rows = np.array(hessian(f)(at))
    assert rows.tolist() == rows.T.tolist()
    assert hvp(f, [at], [along]) == pytest.approx((rows @ along).tolist(), rel=1e-14)
    assert hvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0)) == (0.0, 1.0)


def test_a_derivative_of_what_a_function_captured_is_connected_to_it() -> None:
    w, v = Value(2.0), Value(0.5)
    f = lambda x: w * x * x + v * x  # noqa: E731  # a function that captures
    loss = (grad(f)(1.5) - 1.0) ** 2 + w
    loss.backward()
    assert (w.grad, v.grad) == (34.0, 11.0)
    value, slope = value_and_grad(f)(1.5)
    assert mx.gradient(value, [w, v]) == [2.25, 1.5]
    assert mx.gradient(jvp(f, (1.5,), (2.0,))[1], [w, v]) == [6.0, 2.0]
    assert mx.gradient(vjp(f, 1.5)[1](2.0)[0], [w, v]) == [6.0, 2.0]
    assert mx.gradient(jacobian(lambda x: [f(x), x])(1.5)[0], [w, v]) == [3.0, 1.0]
    assert mx.gradient(hessian(f)(1.5), [w, v]) == [2.0, 0.0]
    assert mx.gradient(hvp(f, (1.5,), (3.0,)), [w, v]) == [6.0, 0.0]
    assert slope == 6.5


def test_a_step_of_learning_inside_a_loss_is_differentiated_through() -> None:
    rate, start = Value(0.1), Value(3.0)
    stepped = start - rate * grad(lambda w: (w - 1.0) ** 2)(start)
    outer = stepped * stepped
    assert mx.gradient(outer, [rate, start]) == pytest.approx([2 * 2.6 * -4.0, 2 * 2.6 * (1 - 0.2)], rel=1e-15)


@pytest.mark.parametrize("f", [lambda x: x**3, lambda x: x * 2.0 + 1.0])
def test_what_captures_nothing_and_what_no_grad_encloses_gives_floats(f: object) -> None:
    w = Value(2.0)
    assert type(grad(f)(1.5)) is type(hessian(f)(1.5)) is type(jvp(f, (1.5,), (1.0,))[1]) is float  # type: ignore[arg-type]
    with no_grad():
        for at in (1.5, Value(1.5)):
            assert type(grad(lambda x: w * f(x))(at)) is float  # type: ignore[operator]
            assert type(grad(grad(lambda x: w * f(x)))(at)) is float  # type: ignore[operator]
        assert type(vjp(lambda x: w * x, 1.0)[1](1.0)[0]) is float


def test_with_aux_a_loss_gives_more_than_its_value() -> None:
    w = Value(2.0)

    def loss(x: Value) -> tuple[Value, dict[str, object]]:
        return x * x, {"doubled": [x * 2.0], "name": "loss"}

    assert value_and_grad(loss, has_aux=True)(3.0) == ((9.0, {"doubled": [6.0], "name": "loss"}), 6.0)
    assert grad(loss, has_aux=True)(3.0) == (6.0, {"doubled": [6.0], "name": "loss"})
    assert type(grad(loss, has_aux=True)(3.0)[1]["doubled"][0]) is float
    (_, aux), _ = value_and_grad(lambda x: (x * x, w * x), has_aux=True)(3.0)
    assert mx.gradient(aux, [w]) == [3.0]
    with pytest.raises(TypeError, match=r"with has_aux=True the function must return a pair \(value, anything else\), got Value"):
        grad(lambda x: x, has_aux=True)(3.0)


def test_a_primal_without_a_tangent_stays_fixed() -> None:
    assert jvp(lambda x, y: x * y, (3.0, [4.0][0]), (2.0, None)) == (12.0, 8.0)
    assert hvp(lambda x, y: x * x * y, (3.0, 2.0), (1.0, None)) == (4.0, None)
    with pytest.raises(ValueError, match=r"hvp needs a primal that moves, and all tangents \(None,\) are None"):
        hvp(lambda x: x, (3.0,), (None,))


def test_transforms_record_also_inside_no_grad() -> None:
    with no_grad():
        assert grad(lambda x: x * x)(3.0) == 6.0
        assert grad(grad(lambda x: x * x * x))(3.0) == 18.0


def test_functions_of_the_library_are_differentiated_as_they_are() -> None:
    assert grad(mx.tanh)(0.0) == 1.0
    assert grad(lambda v: mx.logsumexp(v))([0.0, 0.0]) == [0.5, 0.5]
    assert grad(lambda v: mx.softmax(v)[0])([0.0, 0.0]) == [0.25, -0.25]


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (lambda: grad(lambda x: [x, x])(1.0), "grad needs a function that returns one number, got list: use jacobian"),
        (lambda: grad(lambda x: None)(1.0), r"under grad returned None: does it lack a return\?"),
        (lambda: grad(lambda x: np.float32(2.0))(1.0), "under grad returned .*2.0.*, which is in no graph"),
        (lambda: jvp(mx.sin, 3.0, 1.0), r"jvp takes one sequence of primals .* got 3.0: write jvp\(f, \(3.0,\), \(1.0,\)\)"),  # type: ignore[arg-type]
        (lambda: jvp(mx.sin, (3.0,), 1.0), "jvp takes one sequence of primals and one of tangents, got 1.0"),  # type: ignore[arg-type]
        (lambda: hvp(mx.sin, 3.0, 1.0), "hvp takes one sequence of primals"),  # type: ignore[arg-type]
        (lambda: grad(lambda x: x.data)(1.0), r"under grad returned 1.0, which is in no graph, .* does it read .data\?"),
        (lambda: jvp(lambda x: [x.data], (1.0,), (1.0,)), r"under jvp returned \[1.0\], which is in no graph"),
        (lambda: jacobian(lambda x: [x.data])(1.0), "under jacobian returned"),
        (lambda: vjp(lambda x: x.data, 1.0), "under vjp returned"),
        (lambda: grad(lambda x: x)("a"), "argument 0 is 'a', which holds no number, so there is no derivative by it"),
        (lambda: grad(lambda x: x, "0")(1.0), "argnums='0' must be the place of an argument or a tuple of places"),
        (lambda: grad(lambda x: x, 0.0)(1.0), "argnums=0.0 must be the place"),  # type: ignore[arg-type]
        (lambda: jacobian(lambda x, y: x * y, (0, 1))(1.0, 2.0), r"argnum=\(0, 1\) must be the place of one argument"),
    ],
)
def test_what_cannot_be_differentiated_raises_a_type_error_that_says_why(attempt: object, advice: str) -> None:
    with pytest.raises(TypeError, match=advice):
        attempt()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("attempt", "advice"),
    [
        (lambda: grad(lambda x: x, 1)(1.0), r"argnums names argument 1, but the function was called with 1 positional"),
        (lambda: grad(lambda x, y: x * y, (1, -1))(1.0, 2.0), r"argnums=\(1, -1\) names an argument twice"),
        (lambda: jvp(mx.sin, (1.0,), ()), "one tangent for each primal, got 1 primals and 0 tangents"),
        (lambda: jvp(sum, ([1.0, 2.0],), ([1.0],)), "tangent 0 has 1 numbers, its primal has 2"),
        (lambda: vjp(lambda x: [x, x], 1.0)[1]([1.0]), "cotangent has 1 numbers, the value has 2"),
        (lambda: mx.dot([1.0], [1.0, 2.0]), "dot needs two sequences of one length, got 1 and 2"),
    ],
)
def test_shapes_that_do_not_fit_raise_a_value_error_with_both(attempt: object, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        attempt()  # type: ignore[operator]


def test_nested_transforms_leave_nothing_to_the_collector() -> None:
    def powers(v: list[Value]) -> Value:
        return v[0] * v[1] * v[1]

    def alive() -> int:
        return sum(type(x) is Value for x in gc.get_objects())

    gc.disable()
    try:
        before = alive()
        mx.hessian(powers)([1.0, 2.0])
        mx.hvp(powers, ([1.0, 2.0],), ([1.0, 0.0],))
        assert alive() == before
    finally:
        gc.enable()


def test_a_tangent_that_is_constant_has_the_derivative_zero() -> None:
    assert mx.grad(lambda x: mx.hvp(lambda y: y * y, (x,), (1.0,)))(3.0) == 0.0
    assert mx.jvp(lambda x: mx.jvp(lambda y: 2 * y, (x,), (1.0,))[1], (3.0,), (1.0,)) == (2.0, 0.0)
    assert mx.jacobian(lambda v: mx.jvp(lambda w: w * 2, (v,), (np.ones(2),))[1])(np.ones(2)).tolist() == [[0.0, 0.0]] * 2
