"""The sign of a zero: a value has that of eager evaluation, and a derivative has none, in no order and in neither direction."""

import math
import random

import numpy as np
import pytest
import replay_forms
from replay_forms import only

import microgradx as mx
from microgradx.replay.compile import compile

STEPS = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (1.0 + b * b),
    lambda a, b: mx.relu(a) * b,
    lambda a, b: -a * b,
    lambda a, b: mx.where(a > 0.0, a, b),
    lambda a, b: mx.maximum(a * b, 0.0),
    lambda a, b: (a - a) * b,
    lambda a, b: a * 0.0 - b,
    lambda a, b: a * -0.0 + b * -1.0,
    lambda a, b: mx.tanh(a) * b,
    lambda a, b: abs(a) * b**2,
    lambda a, b: mx.sum([a, b, a * b]),
    lambda a, b: mx.dot([a, b], [b, a]),
]


def with_zeros(r):
    """A random function of three numbers in which much is zero, of either sign, where to evaluate it, and a direction."""
    steps = [(r.choice(STEPS), r.random(), r.random()) for _ in range(r.randint(2, 8))]

    def f(xs):
        known = list(xs)
        for step, first, second in steps:
            known.append(step(known[int(first * len(known))], known[int(second * len(known))]))
        return known[-1] * 1.0

    return f, *[[r.choice([0.0, -0.0, 1.0, -1.0, 2.0]) for _ in range(3)] for _ in range(2)]


def bits(numbers):
    return np.hstack([np.ravel(part) for part in numbers]).tobytes()


@pytest.mark.parametrize("form", replay_forms.NARROW)
def test_a_derivative_has_the_bits_of_eager_evaluation_where_much_is_zero(form):
    r = random.Random(0)
    for _ in range(20):
        f, xs, along = with_zeros(r)
        both = lambda xs, f=f: [f(xs), -f(xs)]  # noqa: E731
        slope = lambda xs, f=f: mx.dot(mx.grad(f)(xs), [1.0, -1.0, 2.0])  # noqa: E731
        pushed = lambda xs, f=f, along=along: mx.hvp(f, (xs,), (along,))  # noqa: E731
        with only(form):
            g, h = compile(f), compile(both)
            assert bits(g.value_and_grad(xs)) == bits(mx.value_and_grad(f)(xs))
            assert bits(compile(mx.grad(f))(xs)) == bits(mx.grad(f)(xs))
            assert bits(h.jacobian(xs)) == bits(mx.jacobian(both)(xs))
            assert bits(h.vjp(xs)[1]([-1.0, 0.0])[0]) == bits(mx.vjp(both, xs)[1]([-1.0, 0.0])[0])
            assert bits(h.jvp((xs,), (along,))) == bits(mx.jvp(both, (xs,), (along,)))
            assert bits(g.hvp((xs,), (along,))) == bits(pushed(xs)) == bits(compile(pushed)(xs))
            assert bits(g.hessian(xs)) == bits(mx.hessian(f)(xs))
            assert bits(compile(slope).hvp((xs,), (along,))) == bits(mx.hvp(slope, (xs,), (along,)))


def test_a_value_of_minus_zero_keeps_its_sign_beside_its_gradient():
    value, slopes = compile(lambda xs: -(xs[0] * 0.0)).value_and_grad([1.0, 2.0])
    assert (math.copysign(1.0, value), [math.copysign(1.0, slope) for slope in slopes]) == (-1.0, [1.0, 1.0])


def test_a_derivative_of_zero_that_a_function_goes_on_with_has_no_sign_either():
    f = lambda x: -(x * 0.0)  # noqa: E731
    for slope in (mx.grad(f), lambda x: mx.jvp(f, (x,), (1.0,))[1]):
        g = lambda x, slope=slope: mx.divide(1.0, slope(x))  # noqa: E731
        assert g(1.0) == compile(g)(1.0) == mx.value_and_grad(g)(1.0)[0] == compile(g).value_and_grad(1.0)[0] == math.inf


def test_a_derivative_of_zero_that_a_compiled_function_captured_has_no_sign_either():
    c, x = compile(lambda x: -(x * 0.0)), mx.Value(1.0)
    for slope in (c.grad(x), c.jvp((x,), (1.0,))[1], c.hvp((x,), (1.0,))):
        f = lambda y, slope=slope: mx.divide(1.0, slope) * y  # noqa: E731
        assert compile(f)(2.0).data == f(2.0).data == math.inf


@pytest.mark.parametrize("form", replay_forms.NARROW)
def test_a_derivative_of_rates_is_added_up_in_eager_order_where_some_are_zero(form):
    r = random.Random(1)
    steps = [mx.sin, mx.leaky_relu, lambda x: mx.clip(x, -1.0, 1.0), lambda x: mx.maximum(x * x, 0.3), lambda x: x - 0.5]
    for _ in range(12):
        order = [(r.choice(steps), r.random(), r.random()) for _ in range(6)]

        def f(xs, order=order):
            known = list(xs)
            for step, first, second in order:
                known.append(step(known[int(first * len(known))]) * known[int(second * len(known))])
            return mx.sum(known)

        g = lambda a, b, f=f: mx.dot(mx.hvp(f, (a,), (b,)), [1.0, 2.0])  # noqa: E731
        a, b = [r.uniform(0.3, 2.0) for _ in range(2)], [r.uniform(-1.0, 1.0) for _ in range(2)]
        with only(form):
            assert compile(g).grad(a, b, argnums=(0, 1)) == mx.grad(g, (0, 1))(a, b)


@pytest.mark.parametrize("reduce", ["mean", "sum", None])
def test_derivatives_of_batches_have_no_sign_where_they_are_zero(reduce):
    f = compile(lambda w, x: -w * x[0] * x[1], batch="x", reduce=reduce)
    X = np.array([[0.0, 1.0], [0.0, 2.0]])
    found = [
        f.value_and_grad(-1.0, X)[1],
        *f.grad(-1.0, X, argnums=(0, 1)),
        f.jvp((1.0, X), (1.0, None))[1],
        *f.hvp((-1.0, X), (1.0, 0.0 * X)),
        f.jacobian(-1.0, X),
        f.hessian(-1.0, X, argnum=1),
        compile(lambda w, x: (x[0], [-w * x[0]]), batch="x", reduce=reduce).grad(-1.0, X, has_aux=True)[0],
    ]
    assert not any(np.signbit(part[part == 0.0]).any() for part in map(np.asarray, found))
    assert reduce is not None or np.signbit(f(1.0, X)).all()  # of a value it is kept
