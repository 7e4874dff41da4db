"""Batches: one sample recorded and many replayed give the sum of the samples, in bounded memory, on one machine or several."""

import math
import pickle
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import microgradx as mx
from microgradx import nn
from microgradx.bench.case import sum_of
from microgradx.bench.networks import layers_case
from microgradx.replay.arguments import Call
from microgradx.replay.batch import asked, batch_program
from microgradx.replay.batch.chunks import PairwiseSum
from microgradx.replay.batch.reuse import Reuse
from microgradx.replay.compile import compile
from microgradx.replay.regroup.instructions import Instruction, View
from microgradx.replay.specialization import Recording

SIZES = [2, 6, 5, 1]
COUNT = 59


def sample_loss(p, x, y):
    """Hinge loss of a small network on one sample."""
    first, second, last = layers_case(p, SIZES)
    h = [sum_of([w * v for w, v in zip(ws, x, strict=True)] + [b]).relu() for ws, b in first]
    h = [sum_of([w * v for w, v in zip(ws, h, strict=True)] + [b]).tanh() for ws, b in second]
    return (1.0 - y * sum_of([w * v for w, v in zip(last[0][0], h, strict=True)] + [last[0][1]])).relu()


def data(n, rng=0):
    r = np.random.default_rng(rng)
    return r.uniform(-1, 1, COUNT), r.normal(size=(n, 2)), r.choice([-1.0, 1.0], size=n)


def eager(p, X, y):
    leaves = [mx.Value(v) for v in p]
    loss = sum_of([sample_loss(leaves, x, t) for x, t in zip(X.tolist(), y.tolist(), strict=True)]) / float(len(y))
    loss.backward()
    return loss.data, np.array([leaf.grad for leaf in leaves])


@pytest.mark.parametrize("n", [1, 7, 64, 200])
def test_the_mean_over_samples_agrees_with_eager_evaluation(n):
    p, X, y = data(n)
    f = compile(sample_loss, batch=("x", "y"), chunk=64)
    value, slopes = f.value_and_grad(p, X, y)
    expected = eager(p, X, y)
    assert value == pytest.approx(expected[0], rel=1e-13)
    assert np.abs(slopes - expected[1]).max() <= 1e-13 * np.abs(expected[1]).max()
    assert f(p, X, y) == value


def test_a_sum_is_not_divided():
    f = compile(lambda w, x: w * x, batch="x", reduce="sum")
    assert f.value_and_grad(2.0, [1.0, 2.0, 3.0]) == (12.0, 6.0)


def test_terms_without_a_sample_count_once_for_each():
    f = compile(lambda w, x: w * x + w * w, batch="x", reduce="sum")
    assert f.value_and_grad(2.0, [1.0, 2.0, 3.0]) == (24.0, 18.0)


def test_shared_weights_along_a_sample_are_summed_over_positions_and_samples():
    r = np.random.default_rng(1)
    X, w = r.normal(size=(50, 12)), r.normal(size=3)

    def f(w, x):
        return sum_of([sum_of([w[j] * x[t + j] for j in range(3)]).tanh() ** 2 for t in range(10)])

    value, slopes = compile(f, batch="x").value_and_grad(w, X)
    leaves = [mx.Value(v) for v in w]
    out = sum_of([f(leaves, x) for x in X.tolist()]) / 50.0
    out.backward()
    assert value == pytest.approx(out.data, rel=1e-13)
    assert slopes == pytest.approx(np.array([leaf.grad for leaf in leaves]), rel=1e-12)


@pytest.mark.parametrize("name", ["relu", "sigmoid", "softplus", "gelu", "tanh", "absolute", "square", "exp", "erf"])
def test_every_kind_of_operation_runs_on_a_chunk(name):
    f = compile(lambda w, x: getattr(mx, name)(w * x) * x, batch="x")
    xs = np.linspace(-2, 2, 37)
    leaf = mx.Value(0.7)
    out = sum_of([getattr(mx, name)(leaf * x) * x for x in xs.tolist()]) / 37.0
    out.backward()
    value, slope = f.value_and_grad(0.7, xs)
    assert (value, slope) == pytest.approx((out.data, leaf.grad), rel=1e-12)


