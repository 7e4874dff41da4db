"""The page recomputes the graph: values can be set, gradients follow, and they are Python's to the twelfth digit."""

import math
import random
import re

import pytest
from test_page import recurrence, visit, write  # noqa: F401  # fixtures
from test_stepper import expression as example

import microgradx as mx
from microgradx import Value, stepper
from microgradx.cli import main
from microgradx.nn import MLP
from microgradx.operation import OPS
from microgradx.view.stepping.page import page_graph
from microgradx.view.stepping.page.recomputed import CannotRecompute, recomputed
from microgradx.view.stepping.ready_graphs import READY

EDGES = [0.0, 1.0, -1.0, 2.5, 1e300, math.inf, -math.inf, math.nan]


def numbers(page, what):
    return [float(text) for text in page.evaluate(f"Array.from({what}, String)")]


def agree(found, wanted):
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-290, nan_ok=True)


def of_every_operation(seed):
    """A graph in which every operation of the table is applied to leaves and to what was made before, added up at the end."""
    r = random.Random(seed)
    made = []
    for op in OPS.values():
        count = op.arity or 4
        domain = op.domain * (count if op.arity is None else 1)
        operands = [Value(r.choice(EDGES) if r.random() < 0.15 * seed else r.uniform(*domain[k])) for k in range(count)]
        if made and op.domain[0] == (-2.0, 2.0) and r.random() < 0.5:
            operands[0] = made[-1].tanh()
        if op.name == "polygamma":
            operands[0] = 1.0
        made.append(op.forward is not None and operands[0 if op.name != "polygamma" else 1].apply(op, operands))
    return mx.sum(x * r.uniform(-1.0, 1.0) for x in made)


@pytest.mark.browser
@pytest.mark.parametrize("build", [example, lambda: recurrence(rounds=6)[0]])
def test_on_a_phone_the_controls_are_three_lines_and_the_current_card_is_in_sight(visit, build):  # noqa: F811
    page = visit(build())
    page.set_viewport_size({"width": 400, "height": 800})
    page.reload()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    heights = page.locator(".controls").evaluate_all("bars => bars.map(bar => bar.offsetHeight)")
    assert len(heights) == 2
    assert heights[0] <= 75
    assert heights[1] <= 40
    box = page.locator("svg .card.current").bounding_box()
    assert 0 < box["y"] < box["y"] + box["height"] < 800
    assert box["x"] + box["width"] <= 400
    for name in ("what changed", "descend once", "keep descending", "other colours: light / dark"):
        assert page.get_by_role("button", name=name, exact=True).is_visible()


@pytest.mark.browser
def test_a_card_that_stands_apart_is_stepped_chosen_and_set_like_any_other(visit):  # noqa: F811
    page = visit(recurrence(rounds=6)[0], "#s=7")
    card = page.locator(".apart .card").first
    card.click()
    assert page.locator(".chosen h2").text_content() == card.locator(".name").text_content()
    before = page.evaluate("graph.values[graph.last]")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("graph.values[graph.last]") != before
    page.locator("[data-do=changed]").click()
    assert "more, none of them by more" in page.locator(".changes").inner_text()
    page.keyboard.press("End")
    assert "grad -" not in page.locator(".apart .grad").all_text_contents()


def at_every_edge():
    """Every operation of the table with each edge of the numbers in its first two places, the others inside its domain."""
    made = []
    for op in OPS.values():
        count = op.arity or 4
        domain = op.domain * (count if op.arity is None else 1)
        for slot in range(min(count, 2)):
            for edge in EDGES:
                operands = [Value(edge if k == slot else sum(domain[k]) / 2.0 + 0.125) for k in range(count)]
                if op.name == "polygamma":
                    operands[0] = 1.0
                made.append(operands[-1].apply(op, operands))
    return mx.sum(made)


@pytest.mark.browser
def test_every_operation_is_pythons_at_nan_at_infinity_and_at_zero(visit):  # noqa: F811
    output = at_every_edge()
    trace = stepper(output).trace
    assert {node.op.name for node in trace.order if node.op} == set(OPS)
    page = visit(output)
    agree(numbers(page, "graph.values"), [node.data for node in trace.order])
    agree(numbers(page, "graph.gradients"), [trace.adjoints[node] for node in trace.order])
    agree(numbers(page, "graph.edges.map(edge => edge.local)"), trace.column("local"))


