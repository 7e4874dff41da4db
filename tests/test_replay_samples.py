"""What may be the samples of a batch: numbers in arrays, files and iterators; what cannot be read is named."""

import tracemalloc
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

import microgradx as mx
from microgradx.replay.compile import compile


@pytest.mark.parametrize("given", [np.ma.masked_array([1.0, 2.0], [False, True]), np.ones((2, 1)).view(np.matrix)])
def test_samples_that_are_more_than_their_numbers_are_refused(given):
    f = compile(lambda w, x: w * mx.sum(np.ravel(x)), batch="x")
    for samples in (given, iter([given]), iter([np.asarray(given), given])):
        with pytest.raises(TypeError, match="is more than its numbers"):
            f(2.0, samples)


class Point(NamedTuple):
    x: Any
    y: Any


@pytest.mark.parametrize(
    ("samples", "error", "words"),
    [
        (["a", "b"], TypeError, r"x has samples such as np\.str_\('a'\), which are no real numbers: convert it to floats"),
        ([1.0, 2j], TypeError, r"x has samples such as np\.complex128\(1\+0j\), which are no real numbers"),
        ("abc", TypeError, "x is 'abc': pass an array with one sample per row"),
        (None, TypeError, "x is None: pass an array"),
        ({"a": 1.0}, TypeError, r'x\["a"\] is 1\.0: pass an array with one sample per row'),
        ({"a": [1.0], "b": ["c"]}, TypeError, r'x\["b"\] has samples such as np\.str_'),
        ({"a": [1.0], "b": [1.0, 2.0]}, ValueError, r'x\["a"\], x\["b"\], y have \[1, 2, 2\] samples'),
        ([{"a": 1.0}, {"a": 2.0}], TypeError, r"samples such as {'a': 1.0}: pass a dict with the keys 'a' that holds arrays"),
        ([Point(1.0, 2.0)] * 2, TypeError, r"such as Point\(x=1\.0, y=2\.0\): pass a Point with the keys 'x', 'y' that holds"),
        ([1.0, None], TypeError, r"None \(NoneType\) is not a number: write a float"),
        ([mx.Value(1.0)], TypeError, r"x has Values among its samples, .*: pass their \.data"),
        ([[1.0], [1.0, 2.0]], ValueError, "x has samples of different shapes: give all the same"),
        (iter([np.ones(2), np.ones(2)]), ValueError, r"y ended after 1 chunk\(s\) and another of them goes on: give all as many"),
        (iter([]), ValueError, r"x ended after 0 chunk\(s\) and another of them goes on"),
        (iter([["a"]]), TypeError, "x has samples such as"),
    ],
)
def test_samples_that_cannot_be_read_are_named(samples, error, words):
    f = compile(lambda w, x, y: w * x * y, batch=("x", "y"))
    with pytest.raises(error, match=words):
        f(1.0, samples, iter([np.ones(2)]) if hasattr(samples, "__next__") else [1.0, 2.0])


@dataclass
class Sample:
    x: Any
    weight: Any = 1.0


class Named(NamedTuple):
    x: Any
    weight: Any


