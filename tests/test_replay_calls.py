"""Calls like earlier ones, which look nothing up: they give what the first call would, and see all that the first one saw."""

import threading
from collections import OrderedDict

import numpy as np
import pytest
import replay_forms
from hypothesis import given, settings
from hypothesis import strategies as st

import microgradx as mx
from microgradx import Value, compile
from microgradx.replay.arguments import Call
from microgradx.structure import flat, laid_out

CALLS = 4  # the first records, the second is looked up, later ones need no look


def numbers_in(x):
    return flat(x)[1]


def product_of_squares(*args, **kwargs):
    total = 1.0
    for k, x in enumerate(numbers_in((args, tuple(kwargs.values())))):
        total = total * (x * x + k)
    return total


def array(numbers):
    return np.array(numbers, float)


numbers = st.floats(-2.0, 2.0) | st.integers(-2, 2)
lists = st.lists(numbers, min_size=1, max_size=4)
many = st.lists(numbers, min_size=40, max_size=50)
leaves = st.one_of(numbers, lists, lists.map(array), many, many.map(array), many.map(lambda x: array(x[:40]).reshape(5, 8).T))
plain = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.lists(inner, min_size=1, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from("abc"), inner, min_size=1),
    ),
    max_leaves=4,
)


@settings(deadline=None, max_examples=20)
@given(st.lists(plain, min_size=1, max_size=3), st.dictionaries(st.sampled_from("uv"), lists), st.data())
def test_every_call_of_plain_arguments_gives_what_the_first_one_gives(args, kwargs, data):
    argnums = data.draw(st.sampled_from([0, -1, (0,), tuple(range(len(args)))]))
    f = compile(product_of_squares)
    read = f.read(tuple(args), kwargs)
    slow, quick = Call(args, kwargs), Call(args, kwargs, (), read)
    assert (slow.key(), repr(slow.key()), slow.numbers.tolist()) == (quick.key(), repr(quick.key()), quick.numbers.tolist())
    assert len({repr(f(*args, **kwargs)) for _ in range(CALLS)}) == 1
    assert len({repr(f.value_and_grad(*args, argnums=argnums, **kwargs)) for _ in range(CALLS)}) == 1
    assert len(f.recordings.shortcuts) == (2 if read else 0)


def called(f, *args, **kwargs):
    """What f gives once it is used to such calls."""
    return [f(*args, **kwargs) for _ in range(CALLS)][-1]


@pytest.mark.parametrize("other", [[1, 2.0], [np.float64(1.0), 2.0], (1.0, 2.0), np.array([1, 2]), np.array([1.0, 2.0], "f4")])
def test_after_a_list_of_floats_what_equals_it_gives_the_same(other):
    f = compile(lambda v: v[0] * v[1] + v[1])
    assert called(f, [1.0, 2.0]) == called(f, other) == 4.0


def test_layers_and_the_numbers_of_letters_need_no_look_and_may_be_changed_in_any_way():
    f = compile(lambda p, letters: mx.sum([x * letters[0] for layer in p.values() for row in layer for x in row]) * letters[1])
    given = {"w": np.ones((5, 8)), "b": np.full((2, 3), 2.0)}
    assert called(f, given, [2, 3]) == 6.0 * 52.0
    assert len(f.recordings.shortcuts) == 1
    given["w"][0, 0] = 5.0
    assert f(given, [2, 3]) == 6.0 * 56.0
    given["w"] = given["w"].T.copy().T  # its numbers lie in another order
    given["w"][0, 1:] = 0.0
    given["w"].flags.writeable = False
    value, slopes = f.value_and_grad(given, [2, 3.0])
    assert (value, slopes["w"].shape, slopes["b"].tolist()) == (6.0 * 49.0, (5, 8), [[6.0] * 3] * 2)
    given["w"] = given["w"].astype("f4")
    assert f(given, (2, 3)) == 6.0 * 49.0
    assert f(given, [2, True]) == 2.0 * 49.0
    assert len(f.recordings) == 3


@pytest.mark.parametrize("whole", [3, 2**53 + 1, -(2**70), 10**400])
def test_a_whole_number_is_the_float_nearest_to_it_after_many_calls(whole):
    f = compile(lambda x, n: x + n[1])
    assert called(f, 2.0, [1.0, 2.0]) == 4.0
    assert f(2.0, [1, whole]) == 2.0 + (float(whole) if whole < 10**308 else float("inf"))


