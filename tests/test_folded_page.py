"""A network on a page: columns of layers, squares of weights, cards of units, one sample or all of them."""

import math
import re
import statistics

import pytest
from test_live_page import agree, numbers
from test_page import visit, write  # noqa: F401  # fixtures

import microgradx as mx
from microgradx import Value, nn, stepper
from microgradx.view.stepping.page.folded import folded
from microgradx.view.stepping.page.recomputed import BRING_NAMES


def model_and_loss(samples=20):
    model = nn.MLP(2, [6, 5, 1], rng=1)
    model.layers[0].neurons[2].b.data = -50.0  # never fires
    X, y = nn.data.moons(samples, seed=1)
    margins = [1.0 - (2.0 * label - 1.0) * model(point) for point, label in zip(X.tolist(), y.tolist(), strict=True)]
    return model, mx.mean(margin.relu() for margin in margins)


def test_every_value_of_a_unit_knows_its_unit_and_sample():
    model, loss = model_and_loss(4)
    of = stepper(loss).shared
    units = folded(of)
    assert [part["name"] for part in units["parts"]] == [f"L{k}.n{j}" for k, n in enumerate((6, 5, 1)) for j in range(n)]
    assert units["layers"] == ["L0", "L1", "L2"]
    assert len(units["heads"]) == 12 * 4
    assert sorted(set(units["sample"])) == [0, 1, 2, 3, 4]
    weights = [k for k, node in enumerate(of.trace.order) if node.op is None]
    assert len(weights) == len(model.parameters())
    assert all(units["part"][k] >= 0 for k in weights)


def test_a_graph_without_modules_is_not_folded():
    assert folded(stepper(mx.Value(2.0) * 3.0).shared) is None


def test_a_page_of_a_batch_stays_small_and_says_the_layers_without_a_script(write):  # noqa: F811
    path = write(model_and_loss(100)[1])
    text = path.read_text()
    assert len(text) < 2 * 2**20
    assert "<figure" not in text
    assert "parameters get no gradient from these 100 samples" in text
    assert text.count("<tbody") == 1 + 12 + 1  # the table of the first sample, a step for each unit, one for the loss


@pytest.mark.browser
def test_layers_open_to_units_and_say_which_never_fire(visit):  # noqa: F811
    loss = model_and_loss()[1]
    page = visit(loss)
    assert page.locator(".column .open").all_text_contents() == ["▸ L0", "▸ L1", "▸ L2"]
    assert page.locator(".column").first.locator("p").first.text_content().startswith("6 units, ")
    page.locator(".column .open").first.click()
    cards = page.locator(".unit-card")
    assert cards.locator("b").all_text_contents() == [f"L0.n{k}" for k in range(6)]
    assert "never fires (0 of 20)" in cards.nth(2).inner_text()
    heads = page.evaluate("graph.model.heads.filter(([unit]) => unit === 0).map(([, node]) => graph.values[node])")
    shown = cards.first.locator("span").first.text_content()
    assert shown.split(" ± ")[0] == page.evaluate(f"cursor.number({statistics.fmean(heads)!r})")


@pytest.mark.browser
def test_one_sample_shows_its_own_numbers_and_operations(visit):  # noqa: F811
    model, loss = model_and_loss()
    page = visit(loss)
    page.locator("[name=sample]").fill("7")
    assert page.locator(".which").text_content() == "sample 6 alone (0 to 19): what it sends to each parameter"
    page.locator(".column .open").nth(1).click()
    page.locator(".unit-card").first.click()
    assert page.locator(".unit tbody tr").count() == 7
    assert page.locator(".unit .operation").count() == 3
    point = nn.data.moons(20, seed=1)[0].tolist()[6]
    output = page.evaluate("graph.model.heads.filter(([unit]) => unit === 11).map(([, node]) => graph.values[node])")
    agree([output[6]], [model(point).data])


