"""Compiled methods: each object is captured as by a closure, has recordings of its own, and takes them with it when it goes."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import microgradx as mx
from microgradx.replay import cache
from microgradx.replay.compile import compile


class Line:
    """w * x, scaled."""

    def __init__(self, w, scale=1.0):
        self.w = mx.Value(w)
        self.scale = scale

    @compile
    def loss(self, x, y):
        """Squared."""
        return (self.w * x * self.scale - y) ** 2

    def plain(self, x, y):
        return (self.w * x * self.scale - y) ** 2

    @staticmethod
    @compile
    def square(x):
        return x * x

    @classmethod
    @compile
    def named(cls, x):
        return x * len(cls.__name__)

    @compile
    def __call__(self, x):
        return self.w * x


def test_a_method_reads_the_values_of_its_object_at_each_call_and_gives_plain_numbers():
    line = Line(2.0)
    assert line.loss(3.0, 1.0) == 25.0
    line.w.data = 1.0
    assert line.loss(3.0, 1.0) == 4.0
    assert line.loss.backward(3.0, 1.0) == 4.0
    assert line.w.grad == 12.0
    assert line(5.0) == 5.0


def test_arguments_of_a_method_are_counted_without_its_object():
    line = Line(2.0)
    assert line.loss.value_and_grad(3.0, 1.0) == (25.0, 20.0)
    assert line.loss.grad(3.0, y=1.0) == 20.0
    assert line.loss.jacobian(3.0, 1.0, argnum=1) == -10.0
    assert Line(1.0).loss.hvp((3.0, 1.0), (1.0, None)) == (2.0, None)


def test_objects_have_recordings_of_their_own_that_go_with_them():
    first, second = Line(2.0), Line(3.0)
    assert [first.loss(1.0, 0.0), second.loss(1.0, 0.0), first.loss(2.0, 0.0)] == [4.0, 9.0, 16.0]
    assert [len(line.loss.recordings) for line in (first, second)] == [1, 1]
    first.loss.refresh()
    assert [len(line.loss.recordings) for line in (first, second)] == [0, 1]
    seen = [weakref.ref(first), weakref.ref(second), weakref.ref(second.w), weakref.ref(second.loss.recordings)]
    before = len(Line.loss.methods)
    gc.disable()
    try:
        del first, second
        assert [ref() for ref in seen] == [None] * 4
    finally:
        gc.enable()
    assert len(Line.loss.methods) == before - 2


def test_an_object_that_is_not_kept_lives_as_long_as_its_method_is_used():
    assert Line(2.0).loss(3.0, 1.0) == 25.0
    loss = Line(2.0).loss
    assert [loss(3.0, 1.0), loss(3.0, 1.0)] == [25.0, 25.0]


@pytest.mark.parametrize("method", [lambda line: line.loss, lambda line: compile(line.plain)], ids=["decorated", "compiled"])
def test_numbers_and_values_assigned_to_an_object_are_seen_and_what_it_holds_deeper_is_captured(method):
    line = Line(2.0)
    loss = method(line)
    assert loss(3.0, 1.0) == 25.0
    line.scale = 2.0
    assert loss(3.0, 1.0) == 121.0
    line.w = mx.Value(1.0)
    assert loss(3.0, 1.0) == 25.0
    line.scale = np.array(1.0)
    assert loss(3.0, 1.0) == 4.0
    line.scale[...] = 2.0
    assert loss(3.0, 1.0) == 4.0
    loss.refresh()
    assert loss(3.0, 1.0) == 25.0


def test_a_method_that_changes_its_object_runs_each_time():
    class Decaying:
        rate = 1.0

        @compile
        def step(self, x):
            self.rate *= 0.5
            return x * self.rate

    decaying = Decaying()
    assert [decaying.step(8.0) for _ in range(3)] == [4.0, 2.0, 1.0]


def test_who_assigns_many_numbers_to_an_object_is_told_so(monkeypatch):
    monkeypatch.setattr(cache, "STRUCTURES", 3)
    line = Line(2.0)
    for scale in (1.0, 2.0, 3.0):
        line.scale = scale
        line.loss(1.0, 1.0)
    line.scale = 4.0
    with pytest.warns(RuntimeWarning, match=r"self.scale was 3.0, then 4.0: pass what varies as an argument"):
        line.loss(1.0, 1.0)
    for w in (5.0, 6.0):
        line.w, line.loss.recordings.overflowed = mx.Value(w), False
        with pytest.warns(RuntimeWarning, match=r"self.w was the Value at 0x\w+, then .*assign the .data of a Value"):
            line.loss(1.0, 1.0)


def test_methods_of_samples_are_bound_too():
    class Model:
        def __init__(self, w):
            self.w = mx.Value(w)

    def loss(self, x, y):
        return (self.w * x - y) ** 2

    Model.loss = compile(loss, batch=("x", "y"))
    model, other = Model(2.0), Model(1.0)
    assert model.loss([1.0, 2.0], [1.0, 2.0]) == 2.5
    assert other.loss([1.0, 2.0], [1.0, 2.0]) == 0.0
    assert model.loss.backward([1.0, 2.0], [1.0, 2.0]) == 2.5
    assert model.w.grad == 5.0
    assert len(model.loss.recordings) == 1


def test_functions_in_a_class_that_are_no_methods_stay_what_they_are():
    line = Line(2.0)
    assert line.square(3.0) == Line.square(3.0) == 9.0
    assert line.named(2.0) == Line.named(2.0) == 8.0
    model = mx.nn.Neuron(1, "linear", rng=0)
    Line.model = compile(model)
    try:
        assert line.model([1.0]) == pytest.approx(model([1.0]).data)
    finally:
        del Line.model


def test_a_method_asked_of_the_class_is_the_function_with_its_name_and_text():
    assert (Line.loss.__name__, Line.loss.__doc__, Line(1.0).loss.__doc__) == ("loss", "Squared.", "Squared.")
    assert Line.loss(Line(2.0), 3.0, 1.0) == 25.0


def test_an_object_that_cannot_be_referred_to_weakly_is_refused():
    class Slotted:
        __slots__ = ()

        @compile
        def f(self, x):
            return x

    class Fine(Slotted):
        __slots__ = ("__weakref__",)

    with pytest.raises(TypeError, match="Slotted has no place for a weak reference: add '__weakref__' to its __slots__"):
        Slotted().f(1.0)
    assert Fine().f(1.0) == 1.0


def test_threads_share_the_recordings_of_a_method():
    line, found = Line(2.0), []
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: found.append(line.loss.recordings), range(8)))
    assert all(each is found[0] for each in found)


def test_what_is_assigned_to_an_object_that_is_called_itself_is_seen():
    class Scaled(Line):
        def __call__(self, x):
            return self.w * x * self.scale

    line = Scaled(2.0)
    f = compile(line)
    assert (f(3.0).data, f.grad(3.0).data) == (6.0, 2.0)
    line.scale = 5.0
    assert (f(3.0).data, f.grad(3.0).data) == (30.0, 10.0)
    assert repr(line) in repr(f)


class Signed:
    """A method that looks at an attribute of its object."""

    def __init__(self, k):
        self.k = k

    @compile
    def f(self, x):
        return x * 2.0 if repr(self.k) in ("True", "-0.0") else x


@pytest.mark.parametrize(("before", "after"), [(1, True), (0.0, -0.0)])
def test_an_attribute_that_is_equal_but_not_the_same_has_a_program_of_its_own(before, after):
    owner = Signed(before)
    assert owner.f(1.0) == 1.0
    owner.k = after
    assert owner.f(1.0) == 2.0