def test_what_is_not_a_number_is_seen_after_floats_in_its_place():
    f = compile(lambda v: v[0] * (2.0 if v[1] is None else 3.0 if v[1] is True else v[1]))
    for one in (1.0, 1):
        assert [called(f, [one, x]) for x in (5.0, None, 7.0, True, 1.0, 1)] == [5.0, 2.0, 7.0, 3.0, 1.0, 1.0]
    long = compile(lambda v: sum([x for x in v if x is not None]))
    row = [0.5] * 100
    assert [called(long, [*row, x]) for x in (1.0, 2, None)] == [51.0, 52.0, 50.0]
    last = compile(lambda v: v[0] * (2.0 if v[-1] is True else 3.0))
    assert [called(last, [*row, x]) for x in (1.0, True, 1)] == [1.5, 1.0, 1.5]
    x = Value(3.0)
    assert isinstance(called(long, [*row, x]), Value)
    assert called(long, [*row, 4.0]) == 54.0


def test_kinds_of_containers_are_told_apart():
    f = compile(lambda x: x["a"] if type(x) is dict else 2.0 * x["a"] if isinstance(x, OrderedDict) else 3.0 * x[0])
    given = [{"a": 1.0}, OrderedDict(a=1.0), [1.0], (1.0,), np.array([1.0])]
    for _ in range(CALLS):
        assert [f(x) for x in given] == [1.0, 2.0, 3.0, 3.0, 3.0]
    shaped = compile(lambda x: np.shape(x)[0] * x.sum())
    for _ in range(CALLS):
        assert [shaped(np.ones(shape)) for shape in ((2, 3), (3, 2), (6,))] == [12.0, 18.0, 36.0]


def test_names_of_arguments_are_told_apart():
    f = compile(lambda x=0.0, y=0.0: x - y)
    for _ in range(CALLS):
        assert [f(x=3.0), f(y=3.0), f(3.0), f(3.0, y=1.0), f(y=1.0, x=3.0)] == [3.0, -3.0, 3.0, 2.0, 2.0]


def test_numbers_that_were_captured_are_read_anew_after_refresh():
    held = [2.0]
    f = compile(lambda x: held[0] * x)
    assert called(f, 3.0) == 6.0
    held[0] = 5.0
    assert f(3.0) == 6.0
    f.refresh()
    assert called(f, 3.0) == 15.0


def test_a_branch_taken_otherwise_is_seen_at_every_call():
    f = compile(lambda x: x * x if x > 0.0 else -x)
    assert [called(f, x) for x in (2.0, -3.0, 4.0)] == [4.0, 3.0, 16.0]
    assert [f(x) for x in (-1.0, 3.0) * 5] == [1.0, 9.0] * 5
    assert len(next(iter(f.recordings.values()))) == 2


def test_a_captured_value_is_read_and_connected_at_every_call():
    w = Value(2.0)
    f = compile(lambda x: w * x)
    with mx.no_grad():
        assert called(f, 3.0) == 6.0
        w.data = 5.0
        assert f(3.0) == 15.0
    assert isinstance(f(3.0), Value)


def test_an_attribute_that_was_assigned_is_seen_by_a_method_after_many_calls():
    class Line:
        slope = 1.0

        @mx.compile
        def at(self, x):
            return self.slope * x

    line = Line()
    assert called(line.at, 2.0) == 2.0
    line.slope = 3.0
    assert called(line.at, 2.0) == 6.0


def test_a_number_used_as_an_index_is_seen_after_many_calls():
    rows = [1.0, 2.0, 3.0]
    f = compile(lambda x, i: x * rows[i])
    for _ in range(CALLS):
        assert [f(2.0, i) for i in range(3)] == [2.0, 4.0, 6.0]


@pytest.mark.parametrize("index", [1.0, 1.5, np.float64(1.0), mx.Value(1.0)])
def test_only_a_whole_number_is_an_index_whatever_was_recorded_before(index):
    rows, both = [1.0, 2.0, 3.0], [[0.0, 1.0], np.array([1.0, 0.0])]
    f, g = compile(lambda x, i: x * rows[i]), compile(lambda x, i: x * sum(rows[k] for k in i))
    assert [f(2.0, 1), f(2.0, np.int64(2)), f(2.0, True), g(2.0, [0, 1]), g(2.0, np.array([1, 0]))] == [4.0, 6.0, 4.0, 6.0, 6.0]
    for ask in (f, f.grad, lambda x, i: f.hvp((x, i), (1.0, None))):
        with pytest.raises(TypeError, match="used as an index"):
            ask(2.0, index)
    for several in both:
        with pytest.raises(TypeError, match="used as an index"):
            g(2.0, several)
    assert f(2.0, 1) == 4.0


def test_static_arguments_stay_part_of_the_program():
    f = compile(lambda x, n: x * n if type(n) is float else x, static="n")
    assert [called(f, 2.0, n) for n in (3.0, 4.0)] == [6.0, 8.0]
    assert len(f.recordings) == 2


