"""What may be the samples of a batch: numbers in arrays, files and iterators; what cannot be read is named."""

from fractions import Fraction

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


@pytest.mark.parametrize(
    ("samples", "error", "words"),
    [
        (["a", "b"], TypeError, r"x has samples such as np\.str_\('a'\), which are no real numbers: convert it to floats"),
        ([1.0, 2j], TypeError, r"x has samples such as np\.complex128\(1\+0j\), which are no real numbers"),
        ("abc", TypeError, "x is 'abc': pass an array with one sample per row"),
        (None, TypeError, "x is None: pass an array"),
        ({"a": 1.0}, TypeError, "x is {'a': 1.0}: pass an array"),
        ([1.0, None], TypeError, r"None \(NoneType\) is not a number: write a float"),
        ([mx.Value(1.0)], TypeError, r"is in a graph already: use it as it is, or \.data for its number"),
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
