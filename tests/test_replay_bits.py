"""The bits of eager evaluation: brackets stay as they were written, and no call changes the digits of another."""

import math
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import replay_forms
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_forms import only

import microgradx as mx
from microgradx.bench.formulas import rosenbrock
from microgradx.bench.networks import attention, circles_case, rnn
from microgradx.replay.compile import compile
from microgradx.replay.run.llvm import AVAILABLE


def eager(f, xs):
    leaves = [mx.Value(x) for x in xs]
    out = f(leaves)
    out.backward()
    return out.data, [leaf.grad for leaf in leaves]


def bracketed(a, b, c):
    return (a - b) + c


WIDE = 300  # members enough for arrays, with any costs
BIG = [1e16, 1e16, 1.0]


def test_a_difference_in_brackets_is_not_taken_apart():
    assert compile(bracketed)(*BIG) == 1.0
    assert compile(bracketed, batch=("a", "b", "c"))(*[np.array([x] * 4) for x in BIG]) == 1.0
    wide = compile(lambda A, B, C: [bracketed(*abc) for abc in zip(A, B, C, strict=True)])
    assert wide(*[[x] * WIDE for x in BIG]) == [1.0] * WIDE


def test_neither_is_one_whose_derivative_is_asked_for():
    h = lambda x, o, d: ((x - o) + d) ** 2  # noqa: E731
    found = compile(h, batch="x").value_and_grad(np.full(8, 1e16), 1e16, 0.5, argnums=2)
    assert found == (0.25, 1.0) == (h(1e16, 1e16, 0.5), mx.grad(h, 2)(1e16, 1e16, 0.5))


@pytest.mark.parametrize("n", [16, 48, 64, 300])
def test_a_thousand_calls_do_not_change_a_digit(n):
    f = compile(lambda A, B, C: mx.sum(bracketed(*abc) for abc in zip(A, B, C, strict=True)))
    arguments = [np.full(n, x) for x in BIG]
    assert {f(*arguments) for _ in range(3000)} == {float(n)}


def compensated(xs):
    """Kahan's sum."""
    so_far, lost = xs[0], 0.0
    for x in xs[1:]:
        term = x - lost
        after = so_far + term
        lost = (after - so_far) - term
        so_far = after
    return so_far


def what_rounding_lost(a, b):
    """Knuth's two-sum."""
    whole = a + b
    part = whole - a
    return (a - (whole - part)) + (b - part)


def test_compensated_sums_survive_arrays_and_batches():
    tiny = [1.0] + [1e-16] * 40
    expected = compensated(tiny)
    assert expected == 1.000000000000004
    assert compile(lambda rows: [compensated(row) for row in rows])([tiny] * 200) == [expected] * 200
    assert compile(compensated, batch="xs")(np.array([tiny] * 4)) == expected
    lost = what_rounding_lost(1.0, 1e-17)
    assert lost == 1e-17
    assert compile(lambda A, B: [what_rounding_lost(a, b) for a, b in zip(A, B, strict=True)])([1.0] * 300, [1e-17] * 300) == (
        [lost] * 300
    )
    assert compile(what_rounding_lost, batch=("a", "b"))(np.ones(4), np.full(4, 1e-17)) == lost


def test_a_jump_does_not_see_a_rearranged_sum():
    f = lambda v: mx.cbrt(mx.floor((v - v) + mx.erf(2.0 * v)))  # noqa: E731
    assert compile(f, batch="v")(np.full(4, -0.3)) == f(-0.3)


