"""`fit` records one row and replays any batch: the same losses as node by node, and eager where that cannot be."""

import contextlib
import copy
import math
import os
import random
import re
import signal
import sys

import numpy as np
import pytest

import microgradx as mx
from microgradx import Value, nn
from microgradx.nn.samples import Samples
from microgradx.nn.training_run import TrainingRun

X, Y = nn.data.moons(60)
NN = os.sep + os.path.join("microgradx", "nn") + os.sep
DIGITS = np.random.RandomState(0).rand(40, 5), np.arange(40) % 3


def net(outputs=1, output="linear"):
    return nn.MLP(2, [6, outputs], activation="tanh", output=output, rng=3)


def both(make, X, y, **options):
    """The histories and final weights of a replayed run and of one node by node."""
    found = []
    for replay in (True, False):
        model = make()
        settings = {"optimizer": nn.SGD(lr=0.1, momentum=0.9), "epochs": 12} | options
        settings["optimizer"] = copy.deepcopy(settings["optimizer"])
        history = nn.fit(model, X, y, replay=replay, **settings)
        assert history.eager is None
        found.append((history, np.array([p.data for p in model.parameters()])))
    return found


@pytest.mark.parametrize("batch_size", [None, 16, 7])
@pytest.mark.parametrize("loss", [name for name in nn.losses.LOSSES if name != "cross_entropy"])
def test_every_loss_is_replayed_in_batches_of_any_size_to_what_the_graph_gives(loss, batch_size):
    y = 2 * Y - 1 if loss == "hinge" else Y
    (fast, weights), (slow, wanted) = both(net, X, y, loss=loss, batch_size=batch_size, optimizer=nn.SGD(lr=0.01))
    assert fast.loss == pytest.approx(slow.loss, rel=1e-12)
    assert fast.accuracy == slow.accuracy
    assert fast.gradient_norms["L0"] == pytest.approx(slow.gradient_norms["L0"], rel=1e-9)
    np.testing.assert_allclose(weights, wanted, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("targets", [DIGITS[1], np.eye(3)[DIGITS[1]], np.full((40, 3), 1 / 3)])
@pytest.mark.parametrize("batch_size", [None, 9])
def test_classes_are_replayed_by_index_by_one_hot_and_by_probabilities(targets, batch_size):
    (fast, weights), (slow, wanted) = both(
        lambda: nn.MLP(5, [6, 3], activation="tanh", rng=3), DIGITS[0], targets, loss="cross_entropy", batch_size=batch_size
    )
    assert fast.loss == pytest.approx(slow.loss, rel=1e-12)
    assert fast.accuracy == slow.accuracy
    np.testing.assert_allclose(weights, wanted, rtol=1e-10, atol=1e-13)


def penalised(model):
    return lambda outputs, targets: nn.hinge(outputs, targets) + nn.l2(model.parameters(), 0.01)


@pytest.mark.parametrize("batch_size", [None, 16])
def test_a_loss_of_ones_own_is_replayed_with_what_it_reads_itself(batch_size):
    found = []
    for replay in (True, False):
        model = net()
        history = nn.fit(
            model, X, 2 * Y - 1, loss=penalised(model), optimizer=nn.SGD(lr=0.1), epochs=10, batch_size=batch_size, replay=replay
        )
        assert history.eager is None
        found.append((history.loss, [p.data for p in model.parameters()]))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    assert found[0][1] == pytest.approx(found[1][1], rel=1e-10, abs=1e-13)


def test_a_loss_that_sees_the_whole_batch_is_replayed_too():
    def spread(outputs, targets):  # its mean is no mean over samples
        middle = mx.mean(outputs)
        return mx.mean([(out - middle - t) ** 2 for out, t in zip(outputs, targets, strict=True)])

    (fast, _), (slow, _) = both(net, X, Y, loss=spread, batch_size=25)
    assert fast.loss == pytest.approx(slow.loss, rel=1e-12)


@pytest.mark.parametrize("epochs", [2, 40])
@pytest.mark.parametrize("replay", [True, False])
@pytest.mark.parametrize("batch_size", [None, 8])
@pytest.mark.parametrize(
    ("loss", "seen"),
    [
        (lambda o, t: [(a - b) ** 2 for a, b in zip(o, t, strict=True)], r"the loss gave a list of \d+: it must give one Value"),
        (lambda o, t: 0.5, r"the loss gave 0\.5: it must give one Value"),
        (lambda o, t: None, r"the loss gave None: it must give one Value"),
        (lambda o, t: {"loss": o[0]}, r"the loss gave a dict of 1: it must give one Value"),
    ],
)
def test_a_loss_that_does_not_give_one_number_is_refused_on_every_path(loss, seen, batch_size, replay, epochs):
    model = net()
    before = [p.data for p in model.parameters()]
    with pytest.raises(TypeError, match=seen):
        nn.fit(model, X, Y, loss=loss, optimizer=nn.SGD(), epochs=epochs, replay=replay, batch_size=batch_size)
    assert [p.data for p in model.parameters()] == before


class Branches(nn.Module):
    def __init__(self):
        self.net = nn.MLP(2, [4, 1], rng=0)

    def __call__(self, x):
        return self.net(x) if x[0] > 0.5 else -self.net(x)


class Noisy(nn.Module):
    def __init__(self, noise):
        self.net, self.noise = nn.MLP(2, [4, 1], rng=0), noise

    def __call__(self, x):
        return self.net(x) + self.noise()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Branches, r"branches on a number of the sample"),
        (lambda: Noisy(random.random), r"gives another answer to the same row when it is asked again"),
        (lambda: Noisy(np.random.default_rng(0).normal), r"gives another answer to the same row when it is asked again"),
        (lambda: Noisy(lambda: 0.0 * random.random()), r"gives another answer to the same row when it is asked again"),
    ],
)
def test_what_cannot_be_recorded_is_computed_node_by_node_and_says_why(make, reason):
    history = nn.fit(make(), X, Y, loss="mse", optimizer=nn.SGD(lr=0.01), epochs=5)
    assert history.eager is not None
    assert re.search(reason, history.eager)
    assert len(history.loss) == 5


