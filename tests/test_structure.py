"""Numbers inside structures: what one of transforms, compile, checks and models takes, all take, and under the same paths."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microgradx as mx
from microgradx import Value, nn
from microgradx.containers import parameters
from microgradx.replay.arguments import Call
from microgradx.replay.compile import compile
from microgradx.structure import filled, flat, laid_out, paths
from microgradx.testing import check_gradient


class Point(NamedTuple):
    """A namedtuple."""

    x: float
    y: float


@dataclass(frozen=True)
class Line:
    """A dataclass with a field that is not a number."""

    slope: float
    ends: list[float]
    name: str = "line"


@dataclass(slots=True)
class Slotted:
    """A dataclass without a dict, and with a field that is computed."""

    a: float
    twice: float = field(init=False)

    def __post_init__(self) -> None:
        self.twice = self.a * 2.0


class Pair(nn.Module):
    """A model."""

    def __init__(self) -> None:
        self.w = np.array([[Value(2.0), Value(3.0)]])
        self.b = Value(0.5)


def leaves(x: Any) -> list[Any]:
    return flat(x)[1]


STRUCTURES = {
    "number": (2.0, ["p"]),
    "list": ([2.0, (3.0, None)], ["p[0]", "p[1][0]"]),
    "dict": ({"w": [2.0, 3.0], 1: 4.0, "mode": "mean", "on": True}, ['p["w"][0]', 'p["w"][1]', "p[1]"]),
    "ordered": (OrderedDict(b=2.0, a=3.0), ['p["b"]', 'p["a"]']),
    "defaultdict": (defaultdict(list, a=[2.0]), ['p["a"][0]']),
    "counter": (Counter(a=2), ['p["a"]']),
    "proxy": (MappingProxyType({"a": 2.0}), ['p["a"]']),
    "deque": (deque([2.0, 3.0]), ["p[0]", "p[1]"]),
    "namedtuple": (Point(2.0, 3.0), ["p.x", "p.y"]),
    "dataclass": (Line(2.0, [0.5, 4.0]), ["p.slope", "p.ends[0]", "p.ends[1]"]),
    "slots": (Slotted(2.0), ["p.a", "p.twice"]),
    "array": (np.array([[2.0, 3.0]]), ["p[0, 0]", "p[0, 1]"]),
    "objects": (np.array([2, 0.5], dtype=object), ["p[0]", "p[1]"]),
}


@pytest.mark.parametrize("given", STRUCTURES, ids=str)
def test_what_one_takes_all_take_and_it_comes_back_as_it_was(given: str) -> None:
    at, written = STRUCTURES[given]

    def f(p: Any) -> Any:
        assert given == "number" or type(p) is type(at)
        return mx.sum([x * x for x in leaves(p)])

    structure, numbers = flat(at)
    assert list(paths(structure, "p")) == written
    slopes = mx.grad(f)(at)
    assert type(slopes) is type(at)
    assert flat(slopes)[0] == structure
    assert leaves(slopes) == [2.0 * x for x in numbers]
    assert repr(compile(f).grad(at)) == repr(slopes)
    assert repr(compile(lambda p: p)(at)) == repr(filled(structure, numbers))
    report = check_gradient(f, at)
    assert [row.path for row in report.rows] == written
    assert report.ok
    assert leaves(mx.hvp(f, [at], [slopes])) == [4.0 * x for x in numbers]
    assert leaves(compile(f).hvp((at,), (slopes,))) == [4.0 * x for x in numbers]
    value, moved = mx.jvp(lambda p: p, [at], [slopes])
    assert (flat(value), flat(moved)) == ((structure, numbers), (structure, [2.0 * x for x in numbers]))


def test_the_slopes_of_a_model_are_a_dict_from_path_to_slope_and_a_hessian_is_one_of_dicts() -> None:
    model = Pair()

    def f(m: Pair) -> Any:
        return m.w[0, 0] * m.w[0, 1] ** 2 + m.b * 3.0

    names = ["w[0, 0]", "w[0, 1]", "b"]
    assert [name for name, _ in model.named_parameters()] == names
    expected = dict(zip(names, (9.0, 12.0, 3.0), strict=True))
    assert mx.grad(f)(model) == compile(f).grad(model) == expected
    assert mx.hessian(f)(model)["w[0, 0]"] == {"w[0, 0]": 0.0, "w[0, 1]": 6.0, "b": 0.0}
    assert mx.hvp(f, [model], [{"b": 0.0, "w[0, 1]": 1.0, "w[0, 0]": 0.0}]) == {"w[0, 0]": 6.0, "w[0, 1]": 4.0, "b": 0.0}
    assert [row.path for row in check_gradient(f, model).rows] == [f"m.{name}" for name in names]
    assert check_gradient(f, model, grad=expected).ok


def test_a_compiled_function_reads_the_model_it_is_given_at_each_call_and_tells_models_apart() -> None:
    loss = compile(lambda m, x: m([x]) * m([x]))
    one, other = (nn.MLP(1, [2, 1], "tanh", rng=seed) for seed in (1, 2))
    for model in (one, other, one):
        for weight in model.parameters():
            weight.data += 0.25
        expected = mx.grad(lambda m: m([0.5]) ** 2)(model)
        found = loss.grad(model, 0.5)
        assert list(found) == [name for name, _ in model.named_parameters()]
        assert list(found.values()) == pytest.approx([slope.data for slope in expected.values()], rel=1e-12)
    assert len(loss.recordings) == 2


def test_a_weight_in_two_places_is_one_number() -> None:
    model = nn.Layer(1, 2, "linear", rng=0)
    model.neurons[1].w = model.neurons[0].w
    assert list(mx.grad(lambda m: mx.sum(m([3.0])))(model).values()) == [6.0, 1.0, 1.0]


def test_numbers_are_laid_out_by_key_and_field_whatever_their_order() -> None:
    like = flat({"a": [1.0, 2.0], "b": Point(3.0, 4.0), "mode": "mean"})[0]
    assert laid_out({"b": (3, 4), "mode": None, "a": np.array([1, 2])}, like, "the tangent") == [1.0, 2.0, 3.0, 4.0]
    with pytest.raises(ValueError, match="the tangent has an entry for 'c', but the inputs there are 'a', 'b', 'mode'"):
        laid_out({"c": 1.0}, like, "the tangent")
    with pytest.raises(ValueError, match=r"tangent 0 has an array of shape \(1, 2\) for inputs of shape \(2, 1\): .*transposed"):
        mx.jvp(lambda a: a[0, 0], [np.ones((2, 1))], [np.ones((1, 2))])


def test_a_structure_that_holds_itself_is_refused_with_the_place() -> None:
    loop: dict[str, Any] = {"a": [1.0]}
    loop["a"].append(loop)
    model = Pair()
    model.me = [model]  # type: ignore[attr-defined]
    for attempt in (mx.grad(lambda p: p), compile(lambda p: p), lambda p: check_gradient(lambda q: q, p)):
        with pytest.raises(ValueError, match=r'a dict that holds itself has no end: x\["a"\]\[1\] leads back, so take that out'):
            attempt(loop)
    for ask in (model.parameters, lambda: mx.grad(lambda m: m.b)(model)):
        with pytest.raises(ValueError, match=r"a Pair that holds itself has no end: x\.me\[0\] leads back"):
            ask()
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(ValueError, match="a list is nested too deeply: put its numbers into one list"):
        flat(deep)


def test_parameters_are_the_leaves_in_every_kind_of_container() -> None:
    class Slots(nn.Module):
        __slots__ = ("inner", "unset")

        def __init__(self) -> None:
            self.inner = Value(1.0)

    class Model(nn.Module):
        def __init__(self) -> None:
            self.sub = Slots()
            self.line = Line(Value(1.0), [Value(2.0)])  # type: ignore[arg-type,list-item]
            self.bag = {Value(3.0)}
            self.queue = deque([Value(4.0)])
            self.cache = self.sub.inner * 2.0
            self.data = np.ones((100, 100))

    names = ["sub.inner", "line.slope", "line.ends[0]", "bag[0]", "queue[0]"]
    assert [name for name, _ in Model().named_parameters()] == names


def test_a_value_in_an_object_that_cannot_be_looked_into_is_refused() -> None:
    class Helper:
        def __init__(self) -> None:
            self.gain = Value(1.0)

    class Model(nn.Module):
        def __init__(self) -> None:
            self.helpers = [Helper()]

    with pytest.raises(TypeError, match=r"Model\.helpers\[0\] is a Helper that holds the Value \.gain, .*derive Helper"):
        Model().parameters()
    model = Model()
    model.gain = model.helpers[0].gain  # type: ignore[attr-defined]  # found elsewhere, as by an optimizer that holds it too
    assert [name for name, _ in parameters(model)] == ["gain"]


def test_arrays_that_are_more_than_their_numbers_are_refused_by_all() -> None:
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    for attempt in (mx.grad(lambda p: p[0]), compile(lambda p: p[0]), lambda p: check_gradient(lambda q: q[0], p)):
        with pytest.raises(TypeError, match=r"a MaskedArray is more than its numbers .* np\.asarray\(x\)"):
            attempt(masked)
        with pytest.raises(TypeError, match=r"an array of dtype <U1 is not made of real numbers"):
            attempt(np.array(["a"]))


FLOATS = st.floats(allow_nan=False)
THINGS = st.one_of(FLOATS, st.integers(-5, 5), st.booleans(), FLOATS.map(np.float64), st.none(), st.text())


@given(st.lists(FLOATS, min_size=30, max_size=60), st.lists(st.tuples(st.integers(0, 59), THINGS), max_size=3))
def test_a_long_list_is_read_as_its_items_are_one_by_one(floats: list[float], others: list[tuple[int, Any]]) -> None:
    items: list[Any] = list(floats)
    for place, thing in others:
        items.insert(min(place, len(items)), thing)
    numbers = [float(x) for x in items if isinstance(x, (int, float)) and not isinstance(x, bool)]
    structure, found = flat(items)
    assert found == numbers
    assert [math.copysign(1.0, x) for x in found] == [math.copysign(1.0, x) for x in numbers]
    assert filled(structure, numbers) == [float(x) if isinstance(x, np.float64) else x for x in items]
    assert Call((items,), {}).numbers.tolist() == numbers
    assert Call((tuple(items), items), {}).numbers.tolist() == 2 * numbers
