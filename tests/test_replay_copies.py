"""Compiled functions are pickled and copied as functions are: by name where they have one; recordings are made anew."""

import copy
import functools
import pickle

import numpy as np
import pytest

import microgradx as mx
from microgradx.replay.compile import compile


def line(w, x):
    """w * x."""
    return w * x


@compile
def square(x):
    return x * x


@functools.partial(compile, batch="x")
def total(w, x):
    return w * x


compiled = compile(line)
batched = compile(line, batch="x", reduce="sum", chunk=3)


class Model:
    def __init__(self, w):
        self.w = mx.Value(w)
        self.own = compile(self.plain)

    def plain(self, x):
        return self.w * x * 10.0

    @compile
    def loss(self, x):
        return self.w * x

    def __call__(self, x):
        return self.w + x


def pickled(x):
    return pickle.loads(pickle.dumps(x))


def old(x):
    return pickle.loads(pickle.dumps(x, protocol=2))


copies = pytest.mark.parametrize("again", [pickled, old, copy.copy, copy.deepcopy], ids=["pickle", "protocol 2", "copy", "deep"])


@copies
def test_a_decorated_function_is_found_by_its_name(again):
    assert again(square) is square
    assert again(total) is total
    assert again(Model.loss) is Model.loss


@copies
def test_another_compiled_function_is_compiled_anew(again):
    compiled(2.0, 3.0)
    other = again(compiled)
    assert other is not compiled
    assert other.f is line
    assert len(other.recordings) == 0
    assert other.value_and_grad(2.0, 3.0) == (6.0, 3.0)
    assert (other.__name__, other.__doc__) == ("line", "w * x.")
    assert again(batched)(2.0, np.ones(5)) == 10.0
    assert again(batched).chunk == 3


@copies
def test_a_method_is_that_of_the_object_in_the_copy(again):
    model = Model(2.0)
    for name, factor in (("loss", 1.0), ("own", 10.0)):
        assert getattr(model, name)(3.0) == 6.0 * factor
        method = again(getattr(model, name))
        assert method(3.0) == 6.0 * factor
        model.w.data = 5.0
        assert method(3.0) == (15.0 if again is copy.copy else 6.0) * factor
        model.w.data = 2.0


@pytest.mark.parametrize("again", [pickled, old, copy.deepcopy], ids=["pickle", "protocol 2", "deep"])
def test_an_object_that_holds_its_compiled_method_is_copied_whole(again):
    model = Model(2.0)
    model.own(1.0)
    other = again(model)
    other.w.data = 3.0
    assert [other.own(1.0), other.loss(1.0), model.own(1.0), model.loss(1.0)] == [30.0, 3.0, 20.0, 2.0]
    assert other.own.f.__self__ is other


@copies
def test_a_compiled_object_is_copied_with_it(again):
    f = compile(Model(2.0))
    assert again(f)(3.0) == 5.0


def test_a_compiled_function_that_is_not_found_by_name_is_copied_but_not_pickled():
    w = mx.Value(2.0)
    f = compile(lambda x: w * x)
    assert copy.deepcopy(f)(3.0) == 6.0
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(f)
