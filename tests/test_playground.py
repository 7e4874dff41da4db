"""The page of a training: recorded runs are shown, computed and gone on with as Python does it, and any weight can be asked."""

import json
import re

import numpy as np
import pytest
from test_page import Tags

from microgradx import nn
from microgradx.cli import main
from microgradx.nn.playground.ready import READY_PAGES

X, Y = nn.data.moons(40, noise=0.1, seed=1)


def net(rng=0):
    return nn.MLP(2, [4, 3, 1], activation="tanh", rng=rng)


def data_of(page):
    return json.loads(re.search(r'id="play">(.*?)</script>', page.html, re.DOTALL)[1])


@pytest.fixture
def opened(look_at, tmp_path):
    return lambda page, **how: look_at(page.save(tmp_path / "page.html").as_uri(), reduced_motion="no-preference", **how)


def test_a_run_is_that_of_fit_and_leaves_the_model_as_it_is():
    model, twin = net(), net()
    before = model.predict(X).tolist()
    data = data_of(nn.play(model, X, Y, epochs=20, optimizer=nn.SGD(lr=0.5)))
    assert model.predict(X).tolist() == before
    history = nn.fit(twin, X, Y, loss="binary_cross_entropy", optimizer=nn.SGD(lr=0.5), epochs=20)
    (run,) = data["runs"]
    assert run["name"] == "SGD, rate 0.5"
    assert run["losses"] == pytest.approx(history.loss, rel=1e-5)
    assert run["epochs"][0] == -1
    assert run["epochs"][-1] == 19
    assert run["weights"][-1] == pytest.approx([p.data for p in twin.parameters()], rel=1e-5)


def test_a_second_run_starts_from_the_same_weights_or_with_the_same_rule():
    first, second = data_of(nn.play(net(), X, Y, epochs=8, against=nn.SGD(lr=1.0)))["runs"]
    assert first["weights"][0] == second["weights"][0]
    assert (first["name"], second["name"]) == ("Adam, rate 0.05", "SGD, rate 1")
    first, second = data_of(nn.play(net(), X, Y, epochs=8, against=net(rng=5)))["runs"]
    assert first["weights"][0] != second["weights"][0]
    assert second["name"] == "Adam, rate 0.05, another start"
    pair = data_of(nn.play(net(), X, Y, epochs=8, against=(net(rng=5), nn.SGD(lr=0.1))))["runs"]
    assert pair[1]["name"] == "SGD, rate 0.1, another start"


def test_a_run_that_blows_up_is_shown_up_to_there():
    data = data_of(nn.play(nn.MLP(2, [3, 1], rng=0), X, Y * 1.0, loss="mse", optimizer=nn.SGD(lr=1e6), epochs=40))
    assert len(data["runs"][0]["losses"]) < 40


def test_the_usual_loss_is_chosen_by_the_targets():
    kinds = [
        (nn.MLP(2, [1], rng=0), Y, "two", "binary_cross_entropy"),
        (nn.MLP(2, [1], rng=0), 2 * Y - 1, "two", "hinge"),
        (nn.MLP(2, [2], rng=0), Y, "classes", "cross_entropy"),
        (nn.MLP(2, [1], rng=0), X[:, 0], "number", "mse"),
    ]
    for model, targets, kind, loss in kinds:
        data = data_of(nn.play(model, X, targets, epochs=2))
        assert (data["kind"], data["loss"]) == (kind, loss)


def test_a_page_is_small_inert_and_asks_for_nothing():
    page = nn.play(net(), X, Y, epochs=30, title="</script><img src=x>")
    assert len(page.html.encode()) < 3 * 2**20
    assert {tag for tag, _ in Tags(page.html).tags} & {"img", "link", "iframe"} == set()
    assert "default-src 'none'" in page.html
    assert not re.findall(r"https?://(?!www\.w3\.org)", page.html)
    assert "<iframe srcdoc=" in page._repr_html_()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("model", "targets"),
    [
        (net(), Y),
        (nn.MLP(2, [5, 3], rng=2), np.arange(len(X)) % 3),
        (nn.MLP(2, [4, 1], activation="gelu", rng=2), X[:, 0] ** 2),
        (nn.Sequential(nn.Layer(2, 4, "linear", rng=0), nn.BatchNorm(4), "tanh", nn.Layer(4, 1, "linear", rng=1)), Y),
    ],
    ids=["two", "classes", "number", "sequential"],
)
def test_losses_gradients_and_steps_of_the_page_are_pythons(opened, model, targets):
    page = nn.play(model, X, targets, epochs=4, optimizer=nn.SGD(lr=0.1))
    view, data = opened(page), data_of(page)
    view.evaluate("go(0)")
    for parameter, number in zip(model.parameters(), data["runs"][0]["weights"][0], strict=True):
        parameter.data = number
    short = [[float(f"{v:.6g}") for v in row] for row in X]
    total = getattr(nn, data["loss"])([model(row) for row in short], [t[0] for t in data["t"]])
    model.zero_grad()
    total.backward()
    assert view.evaluate("runs[0].loss") == pytest.approx(total.data, rel=1e-10)
    slopes = view.evaluate("Array.from(runs[0].slopes)")
    assert slopes == pytest.approx([p.grad or 0.0 for p in model.parameters()], rel=1e-8, abs=1e-12)
    view.locator("[data-do=step]").click()
    moved = view.evaluate("Array.from(runs[0].weights)")
    assert moved == pytest.approx([p.data - 0.1 * (p.grad or 0.0) for p in model.parameters()], rel=1e-8, abs=1e-12)
    assert "before training + 1 step" in view.locator(".run p").first.text_content()