@pytest.mark.browser
@pytest.mark.parametrize("seed", range(4))
def test_values_gradients_and_contributions_of_every_operation_are_pythons(visit, seed):  # noqa: F811
    output = of_every_operation(seed)
    trace = stepper(output).trace
    page = visit(output)
    agree(numbers(page, "graph.values"), [node.data for node in trace.order])
    agree(numbers(page, "graph.gradients"), [trace.adjoints[node] for node in trace.order])
    agree(numbers(page, "graph.edges.map(edge => edge.local)"), trace.column("local"))


@pytest.mark.browser
def test_a_card_is_chosen_and_its_number_set(visit):  # noqa: F811
    page = visit(example(), "#s=3")
    page.locator("svg .card", has_text="b").first.click()
    assert page.locator(".chosen h2").text_content() == "b"
    page.locator(".chosen [name=value]").fill("5")
    page.keyboard.press("Enter")
    cards = {card[0]: card[1:] for card in (text.split("\n") for text in page.locator("svg .card").evaluate_all(
        "cards => cards.map(card => [...card.querySelectorAll('text')].map(t => t.textContent).join('\\n'))"
    ))}  # fmt: skip
    a, b, c, f = Value(2.0), Value(5.0), Value(10.0), Value(-2.0)
    out = (a * b + c) * f
    out.backward()
    assert cards["L"] == ["-40", "grad 1"]
    assert cards["a"] == ["2", f"grad {a.grad:g}"]
    assert page.locator("tr", has_text="e = a * b").last.locator("td").nth(5).text_content() == "0 -> -4"
    assert "e = a * b:  a += -2 x 5 = -10" in page.locator(".now").text_content()
    assert page.locator(".recomputed").is_visible()
    page.locator("[data-do=reset]").click()
    assert "a += -2 x -3 = 6" in page.locator(".now").text_content()
    assert not page.locator(".recomputed").is_visible()


@pytest.mark.browser
def test_a_computed_value_that_is_set_is_held_and_cuts_off_what_made_it(visit):  # noqa: F811
    page = visit(example(), "#s=3")
    page.locator("svg .card", has_text="e").nth(0).focus()
    page.evaluate("play.choose(graph.model.names.indexOf('e'))")
    page.locator(".chosen [name=value]").fill("1")
    page.keyboard.press("Enter")
    assert page.locator(".held").is_visible()
    assert dict(zip(page.evaluate("graph.model.names"), numbers(page, "graph.gradients"), strict=True)) == {
        "a": 0, "b": 0, "e": -2, "c": -2, "d": -2, "f": 11, "L": 1,
    }  # fmt: skip
    page.evaluate("play.choose(graph.model.names.indexOf('a'))")
    assert "e is held" in page.locator(".reason").text_content()
    page.evaluate("play.choose(graph.model.names.indexOf('e'))")
    page.locator("[data-do=free]").click()
    assert not page.locator(".held").is_visible()
    assert numbers(page, "graph.values")[-1] == -8


@pytest.mark.browser
def test_cards_are_dragged_and_stepped_with_keys(visit):  # noqa: F811
    page = visit(example())
    card = page.locator("svg .card", has_text="10")
    box = card.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.mouse.up()
    assert numbers(page, "graph.values")[3] == 15
    page.keyboard.press("Tab")
    page.evaluate("document.querySelector('svg .card[data-i=\"3\"]').focus()")
    page.keyboard.press("ArrowDown")
    assert numbers(page, "graph.values")[3] == 14
    page.keyboard.press("Shift+ArrowUp")
    assert numbers(page, "graph.values")[3] == 24
    assert page.locator(".place").text_content() == "step 0 of 3"


@pytest.mark.browser
def test_descent_takes_the_steps_of_the_update_rule(visit):  # noqa: F811
    page = visit(example())
    page.locator("[name=rate]").fill("0.1")
    for _ in range(2):
        page.locator("[data-do=once]").click()
    a, b, c, f = (Value(x) for x in (2.0, -3.0, 10.0, -2.0))
    for _ in range(2):
        out = (a * b + c) * f
        for leaf in (a, b, c, f):
            leaf.grad = None
        out.backward()
        for leaf in (a, b, c, f):
            leaf.data -= 0.1 * leaf.grad
    agree([numbers(page, "graph.values")[k] for k in page.evaluate("graph.leaves")], [x.data for x in (a, b, c, f)])
    assert "2 steps: L -8 -> " in page.locator(".losses").text_content()
    page.locator("[data-do=changed]").click()
    assert page.locator(".changes tbody tr").count() == 7
    page.locator("[data-do=descend]").click()
    page.locator(".losses").filter(has_text=re.compile(r"([4-9]|\d\d+) steps")).wait_for()  # it goes on as it is looked at
    page.locator("[data-do=descend]").click()


