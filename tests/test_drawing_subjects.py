"""What people ask to draw besides one value: several outputs, a model, a function, an earlier pass beside this one."""

from __future__ import annotations

import re

import pytest

import microgradx as mx
from microgradx import Value, draw, nn, stepper


def titles(drawn) -> list[str]:
    return [label.split("\\n")[0] for label in re.findall(r'^\tn\w+ \[.*? label="([^"]*)"', drawn.source, re.MULTILINE)]


def card(drawn, name: str) -> list[str]:
    rows = [label.split("\\n") for label in re.findall(r'^\tn\w+ \[.*? label="([^"]*)"', drawn.source, re.MULTILINE)]
    return next(row for row in rows if row[0].partition(" = ")[0] == name)


def test_several_outputs_are_drawn_with_the_gradients_of_their_sum():
    x = Value(2.0, "x")
    a, b = x * 3.0, x * x
    a.label, b.label = "a", "b"
    drawn = draw([a, b])
    assert titles(drawn) == ["x", "a = x * 3", "b = x * x"]
    assert card(drawn, "x")[2] == "grad 7"
    assert drawn.source.count('peripheries="2"') == 2
    assert "2 outputs; gradients are those of their sum." in drawn.summary
    assert "raises a + b" in drawn.svg()
    assert draw({"loss": a, "more": [b, 1.0]}, depth=1).svg().count('class="node') == 3


def test_a_model_is_drawn_with_its_inputs():
    net = nn.MLP(2, [2, 1], activation="tanh", rng=1)
    drawn = draw(net, [0.5, -0.5])
    assert {"x[0]", "x[1]"} <= {title.strip("'") for title in titles(drawn)}
    assert "0.5" in card(drawn, "x[0]")[1]
    assert {"x[0]", "x[1]"} <= {title.strip("'") for title in titles(draw(net))}


@pytest.mark.parametrize("wrap", [lambda f: f, mx.compile], ids=["plain", "compiled"])
def test_a_function_is_drawn_with_what_it_calls_its_arguments(wrap):
    def area(width, sides):
        return width * sides["height"] + sides["more"][0]

    drawn = draw(wrap(area), 2.0, {"height": 3.0, "more": [1.0]})
    assert {"width", 'sides[&quot;height&quot;]', 'sides[&quot;more&quot;][0]'} <= set(titles(drawn))
    assert card(drawn, "width") == ["width", "2", "grad 3"]


def test_the_graph_of_a_derivative_is_drawn():
    drawn = draw(mx.grad(lambda x: x**3), Value(2.0, "x"))
    assert card(drawn, "x")[1:] == ["2", "grad 12"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw(Value(2.0) * 2, 3.0), r"draw\(f, \*args\) draws what a function gives; .* cannot be called"),
        (lambda: draw(lambda x: x.data, 3.0), r"<lambda> returned 3\.0, in which there is no Value"),
        (lambda: draw([]), r"draw needs a Value or a program, got \[\]"),
        (lambda: draw([1.0, 2.0]), r"got \[1\.0, 2\.0\]"),
        (lambda: draw(lambda c, x, k=2: c * x), r"needs its arguments .*: write draw\(<lambda>, c, x\)$"),
        (lambda: draw(lambda x: x * 2), r"draw\(<lambda>\) needs its arguments \(missing a required argument: 'x'\): write"),
        (lambda: draw(Value(2.0) * 2, before=3), "before=3 is not a recorded pass: keep one with s = stepper"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_what_can(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_an_earlier_pass_stands_beside_this_one():
    w = Value(2.0, "w")

    def loss():
        made = (w * 3.0 - 1.0) ** 2
        made.label = "loss"
        return made

    earlier = stepper(loss())
    w.data = 1.0
    drawn = draw(loss(), before=earlier)
    assert card(drawn, "w") == ["w", "1", "grad 12", "was 30"]
    assert "before: value 2, gradient 30" in drawn.source
    assert "was: the gradient in the pass before." in drawn.summary
    with pytest.raises(ValueError, match="has no value in common with the graph of"):
        draw(Value(1.0, "other") * 2.0, before=earlier)
