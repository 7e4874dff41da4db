"""A derivative within a nonlinear function, differentiated again, has the bits of eager evaluation in every narrow form."""

import random

import pytest
from replay_forms import NARROW, only

import microgradx as mx

DIRECTION = [0.7, -1.3, 0.4]


def squares(xs):
    return sum(x * x for x in xs)


def entries(matrix):
    return [x for row in matrix for x in row]


def hessian_of(f):
    return lambda y: squares(entries(mx.hessian(f)(y)))


HELD = {  # what each of them held against eager evaluation
    "a sum that is begun": lambda y: squares(mx.grad(lambda x: x[1] * (x[1] + x[0]))(y)),
    "their product": lambda y: mx.prod(mx.grad(lambda x: x[1] * (x[1] + x[0]))(y)),
    "one of an input alone": lambda y: squares(mx.grad(lambda x: 0.5 / x[0] + 0.0 * x[1])(y)),
    "factors that are kept": lambda y: (lambda g: g[1] * g[0] ** 3)(mx.grad(lambda x: (x[1] ** 3).sin() - x[0] * x[0])(y)),
    "a number that is kept": hessian_of(lambda x: x[0].exp() - (x[0] - x[1]).exp()),
}


def formula(r, count, depth):
    """A random function of `count` numbers."""
    if not depth or r.random() < 0.1:
        k = r.randrange(count)
        return lambda x: x[k]
    f, g = formula(r, count, depth - 1), formula(r, count, depth - 1)
    number, n = r.choice([0.5, -1.5, 1.0, -1.0, 3.0]), r.choice([2, 3])
    return r.choice([
        lambda x: f(x) + g(x),
        lambda x: f(x) - g(x),
        lambda x: f(x) * g(x),
        lambda x: f(x) * g(x),
        lambda x: f(x) / (g(x) * g(x) + 1.0),
        lambda x: f(x).tanh(),
        lambda x: f(x).sin() - number,
        lambda x: number * (-f(x)).exp(),
        lambda x: f(x) ** n,
        lambda x: mx.sum([f(x), g(x), x[0]]),
    ])  # fmt: skip


def nonlinear(r, inputs):
    """A random function of derivatives of a random function."""
    f, other, along = formula(r, inputs, r.choice([2, 3, 4])), formula(r, inputs, 2), DIRECTION[:inputs]
    found = r.choice([
        mx.grad(f),
        mx.grad(f),
        lambda y: (lambda value, slopes: [value, *slopes])(*mx.value_and_grad(f)(y)),
        lambda y: [*mx.jvp(f, (y,), (along,))],
        lambda y: mx.hvp(f, (y,), (along,)),
        lambda y: entries(mx.hessian(f)(y)),
        lambda y: entries(mx.jacobian(lambda x: [f(x), other(x)])(y)),
        mx.grad(lambda x: mx.grad(f)(x)[0]),
    ])  # fmt: skip
    outer = r.choice([squares, mx.prod, lambda xs: formula(random.Random(inputs), len(xs), 3)(xs)])
    return lambda y: outer(found(y))


def differs(q, points):
    """Which derivatives of q, and where, have other bits when it is compiled."""
    compiled, along = mx.compile(q), DIRECTION[: len(points[0])]
    of = {
        "grad": (mx.grad(q), compiled.grad),
        "hessian": (mx.hessian(q), compiled.hessian),
        "hvp": (lambda y: mx.hvp(q, (y,), (along,)), lambda y: compiled.hvp((y,), (along,))),
    }
    return [(name, y) for name, (eager, ours) in of.items() for y in points if repr(eager(y)) != repr(ours(y))]


@pytest.mark.parametrize("form", NARROW)
@pytest.mark.parametrize("what", HELD)
def test_a_derivative_that_is_differentiated_again_has_eager_bits(what, form):
    r = random.Random(what)
    with only(form):
        assert differs(HELD[what], [[r.uniform(-2.0, 2.0) for _ in range(2)] for _ in range(40)]) == []


@pytest.mark.parametrize("form", NARROW)
def test_so_have_random_functions_of_derivatives(form):
    r = random.Random(12)
    with only(form):
        for k in range(40):
            inputs = 1 + k % 3
            q = nonlinear(r, inputs)
            assert (k, differs(q, [[r.uniform(-1.5, 1.5) for _ in range(inputs)] for _ in range(4)])) == (k, [])
