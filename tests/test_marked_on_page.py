"""On a folded page what is found or chosen is in sight and marked, and numbers that stand side by side agree."""

import pytest
from test_folded_page import model_and_loss
from test_page import visit, write  # noqa: F401  # fixtures
from test_staged_page import open_page  # noqa: F401  # fixture
from test_stages import attention, recurrence

from microgradx import nn

pytestmark = pytest.mark.browser


def find(page, name):
    page.locator(".find").fill(name)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("width", [1280, 400])
def test_the_cell_of_a_value_that_is_found_is_marked_and_in_sight(open_page, width):  # noqa: F811
    page = open_page(attention())
    page.set_viewport_size({"width": width, "height": 800})
    for name in ("scores(0,2,1)", "Wk[0][1][2]", "out[2][1]", "loss"):
        find(page, name)
        cell, panel = page.locator(".columns .picked"), page.locator(".chosen").bounding_box()
        assert page.locator(".chosen h2").text_content() == name
        assert page.evaluate("graph.model.names[document.querySelector('.columns .picked').dataset.node]") == name
        box = cell.bounding_box()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= (panel["x"] if width > 400 else width)
        assert 0 < box["y"] <= box["y"] + box["height"] <= (800 if width > 400 else panel["y"])
    page.locator(".chosen .close").click()
    assert page.locator(".picked").count() == 0


def test_finding_goes_on_to_the_step_that_completes_a_gradient_and_never_back(visit):  # noqa: F811
    page = visit(model_and_loss()[1])
    find(page, "L1.n0.w[2]")
    assert page.locator(".place").text_content() == "step 4 of 4"
    assert page.locator("rect.picked title").text_content().startswith("L1.n0.w[2] = ")
    page.locator("[data-go=first]").click()
    find(page, "L1.n0.w[1]")
    assert page.locator(".place").text_content() == "step 3 of 4"
    assert page.locator(".slope").text_content().startswith("doutput/dL1.n0.w[1] = ")


def test_the_panel_and_the_slider_count_steps_as_the_bar_does(visit):  # noqa: F811
    page = visit(model_and_loss()[1])
    page.locator("body").press("Home")
    page.locator("body").press("j")
    slider = page.locator(".slider")
    assert (slider.input_value(), slider.get_attribute("max"), page.locator(".place").text_content()) == ("1", "4", "step 1 of 4")
    page.locator(".squares rect").first.click()
    page.get_by_role("button", name="is complete at step 4 of 4").click()
    assert page.locator(".place").text_content() == "step 4 of 4"
    slider.fill("2")
    assert page.locator(".place").text_content() == "step 2 of 4"
    page.locator("main summary").click()
    page.locator("main tbody tr").first.click()
    assert page.locator(".place").text_content() == "step 1 of 4"


def test_a_unit_stands_below_its_card_until_it_or_its_layer_is_closed(visit):  # noqa: F811
    page = visit(model_and_loss()[1])
    page.locator(".open").first.click()
    card, unit = page.locator(".unit-card").nth(1), page.locator(".column .unit")
    card.click()
    assert 0 <= unit.bounding_box()["y"] - card.bounding_box()["y"] - card.bounding_box()["height"] < 20
    unit.get_by_role("button", name="close").click()
    assert not unit.is_visible()
    card.click()
    page.locator(".open").first.click()
    assert not unit.is_visible()
    page.locator(".open").first.click()
    assert not unit.is_visible()


def test_squares_and_tables_of_one_sample_show_what_it_sends_to_parameters(visit):  # noqa: F811
    model, loss = model_and_loss()
    page = visit(loss)
    page.locator("[name=sample]").fill("7")
    weight = model.layers[1].neurons[0].w[1]
    point, label = (part[6].tolist() for part in nn.data.moons(20, seed=1))
    alone = (1.0 - (2.0 * label - 1.0) * model(point)).relu() / 20.0
    weight.grad = None
    alone.backward()
    written = page.evaluate(f"cursor.number({weight.grad!r})")
    assert written != "0"
    find(page, "L1.n0.w[1]")
    assert page.locator(".share").text_content() == f"of it from sample 6 alone: {written}"
    assert page.locator("rect.picked title").text_content().endswith(f", gradient {written}")
    find(page, "L1.n0")
    assert page.locator(".unit tbody tr").nth(1).locator("td").last.text_content() == written
    page.locator("[name=sample]").fill("0")
    assert page.locator(".share").text_content() == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_square_is_the_fuller_the_larger_its_gradient_and_empty_at_0(open_page, visit, scheme):  # noqa: F811
    page = open_page(recurrence(rounds=30))
    page.emulate_media(color_scheme=scheme)
    squares = page.locator("[data-layer] .squares").first.locator("rect:is(.pos, .neg)")
    sizes = page.evaluate(
        "rects => rects", squares.evaluate_all("them => them.map(it => Math.abs(graph.gradients[it.dataset.node]))")
    )
    fills = squares.evaluate_all("them => them.map(it => Number(it.getAttribute('fill-opacity')))")
    assert [fill for _, fill in sorted(zip(sizes, fills, strict=True))] == sorted(fills)
    assert min(fills) >= 0.25
    assert max(fills) == 1.0
    page = visit(model_and_loss()[1], scheme=scheme)
    zero = page.locator(".squares rect.zero").first
    assert zero.evaluate("it => getComputedStyle(it).fill") == page.locator(".chosen").evaluate(
        "it => getComputedStyle(it).backgroundColor"
    )


def test_a_folded_page_offers_no_key_or_button_that_does_nothing_there(visit):  # noqa: F811
    page = visit(model_and_loss()[1])
    page.locator("body").press("?")
    assert not page.locator("[data-go=only]").is_visible()
    keys = [key for key in page.locator(".help dt").all() if key.is_visible()]
    assert {"o", "+, -, 0", "Up, Down"}.isdisjoint(key.text_content() for key in keys)
    assert len(keys) > 5
