"""Branches of compiled functions: every way is recorded, checked at each call, and never mistaken for another."""

import math
import pickle
import threading

import numpy as np
import pytest

import microgradx as mx
from microgradx.replay.compile import compile
from microgradx.replay.tape.known_numbers import KnownNumbers


def test_every_branch_gets_its_own_program_and_none_is_mistaken_for_another():
    f = compile(lambda x: x * x if x > 0 else -x)
    assert [f.value_and_grad(v) for v in (2.0, -3.0, 4.0, -1.0)] == [(4.0, 4.0), (3.0, -1.0), (16.0, 8.0), (1.0, -1.0)]
    (paths,) = f.recordings.values()
    assert len(paths) == 2


@pytest.mark.parametrize("question", ["x > 1.0", "x >= 1.0", "x < 1.0", "x <= 1.0", "x == 1.0", "x != 1.0", "not x", "1.0 < x"])
def test_every_comparison_is_guarded(question):
    f = eval(f"lambda x: x + 10.0 if {question} else x - 10.0", {})
    g = compile(f)
    for x in (0.0, 0.5, 1.0, 2.0, -1.0, 1.0, 0.0):
        assert g(x) == f(x)


def test_comparisons_between_captured_values_are_guarded_too():
    w = mx.Value(1.0)
    f = compile(lambda: w * 2.0 if w > 0.0 else w * 3.0)
    assert f() == 2.0
    w.data = -1.0
    assert f() == -3.0


def test_where_on_a_comparison_needs_no_guard():
    f = compile(lambda x: mx.where(x > 0.0, x * 2.0, -x))
    assert [f.value_and_grad(v) for v in (3.0, -4.0)] == [(6.0, 2.0), (4.0, -1.0)]
    assert f.program(1.0).tape.guards == []


def test_a_branch_calculates_the_numbers_that_it_needs_and_no_others():
    seen = []
    watched = mx.primitive("watched_by_a_branch", "watched({})", lambda x: seen.append(x) or x, 1.0)
    seen.clear()

    def f(x, y):
        for _ in range(200):
            x = watched(x)
        return x * 2.0 if y + 1.0 > 0.0 and watched(y) > 0.0 else x * 3.0

    assert compile(f)(1.5, 2.5) == 3.0
    assert seen == [2.5] + [1.5] * 200 + [2.5]  # while it is recorded, and when it is run


@pytest.mark.parametrize("first", ["x", "y"])
def test_branches_on_near_and_on_far_numbers_in_any_order_see_those_of_eager_code(first):
    def f(x, y):
        ways, far = 0.0, x
        for k in range(300):
            far = far * 1.01 - 0.004 * y
            if k % 7 == 0 and (y if first == "y" else far) * k > 3.0:
                ways = ways + k
            if k % 50 == 3 and far > 1.0:
                ways = ways + 1000.0 * k
            if y + k != 20.0:
                ways = ways + 0.5
        return far * ways

    g = compile(f)
    for x, y in ((1.0, 2.0), (0.3, 1.0), (1.0, 17.0), (0.5, 0.001)):
        assert g(x, y) == f(x, y)


@pytest.mark.parametrize("question", ["x > 1.0", "x >= 1.0", "x < 1.0", "x <= 1.0", "x == 1.0", "x != 1.0", "not x", "x == x"])
def test_a_comparison_with_nan_takes_the_way_that_eager_code_takes(question):
    f = eval(f"lambda x, y: y + 10.0 if {question} else y - 10.0", {})
    for first, then in [(math.nan, 2.0), (2.0, math.nan), (0.0, math.nan)]:
        g = compile(f)
        assert [g(x, 1.0) for x in (first, then, first)] == [f(mx.Value(x), 1.0) for x in (first, then, first)]


def test_a_tie_that_the_last_bit_decides_is_decided_as_in_eager_code(monkeypatch):
    f = compile(lambda xs: sum(x * 2.0 if x.tanh() == math.tanh(v) else x for x, v in zip(xs, values, strict=True)))
    values = [0.01 * k for k in range(300)]
    monkeypatch.setattr(np, "tanh", np.sinh)  # as if it rounded differently
    assert f(values) == pytest.approx(2.0 * sum(values))
    assert f(values) == pytest.approx(2.0 * sum(values))
    assert len(f.recordings) == 1


def test_a_captured_value_assigned_by_another_thread_while_recording_is_an_error():
    w = mx.Value(1.0)

    def f(x):
        y = x if w > 0.0 else -x
        thread = threading.Thread(target=setattr, args=(w, "data", -1.0))
        thread.start()
        thread.join()
        return y

    with pytest.raises(RuntimeError, match=r"assigned while it was recorded.* assign parameters between calls"):
        compile(f)(2.0)


def test_a_program_refuses_numbers_that_take_another_way():
    program = pickle.loads(pickle.dumps(compile(lambda x: x * x if x > 0.0 else -x).program(2.0)))
    assert program([3.0]) == 9.0
    with pytest.raises(RuntimeError, match=r"another way through its branches .* call the compiled function itself"):
        program([-3.0])


def searches(monkeypatch, f, *args):
    """How often it was looked for what a number needs while f was recorded, and its tape."""
    made_of, found = KnownNumbers.made_of, []
    monkeypatch.setattr(KnownNumbers, "made_of", lambda *given: found.append(made_of(*given)) or found[-1])
    f = compile(f)
    f(*args)
    ((recording,),) = f.recordings.values()
    return found, recording.program.tape


def test_a_branch_on_few_numbers_does_not_calculate_all_others(monkeypatch):
    def f(x, y):
        for _ in range(1000):
            x = mx.sin(x) * 1.5
        return x if y * y > 1.0 else -x

    (needed,), tape = searches(monkeypatch, f, 0.5, 2.0)
    assert len(needed) < 5
    assert len(tape.guards) == 1


def test_what_branches_in_a_loop_need_is_looked_for_once(monkeypatch):
    def f(x):
        for _ in range(20):
            for _ in range(60):
                x = mx.sin(x) * 1.5
            if x < 0.0:
                x = -x
        return x

    found, tape = searches(monkeypatch, f, 0.5)
    assert found == [None]
    assert len(tape.guards) == 20
