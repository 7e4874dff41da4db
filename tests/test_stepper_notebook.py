"""Blocks in a notebook: small, with the cursor, in the notebook's own colours, the same words trusted or not."""

import re
from html.parser import HTMLParser

import pytest
from test_page import hostile, visit  # noqa: F401  # fixtures
from test_stepper import expression, hostile_graph, net_loss, random_graph
from test_stepper_width import terminal  # noqa: F401

import microgradx as mx
from microgradx import Value, nn, stepper
from microgradx.view.theme import DARK_NOTEBOOKS

KEPT = {"div", "p", "b", "table", "tr", "th", "td"}
"""What the sanitizer of an untrusted notebook keeps as it is."""


class Seen(HTMLParser):
    """The words that a reader sees, and what they are wrapped in."""

    def __init__(self, html):
        super().__init__()
        self.words, self.tags, self.attributes = [], set(), set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.words += data.split()


def network():
    model = nn.MLP(2, [16, 16, 1], rng=3)
    return (model([1.0, -0.5]) - 1.0) ** 2, model


@pytest.mark.parametrize("by", ["node", "neuron", "layer"])
def test_every_block_is_small_and_needs_no_script_style_sheet_or_picture(by):
    loss, model = network()
    s = stepper(loss, by=by, forward=True, update=nn.Adam(model.parameters())).watch("layers[0].neurons[3].w[0]")
    for place in range(0, len(s), 7 if by == "node" else 1):
        html = s.goto(place)._repr_html_()
        seen = Seen(html)
        assert len(html.encode()) < 10 * 1024
        assert seen.tags <= KEPT
        assert seen.attributes <= {"style"}


def test_a_batch_and_a_wide_sum_are_small_too():
    loss = mx.sum([Value(float(k), f"x{k}") * 1.5 for k in range(400)])
    for by in ("node", "layer"):
        assert len(stepper(loss, by=by).next()._repr_html_().encode()) < 10 * 1024
    s = stepper(hostile_graph())
    assert all(len(s.goto(k)._repr_html_().encode()) < 10 * 1024 for k in range(len(s) + 1))


@pytest.mark.parametrize("make", [expression, lambda: net_loss()[0], lambda: random_graph(5, 40)[0]])
def test_a_cell_has_every_word_and_number_of_the_text(make, terminal):  # noqa: F811
    terminal(160)
    s = stepper(make(), forward=True, lr=0.1).watch(next(iter(stepper(make()).names.values())))
    for place in range(len(s) + 1):
        s.goto(place)
        seen = Seen(s._repr_html_()).words
        missing = [word for word in str(s).split() if word not in seen and "..." not in word]
        assert not missing


def test_moves_show_the_cursor_and_the_notes():
    s = stepper(expression()).watch("a")
    shown = [f()._repr_html_() for f in (s.next, s.step, s.next, s.prev, s.cont)]
    assert len(set(shown)) == 4
    assert shown[0] == shown[3]
    assert "<b>d = 4, dL/dd = -2</b>" in shown[1]
    assert "?" in Seen(shown[1]).words
    assert "watch" in Seen(shown[0]).words
    assert "the pass is over" in shown[-1]
    assert "stopped: reached d" in s.goto(0).break_on("d").cont()._repr_html_()
    next(iter(s.trace.order)).data = 7.0
    assert "was 2 when this pass was recorded, now 7" in s._repr_html_()


def test_no_later_gradient_is_given_away():
    s = stepper(expression())
    later = {"6", "-4"}  # of a and b, which only the last step sends
    for place in (0, 1, 2):
        assert not later & set(Seen(s.goto(place)._repr_html_()).words) - {"-4"} - ({"6"} if place == 3 else set())
    assert "6" in Seen(s.goto(3)._repr_html_()).words
    first = Seen(s.goto(2).step()._repr_html_()).words
    assert "6" in first
    assert "-4" not in first
    ahead = stepper(expression(), forward=True)
    assert "-8" not in Seen(ahead.next()._repr_html_()).words


def test_a_value_next_to_the_step_shows_its_gradient_so_far():
    x = Value(3.0, "x")
    h = x * x
    h.label = "h"
    s = stepper(h + x).next()
    assert "so far (1 of 3 in)" in s._repr_html_()


def test_hostile_names_make_no_element():
    s = stepper(hostile())
    for place in range(len(s) + 1):
        assert Seen(s.goto(place)._repr_html_()).tags <= KEPT


def test_the_page_keeps_its_limit_in_a_notebook():
    with pytest.raises(ValueError, match=r"the page would have .* MiB, more than 0\.0: step by 'layer'"):
        stepper(expression()).show(limit=1000)
    assert "<iframe" in stepper(expression()).show(limit=None)._repr_html_()
    with pytest.raises(ValueError, match="theme='pink' is not known"):
        stepper(expression()).show(theme="pink")


def test_where_frames_are_removed_a_sentence_and_a_table_are_left():
    html = stepper(network()[0], by="neuron").show()._repr_html_()
    kept = re.sub(r"<style.*?</style>|<iframe.*?</iframe>", "", html, flags=re.DOTALL)
    assert "If no page stands above, this notebook is not trusted" in kept
    assert "s.to_html('back.html')" in kept
    assert re.search(r"\d+ more steps; s\.to_html\(path\) has all", kept)
    assert len(kept.encode()) < 16 * 1024


@pytest.mark.browser
def test_a_trusted_notebook_shows_the_page_and_an_untrusted_one_the_table(browser):
    html = stepper(expression()).show()._repr_html_()
    page = browser.new_page()
    page.set_content(html)
    assert page.locator("iframe").is_visible()
    assert not page.locator("details.microgradx-no-page").is_visible()
    page.set_content(re.sub(r"<style.*?</style>|<iframe.*?</iframe>", "", html, flags=re.DOTALL))
    assert page.get_by_text("If no page stands above").is_visible()
    page.close()


@pytest.mark.browser
def test_a_dark_notebook_on_a_light_system_turns_the_page_dark(browser):
    page = browser.new_page(color_scheme="light")
    for theme, filtered in (("auto", True), ("light", False), ("dark", False)):
        frame = stepper(expression()).show(theme=theme)._repr_html_()
        name, value = re.fullmatch(r'\[(.*)="(.*)"\]', DARK_NOTEBOOKS[0]).groups()
        page.set_content(f'<div {name}="{value}">{frame}</div>')
        assert (page.evaluate("getComputedStyle(document.querySelector('iframe')).filter") != "none") == filtered
    page.close()


def test_a_difference_is_a_table_in_a_notebook():
    s = stepper(expression())
    found = s.diff(s.what_if(d=100.0))
    seen = Seen(found._repr_html_())
    assert seen.tags <= KEPT
    assert [word for word in repr(found).split() if word not in seen.words] == []