@pytest.mark.parametrize("kind", [dict, Sample, Named], ids=["dict", "dataclass", "named tuple"])
def test_a_sample_may_have_parts_each_an_array_of_all_samples(kind):
    r = np.random.default_rng(0)
    X, weights, tilts, y = r.normal(size=(11, 2)), r.uniform(size=11), r.normal(size=(11, 2)), r.normal(size=11)

    def parts(s):
        return (s["x"], s["weight"]) if kind is dict else (s.x, s.weight)

    def loss(w, s, y):
        x, weight = parts(s)
        return weight * mx.tanh(w[0] * x[0] + w[1] * x[1] - y) ** 2

    w, given = [0.5, -1.0], kind(x=X, weight=weights)
    each = compile(loss, batch=("s", "y"), reduce=None, chunk=4)
    value, (by_w, by_s, by_y) = each.value_and_grad(w, given, y, argnums=(0, 1, 2))
    assert type(by_s) is kind
    along = each.hvp((w, given, y), (None, kind(x=tilts, weight=np.zeros(11)), None))[1]
    for i in range(11):
        one = kind(x=X[i], weight=weights[i])
        wanted, (of_w, of_s, of_y) = mx.value_and_grad(loss, argnums=(0, 1, 2))(w, one, y[i])
        assert (value[i], by_y[i]) == pytest.approx((wanted, of_y), rel=1e-13)
        np.testing.assert_allclose([column[i] for column in by_w], of_w, rtol=1e-13)
        for found, expected in zip(parts(by_s), parts(of_s), strict=True):
            np.testing.assert_allclose(found[i], expected, rtol=1e-12)
        direction = (None, kind(x=tilts[i], weight=0.0), None)
        for found, expected in zip(parts(along), parts(mx.hvp(loss, (w, one, y[i]), direction)[1]), strict=True):
            np.testing.assert_allclose(found[i], expected, rtol=1e-11, atol=1e-14)
    assert compile(loss, batch=("s", "y"), reduce="sum")(w, given, y) == pytest.approx(value.sum(), rel=1e-14)
    stream = kind(x=iter([X[:5], X[5:]]), weight=iter([weights[:5], weights[5:]]))
    assert (each(w, stream, iter([y[:5], y[5:]])) == value).all()
    with pytest.raises(ValueError, match=r"the tangent of s.* has the shape .*, its primal .*: shape it like the primal"):
        each.hvp((w, given, y), (None, kind(x=weights, weight=weights), None))
    if kind is dict:
        with pytest.raises(ValueError, match=r"tangent 1 has samples at .*, its primal at .*: shape it like the primal"):
            each.hvp((w, given, y), (None, {"x": tilts}, None))
    bent = compile(lambda s: parts(s)[1] if parts(s)[0][1] > 0.0 else 0.0, batch="s")
    with pytest.raises(TypeError, match="sample 3 takes another way"):
        bent(kind(x=[[1.0, 1.0]] * 3 + [[1.0, -1.0]], weight=[1.0] * 4))


def test_numbers_of_any_kind_are_samples():
    f = compile(lambda w, x: w * x, batch="x", reduce="sum")
    assert f(1.0, [Fraction(1, 2), 2**70]) == 0.5 + 2.0**70
    assert f(1.0, np.array([True, False])) == 1.0


def test_arguments_of_a_function_of_samples_may_be_given_by_name():
    f = compile(lambda w, x, scale=2.0, *, shift=0.0: w * x * scale + shift, batch="x")
    assert f(w=3.0, x=[1.0, 2.0]) == f(3.0, x=[1.0, 2.0]) == f(3.0, [1.0, 2.0]) == 9.0
    assert f(3.0, [1.0, 2.0], shift=1.0) == 10.0
    assert f.value_and_grad(3.0, x=[1.0, 2.0], scale=1.0) == (4.5, 1.5)
    w = mx.Value(3.0)
    assert compile(lambda x: w * x, batch="x").backward(x=[1.0, 2.0]) == 4.5
    assert w.grad == 1.5


def test_names_that_no_argument_of_the_function_has_are_refused():
    def loss(w, x):
        return w * x

    f = compile(loss, batch="x")
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'y': the function of one sample is loss\(w, x\)"):
        f(1.0, [1.0], y=2.0)
    with pytest.raises(TypeError, match=r"missing a required argument: 'x': the function of one sample is loss\(w, x\)"):
        f(w=1.0)
    with pytest.raises(ValueError, match=r"batch names \['x'\], the function has the arguments \['w'\] by place"):
        compile(lambda w, *, x: w * x, batch="x")


def test_a_mean_with_weights_is_a_factor_of_each_sample():
    r = np.random.default_rng(0)
    xs, ys, weights = r.normal(size=50), r.normal(size=50), r.uniform(size=50)
    f = compile(lambda w, x, y, weight: weight * (w * x - y) ** 2, batch=("x", "y", "weight"), reduce="sum", chunk=16)
    value, slope = f.value_and_grad(0.5, xs, ys, weights / weights.sum())
    assert value == pytest.approx(np.average((0.5 * xs - ys) ** 2, weights=weights), rel=1e-13)
    assert slope == pytest.approx(np.average(2.0 * xs * (0.5 * xs - ys), weights=weights), rel=1e-12)


