"""Pictures of training: what is drawn in them, and the files they become."""

import numpy as np
import pytest

import microgradx as mx
from microgradx import nn
from microgradx.view.theme import DARK, SERIES

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def trained():
    model = nn.MLP(2, [4, 1], activation="tanh", rng=1)
    X, y = nn.data.xor()
    return model, X, y, nn.fit(model, X, y, loss="binary_cross_entropy", optimizer=nn.Adam(lr=0.1), epochs=60)


def test_runs_share_one_picture_with_their_names(trained, tmp_path):
    figure = nn.plots.losses({"adam": trained[3], "by hand": [1.0, 0.5]}, tmp_path / "losses.svg")
    (axes,) = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["by hand", "adam"]  # in the order of the last losses
    assert [len(line.get_xdata()) for line in axes.lines] == [60, 2]
    assert (tmp_path / "losses.svg").read_bytes().startswith(b"<?xml")


def test_a_history_draws_loss_accuracy_and_norms_and_tells_a_rate_that_stays(trained, tmp_path):
    figure = trained[3].plot(tmp_path / "history.png")
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy", "gradient norm"]
    assert figure.get_suptitle() == "learning rate 0.1"
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
    assert {name: len(numbers) for name, numbers in acts.items()} == {"L0": 16, "L1": 4}
    assert {name: len(numbers) for name, numbers in grads.items()} == {"L0": 12, "L1": 5}
    assert [axes.get_title() for axes in nn.plots.histograms(grads).axes] == ["L0", "L1"]


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


def test_a_picture_shows_itself_in_a_notebook_without_pyplot(trained):
    bundle = trained[3].plot()._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/svg+xml"}
    assert "<svg" in bundle["image/svg+xml"]
    assert "gradient norm" in bundle["image/svg+xml"]  # text is text
    assert bundle["text/plain"].startswith("<Picture of 3 panels")
    assert set(trained[3].plot()._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}


def test_a_picture_is_the_same_to_the_last_byte(trained):
    first, second = (trained[3].plot().svg() for _ in range(2))
    assert first == second


def test_an_automatic_picture_takes_the_colours_of_its_reader(trained, tmp_path):
    svg = trained[3].plot(theme="auto").svg()
    assert f"@media (prefers-color-scheme:dark){{svg{{--mx-background:{DARK.background}" in svg
    assert "fill: #ffffff; fill: var(--mx-background, #ffffff)" in svg
    assert "var(" not in trained[3].plot(theme="light").svg()
    trained[3].plot(tmp_path / "auto.svg", theme="auto")
    assert (tmp_path / "auto.svg").read_text() == svg


def test_layers_without_gradient_stand_on_a_strip_of_their_own_and_are_named():
    run = nn.History()
    for epoch in range(20):
        run.add(loss=1.0, accuracy=None, learning_rate=0.1, gradient_norms={"L0": 0.0, "L1": 10.0**-epoch})
    axes = run.plot().axes[-1]
    assert axes.get_title() == "no gradient: L0"
    ticks = dict(zip([tick.get_text() for tick in axes.get_yticklabels()], axes.get_yticks(), strict=True))
    silent, other = (line.get_ydata() for line in axes.lines)
    assert set(silent) == {ticks["0"]}
    assert ticks["0"] < min(other)
    low, high = axes.get_ylim()
    assert low < ticks["0"] < 1.0 < high


def test_a_single_epoch_is_seen(trained):
    run = nn.History()
    run.add(loss=1.0, accuracy=0.5, learning_rate=0.1, gradient_norms={"L0": 2.0})
    assert {line.get_marker() for axes in run.plot().axes for line in axes.lines} == {"o"}
    assert trained[3].plot().axes[0].lines[0].get_marker() == "None"


def test_validation_is_dashed_and_a_rate_that_changes_has_a_panel():
    model, (X, y) = nn.MLP(2, [4, 1], rng=1), nn.data.moons(40)
    options = {"loss": "binary_cross_entropy", "optimizer": nn.SGD(), "epochs": 20, "validation": 0.2}
    run = nn.fit(model, X, y, schedule=nn.schedules.linear(1.0, 0.1, 20), **options)
    axes = run.plot().axes
    assert axes[-1].get_ylabel() == "learning rate"
    assert axes[0].lines[1].get_linestyle() == "--"
    assert axes[1].get_ylim()[1] == 102.0


