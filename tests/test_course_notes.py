"""The claims of the course notes, one test each, with the published figures and the tolerance each of them allows."""

import json
import math
import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from microgradx import Value, gradient, nn, no_grad, relu, sigmoid, tanh

REFERENCE = json.loads((Path(__file__).parent / "reference" / "course_notes.json").read_text())
SPREADSHEET, CIRCLES, MOONS = REFERENCE["spreadsheet"], REFERENCE["circles"]["rows"], REFERENCE["moons"]
X, TARGETS, WEIGHTS = nn.data.spreadsheet()


def spreadsheet_network():
    return nn.MLP(2, [2, 2], activation="sigmoid", output="sigmoid", init=WEIGHTS, bias=False)


def spreadsheet_error(model):
    return nn.half_squared_error(model(X[0]), TARGETS[0])


@cache
def spreadsheet_run(rate):
    """The error in epochs 0 to 45."""
    run = {"loss": "half_squared_error", "optimizer": nn.SGD(lr=rate), "epochs": 46}
    return nn.fit(spreadsheet_network(), X, TARGETS, **run).loss


def rate_of_circles(init, epochs, lr=0.01):
    """The cost before each update of the circles network."""
    model = nn.MLP(2, [10, 5, 1], init=init, rng=np.random.RandomState(3))
    points = nn.data.circles(300, noise=0.05, seed=1)
    return model, nn.fit(model, *points, loss="binary_cross_entropy", optimizer=nn.SGD(lr=lr), epochs=epochs).loss


def test_a_neuron_is_its_activation_of_the_weighted_sum():
    linear, curved = (nn.Neuron(2, name, init=[WEIGHTS[0][0]], bias=False) for name in ("linear", "sigmoid"))
    assert linear(X[0]).data == pytest.approx(0.0275, rel=1e-14)
    assert curved(X[0]).data == pytest.approx(0.5068745667645342, rel=1e-14)


def test_a_perceptron_answers_1_when_z_is_0_or_more():
    for w, bias, answers in (([1, 1], -1.5, [0, 0, 0, 1]), ([1, 1], -0.5, [0, 1, 1, 1]), ([0, 0], 0.0, [1, 1, 1, 1])):
        unit = nn.Neuron(2, "step", init=[w])
        unit.b.data = bias
        assert [unit(row).data for row in nn.data.gates("and")[0]] == answers


def test_a_bias_is_a_weight_on_an_input_of_plus_1_to_the_last_bit():
    biased = nn.Neuron(2, "sigmoid", init=[[0.15, 0.20]])
    biased.b.data = 0.35
    weighted = nn.Neuron(3, "sigmoid", init=[[0.15, 0.20, 0.35]], bias=False)
    outputs = biased([0.05, 0.10]), weighted([0.05, 0.10, 1.0])
    for output in outputs:
        output.backward()
    assert outputs[0].data == outputs[1].data
    assert biased.b.grad == weighted.w[2].grad


@pytest.mark.parametrize(
    ("gate", "weights", "updates"), [("and", [-3, 2, 1], 11), ("or", [-1, 1, 1], 5), ("xor", None, None)]
)
def test_a_threshold_unit_learns_and_and_or_but_never_xor(gate, weights, updates):
    unit, made = nn.Neuron(2, "step", init="zeros"), 0
    for _ in range(100):
        before = made
        for row, target in zip(*nn.data.gates(gate), strict=True):
            error = int(target) - unit(row).data
            made += error != 0
            for parameter, x in zip((unit.b, *unit.w), (1.0, *row), strict=True):
                parameter.data += error * x
        if made == before:
            assert ([p.data for p in (unit.b, *unit.w)], made) == (weights, updates)
            return
    assert gate == "xor"