def test_a_softmax_keeps_the_tail_of_its_slope():
    f = lambda v: mx.softmax([v[0], v[1], v[1]])[0]  # noqa: E731
    expected = mx.grad(f)([0.0, -40.0])
    assert expected[0] == pytest.approx(8.4967e-18, rel=1e-4)
    assert compile(f).grad([0.0, -40.0]) == expected
    wide = lambda rows: mx.sum([f(row) for row in rows])  # noqa: E731
    assert compile(wide).grad([[0.0, -40.0]] * WIDE)[7] == pytest.approx(expected, rel=1e-14)
    g = lambda x: mx.softmax([x, -40.0])[0]  # noqa: E731
    assert compile(g).hvp((0.0,), (1.0,)) == pytest.approx(mx.hvp(g, (0.0,), (1.0,)), rel=1e-14)
    assert compile(g).jvp((0.0,), (1.0,))[1] == pytest.approx(mx.jvp(g, (0.0,), (1.0,))[1], rel=1e-14)


def lstm(steps):
    """A cell of two numbers for so many steps, whose weights get a contribution from every step."""

    def f(w):
        h, c = [0.1, -0.2], [0.0, 0.0]
        for t in range(steps):
            x = math.sin(t)
            gates = [w[4 * i] * h[0] + w[4 * i + 1] * h[1] + w[4 * i + 2] * x + w[4 * i + 3] for i in range(8)]
            c = [mx.sigmoid(gates[k]) * c[k] + mx.sigmoid(gates[2 + k]) * mx.tanh(gates[4 + k]) for k in range(2)]
            h = [mx.sigmoid(gates[6 + k]) * mx.tanh(c[k]) for k in range(2)]
        return h[0] * h[1] + w[0] ** 2 + w[1] * w[1]

    return f


def shared(w):
    """One weight with many contributions, of operations that are written as several rows and of plain ones."""
    a, b = w[0], w[1]
    parts = [mx.dot([a, b, a], [b, 0.3, a * b]), mx.mean([a, b, a * a]), mx.sum([a, b, a]), mx.sum([b]), a**2, a.square()]
    return mx.dot(parts, parts) * a + b**1 + a.detach() * a + mx.logsumexp([a, b]) + mx.softmax([a, b, a * b])[1] * mx.hypot(a, b)


ARRAYS_WITHOUT_NATIVE = pytest.mark.skipif(
    not AVAILABLE, reason="without machine code arrays hold this program, which may add in another order"
)
NARROW = [(lstm(12), 32), (shared, 2), pytest.param(rnn(6).f, len(rnn(6).x), marks=ARRAYS_WITHOUT_NATIVE)]


@pytest.mark.parametrize(("f", "size"), NARROW)
def test_every_slope_of_a_narrow_program_has_the_bits_of_backward_at_every_call(f, size):
    r, g = random.Random(size), compile(f)
    for _ in range(5):
        xs = [r.gauss(0.0, 0.7) for _ in range(size)]
        expected = eager(f, xs)
        assert {g.value_and_grad(xs)[0] for _ in range(400)} == {expected[0]}
        assert g.value_and_grad(xs)[1] == expected[1]


@pytest.mark.parametrize("make", [circles_case, attention, rosenbrock])
def test_every_thread_and_every_call_of_a_wide_program_gives_the_same_bits(make):
    case = make()
    f = compile(case.f)
    first = f.value_and_grad(case.x)
    with ThreadPoolExecutor(3) as pool:
        assert all(found == first for found in pool.map(lambda _: f.value_and_grad(case.x), range(300)))


@given(st.integers(0, 10**9), st.integers(3, 400))
@settings(derandomize=True, deadline=None, max_examples=25)
def test_a_sum_written_in_brackets_is_added_up_as_it_is_written_at_any_width(seed, width):
    r = random.Random(seed)
    rows = [[r.choice([1e16, -1e16, 1.0, 0.1, -3.7]) for _ in range(4)] for _ in range(width)]
    shape = r.choice([
        lambda a, b, c, d: (a + b) + (c + d),
        lambda a, b, c, d: a + (b + (c + d)),
        lambda a, b, c, d: (a - b) - (c - d),
        lambda a, b, c, d: a * b + (c - d),
    ])  # fmt: skip
    assert compile(lambda rows: [shape(*row) for row in rows])(rows) == [shape(*row) for row in rows]