def test_losses_that_span_decades_are_drawn_by_powers_of_ten(trained):
    assert trained[3].plot().axes[0].get_yscale() == "log"
    run = nn.History()
    run.add(loss=1.0, accuracy=None, learning_rate=0.1, gradient_norms={})
    run.add(loss=0.9, accuracy=None, learning_rate=0.1, gradient_norms={})
    assert run.plot().axes[0].get_yscale() == "linear"


def test_a_loss_that_jumps_has_its_mean_above_it():
    noisy = [1.0 + 0.5 * (-1) ** k for k in range(100)]
    (axes,) = nn.plots.losses({"noisy": noisy, "calm": [2.0, 1.0]}).axes
    faint, mean, calm = axes.lines
    assert (faint.get_alpha(), mean.get_alpha(), calm.get_alpha()) == (0.25, None, None)
    assert np.std(mean.get_ydata()) < 0.1 * np.std(noisy)


def test_more_runs_than_colours_are_broken_lines():
    (axes,) = nn.plots.losses({str(k): [1.0, 0.5] for k in range(7)}).axes
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == 7


def test_a_boundary_is_deeper_in_colour_where_the_model_is_surer():
    model = nn.MLP(2, [1], init=[[[4.0, 0.0]]])
    X, y = np.array([[-1.0, -1.0], [1.0, 1.0]]), [0, 1]
    axes = nn.plots.decision_boundary(model, X, y, points=41).axes[0]
    image = axes.images[0].get_array()
    left, middle, right = image[20, 0], image[20, 20], image[20, -1]
    assert middle[3] < 0.1 < 0.4 < left[3] == pytest.approx(right[3])
    assert left[0] != right[0]
    (across, _), *_ = axes.collections[0].get_paths()[0].vertices
    assert across == pytest.approx(0.0, abs=1e-9)


def test_a_boundary_of_probabilities_and_of_softmax_rows_takes_them_as_they_are():
    X, y = np.array([[-1.0, -1.0], [1.0, 1.0]]), [0, 1]
    calls = {"threshold": 0.5}
    one = nn.plots.decision_boundary(lambda row: mx.sigmoid(mx.Value(row[0])), X, y, points=9, **calls)
    many = nn.plots.decision_boundary(lambda row: mx.softmax([mx.Value(0.0), mx.Value(row[0])]), X, y, points=9)
    scores = nn.plots.decision_boundary(lambda row: mx.Value(row[0]), X, y, points=9)
    images = [np.asarray(picture.axes[0].images[0].get_array()) for picture in (one, many, scores)]
    assert images[0] == pytest.approx(images[1])
    assert images[0] == pytest.approx(images[2])


def test_each_neuron_is_drawn_over_the_plane_in_the_colours_of_its_sign():
    model = nn.MLP(2, [3, 1], activation="tanh", rng=0)
    picture = nn.plots.neurons(model, [[-1.0, 0.0], [1.0, 1.0]], most=2)
    maps = [axes.images[0] for axes in picture.axes if axes.images]
    assert len(maps) == 3  # two of the first layer, the only one of the second
    assert picture.axes[0].get_ylabel() == "L0, 2 of 3"
    (low, high), shown = maps[1].get_clim(), maps[1].get_array()
    assert (low, high) == (-np.abs(shown).max(), np.abs(shown).max())
    assert shown[0, 0] == pytest.approx(model.layers[0]([-1.2, -0.1])[1].data)


def test_frames_show_the_model_as_it_was_and_leave_it_as_it_is(trained):
    model, (X, y) = nn.MLP(2, [4, 1], activation="tanh", rng=1), nn.data.xor()
    before = model.predict(X)
    kept = nn.Snapshots(model, every=5)
    nn.fit(model, X, y, loss="binary_cross_entropy", optimizer=nn.Adam(lr=0.1), epochs=60, callbacks=[kept])
    after = model.predict(X)
    picture = nn.plots.frames(kept, X, y, count=3)
    assert [axes.get_title().split(",")[0] for axes in picture.axes] == ["before training", "after epoch 14", "after epoch 59"]
    assert model.predict(X).tolist() == after.tolist()
    with kept.at(0):
        assert model.predict(X).tolist() == before.tolist()