def test_the_spreadsheet_error_and_all_eight_gradients_are_the_workbook_s():
    model = spreadsheet_network()
    error = spreadsheet_error(model)
    error.backward()
    assert error.data == pytest.approx(sum(SPREADSHEET["lr_0.5"]["E1_E2_epoch_0"]), rel=1e-14)
    expected = SPREADSHEET["lr_0.5"]["gradients_epoch_0"].values()
    assert [p.grad for p in model.parameters()] == pytest.approx(list(expected), rel=1e-14)


def test_an_update_is_the_old_weight_minus_rate_times_gradient():
    for epochs in (1, 45):
        model = spreadsheet_network()
        nn.fit(model, X, TARGETS, loss="half_squared_error", optimizer=nn.SGD(lr=0.5), epochs=epochs)
        expected = SPREADSHEET["lr_0.5"][f"weights_epoch_{epochs}"]
        assert [p.data for p in model.parameters()] == pytest.approx(expected, rel=1e-14 if epochs == 1 else 1e-13)


def test_all_46_epochs_of_the_workbook_are_reproduced():
    assert spreadsheet_run(0.5) == pytest.approx(SPREADSHEET["lr_0.5"]["E_total_epoch_0_to_45"], rel=1e-14)


@pytest.mark.parametrize("rate", SPREADSHEET["screenshots"])
def test_all_276_cells_of_the_screenshots_are_reproduced(rate):
    assert [round(error, 4) for error in spreadsheet_run(float(rate))] == SPREADSHEET["screenshots"][rate]


@pytest.mark.parametrize(
    ("rate", "after_1", "after_45"),
    [
        (0.1, 0.24110903876812878, 0.1852730681710435),
        (0.2, 0.23970114342898322, 0.1413948128003357),
        (0.5, 0.23549537787349017, 0.07043112418279011),
        (0.8, 0.23131728642977417, 0.04252365879491095),
        (1.0, 0.2285477652787851, 0.03274546632316952),
        (2.0, 0.21490159884256635, 0.01392220990424252),
    ],
)
def test_the_rate_sets_the_size_of_the_steps(rate, after_1, after_45):
    errors = spreadsheet_run(rate)
    assert [errors[1], errors[45]] == pytest.approx([after_1, after_45], rel=1e-14)
    assert errors == sorted(errors, reverse=True)


def test_the_example_with_biases_is_mazur_s_without_its_slip():
    model = nn.MLP(2, [2, 2], activation="sigmoid", output="sigmoid", init=WEIGHTS)
    parameters = dict(model.named_parameters())
    for name, parameter in parameters.items():
        if name.endswith(".b"):
            parameter.data = 0.35 if name.startswith("layers[0]") else 0.60
    weights = [parameter for name, parameter in parameters.items() if ".w[" in name]
    run = nn.fit(model, X, TARGETS, loss="half_squared_error", optimizer=nn.SGD(weights, lr=0.5), epochs=2)
    assert run.loss == pytest.approx([0.2983711087600027, 0.29102777369359933], rel=1e-14)


def test_the_gradient_of_w1_is_the_sum_over_both_paths():
    model = spreadsheet_network()
    hidden = model.layers[0](X[0])
    outputs = model.layers[1](hidden)
    halves = [nn.half_squared_error([out], [target]) for out, target in zip(outputs, TARGETS[0], strict=True)]
    paths = [gradient(half, [hidden[0]])[0] for half in halves]
    assert paths == pytest.approx([0.056942744926206906, -0.04187944402458751], rel=1e-14)
    assert gradient(hidden[0], [model.parameters()[0]])[0] == pytest.approx(0.24995274033179996 * 0.05, rel=1e-14)
    through = sum(paths) * 0.24995274033179996 * 0.05
    assert gradient(halves[0] + halves[1], [model.parameters()[0]])[0] == pytest.approx(through, rel=1e-14)


