"""Derivatives of compiled functions are those of eager evaluation, at branches, kinks and infinities too."""

import math
import pickle
import random

import numpy as np
import pytest

import microgradx as mx
from microgradx.replay.compile import compile
from microgradx.replay.tape.dependence import depends
from microgradx.replay.tape.local_derivatives import MOST_PATTERNS
from microgradx.replay.tape.many_operands import LOWER, shared
from microgradx.replay.tape.number import Number
from microgradx.replay.tape.rows import Constant
from microgradx.replay.tape.tape import Tape


def test_detach_stops_the_derivative_but_not_the_number():
    f = compile(lambda x: x.detach() * x)
    assert [f.value_and_grad(v) for v in (3.0, 5.0)] == [(9.0, 3.0), (25.0, 5.0)]


def test_a_gradient_of_several_outputs_points_to_jacobian():
    with pytest.raises(TypeError, match=r"use \.jacobian"):
        compile(lambda x: [x, x]).grad(1.0)


def test_jacobian_and_hvp_agree_with_the_transforms():
    def f(v):
        return [v[0] * v[1].sin(), v[0] / v[2], v[1] ** 3]

    def g(v):
        return v[0] ** 2 * v[1] + (v[1] * v[2]).exp()

    x, u = [1.5, 0.5, 2.0], [1.0, -1.0, 0.25]
    assert np.array(compile(f).jacobian(x)) == pytest.approx(np.array(mx.jacobian(f)(x)))
    assert compile(g).hvp((x,), (u,)) == pytest.approx(mx.hvp(g, (x,), (u,)), rel=1e-13)


def branching(w, x):
    """Of a matrix and a vector; the way depends on both."""
    total = mx.sum([row @ x if row[0] > 0.0 else (row * row).sum() * x[0] ** 3 for row in w])
    return total * mx.max(list(x)) if x[0] < x[1] else total.tanh() * x[1]


@pytest.mark.filterwarnings("ignore:branching was recorded")  # four ways in eight calls do not pay: the last are evaluated
@pytest.mark.parametrize("argnums", [0, 1, (0, 1), (1, 0), -1, (-2,)])
def test_derivatives_of_branching_functions_of_arrays_agree_with_the_transforms(argnums):
    f, r = compile(branching), np.random.default_rng(0)
    for _ in range(8):
        w, x = r.normal(size=(3, 2)), r.normal(size=2)
        value, slopes = f.value_and_grad(w, x, argnums=argnums)
        expected = mx.value_and_grad(branching, argnums)(w, x)
        assert value == pytest.approx(expected[0], rel=1e-14)
        assert np.hstack([np.ravel(g) for g in slopes]) == pytest.approx(np.hstack([np.ravel(g) for g in expected[1]]), rel=1e-13)
        assert np.shape(slopes[0]) == np.shape(expected[1][0])
    moves = (r.normal(size=(3, 2)), r.normal(size=2))
    found = f.hvp((w, x), moves)
    for part, other in zip(found, mx.hvp(branching, (w, x), moves), strict=True):
        assert part == pytest.approx(np.array(other), rel=1e-13, abs=1e-14)
    assert f.jacobian(w, x, argnum=0).shape == (3, 2)


@pytest.mark.parametrize("first", ["hvp", "jacobian", "value_and_grad"])
def test_derivatives_may_be_asked_for_in_any_order(first):
    def h(v):
        return (v[0] * 2.5 + v[1] ** 3 / 7.0).exp() * mx.softmax([v[0], v[1] * 3.0])[0] + mx.max([v[0], v[1], v[0] * v[1]])

    x, fresh = [0.3, 0.7], {name: compile(h) for name in ("hvp", "jacobian", "value_and_grad")}
    calls = {"hvp": lambda f: f.hvp((x,), ([1.0, 0.5],)), "jacobian": lambda f: f.jacobian(x)}
    calls["value_and_grad"] = lambda f: f.value_and_grad(x)
    f = compile(h)
    calls[first](f)
    for name, call in calls.items():
        assert call(f) == call(fresh[name])


def test_a_branch_not_taken_leaks_no_nan():
    f = compile(lambda xs: sum(mx.where(x > 0.0, mx.log(x), 0.0) for x in xs))
    value, slopes = f.value_and_grad([-1.0, 2.0, 0.0])
    assert value == pytest.approx(math.log(2.0))
    assert slopes == [0.0, 0.5, 0.0]