def test_operations_on_many_operands_run_on_a_chunk():
    def f(w, x):
        return mx.max(w[0] * x[0], x[1], w[1]) + mx.where(x[0] > 0.0, w[0] * x[1], w[1]) + mx.logsumexp([w[0], x[0], x[1]])

    w, X = np.array([0.5, 0.25]), np.random.default_rng(2).normal(size=(40, 2))
    value, slopes = compile(f, batch="x").value_and_grad(w, X)
    leaves = [mx.Value(v) for v in w]
    out = sum_of([f(leaves, x) for x in X.tolist()]) / 40.0
    out.backward()
    assert value == pytest.approx(out.data, rel=1e-12)
    assert slopes == pytest.approx(np.array([leaf.grad for leaf in leaves]), rel=1e-12)


def test_the_batch_arguments_may_be_named_in_any_order():
    X, y = np.arange(6.0).reshape(3, 2), np.array([10.0, 20.0, 60.0])
    f = compile(lambda w, x, y: w * (x[0] + 2.0 * x[1] + 100.0 * y), batch=("y", "x"))
    assert f(1.0, X, y) == 2.0 + 6.0 + 3000.0


def test_rows_of_samples_that_nothing_reads_any_more_are_written_over():
    f = compile(lambda w, x: sum_of([w * v for v in x]).sin().tanh().exp().sin().tanh(), batch="x")
    X = np.linspace(-1.0, 1.0, 30).reshape(10, 3)
    assert f(0.5, X) == pytest.approx(np.tanh(np.sin(np.exp(np.tanh(np.sin(0.5 * X.sum(axis=1)))))).mean(), rel=1e-14)
    ((recording,),) = f.recordings.values()
    assert recording.plans["value", ()].plan.plan.sizes["varying"] == 4  # three numbers of the sample and one result


def test_a_result_takes_no_place_that_is_still_read():
    x, s, z = (View("varying", place, (2,), (1,)) for place in (0, 2, 4))
    none = np.zeros(0, dtype=np.int64)
    steps = [Instruction("sin", (x,), s, none, 2), Instruction("add", (x, s), z, none, 2)]
    kept = Reuse(steps, [s, z], 2)
    assert [kept.moved(v).offset for v in (x, s, z)] == [0, 2, 0]
    product = Reuse([steps[0], Instruction("matmul", (x, s), z, none, 2)], [z], 2)
    assert [product.moved(v).offset for v in (x, s, z)] == [0, 2, 4]


def test_captured_values_get_the_gradient_of_the_batch():
    model = mx.nn.MLP(2, [4, 1], rng=1)

    def loss(x, y):
        out = model(x)
        return ((out[0] if isinstance(out, list) else out) - y) ** 2

    _, X, y = data(100)
    value = compile(loss, batch=("x", "y")).backward(X, y)
    found = [parameter.grad for parameter in model.parameters()]
    model.zero_grad()
    out = sum_of([loss(x, t) for x, t in zip(X.tolist(), y.tolist(), strict=True)]) / 100.0
    out.backward()
    assert value == pytest.approx(out.data, rel=1e-13)
    assert found == pytest.approx([parameter.grad for parameter in model.parameters()], rel=1e-11, abs=1e-15)


def test_iterators_of_chunks_and_arrays_give_the_same_numbers():
    p, X, y = data(300)
    f = compile(sample_loss, batch=("x", "y"), chunk=100)
    stream = f.value_and_grad(p, iter([X[:100], X[100:]]), iter([y[:100], y[100:]]))
    whole = f.value_and_grad(p, X, y)
    assert stream[0] == whole[0]
    assert stream[1].tolist() == whole[1].tolist()


def test_the_number_of_samples_may_change_between_calls():
    f = compile(lambda w, x: w * x, batch="x")
    assert [f(2.0, [1.0] * n) for n in (3, 5, 1)] == [2.0, 2.0, 2.0]