@pytest.mark.browser
def test_a_weight_is_chosen_by_its_square_and_its_gradient_is_the_sum_over_samples(visit):  # noqa: F811
    model, loss = model_and_loss()
    loss.backward()
    page = visit(loss)
    squares = page.locator(".squares").first.locator("rect")
    assert squares.count() == 6 * 3
    squares.nth(4).click()
    assert page.locator(".chosen h2").text_content() == "L0.n1.w[1]"
    weight = model.layers[0].neurons[1].w[1]
    gradient = page.evaluate("graph.gradients[graph.model.names.indexOf('L0.n1.w[1]')]")
    assert page.evaluate(f"cursor.number({gradient!r})") in page.locator(".slope").inner_text()
    agree([gradient], [weight.grad])
    page.locator(".chosen [name=value]").fill("0.5")
    page.keyboard.press("Enter")
    weight.data = 0.5
    loss.forward()
    agree(numbers(page, "graph.values")[-1:], [loss.data])


@pytest.mark.browser
def test_descent_moves_the_parameters_and_nothing_else(visit):  # noqa: F811
    model, loss = model_and_loss()
    page = visit(loss)
    assert page.evaluate("graph.model.parameters.length") == len(model.parameters())
    page.locator("[name=rate]").fill("0.1")
    for _ in range(3):
        page.locator("[data-do=once]").click()
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        loss.forward()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    loss.forward()
    agree(numbers(page, "graph.values")[-1:], [loss.data])
    assert math.isfinite(loss.data)


@pytest.mark.browser
def test_the_steps_of_the_pass_light_up_the_layers(visit):  # noqa: F811
    page = visit(model_and_loss()[1], "#s=2")
    assert page.locator(".column.current").count() == 1
    assert "L2" in page.locator(".column.current").inner_text()
    page.locator("body").press("j")
    assert "L1" in page.locator(".column.current").inner_text()
    assert page.locator(".column.sent").count() == 2


@pytest.mark.browser
def test_a_folded_page_fits_a_phone_and_works_by_keyboard(visit):  # noqa: F811
    page = visit(model_and_loss()[1])
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.locator(".column .open").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".unit-card").count() == 6
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator(".unit").is_visible()


SEEN = (
    "element => { const box = element.getBoundingClientRect(); const bar = document.querySelector('.controls').offsetHeight;"
    " return box.top >= bar - 1 && box.top < innerHeight && box.bottom > bar; }"
)


@pytest.mark.browser
def test_guess_mode_hides_every_gradient_of_a_folded_page(visit):  # noqa: F811
    page = visit(model_and_loss()[1])
    page.locator(".column .open").first.click()
    page.locator(".unit-card").first.click()
    page.locator("[data-do=changed]").click()
    page.locator("[data-do=guess]").click()
    shown = page.locator(".columns").inner_text()
    assert {line.strip() for line in shown.splitlines() if line.strip().startswith("grad")} == {"grad ?", "grad 1"}
    assert page.locator(".squares rect.pos, .squares rect.neg, .squares rect.zero, .squares [fill-opacity]").count() == 0
    assert all(text.endswith("gradient ?") for text in page.locator(".squares title").all_text_contents())
    assert set(page.locator(".unit tbody td:nth-child(3)").all_text_contents()) == {"?"}
    assert "" not in page.locator(".unit tbody td").evaluate_all("cells => cells.map(cell => cell.innerText.trim())")
    assert page.locator(".unit tbody tr").last.locator("td").nth(1).evaluate("cell => getComputedStyle(cell).fontSize") != "0px"
    assert page.locator(".unit-card.pos, .unit-card.neg").count() == 0
    assert not page.locator(".changes").is_visible()
    page.locator(".squares rect").nth(4).click()
    page.locator("[data-do=reveal]").click()
    told = page.evaluate("cursor.number(graph.gradients[graph.model.names.indexOf('L0.n1.w[1]')])")
    assert page.locator(".squares title").nth(4).text_content().endswith(f"gradient {told}")
    page.locator("[data-do=guess]").click()
    assert page.locator(".changes").is_visible()
    assert "grad ?" not in page.locator(".columns").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 400])