def test_activations_stand_beside_their_slopes():
    picture = nn.plots.activation("tanh", mx.sigmoid, low=-2.0, high=2.0)
    left, right = picture.axes
    xs, slopes = right.lines[0].get_data()
    assert slopes == pytest.approx(1.0 - np.tanh(xs) ** 2)
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["tanh", "sigmoid"]
    kink = nn.plots.activation("relu").axes[1].lines[0].get_ydata()
    assert np.isnan(kink).sum() == 1  # the slope jumps, no line joins its sides
    assert left.lines[0].get_color() == SERIES[0]


def test_losses_are_drawn_against_the_output_with_their_slopes():
    left, right = nn.plots.loss_shape("mse", "hinge", target=1.0, low=-1.0, high=2.0).axes
    outputs, heights = left.lines[0].get_data()
    assert heights == pytest.approx((outputs - 1.0) ** 2)
    assert right.lines[0].get_ydata() == pytest.approx(2.0 * (outputs - 1.0))
    assert left.lines[1].get_ydata() == pytest.approx(np.maximum(0.0, 1.0 - outputs))


def test_the_way_down_a_curve_is_that_of_the_rule():
    picture = nn.plots.descent(lambda w: w * w, 1.0, {"right": 0.1, "large": 1.1}, steps=5)
    ways = [axes.lines[1].get_data() for axes in picture.axes]
    assert ways[0][0] == pytest.approx([0.8**k for k in range(6)])
    assert ways[1][0] == pytest.approx([(-1.2) ** k for k in range(6)])
    assert ways[1][1] == pytest.approx(ways[1][0] ** 2)
    assert picture.axes[1].get_title() == "large: rate 1.1\ndiverges"


def test_the_way_of_two_parameters_of_a_model_leaves_it_as_it_was():
    model = nn.MLP(2, [3, 1], rng=0)
    X, y = nn.data.moons(10)
    rates = {"momentum": nn.SGD(lr=0.1, momentum=0.9)}
    chosen, before = model.layers[0].neurons[0].w, [p.data for p in model.parameters()]
    picture = nn.plots.descent(lambda: nn.mse(model(X), y.tolist()), chosen, rates, steps=4)
    assert [p.data for p in model.parameters()] == before
    assert picture.axes[0].get_xlabel() == "layers[0].neurons[0].w[0]"
    across, up = picture.axes[0].lines[0].get_data()
    assert (across[0], up[0]) == (chosen[0].data, chosen[1].data)
    assert len(across) == 5


def test_a_way_that_leaves_every_number_ends_there():
    picture = nn.plots.descent(lambda w: w**4, 3.0, {"huge": 1e6}, steps=50)
    assert picture.axes[0].get_title().endswith("diverges")


def test_a_landscape_that_is_flat_or_has_holes_is_drawn():
    flat = nn.plots.descent(lambda a, b: 0.0 * a + 0.0 * b + 2.0, [1.0, 1.0], {"any": 0.1}, steps=2)
    assert flat.axes[0].get_title() == "any: rate 0.1\nloss 2 after 2 steps"
    pole = nn.plots.descent(lambda w: mx.log(w * w), 1.0, {"any": 0.1}, steps=3, low=-1.0, high=1.0)
    assert all(map(np.isfinite, pole.axes[0].get_ylim()))
    nowhere = nn.plots.descent(lambda w: mx.log(w) * 1.0, -1.0, {"any": 0.1}, steps=3)
    assert nowhere.axes[0].get_title().endswith("diverges")


