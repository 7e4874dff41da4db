"""Starting weights: spread as their formulas say, drawn in the published order, refused when they do not fit."""

import math
import random

import numpy as np
import pytest

from microgradx import nn
from microgradx.nn.init import INITIALIZERS, starting_weights

FAN_IN, FAN_OUT = 60, 40


def spread(rule):
    """Root mean square and largest size of the weights of a 60-40 layer."""
    weights = [weight for row in rule(FAN_IN, FAN_OUT, random.Random(0)) for weight in row]
    return math.sqrt(sum(w * w for w in weights) / len(weights)), max(map(abs, weights))


@pytest.mark.parametrize(
    ("name", "std"),
    [
        ("xavier", math.sqrt(2 / 100)),
        ("xavier_uniform", math.sqrt(2 / 100)),
        ("glorot_normal", math.sqrt(2 / 100)),
        ("xavier_fan_in", math.sqrt(1 / 60)),
        ("lecun", math.sqrt(1 / 60)),
        ("lecun_uniform", math.sqrt(1 / 60)),
        ("he", math.sqrt(2 / 60)),
        ("he_uniform", math.sqrt(2 / 60)),
        ("normal", 1.0),
        ("uniform", math.sqrt(1 / 3)),
        ("truncated_normal", 0.8796 * math.sqrt(1 / 60)),
    ],
)
def test_the_spread_is_the_formula(name, std):
    measured, largest = spread(INITIALIZERS[name])
    assert measured == pytest.approx(std, rel=0.04)
    if "uniform" in name:
        assert largest <= math.sqrt(3) * std


def test_the_spread_notices_a_wrong_formula():
    assert spread(nn.init.he_normal)[0] != pytest.approx(math.sqrt(1 / 60), rel=0.04)


def test_a_legacy_stream_gives_the_weights_of_randn_row_by_row_and_layer_by_layer():
    model = nn.MLP(2, [10, 5, 1], init="he", rng=np.random.RandomState(3))
    stream = np.random.RandomState(3)
    drawn = [stream.randn(out, into) * np.sqrt(2 / into) for into, out in ((2, 10), (10, 5), (5, 1))]
    weights = [p.data for name, p in model.named_parameters() if ".w[" in name]
    assert weights == pytest.approx(np.concatenate([matrix.ravel() for matrix in drawn]), rel=1e-15)
    assert {p.data for name, p in model.named_parameters() if name.endswith(".b")} == {0.0}


def test_every_kind_of_stream_is_drawn_from_and_repeats_with_its_seed():
    for stream in (random.Random, np.random.RandomState, np.random.default_rng):
        first, second = (nn.MLP(2, [3, 1], init="he", rng=stream(7)).parameters() for _ in range(2))
        assert [p.data for p in first] == [p.data for p in second]
        assert len({p.data for p in first}) > 9


def test_a_seed_is_numpy_s_default_generator():
    by_seed, by_stream = (nn.MLP(2, [3, 1], init="he", rng=rng).parameters() for rng in (3, np.random.default_rng(3)))
    assert [p.data for p in by_seed] == [p.data for p in by_stream]


def test_truncation_redraws_what_lies_beyond_the_limit():
    stream = np.random.RandomState(3)
    kept = [z for z in (stream.randn() for _ in range(200)) if abs(z) <= 2.0][:100]
    rows = nn.init.truncated_normal(1.0)(100, 1, np.random.RandomState(3))
    assert rows == [kept]


def test_matrices_rules_and_names_serve_as_init():
    matrices = nn.data.spreadsheet()[2]
    model = nn.MLP(2, [2, 2], init=matrices)
    weights = [p.data for name, p in model.named_parameters() if ".w[" in name]
    assert weights == [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]
    assert {p.data for p in nn.MLP(2, [2], init=nn.init.constant(0.5)).parameters()} == {0.5, 0.0}
    assert {p.data for p in nn.MLP(2, [2], init="zeros").parameters()} == {0.0}


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ("hee", r"init='hee' is not known: .*write one of zeros, uniform, .*he_normal"),
        ([[1.0]], r"init gave weights of shape \(1, 1\) to a layer of 1 units with 2 inputs: it needs shape \(1, 2\)"),
        ([[1.0, math.nan]], r"init gave nan as weight 1 of unit 0: a weight must be a finite number"),
        (nn.init.truncated_normal(1.0, limit=0.0), r"limit=0\.0: no draw lies within it"),
    ],
)
def test_bad_starts_are_named_with_the_fix(init, message):
    with pytest.raises(ValueError, match=message):
        starting_weights(init, 2, 1, random.Random(0))


def test_a_list_of_matrices_needs_one_for_each_layer():
    with pytest.raises(ValueError, match=r"init holds 1 matrices for a network of 2 layers: give one matrix per layer"):
        nn.MLP(2, [2, 1], init=[[[1.0, 2.0], [3.0, 4.0]]])


def test_a_network_without_biases_has_only_weights():
    names = [name for name, _ in nn.MLP(2, [2, 2], bias=False).named_parameters()]
    assert len(names) == 8
    assert all(".w[" in name for name in names)


def test_an_init_that_is_neither_a_name_nor_a_rule_nor_a_list_is_named():
    with pytest.raises(TypeError, match=r"init=0\.5 is not a name, a rule or a list of matrices: write init='he' or"):
        nn.MLP(2, [1], init=0.5)


def test_a_limit_that_no_draw_lies_within_is_refused():
    for limit in (0.0, float("nan")):
        with pytest.raises(ValueError, match=r"limit=.*: no draw lies within it"):
            nn.MLP(2, [1], init=nn.init.truncated_normal(1.0, limit))
