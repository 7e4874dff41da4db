"""The block of a cross-entropy shows the shares of the classes: its local derivatives are y - p."""

import numpy as np
import pytest
from test_stepper_width import WIDTHS, terminal  # noqa: F401

from microgradx import Value, nn, stepper
from microgradx.tables import columns
from microgradx.view.words.notation import number

LOGITS = [1.0, 2.0, 0.5]


def cross_entropy(target):
    logits = [Value(x, name) for x, name in zip(LOGITS, "abc", strict=True)]
    return nn.cross_entropy([logits], [target])


@pytest.mark.parametrize("target", range(3))
def test_the_shares_are_the_softmax_and_the_gradients_p_minus_y(target):
    shares = np.exp(LOGITS) / np.sum(np.exp(LOGITS))
    s = stepper(cross_entropy(target))
    text = str(s[len(s)])
    line = next(line for line in text.splitlines() if "p = softmax" in line)
    told = dict(part.split() for part in line.partition(": ")[2].split(", "))
    for k, name in enumerate("abc"):
        assert told[name].lstrip("~") == number(shares[k])
        assert s.gradient(name) == pytest.approx(shares[k] - (k == target), abs=1e-15)
    assert f"y is 1 for {'abc'[target]}, else 0" in text


@pytest.mark.parametrize("width", WIDTHS)
def test_the_shares_fit_into_every_terminal(terminal, width):  # noqa: F811
    terminal(width)
    logits = [Value(k / 7.0, f"logit_of_the_class_of_things_{k}") for k in range(40)]
    text = str(stepper(nn.cross_entropy(logits, 3))[2])
    assert "p = softmax" in text
    assert max(map(columns, text.splitlines())) <= width


def test_a_contribution_still_to_be_guessed_is_not_given_away_by_the_shares():
    s = stepper(cross_entropy(1))
    block = s.goto(2).step()
    assert "?" in str(block)
    assert "p = softmax" not in str(block)


def test_no_other_operation_has_shares():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    assert "softmax" not in str(stepper(a * b)[1])
