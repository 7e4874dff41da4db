"""A page of a graph without modules: tables that open to their numbers, and steps by what is open."""

import random
from itertools import pairwise

import pytest
from test_live_page import agree, numbers
from test_page import visit, write  # noqa: F401  # fixtures
from test_stages import HEADS, TOKENS, WIDTH, attention, recurrence

import microgradx as mx
from microgradx import Value, nn, stepper
from microgradx.view.stepping.page.fold import fold_of
from microgradx.view.stepping.page.recomputed import CannotRecompute


class Cell(nn.Module):
    def __init__(self):
        self.layer = nn.Layer(4, 3, "tanh", rng=0)

    def __call__(self, x, h):
        return self.layer([x, *h])


def rounds_of_a_cell(count=12):
    cell, h = Cell(), [Value(0.1)] * 3
    for t in range(count):
        h = cell(0.3 * t, h)
    return (sum(h) - 1.0) ** 2


def of(output, names=None):
    return stepper(output, names=names).shared


@pytest.fixture
def open_page(look_at, tmp_path):
    """The page of a graph whose variables are known."""
    return lambda built, address="": look_at(stepper(built[0], names=built[1]).to_html(tmp_path / "page.html").as_uri() + address)


def test_a_page_of_attention_has_a_table_for_each_kind_of_value_and_none_of_the_cards():
    fold = fold_of(of(*attention()))
    stages = dict(zip(fold.data["layers"], fold.data["stages"], strict=True))
    scores = stages["scores"]
    assert scores["made"] == "sum(q*k)/1.732"
    assert [table["title"] for table in scores["tables"]] == ["Wq[0]", "Wq[1]"]
    assert [[len(table["rows"]), len(table["columns"])] for table in scores["tables"]] == [[TOKENS, TOKENS]] * HEADS
    names = [fold.data["parts"][part]["name"] for part in scores["tables"][1]["cells"][2]]
    assert names == [f"scores[2][{u}]" for u in range(TOKENS)]
    assert fold.data["parts"][scores["tables"][0]["cells"][2][1]] == {
        "name": "scores(0,2,1)", "layer": fold.data["layers"].index("scores"), "at": "Wq[0], X[2], X[1]",
    }  # fmt: skip


def test_columns_stand_to_the_right_of_what_they_are_made_from_and_weights_beside_their_only_use():
    data = fold_of(of(*attention())).data
    name = data["layers"].__getitem__
    assert [[*map(name, column)] for column in data["columns"][:-1]] == [
        ["X"], ["q", "k", "v"], ["scores"], ["exps"], ["sum(exps)"], ["shares"], ["heads"], ["out"],
    ]  # fmt: skip
    beside = {name(k): name(stage["beside"]) for k, stage in enumerate(data["stages"]) if stage["beside"] >= 0}
    assert beside == {"Wq": "q", "Wk": "k", "Wv": "v", "Wo": "out"}


def test_steps_go_from_the_output_down_stage_by_stage_and_round_by_round():
    for built, steps in (attention(), 10), (recurrence(rounds=30), 31):
        pass_of = of(*built)
        fold = fold_of(pass_of)
        place = {node: k for k, node in enumerate(pass_of.trace.order)}
        parts = [fold.data["parts"][fold.data["part"][place[step.head]]] for step in fold.steps]
        groups = [(part["layer"], part.get("round")) for part in parts]
        assert 1 + sum(a != b for a, b in pairwise(groups)) == len(set(groups)) == steps


def test_a_module_used_again_and_again_is_folded_by_its_rounds():
    (layer,) = (stage for stage in fold_of(of(rounds_of_a_cell())).data["stages"] if stage["made"].startswith("tanh"))
    (table,) = layer["tables"]
    assert (len(table["rows"]), len(table["columns"])) == (12, 3)
    model = nn.MLP(2, [16, 16, 1], rng=0)
    assert "stages" not in fold_of(of((model([1.0, -0.5]) - 1.0) ** 2)).data


def test_a_hand_written_batch_is_folded_within_its_limits(write):  # noqa: F811
    r = random.Random(0)
    W, V = [[Value(r.gauss(0, 1)) for _ in range(2)] for _ in range(16)], [Value(r.gauss(0, 1)) for _ in range(16)]
    points = [(r.random(), r.random()) for _ in range(40)]
    hidden = [[(w[0] * x + w[1] * y).tanh() for w in W] for x, y in points]
    loss = sum((sum(v * h for v, h in zip(V, row, strict=True)) - 1.0) ** 2 for row in hidden) / 40.0
    path = write(loss, names={"W": W, "V": V, "hidden": hidden, "loss": loss})
    assert path.stat().st_size < 2 * 2**20
    assert "folded: a table for each kind of value" in path.read_text()


def test_without_a_script_the_stages_are_told(write):  # noqa: F811
    loss, names = attention()
    told = write(loss, names=names).read_text().partition("<noscript>")[2].partition("</noscript>")[0]
    assert "<td>scores</td><td>sum(q*k)/1.732</td><td>32</td>" in told


@pytest.mark.browser
def test_a_table_opens_to_its_numbers_in_place(open_page):
    page = open_page(attention())
    assert page.locator(".figure").count() == 0
    page.locator(".open", has_text="scores").click()
    cells = page.locator(".column", has=page.locator(".open", has_text="scores")).locator(".cell")
    assert cells.count() == HEADS * TOKENS * TOKENS
    cells.nth(5).click()
    assert page.locator(".chosen h2").text_content() == "scores(0,1,1)"
    assert page.locator(".chosen .formula").text_content().endswith(" * k(0,1,2)) / 1.732")
    assert page.locator(".unit h3").text_content() == "scores(0,1,1): Wq[0], X[1], X[1]"
    assert page.locator(".unit .operation").count() == 2 * WIDTH
    ways = page.locator(".way").all_text_contents()
    assert len(ways) == len(set(ways)) > 1
    assert all(way.endswith(" > exps(0,1,1) > scores(0,1,1)") for way in ways)