@pytest.mark.parametrize("x", [0.0, -1.0, math.inf, -math.inf, math.nan, 1e300, 5e-324])
@pytest.mark.parametrize("name", ["log", "sqrt", "exp", "reciprocal", "tanh", "softplus", "relu", "absolute", "cbrt", "square"])
def test_hard_numbers_give_what_eager_evaluation_gives(name, x):
    f = getattr(mx, name)
    leaf = mx.Value(x)
    out = f(leaf) * 2.0
    out.backward()
    value, slope = compile(lambda x: f(x) * 2.0).value_and_grad(x)
    assert value == pytest.approx(out.data, nan_ok=True, rel=1e-14)
    assert slope == pytest.approx(leaf.grad, nan_ok=True, rel=1e-14)


INF = math.inf


@pytest.mark.parametrize("xs", [[INF, 1.0, 2.0], [INF, INF, 0.0], [-INF, 1.0, 1.0], [-INF, -INF, -INF], [1e308, -1e308, INF]])
@pytest.mark.parametrize("upstream", [1.0, 0.0, INF, 1e300])
@pytest.mark.parametrize(
    "f", [lambda xs: mx.softmax(xs)[0], lambda xs: mx.log_softmax(xs)[1], mx.logsumexp, lambda xs: mx.logaddexp(*xs[:2])]
)
def test_exponentials_of_infinities_give_what_eager_evaluation_gives(f, upstream, xs):
    leaves = [mx.Value(x) for x in xs]
    out = f(leaves) * upstream
    out.backward()
    expected = [out.data, *(leaf.grad or 0.0 for leaf in leaves)]
    g = compile(lambda xs: f(xs) * upstream)
    for program in (g, g.program(xs), pickle.loads(pickle.dumps(g.program(xs)))):
        value, slopes = program.value_and_grad(xs)
        assert [value, *slopes] == pytest.approx(expected, nan_ok=True)


def test_a_local_derivative_at_a_pole_of_constants_is_infinite():
    assert compile(lambda x: x / 0.0).value_and_grad(1.0) == (INF, INF)
    assert compile(lambda x: mx.where(x > 0.0, x, x / 0.0)).value_and_grad(1.0) == (1.0, 1.0)


def test_a_rule_is_asked_once_for_numbers_that_vary_and_once_for_each_constant():
    asked = []
    op = mx.primitive(
        "asked_once", "asked_once({}, {})", lambda a, b: a * a * b,
        lambda a, b, out: asked.append(b) or 2.0 * a * b, lambda a, b, out: asked.append(b) or a * a,
    )  # fmt: skip

    def f(xs, y):
        varying = sum(op(x, y) for x in xs) + op(y, y)
        return varying + sum(op(x, 3.0) + op(x, 5.0) + op(5.0, x) for x in xs)

    asked.clear()
    xs, y = [0.5, 1.5, 2.5, 3.5], 4.0
    g = compile(f)
    assert g.value_and_grad(xs, y, argnums=(0, 1)) == mx.value_and_grad(f, argnums=(0, 1))(xs, y)
    constants = [float(b) for b in asked if type(b) is Constant]
    assert constants.count(3.0) == constants.count(5.0) == 1
    varying = [b for b in asked if type(b) is Number]
    assert len(varying) == 2 + 2 + 4  # op(y, y) is asked, too, and a * a of a constant is a number, not rows to write again
    assert g.hvp((xs, y), ([1.0] * 4, 0.0))[0] == pytest.approx([2.0 * (y + 8.0)] * 4)


def test_rules_are_right_for_more_constants_than_patterns_are_kept_for():
    scales = [1.0 + k / 7.0 for k in range(3 * MOST_PATTERNS)]
    f = compile(lambda xs: sum(mx.power(x, s) / s for x, s in zip(xs, scales + scales, strict=True)))
    xs = [0.5 + k / 300.0 for k in range(6 * MOST_PATTERNS)]
    assert f.grad(xs) == pytest.approx([x ** (s - 1.0) for x, s in zip(xs, scales + scales, strict=True)], rel=1e-14)


def test_a_rule_that_captured_a_value_or_writes_what_stands_for_an_operation_is_asked_each_time():
    w = mx.Value(2.0)
    captured = mx.primitive("captures_w", "captures_w({})", lambda x: w.data * x, lambda x, out: w * 1.0)
    lowered = mx.primitive("rule_of_dot", "rule_of_dot({})", lambda x: x**3 / 3.0, lambda x, out: mx.dot([x], [x]))
    xs, ones = [0.5, 1.5, -2.5], [1.0, 0.5, 2.0]

    f = compile(lambda xs: sum(captured(x) for x in xs) + w)
    for w.data in (2.0, 5.0):
        assert f.grad(xs) == [w.data] * 3
        assert [x.data for x in f.hvp((xs,), (ones,))] == [0.0] * 3  # on a copy of the tape
    g = compile(lambda xs: sum(map(lowered, xs)))
    assert g.grad(xs) == [x * x for x in xs]
    assert g.hvp((xs,), (ones,)) == [2.0 * x * v for x, v in zip(xs, ones, strict=True)]


