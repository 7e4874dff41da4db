"""Branches on the numbers of a sample: followed where all samples go one way, and where one does not it is named."""

import numpy as np
import pytest

import microgradx as mx
from microgradx import nn
from microgradx.replay.batch import batch_program
from microgradx.replay.compile import compile

TABLE = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


def looked_up(table, i):
    """A loss that looks a row up by the number of the sample."""
    a, b = mx.take(table, i)
    return (a * b).tanh() + a * a


@pytest.mark.parametrize("kind", [list, np.array, lambda i: np.array(i, dtype=np.int16), lambda i: iter([np.array(i)])])
def test_each_sample_looks_up_a_row_of_its_own(kind):
    places = [0, 2, -1, 1, 1, -3]
    f = compile(looked_up, batch="i", reduce="sum", chunk=4)
    value, slopes = f.value_and_grad(TABLE, kind(places))
    each = [mx.value_and_grad(looked_up)(TABLE, i) for i in places]
    assert value == pytest.approx(sum(value for value, _ in each), rel=1e-15)
    assert np.array(slopes) == pytest.approx(sum(np.array(slopes) for _, slopes in each), rel=1e-15)
    assert len(f.recordings) == 1


SHUFFLED = [[mx.Value(float(k) - 3.0), mx.Value(float(k * k))] for k in (5, 0, 3, 1, 4, 2)]


@pytest.mark.parametrize(
    "f",
    [
        lambda w, x, i: mx.dot(mx.take(w, i), list(x)).tanh(),
        lambda w, x, i: mx.take(w, i)[0] * mx.take(w, 5.0 - i)[1] * x[0],  # two places in one table
        lambda w, x, i: mx.take(mx.softmax([row[0] * x[0] + row[1] * x[1] for row in w]), i).log(),  # a table of each sample
        lambda w, x, i: mx.dot(mx.take(SHUFFLED, i), w[1]) * x[0],  # a table that lies in no order
        lambda w, x, i: mx.take([w[2][0], 1.5, w[0][1], w[2][1], -2.0, x[1]], i) * x[0],  # numbers from here and there
        lambda w, x, i: mx.take([w[4][0]], 0.0 * i) * i,
        lambda w, x, i: mx.take(w, x[0] - x[0] + 2.0)[1] * mx.take(w, w[0][0] - w[0][0])[0] * x[1],  # the same place for all
        lambda w, x, i: mx.take(w, mx.minimum(i, mx.floor(mx.exp(x[0]))))[0] ** 3,
    ],
)
def test_a_lookup_in_any_table_has_the_values_and_derivatives_of_a_loop(f):
    r = np.random.default_rng(0)
    w, X, places, tilt = r.normal(size=(6, 2)), r.normal(size=(40, 2)), r.integers(0, 6, 40), r.normal(size=(6, 2))
    given = w.tolist(), X, places
    batch, alone = compile(f, batch=("x", "i"), reduce=None, chunk=16), compile(f)
    with mx.no_grad():
        value, (by_w, by_x) = batch.value_and_grad(*given, argnums=(0, 1))
        turned = batch.hvp(given, (tilt.tolist(), None, None))[0]
        for k, (x, i) in enumerate(zip(X, places.tolist(), strict=True)):
            one, (slopes_w, slopes_x) = alone.value_and_grad(w.tolist(), x, i, argnums=(0, 1))
            assert value[k] == pytest.approx(one, rel=1e-13)
            np.testing.assert_allclose(np.array(by_w)[:, :, k], slopes_w, rtol=1e-12, atol=1e-15)
            np.testing.assert_allclose(by_x[k], slopes_x, rtol=1e-12, atol=1e-15)
            product = alone.hvp((w.tolist(), x, i), (tilt.tolist(), None, None))[0]
            np.testing.assert_allclose(np.array(turned)[:, :, k], product, rtol=1e-12, atol=1e-14)
        whole = compile(f, batch=("x", "i"), reduce="sum", chunk=16).grad(*given)
    np.testing.assert_allclose(whole, np.array(by_w).sum(axis=2), rtol=1e-11, atol=1e-13)


