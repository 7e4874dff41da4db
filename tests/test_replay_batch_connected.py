"""A call over a batch as part of an eager graph: what it gives with Values, and what becomes of the samples until then."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import pytest
from nothing_left import assert_nothing_left

import microgradx as mx
from microgradx import Value, nn
from microgradx.replay import connected
from microgradx.replay.batch import over_samples
from microgradx.replay.batch.batch_program import BatchPlan
from microgradx.replay.compile import compile

X = np.random.default_rng(0).normal(size=(23, 2))
Y = np.random.default_rng(1).normal(size=23)


def loss(w: Any, x: Any, y: Any) -> Any:
    """A small regression on one sample."""
    return (mx.tanh(w[0] * x[0] + w[1] * x[1]) - y) ** 2


def eager_mean(f: Any, w: Any, X: Any = X, Y: Any = Y) -> Any:
    """The eager mean over the samples."""
    return mx.mean([f(w, x, y) for x, y in zip(X.tolist(), Y.tolist(), strict=True)])


def runs(act: Any) -> int:
    """How often a program runs over the samples while `act` does."""
    with mock.patch.object(BatchPlan, "runner", autospec=True, side_effect=BatchPlan.runner) as ran:
        act()
    return ran.call_count


def test_a_loss_over_a_batch_is_one_node_whose_backward_is_one_run_over_the_samples() -> None:
    w = [Value(0.5, "a"), Value(-1.25, "b")]
    each = compile(loss, batch=("x", "y"), chunk=8)
    data = each(w, X, Y)
    assert (data.op.name, data.parents) == ("loss", tuple(w))
    whole = data + 0.1 * w[0] * w[0]
    assert runs(whole.backward) == 1
    expected = eager_mean(loss, w) + 0.1 * w[0] * w[0]
    assert whole.data == pytest.approx(expected.data, rel=1e-13)
    assert [x.grad for x in w] == pytest.approx(mx.gradient(expected, w), rel=1e-12)


@pytest.mark.parametrize("reduce", ["mean", "sum"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_connected_loss_has_the_bits_of_the_plain_one(reduce: str, threads: int) -> None:
    each = compile(loss, batch=("x", "y"), reduce=reduce, chunk=4, threads=threads)
    w = [Value(0.5), Value(-1.25)]
    value, slopes = each.value_and_grad([0.5, -1.25], X, Y)
    found = each(w, X, Y)
    assert (found.data, mx.gradient(found, w)) == (value, slopes)
    again, by = each.value_and_grad(w, X, Y)
    assert (again.data, [x.data for x in by]) == (value, slopes)
    assert mx.gradient(again, w) == slopes
    assert each.backward(w, X, Y) == value
    assert [x.grad for x in w] == slopes


def test_a_batch_is_differentiated_by_the_functions_for_functions() -> None:
    each = compile(loss, batch=("x", "y"))
    w, along = [0.5, -1.25], [1.0, 2.0]
    assert mx.grad(each)(w, X, Y) == each.grad(w, X, Y)
    assert mx.grad(lambda w: each(w, X, Y))(w) == each.grad(w, X, Y)
    assert mx.value_and_grad(each)(w, X, Y) == each.value_and_grad(w, X, Y)
    np.testing.assert_allclose(mx.hessian(each)(w, X, Y), each.hessian(w, X, Y), rtol=1e-12)
    assert mx.jvp(lambda w: each(w, X, Y), (w,), (along,)) == pytest.approx(each.jvp((w, X, Y), (along, None, None)), rel=1e-12)
    product = each.hvp((w, X, Y), (along, None, None))[0]
    np.testing.assert_allclose(mx.hvp(lambda w: each(w, X, Y), (w,), (along,)), product, rtol=1e-12)
    assert mx.testing.check_gradient(lambda w: each(w, X, Y), w, order=2).ok


def test_second_derivatives_go_through_a_loss_over_a_batch() -> None:
    each = compile(loss, batch=("x", "y"))
    found = mx.hessian(lambda w: each(w, X, Y) ** 2 * w[0])([0.5, -1.25])
    np.testing.assert_allclose(found, mx.hessian(lambda w: eager_mean(loss, w) ** 2 * w[0])([0.5, -1.25]), rtol=1e-11)
    cube = compile(lambda w, x: w**3 * x, batch="x", reduce="sum")
    f: Any = lambda w: cube(w, [1.0, 2.0])  # noqa: E731
    for expected in (24.0, 36.0, 36.0, 18.0, 0.0):
        assert f(2.0) == expected
        f = mx.grad(f)


def test_values_that_were_captured_are_reached_as_those_that_were_given() -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    each = compile(lambda x, y: (model(list(x)) - y) ** 2, batch=("x", "y"))
    given = compile(lambda model, x, y: (model(list(x)) - y) ** 2, batch=("x", "y"))
    for found in (each(X, Y), given(model, X, Y)):
        model.zero_grad()
        (found + sum(p * p for p in model.parameters())).backward()
        slopes = [p.grad for p in model.parameters()]
        model.zero_grad()
        eager_mean(lambda model, x, y: (model(x) - y) ** 2 + sum(p * p for p in model.parameters()), model).backward()
        assert slopes == pytest.approx([p.grad for p in model.parameters()], rel=1e-12)


def test_numbers_come_out_where_no_values_were_read_and_inside_no_grad() -> None:
    w = Value(2.0)
    each = compile(lambda x: w * x * x, batch="x")
    kept = compile(lambda w, x: w * x, batch="x", reduce=None)
    assert type(compile(lambda w, x: w * x, batch="x")(2.0, [1.0])) is float
    with mx.no_grad():
        assert each([1.0, 3.0]) == 10.0
        assert type(each([1.0, 3.0])) is float
        assert kept(w, [1.0, 3.0]).tolist() == [2.0, 6.0]
        assert kept.grad(w, [1.0, 3.0]).dtype == each.grad([1.0, 3.0]).dtype == np.float64
    with pytest.raises(TypeError, match="does not turn into a plain number, its gradient would be lost"):
        float(each([1.0]))


def test_every_number_of_a_result_is_a_node_and_all_share_one_run() -> None:
    w, v = Value(3.0), Value(0.5)
    f = compile(lambda x: {"a": [w * x, v * x * x], "b": np.array([[w * v, 1.0]]), "name": "kept"}, batch="x")
    found = f([1.0, 3.0])
    assert (found["b"].shape, found["b"].dtype, found["name"]) == ((1, 2), object, "kept")
    whole = found["a"][0] * found["a"][1] + found["b"][0, 0]
    assert runs(whole.backward) == 1
    assert (whole.data, w.grad, v.grad) == (16.5, 2.0 * 2.5 + 0.5, 6.0 * 5.0 + 3.0)


def test_many_results_share_one_run_in_both_directions() -> None:
    def states(k: Any, x: Any) -> list[Any]:
        found = []
        for _ in range(64):
            x = x + 0.01 * k * x * (1.0 - x)
            found.append(x)
        return found

    def by_hand(k: Any, chosen: slice) -> list[Any]:
        return [mx.mean(column) for column in list(zip(*[states(k, start) for start in x.tolist()], strict=True))[chosen]]

    each = compile(states, batch="x")
    k, x = Value(0.5), np.abs(Y[:5]) / 3.0
    total = mx.sum([state * state for state in each(k, x)])
    assert runs(total.backward) == 1
    assert mx.gradient(mx.sum([m * m for m in by_hand(k, slice(None))]), [k]) == pytest.approx([k.grad], rel=1e-11)
    along = mx.jvp(lambda k: each(k, x)[::20], (0.5,), (2.0,))[1]
    assert along == pytest.approx(mx.jvp(lambda k: by_hand(k, slice(None, None, 20)), (0.5,), (2.0,))[1], rel=1e-12)
    bent = mx.hessian(lambda k: mx.sum(each(k, x)[::10]) * k)(0.5)
    assert bent == pytest.approx(mx.hessian(lambda k: mx.sum(by_hand(k, slice(None, None, 10))) * k)(0.5), rel=1e-9)


@pytest.mark.parametrize(
    "ask",
    [
        lambda f, w: f.grad(w, X, Y),
        lambda f, w: f.value_and_grad(w, X, Y)[1],
        lambda f, w: f.jacobian(w, X, Y),
        lambda f, w: f.hessian(w, X, Y)[0],
        lambda f, w: f.jvp((w, X, Y), ([1.0, -2.0], None, Y[::-1].copy())),
        lambda f, w: f.hvp((w, X, Y), ([1.0, -2.0], None, None))[0],
        lambda f, w: list(f.grad(w, X, Y, argnums=2)),
        lambda f, w: list(f.grad(w, X, Y, argnums=1).ravel()),
    ],
    ids=["grad", "value_and_grad", "jacobian", "hessian", "jvp", "hvp", "grad by samples", "grad by rows"],
)
@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_derivatives_of_a_batch_are_connected_too(ask: Any, reduce: str) -> None:
    each = compile(loss, batch=("x", "y"), reduce=reduce, chunk=8)
    plain = ask(each, [0.5, -1.25])
    w = [Value(0.5), Value(-1.25)]
    found = ask(each, w)
    assert [x.data for x in found] == list(plain)
    step, numbers = 1e-6, [0.5, -1.25]
    for k in range(2):
        higher, lower = ([w + sign * step * (i == k) for i, w in enumerate(numbers)] for sign in (1.0, -1.0))
        wanted = (np.array(ask(each, higher)) - np.array(ask(each, lower))) / (2.0 * step)
        np.testing.assert_allclose([mx.gradient(x, w)[k] for x in found], wanted, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("count", [5, 3000])
@pytest.mark.parametrize("reduce", ["mean", "sum", None])
def test_a_penalty_on_the_slopes_by_each_sample_is_differentiated_twice(reduce: str | None, count: int) -> None:
    def score(w: Any, x: Any) -> Any:
        return mx.tanh(w[0] * x[0] + w[1] * x[1]) ** 2 * w[0]

    x, share = np.random.default_rng(2).normal(size=(count, 2)), 1.0 / count if reduce == "mean" else 1.0
    each = compile(score, batch="x", reduce=reduce, chunk=700)
    inside = compile(lambda w, x: mx.sum([(share * g) ** 2 for g in mx.grad(score, 1)(w, list(x))]), batch="x", reduce="sum")

    def penalty(w: Any) -> Any:
        return mx.sum([g * g for g in each.grad(w, x, argnums=1).ravel()])

    w = [0.5, -0.75]
    np.testing.assert_allclose(mx.grad(penalty)(w), inside.grad(w, x), rtol=1e-12)
    np.testing.assert_allclose(mx.hessian(penalty)(w), inside.hessian(w, x), rtol=1e-11)


@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_what_stands_beside_the_value_is_connected_sample_by_sample(reduce: str) -> None:
    def scored(w: Any, x: Any, y: Any) -> Any:
        score = w[0] * x[0] + w[1] * x[1]
        return (score - y) ** 2, {"score": score}

    w = [Value(0.5), Value(-1.25)]
    each = compile(scored, batch=("x", "y"), reduce=reduce, chunk=8)
    (value, beside), slopes = each.value_and_grad(w, X, Y, has_aux=True)
    scores = X @ [0.5, -1.25]
    np.testing.assert_allclose([x.data for x in beside["score"]], scores, rtol=1e-13)
    assert mx.gradient(beside["score"][5] * 2.0, w) == pytest.approx((2.0 * X[5]).tolist(), rel=1e-13)
    count = len(X) if reduce == "mean" else 1
    assert value.data == pytest.approx(np.sum((scores - Y) ** 2) / count, rel=1e-12)
    assert mx.gradient(value + beside["score"][5], w) == pytest.approx([s.data + x for s, x in zip(slopes, X[5], strict=True)])
    assert mx.gradient(slopes[1], w) == pytest.approx((2.0 * X.T @ X[:, 1] / count).tolist(), rel=1e-12)
    rebuilt = compile(lambda scale: beside["score"][3] * scale + value)
    assert rebuilt.grad(2.0).data == pytest.approx(scores[3], rel=1e-13)


def test_results_of_all_samples_are_arrays_of_values() -> None:
    w = [Value(0.5), Value(-1.25)]
    each = compile(loss, batch=("x", "y"), reduce=None, chunk=8)
    found = each(w, X, Y)
    assert (found.shape, found.dtype) == ((23,), object)
    assert [x.data for x in found] == each([0.5, -1.25], X, Y).tolist()
    total = np.mean(found * np.arange(23.0))
    assert runs(total.backward) == 1
    expected = mx.mean([loss(w, x, y) * k for k, (x, y) in enumerate(zip(X.tolist(), Y.tolist(), strict=True))])
    assert [x.grad for x in w] == pytest.approx(mx.gradient(expected, w), rel=1e-12)
    assert mx.gradient(found[7], w) == pytest.approx(mx.gradient(loss(w, X[7], Y[7]), w), rel=1e-12)
    both = compile(lambda w, x: (w * x, [w, x]), batch="x", reduce=None)(w[0], X)
    assert (both[0].shape, both[1][0].shape) == ((23, 2), (23,))
    assert mx.gradient(both[0][3, 1] + both[1][0][5], [w[0]]) == [X[3, 1] + 1.0]
    moved = mx.jvp(lambda a: np.sum(each([a, -1.25], X, Y)), (0.5,), (2.0,))[1]
    assert moved == pytest.approx(2.0 * each.grad([0.5, -1.25], X, Y)[0].sum(), rel=1e-12)


@pytest.mark.parametrize("count", [23, 4000])
def test_second_derivatives_go_through_what_is_kept_for_each_sample(count: int) -> None:
    each = compile(lambda w, x: w**3 * x, batch="x", reduce=None)
    x = np.linspace(0.0, 1.0, count)
    found = mx.hessian(lambda w: np.mean(each(w, x) ** 2) * w)(1.5)
    assert found == pytest.approx(42.0 * 1.5**5 * np.mean(x * x), rel=1e-11)


def test_second_derivatives_through_too_many_numbers_say_what_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connected, "MOST_SLOPES", 20_000)
    each = compile(lambda w, x: w * w * x, batch="x", reduce=None)
    with pytest.raises(
        TypeError, match=r"second derivatives through 21,000 numbers .* calculate the loss in the function of one"
    ):
        mx.hessian(lambda w: np.sum(each(w, np.ones(21_000))))(0.5)


def test_a_buffer_of_samples_may_be_used_again_before_the_backward_pass() -> None:
    w = [Value(0.5), Value(-1.25)]
    each, buffer, targets, total = compile(loss, batch=("x", "y")), np.empty((8, 2)), [0.0] * 8, Value(0.0)
    for start in (0, 8):
        buffer[:], targets[:] = X[start : start + 8], Y[start : start + 8]
        total = total + each(w, buffer, targets)
    buffer[:] = 1e9
    expected = eager_mean(loss, w, X[:8], Y[:8]) + eager_mean(loss, w, X[8:16], Y[8:16])
    assert mx.gradient(total, w) == pytest.approx(mx.gradient(expected, w), rel=1e-12)


def test_samples_in_a_file_stay_there(tmp_path: Any) -> None:
    file = np.memmap(tmp_path / "x", dtype=np.float32, mode="w+", shape=(5, 2))
    file[:] = X[:5]
    w = [Value(0.5), Value(-1.25)]
    found = compile(loss, batch=("x", "y"))(w, file, Y[:5])
    (kept, copied) = found.op.call.program.blocks.first
    assert kept is file
    assert copied is not Y
    assert mx.gradient(found, w) == compile(loss, batch=("x", "y")).grad([0.5, -1.25], file, Y[:5])


def test_chunks_that_were_read_once_give_a_value_and_no_backward_pass() -> None:
    w = [Value(0.5), Value(-1.25)]
    each = compile(loss, batch=("x", "y"))
    found = each(w, iter([X[:9], X[9:]]), iter([Y[:9], Y[9:]]))
    assert found.data == pytest.approx(each([0.5, -1.25], X, Y), rel=1e-13)
    with pytest.raises(TypeError, match=r"x, y were iterators of chunks, .* read once only.*: pass arrays, .* call \.backward"):
        found.backward()
    assert [x.grad for x in w] == [0.0, 0.0]
    each.backward(w, iter([X[:9], X[9:]]), iter([Y[:9], Y[9:]]))
    assert [x.grad for x in w] == pytest.approx(each.grad([0.5, -1.25], X, Y), rel=1e-12)


def test_a_loss_over_a_batch_that_is_stale_says_so_and_is_computed_again() -> None:
    w = Value(2.0)
    found = compile(lambda x: w * w * x if w > 1.0 else w, batch="x")([1.0, 3.0])
    w.data = 3.0
    with pytest.raises(RuntimeError, match="was assigned after"):
        found.backward()
    assert found.forward() == 18.0
    found.backward()
    assert w.grad == 12.0
    w.data = 0.5
    with pytest.raises(RuntimeError, match="the function takes another way through its branches"):
        found.forward()
    by_sample = compile(lambda x: w * x if w * x < 2.0 else w, batch="x")([1.0, 3.0])
    w.data = 1.0
    with pytest.raises(RuntimeError, match="sample 1 goes another way than the first one"):
        by_sample.forward()


@pytest.mark.parametrize("again", [copy.deepcopy, lambda y: pickle.loads(pickle.dumps(y))], ids=["copy", "pickle"])
def test_a_graph_with_batches_in_it_is_copied_and_pickled(again: Any) -> None:
    w = Value(2.0, "w")
    kept, lists = compile(lambda x: w * x * x, batch="x", reduce=None)(Y), compile(lambda x: [w * x, w.sin()], batch="x")(Y)
    once = compile(lambda x: w * x, batch="x")(iter([Y]))
    whole = np.sum(kept) * lists[0] * lists[1]
    other = again(whole)
    other.backward()
    (leaf,) = [node for node in mx.topological_order(other) if node.op is None]
    assert (other.data, leaf.label, leaf.grad) == (whole.data, "w", mx.gradient(whole, [w])[0])
    with pytest.raises(TypeError, match="read once only"):
        again(once).backward()


def test_a_call_over_a_batch_that_a_compiled_function_captured_becomes_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    w = [Value(0.5), Value(-1.25)]
    one, kept = compile(loss, batch=("x", "y"))(w, X, Y), compile(loss, batch=("x", "y"), reduce=None)(w, X, Y)
    outer = compile(lambda scale: one * scale + kept[4] * w[0])
    expected = eager_mean(loss, w) * 2.0 + loss(w, X[4], Y[4]) * w[0]
    assert outer(2.0).data == pytest.approx(expected.data, rel=1e-12)
    assert mx.gradient(outer(2.0), w) == pytest.approx(mx.gradient(expected, w), rel=1e-12)
    monkeypatch.setattr(over_samples, "MOST_INLINED", 1_000)
    many = compile(lambda x: w[0] * x, batch="x")(np.zeros(500))
    with pytest.raises(TypeError, match=r"captured a call over 500 samples.*: give it the result of that call as an argument"):
        compile(lambda x: many * x)(1.0)
    assert compile(lambda found, x: found * x)(many, 1.0).data == 0.0


def test_values_among_samples_are_refused_with_what_to_write() -> None:
    each = compile(loss, batch=("x", "y"))
    with pytest.raises(TypeError, match=r"y has Values among its samples, .*: pass their \.data; .* by y are \.grad"):
        each([0.5, 1.0], X, [Value(y) for y in Y])
    with pytest.raises(TypeError, match=r"x has Values among its samples"):
        mx.grad(each, 1)([0.5, 1.0], X, Y)


def test_samples_with_parts_options_and_methods_are_connected() -> None:
    @dataclass
    class Sample:
        x: Any
        weight: Any

    class Line:
        def __init__(self) -> None:
            self.slope = Value(2.0)

        @lambda f: compile(f, batch="s")
        def cost(self, s: Any, *, scale: float = 1.0) -> Any:
            return s.weight * (self.slope * s.x[0] - s.x[1]) ** 2 * scale

    line = Line()
    found = line.cost(Sample(X, np.abs(Y)), scale=2.0)
    rows = zip(X.tolist(), np.abs(Y).tolist(), strict=True)
    expected = mx.mean([weight * (line.slope * x[0] - x[1]) ** 2 * 2.0 for x, weight in rows])
    assert found.data == pytest.approx(expected.data, rel=1e-13)
    assert mx.gradient(found, [line.slope]) == pytest.approx(mx.gradient(expected, [line.slope]), rel=1e-12)
    scale = Value(2.0)
    slope = mx.gradient(line.cost(Sample(X, np.abs(Y)), scale=scale), [scale])
    assert slope == pytest.approx([expected.data / 2.0], rel=1e-13)


def test_a_direction_may_hold_values() -> None:
    rate = Value(2.0)
    f = compile(lambda w, x: w * w * x, batch="x")
    value, along = f.jvp((3.0, [1.0, 3.0]), (rate, [0.5, 0.5]))
    assert (value.data, along.data) == (18.0, 2.0 * 12.0 + 4.5)
    assert mx.gradient(along, [rate]) == [12.0]


def test_a_loss_over_a_batch_is_drawn_stepped_and_explained() -> None:
    w = Value(3.0, "w")
    y = compile(lambda x: w * x * x, batch="x")([1.0, 2.0]) * w
    assert "w" in mx.draw(y).source
    stepper = mx.stepper(y)
    stepper.goto(2)
    assert "w += 7.5" in stepper.list()
    assert "+7.5" in str(mx.explain(y, w))


def test_graphs_with_batches_in_them_leave_nothing_to_the_collector() -> None:
    w = [Value(0.5), Value(-1.25)]
    each, kept = compile(loss, batch=("x", "y")), compile(loss, batch=("x", "y"), reduce=None)

    def work() -> None:
        each(w, X, Y).backward()
        np.sum(kept(w, X, Y)).backward()
        mx.hessian(lambda w: each(w, X, Y))([0.5, -1.25])
        each.backward(w, X, Y)

    assert_nothing_left(work, {"Value", "Evaluation", "OverSamples", "Blocks", "Given", "Whole", "Picked", "Arrived", "Moved"})