def test_what_is_opened_on_a_folded_page_is_in_sight(visit, width):  # noqa: F811
    page = visit(model_and_loss()[1])
    page.set_viewport_size({"width": width, "height": 640})
    page.locator(".column .open").first.click()
    page.locator(".unit-card").last.click()
    assert page.locator(".unit").evaluate(SEEN)
    page.locator(".operation").last.click()
    assert page.locator(".chosen").evaluate(SEEN)
    page.locator("[data-do=changed]").evaluate("button => button.click()")
    assert page.locator(".changes").evaluate(SEEN)


@pytest.mark.browser
def test_a_layer_and_a_unit_are_found_and_opened(visit):  # noqa: F811
    page = visit(model_and_loss()[1])
    offered = page.locator("datalist option").evaluate_all("options => options.map(option => option.value)")
    assert {"L0", "L1.n4"} <= set(offered)
    page.locator(".find").fill("L1.n4")
    page.keyboard.press("Enter")
    assert page.locator(".unit h3").text_content() == "L1.n4"
    assert page.locator(".unit").evaluate(SEEN)
    assert page.locator(".column .open").all_text_contents() == ["▸ L0", "▾ L1", "▸ L2"]
    page.locator(".find").fill("L0")
    page.keyboard.press("Enter")
    assert page.locator(".column .open").first.text_content() == "▾ L0"
    page.locator(".find").fill("L9")
    page.keyboard.press("Enter")
    assert page.locator(".find").evaluate("field => field.validationMessage") == "no value of that name"


@pytest.mark.browser
def test_path_to_is_disabled_where_layers_are_folded_and_its_key_says_why(visit):  # noqa: F811
    page = visit(model_and_loss()[1])
    assert page.locator("[data-go=only]").is_disabled()
    page.locator("body").press("o")
    assert "through the layers of a folded network" in page.locator(".now").text_content()


@pytest.mark.browser
def test_the_table_of_a_folded_page_is_closed_and_names_a_step_once(visit):  # noqa: F811
    page = visit(model_and_loss()[1])
    table = page.locator("main table")
    assert not table.is_visible()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert table.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    page.locator("main summary").click()
    assert table.is_visible()
    titles = page.locator("main tbody").nth(1).locator("tr > td:nth-child(2)").all_text_contents()
    assert titles[0]
    assert set(titles[1:]) == {""}


@pytest.mark.browser
def test_operations_of_one_kind_stand_together_over_all_samples(visit):  # noqa: F811
    model = nn.MLP(2, [40, 1], rng=1)
    X = [[k / 10.0, 1.0] for k in range(6)]
    loss = mx.mean((model(point) - k / 30.0) ** 2 for k, point in enumerate(X))
    page = visit(loss)
    ending = page.locator(".column").last
    assert ending.locator(".operation b").all_text_contents() == ["subtract x6", "_ ** 2 x6", "output"]
    page.locator("[name=sample]").fill("2")
    names = ending.locator(".operation b").all_text_contents()
    assert names == ["L1.n0#1 - 0.03333", "(L1.n0#1 - 0.03333)**2", "output"]


@pytest.mark.browser
def test_the_table_is_opened_and_printed_without_a_script(visit):  # noqa: F811
    page = visit(model_and_loss()[1], script=False)
    row = page.locator("main tbody tr").first
    assert not row.is_visible()
    page.emulate_media(media="print")
    assert row.is_visible()
    page.emulate_media(media="screen")
    page.locator("main summary").click()
    assert row.is_visible()


@pytest.mark.browser
def test_every_name_that_is_offered_is_found(visit):  # noqa: F811
    page = visit(model_and_loss(4)[1])
    offered = page.locator("datalist option").evaluate_all("options => options.map(option => option.value)")
    assert len(offered) > 60
    for name in offered[::7]:
        page.locator(".find").fill(name)
        page.keyboard.press("Enter")
        assert page.locator(".find").evaluate("field => field.validationMessage") == "", name


@pytest.mark.browser
@pytest.mark.parametrize("samples", [4, 30])
def test_no_two_values_of_a_folded_page_bear_one_name_and_samples_count_from_0(visit, samples):  # noqa: F811
    loss = model_and_loss(samples)[1]
    s = stepper(loss)
    page = visit(loss)
    names = page.evaluate("graph.model.names")
    by_name = dict(zip(names, s.trace.order, strict=True))
    assert len(by_name) == len(names) or len(s.trace.order) > BRING_NAMES
    last = s.find(f"L0.n3#{samples - 1}")
    assert by_name[f"L0.n3#{samples - 1}"] is last


