"""What a page says of gradients that are 0, tiny or many is so, and nothing stops in silence."""

import math
import re

import pytest
from test_marked_on_page import find
from test_page import visit, write  # noqa: F401  # fixtures
from test_staged_page import open_page  # noqa: F401  # fixture
from test_stages import recurrence

import microgradx as mx
from microgradx import Value, nn

pytestmark = pytest.mark.browser


def flat_loss():
    """The loss of a sample beyond its margin, and a unit that is off besides."""
    model = nn.MLP(2, [16, 5, 1], rng=1)
    model.layers[0].neurons[2].b.data = -50.0
    model.layers[2].neurons[0].b.data = -50.0
    return (1.0 + model([0.5, 1.0])).relu()


def test_where_every_gradient_is_0_the_page_says_why_and_descends_no_further(visit):  # noqa: F811
    page = visit(flat_loss())
    told = page.locator(".silence").text_content()
    assert told.startswith("The gradient of every parameter is 0: output = relu(1 + L2.n0) is flat at -")
    assert (
        page.locator(".now").text_content()
        == "L0: all that it sends is 0, to 48 parameters. Here the pass ends; |< goes to its start."
    )
    page.locator("[data-do=descend]").click()
    page.locator(".losses", has_text="no step: every gradient is 0").wait_for()
    assert page.locator("[data-do=descend]").get_attribute("aria-pressed") == "false"
    page.locator("[data-do=guess]").click()
    assert page.locator(".verdict").text_content() == "Write what you think its gradient is, or choose another value."
    assert not page.locator(".silence").is_visible()


def test_a_second_cause_of_a_gradient_of_0_is_named(visit):  # noqa: F811
    page = visit(flat_loss())
    find(page, "L0.n2.w[1]")
    reason = page.locator(".reason").text_content()
    assert reason.startswith("Zero: output = relu(1 + L2.n0) is flat at -")
    assert "; L0.n2 = relu(" in reason
    assert reason.endswith(", too.")


def test_only_what_factors_shrink_is_called_tiny_for_their_sake(visit):  # noqa: F811
    big, small, one, x = Value(1e300, "big"), Value(1e-9, "small"), Value(1.0, "one"), Value(2.0, "x")
    page = visit(one * big * 1.0 + small * x, "#s=9")
    page.locator("svg .card", has_text="x").last.click()
    reasons = {}
    for name in ("x", "small", "big", "one"):
        find(page, name)
        reasons[name] = page.locator(".reason").text_content()
    assert reasons["x"] == "Tiny beside the largest gradient of this pass, 1e300 at one: the factors above shrink it."
    assert reasons["small"] == reasons["big"] == ""


def test_contributions_and_ways_that_are_not_listed_are_added_up(open_page):  # noqa: F811
    page = open_page(recurrence(rounds=30))
    find(page, "W[1][0]")
    parts = page.locator(".arriving > li").all_text_contents()
    assert len(parts) == 9
    total = page.evaluate("graph.gradients[play.picked()]")
    assert page.locator(".arriving details li").count() == 30 - 8
    sent = page.evaluate("graph.into[play.picked()].map(k => graph.edges[k].sent)")
    rest = sum(sorted(sent, key=abs)[:-8])
    assert f"and from 22 more, {page.evaluate(f'cursor.number({rest!r})')} in all" in parts[-1]
    ways = [float(text.split(":")[0].split(" (")[0]) for text in page.locator(".way, .other").all_text_contents()]
    assert sum(ways) == pytest.approx(total, rel=0.01)
    assert page.locator(".ways p").first.text_content().startswith("the sum over about ")


def test_a_descent_that_has_come_to_an_end_is_not_said_to_be_none(visit):  # noqa: F811
    page = visit(Value(3.0, label="x").relu())
    page.locator("[name=rate]").fill("2")
    page.locator("[data-do=descend]").click()
    page.locator(".losses", has_text="no further step: every gradient is 0").wait_for()


def test_a_rate_of_nothing_and_a_loss_beyond_all_numbers_are_told(visit):  # noqa: F811
    x = Value(3.0, label="x")
    page = visit(x**4)
    page.locator("[name=rate]").fill("")
    page.locator("[data-do=once]").click()
    assert page.locator(".losses").text_content() == "write a rate above 0"
    page.locator("[name=rate]").fill("1e9")
    page.locator("[data-do=descend]").click()
    page.locator(".losses", has_text=re.compile("^stopped, as ")).wait_for()


