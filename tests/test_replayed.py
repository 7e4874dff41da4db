"""Replayed training: the same numbers as node by node, and node by node wherever a recording would be wrong."""

import pytest

from microgradx import Value, nn


def trained(replay, loss="binary_cross_entropy", optimizer=nn.SGD, model=None, epochs=15, **options):
    model = model or nn.MLP(2, [6, 1], activation="tanh", rng=1)
    X, y = nn.data.moons(30)
    history = nn.fit(model, X, y, loss=loss, optimizer=optimizer(lr=0.1), epochs=epochs, replay=replay, **options)
    return history, [p.data for p in model.parameters()]


@pytest.mark.parametrize("optimizer", [nn.SGD, nn.Adam])
@pytest.mark.parametrize("loss", ["binary_cross_entropy", "mse", "huber"])
def test_replayed_updates_are_those_computed_node_by_node(loss, optimizer):
    replayed, weights = trained(True, loss, optimizer, clip=0.5)
    by_node, expected = trained(False, loss, optimizer, clip=0.5)
    assert replayed.eager is None
    assert replayed.loss == pytest.approx(by_node.loss, rel=1e-12)
    assert replayed.accuracy == by_node.accuracy
    assert weights == pytest.approx(expected, rel=1e-11)
    for layer, norms in by_node.gradient_norms.items():
        assert replayed.gradient_norms[layer] == pytest.approx(norms, rel=1e-11)


def test_several_outputs_come_back_as_rows():
    X, y = nn.data.spirals(30, classes=3)
    runs = [
        nn.fit(nn.MLP(2, [3], rng=1), X, y, loss="cross_entropy", optimizer=nn.SGD(lr=0.1), epochs=12, replay=replay)
        for replay in (True, False)
    ]
    assert runs[0].accuracy == runs[1].accuracy
    assert runs[0].loss == pytest.approx(runs[1].loss, rel=1e-12)


class Looking(nn.Module):
    """A model that reads a number while it computes, which no recording can hold."""

    def __init__(self):
        self.w = Value(0.5)

    def __call__(self, x):
        return self.w * x[0] * (2.0 if f"{self.w:.3f}" != "nan" else 1.0)


class Branching(Looking):
    """A model that takes another way once its weight has crossed zero."""

    def __call__(self, x):
        return self.w * x[0] if self.w > 0.0 else self.w * x[1] * 3.0


def test_what_cannot_be_recorded_is_computed_node_by_node_and_the_history_says_why():
    replayed, weights = trained(True, "mse", model=Looking())
    by_node, expected = trained(False, "mse", model=Looking())
    assert "a number was formatted" in replayed.eager
    assert by_node.eager is None
    assert (replayed.loss, weights) == (by_node.loss, expected)


def test_a_branch_that_turns_is_followed():
    results = [
        trained(replay, lambda out, y: nn.mse(out, [-1.0] * len(y)), model=Branching()) for replay in (True, False)
    ]
    (replayed, weights), (by_node, expected) = results
    assert expected[0] < 0.0
    assert replayed.loss == pytest.approx(by_node.loss, rel=1e-12)
    assert weights == pytest.approx(expected, rel=1e-12)


def test_a_replayed_loss_that_is_not_finite_is_explained_node_by_node():
    with pytest.raises(FloatingPointError, match=r"the loss of epoch \d+ is (inf|nan): the first bad value is"):
        nn.fit(
            nn.MLP(1, [1], init="zeros"), [[1.0], [2.0]], [3.0, 4.0], loss="mse", optimizer=nn.SGD(lr=1e80), epochs=50
        )