def test_against_the_gradient_beats_2000_random_steps_of_the_same_length():
    model = spreadsheet_network()
    parameters = model.parameters()
    start = [p.data for p in parameters]
    slopes = gradient(spreadsheet_error(model), parameters)
    assert math.hypot(*slopes) ** 2 == pytest.approx(0.014122674373120392, rel=1e-13)

    def after(step):
        length = math.hypot(*step)
        for p, w, s in zip(parameters, start, step, strict=True):
            p.data = w - 1e-3 * s / length
        with no_grad():
            return spreadsheet_error(model).data

    draw = random.Random(0)
    best = after(slopes)
    assert best == pytest.approx(0.2424010287071492, rel=1e-14)
    assert all(after([draw.gauss(0.0, 1.0) for _ in slopes]) > best for _ in range(2000))


def test_updating_one_by_one_differs_from_together_by_the_square_of_the_rate():
    gaps = []
    for rate in (0.5, 0.05, 0.005):
        one_by_one, together = spreadsheet_network(), spreadsheet_network()
        for p in one_by_one.parameters():
            p.data -= rate * gradient(spreadsheet_error(one_by_one), [p])[0]
        slopes = gradient(spreadsheet_error(together), together.parameters())
        for p, slope in zip(together.parameters(), slopes, strict=True):
            p.data -= rate * slope
        gaps.append(spreadsheet_error(one_by_one).data - spreadsheet_error(together).data)
        if rate == 0.5:
            assert spreadsheet_error(one_by_one).data == pytest.approx(0.23551350100197202, rel=1e-14)
    assert gaps == pytest.approx([1.81e-5, 1.81e-7, 1.81e-9], rel=3e-3)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(0.01, 0.364169680087117), (0.1, 1.42724769270596e-05), (0.5, 0.0), (1.0, 1.0), (1.1, 9100.438150002)],
)
def test_a_rate_is_too_small_right_or_too_large_on_w_squared(rate, expected):
    w = Value(1.0)
    optimizer = nn.SGD([w], lr=rate)
    for _ in range(50):
        optimizer.zero_grad()
        (w * w).backward()
        optimizer.step()
    assert w.data == pytest.approx(expected, rel=1e-12)


def test_micrograd_s_100_steps_on_the_moons_are_reproduced():
    points, labels = nn.data.moons(100, noise=0.1, seed=1337)
    model = nn.MLP(2, [16, 16, 1], rng=random.Random(1337))
    history = nn.fit(
        model,
        points,
        2 * labels - 1,
        loss=lambda scores, y: nn.hinge(scores, y) + nn.l2(model.parameters(), 1e-4),
        optimizer=nn.SGD(),
        schedule=nn.schedules.linear(1.0, 0.1, 100),
        epochs=100,
        accuracy=nn.accuracy,
    )
    assert history.loss == pytest.approx(MOONS["loss"], rel=1e-12)
    assert [round(100 * share) for share in history.accuracy] == MOONS["accuracy_percent"]


STARTS = {
    "zeros": "zeros",
    "he": "he",
    "xavier": "xavier_fan_in",
    "glorot": "glorot",
    "trunc": "truncated_normal",
    "small": nn.init.normal(0.01),
    "(-0.3, 0.3)": nn.init.uniform(-0.3, 0.3),
    "(0.0, 1.0)": nn.init.uniform(0.0, 1.0),
    "(-1.0, 1.0)": nn.init.uniform(-1.0, 1.0),
}


@pytest.mark.parametrize("row", STARTS)
def test_early_costs_on_the_circles_are_those_recomputed_in_float64(row):
    published = {int(k): cost for k, cost in CIRCLES[row]["cost"].items() if int(k) <= 20}
    _, losses = rate_of_circles(STARTS[row], max(published) + 1)
    assert [losses[k] for k in published] == pytest.approx(list(published.values()), rel=1e-12)


def test_weights_ten_times_too_large_start_with_every_logit_on_one_side():
    model, losses = rate_of_circles(nn.init.normal(10.0), 1)
    assert losses[0] == pytest.approx(1773.5859549373833, rel=1e-12)
    model = nn.MLP(2, [10, 5, 1], init=nn.init.normal(10.0), rng=np.random.RandomState(3))
    with no_grad():
        logits = [model(row).data for row in nn.data.circles(300)[0]]
    assert (round(min(logits), 1), round(max(logits), 1)) == (62.8, 6928.6)
    assert {sigmoid(z) for z in logits} == {1.0}