def test_a_branch_on_a_weight_is_judged_by_the_graph_once_it_goes_the_other_way():
    class Turns(nn.Module):
        def __init__(self):
            self.w = Value(1.0)

        def __call__(self, x):
            return self.w * x[0] if self.w > 0.5 else self.w * x[0] * 3.0

    losses = [
        nn.fit(Turns(), [[1.0]] * 10, [0.0] * 10, loss="mse", optimizer=nn.SGD(lr=0.05), epochs=30, replay=replay).loss
        for replay in (True, False)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)


def test_short_runs_and_tiny_batches_are_not_recorded():
    for epochs, rows, recorded in ((1, 60, False), (10, 60, True), (10, 2, True)):
        model = net()
        run = TrainingRun(model, Samples(X, Y), nn.mse, None, nn.SGD(model.parameters()), None)
        run.record(epochs * 60 // rows, rows)
        assert (run.replayed is not None) is recorded
    line = nn.MLP(2, [1], rng=0)
    run = TrainingRun(line, Samples(X, Y), nn.mse, None, nn.SGD(line.parameters()), None)
    run.record(1000, 1)
    assert run.replayed is None


def test_a_run_repeats_to_the_last_bit():
    def run():
        model = nn.MLP(5, [8, 3], rng=3)
        history = nn.fit(model, *DIGITS, loss="cross_entropy", optimizer=nn.Adam(), epochs=8, batch_size=8)
        return history.loss, [p.data for p in model.parameters()]

    assert run() == run()


@pytest.mark.parametrize("replay", [True, False])
@pytest.mark.parametrize("batch_size", [None, 16])
def test_training_in_two_parts_through_a_file_has_the_bits_of_one_part(tmp_path, batch_size, replay):
    def settings():
        return {
            "loss": "binary_cross_entropy", "batch_size": batch_size, "replay": replay, "seed": 5,
            "schedule": nn.schedules.linear(0.1, 0.01, 12), "validation": 0.25,
        }  # fmt: skip

    whole = net()
    wanted = nn.fit(whole, X, Y, optimizer=nn.Adam(), epochs=12, **settings())
    first, optimizer = net(), nn.Adam()
    history = nn.fit(first, X, Y, optimizer=optimizer, epochs=7, **settings())
    nn.save(first, tmp_path / "model.json", optimizer=optimizer, history=history)
    again, back = nn.Adam(), nn.History()
    second = nn.load(tmp_path / "model.json", optimizer=again, history=back)
    nn.fit(second, X, Y, optimizer=again, epochs=5, history=back, **settings())
    assert back == wanted
    assert [p.data for p in second.parameters()] == [p.data for p in whole.parameters()]


def test_validation_is_measured_after_the_updates_of_an_epoch_on_rows_that_are_not_trained_on():
    model, other = net(), nn.data.moons(30, seed=4)
    history = nn.fit(model, X, Y, loss="binary_cross_entropy", optimizer=nn.SGD(lr=0.1), epochs=6, validation=other)
    outputs = [model(row) for row in other[0]]
    assert history.validation_loss[-1] == pytest.approx(nn.binary_cross_entropy(outputs, other[1]).data, rel=1e-13)
    assert history.validation_accuracy[-1] == nn.accuracy(outputs, other[1])
    assert len(history.validation_loss) == len(history.loss) == 6
    assert "validation loss" in str(history)
    plain = nn.fit(net(), X, Y, loss="binary_cross_entropy", optimizer=nn.SGD(lr=0.1), epochs=6)
    assert plain.loss == history.loss
    eager = nn.fit(net(), X, Y, loss="binary_cross_entropy", optimizer=nn.SGD(lr=0.1), epochs=6, validation=other, replay=False)
    assert eager.validation_loss == pytest.approx(history.validation_loss, rel=1e-12)


def test_a_share_of_the_rows_is_held_out():
    seen = []

    def counting(outputs, targets):
        seen.append(len(targets))
        return nn.mse(outputs, targets)

    nn.fit(net(), X, Y, loss=counting, optimizer=nn.SGD(), epochs=1, validation=0.25, replay=False)
    assert seen == [45, 15]


@pytest.mark.parametrize("replay", [True, False])
def test_patience_ends_training_and_keep_best_brings_the_best_epoch_back(replay):
    model, optimizer = net(), nn.SGD(lr=3.0, momentum=0.9)
    kept = {}

    def note(epoch, model, history):
        kept[epoch] = [p.data for p in model.parameters()], [optimizer.memory(p) for p in model.parameters()]

    history = nn.fit(
        model, X, Y, loss="binary_cross_entropy", optimizer=optimizer, epochs=200, validation=0.3, patience=4, keep_best=True,
        callbacks=[note], replay=replay,
    )  # fmt: skip
    best = history.best
    assert history.validation_loss[best] == min(history.validation_loss)
    assert len(history.loss) == best + 5
    assert history.stopped == f"stopped after epoch {best + 4}: the validation loss was smallest in epoch {best}"
    assert ([p.data for p in model.parameters()], [optimizer.memory(p) for p in model.parameters()]) == kept[best]


def test_a_schedule_may_count_updates():
    rates = []

    class Noting(nn.SGD):
        def update(self, weight, gradient, memory):
            rates.append(self.lr)
            return super().update(weight, gradient, memory)

    model = nn.MLP(2, [1], bias=False, init=[[[0.0, 0.0]]])
    optimizer = Noting([model.parameters()[0]])
    schedule = nn.schedules.by_update(nn.schedules.linear(1.0, 0.0, 10))
    history = nn.fit(model, X[:20], Y[:20], loss="mse", optimizer=optimizer, epochs=2, batch_size=5, schedule=schedule)
    assert rates == pytest.approx([1.0 - k / 10 for k in range(8)])
    assert history.learning_rate == pytest.approx([0.7, 0.3])
    with pytest.raises(TypeError, match=r"schedule=0\.1 is not a function"):
        nn.schedules.by_update(0.1)


@pytest.mark.parametrize("replay", [True, False])
def test_frozen_and_unreached_parameters_stay_without_decay_or_momentum(replay):
    class Half(nn.Module):
        def __init__(self):
            self.used, self.unused = nn.MLP(2, [4, 1], rng=0), Value(1.0)

        def __call__(self, x):
            return self.used(x)

    model = Half()
    model.used.layers[0].freeze()
    before = [p.data for p in model.parameters()]
    optimizer = nn.AdamW(lr=0.1, weight_decay=0.1)
    nn.fit(model, X, Y, loss="mse", optimizer=optimizer, epochs=10, replay=replay)
    moved = [p.data != old for p, old in zip(model.parameters(), before, strict=True)]
    assert moved == [False] * 12 + [True] * 5 + [False]
    assert optimizer.memory(model.unused) == optimizer.memory(model.used.parameters()[0]) == {}
    model.used.unfreeze()
    nn.fit(model, X, Y, loss="mse", optimizer=optimizer, epochs=2, replay=replay)
    assert model.parameters()[0].data != before[0]


@pytest.mark.parametrize("replay", [True, False])
def test_an_error_in_the_middle_of_an_epoch_leaves_the_last_whole_one(replay):
    model, optimizer, state = net(), nn.Adam(lr=0.1), []

    class Fails(nn.Adam):
        calls = 0

        def update(self, weight, gradient, memory):
            self.calls += 1
            if self.calls == 25 * 9 + 3:  # 25 parameters, 4 batches: in the second batch of the third epoch
                raise RuntimeError("third epoch")
            return super().update(weight, gradient, memory)

    optimizer = Fails(lr=0.1)

    def note(epoch, model, history):
        state.append(([p.data for p in model.parameters()], [optimizer.memory(p) for p in model.parameters()]))

    with pytest.raises(RuntimeError, match="third epoch"):
        nn.fit(model, X, Y, loss="mse", optimizer=optimizer, epochs=9, batch_size=15, callbacks=[note], replay=replay)
    assert len(state) == 2
    assert ([p.data for p in model.parameters()], [optimizer.memory(p) for p in model.parameters()]) == state[-1]


class Interrupting:
    """Delivers Ctrl-C at the k-th call or return inside microgradx.nn."""

    def __init__(self, moment):
        self.moment, self.count = moment, 0

    def __enter__(self):
        sys.setprofile(self.watch)
        return self

    def __exit__(self, *error):
        sys.setprofile(None)

    def watch(self, frame, event, arg):
        if event in ("call", "return") and NN in frame.f_code.co_filename:
            self.count += 1
            if self.count == self.moment:
                sys.setprofile(None)
                signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("replay", [True, False])
def test_control_c_at_any_moment_leaves_whole_epochs(replay):
    def run(moment, told=()):
        model, optimizer = net(), nn.Adam(lr=0.1)
        settings = {"loss": "mse", "epochs": 20 if replay else 3, "batch_size": 6, "replay": replay, "callbacks": told}
        history = nn.History()
        with contextlib.suppress(KeyboardInterrupt), Interrupting(moment) as counter:  # it may come before or behind the training
            nn.fit(model, X[:12], Y[:12], optimizer=optimizer, history=history, **settings)
        return model, optimizer, history, counter.count

    whole = {0: [p.data for p in net().parameters()]}
    *_, moments = run(0, [lambda epoch, model, history: whole.setdefault(epoch + 1, [p.data for p in model.parameters()])])
    interrupted = 0
    for moment in range(1, moments, moments // 100):
        model, optimizer, history, _ = run(moment)
        interrupted += history.stopped is not None
        assert [p.data for p in model.parameters()] == whole[len(history.loss)], moment
        steps = {memory.get("updates", 0.0) for memory in optimizer.memories()} or {0.0}
        assert steps == {2.0 * len(history.loss)}, moment
    assert interrupted > 50


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"patience": 3}, ValueError, r"patience watches a loss on samples that are not trained on: write validation=\(X, y\)"),
        ({"keep_best": True}, ValueError, r"keep_best watches a loss"),
        ({"patience": 0, "validation": 0.5}, ValueError, r"patience=0: training goes on for at least 1 epoch"),
        ({"validation": 1.0}, ValueError, r"test_size=1\.0 of 60 rows leaves no row on one side"),
        ({"validation": "x"}, TypeError, r"validation=str: write a pair \(X, y\), or the share"),
        ({"validation": ([[1.0]], [1.0])}, ValueError, r"rows of 1 numbers and 1 targets in validation, and of 2 and 1"),
        ({"validation": ([[1.0, 2.0]], [math.nan])}, ValueError, r"y of validation\[0\] holds nan"),
    ],
)
def test_bad_validation_is_named_with_the_fix(changes, error, message):
    with pytest.raises(error, match=message):
        nn.fit(net(), X, Y, **({"loss": "mse", "optimizer": nn.SGD(), "epochs": 1} | changes))