@pytest.mark.browser
def test_a_step_is_a_closed_table_a_value_of_an_open_one_or_an_operation_of_an_open_value(open_page):
    page = open_page(attention())
    body, place = page.locator("body"), page.locator(".place")
    body.press("Home")
    for _ in range(3):
        body.press("j")
    assert place.text_content() == "step 3 of 10"
    assert page.locator(".now").text_content() == "heads: its gradients go on to shares (32 values), v (24)."
    page.locator(".open", has_text="shares").click()
    body.press("j")
    assert place.text_content() == f"step 4 of {9 + HEADS * TOKENS * TOKENS}"
    assert page.locator(".now").text_content().startswith("shares[3][3] = exps[3][3] / (sum(exps))(1,3): ")
    page.locator(".open", has_text="shares").click()
    assert place.text_content() == "step 4 of 10, in part"
    body.press("k")
    assert place.text_content() == "step 3 of 10"


@pytest.mark.browser
def test_the_rounds_of_a_recurrence_are_steps(open_page):
    page = open_page(recurrence(rounds=30), "#s=0")
    for _ in range(3):
        page.locator("body").press("j")
    assert page.locator(".place").text_content() == "step 3 of 31"
    assert page.locator(".now").text_content().startswith("h, round 29: its gradients go on to ")
    assert "h, round 28 (3" in page.locator(".now").text_content()


@pytest.mark.browser
def test_a_weight_set_by_its_square_moves_everything_as_python_has_it(open_page):
    loss, names = attention()
    page = open_page((loss, names))
    page.locator(".squares").first.locator("rect").nth(4).click()
    name = page.locator(".chosen h2").text_content()
    page.locator(".chosen [name=value]").fill("0.75")
    page.keyboard.press("Enter")
    again = stepper(loss, names=names).what_if({name: 0.75})
    agree(numbers(page, "graph.values")[-1:], [again.output.data])
    agree(numbers(page, "graph.gradients"), [again.trace.adjoints[node] for node in again.trace.order])


@pytest.mark.browser
def test_a_page_of_tables_fits_a_phone_and_hides_what_is_to_be_guessed(open_page):
    page = open_page(attention())
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.locator("[data-do=guess]").click()
    shown = [text for text in page.locator(".column p").all_text_contents() if text.startswith("grad ")]
    assert set(shown) == {"grad ?", "grad 1"}
    assert page.locator(".squares rect:is(.pos, .neg)").count() == 0


@pytest.mark.browser
def test_the_table_that_sends_and_the_one_that_is_found_are_in_sight(open_page):
    page = open_page(attention())
    page.set_viewport_size({"width": 900, "height": 700})
    page.locator("body").press("Home")
    page.locator("body").press("j")

    def in_sight(place):
        box, frame = page.locator(place).bounding_box(), page.locator(".columns").bounding_box()
        return frame["x"] - 1 <= box["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"] + 1

    assert in_sight(".column.current")
    assert page.locator(".column.current .open").text_content() == f"▸ {page.evaluate('graph.model.names[graph.last]')}"
    page.locator(".find").fill("q")
    page.keyboard.press("Enter")
    assert page.locator(".open", has_text="▾ q").count() == 1
    assert in_sight(".column:has(.open:text-is('▾ q'))")
    page.locator(".open", has_text="exps").first.click()
    assert in_sight(".column:has(.open:text-is('▾ exps'))")


@pytest.mark.browser
def test_what_changed_and_what_arrives_are_told_by_the_values_of_tables(open_page):
    page = open_page(attention())
    page.locator("[data-do=once]").click()
    page.locator("[data-do=changed]").click()
    parts = set(page.evaluate("graph.model.parts.map(part => part.name)"))
    changed = page.locator(".changes tbody td:first-child").all_text_contents()
    assert len(changed) == 40
    assert parts.issuperset(changed)
    page.locator(".squares").first.locator("rect").first.click()
    assert page.locator(".arriving li").first.text_content().startswith("from v(0,0,2), in Wv[0][2][0] * X[0][0]: ")


@pytest.mark.browser
def test_a_share_of_a_softmax_is_called_as_it_was_written(open_page):
    z = [Value(x) for x in (2.0, -1.0, 0.5)]
    share = mx.softmax(z)[1]
    page = open_page((share, {"z": z, "share": share}))
    page.locator("svg .card", has_text="share").click()
    assert page.locator(".chosen .formula").text_content() == "= softmax([z[1], z[0], z[2]])[0]"


@pytest.mark.browser
def test_printed_the_tables_stand_in_lines_and_none_is_cut(open_page):
    page = open_page(attention())
    page.set_viewport_size({"width": 800, "height": 1000})
    columns = page.locator(".columns")
    assert columns.evaluate("it => it.scrollWidth > it.clientWidth")
    page.emulate_media(media="print")
    assert columns.evaluate("it => it.scrollWidth <= it.clientWidth")


def test_a_folded_page_that_cannot_compute_tells_its_stages(write, monkeypatch):  # noqa: F811
    def refused(*args):
        raise CannotRecompute("This page shows what was recorded.")

    monkeypatch.setattr("microgradx.view.stepping.page.page.recomputed", refused)
    loss, names = attention()
    text = write(loss, names=names).read_text()
    assert "<noscript>" not in text
    assert "<td>scores</td><td>sum(q*k)/1.732</td><td>32</td>" in text
    assert "This page shows what was recorded." in text
