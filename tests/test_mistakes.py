"""What trains without an error to a false result is said in words before training, with the cure."""

import warnings

import numpy as np
import pytest

import microgradx as mx
from microgradx import nn

X = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]


class Squashed(nn.Module):
    """A network whose outputs go through a function at the end, as in a user's own model."""

    def __init__(self, squash, outputs=1):
        self.net, self.squash = nn.MLP(2, [4, outputs], rng=0), squash

    def __call__(self, x):
        return self.squash(self.net(x))


def fit(model, y, loss, **options):
    return nn.fit(model, X, y, loss=loss, optimizer=nn.SGD(lr=0.1), epochs=2, **options)


@pytest.mark.parametrize("replay", [True, False])
@pytest.mark.parametrize(
    ("model", "y", "loss", "message"),
    [
        (nn.MLP(2, [4, 1], output="sigmoid", rng=0), [0, 1, 1, 0], "binary_cross_entropy", r"through a sigmoid already"),
        (Squashed(mx.sigmoid), [0, 1, 1, 0], "binary_cross_entropy", r"the sigmoid is inside: it would be applied twice"),
        (Squashed(mx.softmax, 3), [0, 1, 2, 0], "cross_entropy", r"through a softmax already, and cross_entropy takes logits"),
        (nn.MLP(2, [3], output="sigmoid", rng=0), [0, 1, 2, 0], "cross_entropy", r"output='linear'"),
        (nn.MLP(2, [2], rng=0), [0, 1, 1, 0], "binary_cross_entropy", r"one output for each row, the model gives 2: write MLP"),
        (nn.MLP(2, [1], rng=0), [0, 1, 1, 0], "cross_entropy", r"an output for each class.*binary_cross_entropy"),
        (nn.MLP(2, [1], rng=0), [0, 1, 1, 0], "hinge", r"labels -1 and \+1, y holds 0 and 1: write 2 \* y - 1"),
        (nn.MLP(2, [1], rng=0), [-1, 1, 1, -1], "binary_cross_entropy", r"write \(y \+ 1\) / 2 for labels -1 and \+1"),
        (nn.MLP(2, [3], rng=0), [1, 2, 3, 1], "cross_entropy", r"if the classes are counted from 1, write y - 1"),
        (nn.MLP(2, [3], rng=0), ["a", "b", "c", "a"], "cross_entropy", r"y\[0\] holds 'a', a name: number the classes"),
        (nn.MLP(2, [3], rng=0), [0, 1, 2, 0.5], "cross_entropy", r"target 0\.5: with 3 logits it must be a class index"),
    ],
)
def test_a_loss_that_does_not_fit_its_outputs_or_targets_is_refused(model, y, loss, message, replay):
    before = [p.data for p in model.parameters()]
    with pytest.raises(ValueError, match=message):
        fit(model, y, loss, replay=replay)
    assert [p.data for p in model.parameters()] == before


@pytest.mark.parametrize(
    ("output", "loss", "outputs", "message"),
    [
        ("relu", "cross_entropy", 3, r"end in relu, which is never below 0: cross_entropy needs scores that can be any number"),
        ("tanh", "binary_cross_entropy", 1, r"end in tanh, which stays between -1 and 1"),
        ("sigmoid", "hinge", 1, r"end in sigmoid, which stays between 0 and 1"),
    ],
)
def test_outputs_that_are_not_free_scores_are_warned_of(output, loss, outputs, message):
    y = [-1, 1, 1, -1] if loss == "hinge" else [0, 1, 1, 0]
    with pytest.warns(RuntimeWarning, match=message):
        fit(nn.MLP(2, [4, outputs], output=output, rng=0), y, loss)


