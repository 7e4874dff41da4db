"""Derivatives along directions over batches: of the mean, the sum and each sample, beside a loop over the samples."""

import numpy as np
import pytest

import microgradx as mx
from microgradx.replay.compile import compile

r = np.random.default_rng(0)
W, B, X, Y = r.normal(size=3), 0.3, r.normal(size=(29, 3)), r.normal(size=29)
DW, DB, DX, DY = r.normal(size=3), -0.7, r.normal(size=(29, 3)), r.normal(size=29)


def loss(w, b, x, y):
    """A neuron on one sample."""
    return (mx.tanh(mx.dot(list(w), list(x))) + b * b - y) ** 2


def along(question, moved):
    """What eager evaluation gives for each sample, with tangents for the arguments named."""
    tangents = {"w": DW, "b": DB, "x": DX, "y": DY}
    given = [tangents[name] if name in moved else None for name in "wbxy"]
    found = []
    for i in range(len(X)):
        direction = [t if k < 2 or t is None else t[i] for k, t in enumerate(given)]
        found.append(question(loss, (W, B, X[i], Y[i]), direction))
    return given, found


@pytest.mark.parametrize("moved", ["w", "b", "wb", "x", "wy", "wbxy"])
@pytest.mark.parametrize("threads", [1, 2])
def test_second_derivatives_times_a_direction_are_those_of_a_loop_over_the_samples(moved, threads):
    direction, alone = along(mx.hvp, moved)
    for reduce, count in ((None, 1), ("sum", 1), ("mean", len(X))):
        found = compile(loss, batch=("x", "y"), reduce=reduce, chunk=8, threads=threads).hvp((W, B, X, Y), direction)
        assert [one is None for one in found] == [name not in moved for name in "wbxy"]
        for k, name in enumerate("wbxy"):
            if name in moved:
                each = np.array([one[k] for one in alone])
                summed = reduce is not None and name in "wb"
                np.testing.assert_allclose(found[k], each.sum(axis=0) / count if summed else each / count, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("moved", ["w", "b", "wbxy"])
def test_rates_along_a_direction_are_those_of_a_loop_over_the_samples(moved):
    direction, alone = along(mx.jvp, moved)
    values, rates = np.array(alone).T
    for reduce, gives in ((None, np.asarray), ("sum", np.sum), ("mean", np.mean)):
        f = compile(loss, batch=("x", "y"), reduce=reduce, chunk=8)
        np.testing.assert_allclose(f.jvp((W, B, X, Y), direction), [gives(values), gives(rates)], rtol=1e-12)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_give_the_bits_of_one_also_for_second_derivatives(threads):
    alone, together = (compile(loss, batch=("x", "y"), chunk=4, threads=count) for count in (1, threads))
    for _ in range(3):
        for tangents in ((DW, DB, None, None), (DW, None, DX, None)):
            pairs = zip(*(f.hvp((W, B, X, Y), tangents) for f in (alone, together)), strict=True)
            assert all(a is b is None or np.array_equal(a, b) for a, b in pairs)
        assert alone.jvp((W, B, X, Y), (DW, DB, None, None)) == together.jvp((W, B, X, Y), (DW, DB, None, None))


def test_structures_names_and_streams_of_directions():
    f = compile(lambda p, x, scale=1.0: scale * (p["a"] * x) ** 2 * p["b"][0], batch="x")
    point = {"a": 2.0, "b": [3.0]}
    found = f.hvp((point, [1.0, 2.0]), ({"b": [0.0], "a": 1.0}, None), scale=2.0)
    assert found == ({"a": 30.0, "b": [20.0]}, None)
    (by_a, by_x) = f.hvp((point, iter([np.ones(1), np.ones(1)])), ({"a": 0.0, "b": [0.0]}, iter([np.ones(1), np.zeros(1)])))
    assert by_a == {"a": 12.0, "b": [4.0]}
    assert by_x.tolist() == [12.0, 0.0]
    alone = compile(lambda x: x**3, batch="x", reduce=None)
    assert alone.hvp(([1.0, 2.0],), ([1.0, 0.5],)).tolist() == [6.0, 6.0]


def test_a_factor_that_is_zero_stays_zero_in_second_derivatives():
    def f(w, x):
        return mx.where(x > 0.0, mx.log(w * x), 0.0) * w

    for x in (1.0, 0.0, -1.0):
        found, _ = compile(f, batch="x").hvp((2.0, [x, 3.0]), (1.0, None))
        wanted = [mx.hvp(f, (2.0, one), (1.0, None))[0] for one in (x, 3.0)]
        assert found == pytest.approx(sum(wanted) / 2.0, rel=1e-14)
    curved = compile(lambda w, x: w.sqrt() * x, batch="x")
    with pytest.raises(FloatingPointError, match="sample 0 gives a gradient that is not finite"):
        curved.hvp((0.0, [1.0]), (1.0, None))


def test_a_function_that_is_a_derivative_itself_is_differentiated_again():
    def slope(w, x):
        return mx.grad(lambda v: mx.where(v > 0.0, v.log(), 0.0) * x * w * w)(w)

    f = compile(slope, batch="x", reduce="sum")
    for w in (2.0, -1.0):
        alone = [mx.value_and_grad(slope)(w, x) for x in (1.0, 2.0)]
        assert f.value_and_grad(w, [1.0, 2.0]) == pytest.approx(tuple(np.sum(alone, axis=0)), rel=1e-14)


def test_the_matrix_of_second_derivatives_of_the_mean_and_of_each_sample():
    alone = [mx.hessian(loss)(W, B, x, y) for x, y in zip(X, Y, strict=True)]
    each = compile(loss, batch=("x", "y"), reduce=None, chunk=8).hessian(W, B, X, Y)
    np.testing.assert_allclose(each, alone, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(compile(loss, batch=("x", "y")).hessian(W, B, X, Y), each.mean(axis=0), rtol=1e-12)
    by_x = compile(loss, batch=("x", "y"), reduce=None).hessian(W, B, X, Y, argnum=2)
    np.testing.assert_allclose(by_x[3], mx.hessian(loss, 2)(W, B, X[3], Y[3]), rtol=1e-11, atol=1e-14)


def test_directions_that_do_not_fit_are_named():
    f = compile(loss, batch=("x", "y"))
    with pytest.raises(ValueError, match=r"the tangent of x has the shape \(29,\), its primal \(29, 3\): shape it"):
        f.hvp((W, B, X, Y), (None, None, DY, None))
    with pytest.raises(ValueError, match=r"x, y, the tangent of y have \[29, 29, 3\] samples"):
        f.jvp((W, B, X, Y), (None, None, None, DY[:3]))
    with pytest.raises(ValueError, match=r"tangent 0 has an array of shape \(2,\) for inputs of shape \(3,\)"):
        f.hvp((W, B, X, Y), (DW[:2], None, None, None))
    with pytest.raises(ValueError, match="hvp needs a primal that moves"):
        f.hvp((W, B, X, Y), (None, None, None, None))
    with pytest.raises(ValueError, match="hvp needs one tangent for each primal"):
        f.hvp((W, B, X, Y), (DW,))
