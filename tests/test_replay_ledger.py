"""The account of a compiled function: what varies too much is evaluated as it stands, and a warning says what and where."""

import random
import warnings

import numpy as np
import pytest

import microgradx as mx
from microgradx.replay import cache, ledger
from microgradx.replay.compile import compile


def turns(x):
    return sum([x * (k + 1.0) if x > k else -x for k in range(30)])


def test_branches_that_keep_moving_are_evaluated_as_they_stand_with_one_warning():
    f = compile(turns)
    with pytest.warns(RuntimeWarning) as caught:
        found = [f.value_and_grad(k + 0.5) for k in range(30)]
    assert found == [mx.value_and_grad(turns)(k + 0.5) for k in range(30)]
    [warning] = caught
    line = turns.__code__.co_firstlineno + 1
    assert str(warning.message).startswith("turns was recorded 2 times and replayed 0 times, which costs more than it saves")
    assert f"{__file__}:{line} goes another way at nearly every call: write where(condition, a, b)" in str(warning.message)
    assert warning.filename == __file__
    assert "recorded 2 times" in repr(f)


def largest(v):
    return max(v) * 2.0


def in_order(v):
    low, *_, high = sorted(v)
    return high - low


@pytest.mark.parametrize(
    ("f", "advice"), [(largest, r"write mx\.max instead of Python's max"), (in_order, r"write mx\.max, mx\.min or where")]
)
def test_the_advice_fits_what_was_written(f, advice):
    r = random.Random(0)
    samples = [[r.random() for _ in range(9)] for _ in range(30)]
    c = compile(f)
    with pytest.warns(RuntimeWarning, match=advice):
        found = [c.value_and_grad(v) for v in samples]
    assert found == [mx.value_and_grad(f)(v) for v in samples]


def test_arguments_that_are_new_each_time_are_evaluated_as_they_stand():
    table = {letter: mx.Value(0.1 * k) for k, letter in enumerate("abcdefghijklmnop")}
    f = compile(lambda word: sum(table[letter] * 2.0 for letter in word).tanh())
    with pytest.warns(RuntimeWarning, match="word was 'h', then 'l'.*or pass numbers"):
        found = [f.backward(letter) for letter in table]
    assert found == [(value * 2.0).tanh().data for value in table.values()]
    for value in table.values():
        assert value.grad == pytest.approx(2.0 / np.cosh(2.0 * value.data) ** 2, rel=1e-12)
    assert len(f.recordings) == 8


def test_recordings_that_paid_afford_further_ones():
    f = compile(lambda xs: sum(x * x for x in xs))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in range(1, 9):
            f([1.0] * n)
        for _ in range(4 * ledger.PAYS_AFTER):
            f([1.0])
        for n in range(9, 16):  # the last three are beyond what was saved, which may be a passing matter
            assert f([1.0] * n) == n
    assert len(f.recordings) == 12
    with pytest.warns(RuntimeWarning, match="recorded 12 times and replayed 16 times"):
        assert f([1.0] * 16) == 16.0
    assert [f([1.0] * n) for n in (1, 12, 17)] == [1.0, 12.0, 17.0]


QUESTIONS = [
    lambda f, x: f(x),
    lambda f, x: f.value_and_grad(x),
    lambda f, x: f.grad(x),
    lambda f, x: f.jvp((x,), ([1.0, 0.5],)),
    lambda f, x: f.vjp(x)[1](1.0),
    lambda f, x: f.hvp((x,), ([1.0, 0.5],)),
    lambda f, x: f.jacobian(x),
    lambda f, x: f.hessian(x),
    lambda f, x: f.backward(x),
]


NAMES = ["value", "value_and_grad", "grad", "jvp", "vjp", "hvp", "jacobian", "hessian", "backward"]


@pytest.mark.parametrize("ask", QUESTIONS, ids=NAMES)
def test_what_is_not_recorded_has_the_same_answers(ask, monkeypatch):
    def f(v):
        return (v[0] * v[1].exp() - v[1]) ** 2 if v[0] > 0.0 else v[1].sin() * v[0]

    points = [[0.5, -0.3], [-0.5, 0.7]]
    recorded = [ask(compile(f), point) for point in points]
    monkeypatch.setattr(cache, "ON_CREDIT", 0)
    plain = [ask(compile(f), point) for point in points]
    assert plain == recorded
    assert "Value" not in repr(plain)


def test_what_is_not_recorded_is_connected_to_captured_and_given_values(monkeypatch):
    monkeypatch.setattr(cache, "ON_CREDIT", 0)
    w, x = mx.Value(3.0), mx.Value(2.0)
    y = compile(lambda x, k: [w * x * k, k])(x, 5.0)
    y[0].backward()
    assert (y[0].data, w.grad, x.grad, y[1].data) == (30.0, 10.0, 15.0, 5.0)
    with mx.no_grad():
        assert compile(lambda x: w * x)(2.0) == 6.0


def test_whole_numbers_stay_what_they_are_where_nothing_is_recorded(monkeypatch):
    monkeypatch.setattr(cache, "ON_CREDIT", 0)
    f = compile(lambda x, n, ks: x * n + sum([[1.0, 2.0, 4.0][k] for k in ks]))
    assert f(2.0, 3, [0, 2]) == 11.0
    assert f.grad(2.0, 2**70, np.array([1])) == 2.0**70


@pytest.mark.filterwarnings("ignore:turns was recorded")
def test_a_way_that_comes_back_for_good_is_replayed_again():
    f = compile(turns)
    for k in range(29):
        f.grad(k + 0.5)
    before = f.recordings.ledger.replayed
    assert [f.grad(0.5) for _ in range(100)] == [mx.grad(turns)(0.5)] * 100
    assert f.recordings.ledger.replayed - before > 100 - 2 * cache.RARELY


TWO = mx.Value(2.0)


@pytest.mark.parametrize(
    ("f", "ask", "plain"),
    [
        (lambda s, k: mx.log(s / k) * 2.0 + s, lambda f: f(2.0, 3.0), True),
        (lambda s, k: mx.log(s / k) * 2.0 + s, lambda f: f.value_and_grad(2.0, 3.0), False),
        (lambda s, k: mx.log(s / k) * 2.0 + s, lambda f: f(mx.Value(2.0), 3.0), False),
        (lambda s, k: mx.log(s / k) * TWO + s, lambda f: f(2.0, 3.0), False),
    ],
)
def test_the_account_says_where_plain_floats_may_be_faster(f, ask, plain):
    c = compile(f)
    for _ in range(11):
        ask(c)
    assert "replayed 10 times, in place of 40 operations on eager Values" in repr(c)
    assert ("for values alone the function as it stands, called with floats, may be faster" in repr(c)) is plain


def test_of_many_operations_nothing_is_said_of_plain_floats():
    c = compile(lambda x: sum([x * (k + 1.0) for k in range(ledger.FEW_OPERATIONS)]))
    for _ in range(3):
        c(2.0)
    assert repr(c).endswith(f"in place of {2 * (2 * ledger.FEW_OPERATIONS - 1):,} operations on eager Values>")