def test_a_sample_reads_its_row_and_no_other_also_among_rows_that_are_not_finite():
    rows = [float("inf"), 1.0, float("nan"), -2.5]
    f = compile(lambda rows, i: mx.take(rows, i) * 2.0, batch="i", reduce=None)
    np.testing.assert_array_equal(f(rows, [1, 0, 2, 3]), [2.0, np.inf, np.nan, -5.0])
    assert compile(lambda rows, i: mx.take(rows, i) * 2.0, batch="i").value_and_grad(rows, [1, 3, 3]) == (
        pytest.approx(-8.0 / 3.0),
        [0.0, pytest.approx(2.0 / 3.0), 0.0, pytest.approx(4.0 / 3.0)],
    )
    ((recording,),) = f.recordings.values()
    names = [step.name for step in recording.plans["value", ()].plan.plan.instructions]
    assert names.count("looked_up") == 1
    assert names.count("where") == 1  # for a place counted from the end


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("places", "error", "words"),
    [
        ([0, 1, 2, 0, 0, 0, 0, 5, 9], IndexError, "^sample 7: take got the index 5, out of the reach of 3 rows: they are 0 to 2"),
        ([7, 1], IndexError, "^sample 0: take got the index 7, out of the reach of 3 rows"),
        ([0, -4], IndexError, "^sample 1: take got the index -4, out of the reach of 3 rows"),
        ([0, 1.5], TypeError, r"^sample 1: take needs a whole number as its index, got 1\.5"),
        ([0, float("nan")], TypeError, "^sample 1: take needs a whole number as its index, got nan"),
        ([0, float("inf")], IndexError, "^sample 1: take got the index inf, out of the reach"),
    ],
)
def test_an_index_that_is_no_place_is_named_with_its_sample(places, error, words, threads):
    f = compile(looked_up, batch="i", chunk=2, threads=threads)
    with pytest.raises(error, match=words):
        f(TABLE, places)
    assert f(TABLE, [2]) == pytest.approx(mx.value_and_grad(looked_up)(TABLE, 2)[0], rel=1e-15)


def test_samples_that_all_go_one_way_are_followed_there_and_the_other_way_is_recorded_too():
    f = compile(lambda w, x: w * x if x > 0.0 else -3.0 * w, batch="x", reduce="sum")
    assert f.value_and_grad(2.0, [1.0, 2.0]) == (6.0, 3.0)
    assert f.value_and_grad(2.0, [-1.0, 0.0]) == (-12.0, -6.0)
    assert f.value_and_grad(2.0, [1.0, 3.0]) == (8.0, 4.0)
    assert [len(ways) for ways in f.recordings.values()] == [2]


def test_the_first_sample_that_goes_another_way_is_named_with_the_line_and_what_to_write():
    def bent(w, x):
        return w * x[0] if x[1] > 0.0 else w

    samples = np.ones((3000, 2))
    samples[2049:, 1] = -1.0
    words = r"sample 2049 takes another way through bent than the first one, at .*test_replay_batch_branches\.py:\d+, and one "
    with pytest.raises(TypeError, match=words + r"program runs for all samples of a batch: write where\(condition, a, b\)"):
        compile(bent, batch="x")(1.0, samples)
    with pytest.raises(TypeError, match=r"sample 1 takes another way .* write mx\.max instead of Python's max"):
        compile(lambda w, x: max(w * x[0], x[1]), batch="x")(1.0, [[1.0, 0.0], [0.0, 1.0]])


def test_what_the_function_itself_raises_for_a_sample_says_for_which():
    class Odd(Exception):
        pass

    def f(w, x, kind=0):
        if x < 0.0:
            raise [ValueError("below zero"), Odd("below", 0)][kind]
        return w * x

    with pytest.raises(ValueError, match=r"^sample 2: below zero$"):
        compile(f, batch="x")(1.0, [0.0, 1.0, -1.0])
    with pytest.raises(Odd, match="raised for sample 1"):
        compile(lambda w, x: f(w, x, 1), batch="x")(1.0, [0.0, -1.0])


def test_a_tie_that_the_arrays_decide_otherwise_is_decided_by_the_exact_path(monkeypatch):
    bind = batch_program.BatchPlan.bind

    def mistaken(plan, size):
        run = bind(plan, size)

        def otherwise(samples, parameters, own):
            raise batch_program.GuardFailed

        return otherwise if plan.guards else run

    monkeypatch.setattr(batch_program.BatchPlan, "bind", mistaken)
    f = compile(lambda w, x: w * x if x > 0.0 else w, batch="x", reduce="sum")
    assert f.value_and_grad(2.0, [1.0, 2.0]) == (6.0, 3.0)


def test_a_branch_that_all_samples_take_does_not_keep_a_model_from_being_recorded():
    class Checked(nn.Module):
        def __init__(self):
            self.net = nn.MLP(2, [4, 1], rng=0)

        def __call__(self, x):
            if x[0] < -10.0:
                raise ValueError("out of range")
            return self.net(x)

    X = np.random.default_rng(0).uniform(-1, 1, (60, 2)).tolist()
    y = [a * b for a, b in X]
    losses = [
        nn.fit(Checked(), X, y, loss="mse", optimizer=nn.SGD(lr=0.05), epochs=5, replay=replay) for replay in (True, False)
    ]
    assert losses[0].eager is None
    assert losses[0].loss == pytest.approx(losses[1].loss, rel=1e-12)
