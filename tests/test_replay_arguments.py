"""What may be an argument of a compiled function: structures keep their types, and what would lose its meaning is refused."""

import re
from collections import Counter, OrderedDict, defaultdict, namedtuple
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

import microgradx as mx
from microgradx.replay.compile import compile


class Parameters(dict):
    """A dict of one's own."""

    @property
    def a(self):
        return self["a"]


class Point(NamedTuple):
    """A point."""

    x: float
    y: float

    def norm(self):
        return self.x * self.x + self.y * self.y


class Sorted(namedtuple("Pair", ["low", "high"])):
    """A namedtuple that is not made from its fields one by one."""

    def __new__(cls, numbers):
        return super().__new__(cls, *sorted(numbers))


DICTS = [
    {"a": 1.0, "b": 2.0},
    OrderedDict(a=1.0, b=2.0),
    defaultdict(lambda: 7.0, a=1.0, b=2.0),
    defaultdict(None, a=1.0, b=2.0),
    Counter(a=1, b=2),
    Parameters(a=1.0, b=2.0),
]


@pytest.mark.parametrize("given", DICTS, ids=lambda d: type(d).__name__)
def test_dicts_of_any_kind_keep_it_inside_the_function_in_results_and_in_gradients(given):
    inside = []
    f = compile(lambda d: (inside.append(d), d["a"] * d["b"])[1])
    assert f.value_and_grad(given) == (2.0, {"a": 2.0, "b": 1.0})
    assert type(inside[0]) is type(f.grad(given)) is type(given)
    assert len(inside) == len(f.recordings) == 1
    again = compile(lambda d: d)(given)
    assert (type(again), list(again.items())) == (type(given), [("a", 1.0), ("b", 2.0)])
    assert getattr(again, "default_factory", None) is getattr(given, "default_factory", None)


def test_what_a_kind_of_dict_can_do_can_be_done_inside_the_function():
    assert compile(lambda d, x: d["missing"] * x)(defaultdict(lambda: 7.0, a=1.0), 2.0) == 14.0
    assert compile(lambda d: d.a * d["b"])(Parameters(a=3.0, b=2.0)) == 6.0
    assert compile(lambda d: d["missing"] + d["a"])(Counter(a=1)) == 1.0
    ordered = compile(lambda d: next(iter(d.values())) * 1.0)
    assert [ordered(OrderedDict(a=1.0, b=2.0)), ordered(OrderedDict(b=2.0, a=1.0))] == [1.0, 2.0]


def test_dicts_of_different_kinds_are_different_structures():
    f = compile(lambda d: d["a"] * (2.0 if isinstance(d, OrderedDict) else 1.0))
    assert [f({"a": 1.0}), f(OrderedDict(a=1.0)), f({"a": 3.0})] == [1.0, 2.0, 3.0]


def test_namedtuples_keep_their_type():
    f = compile(lambda p: p.norm())
    assert f.value_and_grad(Point(3.0, 4.0)) == (25.0, Point(6.0, 8.0))
    assert type(f.grad(Point(3.0, 4.0))) is Point
    assert compile(lambda p: p)(Sorted([2.0, 1.0])) == (1.0, 2.0)
    assert compile(lambda p: Point(p.y, p.x))(Point(1.0, Fraction(2))) == Point(2.0, 1.0)


class Labelled:
    """Numbers with something else, as of another library."""

    def __array__(self, dtype=None, copy=None):
        return np.ones(2)

    def __hash__(self):
        return 1


@pytest.mark.parametrize(
    "given",
    [np.ma.masked_array([1.0, 2.0], [False, True]), np.ones((1, 2)).view(np.matrix), Labelled()],
    ids=lambda x: type(x).__name__,
)
def test_arrays_that_are_more_than_their_numbers_are_refused(given):
    match = rf"a {type(given).__name__} is more than its numbers .* np\.asarray\(x\), or x\.filled\(0\.0\)"
    for call in (compile(lambda x: x.sum()), compile(lambda x: x.sum()).grad, lambda x: compile(lambda x: 1.0)([x])):
        with pytest.raises(TypeError, match=match):
            call(given)
    assert compile(lambda x: x.sum())(np.asarray(given)) == np.asarray(given).sum()


