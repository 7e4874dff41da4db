"""Answers to questions are as wide as the terminal, lose no word in a slim one, and are tables in a notebook's cell."""

import pytest
from test_page import hostile
from test_stepper_notebook import KEPT, Seen
from test_stepper_width import terminal  # noqa: F401

from microgradx import Value, explain, layers, nn, origin, why
from microgradx.tables import columns


def long_names():
    x = Value(-2.0, "the_only_input_that_the_whole_program_reads_from_its_user")
    for k in range(4):
        x = x * Value(1.5, f"weights_of_the_recurrence_in_round_{k}")
        x.label = f"activation_before_dropout_in_round_{k}"
    return x.relu(), x


def answers():
    output, x = long_names()
    model = nn.MLP(2, [3, 1], rng=1)
    bad = (Value(0.0, "a_number_whose_logarithm_is_taken_further_below").log() * 3.0) + 1.0
    cancelling = x * 3.0 - x * 3.0
    tiny = x * 1e-5 * 1e-5 * 1e-5
    return {
        "explain": explain(x * x + x, x.parents[0]),
        "why": why(output, x.parents[0]),
        "cancelled": why(cancelling, x.parents[0]),
        "small": why(tiny, x.parents[0]),
        "origin": origin(bad),
        "layers": layers(model([0.0, 1.0])),
    }


@pytest.mark.parametrize("width", [60, 80, 140, 200])
@pytest.mark.parametrize("question", list(answers()))
def test_no_line_of_an_answer_is_wider_than_the_terminal(terminal, width, question):  # noqa: F811
    answer = answers()[question]
    terminal(width)
    assert max(map(columns, repr(answer).splitlines())) <= width


@pytest.mark.parametrize("question", ["why", "origin"])
def test_a_slim_terminal_loses_no_word(terminal, question):  # noqa: F811
    answer = answers()[question]
    terminal(200)
    wide = repr(answer)
    terminal(60)
    slim = repr(answer)
    assert slim.split() == wide.split()
    assert len(slim.splitlines()) > len(wide.splitlines())


def test_a_broad_terminal_shows_names_in_full(terminal):  # noqa: F811
    answer = answers()["explain"]
    terminal(60)
    assert "> activation_before_dropout_in_round_3 >" not in repr(answer)
    terminal(200)
    assert "> activation_before_dropout_in_round_3 >" in repr(answer)


@pytest.mark.parametrize("question", list(answers()))
def test_a_cell_of_a_notebook_shows_the_same_words(terminal, question):  # noqa: F811
    answer = answers()[question]
    terminal(200 if question != "explain" else 120)
    seen = Seen(answer._repr_html_())
    assert seen.tags <= KEPT
    assert ("table" in seen.tags) == (question in ("explain", "layers"))
    assert sorted(seen.words) == sorted(repr(answer).split())


def test_a_hostile_name_makes_no_element_in_a_cell():
    y = hostile()
    assert Seen(explain(y, y.parents[1])._repr_html_()).tags <= KEPT
