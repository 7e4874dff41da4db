"""What a batch gives: sums over its samples or the result of each, in the structure of the function, and derivatives of these."""

import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest

import microgradx as mx
from microgradx import nn
from microgradx.replay.compile import compile

W = [0.5, -1.25, 2.0]
X = np.random.default_rng(0).normal(size=(23, 3))
Y = np.random.default_rng(1).normal(size=23)


@dataclass
class Pair:
    score: object
    rest: object


def loss(w, x, y):
    """A small regression on one sample."""
    return (mx.dot(list(w), list(x)).tanh() - y) ** 2 + 0.1 * w[0] * w[0]


def rows(f, *args, of=()):
    """What `f` gives for each sample; the arguments at the places `of` are the samples."""
    count = len(args[of[0]])
    return [f(*[x[i] if k in of else x for k, x in enumerate(args)]) for i in range(count)]


RESULTS = {
    "a number": lambda w, x: mx.dot(w, list(x)).exp(),
    "a list": lambda w, x: [w[0] * x[0], w[1] * x[1] * x[2]],
    "a tuple": lambda w, x: (w[0] * x[0], w[1]),
    "a dict": lambda w, x: {"a": w[0] * x[0], "b": [x[1], x[2] * w[2]], "c": "kept"},
    "a dataclass": lambda w, x: Pair(w[0] * x[1], (x[2].sin(), 1.0)),
    "an array": lambda w, x: np.outer(np.array(w), x),
}


@pytest.mark.parametrize("f", RESULTS.values(), ids=RESULTS)
def test_the_results_of_all_samples_are_arrays_in_the_structure_of_one(f):
    each = compile(f, batch="x", reduce=None, chunk=8)
    alone = rows(compile(f), W, X, of=(1,))

    def agree(found, wanted):
        match found:
            case np.ndarray():
                assert len(found) == len(X)
                np.testing.assert_allclose(found, np.array(wanted), rtol=1e-14)
            case dict():
                assert all(list(found) == list(one) for one in wanted)
                for key in found:
                    agree(found[key], [one[key] for one in wanted])
            case Pair():
                agree(found.score, [one.score for one in wanted])
                agree(found.rest, [one.rest for one in wanted])
            case list() | tuple():
                assert {type(found)} == set(map(type, wanted))
                for k, part in enumerate(found):
                    agree(part, [one[k] for one in wanted])
            case _:
                assert all(one == found for one in wanted)

    agree(each(W, X), alone)
    agree(each(W, iter([X[:9], X[9:10], X[10:]])), alone)
    agree(compile(f, batch="x", reduce=None, chunk=4, threads=2)(W, X), alone)


@pytest.mark.parametrize("kind", [list, np.array, lambda w: {"a": w[0], "b": w[1:]}], ids=["list", "array", "dict"])
def test_the_gradients_of_all_samples_are_those_of_one(kind):
    def f(w, x, y):
        return loss([w["a"], *w["b"]] if isinstance(w, dict) else w, x, y)

    value, slopes = compile(f, batch=("x", "y"), reduce=None).value_and_grad(kind(W), X, Y)
    alone = rows(compile(f).value_and_grad, kind(W), X, Y, of=(1, 2))
    np.testing.assert_allclose(value, [one for one, _ in alone], rtol=1e-13)
    if isinstance(slopes, dict):
        slopes = [slopes["a"], *slopes["b"]]
        alone = [(one, [found["a"], *found["b"]]) for one, found in alone]
    columns = slopes if isinstance(slopes, np.ndarray) else np.array(slopes).T
    np.testing.assert_allclose(columns, [found for _, found in alone], rtol=1e-12)


def test_a_gradient_by_what_differs_has_an_axis_of_samples_whatever_is_added_up():
    each, mean, total = (compile(loss, batch=("x", "y"), reduce=reduce, chunk=8) for reduce in (None, "mean", "sum"))
    value, (by_w, by_x, by_y) = each.value_and_grad(np.array(W), X, Y, argnums=(0, 1, 2))
    assert (by_w.shape, by_x.shape, by_y.shape) == ((23, 3), (23, 3), (23,))
    alone = rows(mx.grad(loss, 1), np.array(W), X, Y, of=(1, 2))
    np.testing.assert_allclose(by_x, alone, rtol=1e-12)
    for whole, count in ((mean, 23), (total, 1)):
        found, (slopes, own) = whole.value_and_grad(np.array(W), X, Y, argnums=(0, -2))
        assert found == pytest.approx(value.sum() / count, rel=1e-14)
        np.testing.assert_allclose(slopes, by_w.sum(axis=0) / count, rtol=1e-12)
        assert (own == by_x / count).all()
        assert (whole.grad(np.array(W), iter([X[:3], X[3:]]), iter([Y[:3], Y[3:]]), argnums=1) == own).all()


def test_a_model_among_the_arguments_has_gradients_of_each_sample_by_its_names():
    model = nn.MLP(3, [2, 1], rng=0)
    f = compile(lambda model, x: model(list(x)) ** 2, batch="x", reduce=None)
    slopes = f.grad(model, X)
    for i in (0, 22):
        (model(X[i].tolist()) ** 2).backward()
        for name, parameter in model.named_parameters():
            assert slopes[name][i] == pytest.approx(parameter.grad, rel=1e-12)
        model.zero_grad()


def test_several_results_are_averaged_each():
    f = compile(lambda w, x: {"a": w * x, "b": [x, w]}, batch="x")
    assert f(2.0, [1.0, 2.0, 6.0]) == {"a": 6.0, "b": [3.0, 2.0]}
    with pytest.raises(TypeError, match="a gradient needs a function of one result"):
        f.value_and_grad(2.0, [1.0])


