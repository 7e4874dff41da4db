"""What is asked about a graph in another way than the one that is written down."""

from __future__ import annotations

import io

import pytest

from microgradx import Value, draw, explain, nn, stepper, topological_order, why
from microgradx.view.questions.asked import ANSWERS_TOLD
from microgradx.view.stepping.prompt import Prompt


def graph() -> tuple[Value, Value, Value]:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    L = a * b + a
    L.label = "L"
    return a, b, L


def test_without_a_value_every_named_input_is_answered_for() -> None:
    a, b, L = graph()
    found, reasons = explain(L + 1.0), why(L)
    assert {name: one.total for name, one in found.items()} == {"a": 4.0, "b": 2.0}
    assert repr(reasons) == f"{why(L, a)!r}\n\n{why(L, b)!r}"
    assert reasons._repr_html_() == why(L, a)._repr_html_() + why(L, b)._repr_html_()
    assert list(explain(Value(2.0) * Value(3.0))) == ["input#0", "input#1"]


def test_of_many_inputs_the_first_are_printed() -> None:
    model = nn.MLP(2, [4, 1], rng=0)
    found = explain(model([1.0, 2.0]), names={"model": model})
    assert len(found) > ANSWERS_TOLD
    assert f"and {len(found) - ANSWERS_TOLD} more inputs: ask about one by its name" in repr(found)


@pytest.mark.parametrize("ask", [explain, why])
def test_swapped_arguments_are_named(ask) -> None:
    a, _, L = graph()
    told = rf"L is made from a, so da/dL is not a slope.*swapped, write {ask.__name__}\(L, a\)"
    with pytest.raises(ValueError, match=told):
        ask(a, L)


def test_an_unknown_name_is_told_without_quotes_round_it() -> None:
    _, _, L = graph()
    with pytest.raises(KeyError) as error:
        explain(L, "q")
    assert str(error.value).startswith("no value is called 'q' in the graph of L; the nearest names are ")


def test_the_output_of_a_module_in_a_batch_is_told_to_be_of_one_sample() -> None:
    model = nn.MLP(1, [2, 1], rng=0)
    loss = sum(model([float(k)]) for k in range(3))
    told = "sample {} of 3 alone, counted from 0: the others have their own"
    assert told.format(0) in repr(explain(loss, "L0.n1"))
    assert told.format(2) in repr(explain(loss, "L0.n1#2"))
    assert "alone" not in repr(explain(loss, "L1.n0.b"))
    assert "alone" not in repr(explain(model([1.0]), "L0.n1"))


def test_a_stepper_says_what_to_write() -> None:
    _, _, L = graph()
    s = stepper(L)
    with pytest.raises(TypeError, match="6 does not say which value it is for: write the name with it, for example a=6"):
        s.guess(6)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"diff compares two steppers, got none: write s.diff\(stepper\(L\)\)"):
        s.diff()
    with pytest.raises(TypeError, match=r"a=3.5 is a number to put in: write s.diff\(s.what_if\(a=3.5\)\)"):
        s.diff(a=3.5)
    with pytest.raises(TypeError, match=r"^stepper\(f\) needs its arguments .*: write stepper\(f, 2.0\)"):
        stepper(f)


def f(x: Value) -> Value:
    return x * x


def test_a_what_if_says_at_its_start_how_it_is_compared() -> None:
    _, _, L = graph()
    s = stepper(L)
    told = "a what-if t of a stepper s: s.diff(t) shows what changes"
    t = s.what_if(a=5.0)
    assert told in repr(t)
    assert told not in repr(s)
    assert told not in repr(t.next())


def test_the_prompt_answers_a_number_with_the_commands_that_take_one() -> None:
    _, _, L = graph()
    out = io.StringIO()
    Prompt(stepper(L), io.StringIO("a=6\nquit\n"), out).cmdloop()
    assert "'a=6' is not a command: guess a=6 says whether a gradient is that, whatif a=6 puts the number in" in out.getvalue()


def test_an_expression_that_is_a_name_has_one_pair_of_brackets() -> None:
    a, c, f = Value(2.0, "a"), Value(10.0, "c"), Value(-2.0, "f")
    d = a + c
    text = "\n".join(map(str, stepper(d * f, names={"(a + c)": d})))
    assert "out = (a + c) * f" in text
    assert "dout/d(a + c) = -2" in text
    assert "((" not in text


def test_a_layer_of_one_sample_has_no_columns_for_mean_and_spread() -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    one = str(stepper(model([1.0, 2.0]), by="layer").next())
    assert one.split("into", 1)[1].split("\n")[0].split() == ["from", "sum", "so", "far"]
    assert "mean" in str(stepper(model([1.0, 2.0]) + model([2.0, 1.0]), by="layer").next(2))


def test_a_file_name_given_to_draw_is_answered_with_save() -> None:
    _, _, L = graph()
    with pytest.raises(TypeError, match=r"draw takes no name of a file, got 'o2.svg': write draw\(result\).save\('o2.svg'\)"):
        draw(L, "o2.svg")


def test_the_gradients_of_a_graph_are_forgotten_as_the_hint_for_zero_grad_says() -> None:
    a, _, L = graph()
    L.backward()
    with pytest.raises(AttributeError, match=r"for x in microgradx.topological_order\(y\): x.grad = None"):
        L.zero_grad()
    for x in topological_order(L):
        x.grad = None
    assert (a.grad, a.reached) == (0.0, False)
