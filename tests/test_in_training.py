"""Dropout, batch statistics and modules in a row: what they do in training and in answering, replayed as node by node."""

import random

import numpy as np
import pytest

import microgradx as mx
from microgradx import nn

X, Y = nn.data.moons(60, noise=0.1, seed=3)


def normed(*, rng=0):
    rng = np.random.default_rng(rng)
    inner = [nn.Layer(6, 5, "linear", rng=rng, bias=False), nn.BatchNorm(5), "tanh"]
    first = [nn.Layer(2, 6, "linear", rng=rng, bias=False), nn.BatchNorm(6), "relu"]
    return nn.Sequential(*first, *inner, nn.Layer(5, 1, "linear", rng=rng))


def dropped():
    rng = np.random.default_rng(1)
    return nn.Sequential(nn.Layer(2, 8, "tanh", rng=rng), nn.Dropout(0.25), nn.Layer(8, 1, "linear", rng=rng))


def weights(model):
    return [parameter.data for parameter in model.parameters()]


def fitted(model, **options):
    options = {"loss": "binary_cross_entropy", "optimizer": nn.SGD(lr=0.2), "epochs": 8, **options}
    return nn.fit(model, X, Y, progress=False, **options)


def own_loss(outputs, targets):
    return nn.binary_cross_entropy(outputs, targets) * 2.0