def test_the_bits_that_may_differ_are_those_of_one_long_sum():
    r = random.Random(3)
    xs = [r.gauss(0.0, 1.0) for _ in range(5000)]
    f = compile(lambda xs: mx.sum([x * x for x in xs]))
    value = f(xs)
    assert value == pytest.approx(math.fsum(x * x for x in xs), rel=1e-15)
    assert {f(xs) for _ in range(50)} == {value}


def used_often(x):
    """A member that is used in different ways, so that its contributions are no sum that anybody wrote."""
    a = x * 1.1
    b = a * x + a / 3.0
    c = b * a - b / x
    return c * b + (a * c + (b / a + ((x * 0.3 + 1.0 / x) * (x * x - x / 3.0) - x * 0.7)))


@given(st.integers(0, 10**9), st.sampled_from([4, 100]))
@settings(derandomize=True, deadline=None, max_examples=10)
def test_what_arrives_at_one_member_of_an_array_is_added_up_in_eager_order(seed, width):
    r = random.Random(seed)
    xs = [r.uniform(0.5, 2.0) for _ in range(width)]
    f = lambda xs: mx.sum([used_often(x) for x in xs])  # noqa: E731
    with only("array"):
        assert compile(f).grad(xs) == mx.grad(f)(xs)


@given(st.floats(0.5, 2.0), st.floats(0.5, 2.0))
@settings(derandomize=True, deadline=None, max_examples=25)
def test_a_batch_of_one_has_the_bits_of_eager_evaluation(w, x):
    f = lambda w, x: used_often(w * x)  # noqa: E731
    assert BATCHED.value_and_grad(w, np.array([x])) == mx.value_and_grad(f)(w, x)


BATCHED = compile(lambda w, x: used_often(w * x), batch="x")


@pytest.mark.parametrize("form", replay_forms.NARROW)
def test_a_multiplication_by_one_does_not_change_the_order_of_a_second_derivative(form):
    def f(xs):
        s = mx.sum([xs[0], xs[0], xs[0] * xs[0]])
        return mx.tanh(mx.sum([s, xs[1], s * xs[1]])) * s * 1.0

    with only(form):
        assert compile(f).hessian([0.5, -1.0]) == mx.hessian(f)([0.5, -1.0])


@pytest.mark.parametrize("form", replay_forms.NARROW)
@pytest.mark.parametrize(
    "f", [lambda x: (x**3) ** 2, lambda x: mx.sum([x, x, x * x]) ** 2, lambda x: mx.sin(1.0 * x * (x * 1.0 + x))]
)
def test_powers_and_ones_are_added_up_in_eager_order_in_every_derivative(f, form):
    r = random.Random(2)
    pushed = lambda x, v: mx.hvp(f, (x,), (v,))  # noqa: E731
    rate = lambda x, v: mx.jvp(f, (x,), (v,))[1]  # noqa: E731
    with only(form):
        g, h = compile(pushed), compile(rate)
        for _ in range(20):
            x, v, u = r.uniform(0.3, 2.0), r.uniform(-1.0, 1.0), r.uniform(-1.0, 1.0)
            assert g.hvp((x, v), (u, 0.5)) == mx.hvp(pushed, (x, v), (u, 0.5))
            assert h.grad(x, v, argnums=(0, 1)) == mx.grad(rate, (0, 1))(x, v)


@pytest.mark.parametrize("form", replay_forms.NARROW)
def test_rates_of_the_shares_of_a_softmax_are_added_up_in_eager_order(form):
    r = random.Random(3)
    f = lambda x: mx.dot(mx.softmax([x[0], x[1], x[0] * x[1], x[2]]), [x[1], x[2], x[0], 2.0])  # noqa: E731
    with only(form):
        g = compile(f)
        for _ in range(20):
            x, v = [r.gauss(0.0, 1.0) for _ in range(3)], [r.gauss(0.0, 1.0) for _ in range(3)]
            assert g.hvp((x,), (v,)) == mx.hvp(f, (x,), (v,))
