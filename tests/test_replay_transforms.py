"""Transforms inside compiled functions and compiled functions inside transforms: any order, the same numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import microgradx as mx
from microgradx import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from microgradx.replay.compile import compile


def f(v: Any) -> Any:
    return v[0] ** 2 * v[1] + mx.sin(v[1] * v[0]) + mx.where(v[0] > v[1], mx.log(v[0]), mx.exp(v[1]))


def pulled(v: Any) -> Any:
    _, pull = vjp(lambda w: {"a": w[0] * w[1], "b": [mx.tanh(w[1])]}, v)
    return pull({"b": [2.0], "a": v[0]})


TRANSFORMED = {
    "grad": grad(f),
    "value_and_grad": value_and_grad(f),
    "hessian": hessian(f),
    "jacobian": jacobian(lambda v: {"a": f(v), "b": [v[1]]}),
    "jvp": lambda v: jvp(f, (v,), ([1.0, v[0]],)),
    "hvp": lambda v: hvp(f, (v,), ([0.5, 2.0],)),
    "vjp": pulled,
    "third": jacobian(hessian(f)),
    "forward over reverse over forward": lambda v: jvp(grad(lambda w: jvp(f, (w,), (v,))[1]), (v,), (v,)),
    "aux": lambda v: value_and_grad(lambda w: (f(w), [w, "name"]), has_aux=True)(v),
}


def numbers(x: Any) -> list[float]:
    return mx.structure.flat(x)[1]


@pytest.mark.parametrize("name", TRANSFORMED)
@pytest.mark.parametrize("make", [list, np.array], ids=["list", "array"])
def test_a_compiled_derivative_is_the_derivative(name: str, make: Any) -> None:
    transformed = TRANSFORMED[name]
    compiled = compile(transformed)
    for at in ([1.5, 0.5], [0.25, 2.0], [3.0, 0.1]):
        expected, found = transformed(make(at)), compiled(make(at))
        assert mx.structure.flat(found)[0] == mx.structure.flat(expected)[0]
        assert numbers(found) == pytest.approx(numbers(expected), rel=1e-13)
    assert sum(map(len, compiled.recordings.values())) <= 2


def test_a_derivative_by_one_s_own_argument_is_not_by_what_was_captured() -> None:
    compiled = compile(lambda x: x * grad(lambda y: x * y * y)(x))
    assert compiled(3.0) == 54.0
    assert compiled.grad(3.0) == 54.0
    assert compile(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1])(2.0) == 2.0
    assert compile(grad(lambda x: x * grad(lambda y: x * y)(1.0)))(3.0) == 6.0


def test_branches_inside_a_derivative_are_guarded() -> None:
    slope = compile(grad(lambda x: x * x if x > 1.0 else x**3))
    assert [slope(2.0), slope(0.5), slope(4.0)] == [4.0, 0.75, 8.0]
    assert sum(map(len, slope.recordings.values())) == 2


def test_numbers_on_which_a_branch_depends_after_a_derivative_are_known() -> None:
    def steepest(x: Any) -> Any:
        slope = grad(mx.sin)(x)
        rate = jvp(mx.sin, (x,), (2.0,))[1]
        return slope * 2.0 if slope + rate > 0.0 else x * 0.0 - 1.0

    compiled = compile(steepest)
    assert [compiled(0.3), compiled(2.0)] == [2.0 * math.cos(0.3), -1.0]


def test_a_model_is_differentiated_inside_a_compiled_function() -> None:
    model = mx.nn.Neuron(1, "tanh", rng=0)
    slopes = compile(lambda x: grad(lambda m: m([x]))(model))
    expected = grad(lambda m: m([0.5]))(model)
    for _ in range(2):
        assert slopes(0.5) == expected
        model.w[0].data = 0.25
        expected = grad(lambda m: m([0.5]))(model)


def test_tangents_of_nothing_and_of_constants_are_zero() -> None:
    assert compile(lambda x: jvp(lambda y: [y, x, 1.0], (x,), (1.0,))[1])(3.0) == [1.0, 0.0, 0.0]
    assert compile(grad(lambda x: hvp(lambda y: y * y, (x,), (1.0,))))(3.0) == 0.0


def test_a_recorded_transform_of_a_function_of_captured_values_alone_gives_its_zeros() -> None:
    w = mx.Value(3.0)
    alone = [
        lambda x: grad(lambda y: w * 2.0)(x) + x,
        lambda x: jvp(lambda y: w * 2.0, (x,), (1.0,))[0] * x,
        lambda x: vjp(lambda y: [w * 2.0, y * w], x)[1]([1.0, 0.5])[0],
        lambda x: jacobian(lambda y: [w * 2.0])(x)[0] + w * x,
    ]
    for g in alone:
        assert numbers(compile(g)(2.0)) == numbers(g(2.0))