def test_memory_is_bounded_by_the_chunk_and_data_may_be_a_file(tmp_path):
    n = 400_000
    X = np.memmap(tmp_path / "x", dtype=np.float64, mode="w+", shape=(n, 2))
    y = np.memmap(tmp_path / "y", dtype=np.float64, mode="w+", shape=(n,))
    X[:], y[:] = 0.5, 1.0
    p, _, _ = data(1)
    f = compile(sample_loss, batch=("x", "y"), chunk=1024)
    f.value_and_grad(p, X[:1024], y[:1024])
    tracemalloc.start()
    value, _ = f.value_and_grad(p, X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000  # the file has 9.6 MB
    assert value == pytest.approx(f(p, X[:1], y[:1]), rel=1e-12)


def test_a_sample_that_is_not_finite_is_named():
    f = compile(lambda w, x: mx.log(w * x), batch="x", chunk=4)
    with pytest.raises(FloatingPointError, match=r"sample 6 gives a value that is not finite: its numbers are \[0\.0\]"):
        f(1.0, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0, 8.0])


def test_a_branch_not_taken_by_a_sample_leaks_nothing_into_the_batch():
    f = compile(lambda w, x: mx.where(x > 0.0, mx.log(w * x), 0.0), batch="x", reduce="sum")
    value, slope = f.value_and_grad(1.0, [1.0, -1.0, 0.0])
    assert (value, slope) == (0.0, 1.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda w, x: mx.sqrt(w * x) * 0.0,
        lambda w, x: mx.relu(w * x) * 0.0 + x,
        lambda w, x: (w * x) ** 0.5 * 0.0,
        lambda w, x: mx.sqrt(mx.absolute(w * x)),
        lambda w, x: mx.minimum(mx.exp(w * x), 5.0),
        lambda w, x: mx.where(x > 0.0, mx.log(w * x), 0.0),
        lambda w, x: mx.log(w * x) * 0.0,
    ],
)
def test_only_a_sample_that_is_not_finite_in_eager_evaluation_is_refused(f):
    each = compile(f, batch="x")
    for w, x in [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1000.0, 1.0), (-1.0, 2.0)]:
        value, slope = mx.value_and_grad(f)(w, x)
        if np.isfinite([value, slope]).all():
            assert each.value_and_grad(w, np.array([x])) == pytest.approx((value, slope), rel=1e-15, abs=0.0)
        else:
            with pytest.raises(FloatingPointError, match=r"sample 0 gives a (value|gradient) that is not finite"):
                each.value_and_grad(w, np.array([x]))


def test_rows_are_appended_and_read_under_the_lock_of_their_tape(monkeypatch):
    free = []

    def watched(function):
        def watching(tape, *rest):
            with ThreadPoolExecutor(1) as other:
                free.append(other.submit(tape.lock.acquire, blocking=False).result())
            return function(tape, *rest)

        return watching

    for module, name in ((asked, "rows"), (asked, "BatchPlan"), (batch_program, "Layout")):
        monkeypatch.setattr(module, name, watched(getattr(module, name)))
    f = compile(lambda w, x: mx.where(x > 0.0, mx.log(w * x), 0.0), batch="x")
    f.value_and_grad(1.0, [1.0, -1.0])
    assert free == [False, False, False]


def test_branches_on_what_all_samples_share_are_followed():
    w = mx.Value(1.0)
    f = compile(lambda a, x: (a * x if a > 0.0 else -2.0 * a * x) * (w if w > 0.0 else 10.0 * w), batch="x", reduce="sum")
    assert f(1.0, [1.0, 2.0]) == 3.0
    assert f(-1.0, [1.0, 2.0]) == 6.0
    w.data = -1.0
    assert f.value_and_grad(-1.0, [1.0, 2.0]) == (-60.0, 60.0)
    assert f.backward(1.0, [1.0, 2.0]) == -30.0
    assert w.grad == 30.0


