"""A drawing is made for the page of its reader: its direction, and how far it is folded."""

from __future__ import annotations

import math
import re

import pytest

from microgradx import Value, draw, mean, nn
from microgradx.view.drawing.reader import READERS, Reader


def wide() -> Value:
    """A chain of long formulas, too wide for a column from left to right."""
    y = Value(1.0, "a_long_name")
    for k in range(7):
        y = (y * 1.2345).sin()
        y.label = f"the_value_of_step_{k}"
    return y


def batch(samples: int) -> Value:
    w, b = Value(0.3, "w"), Value(0.1, "b")
    return sum(((w * (0.1 * k) + b - 0.5) ** 2 for k in range(samples)), Value(0.0))


def test_the_direction_is_the_one_in_which_text_is_larger():
    assert draw(wide()).graph_attr["rankdir"] == "TB"
    assert draw(Value(2.0) * Value(3.0)).graph_attr["rankdir"] == "LR"
    assert draw(wide(), for_=(4000, 300)).graph_attr["rankdir"] == "LR"


@pytest.mark.parametrize("rankdir", ["LR", "RL", "TB", "BT"])
def test_a_direction_that_is_asked_for_rules(rankdir):
    assert draw(wide(), rankdir=rankdir).graph_attr["rankdir"] == rankdir


@pytest.mark.parametrize("for_", [*READERS, (500, 700)])
def test_what_is_drawn_can_be_read_on_its_page(for_):
    reader = READERS[for_] if isinstance(for_, str) else Reader(*for_, 9)
    assert reader.text_size(*draw(batch(60), for_=for_).size()) >= reader.text


def test_up_to_fifty_values_each_keeps_its_card_even_where_no_page_holds_them():
    values = [Value(float(k), f"v{k}") for k in range(9)]
    products = [a * b for a in values[:5] for b in values[5:]]
    out = products[0]
    for product in products[1:]:
        out = out / product
    drawn = draw(out, for_=(100, 100))
    assert drawn.svg().count('class="node') >= 9 + 20 + 19


def test_what_comes_does_not_depend_on_the_speed_of_the_machine():
    sources = {draw(batch(80)).source for _ in range(3)}
    assert len(sources) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("poster", "for_='poster' is not known: write one of 'readme', 'screen', 'slide', 'paper'"),
        ((0, 100), r"for_=\(0, 100\) is not a page: write its width and height in pixels"),
        (7, "for_=7 is not a page"),
        (("a", "b"), r"for_=\('a', 'b'\) is not a page"),
    ],
)
def test_a_page_that_is_not_one_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        draw(Value(1.0) * 2.0, for_=given)


def test_the_caption_counts_as_part_of_the_picture():
    drawn = draw(batch(60), for_="paper")
    width, height = drawn.whole_size()
    said = re.search(r'<svg[^>]* width="(\d+)pt" height="(\d+)pt"', drawn.svg())
    assert (round(width), round(height)) == (int(said[1]), int(said[2]))
    assert height > drawn.size()[1] + 20.0


def test_terms_of_a_wide_sum_are_told_together_where_all_of_them_would_be_too_small():
    x = [Value(k / 10.0, f"x{k}") for k in range(20)]
    total = sum((a * a for a in x), Value(0.0))
    assert draw(total).svg().count('class="node') >= 40
    assert draw(total, for_="slide").svg().count('class="node') <= 6


def test_a_network_is_one_card_only_where_nothing_finer_could_be_read():
    net = nn.MLP(2, [16, 16, 1], rng=3)
    loss = mean([(1.0 - net([math.sin(k), math.cos(k)])).relu() for k in range(30)])
    assert "one card per layer" in draw(loss, for_="slide").summary
    assert "one card for the model" in draw(loss, for_=(300, 100)).summary
