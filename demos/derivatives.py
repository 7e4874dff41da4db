"""Unit-testing derivatives: a right formula, a wrong one, a kink, an unsafe point, and an operation with a bug.

Run it with `python demos/derivatives.py`; every block prints what a test would say.
"""

import math

from microgradx import nn, primitive, relu
from microgradx.testing import check_gradient, check_op, derivative_of


def logistic(x):
    return 1.0 / (1.0 + math.exp(-x))


def logistic_slope(x):
    return logistic(x) * (1.0 - logistic(x))


def logistic_slope_with_a_bug(x):
    return logistic(x) * (1.0 + logistic(x))


def shown(title, check):
    """Print what a check says, whether it passes or fails."""
    print(f"\n=== {title} ===")
    try:
        print(check())
    except AssertionError as failure:
        print(f"{type(failure).__name__}: {failure}")


def one_line():
    assert logistic_slope(1.3) == derivative_of(logistic)(1.3)
    return f"logistic'(1.3) = {logistic_slope(1.3):.6f}; measured {derivative_of(logistic)(1.3)}"


# the sign of one operand's rule is wrong
difference_of_squares = primitive(
    "difference_of_squares", "{}**2 - {}**2", lambda a, b: a * a - b * b,
    lambda a, b, out: 2.0 * a,
    lambda a, b, out: 2.0 * b,
)


def energy(params):
    hidden = params["w"][0] * 2.0 + params["w"][1]
    hidden.label = "hidden"
    return difference_of_squares(hidden, params["w"][1]) * params["scale"]


if __name__ == "__main__":
    shown("a right formula, in one line", one_line)
    shown("a wrong formula", lambda: check_gradient(logistic, 1.3, grad=logistic_slope_with_a_bug))
    shown("a kink: every slope between the two sides is right", lambda: check_gradient(relu, 0.0))
    shown("next to the edge of the domain, where fixed steps fail", lambda: check_gradient(math.log, 1e-7, grad=1e7))
    model = nn.MLP(2, [16, 16, 1], activation="tanh", rng=0)
    shown("a model: 337 parameters", lambda: check_gradient(lambda model: model([0.3, -0.2]), model))
    shown("an operation with a bug, deep in a loss", lambda: check_gradient(energy, {"w": [0.5, 0.7], "scale": 3.0}))
    shown("the same operation by itself", lambda: check_op(difference_of_squares, samples=2))
