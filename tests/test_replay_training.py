"""15,000 full-batch updates from scalar code: the published figures of the course notes on initialisation, in seconds."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from microgradx import nn
from microgradx.bench.case import sum_of
from microgradx.bench.networks import layers_case
from microgradx.replay.compile import compile

CIRCLES = json.loads((Path(__file__).parent / "reference" / "course_notes.json").read_text())["circles"]
SIZES = [2, 10, 5, 1]
X, y = nn.data.circles(300, noise=0.05, seed=1)


def cost(p):
    """Mean cross-entropy on the logit of the 2-10-5-1 network with relu, written for one number at a time."""
    first, second, last = layers_case(p, SIZES)
    losses = []
    for point, label in zip(X.tolist(), y.tolist(), strict=True):
        h = [sum_of([w * x for w, x in zip(ws, point, strict=True)] + [b]).relu() for ws, b in first]
        h = [sum_of([w * x for w, x in zip(ws, h, strict=True)] + [b]).relu() for ws, b in second]
        z = sum_of([w * x for w, x in zip(last[0][0], h, strict=True)] + [last[0][1]])
        losses.append(z.softplus() - float(label) * z)
    return sum_of(losses) / 300.0


def start(scale):
    """The published starting weights: the legacy stream of seed 3, layer by layer, biases zero."""
    stream = np.random.RandomState(3)
    parts = []
    for inputs, units in itertools.pairwise(SIZES):
        weights = stream.randn(units, inputs) * scale(inputs)
        parts.append(np.hstack([weights, np.zeros((units, 1))]).ravel())
    return np.concatenate(parts)


@pytest.mark.parametrize(
    ("name", "scale", "updates", "tolerance"),
    [
        ("zeros", lambda inputs: 0.0, 1000, 1e-12),
        ("random", lambda inputs: 10.0, 100, 1e-9),  # later the last bits decide: large weights magnify them
        ("he", lambda inputs: (2.0 / inputs) ** 0.5, 15_000, 1e-10),
        ("xavier", lambda inputs: (1.0 / inputs) ** 0.5, 1000, 1e-12),
    ],
    ids=["zeros", "random", "he", "xavier"],
)
def test_updates_of_scalar_code_go_through_the_published_costs(name, scale, updates, tolerance):
    known = CIRCLES["rows"][name]["cost"] | CIRCLES["published"].get(name, {"cost": {}})["cost"]  # recomputed ones, printed ones
    expected = {int(k): cost for k, cost in known.items() if int(k) <= updates and cost != "inf"}  # it prints inf for ln(0)
    step, p, found = compile(cost), start(scale), {}
    for update in range(updates + 1):
        value, slopes = step.value_and_grad(p)
        if update in expected:
            found[update] = value
        p -= 0.01 * slopes
    assert found == pytest.approx(expected, rel=tolerance)
    assert max(found) == updates