def test_escape_closes_the_panel_and_the_keys_and_undo_moves_nothing(visit):  # noqa: F811
    page = visit(Value(3.0, label="x") * Value(2.0, label="y"), "#s=1")
    page.locator("svg .card", has_text="x").first.click()
    slider, undo = page.locator(".chosen [name=range]"), page.locator("[data-do=free]")
    before = slider.bounding_box()
    assert not undo.is_visible()
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert undo.is_visible()
    assert slider.bounding_box() == before
    page.locator(".help summary").click()
    page.keyboard.press("Escape")
    assert not page.locator(".chosen").is_visible()
    assert not page.locator(".help dl").is_visible()


def test_what_a_weight_gets_is_added_up_by_round_and_by_row(open_page):  # noqa: F811
    loss, names = recurrence(rounds=30)
    page = open_page((loss, names))
    find(page, "W[1][0]")
    W, U, h = [[w.data for w in row] for row in names["W"]], [u.data for u in names["U"]], [0.0, 0.1, 0.2]
    each = [Value(W[1][0]) for _ in range(30)]  # the weight, a copy for each round
    for t in range(30):
        rows = [W[0], [each[t], *W[1][1:]], W[2]]
        h = [
            mx.tanh(mx.sum([*(w * x for w, x in zip(row, h, strict=True)), u * math.sin(t)]))
            for row, u in zip(rows, U, strict=True)
        ]
    ((mx.sum(h) - 1.0) ** 2).backward()
    (told,) = page.locator(".through").all_text_contents()
    start, _, sums = told.partition("by round: ")
    assert start == "through h, "
    shown = {name: float(text) for name, text in (part.split(": ") for part in sums.split(";  "))}
    assert list(shown) == [f"round {t}" for t in range(1, 31)]
    assert list(shown.values()) == pytest.approx([weight.grad for weight in each], rel=1e-3)
    find(page, "U[0]")
    page.locator("[data-do=guess]").click()
    assert page.locator(".through").count() == 0


def test_a_local_derivative_is_told_with_its_rule_and_a_formula_that_says_the_name_again_is_not(visit):  # noqa: F811
    x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(6.5, label="b")
    page = visit((x * w + b).tanh(), "#s=9")
    find(page, "x")
    assert page.locator(".arriving li").text_content().endswith(" (multiply: d/da = b)")
    find(page, "x*w + b")
    assert " (tanh: d/dx = sech(x)**2)" in page.locator(".arriving li").text_content()
    assert page.locator(".chosen .formula").text_content() == "made by add"
    find(page, "b")
    assert "(" not in page.locator(".arriving li").text_content()
    page.evaluate("play.set(play.picked(), 1.0)")
    find(page, "output")
    assert page.locator(".chosen .formula").text_content().startswith("= tanh(")


def test_on_a_phone_what_a_step_sends_to_is_in_sight_and_cards_aside_are_dim(visit):  # noqa: F811
    a, b, c, f = (Value(x, label=name) for x, name in ((2.0, "a"), (-3.0, "b"), (10.0, "c"), (-2.0, "f")))
    page = visit((a * b + c) * f)
    page.set_viewport_size({"width": 400, "height": 800})
    page.reload()
    frame = page.locator("figure").bounding_box()
    for receivers in (("a*b + c", "f"), ("a*b", "c"), ("a", "b")):
        page.locator("body").press("j")
        for name in receivers:
            box = page.locator("svg .card", has=page.locator(f".name:text-is('{name}')")).bounding_box()
            assert frame["x"] <= box["x"] <= box["x"] + box["width"] <= frame["x"] + frame["width"]
    find(page, "c")
    page.locator("[data-go=only]").click()
    assert sorted(page.locator("svg .card.aside .name").all_text_contents()) == ["a", "a*b", "b", "f"]


def test_the_words_of_a_page_keep_their_blanks(visit):  # noqa: F811
    page = visit(Value(3.0, label="x") * Value(2.0, label="y"))
    assert page.locator(".help dt").all_text_contents() == [
        "Right, j", "Left, k", "Home, End", "n, p", "/", "o", "+, -, 0", "Up, Down", "guess", "descend", "?, Esc",
    ]  # fmt: skip
    assert "next, previous step that sends" in page.locator(".help dl").text_content()