@pytest.mark.browser
def test_descent_says_that_what_is_held_stays_and_slopes_have_brackets(visit):  # noqa: F811
    a, b = Value(2.0, "a"), Value(3.0, "b")
    page = visit((a * b + 1.0).tanh() * b, "#s=4")
    page.evaluate("play.choose(graph.model.names.indexOf('a*b + 1'))")
    assert page.locator(".chosen .slope").text_content().startswith("doutput/d(a*b + 1) = ")
    page.locator("[data-do=once]").click()
    assert "held" not in page.locator(".losses").text_content()
    page.locator(".chosen [name=value]").fill("5")
    page.keyboard.press("Enter")
    page.locator("[data-do=once]").click()
    assert "; what is held stays" in page.locator(".losses").text_content()


@pytest.mark.browser
def test_guess_mode_tells_no_gradient_that_was_not_guessed(visit):  # noqa: F811
    page = visit(example(), "#s=3")
    page.locator("[data-do=guess]").click()
    assert sorted(page.locator(".card .grad").all_text_contents()) == ["grad 1", *["grad ?"] * 6]
    page.evaluate("play.choose(graph.model.names.indexOf('a'))")
    told = page.locator(".chosen").inner_text()
    assert ["dL/da = ?" in told, "-2" in told] == [True, False]
    wrong = [("-6", "wrong sign"), ("5", "wrong: too small"), ("7", "wrong: too large"), ("x", "write a number")]
    for guess, verdict in [*wrong, ("6", "right")]:
        page.locator("[name=guess]").fill(guess)
        page.keyboard.press("Enter")
        assert page.locator(".verdict").text_content() == verdict
    assert page.locator(".verdict").is_visible()
    assert "grad 6" in page.locator(".card .grad").all_text_contents()
    assert not page.locator("main").is_visible()
    page.locator("[data-do=guess]").click()
    assert page.locator("main").is_visible()


@pytest.mark.browser
def test_the_panel_says_by_which_ways_a_gradient_comes_and_why_it_is_zero(visit):  # noqa: F811
    x, w = Value(2.0, "x"), Value(-3.0, "w")
    dead, alive = (x * w).relu(), x * 3.0
    dead.label, alive.label = "dead", "alive"
    output = dead + alive * x
    output.label = "L"
    page = visit(output, "#s=5")
    page.evaluate("play.choose(graph.model.names.indexOf('w'))")
    assert "dead = relu(" in page.locator(".reason").text_content()
    assert "is flat at -6" in page.locator(".reason").text_content()
    page.evaluate("play.choose(graph.model.names.indexOf('x'))")
    assert "the sum over 3 ways" in page.locator(".ways").text_content()
    assert page.locator(".way").first.text_content().startswith("6:  L > ")


def reason(page, name):
    page.locator("body").press("End")
    page.evaluate(f"play.choose(graph.model.names.indexOf('{name}'))")
    return page.locator(".reason").text_content()


@pytest.mark.browser
def test_a_factor_of_0_and_a_flat_operation_are_told_apart(visit):  # noqa: F811
    x, w, v = Value(0.0, "x"), Value(1.0, "w"), Value(-2.0, "v")
    p, r = x * w, v.relu()
    p.label, r.label = "p", "r"
    page = visit(p + r + x / v)
    assert reason(page, "w") == "Zero: in p = x * w the other factor, x, is 0."
    assert reason(page, "v") == "Zero: x / v has the local derivative 0 by v; r = relu(v) is flat at -2."


@pytest.mark.browser
def test_the_cause_of_a_gradient_that_is_not_finite_lies_on_its_way(visit):  # noqa: F811
    x, z = Value(0.0, "x"), Value(2.0, "z")
    low = x.log() + 1.0
    low.label = "low"
    page = visit(low * z)
    assert reason(page, "z") == "Not finite: the local derivative of output by z is -inf, because log(x) = -inf."
    assert reason(page, "x") == "Not finite: the local derivative of log(x) by x is inf."
    page = visit(Value(1.0, "u") * 1e200 * Value(1e200, "t"))
    page.evaluate("play.set(graph.model.names.indexOf('t'), 1e200)")
    assert reason(page, "u").endswith("is beyond the largest number.")