@pytest.mark.parametrize("make", [normed, dropped])
@pytest.mark.parametrize("options", [{}, {"batch_size": 16}, {"loss": own_loss}, {"loss": own_loss, "batch_size": 16}])
def test_dropout_and_batch_statistics_are_replayed_with_the_numbers_of_the_graph(make, options):
    fast, slow = make(), make()
    histories = [fitted(fast, **options), fitted(slow, replay=False, **options)]
    assert histories[0].eager is None
    assert histories[0].loss == pytest.approx(histories[1].loss, rel=1e-12)
    assert weights(fast) == pytest.approx(weights(slow), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("replay", [True, False])
def test_slopes_through_the_statistics_are_those_of_the_whole_batch_as_one_graph(replay):
    model, judge = normed(), normed()
    before = weights(judge)
    with nn.training():
        nn.binary_cross_entropy(judge(X), Y.tolist()).backward()
    expected = [w - 0.2 * (p.grad or 0.0) for w, p in zip(before, judge.parameters(), strict=True)]
    fitted(model, epochs=1, replay=replay)
    followed = {id(p) for norm in (model.layers[1], model.layers[4]) for p in (*norm.mean, *norm.variance)}
    moved = [(p.data, e) for p, e in zip(model.parameters(), expected, strict=True) if id(p) not in followed]
    assert [found for found, _ in moved] == pytest.approx([e for _, e in moved], rel=1e-11, abs=1e-14)


def test_means_and_variances_follow_those_of_the_batches():
    model = nn.Sequential(nn.BatchNorm(2, follow=0.25), nn.Layer(2, 1, "linear", rng=0))
    fitted(model, epochs=1)
    norm = model.layers[0]
    assert [m.data for m in norm.mean] == pytest.approx(0.25 * X.mean(axis=0))
    assert [v.data for v in norm.variance] == pytest.approx(0.75 + 0.25 * X.var(axis=0, ddof=1))
    assert [p.data for p in norm.scale] != [1.0, 1.0]
    assert norm.mean[0] not in model.trainable()


def test_a_table_in_training_is_normalised_by_itself():
    norm = nn.BatchNorm(2)
    with nn.training():
        rows = np.array([[x.data for x in row] for row in norm.batch(X)])
    assert rows.mean(axis=0) == pytest.approx([0.0, 0.0], abs=1e-14)
    assert rows.var(axis=0) == pytest.approx(X.var(axis=0) / (X.var(axis=0) + 1e-5))


def test_an_answer_uses_what_was_followed_and_drops_nothing():
    model = nn.Sequential(nn.BatchNorm(1), nn.Dropout(0.9))
    norm = model.layers[0]
    norm.mean[0].data, norm.variance[0].data, norm.epsilon = 3.0, 4.0, 0.0
    assert model([7.0]).data == 2.0
    assert [out.data for out in model([[7.0], [3.0]])] == [2.0, 0.0]


def test_dropout_is_new_in_every_update_and_repeated_by_the_seed():
    still = {"optimizer": nn.SGD(lr=0.0), "epochs": 3}
    losses = [fitted(dropped(), **still, seed=seed).loss for seed in (0, 0, 1)]
    assert len(set(losses[0])) == 3
    assert losses[0] == losses[1] != losses[2]


def test_a_run_that_goes_on_drops_what_it_would_have_dropped():
    whole, parts = dropped(), dropped()
    optimizer, history = nn.SGD(lr=0.2), nn.History()
    expected = fitted(whole, epochs=8).loss
    for _ in range(2):
        fitted(parts, epochs=4, optimizer=optimizer, history=history)
    assert history.loss == expected


@pytest.mark.parametrize("make", [normed, dropped])
def test_a_program_of_ones_own_does_not_keep_what_was_dropped_or_measured_once(make):
    model = make()
    compiled = mx.compile(lambda X: nn.binary_cross_entropy(model(X), Y.tolist()))
    with nn.training(), pytest.raises(TypeError, match=r"this function is being recorded to be replayed"):
        compiled(X)
    assert compiled(X).data == pytest.approx(nn.binary_cross_entropy(model(X), Y.tolist()).data)


def test_the_share_that_is_kept_makes_up_for_what_is_dropped():
    drop = nn.Dropout(0.25, rng=0)
    with nn.training():
        row = drop([1.0] * 4000)
    assert set(row) == {0.0, 4.0 / 3.0}
    assert np.mean(row) == pytest.approx(1.0, abs=0.03)


def test_validation_is_measured_as_the_model_answers():
    model = normed()
    history = fitted(model, validation=(X, Y))
    outputs = [model(row).data for row in X]
    assert history.validation_loss[-1] == pytest.approx(nn.binary_cross_entropy(outputs, Y.tolist()), rel=1e-12)
    assert history.validation_loss[-1] != pytest.approx(history.loss[-1], rel=1e-6)


def test_a_module_of_ones_own_knows_whether_it_is_trained():
    class Doubling(nn.Module):
        def __init__(self):
            self.w = mx.Value(1.0)

        def __call__(self, x):
            return self.w * x[0] * (2.0 if nn.is_training() else 1.0)

    model = Doubling()
    kept = ([[1.0]], [4.0])
    history = nn.fit(model, [[1.0]] * 40, [4.0] * 40, loss="mse", optimizer=nn.SGD(lr=0.05), epochs=60, validation=kept)
    assert model.w.data == pytest.approx(2.0)
    assert history.validation_loss[-1] == pytest.approx(4.0)
    assert not nn.is_training()


def test_a_file_keeps_what_was_followed(tmp_path):
    model, other = normed(), normed(rng=5)
    fitted(model)
    nn.save(model, tmp_path / "model.json")
    nn.load(tmp_path / "model.json", other)
    assert [other(row).data for row in X[:3]] == [model(row).data for row in X[:3]]


def test_a_failed_epoch_leaves_the_statistics_as_they_were():
    model = normed()
    before = weights(model)
    with pytest.raises(FloatingPointError):
        fitted(model, optimizer=nn.SGD(lr=1e200), epochs=1, batch_size=16)
    assert weights(model) == before


def test_the_modules_of_a_sequence_may_be_names_primitives_functions_and_sequences():
    inner = nn.Sequential(nn.Layer(2, 3, "linear", rng=0), "relu")
    model = nn.Sequential(inner, mx.tanh, lambda row: [sum(row)])
    expected = sum(mx.tanh(mx.relu(z)).data for z in inner.layers[0]([0.5, -1.0]))
    assert model([0.5, -1.0]).data == pytest.approx(expected)
    assert model([[0.5, -1.0]])[0].data == model([0.5, -1.0]).data
    assert repr(model).startswith("Sequential(Sequential(Layer(3 x Neuron(2 inputs, linear)), 'relu'), 'tanh', <function")


def test_batches_of_a_loop_of_ones_own_come_in_a_new_order_each_time():
    random.seed(1)
    first, second = ([rows.tolist() for rows, _ in nn.data.minibatches(X, Y, 20)] for _ in range(2))
    random.seed(1)
    assert first != second
    assert first == [rows.tolist() for rows, _ in nn.data.minibatches(X, Y, 20)]


def letters(rng=0):
    rng = np.random.default_rng(rng)
    return nn.Sequential(nn.Embedding(7, 3, rng=rng), nn.Layer(6, 8, "tanh", rng=rng), nn.Layer(8, 7, "linear", rng=rng))


PAIRS = [[a, b] for a in range(7) for b in range(7)]
SUMS = [(a + b) % 7 for a, b in PAIRS]


@pytest.mark.parametrize("size", [None, 10])
def test_embeddings_are_looked_up_by_the_sample_and_replayed(size):
    fast, slow = letters(), letters()
    options = {"loss": "cross_entropy", "optimizer": nn.SGD(lr=0.5), "epochs": 6, "batch_size": size, "progress": False}
    histories = [nn.fit(model, PAIRS, SUMS, replay=model is fast, **options) for model in (fast, slow)]
    assert histories[0].eager is None
    assert histories[0].loss == pytest.approx(histories[1].loss, rel=1e-12)
    assert weights(fast) == pytest.approx(weights(slow), rel=1e-10)
    assert fast.predict(PAIRS * 3)[7] == pytest.approx([out.data for out in fast(PAIRS[7])])


def test_an_index_beyond_the_table_is_told_in_replay_too():
    X = [*PAIRS, [7, 0]]
    with pytest.raises(IndexError, match=r"index 7 in an embedding of 7 rows: it must be a whole number from 0 to 6"):
        nn.fit(letters(), X, [*SUMS, 0], loss="cross_entropy", optimizer=nn.SGD(lr=0.1), epochs=8, progress=False)
    for index in (-1, 1.5):
        with pytest.raises(IndexError, match=rf"index {index} in an embedding"):
            nn.Embedding(7, 3)([index])
    with pytest.raises(TypeError, match=r"an index has no derivative, pass a whole number"):
        nn.Embedding(7, 3)([mx.Value(1.0)])


class Block(nn.Module):
    """A module around another one, which gets the rows one by one."""

    def __init__(self, norm):
        self.norm = norm

    def __call__(self, x):
        return self.norm(x)


class WholeBlock(Block):
    def batch(self, rows):
        return self.norm.batch(rows)


def test_a_module_with_batch_hands_the_whole_table_on():
    table = [[1.0], [2.0], [6.0]]
    alone, within = nn.BatchNorm(1), nn.Sequential(WholeBlock(nn.BatchNorm(1)), Block(nn.Sequential("tanh")))
    found = [out.data for out in in_training(within, table)]
    with nn.training():
        assert found == [mx.tanh(row[0].data) for row in alone.batch(table)]
    assert within.layers[0].norm.mean[0].data == alone.mean[0].data


def in_training(model, x):
    with nn.training():
        return model(x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: in_training(nn.BatchNorm(2), [1.0, 2.0]), r"one row has no batch statistics: .* model\(X\)"),
        (
            lambda: in_training(nn.Sequential(Block(nn.BatchNorm(1))), [[1.0], [2.0]]),
            r"statistics, and Block gets the rows one by one: .* batch\(self, rows\) .* the BatchNorm\(1\) in",
        ),
        (lambda: in_training(nn.Sequential(nn.BatchNorm(1)), [[1.0]]), r"a batch of 1 row has no variance.* at least 2 rows"),
        (lambda: fitted(normed(), batch_size=59), r"batches of 59 of 60 rows leave one of a single row.* another batch_size"),
        (lambda: nn.BatchNorm(3)([1.0]), r"a batch normalisation of 3 numbers got a row of 1"),
        (lambda: nn.Dropout(1.0), r"probability=1\.0: .* below 1"),
        (lambda: nn.Sequential("rellu"), r"activation='rellu' is not known: did you mean 'relu'\?"),
    ],
)
def test_what_cannot_be_trained_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.Sequential(), r"a Sequential needs modules: write nn\.Sequential\(nn\.Layer"),
        (lambda: nn.Sequential([nn.Layer(2, 3)]), r"\[Layer.* is not a module: write modules one by one"),
        (lambda: nn.Sequential(nn.Module()), r"Module cannot be called on a row: give it a method __call__\(self, x\)"),
    ],
)
def test_what_is_not_a_sequence_of_modules_is_told(call, message):
    with pytest.raises(TypeError, match=message):
        call()