def test_files_of_numbers_and_numbers_of_numpy_are_as_any_others(tmp_path):
    x = np.memmap(tmp_path / "x", dtype=np.float64, mode="w+", shape=(2,))
    x[:] = [1.0, 2.0]
    f = compile(lambda x: x.sum())
    assert [f(x), f(np.ones(2)), f.grad(x).tolist()] == [3.0, 2.0, [1.0, 1.0]]
    assert compile(lambda x: x * 2.0).value_and_grad(np.float32(1.5)) == (3.0, 2.0)


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [(0, 36.0), (np.int64(0), 36.0), (-2, 36.0), (np.array(0), 36.0), ([0], (36.0,)), ([np.int64(-2)], (36.0,)), ((0,), (36.0,))],
    ids=repr,
)
def test_argnums_mean_what_they_mean_to_grad(argnums, expected):
    def f(w, x):
        return (w * x) ** 2

    assert compile(f).grad(2.0, 3.0, argnums=argnums) == expected
    assert compile(f, batch="x").value_and_grad(2.0, [3.0], argnums=argnums) == (36.0, expected)
    assert mx.grad(f, argnums)(2.0, 3.0) == expected
    assert compile(f).hvp((2.0, 3.0), (1.0, None)) == mx.hvp(f, (2.0, 3.0), (1.0, None)) == (18.0, None)
    assert compile(f).jacobian(2.0, 3.0, argnum=np.int64(1)) == mx.jacobian(f, np.int64(1))(2.0, 3.0) == 24.0


@pytest.mark.parametrize("argnums", ["a", 1.0, None, np.array([0, 1]), [0.0]], ids=repr)
def test_argnums_that_are_no_places_are_refused_as_by_grad(argnums):
    match = "must be the place of an argument or a tuple of places: write 0"
    with pytest.raises(TypeError, match=match):
        compile(lambda w, x: w * x).grad(2.0, 3.0, argnums=argnums)
    with pytest.raises(TypeError, match=match):
        compile(lambda w, x: w * x, batch="x").value_and_grad(2.0, [3.0], argnums=argnums)
    with pytest.raises(TypeError, match=match):
        mx.grad(lambda w, x: w * x, argnums)(2.0, 3.0)


def test_an_argument_named_twice_and_a_jacobian_by_several_are_refused():
    f = compile(lambda w, x: w * x)
    with pytest.raises(ValueError, match=r"argnums=\(0, -2\) names an argument twice"):
        f.grad(2.0, 3.0, argnums=(0, -2))
    for jacobian in (lambda argnum: f.jacobian(2.0, 3.0, argnum=argnum), lambda argnum: mx.jacobian(f, argnum)(2.0, 3.0)):
        with pytest.raises(TypeError, match=r"argnum=\(0, 1\) must be the place of one argument"):
            jacobian((0, 1))


def test_what_is_no_function_is_refused_at_once():
    for wrong in (3, None, mx.Value(1.0), classmethod(len)):
        with pytest.raises(TypeError, match=r"compile takes a function, got .*: write compile\(f\), or @compile right above"):
            compile(wrong)
    with pytest.raises(TypeError, match="compile takes a function, got 3"):
        compile(3, batch="x")
    with pytest.raises(ValueError, match=r"batch=3 names no argument: name those of \['w'\]"):
        compile(lambda w: w, batch=3)


def test_a_compiled_function_says_what_it_is_and_keeps_the_account():
    f = compile(Point.norm)
    assert repr(f) == "<compiled Point.norm: not recorded yet>"
    f(Point(1.0, 2.0))
    assert re.fullmatch(r"<compiled Point.norm: recorded once in [\d.]+ [mu]?s, replayed 0 times>", repr(f))
    for _ in range(1000):
        f(Point(1.0, 2.0))
    told = "replayed 1,000 times, in place of 3,000 operations on eager Values; for values alone .*, may be faster"
    assert re.fullmatch(rf"<compiled .*: recorded once in .*s, {told}>", repr(f))
    f.refresh()
    assert repr(f) == "<compiled Point.norm: not recorded yet>"
    assert repr(compile(f.f, batch="self")) == "<compiled Point.norm: not recorded yet, over batches of self>"
    model = mx.nn.Neuron(1, rng=0)
    assert repr(compile(model)) == f"<compiled {model!r}: not recorded yet>"



@pytest.mark.parametrize("make", [iter, lambda xs: (x for x in xs), lambda xs: zip(xs, xs, strict=True), lambda xs: map(abs, xs)])
def test_an_iterator_is_refused_as_a_replay_would_not_see_what_it_yields(make):
    with pytest.raises(TypeError, match=r"is used up when it is recorded: pass a list, as list\(x\)"):
        compile(lambda xs: sum(xs))(make([1.0, 2.0]))


def test_what_cannot_be_hashed_is_refused_with_what_to_pass():
    with pytest.raises(TypeError, match=r"must be hashable, .*unhashable type: 'set'.*; pass the numbers in it as a list"):
        compile(lambda xs: sum(xs))({1.0, 2.0})
