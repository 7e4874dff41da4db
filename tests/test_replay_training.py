"""15,000 full-batch updates from scalar code: the published figures of the course notes on initialisation, in seconds."""

import itertools

import numpy as np
import pytest

from microgradx import nn
from microgradx.bench.cases import layers_case, sum_of
from microgradx.replay.compile import compile

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
    ("scale", "first", "last", "tolerance"),
    [
        (lambda inputs: 0.0, 0.6931471805599453, 0.6931471805599453, 1e-12),
        (lambda inputs: 10.0, None, 0.38106681833923084, 1e-4),
        (lambda inputs: (2.0 / inputs) ** 0.5, 0.8830537463419761, 0.06481018741251142, 1e-10),
        (lambda inputs: (1.0 / inputs) ** 0.5, 0.729451703805014, 0.09421417390603815, 1e-10),
    ],
    ids=["zeros", "random", "he", "xavier"],
)
def test_fifteen_thousand_updates_end_at_the_published_cost(scale, first, last, tolerance):
    step = compile(cost)
    p = start(scale)
    for update in range(15_000):
        value, slopes = step.value_and_grad(p)
        if update == 0 and first is not None:
            assert value == pytest.approx(first, rel=1e-12)
        p -= 0.01 * slopes
    assert step(p) == pytest.approx(last, rel=tolerance)