def test_several_labels_for_a_row_are_no_mistake():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = fit(nn.MLP(2, [4, 2], rng=0), [[0, 1], [1, 1], [0, 0], [1, 0]], "binary_cross_entropy")
        fit(Squashed(mx.log_softmax, 3), [0, 1, 2, 0], "cross_entropy")  # a log softmax of itself is itself
    assert len(history.loss) == 2


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: fit(nn.MLP(2, [1]), [0] * 4, "bce"), r"loss='bce' is not known: did you mean 'binary_cross_entropy'\?"),
        (lambda: fit(nn.MLP(2, [1]), [0] * 4, "CrossEntropy"), r"did you mean 'cross_entropy'\?"),
        (lambda: fit(nn.MLP(2, [1]), [0] * 4, "MSE"), r"did you mean 'mse'\?"),
        (lambda: fit(nn.MLP(2, [1]), [0] * 4, "frobenius"), r"loss='frobenius' is not known: write one of mse, "),
        (lambda: nn.MLP(2, [1], activation="ReLU"), r"activation='ReLU' is not known: did you mean 'relu'\?"),
        (lambda: nn.MLP(2, [1], output="softmax"), r"a softmax looks at a whole layer: leave the output linear"),
        (lambda: nn.MLP(2, [1], activation="swish"), r"did you mean 'silu'\?"),
        (lambda: nn.MLP(2, [1], init="kaiming"), r"init='kaiming' is not known: did you mean 'he'\?"),
        (lambda: nn.MLP(2, [1], init="Xavier"), r"did you mean 'xavier'\?"),
    ],
)
def test_a_name_that_nearly_fits_gets_the_right_one(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()


def accuracies(model, y, loss):
    return nn.fit(model, X, y, loss=loss, optimizer=nn.Adam(lr=0.3), epochs=300).accuracy


def test_the_accuracy_of_a_run_is_right_for_soft_labels_and_probabilities():
    line = [[0.0], [1.0], [2.0], [3.0]]
    soft = [0.05, 0.05, 0.95, 0.95]
    history = nn.fit(
        nn.MLP(1, [1], rng=0), line, soft, loss="binary_cross_entropy", optimizer=nn.Adam(lr=0.3), epochs=200
    )
    assert history.accuracy[-1] == 1.0
    assert accuracies(nn.MLP(2, [4, 1], activation="tanh", output="sigmoid", rng=0), [0, 1, 1, 0], "mse")[-1] in (0.75, 1.0)
    assert accuracies(nn.MLP(2, [4, 1], activation="tanh", output="tanh", rng=0), [-1, 1, 1, -1], "mse")[-1] in (0.75, 1.0)
    assert accuracies(nn.MLP(2, [1], rng=0), [0.5, 1, 1, 0], "mse") == []
    assert accuracies(nn.MLP(2, [1], output="sigmoid", rng=0), [0.5, 1, 1, 0], "mse") == []
    model = Squashed(mx.softmax, 3)
    assert len(accuracies(model, np.eye(3)[[0, 1, 2, 0]], "mse")) == 300


def test_messages_do_not_print_the_data():
    rows = np.random.RandomState(0).rand(1797, 64)
    for attempt in (
        lambda: nn.MLP(63, [3, 1], rng=0)(rows),
        lambda: nn.MLP(3, [1], rng=0)(rows[0]),
        lambda: nn.fit(nn.MLP(64, [1], rng=0), rows, rows[:5, 0], loss="mse", optimizer=nn.SGD(), epochs=1),
        lambda: nn.fit(nn.MLP(64, [1], rng=0), rows[:9], rows[:9, 0], loss=lambda o, t: list(o), optimizer=nn.SGD(), epochs=1),
        lambda: nn.fit(nn.MLP(64, [1], rng=0), rows[:9], rows[:9], loss="mse", optimizer=nn.SGD(), epochs=1),
        lambda: nn.fit(nn.MLP(64, [1], rng=0), rows[:9], rows[:9, 0], loss="mse", optimizer=nn.SGD(), epochs=1, validation=rows),
    ):
        with pytest.raises((TypeError, ValueError)) as caught:
            attempt()
        assert len(str(caught.value)) < 300