def test_anomalies_are_detected_after_many_calls():
    f = compile(lambda x: mx.log(x) * 0.0)
    assert called(f, 1.0) == 0.0
    with mx.detect_anomaly(), pytest.raises(FloatingPointError, match="log"):
        f(0.0)


def test_a_call_inside_another_recording_joins_it_after_many_calls():
    f = compile(lambda x: x * x)
    assert called(f, 3.0) == 9.0
    g = compile(lambda x: f(x) + 1.0)
    assert called(g.grad, 3.0) == 6.0


def test_what_is_not_finite_is_exact_after_many_calls():
    f = compile(lambda x: mx.where(x > 0.0, mx.log(x), 0.0))
    assert called(f.value_and_grad, 1.0) == (0.0, 1.0)
    assert f.value_and_grad(0.0) == (0.0, 0.0)
    assert f.value_and_grad(float("inf")) == (float("inf"), 0.0)


def test_a_dict_that_holds_itself_is_refused_after_many_calls():
    f = compile(lambda d: d["a"])
    assert called(f, {"a": 1.0}) == 1.0
    endless = {"a": 1.0}
    endless["b"] = endless
    with pytest.raises(ValueError, match="holds itself"):
        f(endless)


def test_wrong_argnums_are_refused_after_many_calls():
    f = compile(lambda x, y: x * y)
    assert called(f.grad, 2.0, 3.0, argnums=1) == 2.0
    with pytest.raises(TypeError, match=r"argnums=1\.0"):
        f.grad(2.0, 3.0, argnums=1.0)
    with pytest.raises(ValueError, match="argument 2"):
        f.grad(2.0, 3.0, argnums=2)


def test_every_call_is_counted_and_makes_its_recording_a_recent_one():
    f = compile(lambda v: mx.sum(v) * v[0])
    for _ in range(10):
        f([1.0, 2.0])
        f.value_and_grad(np.array([1.0, 2.0, 3.0]))
    ledger = f.recordings.ledger
    assert (ledger.recorded, ledger.replayed, ledger.plain) == (2, 18, 9)
    used = [ways[0].used for ways in f.recordings.values()]
    assert used == sorted(used)
    assert max(used) == next(f.recordings.clock) - 1


def test_an_array_that_was_given_is_neither_kept_nor_changed():
    x = np.array([1.0, 2.0])
    f = compile(lambda v: [v[0], v[1] * 2.0])
    for _ in range(CALLS):
        result = f(x)
        x[0] += 1.0
        assert result[0] == x[0] - 1.0
    same = compile(lambda v: v)
    assert called(same, x) is not x
    assert not np.shares_memory(same(x), x)


def test_calls_from_several_threads_keep_their_numbers_apart():
    f = compile(lambda v: v[0] * v[1] + v[2])
    called(f.value_and_grad, [1.0, 1.0, 1.0])
    wrong = []

    def work(k):
        for i in range(500):
            a, b = float(k), float(i)
            if f.value_and_grad([a, b, 1.0]) != (a * b + 1.0, [b, a, 1.0]):
                wrong.append((a, b))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("tangent", [[1.0, 0.5], (1.0, 0.5), [1, 0.5], np.array([1.0, 0.5]), [np.float64(1.0), 0.5]])
def test_a_tangent_of_any_kind_gives_the_same_numbers(tangent):
    f = compile(lambda v: v[0] ** 2 * v[1])
    for _ in range(CALLS):
        assert f.hvp(([3.0, 4.0],), (tangent,)) == [11.0, 6.0]
        assert f.jvp(([3.0, 4.0],), (tangent,)) == (36.0, 28.5)


def test_a_value_in_a_tangent_is_connected():
    f = compile(lambda v: v[0] ** 2 * v[1])
    t = Value(1.0)
    for _ in range(CALLS):
        first, second = f.hvp(([3.0, 4.0],), ([t, 0.5],))
        assert mx.gradient(first + second, [t]) == [14.0]


def test_a_list_of_floats_is_laid_out_as_a_copy():
    tangent = [1.0, 2.0]
    found = laid_out(tangent, flat([0.0, 0.0])[0], "the tangent")
    assert found == tangent
    assert found is not tangent


@pytest.mark.parametrize("form", [*replay_forms.NARROW, "array"])
def test_what_a_call_gave_is_in_no_other_hands(form):
    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 5.0])
    with replay_forms.only(form):
        f = compile(lambda x, y: sum(a * a * b for a in x for b in y))
        given = [f.value_and_grad(x, y, argnums=(0, 1))[1] for _ in range(2)]
        given[0][0][:] = given[0][1][:] = -1.0
        for slopes in (given[1], f.value_and_grad(x, y, argnums=(0, 1))[1]):
            assert [part.tolist() for part in slopes] == [[14.0, 28.0, 42.0], [14.0, 14.0]]