def test_bad_batches_are_named():
    with pytest.raises(ValueError, match=r"batch names \['z'\], the function has the arguments \['w', 'x'\]"):
        compile(lambda w, x: w * x, batch="z")
    with pytest.raises(ValueError, match="reduce='max': write 'mean', 'sum', or None for the result of each sample"):
        compile(lambda w, x: w * x, batch="x", reduce="max")
    with pytest.raises(ValueError, match=r"batch=\(\) names no argument: name those of"):
        compile(lambda w, x: w * x, batch=())
    with pytest.raises(ValueError, match=r"chunk=2\.5: a chunk is a whole number of samples"):
        compile(lambda w, x: w * x, batch="x", chunk=2.5)
    with pytest.raises(TypeError, match=r"got 1 argument\(s\), and x is argument 2: pass all up to it"):
        compile(lambda w, x: w * x, batch="x")(1.0)
    with pytest.raises(TypeError, match=r"x is 2\.0: pass an array with one sample per row"):
        compile(lambda w, x: w * x, batch="x")(1.0, 2.0)
    with pytest.raises(ValueError, match="chunk=0"):
        compile(lambda w, x: w * x, batch="x", chunk=0)
    f = compile(lambda w, x, y: w * x * y, batch=("x", "y"))
    with pytest.raises(ValueError, match=r"x, y have \[2, 3\] samples"):
        f(1.0, [1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="x has no samples"):
        f(1.0, [], [])
    with pytest.raises(TypeError, match="either all are iterators"):
        f(1.0, iter([np.ones(2)]), [1.0, 2.0])
    with pytest.raises(ValueError, match="sample 2 has 3 numbers, the first one has 2"):
        compile(lambda w, x: w * (x[0] + x[1]), batch="x")(1.0, iter([np.ones((2, 2)), np.ones((2, 3))]))


@pytest.mark.parametrize("count", range(1, 40))
def test_the_tree_of_sums_is_the_same_when_cut_at_subtrees(count):
    parts = list(np.random.default_rng(3).normal(size=(count, 3)) * 10.0 ** np.random.default_rng(4).integers(-8, 8, (count, 1)))
    whole = PairwiseSum()
    for part in parts:
        whole.add(part)
    for size in (1, 2, 4, 8):
        outer, rest = PairwiseSum(), None
        for low in range(0, count, size):
            inner = PairwiseSum()
            for part in parts[low : low + size]:
                inner.add(part)
            if low + size <= count:
                outer.add(inner.total())
            else:
                rest = inner.total()
        assert outer.total(rest).tolist() == whole.total().tolist()


def test_true_and_false_in_a_batch_are_numbers():
    each = compile(lambda w, x, y: (w * x - y) ** 2, batch=("x", "y"))
    assert each.value_and_grad(1.0, [1.0, 2.0], np.array([True, False])) == each.value_and_grad(1.0, [1.0, 2.0], [1.0, 0.0])


def test_rows_of_each_sample_can_be_kept_beside_the_sums():
    model = nn.MLP(2, [3, 2], rng=1)
    samples = np.random.default_rng(0).normal(size=(7, 2))

    def one(x):
        outputs = model(x)
        return [outputs[0] * outputs[1], *outputs, model.parameters()[0] * 2.0, 1.0]

    call = Call([samples[0]], {})
    recording = Recording(one, call)
    tape, (total, *each) = recording.program.tape, recording.program.outputs
    plan = batch_program.BatchPlan(tape, [total], [tape.inputs[:2]], each)
    for rows in (samples, np.vstack([samples[:3], [[math.inf, 0.0]], samples[3:]])):  # infinity takes the exact path
        kept = np.empty((len(rows), 4))
        try:
            found = plan.runner(recording.inputs(call))([rows], 0, kept)
        except FloatingPointError:
            assert not np.isfinite(rows).all()
            continue
        wanted = [[out.data if isinstance(out, mx.Value) else out for out in one(row.tolist())] for row in rows]
        np.testing.assert_allclose(kept, [row[1:] for row in wanted], rtol=1e-14)
        assert found[0] == pytest.approx(sum(row[0] for row in wanted), rel=1e-13)


def test_rows_kept_on_the_exact_path_are_those_of_the_fast_one():
    call = Call([0.5], {})
    recording = Recording(lambda x: [x * 2.0, x / x, x - 1.0], call)
    tape, (total, *each) = recording.program.tape, recording.program.outputs
    plan = batch_program.BatchPlan(tape, [total], [tape.inputs[:1]], each)
    kept = np.empty((3, 2))
    rows = np.array([[1.0], [2.0], [4.0]])
    exact = np.empty((3, 2))
    found = plan.runner(recording.inputs(call))([rows], 0, kept)
    assert (found == plan.exact(recording.inputs(call), [rows], 0, exact)).all()
    assert kept.tolist() == exact.tolist() == [[1.0, 0.0], [1.0, 1.0], [1.0, 3.0]]


@pytest.mark.parametrize("row", [[1.0, 2.0, 3.0], [3.0, 3.0, 1.0], [50.0, 0.0, -40.0], [-700.0, 700.0, 0.0], [0.0, 0.0, 0.0]])
def test_the_array_form_of_a_log_share_keeps_the_digits_of_the_number_form(row):
    for first in range(3):
        operands = [row[first], *row[:first], *row[first + 1 :]]
        array = mx.log_softmax_share.array(np, *[np.array([x]) for x in operands])
        assert array[0] == pytest.approx(mx.log_softmax_share(*operands), rel=1e-15)


def exact_samples(monkeypatch):
    """How many samples the exact path computes, call by call."""
    counts, exact = [], batch_program.BatchPlan.exact

    def counted(plan, inputs, samples, start, each, which=None):
        counts.append(len(samples[0]) if which is None else len(which))
        return exact(plan, inputs, samples, start, each, which)

    monkeypatch.setattr(batch_program.BatchPlan, "exact", counted)
    return counts


def test_numbers_that_a_choice_discards_need_no_exact_path(monkeypatch):
    counts = exact_samples(monkeypatch)
    f = compile(lambda w, x: mx.where(x > 0.0, mx.log(w * x), x), batch="x", reduce="sum")
    xs = np.array([1.0, -1.0, 2.0, -3.0])
    assert f.value_and_grad(2.0, xs) == pytest.approx((math.log(2.0) + math.log(4.0) - 4.0, 1.0), rel=1e-15)
    assert counts == []


def test_of_samples_that_are_kept_only_those_that_are_not_finite_take_the_exact_path(monkeypatch):
    counts = exact_samples(monkeypatch)
    f = compile(lambda w, x: mx.log(w * x), batch="x", reduce=None, chunk=5)
    xs = np.array([1.0, math.nan, 0.0, 2.0, 3.0, 4.0, 5.0, -1.0])
    value, slopes = f.value_and_grad(2.0, xs)
    wanted = [mx.value_and_grad(lambda w, x: mx.log(w * x))(2.0, x) for x in xs.tolist()]
    np.testing.assert_allclose(np.stack((value, slopes), axis=1), wanted, rtol=1e-15)
    assert counts == [2, 1]


def test_a_step_of_what_is_not_a_number_is_not_a_number():
    f = compile(lambda w, x: mx.heaviside(w * x, 0.5) * 2.0, batch="x", reduce=None)
    np.testing.assert_array_equal(f(1.0, [1.0, math.nan, -math.inf, 0.0]), [2.0, math.nan, 0.0, 1.0])
    with pytest.raises(FloatingPointError, match="sample 0 gives a value that is not finite"):
        compile(lambda w, x: mx.heaviside(w * x, 0.5), batch="x")(math.nan, [1.0])


@pytest.mark.parametrize("threads", [1, 2])
def test_what_all_samples_share_may_overflow_in_every_chunk(threads):
    f = compile(lambda w, x: mx.minimum(mx.exp(w), 5.0) * x, batch="x", chunk=2, reduce="sum", threads=threads)
    assert f(1.0, [1.0] * 6) == pytest.approx(6.0 * math.e, rel=1e-15)
    assert f(1000.0, [1.0] * 6) == 30.0
    assert f(1.0, [1.0] * 6) == pytest.approx(6.0 * math.e, rel=1e-15)
    assert f.value_and_grad(1000.0, [1.0] * 6) == (30.0, 0.0)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_give_the_bits_of_one(threads):
    r = np.random.default_rng(0)
    w, X, y = r.normal(size=9), r.normal(size=(1003, 2)), r.normal(size=1003)

    def loss(w, x, y):
        hidden = [(w[3 * k] * x[0] + w[3 * k + 1] * x[1]).tanh() for k in range(3)]
        return (mx.sum(h * w[3 * k + 2] for k, h in enumerate(hidden)) - y) ** 2

    alone = compile(loss, batch=("x", "y"), chunk=10)
    together = compile(loss, batch=("x", "y"), chunk=10, threads=threads)
    value, slopes = alone.value_and_grad(w, X, y)
    chunks = (np.array_split(X, 7), np.array_split(y, 7))
    pieces = alone.value_and_grad(w, iter(chunks[0]), iter(chunks[1]))
    for _ in range(3):
        assert together(w, X, y) == value
        assert (together.value_and_grad(w, X, y)[1] == slopes).all()
        found = together.value_and_grad(w, iter(chunks[0]), iter(chunks[1]))
        assert found[0] == pieces[0]
        assert (found[1] == pieces[1]).all()
    assert pickle.loads(pickle.dumps(compile(mx.hypot, batch="b", threads=threads))).threads == threads


def test_threads_hand_on_what_a_chunk_raises_and_work_on():
    f = compile(lambda w, x: w * x.log(), batch="x", chunk=4, threads=2)
    X = np.linspace(1.0, 2.0, 100)
    expected = f(2.0, X)
    X[50] = -1.0
    with pytest.raises(FloatingPointError, match="sample 50 gives a value that is not finite"):
        f(2.0, X)
    X[50] = X[49] + X[1] - X[0]
    assert f(2.0, X) == expected
    with pytest.raises(ValueError, match=r"threads=0: that is how many chunks are computed at once"):
        compile(lambda x: x, batch="x", threads=0)


def test_a_gradient_by_many_weights_takes_no_room_for_pairs_of_them():
    f = compile(lambda w, x: mx.dot(w, w) * x, batch="x")
    w = np.ones(20_000)
    tracemalloc.start()
    value, slopes = f.value_and_grad(w, [1.0, 2.0])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (value, slopes.tolist()) == (30_000.0, [3.0] * 20_000)
    assert peak < 100_000_000


def test_a_function_of_batches_shows_the_program_of_one_sample():
    f = compile(lambda w, x, y: (w * x - y) ** 2, batch=("x", "y"))
    program = f.program(0.5, [1.0, 2.0], y=[1.0, 2.0])
    assert str(program) == str(compile(f.f).program(0.5, 1.0, 1.0))
    assert len(f.recordings) == 1


def test_a_function_of_batches_says_what_to_write_for_vjp():
    f = compile(lambda w, x: w * w * x, batch="x", reduce=None)
    with pytest.raises(AttributeError, match=r"no attribute 'vjp': .* compile\(lambda w, x, c: c \* f\(w, x\), batch="):
        f.vjp(3.0, [1.0, 2.0])
    weighted = compile(lambda w, x, c: c * f.f(w, x), batch=("x", "c"), reduce="sum")
    xs, cotangents = [1.0, 2.0], [0.5, -1.0]
    assert weighted.grad(3.0, xs, cotangents) == mx.vjp(lambda w: [f.f(w, x) for x in xs], 3.0)[1](cotangents)[0]
    with pytest.raises(AttributeError, match=r"no attribute 'value_and_gradient': did you mean value_and_grad"):
        f.value_and_gradient(3.0, xs)
