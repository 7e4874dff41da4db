"""Graphs from text."""

from __future__ import annotations

import pytest

from microgradx import OPS
from microgradx.expression import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(a*b + c)*f", -8.0),
        ("-a**2", -4.0),
        ("a // b + a % b", -2.0),
        ("tanh(0) + max(a, b, c)", 10.0),
        ("2", 2.0),
        ("abs(b) + pow(a, 3) + silu(0)", 11.0),
        ("leaky_relu(b, 0.5)", -1.5),
        ("cos(pi)", -1.0),
        (" L = a - -c ", 12.0),
    ],
)
def test_expressions_mean_what_python_means(text: str, value: float) -> None:
    assert parse(text, {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0}).data == value


def test_a_whole_number_beyond_the_largest_float_is_infinite() -> None:
    assert parse("1" + "0" * 400, {}).data == float("inf")


def test_a_name_used_twice_is_one_leaf_and_an_assignment_labels_the_result() -> None:
    y = parse("y = x*x", {"x": 3.0})
    assert y.parents[0] is y.parents[1]
    assert (y.label, y.parents[0].label) == ("y", "x")


def test_every_operation_of_the_table_can_be_called_by_name() -> None:
    for name, op in OPS.items():
        if op.arity:
            assert parse(f"{name}({', '.join(['0.5'] * op.arity)})", {}).data is not None


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("a.real", r"'a.real' is not allowed in an expression: use numbers, names"),
        ("__import__('os')", r"there is no function '__import__': add, subtract"),
        ("(lambda: 1)()", "is not allowed"),
        ("[a]", "is a list of 1, not one number"),
        ("a if a else a", "is not allowed"),
        ("a < 1", "is not allowed"),
        ("'a'", "is not allowed"),
        ("True", "is not allowed"),
        ("tanh(x=1)", "is not allowed"),
        ("tahn(a)", "there is no function 'tahn'; near names: tan"),
        ("a + bb", r"'bb' has no value: write bb=1.0 after the expression"),
        ("a +", r"'a \+' is not an expression: invalid syntax"),
        ("a; a", "is not one expression"),
        ("", "is not one expression"),
        ("-" * 30_000 + "a", "is nested more deeply than Python's parser goes"),
    ],
)
def test_what_is_not_an_expression_of_numbers_raises_and_shows_it(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice) as raised:
        parse(text, {"a": 1.0})
    assert len(str(raised.value)) < 1500


def test_a_wrong_number_of_operands_is_named() -> None:
    with pytest.raises(TypeError, match=r"atan2 is written atan2\(y, x\), got no x"):
        parse("atan2(1)", {})


@pytest.mark.parametrize(
    ("text", "advice"), [("2x + 1", r"write 2\*x for 2x"), ("1 + 2(x+1)", r"calls a number: write 2\*\(x\+1\)")]
)
def test_a_product_without_its_sign_is_written_with_it(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        parse(text, {"x": 3.0})