@pytest.mark.browser
def test_a_mean_that_is_no_more_than_rounding_is_told_so(visit):  # noqa: F811
    page = visit(model_and_loss(4)[1])
    heads = page.evaluate("graph.model.heads.filter(([unit]) => unit === 0).map(([, node]) => node)")
    assert len(heads) == 4
    page.evaluate(f"{heads}.forEach((node, k) => {{ graph.gradients[node] = k % 2 ? 1 : -1; }}); fold.paint()")
    page.evaluate(f"graph.gradients[{heads[0]}] += 3e-16; fold.paint()")
    page.locator(".column .open").first.click()
    assert "grad ~0 ± 1" in page.locator(".unit-card").first.inner_text()


@pytest.mark.browser
def test_what_is_found_belongs_to_the_sample_of_the_slider(visit):  # noqa: F811
    page = visit(model_and_loss()[1])

    def find(name):
        page.locator(".find").fill(name)
        page.keyboard.press("Enter")

    find("L1.n4")
    assert page.locator(".unit h3").text_content() == "L1.n4"
    assert not page.locator(".chosen").is_visible()
    page.locator("[name=sample]").fill("3")
    find("L0.n1")
    assert page.locator(".chosen h2").text_content() == "L0.n1#2 in sample 2"
    shown = page.locator(".unit-card", has_text="L0.n1").locator("span").first.text_content()
    assert page.evaluate("cursor.number(Number(document.querySelector('.chosen [name=value]').value))") == shown
    find("L0.n1#6")
    assert page.locator(".which").text_content() == "sample 6 alone (0 to 19): what it sends to each parameter"
    page.locator("[name=sample]").fill("0")
    find("L0.n1.w[0]")
    assert page.locator(".which").text_content().startswith("all 20 samples")
    assert page.locator(".chosen h2").text_content() == "L0.n1.w[0]"


@pytest.mark.browser
def test_a_sum_added_up_term_by_term_is_one_card_and_one_stop_on_a_way(visit):  # noqa: F811
    model = nn.MLP(2, [40, 1], rng=1)
    loss = sum(((model([k / 10.0, 1.0]) - 40 + k) ** 2 for k in range(20)), Value(0.0)) / 20
    page = visit(loss)
    assert page.locator(".column").last.locator(".operation b").all_text_contents()[-2:] == ["sum of 20", "output"]
    page.locator(".squares rect").last.click()
    ways = page.locator(".way").all_text_contents()
    assert len(ways) == 5
    assert all(re.search(r" output > \d+ additions > ", way) for way in ways)
    assert page.locator(".factors").first.text_content().startswith("= 0.05 x ")
    assert page.locator(".factors").first.text_content().endswith(" (x 1 left out)")
    page.locator("[data-do=once]").click()
    page.locator("[data-do=changed]").click()
    rows = page.locator(".changes tbody td:first-child").all_text_contents()
    assert rows[0] == "sum of 20"
    assert not [name for name in page.evaluate("graph.model.names") if "_ " in name]


@pytest.mark.browser
def test_the_gradients_of_a_folded_network_arrive_layer_by_layer(visit):  # noqa: F811
    page = visit(model_and_loss()[1])
    coloured = ".columns .column:nth-child({}) rect:is(.pos, .neg, .bad)"
    grads = page.locator(".column > p:has-text('grad')")
    assert page.locator(".place").text_content() == "step 4 of 4"
    assert "grad -" not in grads.all_text_contents()
    seen = []
    page.locator("body").press("Home")
    for step in range(5):
        assert page.locator(".place").text_content() == f"step {step} of 4"
        seen.append([page.locator(coloured.format(k)).count() > 0 for k in (1, 2, 3)])
        page.locator("body").press("j")
    assert seen == [[False] * 3, [False] * 3, [False, False, True], [False, True, True], [True] * 3]
    page.locator("body").press("Home")
    assert grads.all_text_contents() == ["grad -"] * 3
