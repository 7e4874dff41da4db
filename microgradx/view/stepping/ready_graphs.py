"""Graphs to play with at once: a product and a sum, a neuron, and a network that learns."""

from __future__ import annotations

import math
from collections.abc import Callable

from ...engine import Value
from ...expression import parse
from ...ops import tanh


def lecture() -> Value:
    """(a*b + c) * f, with a name for every value.

    >>> lecture().data
    -8.0
    """
    a, b, c, f = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c"), Value(-2.0, "f")
    e = a * b
    d = e + c
    result: Value = d * f
    e.label, d.label, result.label = "e", "d", "L"
    return result


def neuron() -> Value:
    """tanh(x1*w1 + x2*w2 + b): inputs, weights and a bias, chosen so that the local derivative is one half."""
    output = parse("tanh(x1*w1 + x2*w2 + b)", {"x1": 2.0, "x2": 0.0, "w1": -3.0, "w2": 1.0, "b": 6.8813735870195432})
    output.label = "o"
    return output


def network() -> Value:
    """The loss of a network of two hidden units on exclusive or, whose descent can be watched."""
    weights = {f"v{i}{j}": Value(math.sin(1.0 + 5 * i + 2 * j), f"v{i}{j}") for i in range(2) for j in range(3)}
    out = [Value(math.cos(1.0 + 3 * k), f"u{k}") for k in range(3)]
    errors = []
    for x, y in ((-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)):
        hidden = [tanh(weights[f"v{i}0"] * x + weights[f"v{i}1"] * y + weights[f"v{i}2"]) for i in range(2)]
        guess = out[0] * hidden[0] + out[1] * hidden[1] + out[2]
        error = (guess + x * y) ** 2
        for k, unit in enumerate(hidden):
            unit.label = f"h{k}({x:g},{y:g})"
        error.label = f"error({x:g},{y:g})"
        errors.append(error)
    loss: Value = sum(errors[1:], errors[0]) / 4.0
    loss.label = "loss"
    return loss


READY: dict[str, Callable[[], Value]] = {"lecture": lecture, "neuron": neuron, "network": network}
"""What `microgradx play` opens."""
