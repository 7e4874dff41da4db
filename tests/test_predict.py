"""Answers to a table: as nodes by calling the model, as plain numbers by `predict`, both those of the rows one by one."""

import random

import numpy as np
import pytest

from microgradx import Value, nn

X = np.random.RandomState(0).randn(150, 2)


class Own(nn.Module):
    def __init__(self, answer):
        self.net, self.answer = nn.MLP(2, [5, 2], activation="tanh", rng=1), answer

    def __call__(self, x):
        return self.answer(self.net(x))


@pytest.mark.parametrize("rows", [1, 7, 150])
@pytest.mark.parametrize(
    "model",
    [
        nn.MLP(2, [5, 1], rng=1),
        nn.MLP(2, [5, 3], activation="tanh", output="sigmoid", rng=1),
        Own(lambda out: out[0] * out[1]),
        Own(tuple),
        Own(lambda out: np.array(out)),
        Own(lambda out: out[0] if out[0] > 0.0 else out[1]),
        Own(lambda out: [out[0], 1.0]),
    ],
    ids=range(7),
)
def test_a_table_is_answered_as_its_rows_are(model, rows):
    found = model.predict(X[:rows])
    wanted = [nn.losses.plain_numbers(model(row)) for row in X[:rows]]
    np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-15)
    assert found.shape == np.shape(wanted)


def test_a_model_is_called_on_a_table_too_and_gives_nodes():
    model = nn.MLP(2, [3, 1], rng=0)
    outputs = model(X[:4])
    assert [out.data for out in outputs] == [model(row).data for row in X[:4]]
    nn.mse(outputs, [0.0, 1.0, 0.0, 1.0]).backward()
    assert all(p.reached for p in model.layers[1].parameters())
    assert len(nn.MLP(2, [3, 2], rng=0)([[1.0, 2.0], [3.0, 4.0]])[1]) == 2


def test_what_draws_random_numbers_is_asked_for_each_row():
    noisy = Own(lambda out: out[0] + random.random())
    assert len(set((noisy.predict(np.zeros((150, 2)))).tolist())) == 150
    stream = np.random.default_rng(0)
    own = Own(lambda out: out[0] + stream.random())
    assert len(set((own.predict(np.zeros((150, 2)))).tolist())) == 150


def test_predicting_leaves_no_gradient_and_changes_nothing():
    model = nn.MLP(2, [3, 1], rng=0)
    before = [(p.data, p.grad) for p in model.parameters()]
    model.predict(X)
    assert [(p.data, p.grad) for p in model.parameters()] == before


def test_weights_assigned_in_between_are_seen():
    model = nn.MLP(2, [1], rng=0)
    first = model.predict(X)
    for p in model.parameters():
        p.data *= 2.0
    np.testing.assert_allclose(model.predict(X), 2.0 * first, rtol=1e-14)


class Silent(nn.Module):
    def __init__(self):
        self.w = Value(1.0)


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: nn.MLP(2, [1], rng=0).predict(3.0), TypeError, r"X=3\.0 is not a table: write predict"),
        (lambda: nn.MLP(2, [1], rng=0).predict([]), ValueError, r"X has no rows"),
        (lambda: nn.MLP(2, [1], rng=0).predict([[1.0, 2.0], [1.0]]), ValueError, r"X\[1\] has 1 numbers, X\[0\] has 2"),
        (lambda: nn.MLP(2, [1], rng=0).predict([[1.0]]), ValueError, r"takes 2 inputs, got 1: \[1\.0\]"),
        (lambda: Silent().predict([[1.0]]), TypeError, r"Silent cannot be called on a row: give it a method __call__"),
    ],
)
def test_what_is_no_table_is_named_with_the_fix(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()