@pytest.mark.browser
def test_a_weight_shows_its_number_its_gradient_by_paths_and_its_update(opened):
    view = opened(nn.play(net(), X, Y, epochs=10, against=nn.SGD(lr=1.0)))
    assert "Choose a neuron" in view.locator(".asked").text_content()
    view.evaluate("go(1)")
    view.locator(".neuron").nth(1).click()
    assert view.locator(".asked h2").text_content() == "L0.n1.w[0]"
    view.locator(".asked .weights button", has_text="L0.n1.w[1]").click()
    told = view.locator(".asked .answers > div").first.text_content()
    weight, slope, rate = (view.evaluate(f"runs[0].{what}") for what in ("weights[weight]", "slopes[weight]", "rate"))
    shown = [view.evaluate("shown", x) for x in (weight, slope, weight - rate * slope)]
    assert f"gradient {shown[1]}, the mean over 40 samples" in told
    assert f"{shown[0]} - 0.05 x {shown[1]} = {shown[2]}" in told
    assert "the sum over 6 paths; the largest:" in told  # three neurons lie above, and a loss with two terms
    assert view.locator(".asked .way").count() == 8  # four for each run
    paths = view.evaluate("graph.paths(play.leaves[weight], 9).largest.map(way => way.product)")
    assert sum(paths) == pytest.approx(view.evaluate("gradients[play.leaves[weight]]"))


@pytest.mark.browser
def test_keys_play_step_and_go_back(opened):
    view = opened(nn.play(net(), X, Y, epochs=10))
    view.locator(".slider").focus()
    view.keyboard.press("Home")
    assert view.locator(".place").text_content() == "before training"
    view.keyboard.press("ArrowRight")
    assert view.locator(".place").text_content() == "epoch 0"
    view.locator("h1").click()
    view.keyboard.press("s")
    assert "+ 1 step" in view.locator(".run p").first.text_content()
    view.keyboard.press("r")
    assert "step" not in view.locator(".run p").first.text_content()
    view.keyboard.press("t")
    view.wait_for_function("runs[0].more > 4")
    view.keyboard.press("t")
    assert view.locator("[data-do=train]").get_attribute("aria-pressed") == "false"
    view.locator(".boundary").first.click(position={"x": 30, "y": 30})
    assert view.locator("[name=sample]").input_value() == str(view.evaluate("sample"))


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_does_not_scroll_sideways(opened, scheme):
    page = nn.play(net(), X, Y, epochs=5, against=nn.SGD(lr=1.0))
    view = opened(page, viewport={"width": 400, "height": 800}, color_scheme=scheme)
    view.locator(".neuron").first.click()
    assert view.evaluate("document.documentElement.scrollWidth") <= 400
    pixel = "document.querySelector('.boundary').getContext('2d').getImageData(2, 2, 1, 1)"
    assert (sum(view.evaluate(f"Array.from({pixel}.data).slice(0, 3)")) > 3 * 128) is (scheme == "light")


def test_the_command_writes_a_page_of_a_data_set(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert set(READY_PAGES) == {"moons", "circles", "spirals", "starts"}
    assert main(["play", "circles", "-o", "circles.html"]) == 0
    assert "Circles: a rate that works" in (tmp_path / "circles.html").read_text()
    assert main(["play", "circles", "-o", "circles.html"]) == 2
    assert "circles.html already exists: add -f to overwrite it" in capsys.readouterr().err
    assert main(["play", "moon"]) == 2
    assert "there is no page 'moon': did you mean moons?" in capsys.readouterr().err
    assert main(["play", "zebra"]) == 2
    told = capsys.readouterr().err
    assert "there is no page 'zebra': write an expression with its numbers, or one of " in told
    assert "moons, circles, spirals, starts" in told


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.play(nn.MLP(1, [1]), [[1.0]], [1.0]), ValueError, r"plane=\(0, 1\) of rows of 1 inputs"),
        (lambda: nn.play(net(), X, Y, plane=(0, 2)), ValueError, r"plane=\(0, 2\) of rows of 2 inputs: .* such as \(0, 1\)"),
        (lambda: nn.play(net(), X, Y, epochs=0), ValueError, r"epochs=0: training needs at least 1"),
        (lambda: nn.play(net(), X, Y, against=3), TypeError, r"against=3 is neither an optimizer nor a model"),
        (lambda: nn.play(net(), X, Y, against=nn.MLP(2, [1])), ValueError, r"against holds a model of another shape"),
        (lambda: nn.play(net(), X, Y, loss="bce "), ValueError, r"loss='bce ' is not known"),
    ],
)
def test_what_cannot_be_played_is_told(call, error, message):
    with pytest.raises(error, match=message):
        call()
