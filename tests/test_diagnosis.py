"""What a history says of a run that went wrong, and that it is silent where nothing is wrong."""

import math

import numpy as np
import pytest

import microgradx as mx
from microgradx import nn
from microgradx.nn.units import units

X, Y = nn.data.moons(60)


def notes(model, X=X, y=Y, loss="binary_cross_entropy", optimizer=None, epochs=40, **options):
    history = nn.fit(model, X, y, loss=loss, optimizer=optimizer or nn.Adam(lr=0.03), epochs=epochs, **options)
    assert all(f"- {note}" in str(history) for note in history.notes)
    return " | ".join(history.notes)


def net(**options):
    return nn.MLP(2, [16, 16, 1], **({"rng": 0, "init": "he"} | options))


@pytest.mark.parametrize("replay", [True, False])
def test_a_run_that_goes_well_gets_no_note(replay):
    assert notes(net(), replay=replay) == ""
    assert notes(net(activation="tanh", init="xavier"), validation=0.3, replay=replay) == ""


def test_a_first_loss_far_above_a_guess_is_told_with_the_guess():
    rows, classes = np.random.RandomState(0).rand(60, 30) * 16, np.arange(60) % 5
    told = notes(nn.MLP(30, [20, 5], rng=0), rows, classes, "cross_entropy", epochs=2)
    assert "guessing evenly among 5 classes gives ln(5) = 1.61: the answers start too large" in told
    assert "init='he'" in told
    assert "guess" not in notes(nn.MLP(30, [20, 5], rng=0, init="he"), rows / 16, classes, "cross_entropy", epochs=2)
    assert "guessing one half gives ln(2) = 0.693" in notes(net(init=nn.init.normal(5.0)), epochs=2)
    told = notes(nn.MLP(2, [1], init=[[[50.0, 50.0]]]), X, X[:, 0], "mse", epochs=2)
    assert "always answering the mean of y gives" in told
    assert "guess" not in notes(net(init=nn.init.normal(5.0)), loss=lambda o, t: nn.binary_cross_entropy(o, t), epochs=2)


@pytest.mark.parametrize("start", [0.0, 0.1])
def test_equal_neurons_are_told(start):
    told = notes(net(init=nn.init.constant(start)))
    assert "all 16 neurons of L0 and all 16 neurons of L1 have equal weights" in told
    assert "they stay one neuron" in told


def test_layers_without_gradient_are_told_with_the_time():
    told = notes(net(init="zeros"))
    assert "L0, L1 and L2 got no gradient in any epoch" in told
    told = notes(net(), optimizer=nn.SGD(lr=30.0))
    assert "got no gradient since epoch" in told


def test_units_that_never_fire_are_counted():
    told = notes(net(), optimizer=nn.SGD(lr=30.0))
    assert "16 of 16 units of L1 never fire on 60 rows" in told


def test_saturated_units_are_told_with_their_share():
    told = notes(net(activation="tanh", init=nn.init.normal(30.0)), optimizer=nn.SGD(lr=1e-6))
    assert "the units of L0 (" in told
    assert "are saturated, which means" in told


def test_a_rate_that_is_too_large_is_told():
    assert "the last update (about 0.1 % is usual): lower the learning rate" in notes(net(), optimizer=nn.SGD(lr=3.0), epochs=3)
    bowl = notes(nn.MLP(1, [1], init=[[[3.0]]]), [[1.0]] * 4, [0.0] * 4, "mse", nn.SGD(lr=1.001), 20)
    assert "the loss has not fallen" in bowl
    assert "the loss rose in 17 of 39 epochs" in notes(net(activation="tanh"), optimizer=nn.SGD(lr=2.0))


def test_learning_by_heart_is_told():
    stream = np.random.RandomState(0)
    rows, noise = stream.rand(40, 6), stream.randint(0, 2, 40)
    model = nn.MLP(6, [24, 1], activation="tanh", rng=0)
    told = notes(model, rows, noise, optimizer=nn.Adam(lr=0.05), epochs=150, validation=0.5)
    assert "the validation loss was smallest in epoch" in told
    assert "patience=" in told