def test_whole_numbers_reach_the_model_whole():
    class Table(nn.Module):
        def __init__(self):
            self.rows = [Value(0.0), Value(0.0)]

        def __call__(self, x):
            return self.rows[x[0]]

    table = Table()
    history = nn.fit(table, [[0], [1], [0]], [1.0, -1.0, 1.0], loss="mse", optimizer=nn.SGD(lr=0.5), epochs=100)
    assert [row.data for row in table.rows] == pytest.approx([1.0, -1.0])
    assert history.eager is not None


def own_hinge(outputs, targets):
    return nn.hinge(outputs, targets)


def own_cross_entropy(outputs, targets):
    return nn.cross_entropy(outputs, targets) * 2.0


@pytest.mark.parametrize("replay", [True, False])
@pytest.mark.parametrize(
    ("own", "known", "width", "targets"),
    [
        (own_hinge, "hinge", 1, [-1 if x[0] < 0.5 else 1 for x in X]),
        (own_cross_entropy, "cross_entropy", 3, [k % 3 for k in range(len(X))]),
    ],
)
def test_a_loss_of_ones_own_keeps_the_accuracy_where_labels_leave_no_doubt(replay, own, known, width, targets):
    found = []
    for loss in (own, known):
        model = nn.MLP(2, [4, width], activation="tanh", rng=0)
        found.append(nn.fit(model, X, targets, loss=loss, optimizer=nn.SGD(lr=0.0), epochs=4, replay=replay).accuracy)
    assert found[0] == found[1] != []