def test_spread_shows_each_layer_of_several_networks_on_one_axis():
    names = [f"L{k}" for k in range(15)]
    layers = {"half": {name: [0.0, 2.0 * 0.5**k] for k, name in enumerate(names)}, "dead": {name: [0.0, 0.0] for name in names}}
    means, sizes = nn.plots.spread(layers).axes
    assert sizes.lines[0].get_ydata() == pytest.approx([0.5**k for k in range(15)])
    assert [tick.get_text() for tick in sizes.get_xticklabels()] == ["0", "2", "4", "6", "8", "10", "12", "14"]
    assert len(set(sizes.lines[1].get_ydata())) == 1  # the strip of zeros
    assert len(means.containers) == 2
    assert [axes.get_xlabel() for axes in nn.plots.spread(layers["half"]).axes] == ["layer", "layer"]


def test_histograms_of_many_layers_share_an_axis_and_stay_narrow():
    picture = nn.plots.histograms({f"L{k}": [0.0, float(k)] for k in range(10)})
    assert {axes.get_xlim() for axes in picture.axes} == {(0.0, 9.0)}
    assert picture.get_size_inches()[0] < 14.0


def test_layers_of_a_model_of_ones_own_are_drawn_like_those_of_an_mlp():
    class Own(nn.Module):
        def __init__(self):
            self.net = nn.MLP(2, [3, 1], rng=0)

        def __call__(self, x):
            return self.net(x)

    model = Own()
    model([1.0, 2.0]).backward()
    found = nn.plots.activations(model, [[1.0, 2.0]]), nn.plots.gradients(model)
    assert [list(layers) for layers in found] == [["net.L0", "net.L1"]] * 2


def test_the_rate_range_test_finds_rates_that_work_on_a_copy():
    model, (X, y) = nn.MLP(1, [1], init=[[[1.0]]], bias=False), ([[1.0], [2.0]], [2.0, 4.0])
    found = nn.rate_range(model, X, y, loss="mse", low=1e-4, high=10.0)  # of 2.5 (w - 2)^2, where rates below 0.4 converge
    assert model.layers[0].neurons[0].w[0].data == 1.0
    assert 0.02 < found.suggested < 0.4
    assert found.rates[:2] == pytest.approx([1e-4, 1e-4 * 1e5 ** (1 / 99)])
    assert found.rates[-1] < 10.0
    (axes,) = found.plot().axes
    assert axes.lines[1].get_xdata()[0] == found.suggested
    assert repr(found).startswith("<RateRange from 0.0001 to ")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.History().plot(), r"the history has no epoch yet: train with nn\.fit first"),
        (lambda: nn.plots.activation("rellu"), r"did you mean 'relu'\?"),
        (lambda: nn.plots.activation(low=1.0, high=1.0), r"low=1\.0, high=1\.0: the picture goes from the smaller"),
        (lambda: nn.plots.loss_shape("cross_entropy"), r"cross_entropy judges an output for each class.*'binary_cross_entropy'"),
        (lambda: nn.plots.descent(abs, [1.0, 2.0, 3.0]), r"start=\[1.* 3\.0\]: a way down is drawn over one number or two"),
        (lambda: nn.plots.descent(abs, 1.0, {}), r"rates is empty"),
        (lambda: nn.plots.descent(abs, 1.0, steps=0), r"steps=0: a way needs at least 1 step"),
        (lambda: nn.plots.neurons(nn.MLP(1, [1]), [[1.0]]), r"X of shape \(1, 1\): neurons are drawn over the plane"),
        (lambda: nn.plots.activations(lambda_model(), [[1.0]]), r"Plain has no neurons of this package"),
        (lambda: nn.rate_range(nn.MLP(1, [1]), [[1.0]], [1.0], loss="mse", low=2.0, high=1.0), r"low=2\.0, high=1\.0: the rate"),
        (lambda: nn.Snapshots(nn.MLP(1, [1]), every=0), r"every=0: weights are kept"),
    ],
)
def test_what_cannot_be_drawn_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def lambda_model():
    class Plain(nn.Module):
        def __init__(self):
            self.w = mx.Value(1.0)

        def __call__(self, x):
            return self.w * x[0]

    return Plain()


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "microgradx.nn.plots.picture", None)
    with pytest.raises(ImportError, match=r"pictures need matplotlib: pip install 'microgradx\[plot\]'"):
        nn.plots.activation()
