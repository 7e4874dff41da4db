"""What a prompt shows of each result: a few lines that say what it is, never an address or a dump."""

import pytest

import microgradx as mx
from microgradx import Value, nn, teach
from microgradx.testing import WrongDerivative, audit, check_op, derivative_of

x = Value(2.0, "x")
L = x * x + x
squares = mx.compile(lambda xs: sum(x * x for x in xs))
squares([1.0, 2.0])
THINGS = {
    "compiled function": squares,
    "batched function": mx.compile(lambda w, x: w * x, batch="x"),
    "program": squares.program([1.0, 2.0]),
    "report": mx.check_gradient(lambda x: x * x, 2.0),
    "report of an operation": check_op(mx.tanh),
    "measured derivative": derivative_of(lambda x: x * x)(2.0),
    "audit": audit("fractions", time_limit=1.0),
    "model": nn.MLP(2, [3, 1], rng=0),
    "history": nn.History(loss=[1.0, 0.5]),
    "optimizer": nn.SGD(),
    "explained gradient": mx.explain(L),
    "answer": mx.why(L, x),
    "layers": mx.layers(nn.MLP(2, [3, 1], rng=0)([1.0, 2.0])),
    "origin": mx.origin(L),
    "stepper": mx.stepper(L),
    "step": mx.stepper(L).next(),
    "drawing": mx.draw(L),
    "tree": mx.tree(L),
    "mermaid": mx.mermaid(L),
    "operation": mx.tanh,
    "engine report": teach.grade_engine(Value),
    "page": mx.stepper(L).show(),
    "sheet": teach.Sheet("week 3", [teach.Question("q", "a*b", {"a": 2, "b": 3})]),
}


@pytest.mark.parametrize("name", THINGS)
def test_what_a_prompt_shows_fits_it(name):
    shown = repr(THINGS[name])
    assert " object at 0x" not in shown
    assert "\\n" not in shown
    assert len(shown) < 600
    assert all(len(line) < 120 for line in shown.splitlines())


def test_a_report_says_how_it_came_out_and_how_to_see_more():
    assert repr(THINGS["report"]) == "<check_gradient(<lambda>): 1 partial derivative: 1 right; print it for every row>"
    with pytest.raises(WrongDerivative) as caught:
        mx.check_gradient(lambda x: x * x, 2.0, grad=5.0)
    assert "1 wrong" in repr(caught.value.report)
    assert repr(THINGS["program"]).startswith("<program of ")
    assert "2 inputs" in repr(THINGS["program"])


def test_a_tree_shows_its_lines_and_is_text_all_the_same():
    assert repr(THINGS["tree"]) == str(THINGS["tree"])
    assert THINGS["tree"].splitlines()[0] == "L = x*x + x = 6, grad 1"
    assert isinstance(THINGS["mermaid"], str)