def test_a_minibatch_is_the_rows_that_an_index_array_chooses():
    r = np.random.default_rng(0)
    xs, ys, rows = r.normal(size=(50, 2)), r.normal(size=50), r.permutation(50)[:20]
    f = compile(lambda w, x, y: (w[0] * x[0] + w[1] * x[1] - y) ** 2, batch=("x", "y"))
    value, slopes = f.value_and_grad(np.array([0.5, 2.0]), xs[rows], ys[rows])
    misses = xs[rows] @ [0.5, 2.0] - ys[rows]
    assert value == pytest.approx((misses**2).mean(), rel=1e-13)
    assert slopes == pytest.approx((2.0 * misses[:, None] * xs[rows]).mean(axis=0), rel=1e-12)


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.int8, np.uint16])
def test_samples_of_fewer_bytes_are_read_chunk_by_chunk_and_calculated_in_double_precision(kind, tmp_path):
    count = 400_000
    samples = np.memmap(tmp_path / "x", dtype=kind, mode="w+", shape=(count, 2))
    samples[:] = (np.arange(2 * count) % 100).reshape(count, 2)
    if samples.dtype.kind == "f":
        samples /= kind(3)
    f = compile(lambda w, x: w[0] * x[0] * x[1] + w[1], batch="x", reduce="sum")
    w = np.array([0.1, 3.0], dtype=np.float32)
    f.value_and_grad(w, samples[:1024])
    tracemalloc.start()
    value, slopes = f.value_and_grad(w, samples)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000  # in double precision the samples are 6.4 MB
    doubles = samples.astype(np.float64)
    assert slopes.dtype == np.float64
    assert slopes == pytest.approx(np.array([(doubles[:, 0] * doubles[:, 1]).sum(), count]), rel=1e-13)
    assert value == pytest.approx(w.astype(np.float64) @ slopes, rel=1e-13)
    by_samples = f.grad(w, samples[:10], argnums=1)
    assert by_samples.dtype == np.float64
    np.testing.assert_allclose(by_samples, np.float64(w[0]) * doubles[:10, ::-1], rtol=1e-15)


def test_what_turns_into_an_array_of_numbers_is_one():
    class Column:
        def __init__(self, numbers):
            self.numbers = numbers

        def __array__(self, dtype=None, copy=None):
            return np.array(self.numbers)

    f = compile(lambda w, x: w * x[0], batch="x", reduce="sum")
    assert f(2.0, Column([[1.0], [2.0]])) == 6.0
    with pytest.raises(TypeError, match=r"x has samples such as np\.str_\('a'\)"):
        f(2.0, Column([["a"], ["b"]]))


def test_chunks_without_samples_are_passed_over():
    f = compile(lambda w, x: w * x, batch="x", reduce=None)
    assert f(2.0, iter([np.ones(0), np.ones(1), np.ones(0), np.ones(2)])).tolist() == [2.0, 2.0, 2.0]
    with pytest.raises(ValueError, match="x has no samples: give at least one"):
        f(2.0, iter([np.ones(0)]))


def test_a_batch_is_not_evaluated_where_it_would_be_frozen():
    each = compile(lambda w, x: w * x, batch="x")
    with pytest.raises(TypeError, match=r"a function of batches was evaluated at .* without batch and call that here"):
        compile(lambda w: each(w, [1.0, 2.0]) * w)(1.0)


def test_a_compiled_function_inside_that_of_a_sample_is_part_of_it():
    square = compile(lambda w: w**2)
    assert compile(lambda w, x: square(w) * x, batch="x").value_and_grad(1.5, [1.0, 2.0]) == (3.375, 4.5)


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_between_two_chunks_leaves_nothing_behind(threads):
    def stream(stop):
        for k in range(8):
            if k == stop:
                raise KeyboardInterrupt
            yield np.arange(4.0) + k

    f = compile(lambda w, x: w * x, batch="x", reduce="sum", chunk=2, threads=threads)
    expected, before = f.value_and_grad(2.0, stream(-1)), np.getbufsize()
    with pytest.raises(KeyboardInterrupt):
        f.value_and_grad(3.0, stream(5))
    assert f.value_and_grad(2.0, stream(-1)) == expected
    assert np.getbufsize() == before
