"""Blocks as wide as the terminal: labels and columns give way, digits never, and no two values bear one name."""

import io
import math
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_stepper import expression, hostile_graph, net_loss, random_graph

from microgradx import Value, stepper
from microgradx import sum as total
from microgradx.tables import columns, printable
from microgradx.view.stepping.pen import WAYS, Pen
from microgradx.view.stepping.steps import SHOWN_WHOLE
from microgradx.view.words.notation import number
from microgradx.view.words.terminal import Rounded, distinct_names, fitted, terminal_width, wrapped

WIDTHS = [60, 80, 140, 200]


class Screen(io.StringIO):
    """Standard output that is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    def set_width(width):
        monkeypatch.setattr(sys, "stdout", Screen())
        monkeypatch.setenv("COLUMNS", str(width))

    return set_width


def vanishing():
    hidden = Value(-2.5e-6, "hidden_activation")
    weight = Value(-7.123e-9, "output_weight")
    error = hidden * weight
    error.label = "prediction_error"
    loss = error * error * -1e-3
    loss.label = "cross_entropy_loss"
    return loss


def long_chain():
    x = Value(1e-30, "the_only_input_that_there_is")
    for k in range(6):
        x = x * Value(-1.2345e-30 * 10.0**k, f"layers[{k}].neurons[12].weights_of_the_recurrence[3]")
        x.label = f"layers[{k}].neurons[12].activation_before_dropout"
    return x


def told(text, x, digits=4):
    """Whether a number stands in a text as a word of its own, with `~` or not."""
    return re.search(rf"(?<![\w.~-])~?{re.escape(number(x, digits))}(?![\w.])", text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("by", ["node", "neuron"])
def test_every_number_of_a_block_is_whole_at_every_width(terminal, width, by):
    terminal(width)
    for output in (vanishing(), long_chain(), expression(), net_loss()[0], random_graph(5, 40)[0], hostile_graph()):
        s = stepper(output, by=by)
        for step in s:
            text = str(step)
            assert max(map(columns, text.splitlines())) <= width
            assert told(text, step.upstream)
            if by == "node" and len(step.leaving) <= 12:
                for edge in step.contributions:
                    assert told(text, edge.contribution)
                    assert told(text, edge.after)
                    assert told(text, edge.local)
            assert told(text, step.of.trace.recorded[step.node])


@given(seed=st.integers(0, 10**6), width=st.sampled_from(WIDTHS), digits=st.integers(1, 17))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_random_graphs_fit_with_any_count_of_digits(seed, width, digits):
    output, _ = random_graph(seed)
    s = stepper(output, digits=digits)
    for step in s:
        pen = Pen(step.of, width)
        text = "\n".join(pen.lines(step.mentioned(SHOWN_WHOLE), lambda p=pen, s=step: s.parts(p, SHOWN_WHOLE)))
        assert max(map(columns, text.splitlines())) <= width
        for edge in step.contributions:
            assert told(text, edge.contribution, digits)


def test_the_vanishing_lesson_keeps_its_numbers_and_names():
    block = str(stepper(vanishing()).next(2)).splitlines()
    assert block[0] == "step 2/3   prediction_error * prediction_error"
    rows = [line.split() for line in block if "[left]" in line or "[right]" in line]
    assert [row[0] for row in rows] == ["prediction_error"] * 2
    assert all("-1.781e-17" in row and "-0.001" in row for row in rows)
    assert rows[1][-2:] == ["-3.562e-17", "2/2"]


def test_a_narrow_terminal_drops_columns_and_a_wide_one_shows_all(terminal):
    terminal(60)
    narrow = str(stepper(vanishing()).next(2))
    assert "->" in narrow
    terminal(140)
    wide = str(stepper(vanishing()).next(2))
    assert "2 of 2 final" in wide
    assert "prediction_error [right]" in wide
    assert max(map(columns, wide.splitlines())) > 80


def test_text_is_as_wide_as_the_terminal_and_80_columns_elsewhere(terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "132")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert terminal_width() == 80
    for width, wanted in ((132, 132), (20, 60), (999, 200)):
        terminal(width)
        assert terminal_width() == wanted


def test_repr_is_plain_text_even_in_a_terminal_and_the_display_hook_colours(terminal, monkeypatch):
    terminal(80)
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)

    class Printer:
        def text(self, text):
            self.said = text

    s, printer = stepper(expression()).next(), Printer()
    s._repr_pretty_(printer, False)
    assert "\x1b[" in printer.said
    for text in (repr(s), str(s), f"{s!r}", repr(s[1]), repr(s.full()), repr(s.diff(s.what_if(a=1.0)))):
        assert "\x1b" not in text


def test_numbers_that_only_look_exact_or_alike_say_so():
    x, y = Value(0.99996, "x"), Value(2.0, "y")
    block = str(stepper(x * y * 0.5).next(2))
    assert "x y = 2" in block
    assert "x x = ~1" in block
    near = [Value(0.123441, "p"), Value(0.123444, "q")]
    rows = str(stepper(near[0] * near[1]).next())
    assert rows.count("~0.1234") >= 2
    assert "~" not in str(stepper(Value(0.1) + Value(0.2)).next())


def test_no_two_values_have_one_name_in_a_block(terminal):
    xs = [Value(1e-12 * (k + 1), f"layers[0].neurons[{k}].weights_into_the_hidden_layer[{k % 3}]") for k in range(12)]
    output = xs[0]
    for x in xs[1:]:
        output = output * x
    output.label = "product"
    for width in WIDTHS:
        terminal(width)
        lines = str(stepper(total(xs)).next()).splitlines()[3:]
        names = [line.split()[0] for line in lines if "->" in line]
        assert len(names) == len(set(names)) == 12


@given(names=st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=20, unique=True), room=st.integers(8, 30))
@settings(deadline=None, derandomize=True)
def test_shortened_names_stay_apart_and_fit(names, room):
    names = list({printable(name): name for name in names}.values())
    short = distinct_names(names, room)
    assert len(set(short.values())) == len(names)
    assert all(columns(text) <= room for text in short.values())


@given(text=st.text(alphabet="ab 名*+-.e12", max_size=80), width=st.integers(20, 60))
@settings(deadline=None, derandomize=True)
def test_a_shortened_formula_fits_and_a_wrapped_sentence_keeps_its_words(text, width):
    assert columns(fitted(text, width)) <= width
    assert " ".join(wrapped(text, width)).split() == text.split()


def test_a_formula_never_loses_part_of_a_number():
    formula = "loss = " + " + ".join(f"weight_{k} * {-1.5e-7 * (k + 1)!r}" for k in range(9))
    whole = set(re.findall(r"-?\d+\.?\d*e-\d+", formula))
    for width in range(20, 120):
        assert set(re.findall(r"-?\d+\.\d*(?:e-\d+)?", fitted(formula, width))) <= whole


def test_digits_are_as_many_as_asked_for():
    x = Value(2.0 / 3.0, "x")
    s = stepper(x * x, digits=12)
    assert "0.444444444444" in str(s)
    assert "0.666666666667" in str(s.next())
    assert math.isclose(float(Rounded(17)(math.pi)), math.pi, rel_tol=0.0)


def test_the_ways_to_save_room_go_from_loose_to_tight():
    tables = [(way.room or 99, *way[1:]) for way in WAYS if way.rows]
    assert tables == sorted(tables, reverse=True)
    assert [way.rows for way in WAYS] == [True] * len(tables) + [False]


def test_the_negative_of_a_negative_number_is_in_brackets():
    x = Value(-2.0, "x")
    assert "forward: -(-2) = 2" in str(stepper(-x).next())
    assert "forward: 3 - -2 = 5" in str(stepper(3.0 - x).next())


def test_a_wide_terminal_lists_every_contribution(terminal):
    terminal(140)
    listed = stepper(expression()).goto(3).list()
    assert "..." not in listed
    assert "e += -2, c += -2" in listed
    assert "a += 6, b += -4" in listed
    terminal(60)
    assert max(map(columns, stepper(vanishing()).goto(3).list().splitlines())) <= 60


def test_names_that_no_cut_tells_apart_are_counted_and_are_not_taken_for_samples():
    names = [f"a_very_long_name_{k}_with_a_very_long_end" for k in range(3)]
    assert list(distinct_names(names, 8).values()) == ["a...d(1)", "a...d(2)", "a...d(3)"]