def test_zero_weights_are_stuck_as_every_weight_gradient_is_exactly_zero():
    model, losses = rate_of_circles("zeros", 3)
    assert losses == pytest.approx([math.log(2)] * 3, rel=1e-12)
    assert {p.grad for name, p in model.named_parameters() if ".w[" in name} == {0.0}


def test_equal_weights_stay_equal_to_the_last_bit():
    model, losses = rate_of_circles(nn.init.constant(0.5), 5)
    assert losses[0] == pytest.approx(CIRCLES["0.5"]["cost"]["0"], rel=1e-12)
    for layer in model.layers:
        assert len({tuple(p.data for p in neuron.parameters()) for neuron in layer.neurons}) == 1


def test_a_rate_of_10_kills_the_second_layer_at_once():
    model, losses = rate_of_circles("he", 8, lr=10.0)
    assert losses[-1] == pytest.approx(1.0444277593, rel=2e-5)
    with no_grad():
        second = [model.layers[1](model.layers[0](row)) for row in nn.data.circles(300)[0]]
    assert {out.data for row in second for out in row} == {0.0}


def chain(step, x=1.0, depth=10):
    start = end = Value(x)
    for _ in range(depth):
        end = step(end)
    end.backward()
    return start.grad


@pytest.mark.parametrize(
    ("step", "slope"),
    [
        (lambda a: 0.5 * a, 0.0009765625),
        (lambda a: 1.5 * a, 57.6650390625),
        (sigmoid, 2.7847671758175863e-07),
        (tanh, 0.040912041969128836),
        (lambda a: tanh(10.0 * a), 1.45e-71),
        (relu, 1.0),
    ],
    ids=["linear 0.5", "linear 1.5", "sigmoid", "tanh", "tanh 10", "relu"],
)
def test_slopes_vanish_or_explode_through_ten_layers(step, slope):
    assert chain(step) == pytest.approx(slope, rel=1e-2 if slope < 1e-70 else 1e-14)


def test_sigmoid_and_tanh_saturate_and_relu_does_not():
    assert chain(sigmoid, 0.0, 1) == 0.25
    assert chain(sigmoid, 10.0, 1) == pytest.approx(4.5395807735907655e-05, rel=1e-11)  # a(1-a) is exact to 1e-12 only
    assert chain(tanh, 5.0, 1) == pytest.approx(0.0001815832309438603, rel=1e-11)
    assert (chain(relu, 1e9, 1), chain(relu, -1.0, 1), chain(relu, 0.0, 1)) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("key", "std"), [("0.01", 0.01), ("sqrt(1/32)", 32**-0.5), ("sqrt(2/32)", 16**-0.5), ("1.0", 1.0)]
)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_scaling_by_fan_in_keeps_the_signal_alive_through_ten_layers(activation, key, std):
    expected = REFERENCE["depth"]["rows"][f"{activation}|{key}"]
    stream = np.random.RandomState(0)
    x = stream.standard_normal(32)
    model = nn.MLP(32, [32] * 10, activation, activation, init=nn.init.normal(std), rng=stream, bias=False)
    sum(model(x)).backward()
    norms = [nn.gradient_norm(model.layers[layer].parameters()) for layer in (0, 9)]
    assert norms == pytest.approx([expected["grad_norm_layer1"], expected["grad_norm_layer10"]], rel=1e-10)
    last = np.array(nn.plots.activations(model, [x])["L9"])
    assert np.sqrt(np.mean(last**2)) == pytest.approx(expected["act_rms_layer10"], rel=1e-10)
    if activation == "tanh":
        assert np.mean(np.abs(last) > 0.99) == expected["saturated_share_layer10"]
