"""Recordings that are kept: the latest structures of arguments, as many as fit; who passes more is told what varied."""

import gc
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from microgradx.replay import cache
from microgradx.replay.compile import compile


def squares(xs):
    return sum(x * x for x in xs)


compiled = compile(squares)
batched = compile(lambda w, x: w * squares(x), batch="x")


def lengths(f):
    """Of the list in each structure that is kept."""
    return sorted(parts[0][1] for parts, _ in f.recordings)


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(cache, "STRUCTURES", 3)
    for f in (compiled, batched):
        f.refresh()
        f.recordings.overflowed = False


@pytest.mark.usefixtures("few")
def test_the_structures_that_were_not_used_for_longest_are_forgotten():
    f = compile(squares)
    for n in (1, 2, 3, 1):
        f([2.0] * n)
    with pytest.warns(RuntimeWarning, match="more structures of arguments than are kept"):
        assert f([2.0] * 4) == 16.0
    assert lengths(f) == [1, 3, 4]
    assert f([2.0] * 2) == 8.0
    assert lengths(f) == [1, 2, 4]


@pytest.mark.usefixtures("few")
@pytest.mark.filterwarnings("ignore:.*than are kept")
def test_what_is_forgotten_is_freed_without_the_garbage_collector():
    f = compile(lambda g, x: g(x) * x)
    f.value_and_grad(lambda x: x, 2.0, argnums=1)
    ((parts, _), [recording]) = next(iter(f.recordings.items()))
    seen = [weakref.ref(parts[0][0]), weakref.ref(recording)]
    del parts, recording
    gc.disable()
    try:
        for k in range(3):
            assert f(lambda x, k=k: x + k, 2.0) == 4.0 + 2.0 * k
        assert [ref() for ref in seen] == [None, None]
    finally:
        gc.enable()


@pytest.mark.filterwarnings("ignore:.*than are kept")
def test_few_structures_are_kept_whatever_their_size_and_more_only_if_they_are_small(monkeypatch):
    f = compile(squares)
    monkeypatch.setattr(cache, "ON_CREDIT", 100)
    monkeypatch.setattr(cache, "_MOST_ROWS", 100)
    for n in (50, 51, 60, 61):
        f([1.0] * n)
    assert lengths(f) == [50, 51, 60, 61]
    for n in range(1, 6):
        f([1.0] * n)
    assert lengths(f) == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    "call",
    [lambda xs: compiled(xs), lambda xs: compiled.grad(xs), lambda xs: compiled.program(xs), lambda xs: batched(1.0, [xs])],
    ids=["value", "gradient", "program", "batch"],
)
def test_the_warning_comes_once_and_names_the_line_that_called(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for n in range(1, 10):
            call([1.0] * n)
    [warning] = caught
    assert (warning.category, warning.filename) == (RuntimeWarning, __file__)
    assert warning.lineno == call.__code__.co_firstlineno


def test_what_a_function_of_samples_captured_is_read_anew_after_refresh():
    scale = [2.0]
    f = compile(lambda w, x: scale[0] * w * x, batch="x")
    assert f(1.0, [1.0, 3.0]) == 4.0
    scale[0] = 3.0
    assert f(1.0, [1.0, 3.0]) == 4.0
    f.refresh()
    assert f(1.0, [1.0, 3.0]) == 6.0


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("f", "calls", "words"),
    [
        (squares, [([1.0] * n,) for n in range(4)], "xs was a list of 2, then a list of 3: pass the same few lengths"),
        (squares, [(np.ones(n),) for n in range(4)], r"xs was an array of shape \(2,\), then an array of shape \(3,\): pass"),
        (lambda w, d: w * sum(d["a"]), [(1, {"a": (1,) * n}) for n in range(4)], "d was a tuple of 2, then a tuple of 3: "),
        (lambda w, d: w, [(1, {n: 1.0}) for n in range(4)], "d was a dict with the keys 2, then a dict with the keys 3"),
        (lambda w, mode: w, [(1, "abcd"[n]) for n in range(4)], "mode was 'c', then 'd': what is not a number .* make it once"),
        (lambda x, w: w, [("a", 1), ("b", 1), ("c", 1), (1, 1)], "x was 'c', then a number: what is not a number"),
        (lambda *xs: xs[0], [(1.0, "abcd"[n]) for n in range(4)], "argument 1 was 'c', then 'd'"),
        (lambda *xs: sum(xs), [[1.0] * n for n in range(1, 5)], r"it got 3 argument\(s\), then 4 argument\(s\): pass the same"),
    ],
)
def test_the_warning_says_what_varied_and_what_to_pass(f, calls, words):
    f = compile(f)
    for args in calls[:-1]:
        f(*args)
    with pytest.warns(RuntimeWarning, match=words):
        f(*calls[-1])


@pytest.mark.usefixtures("few")
def test_the_warning_knows_arguments_given_by_name():
    f = compile(lambda x, **scales: x * sum(sum(v) for v in scales.values()))
    for n in range(1, 4):
        f(2.0, a=[1.0], b=[1.0] * n)
    with pytest.warns(RuntimeWarning, match="b was a list of 3, then a list of 4"):
        f(2.0, a=[1.0], b=[1.0] * 4)
    g = compile(lambda x, **scales: x)
    for name in "abc":
        g(2.0, **{name: 1.0})
    with pytest.warns(RuntimeWarning, match=r"it got 2 argument\(s\) with c by name, then 2 argument\(s\) with d by name"):
        g(2.0, d=1.0)


@pytest.mark.usefixtures("few")
def test_an_argument_of_a_function_without_signature_is_told_by_its_place():
    f = compile(max)
    for n in range(1, 4):
        f([1.0] * n)
    with pytest.warns(RuntimeWarning, match=r"argument 0 was a list of 3, then a list of 4"):
        f([1.0] * 4)


@pytest.mark.usefixtures("few")
@pytest.mark.filterwarnings("ignore:.*than are kept")
def test_samples_of_many_shapes_are_forgotten_too():
    f = compile(lambda w, x: w * sum(x), batch="x")
    assert [f(2.0, np.ones((2, n))) for n in range(1, 7)] == [2.0 * n for n in range(1, 7)]
    assert len(f.recordings) == 3


@pytest.mark.usefixtures("few")
@pytest.mark.filterwarnings("ignore:.*than are kept")
def test_threads_may_record_more_structures_than_are_kept_at_once():
    f, wrong = compile(squares), []

    def work(k):
        for n in range(30):
            if f([1.0] * ((n + k) % 7)) != (n + k) % 7:
                wrong.append((n, k))
            if n % 10 == k:
                f.refresh()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert not wrong
    assert len(f.recordings) <= 3


def test_whole_numbers_in_a_list_are_numbers_as_any_others():
    f = compile(squares)
    assert [f([1, 2.0]), f([1.0, 2.0]), f([True + 0, np.float64(2.0)])] == [5.0, 5.0, 5.0]
    assert len(f.recordings) == 1