@pytest.mark.parametrize("reduce", [None, "mean", "sum"])
def test_what_stands_beside_the_value_is_given_for_each_sample(reduce):
    def f(w, x, y):
        score = mx.dot(list(w), list(x))
        return (score - y) ** 2, {"score": score, "right": (score > 0.0) == (y > 0.0)}

    each = compile(f, batch=("x", "y"), reduce=reduce, chunk=8)
    (value, beside), (by_w, by_y) = each.value_and_grad(W, X, Y, argnums=(0, 2), has_aux=True)
    scores = X @ W
    np.testing.assert_allclose(beside["score"], scores, rtol=1e-13)
    assert beside["right"].tolist() == ((scores > 0) == (Y > 0)).tolist()
    squares, count = (scores - Y) ** 2, len(X) if reduce == "mean" else 1
    np.testing.assert_allclose(value, squares if reduce is None else squares.sum() / count, rtol=1e-12)
    np.testing.assert_allclose(by_y, -2.0 * (scores - Y) / count, rtol=1e-12)
    own = 2.0 * (scores - Y)[:, None] * X / count
    np.testing.assert_allclose(np.array(by_w).T, own if reduce is None else own.sum(axis=0), rtol=1e-12)
    slopes, again = each.grad(W, X, Y, has_aux=True)
    assert (np.array(slopes) == np.array(by_w)).all()
    assert (again["score"] == beside["score"]).all()
    nothing = compile(lambda w, x: (w * x, {"kind": "linear", "none": [], "same": w}), batch="x", reduce=reduce)
    aux = nothing.value_and_grad(2.0, [1.0, 3.0], has_aux=True)[0][1]
    assert (aux["kind"], aux["none"], aux["same"].tolist()) == ("linear", [], [2.0, 2.0])
    with pytest.raises(TypeError, match="with has_aux=True the function must return a pair"):
        compile(lambda w, x: w * x, batch="x", reduce=reduce).value_and_grad(1.0, [1.0], has_aux=True)


def test_the_jacobian_of_each_sample_and_of_their_mean():
    def f(w, x):
        return np.array([w[0] * x[0], w[1] * w[0] * x[1], x[2]])

    w = np.array(W[:2])
    each = compile(f, batch="x", reduce=None).jacobian(w, X)
    np.testing.assert_allclose(each, rows(mx.jacobian(f), w, X, of=(1,)), rtol=1e-14)
    np.testing.assert_allclose(compile(f, batch="x").jacobian(w, X), each.mean(axis=0), rtol=1e-13, atol=1e-16)
    by_x = compile(f, batch="x", reduce=None).jacobian(w, X, argnum=1)
    np.testing.assert_allclose(by_x, rows(mx.jacobian(f, 1), w, X, of=(1,)), rtol=1e-14)
    listed = compile(lambda w, x: [w * x, {"k": w * w}], batch="x", reduce=None).jacobian(3.0, [1.0, 2.0])
    assert [listed[0].tolist(), listed[1]["k"].tolist()] == [[1.0, 2.0], [6.0, 6.0]]
    scaled = compile(lambda w, x: np.array([w * x[0], w * w]), batch="x", reduce=None).jacobian(3.0, [[1.0], [2.0]])
    assert scaled.tolist() == [[1.0, 6.0], [2.0, 6.0]]


def test_results_of_single_samples_may_be_infinite_and_are_those_of_eager_evaluation():
    def f(w, x):
        return mx.where(x > 0.0, mx.log(w * x), mx.exp(-w * x)) / x

    xs = [1.0, 0.0, -800.0, float("nan"), float("inf"), 2.0]
    each = compile(f, batch="x", reduce=None, chunk=4)
    value, slopes = each.value_and_grad(2.0, xs, argnums=(0, 1))
    for i, x in enumerate(xs):
        one, by = mx.value_and_grad(f, argnums=(0, 1))(2.0, x)
        np.testing.assert_allclose([value[i], slopes[0][i], slopes[1][i]], [one, *by], rtol=1e-15)
    with pytest.raises(FloatingPointError, match="sample 1 gives a value that is not finite"):
        compile(f, batch="x")(2.0, xs)


@pytest.mark.parametrize("threads", [1, 2])
def test_results_of_a_sample_do_not_depend_on_the_others(threads):
    each = compile(loss, batch=("x", "y"), reduce=None, chunk=8, threads=threads)
    value, slopes = each.value_and_grad(np.array(W), X, Y)
    for low, high in ((0, 8), (8, 16), (16, 23)):
        found = each.value_and_grad(np.array(W), X[low:high], Y[low:high])
        assert (found[0] == value[low:high]).all()
        assert (found[1] == slopes[low:high]).all()


def test_results_of_all_samples_are_stored_once():
    each = compile(lambda w, x: w * x, batch="x", reduce=None)
    xs = np.linspace(0.0, 1.0, 400_000)
    each.value_and_grad(2.0, xs[:1024])
    tracemalloc.start()
    value, slopes = each.value_and_grad(2.0, xs)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (value == 2.0 * xs).all()
    assert (slopes == xs).all()
    assert peak < 1.2 * (value.nbytes + slopes.nbytes)


def test_backward_reaches_values_that_were_captured_or_given():
    w, a = mx.Value(3.0), mx.Value(2.0)
    f = compile(lambda a, b, x: w * a * x + b, batch="x")
    assert f.backward(a, a, [1.0, 3.0]) == 14.0
    assert (w.grad, a.grad) == (4.0, 7.0)
    with pytest.raises(ValueError, match="backward starts from one number, and reduce=None gives one for each sample"):
        compile(lambda x: w * x, batch="x", reduce=None).backward([1.0])