def test_where_a_score_and_a_probability_cannot_be_told_apart_no_accuracy_is_made_up():
    labels = [k % 2 for k in range(len(X))]
    model = nn.MLP(2, [4, 1], rng=0)
    options = {"loss": lambda outputs, t: nn.mse(outputs, t), "optimizer": nn.SGD(lr=0.01), "epochs": 3}
    history = nn.fit(model, X, labels, **options)
    assert history.accuracy == []
    assert any("write accuracy=nn.accuracy if an output above 0 means class 1" in note for note in history.notes)
    told = nn.fit(model, X, labels, accuracy=nn.accuracy, **options)
    assert len(told.accuracy) == 3
    assert not any("no accuracy" in note for note in told.notes)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "hinge", "mse", "huber"])
def test_batches_of_finite_numbers_stay_arrays(loss, monkeypatch):
    def exact(*_):
        raise AssertionError("sample by sample")

    monkeypatch.setattr("microgradx.replay.batch.batch_program.BatchPlan.exact", exact)
    width, signs = 3 if loss == "cross_entropy" else 1, [2 * (k % 2) - 1 for k in range(len(X))]
    targets = {"cross_entropy": [k % 3 for k in range(len(X))], "hinge": signs}.get(loss, [k % 2 for k in range(len(X))])
    model = nn.MLP(2, [5, width], activation="tanh", rng=0)
    history = nn.fit(model, X, targets, loss=loss, optimizer=nn.Adam(lr=0.05), epochs=6, batch_size=16, validation=0.2)
    assert history.eager is None
