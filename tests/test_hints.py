"""Names that are not there say what to write instead, or name the nearest."""

from __future__ import annotations

import copy
import re

import pytest

import microgradx as mx
from microgradx import Value, hints, nn, stepper

x = Value(3.0, "x")
OWNERS = {
    "microgradx": (mx, hints.MODULE, "module 'microgradx'"),
    "Value": (x, hints.VALUE, "a Value"),
    "nn": (nn, hints.NN, "module 'microgradx.nn'"),
    "stepper": (stepper(x * x), hints.STEPPER, "a stepper"),
}
WORDS = [(owner, word) for owner, (_, words, _) in OWNERS.items() for word in words]


@pytest.mark.parametrize(("owner", "word"), WORDS)
def test_a_word_of_another_library_is_answered_with_what_to_write(owner: str, word: str) -> None:
    thing, words, called = OWNERS[owner]
    with pytest.raises(AttributeError, match=re.escape(f"{called} has no attribute '{word}': {words[word]}")):
        getattr(thing, word)


def test_what_a_hint_names_is_there() -> None:
    for words in (hints.MODULE, hints.NN, hints.VALUE, hints.STEPPER):
        for text in words.values():
            for name in re.findall(r"\bmicrogradx\.(\w+(?:\.\w+)?)\(", text):
                thing: object = mx
                for part in name.split("."):
                    thing = getattr(thing, part)
            for name in re.findall(r"(?<!microgradx\.)\bnn\.(\w+)", text):
                assert hasattr(nn, name), text
            for name in re.findall(r"\bs\.(\w+)\(", text):
                assert hasattr(OWNERS["stepper"][0], name), text


def test_no_hint_stands_for_a_name_that_exists() -> None:
    assert not set(hints.MODULE) & set(dir(mx))
    assert not set(hints.NN) & set(nn.__all__)
    assert not set(hints.STEPPER) & set(dir(type(OWNERS["stepper"][0])))


@pytest.mark.parametrize(
    ("thing", "name", "near"),
    [(mx, "tahn", "did you mean tan or tanh"), (mx, "darw", "did you mean draw"), (nn, "MLPP", "did you mean MLP"),
     (mx, "arcsin", r"write microgradx.asin\(x\)"), (mx, "fabs", r"write microgradx.absolute\(x\)"),
     (OWNERS["stepper"][0], "nxt", "did you mean next")],
)  # fmt: skip
def test_a_misspelled_name_is_answered_with_the_nearest(thing: object, name: str, near: str) -> None:
    with pytest.raises(AttributeError, match=near):
        getattr(thing, name)


def test_a_name_like_no_other_is_an_attribute_error_and_no_more() -> None:
    with pytest.raises(AttributeError, match=r"^module 'microgradx' has no attribute 'qqqqqq'$"):
        _ = mx.qqqqqq  # type: ignore[attr-defined]


def test_a_value_shows_no_name_that_is_not_there_and_refuses_to_have_it_assigned() -> None:
    assert not set(dir(x)) & set(hints.VALUE)
    assert not hasattr(x, "item")
    with pytest.raises(AttributeError, match="every Value has a gradient"):
        x.requires_grad = True  # type: ignore[attr-defined]


def test_steppers_are_copied_as_before() -> None:
    s = stepper(x * x)
    assert str(copy.copy(s)) == str(s)