def test_a_model_of_ones_own_is_looked_into_as_an_mlp_is():
    class Own(nn.Module):
        def __init__(self):
            self.body, self.head = nn.MLP(2, [8, 4], output="relu", rng=0, init="he"), nn.Layer(4, 1, "linear", rng=1)

        def __call__(self, x):
            return self.head(self.body(x))[0]

    model = Own()
    history = nn.fit(model, X, Y, loss="binary_cross_entropy", optimizer=nn.SGD(lr=0.1), epochs=4)
    assert list(history.gradient_norms) == ["body.L0", "body.L1", "head"]
    assert {name: layer.outputs.shape for name, layer in units(model, X[:5].tolist()).items()} == {
        "body.L0": (5, 8), "body.L1": (5, 4), "head": (5, 1),
    }  # fmt: skip


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_the_slopes_of_units_are_those_of_their_activation(name):
    model = nn.MLP(2, [3, 1], activation=name, rng=2)
    layer = units(model, X[:6].tolist())["L0"]
    for total, slope in zip(layer.totals.ravel().tolist(), layer.slopes.ravel().tolist(), strict=True):
        z = mx.Value(total)
        assert slope == pytest.approx(mx.gradient(model.layers[0].neurons[0].activation(z), [z])[0], rel=1e-13, abs=1e-300)


def test_a_batch_that_cannot_be_learned_is_told_and_the_model_stays_as_it_is():
    model = net()
    before = [p.data for p in model.parameters()]
    learned = nn.overfit_one_batch(model, X, Y, loss="binary_cross_entropy")
    assert learned.notes[0].startswith("8 rows are learned: the loss fell from")
    contradicting = nn.overfit_one_batch(model, [[0.0, 0.0]] * 4, [0, 1, 0, 1], loss="binary_cross_entropy", rows=4, epochs=100)
    assert contradicting.notes[0].startswith("4 rows are not learned: the loss went from")
    assert contradicting.loss[-1] == pytest.approx(math.log(2.0), rel=1e-3)
    assert [p.data for p in model.parameters()] == before
    with pytest.raises(ValueError, match=r"rows=0: at least 1 row must be learned"):
        nn.overfit_one_batch(model, X, Y, loss="mse", rows=0)


def test_notes_do_not_count_as_a_difference_and_go_into_the_file(tmp_path):
    model = net(init="zeros")
    history = nn.fit(model, X, Y, loss="mse", optimizer=nn.SGD(), epochs=12)
    assert repr(history).endswith("notes>")
    nn.save(model, tmp_path / "m.json", history=history)
    back = nn.History()
    nn.load(tmp_path / "m.json", history=back)
    assert (back, back.notes) == (history, history.notes)


@pytest.mark.parametrize(
    ("targets", "loss", "written"),
    [
        (Y, "mse", "loss='binary_cross_entropy', or accuracy=lambda outputs, y: nn.accuracy(outputs, y, 0.5)"),
        (Y, "huber", "loss='binary_cross_entropy', or"),
        (2 * Y - 1, "mse", "loss='hinge', or accuracy=lambda outputs, y: nn.accuracy(outputs, y)"),
    ],
)
def test_a_loss_for_numbers_on_labels_says_why_there_is_no_accuracy(targets, loss, written):
    told = notes(net(), y=targets, loss=loss, epochs=2)
    assert f"no accuracy is measured, as {loss} is a loss for numbers and not for classes: write {written}" in told
    assert "no accuracy" not in notes(net(), y=targets, loss=loss, epochs=2, accuracy=nn.accuracy)
    assert "no accuracy" not in notes(net(), y=targets + 0.5, loss=loss, epochs=2)


def test_units_that_never_fire_are_told_with_the_rows_that_were_looked_at():
    model = nn.MLP(2, [8, 1], rng=0, init="he")
    for neuron in model.layers[0].neurons:
        neuron.b.data = -100.0
    rows, labels = nn.data.moons(100)
    told = notes(model, rows, labels)
    assert "8 of 8 units of L0 never fire on the 64 rows that were looked at, of 100" in told


def test_accuracy_of_a_model_says_to_ask_for_its_answers():
    with pytest.raises(TypeError, match=r"MLP is a model, .*: write nn.accuracy\(model.predict\(X\), y\)"):
        nn.accuracy(net(), X, Y)