@pytest.mark.browser
def test_the_heading_follows_the_output(visit):  # noqa: F811
    page = visit(example())
    assert page.locator("h1").text_content() == "backward of L = (a*b + c) * f = -8"
    page.evaluate("play.set(graph.model.names.indexOf('a'), 5)")
    assert page.locator("h1").text_content() == "backward of L = (a*b + c) * f = 10"
    page.locator("[data-do=reset]").click()
    assert page.locator("h1").text_content() == "backward of L = (a*b + c) * f = -8"


@pytest.mark.browser
def test_a_network_by_neuron_is_recomputed_whole(visit):  # noqa: F811
    model = MLP(2, [4, 4, 1], rng=3)
    page = visit((model([2.0, -1.0]) - 1.0) ** 2, by="neuron")
    weight = model.layers[0].neurons[1].w[0]
    page.evaluate("name => play.set(graph.model.names.indexOf(name), 0.25)", stepper(model([2.0, -1.0])).shared.names[weight])
    assert page.locator(".recomputed").is_visible()
    weight.data = 0.25
    output = (model([2.0, -1.0]) - 1.0) ** 2
    output.backward()
    agree(numbers(page, "graph.values")[-1:], [output.data])
    assert page.locator(".card .grad").all_text_contents()[-1].startswith("grad ")


@pytest.mark.browser
def test_the_graph_is_made_larger_smaller_and_fitted(visit):  # noqa: F811
    page = visit(example())
    width = "Number(document.querySelector('figure svg').getAttribute('width'))"
    natural = page.evaluate(width)
    page.locator("[data-go=larger]").click()
    assert page.evaluate(width) == pytest.approx(1.25 * natural)
    page.locator("body").press("-")
    assert page.evaluate(width) == pytest.approx(natural)
    page.locator("body").press("0")
    assert page.evaluate(width) <= page.evaluate("document.querySelector('figure').clientWidth")


@pytest.mark.browser
def test_of_a_graph_too_large_to_be_drawn_the_part_around_the_current_step_is(visit, monkeypatch):  # noqa: F811
    monkeypatch.setattr(page_graph, "READABLE_CARDS", 3)
    page = visit(example())
    names = page.locator(".around .name")
    current = page.locator(".around .card.current")
    assert names.all_text_contents() == ["e", "c", "d", "f", "L"]
    assert current.locator("text").all_text_contents() == ["L", "-8", "grad 1"]
    page.locator("[data-go=on]").click()
    page.locator("[data-go=on]").click()
    assert names.all_text_contents() == ["a", "b", "e", "c", "d", "L"]
    assert current.locator("text").all_text_contents() == ["d", "4", "grad -2"]
    grads = page.locator(".around .grad").all_text_contents()
    assert grads == ["grad -", "grad -", "grad -2", "grad -2", "grad -2", "grad 1"]
    assert page.locator(".around .edge.current").count() == 2
    page.locator(".around .card").nth(2).click()
    assert page.locator(".chosen h2").text_content() == "e"
    assert current.locator(".name").text_content() == "e"
    page.locator(".chosen [name=value]").fill("1")
    page.keyboard.press("Enter")
    assert current.locator(".value").text_content() == "1"
    page.locator(".find").fill("c")
    page.keyboard.press("Enter")
    assert current.locator(".name").text_content() == "c"
    page.locator("[data-do=guess]").click()
    assert current.locator(".grad").text_content() == "grad ?"


@pytest.mark.browser
def test_a_long_table_scrolls_in_its_own_frame_with_the_steps(visit):  # noqa: F811
    page = visit(recurrence(units=1)[0])
    page.locator("[data-go=last]").click()
    assert page.evaluate("scrollY") == 0
    frame, row = page.locator("main").bounding_box(), page.locator("tr.current").first.bounding_box()
    assert frame["height"] < 800
    assert frame["y"] < row["y"] < frame["y"] + frame["height"]


@pytest.mark.browser
def test_fit_shows_the_whole_graph_and_made_larger_it_keeps_the_current_card_in_sight(visit):  # noqa: F811
    page = visit(recurrence(units=1)[0], "#s=90")
    page.locator("[data-go=whole]").click()
    frame = page.locator("figure").bounding_box()
    picture = page.locator("figure svg").bounding_box()
    assert picture["width"] <= frame["width"]
    assert picture["height"] <= frame["height"]
    for _ in range(12):
        page.locator("[data-go=larger]").click()
    frame = page.locator("figure").bounding_box()
    card = page.locator("figure .card.current").bounding_box()
    assert frame["x"] < card["x"] + card["width"] / 2 < frame["x"] + frame["width"]
    assert frame["y"] < card["y"] + card["height"] / 2 < frame["y"] + frame["height"]


