"""A drawing is made for the page of its reader: its direction, and how far it is folded."""

from __future__ import annotations

import math
import re

import pytest

from microgradx import Value, draw, mean, nn, topological_order
from microgradx.view.drawing.reader import READERS, Reader, reader_of


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
    with pytest.warns(RuntimeWarning, match=r"0\.\d pixels .* high, and 9 can be read: draw less of it, or for a larger page"):
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
    with pytest.warns(RuntimeWarning, match="and 9 can be read: draw less of it, or for a larger page"):
        assert "one card for the model" in draw(loss, for_=(300, 100)).summary


def small_loss(inputs: int = 2, hidden: int = 3) -> Value:
    """The loss of a network of a textbook."""
    x = [Value(0.5 - k, f"x{k + 1}") for k in range(inputs)]
    return (nn.MLP(inputs, [hidden, 1], rng=1)(x) - 1.0) ** 2


@pytest.mark.parametrize("for_", ["paper", "slide", (320, 900)])
def test_a_small_network_is_folded_where_its_values_could_not_be_read(for_):
    drawn, reader = draw(small_loss(), for_=for_), reader_of(for_)
    assert "one card per neuron" in drawn.summary
    assert reader.text_size(*drawn.whole_size()) >= reader.text


def test_every_value_of_a_network_of_35_values_can_be_read_in_a_readme():
    drawn = draw(small_loss(hidden=4))
    assert drawn.svg().count('class="node') == 35
    assert READERS["readme"].text_size(*drawn.whole_size()) >= 9.0


def test_cards_stand_closer_only_where_the_page_has_no_room():
    assert draw(small_loss(hidden=2)).graph_attr["nodesep"] == "0.2"
    assert draw(small_loss(hidden=4)).graph_attr["nodesep"] == "0.08"


def test_text_that_cannot_be_read_is_told_with_a_way_out_that_can():
    said = r"on a page of 336 x 864 pixels the text of this drawing is \d\.\d pixels \(\d\.\d pt\) high, and 8 can be read: "
    with pytest.warns(RuntimeWarning, match=f"^{said}detail='neurons' fits$"):
        draw(small_loss(), for_="paper", detail="full")
    assert READERS["paper"].text_size(*draw(small_loss(), for_="paper", detail="neurons").whole_size()) >= 8.0


def test_what_was_asked_for_without_a_page_is_drawn_without_a_warning():
    loss = small_loss(inputs=4)
    with pytest.warns(RuntimeWarning, match="on a page of 830 x 1600 pixels"):
        draw(loss)
    assert draw(loss, detail="full").svg().count('class="node') == len(topological_order(loss))


def test_a_printed_picture_does_not_say_how_to_open_what_is_folded():
    drawn = draw(small_loss(), for_="paper")
    assert "To open: module='L1.n0' or detail='full'." in drawn.summary
    assert not any("To open" in line for line in drawn.caption)
    assert any("To open" in line for line in draw(small_loss(), detail="neurons").caption)
