"""Zero against infinity: a choice leaks nothing, any other 0 x inf of a backward pass is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import microgradx as mx
from microgradx import Value, detect_anomaly, draw, gradient, why
from microgradx.testing import check_gradient

GUESSES: dict[str, tuple[Callable[[Value], Value], float, str]] = {
    "the square of a root": (lambda x: mx.sqrt(x) ** 2, 0.0, "sqrt"),
    "a square of a root": (lambda x: mx.square(mx.sqrt(x)) * 3.0, 0.0, "sqrt"),
    "one over one over": (lambda x: 1.0 / (1.0 / x), 0.0, "divide"),
    "the log of a sum with exp": (lambda x: mx.log(1.0 + mx.exp(x)), 800.0, "exp"),
    "a product of two roots": (lambda x: mx.sqrt(x) * mx.sqrt(x), 0.0, "sqrt"),
    "a dot of two roots": (lambda x: mx.dot([mx.sqrt(x)], [mx.sqrt(x)]), 0.0, "sqrt"),
    "an underflow": (lambda x: mx.sqrt(x) * 1e-200 * 1e-200, 0.0, "sqrt"),
    "a cancelled upstream": (lambda x: (lambda s: s - 1.0 * s)(mx.sqrt(x)), 0.0, "sqrt"),
}
"""Function, point, and the operation at which 0 x inf stands."""

CHOICES: dict[str, tuple[Callable[[Value], Value], float]] = {
    "where": (lambda x: mx.where(x > 1.0, mx.sqrt(x), 2.0 * x), 2.0),
    "where inside a product": (lambda x: mx.where(0.0, mx.sqrt(x) * 3.0, 2.0 * x), 2.0),
    "relu that is off": (lambda x: mx.relu(-1.0 - mx.sqrt(x)) + x, 1.0),
    "leaky_relu without a slope": (lambda x: mx.leaky_relu(-1.0 - mx.sqrt(x), 0.0) + x, 1.0),
    "abs at its kink": (lambda x: abs(mx.sqrt(x)) + x, 1.0),
    "max": (lambda x: mx.max([x + 1.0, mx.sqrt(x)]), 1.0),
    "maximum": (lambda x: mx.maximum(x + 1.0, mx.sqrt(x)), 1.0),
    "min": (lambda x: mx.min([x - 1.0, mx.sqrt(x)]), 1.0),
    "clip": (lambda x: mx.clip(mx.sqrt(x) - 3.0, -1.0, 1.0) + x, 1.0),
    "hard_tanh": (lambda x: mx.hard_tanh(mx.sqrt(x) - 3.0) + x, 1.0),
    "floor": (lambda x: mx.floor(mx.sqrt(x)) + x, 1.0),
    "a plain 0 as a mask": (lambda x: 0.0 * mx.sqrt(x) + x, 1.0),
    "a mask that is computed": (lambda x: mx.step(x - 1.0) * mx.sqrt(x) + x, 1.0),
    "a mask in a dot": (lambda x: mx.dot([0.0, 1.0], [mx.sqrt(x), x]), 1.0),
    "a choice behind a zero": (lambda x: x * mx.where(0.0, mx.sqrt(x), 2.0), 2.0),
    "the power 0": (lambda x: mx.sqrt(x) ** 0 + x, 1.0),
}


@pytest.mark.parametrize("name", GUESSES)
def test_a_guess_is_named_by_detect_anomaly_why_and_drawings(name: str) -> None:
    f, at, operation = GUESSES[name]
    x = Value(at, "x")
    y = f(x)
    assert gradient(y, [x]) == [0.0]
    for attempt in (y.backward, lambda: gradient(y, [x]), lambda: gradient(y, [x], create_graph=True)):
        message = rf"the backward pass of {operation} has .*0 x inf is indeterminate, and no choice \(where, relu, max, clip\)"
        with detect_anomaly(), pytest.raises(FloatingPointError, match=message):
            attempt()
    assert not x.reached
    answer = why(y, x)
    assert answer.cause == "indeterminate"
    assert "on the way 0 x inf is indeterminate" in str(answer)
    assert f"= {operation}(" in str(answer) or "1 / 0" in str(answer)
    caption = " ".join(draw(y).source.split())
    assert "Indeterminate (0 x inf on the way counts as 0" in caption


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_leaks_nothing_and_raises_nothing(name: str) -> None:
    f, slope = CHOICES[name]
    x = Value(0.0, "x")
    with detect_anomaly():
        y = f(x)
        y.backward()
    assert x.grad == slope
    assert why(y, x).cause != "indeterminate"
    assert "Indeterminate" not in draw(y).source


def test_a_seed_of_zero_sends_nothing_and_raises_nothing() -> None:
    x = Value(0.0)
    with detect_anomaly():
        mx.sqrt(x).backward(seed=0.0)
    assert x.grad == 0.0


def test_the_line_that_wrote_the_operation_is_told() -> None:
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"made this zero at .*test_indeterminate.py:\d+"):
        (mx.sqrt(Value(0.0)) ** 2).backward()


def test_why_names_a_guess_only_on_the_way_to_the_value_that_is_asked_about() -> None:
    x, z = Value(0.0, "x"), Value(3.0, "z")
    y = mx.sqrt(x) ** 2 + z * z
    assert why(y, z).cause == "nothing wrong"
    assert why(y, x).cause == "indeterminate"


@pytest.mark.parametrize("name", ["the square of a root", "a product of two roots"])
def test_check_gradient_names_the_product_and_does_not_speak_of_numbers_that_left_the_graph(name: str) -> None:
    f, at, operation = GUESSES[name]
    with pytest.raises(AssertionError) as caught:
        check_gradient(f, at)
    text = str(caught.value)
    assert f"0 x inf at {operation}(x=0)" in " ".join(text.split())
    assert "left the graph" not in text