def test_an_operation_that_javascript_cannot_say_leaves_the_recorded_page(write, monkeypatch):  # noqa: F811
    monkeypatch.setattr("microgradx.statement.OPS", dict(OPS))
    odd = mx.primitive("odd", "odd({})", lambda a: math.fsum([a, 1.0]), lambda a, out: 1.0)
    output = odd(Value(2.0, "x"))
    with pytest.raises(CannotRecompute, match="odd has no array form"):
        recomputed(stepper(output).shared)
    text = write(output).read_text()
    assert "This page shows what was recorded: odd has no array form that it could compute with." in text
    assert 'type="application/json"' not in text


def test_an_operation_of_ones_own_that_only_calculates_is_recomputed(monkeypatch):
    monkeypatch.setattr("microgradx.statement.OPS", dict(OPS))
    cube = mx.primitive("cube_", "{}**3", lambda a: a * a * a, lambda a, out: 3.0 * a * a)
    assert "(x0) => { const t0 = x0 * x0; const t1 = t0 * x0; return t1; }" in recomputed(stepper(cube(Value(2.0))).shared).script


def test_the_command_line_writes_a_page_to_play_with(tmp_path, capsys):
    path = tmp_path / "play.html"
    assert main(["play", "(a*b + c)*f", "a=2", "b=-3", "c=10", "f=-2", "-o", str(path)]) == 0
    assert 'type="application/json"' in path.read_text()
    assert main(["play", "neuron", "-o", str(path)]) == 2
    assert "exists" in capsys.readouterr().err


def test_without_a_target_three_ready_graphs_open(monkeypatch, capsys, tmp_path):
    opened = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert main(["play"]) == 0
    assert [address.rpartition("/")[2] for address in opened] == ["lecture.html", "neuron.html", "network.html"]
    assert capsys.readouterr().err.count("opening ") == 3


@pytest.mark.browser
def test_the_ready_network_learns_by_descent_in_the_page(visit):  # noqa: F811
    page = visit(READY["network"]())
    page.locator("[name=rate]").fill("0.5")
    for _ in range(60):
        page.locator("[data-do=once]").click()
    assert numbers(page, "graph.values")[-1] < 0.2


@pytest.mark.browser
def test_a_right_guess_at_the_seed_is_shown_on_its_card(visit):  # noqa: F811
    page = visit(example(), "#s=0")
    page.locator("[data-do=guess]").click()
    page.locator("svg .card", has_text="b").first.click()
    page.locator("[name=guess]").fill("-4")
    page.keyboard.press("Enter")
    card = page.locator("svg .card[aria-pressed=true]")
    assert card.locator(".grad").text_content() == "grad -4"
    assert "neg" in card.get_attribute("class").split()


@pytest.mark.browser
def test_an_emptied_field_changes_nothing_and_a_long_number_is_not_cut(visit):  # noqa: F811
    page = visit(example())
    page.locator("svg .card", has_text="b").first.click()
    field = page.locator(".chosen [name=value]")
    field.fill("")
    page.keyboard.press("Enter")
    assert field.input_value() == "-3"
    assert numbers(page, "graph.values")[1] == -3
    field.fill("-0.7071067811865476")
    page.keyboard.press("Enter")
    assert field.evaluate("field => field.scrollWidth <= field.clientWidth")


@pytest.mark.browser
def test_the_slider_of_a_value_goes_on_beyond_its_end(visit):  # noqa: F811
    page = visit(example())
    page.locator("svg .card", has_text="b").first.click()
    slider = page.locator(".chosen [name=range]")
    assert slider.get_attribute("max") == "6"
    slider.focus()
    page.keyboard.press("End")
    assert numbers(page, "graph.values")[1] == 6
    assert [slider.get_attribute(end) for end in ("min", "max")] == ["0", "12"]


@pytest.mark.browser
def test_what_changed_counts_only_what_there_is(visit):  # noqa: F811
    page = visit(example())
    page.locator("[data-do=changed]").click()
    assert page.locator(".changes p").text_content() == "nothing changed"
    page.evaluate("play.set(0, 0)")
    assert page.locator(".changes p").text_content() == "6 values changed, or the gradient there; 1 gradient became 0"


