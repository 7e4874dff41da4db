"""Recurrences and chains are drawn in rows, one for each round, and the decay over time is to be seen."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as xml

import pytest

from microgradx import Value, draw
from microgradx.view.drawing.flow import snapshot
from microgradx.view.drawing.reader import READERS
from microgradx.view.drawing.rounds import rounds_of

SVG = "{http://www.w3.org/2000/svg}"


def recurrence(steps: int) -> Value:
    w, u, h = Value(0.7, "w"), Value(0.3, "u"), Value(0.5, "h0")
    for k in range(steps):
        h = (w * h + u * math.sin(k)).tanh()
    return h


def chain(steps: int) -> Value:
    y = Value(1.0, "x")
    for _ in range(steps):
        y = (y * 1.5).sin().exp()
    return y


def cards(drawn) -> dict[str, list[str]]:
    return {
        id: label.split("\\n")
        for id, label in re.findall(r'^\t(n\w+) \[.*? label="([^"]*)"', drawn.source, re.MULTILINE)
    }


def positions(drawn) -> dict[str, tuple[float, float]]:
    found = {}
    for group in xml.fromstring(drawn.svg()).iter(f"{SVG}g"):
        if group.get("class", "").startswith("node"):
            text = group.find(f"{SVG}text")
            found[group.get("id")] = (float(text.get("x")), float(text.get("y")))
    return found


@pytest.mark.parametrize(("steps", "cell"), [(10, 3), (30, 3)])
def test_rounds_are_found_by_what_repeats(steps, cell):
    flow = snapshot(recurrence(steps))
    found = rounds_of(flow, range(len(flow.nodes)))
    assert [len(row) for row in found.rows] == [cell] * steps
    assert found.unit == "round"


def test_a_loss_after_a_recurrence_and_what_comes_before_it_have_rows_of_their_own():
    h = recurrence(12)
    flow = snapshot(((h - 1.0) ** 2).log())
    assert [len(row) for row in rounds_of(flow, range(len(flow.nodes))).rows] == [3] * 12 + [3]
    x = Value(0.9, "x").exp().sin()
    y = x
    for _ in range(9):
        y = (y * 1.1).tanh()
    flow = snapshot(y)
    assert [len(row) for row in rounds_of(flow, range(len(flow.nodes))).rows] == [2] * 10


def test_what_has_no_single_way_has_no_rounds():
    xs = [Value(float(k)) for k in range(8)]
    while len(xs) > 1:
        xs = [a * b for a, b in zip(xs[::2], xs[1::2], strict=True)]
    flow = snapshot(xs[0])
    assert rounds_of(flow, range(len(flow.nodes))) is None


def test_a_long_chain_keeps_every_card_and_wraps_into_rows():
    drawn = draw(chain(10))
    at = positions(drawn)
    assert len(at) == 31
    rows = sorted({round(y) for _, y in at.values()})
    assert len(rows) == 10
    assert READERS["readme"].text_size(*drawn.size()) > 9.0


def test_a_row_is_a_round_and_a_column_one_operation_of_the_cell():
    drawn = draw(recurrence(50))
    at = {id: place for id, place in positions(drawn).items() if len(cards(drawn)[id]) == 3}
    rows: dict[int, list[str]] = {}
    for id in sorted(at, key=lambda id: at[id][0]):
        rows.setdefault(round(at[id][1]), []).append(cards(drawn)[id][0].removeprefix("out = ").removeprefix("h = "))
    kinds = [[re.sub(r"-?\d[\d.e-]*", "k", title) for title in row] for _, row in sorted(rows.items())]
    assert kinds == [["w * _", "u * k", "_ + u*k", "tanh(_)"]] * 8


def test_the_earlier_rounds_are_one_card_with_the_gradient_by_round_as_a_curve():
    out = recurrence(50)
    drawn = draw(out)
    flow = snapshot(out)
    title, change, *_ = next(lines for lines in cards(drawn).values() if lines[0].startswith("rounds 1 to"))
    assert title == "rounds 1 to 42"
    ends = [abs(flow.grads[row[-1]]) for row in rounds_of(flow, range(len(flow.nodes))).rows[:42]]
    rate = (ends[0] / ends[-1]) ** (1 / 41)
    assert float(re.match(r"x ([\d.e-]+) a row going back", change)[1]) == pytest.approx(rate, rel=1e-3)
    curve = next(line for line in xml.fromstring(drawn.svg()).iter(f"{SVG}polyline") if line.get("class") == "curve")
    heights = [-float(point.split(",")[1]) for point in curve.get("points").split()]
    assert len(heights) == 42
    assert (heights[-1] > heights[0]) == (ends[-1] > ends[0])
    assert "To open: detail='full'." in drawn.summary


def test_a_shared_weight_stands_once_and_says_where_its_gradient_comes_from():
    out = recurrence(50)
    drawn = draw(out)
    w = next(lines for lines in cards(drawn).values() if lines[0].startswith("w, in 50 places"))
    flow = snapshot(out)
    place = flow.names.index("w")
    sent = [abs(edge.contribution) for edge in flow.edges if edge.tail == place]
    assert w[2] == f"{100 * sent[-1] / math.fsum(sent):.0f}% of it from the last"
    assert "What many rows use stands once, at the top, without wires." in drawn.summary


def test_every_value_of_a_recurrence_is_still_drawn_where_that_is_asked_for():
    assert draw(recurrence(50), detail="values").svg().count('class="node') > 200


def test_a_page_wider_than_high_has_several_rounds_in_a_row():
    readme, slide = draw(chain(10)), draw(chain(10), for_="slide")
    assert len(cards(slide)) == len(cards(readme)) == 31
    rows = {name: sorted({y for _, y in positions(drawn).values()}) for name, drawn in (("readme", readme), ("slide", slide))}
    assert len(rows["slide"]) <= len(rows["readme"]) / 2 + 1
    assert READERS["slide"].text_size(*slide.whole_size()) >= READERS["slide"].text


def test_a_narrow_column_keeps_the_time_of_a_recurrence():
    drawn = draw(recurrence(50), for_="paper")
    titles = [lines[0] for lines in cards(drawn).values()]
    assert any(title.startswith("rounds 1 to") for title in titles)
    assert not any(" x49" in title for title in titles)
    assert READERS["paper"].text_size(*drawn.whole_size()) >= READERS["paper"].text
