"""Names that are not there say what to write instead, or name the nearest."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

import microgradx as mx
from microgradx import Value, hints, nn, stepper

x = Value(3.0, "x")
SHEET = mx.teach.Sheet("one", [mx.teach.Question("q", "a*b", {"a": 2, "b": 3})])
OWNERS = {
    "microgradx": (mx, hints.MODULE, "module 'microgradx'"),
    "Value": (x, hints.VALUE, "a Value"),
    "nn": (nn, hints.NN, "module 'microgradx.nn'"),
    "model": (nn.MLP(2, [1]), hints.MODEL, "a MLP"),
    "history": (nn.History(), hints.HISTORY, "a History"),
    "sheet": (SHEET, hints.SHEET, "a Sheet"),
    "paper": (SHEET.paper("anna"), hints.PAPER, "a Paper"),
    "grade": (SHEET.grade({}, "anna"), hints.GRADE, "a Grade"),
    "stepper": (stepper(x * x), hints.STEPPER, "a stepper"),
    "drawing": (mx.draw(x * x), hints.DRAWING_NAMES, "a Drawing"),
}
WORDS = [(owner, word) for owner, (_, words, _) in OWNERS.items() for word in words]


@pytest.mark.parametrize(("owner", "word"), WORDS)
def test_a_word_of_another_library_is_answered_with_what_to_write(owner: str, word: str) -> None:
    thing, words, called = OWNERS[owner]
    with pytest.raises(AttributeError, match=re.escape(f"{called} has no attribute '{word}': {words[word]}")):
        getattr(thing, word)


def test_what_a_hint_names_is_there() -> None:
    things = (hints.STEPPER, hints.MODEL, hints.HISTORY, hints.PICTURE, hints.DRAWING_NAMES)
    for words in (hints.MODULE, hints.NN, hints.VALUE, *things):
        for text in words.values():
            for name in re.findall(r"\bmicrogradx\.(\w+(?:\.\w+)?)\(", text):
                thing: object = mx
                for part in name.split("."):
                    thing = getattr(thing, part)
            for name in re.findall(r"(?<!microgradx\.)\bnn\.(\w+)", text):
                assert hasattr(nn, name), text
            for owner, thing in (("model", OWNERS["model"][0]), ("history", nn.History()), ("drawing", OWNERS["drawing"][0])):
                for name in re.findall(rf"(?<!\.)\b{owner}\.([a-z_]+)(?!json)", text):
                    assert name == "json" or hasattr(thing, name), text
            for name in re.findall(r"\bnn\.data\.(\w+)", text):
                assert hasattr(nn.data, name), text
            for name in re.findall(r"\bnn\.plots\.(\w+)", text):
                assert hasattr(nn.plots, name), text
            for name in re.findall(r"\bs\.(\w+)\(", text):
                assert hasattr(OWNERS["stepper"][0], name), text


def test_no_hint_stands_for_a_name_that_exists() -> None:
    assert not set(hints.MODULE) & set(dir(mx))
    assert not set(hints.NN) & set(nn.__all__)
    assert not set(hints.MODEL) & set(dir(nn.MLP(2, [1])))
    assert not set(hints.HISTORY) & set(dir(nn.History()))
    assert not set(hints.STEPPER) & set(dir(type(OWNERS["stepper"][0])))


@pytest.mark.parametrize(
    ("thing", "name", "near"),
    [(mx, "tahn", "did you mean tan or tanh"), (mx, "darw", "did you mean draw"), (nn, "MLPP", "did you mean MLP"),
     (mx, "arcsin", r"write microgradx.asin\(x\)"), (mx, "fabs", r"write microgradx.absolute\(x\)"),
     (nn.MLP(2, [1]), "paramters", "did you mean parameters"), (nn.MLP(2, [1]), "layer", "did you mean layers"),
     (nn.History(), "notse", "did you mean notes"), (nn.plots, "decision_bondary", "did you mean decision_boundary"),
     (nn.data, "mons", "did you mean moons"), (nn.data, "make_moons", "nn.data.moons"),
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


def test_an_argument_that_a_value_is_not_made_with_is_answered() -> None:
    with pytest.raises(TypeError, match=r"got name='a' too: label= is what it is called: Value\(2.0, label='w'\)"):
        Value(2.0, name="a")  # type: ignore[call-arg]
    for name, hint in hints.KEYWORDS.items():
        with pytest.raises(TypeError, match=re.escape(f"got {name}=1 too: {hint}")):
            Value(2.0, **{name: 1})  # type: ignore[arg-type]


def test_steppers_are_copied_as_before() -> None:
    s = stepper(x * x)
    assert str(copy.copy(s)) == str(s)


def test_a_picture_answers_as_everything_does() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    picture = nn.plots.activation("tanh")
    for word, hint in hints.PICTURE.items():
        with pytest.raises(AttributeError, match=re.escape(f"a Picture has no attribute '{word}': {hint}")):
            getattr(picture, word)
    assert not set(hints.PICTURE) & set(dir(matplotlib.figure.Figure))


def test_a_property_of_an_own_model_that_raises_keeps_its_own_words() -> None:
    class Own(nn.Module):
        @property
        def width(self) -> int:
            return self.missing  # type: ignore[attr-defined, no-any-return]

    with pytest.raises(AttributeError, match=r"^a Own has no attribute 'missing'$"):
        _ = Own().width


def test_models_and_histories_are_copied_as_before() -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert [p.data for p in twin.parameters()] == [p.data for p in model.parameters()]
    history = nn.History(loss=[1.0])
    assert copy.deepcopy(history) == pickle.loads(pickle.dumps(history)) == history


@pytest.mark.parametrize(
    ("key", "write"),
    [("loss", "history.loss"), ("val_loss", "history.validation_loss"), (0, "history.loss"), ("nothing", "history.loss")],
)
def test_a_history_asked_by_key_says_which_attribute_to_read(key: object, write: str) -> None:
    told = f"history[{key!r}]: a History has attributes, each a list: write {write}"
    with pytest.raises(TypeError, match=re.escape(told) + "$"):
        nn.History()[key]  # type: ignore[index]


def test_probabilities_are_had_as_the_hint_says() -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    shares = mx.sigmoid(model.predict([[0.0, 1.0], [2.0, -1.0]]))
    assert shares.tolist() == pytest.approx([mx.sigmoid(model(row)).data for row in ([0.0, 1.0], [2.0, -1.0])])