def test_a_rule_that_reads_a_value_that_the_function_does_not_read_is_told_to_take_it_as_an_operand():
    w = mx.Value(3.0)
    rules = [lambda x, out: w * 1.0, lambda x, out: 2.0 * w.data]  # eager evaluation refuses the first, and reads the second anew
    for rule in rules:
        op = mx.primitive("reads_w", "reads_w({})", lambda x: 3.0 * x, rule, replace=True)
        f, batched = compile(lambda x, op=op: op(x) * x), compile(lambda x, op=op: op(x) * x, batch="x")
        assert f(2.0) == 12.0
        ask = [f.grad, f.hessian, lambda x, f=f: f.jvp((x,), (1.0,)), lambda x, f=f: f.hvp((x,), (1.0,))]
        for asked in (*ask, mx.grad(f), lambda x, f=batched: f.grad([x])):
            with pytest.raises(TypeError, match=r"a derivative rule reads Value\(data=3.0.*give the operation one operand more"):
                asked(2.0)


def test_a_rule_may_read_a_value_by_data_where_the_function_reads_it_too():
    w = mx.Value(3.0)
    op = mx.primitive("reads_data", "reads_data({})", lambda x: w.data * x, lambda x, out: w.data * 1.0)
    f = compile(lambda x: op(x) + w)
    for w.data in (3.0, 5.0):
        assert f.grad(2.0).data == w.data


@pytest.mark.parametrize("constants", [0.0, 0.3])
@pytest.mark.parametrize("wrt", [1, 4])
@pytest.mark.parametrize("deep", [False, True])
def test_what_depends_on_an_input_is_what_reads_it_or_what_depends_on_it(deep, wrt, constants):
    r = random.Random(0)
    for count in (0, 1, 5, 60):
        tape = Tape()
        numbers = [tape.input(1.0, 0) for _ in range(4)]
        depends_on = {x.slot: i < wrt for i, x in enumerate(numbers)}
        for _ in range(count):
            op = r.choice([mx.tanh, mx.exp, mx.maximum, mx.where])
            near = numbers[-3 if deep else 0 :]
            read = [float(r.randrange(3)) if r.random() < constants else r.choice(near) for _ in range(op.arity)]
            numbers.append(tape.append(op, read))
            depends_on[numbers[-1].slot] = any(depends_on[x.slot] for x in read if not isinstance(x, float))
        marks = depends(tape, tape.inputs[:wrt])
        assert list(marks) == [depends_on.get(row, False) for row in range(len(tape))] + [0]


@pytest.mark.parametrize("f", [lambda x: mx.sqrt(x[0] * x[0]) * x[1], lambda x: mx.divide(1.0, x[0] * x[1])])
def test_a_recorded_derivative_of_a_derivative_knows_which_products_were_made_zero(f):
    each = lambda x, v: mx.hvp(f, (x,), (v,))  # noqa: E731
    g, h = compile(mx.hessian(f)), compile(each)
    b = compile(each, batch="x", reduce=None)
    for x in ([0.0, 1.0], [0.0, 0.0], [-1.0, 0.0], [2.0, 3.0]):
        assert repr(g(x)) == repr(mx.hessian(f)(x))
        assert repr(h(x, [1.0, -0.5])) == repr(each(x, [1.0, -0.5]))
        assert repr(b(np.array([x]), [1.0, -0.5]).tolist()) == repr([each(x, [1.0, -0.5])])
    again = pickle.loads(pickle.dumps(g.program([0.0, 1.0])))
    assert again([0.0, 1.0]) == [slope for row in mx.hessian(f)([0.0, 1.0]) for slope in row]
    assert "kept" not in str(again)


@pytest.mark.parametrize("ask", [lambda f: compile(f).hvp, lambda f: compile(lambda *given: mx.hvp(f, *given))], ids=["of", "in"])
@pytest.mark.parametrize("f", [mx.logsumexp, lambda xs: mx.log_softmax(xs)[0], lambda xs: mx.softmax(xs)[0]])
def test_second_derivatives_ask_for_each_share_of_a_softmax_a_few_times_however_many_there_are(f, ask, monkeypatch):
    asked = []
    monkeypatch.setitem(LOWER, mx.ops.softmax_share, lambda tape, operands: [asked.append(1), shared(tape, operands)][1])
    xs, direction = [0.1 * k for k in range(30)], [1.0] * 30
    assert ask(f)((xs,), (direction,)) == pytest.approx(mx.hvp(f, (xs,), (direction,)), abs=1e-15)
    assert 30 <= len(asked) <= 4 * 30
