"""Pictures of training: what is drawn in them, and the files they become."""

import pytest

from microgradx import nn

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def trained():
    model = nn.MLP(2, [4, 1], activation="tanh", rng=1)
    X, y = nn.data.xor()
    return model, X, y, nn.fit(model, X, y, loss="binary_cross_entropy", optimizer=nn.Adam(lr=0.1), epochs=60)


def test_runs_share_one_picture_with_their_names(trained, tmp_path):
    figure = nn.plots.losses({"adam": trained[3], "by hand": [1.0, 0.5]}, tmp_path / "losses.svg")
    (axes,) = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["adam", "by hand"]
    assert [len(line.get_xdata()) for line in axes.lines] == [60, 2]
    assert (tmp_path / "losses.svg").read_bytes().startswith(b"<?xml")


def test_a_history_draws_loss_accuracy_norms_and_rate(trained, tmp_path):
    figure = trained[3].plot(tmp_path / "history.png")
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy", "gradient norm", "learning rate"]
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")


def test_a_decision_boundary_shows_both_classes_and_the_samples(trained):
    model, X, y, _ = trained
    figure = nn.plots.decision_boundary(model, X, y, points=12)
    assert [len(dots.get_offsets()) for dots in figure.axes[0].collections[-2:]] == [2, 2]


def test_three_outputs_are_drawn_by_the_largest():
    X, y = nn.data.spirals(9, classes=3)
    figure = nn.plots.decision_boundary(nn.MLP(2, [3], rng=1), X, y, points=5)
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["label 0", "label 1", "label 2"]


def test_histograms_have_a_panel_for_each_layer(trained):
    model, X, _, _ = trained
    acts, grads = nn.plots.activations(model, X), nn.plots.gradients(model)
    assert {name: len(numbers) for name, numbers in acts.items()} == {"layers[0]": 16, "layers[1]": 4}
    assert {name: len(numbers) for name, numbers in grads.items()} == {"layers[0]": 12, "layers[1]": 5}
    assert [axes.get_title() for axes in nn.plots.histograms(grads).axes] == ["layers[0]", "layers[1]"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.plots.losses({}), r"runs is empty: give at least one run"),
        (lambda: nn.plots.histograms({}), r"layers is empty: give at least one"),
        (lambda: nn.plots.losses({"a": [1.0]}, "a.gif"), r"path 'a\.gif' ends in '\.gif': write \.png or \.svg"),
        (lambda: nn.plots.gradients(nn.MLP(1, [1])), r"has no gradient yet: call loss\.backward\(\) first"),
        (lambda: nn.plots.decision_boundary(nn.MLP(1, [1]), [[1.0]], [0]), r"X of shape \(1, 1\), .* rows of 2 inputs"),
    ],
)
def test_bad_input_names_the_argument_and_the_fix(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_sample_has_the_colour_of_the_region_of_its_class():
    model = nn.MLP(2, [3], rng=0)
    figures = [nn.plots.decision_boundary(model, [[0, 0], [1, 1], [1, 0]], y, points=3) for y in ([0, 1, 2], [2, 1, 2])]
    every, some = (
        {dots.get_label(): dots.get_facecolor().tolist()[0] for dots in figure.axes[0].collections[-3:]}
        for figure in figures
    )
    assert every["label 2"] == some["label 2"]


@pytest.mark.parametrize(("X", "y"), [([[0.0, 1.0]], [[1, 0]]), ([[0.0, 1.0]], [[1]])])
def test_a_boundary_wants_one_label_for_each_sample(X, y):
    with pytest.raises(ValueError, match=r"rows of 2 inputs, one label each"):
        nn.plots.decision_boundary(nn.MLP(2, [1]), X, y)