def test_an_output_that_nobody_named_is_called_out(tmp_path):
    path = tmp_path / "play.html"
    assert main(["play", "a*b + 1", "a=2", "b=-3", "-o", str(path)]) == 0
    text = path.read_text()
    assert "outputs[0]" not in text
    assert '"names":["a","b","a*b","out"]' in text


def test_without_a_browser_play_says_where_the_page_is(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    assert main(["play", "lecture"]) == 0
    told = capsys.readouterr().err
    assert "no browser was found here: open " in told
    assert "lecture.html in one yourself, or write the page elsewhere with -o" in told
    monkeypatch.setattr("webbrowser.open", lambda address: True)
    main(["play", "lecture"])
    assert "no browser" not in capsys.readouterr().err


def test_a_legend_says_what_colours_dashes_and_numbers_mean(write):  # noqa: F811
    text = write(example()).read_text()
    assert "the number on a wire is the local derivative" in text
    assert "<dt>guess</dt>" in text
    loss, names = recurrence()
    assert "the number on a wire" not in stepper(loss, names=names).to_html(write(example())).read_text()


def test_a_page_descends_at_the_rate_of_the_stepper_and_says_what_it_leaves_out(write):  # noqa: F811
    text = write(example(), forward=True, lr=0.05).read_text()
    assert 'name="rate" value="0.05"' in text
    assert "3 steps; not on this page: the forward pass</p>" in text
    plain = write(example()).read_text()
    assert ['name="rate" value="0.01"' in plain, "not on this page" in plain] == [True, False]
    model = MLP(2, [2, 1], rng=1)
    by_adam = write(model([1.0, 2.0]), update=mx.nn.Adam(model.parameters(), lr=0.2)).read_text()
    assert "not on this page: the update Adam" in by_adam


@pytest.mark.browser
def test_an_input_that_stands_apart_frames_the_cards_that_use_it(visit):  # noqa: F811
    page = visit(recurrence(rounds=6)[0])
    page.locator(".apart .card").first.click()
    name = page.locator(".apart .name").first.text_content()
    count = page.evaluate(f"new Set(graph.into[graph.model.names.indexOf('{name}')].map(k => graph.edges[k].node)).size")
    assert page.locator(".card.uses").count() == count > 2


@pytest.mark.browser
def test_on_a_phone_the_panel_leaves_the_graph_in_sight_and_the_table_is_not_cut(visit):  # noqa: F811
    page = visit(example(), "#s=3")
    page.set_viewport_size({"width": 400, "height": 800})
    card = page.locator("svg .card", has_text="b").first
    card.click()
    panel, box = page.locator(".chosen").bounding_box(), card.bounding_box()
    assert panel["y"] + panel["height"] == 800
    assert 0 < box["y"] < box["y"] + box["height"] < panel["y"]
    assert page.locator(".chosen .close").evaluate("it => it.getBoundingClientRect().bottom < innerHeight")
    page.locator(".chosen .close").click()
    assert page.locator("main").evaluate("main => main.scrollWidth <= main.clientWidth")
    assert page.locator("main tbody tr").first.locator("td").evaluate_all("cells => cells.every(it => it.offsetWidth > 0)")


@pytest.mark.browser
def test_the_graph_that_was_whole_stays_whole_beside_the_panel(visit):  # noqa: F811
    page = visit(READY["neuron"]())
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("svg .card").last.click()
    assert page.locator(".chosen").is_visible()
    assert page.evaluate("cursor.whole()")


@pytest.mark.browser
def test_a_step_tells_nothing_that_arrives_later(visit):  # noqa: F811
    page = visit(example())
    page.locator("svg .card", has_text="b").first.click()
    assert page.locator(".slope").text_content() == "dL/db is complete at step 3 of 3"
    assert page.locator(".answers").text_content() == ""
    numbers_of = "cells => cells.filter(cell => getComputedStyle(cell).visibility === 'visible').length"
    told = page.locator("main tbody td:nth-child(3), main tbody td:nth-child(6), main tbody td:nth-child(7)")
    assert told.evaluate_all(numbers_of) == 0
    page.locator("[data-do=changed]").click()
    page.evaluate("play.set(graph.model.names.indexOf('a'), 5)")
    assert set(page.locator(".changes td:nth-child(4), .changes td:nth-child(5)").all_text_contents()) == {"-", "1"}
    page.locator("body").press("End")
    assert page.locator(".slope").text_content() == "dL/db = -10"
    assert told.evaluate_all(numbers_of) == 18
    assert "-10" in page.locator(".changes td:nth-child(5)").all_text_contents()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert told.evaluate_all(numbers_of) == 18
