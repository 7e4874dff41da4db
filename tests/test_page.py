"""The page of a recorded pass: self-contained, inert to hostile labels, complete without its script."""

import math
import re
from html.parser import HTMLParser

import pytest
from test_stepper import expression as example

from microgradx import Value, dot
from microgradx import sum as total
from microgradx.nn import MLP
from microgradx.view.layout import renderers
from microgradx.view.stepping.page import page_graph
from microgradx.view.stepping.stepper import stepper
from microgradx.view.words.notation import number

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&"


def hostile():
    x = Value(2.0, HOSTILE)
    y = x * x
    y.label = HOSTILE * 3
    return y + x


def network():
    model = MLP(2, [16, 16, 1], rng=3)
    return (model([2.0, -1.0]) - 1.0) ** 2


def small_network():
    model = MLP(2, [4, 4, 1], rng=3)
    return (model([2.0, -1.0]) - 1.0) ** 2


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.rows, self.ids = [], 0, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]


@pytest.fixture
def write(tmp_path):
    return lambda output, **how: stepper(output, **how).to_html(tmp_path / "page.html")


def test_the_page_has_the_whole_pass_as_a_table(write):
    text = write(example()).read_text()
    cells = [re.sub(r"<[^>]*>", "|", row) for row in re.findall(r"<tr.*?</tr>", text)]
    assert len(cells) == 1 + 6
    assert cells[-1].replace("||", "|").strip("|") == "3|e = a * b|-2|b|2|-4|0 -&gt; -4|1 of 1"


def test_the_page_names_no_other_address_and_its_policy_forbids_them(write):
    text = write(network(), by="neuron").read_text()
    assert "default-src 'none'" in text
    assert re.findall(r"script-src '(sha256-[^']+)'", text)
    found = Tags(text)
    assert not any(name in attrs for _, attrs in found.tags for name in ("src", "href", "style", "onclick", "action"))
    assert re.findall(r"https?://[^\"' ]+", text) == ["http://www.w3.org/2000/svg"]
    assert len(found.ids) == len(set(found.ids))


def test_hostile_labels_make_no_element(write):
    kinds = {tag for tag, _ in Tags(write(hostile()).read_text()).tags}
    assert kinds == {tag for tag, _ in Tags(write(example()).read_text()).tags}
    assert "img" not in kinds


def test_the_same_pass_writes_the_same_bytes(write):
    assert write(network()).read_bytes() == write(network()).read_bytes()


def test_sizes_stay_within_their_budget(write):
    assert write(example()).stat().st_size < 60 * 1024
    assert write(network(), by="neuron").stat().st_size < 400 * 1024


def test_a_page_beyond_the_limit_is_refused_and_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match=r"more than 0\.0: step by 'layer', take fewer samples, or insist with limit=None"):
        stepper(example()).to_html(tmp_path / "x.html", limit=1000)
    assert list(tmp_path.iterdir()) == []


def test_without_an_engine_or_with_too_much_to_draw_the_page_says_so(write, monkeypatch):
    def unavailable(*args, **kwargs):
        raise renderers.RendererUnavailable("cannot draw SVG on this machine. Tried: nothing.\nmore")

    monkeypatch.setattr(page_graph, "lay_out", unavailable)
    text = write(example()).read_text()
    assert "<figure" not in text
    assert "No graph: cannot draw SVG on this machine. Tried: nothing. The table below is complete." in text

    def slow(*args, **kwargs):
        raise TimeoutError

    monkeypatch.setattr(page_graph, "lay_out", slow)
    assert "its layout took more than 5 s" in write(example()).read_text()
    monkeypatch.setattr(page_graph, "READABLE_CARDS", 3)
    assert "7 cards are more than the 3 that can be read" in write(example()).read_text()


def test_the_graph_has_a_card_per_value_and_an_edge_per_operand(write):
    text = write(example()).read_text()
    assert (text.count('<g class="card'), text.count('<g class="edge')) == (7, 6)
    x = Value(2.0, "x")
    assert write(x + x).read_text().count('<g class="edge') == 2


def recurrence(rounds=30, units=3):
    """A recurrence written by hand: every weight is used in every round."""
    W = [[Value(0.3 * math.sin(3.0 * i + j)) for j in range(units)] for i in range(units)]
    U, h = [Value(0.5 - 0.3 * i) for i in range(units)], [Value(0.0) for _ in range(units)]
    for t in range(rounds):
        h = [(dot(W[i], h) + U[i] * math.sin(t)).tanh() for i in range(units)]
    loss = (total(h) - 1.0) ** 2
    return loss, {"W": W, "U": U, "h": h, "loss": loss}


def test_inputs_that_go_to_many_places_stand_apart_so_that_a_recurrence_is_drawn(tmp_path):
    loss, names = recurrence(rounds=6)
    s = stepper(loss, names=names)
    text = s.to_html(tmp_path / "rnn.html").read_text()
    strip, _, graph = text.partition("<figure")
    assert graph
    cards = re.findall(r'<text class="name"[^>]*>([^<]*)</text>', strip)
    assert cards[:12] == [*(f"U[{k}]" for k in range(3)), *(f"W[{i}][{j}]" for i in range(3) for j in range(3))]
    assert "These inputs go to many places" in strip
    inner = sum(isinstance(x, Value) and x.op is not None for node in s.trace.order for x in node.parents)
    assert graph.count('<g class="edge') == inner
    assert "These inputs go to many places" not in stepper(example()).to_html(tmp_path / "small.html").read_text()


def test_every_round_of_a_recurrence_is_a_row_below_the_one_before(write):
    w, x, h = Value(0.9), [Value(0.1 * k) for k in range(30)], Value(0.0)
    for number_in in x:
        h = (w * h + number_in * 0.5).tanh()
    text = write(h, names={"w": w, "x": x}).read_text().partition("<figure")[2]
    card = r'data-i="(\d+)"[^>]*><rect x="([-\d.]+)" y="([-\d.]+)"'
    order = stepper(h).trace.order
    places = {order[int(place)]: (float(left), float(top)) for place, left, top in re.findall(card, text)}
    rounds = [node for node in order if node.op is not None and node.op.name == "tanh"]
    assert len({places[node][0] for node in rounds}) <= 2
    assert [places[node][1] for node in rounds] == sorted(places[node][1] for node in rounds)
    for before, after in zip(x[3::3], x[6::3], strict=False):
        assert places[before][1] < places[after][1]
    width, height = map(float, re.search(r'viewBox="-8 -8 (\d+) (\d+)"', text).groups())
    assert width < 1400 < height
    assert all(0 <= left < width and 0 <= top < height for left, top in places.values())
    assert len(set(places.values())) == len(places)


def test_weights_are_folded_into_the_card_of_their_neuron(write):
    text = write(small_network(), by="neuron").read_text()
    assert text.count('<g class="card') == 10
    assert "L0.n0.w[0]" in text


def test_a_layer_of_many_samples_has_one_row_per_value(write):
    model = MLP(1, [1, 1], activation="tanh", rng=3)
    total = model([0.5]) + model([0.25]) + model([0.75])
    rows = re.findall(r"<tr.*?</tr>", write(total, by="layer").read_text())
    weight = next(row for row in rows if ">L1.n0.w[0]<" in row)
    total.backward()
    assert ["3 added up" in weight, f">{number(model.layers[1].neurons[0].w[0].grad)}<" in weight] == [True, True]
    assert ">3 of 3<" in weight


def test_in_a_notebook_the_page_stands_in_a_frame_of_its_own():
    frame = stepper(hostile()).show()
    assert "s.to_html('back.html') writes it to a file" in repr(frame)
    html = frame._repr_html_()
    assert 'sandbox="allow-scripts"' in html
    assert [tag for tag, _ in Tags(html).tags][:4] == ["style", "iframe", "details", "summary"]
    assert "img" not in {tag for tag, _ in Tags(html).tags}


def test_an_empty_pass_has_a_page_too(write):
    text = write(Value(2.0, "a")).read_text()
    assert "0 steps" in text
    assert text.count('<g class="card') == 1


@pytest.fixture
def visit(look_at, write):
    """Open the page of a pass."""

    def open_page(output, address="", by=None, script=True, scheme="light"):
        return look_at(write(output, by=by).as_uri() + address, java_script_enabled=script, color_scheme=scheme)

    return open_page


def place(page):
    return page.locator(".place").text_content()


@pytest.mark.browser
def test_slider_buttons_and_keys_move_the_step(visit):
    page = visit(example())
    assert place(page) == "step 0 of 3"
    page.locator(".slider").fill("2")
    assert place(page) == "step 2 of 3"
    assert page.locator(".slider").get_attribute("aria-valuetext") == "step 2 of 3: d = e + c"
    page.locator("[data-go=on]").click()
    assert page.locator("[data-go=on]").is_disabled()
    for key, wanted in [("Home", 0), ("j", 1), ("ArrowRight", 2), ("k", 1), ("ArrowLeft", 0), ("End", 3), ("p", 2), ("n", 3)]:
        page.locator("body").press(key)
        assert place(page) == f"step {wanted} of 3", key
    page.locator(".slider").focus()
    page.keyboard.press("ArrowLeft")
    assert place(page) == "step 2 of 3"


@pytest.mark.browser
def test_the_step_is_told_and_painted_on_graph_and_table(visit):
    page = visit(example(), "#s=2")
    assert page.locator(".now").text_content() == "d = e + c:  e += -2 x 1 = -2;  c += -2 x 1 = -2"
    grads = dict(
        zip(page.locator(".card .name").all_text_contents(), page.locator(".card .grad").all_text_contents(), strict=True)
    )
    assert grads == {"L": "grad 1", "d": "grad -2", "f": "grad 4", "e": "grad -2", "c": "grad -2", "a": "grad -", "b": "grad -"}
    assert page.locator(".card.current .name").all_text_contents() == ["d"]
    assert page.locator(".edge.current").count() == 2
    assert page.locator("tr.current").count() == 2
    assert page.locator("tbody.pending").count() == 1


@pytest.mark.browser
def test_the_address_follows_the_step_and_leads_back_to_it(visit):
    page = visit(example(), "#s=3")
    assert place(page) == "step 3 of 3"
    page.locator("body").press("k")
    assert page.url.endswith("#s=2")
    page.evaluate("location.hash = '#s=1'")
    page.wait_for_function("document.querySelector('.place').textContent === 'step 1 of 3'")


@pytest.mark.browser
def test_a_value_is_found_and_typing_moves_nothing(visit):
    page = visit(example())
    page.locator("body").press("/")
    page.keyboard.type("ejk")
    assert place(page) == "step 0 of 3"
    page.locator(".find").fill("b")
    page.keyboard.press("Enter")
    assert place(page) == "step 3 of 3"
    page.keyboard.press("Escape")
    page.locator("body").press("?")
    assert page.locator(".help").get_attribute("open") is not None


@pytest.mark.browser
def test_only_what_leads_to_a_value_is_walked(visit):
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(1.0, "b")
    left, right = w * x, b * b
    left.label, right.label = "left", "right"
    output = left * 2.0 + right
    output.label = "L"
    page = visit(output)
    page.locator("body").press("o")
    page.keyboard.type("w")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    steps = int(place(page).split()[1])
    page.locator("body").press("o")
    assert page.locator("[data-go=only]").get_attribute("aria-pressed") == "true"
    assert sorted(set(page.locator("tr:not(.aside) > td:nth-child(4)").all_text_contents())) == ["left", "left*2", "w"]
    page.locator("body").press("Home")
    walked = []
    while place(page) != f"step {steps} of 4":
        page.locator("body").press("j")
        walked.append(page.locator("tr.current:not(.aside)").count())
    assert len(walked) < steps
    assert 0 not in walked
    page.locator("body").press("o")
    assert page.locator(".aside").count() == 0


@pytest.mark.browser
def test_dark_and_light_follow_the_system_and_the_button(visit):
    paper = "getComputedStyle(document.body).backgroundColor"
    page = visit(example(), scheme="dark")
    assert page.evaluate(paper) == "rgb(13, 17, 23)"
    page.locator("[data-go=theme]").click()
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    assert visit(example(), scheme="light").evaluate(paper) == "rgb(255, 255, 255)"


@pytest.mark.browser
def test_hostile_labels_stay_text_in_the_browser(visit):
    page = visit(hostile(), "#s=1")
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    assert "onerror=alert(1)" in page.locator(".now").text_content()


@pytest.mark.browser
def test_without_javascript_the_table_is_complete_and_no_control_pretends(visit):
    page = visit(example(), script=False)
    assert page.locator("main tbody tr").count() == 6
    assert page.locator(".controls:visible").count() == 0
    assert page.locator(".card .grad").all_text_contents().count("grad 6") == 1
    assert page.locator(".card").count() == 7


@pytest.mark.browser
def test_a_network_is_walked_by_neuron(visit):
    page = visit(small_network(), "#s=10", by="neuron")
    assert place(page) == "step 10 of 10"
    assert page.locator(".card.done").count() == 10
    page.locator("body").press("p")
    assert page.locator(".card.current").count() == 1


@pytest.mark.browser
def test_a_layer_is_one_card_without_a_gradient_of_its_own(visit):
    page = visit(small_network(), "#s=2", by="layer")
    assert page.locator(".card .grad").all_text_contents() == ["grad 1"]
    assert page.locator(".card.current .name").all_text_contents() == ["L2"]
    assert page.locator(".edge.many.current").count() == 1


@pytest.mark.browser
def test_the_page_runs_inside_a_notebook_frame(visit, browser):
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content(stepper(hostile()).show()._repr_html_())
    frame = page.frame_locator("iframe")
    frame.locator("[data-go=on]").click()
    assert frame.locator(".place").text_content() == "step 1 of 2"
    page.close()
    assert errors == []


@pytest.mark.browser
def test_print_shows_the_whole_pass_and_no_controls(visit):
    page = visit(example(), "#s=1")
    page.emulate_media(media="print")
    assert page.locator(".controls:visible").count() == 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert "grad 6" in page.locator(".card .grad").all_text_contents()


def test_an_operation_of_thousands_of_operands_is_written_whole():
    xs = [Value(k / 4_000) for k in range(4_000)]
    s = stepper(total([*xs, xs[7]]))
    text = s.show().html
    assert "xs[7] [7]" in text
    assert "xs[7] [4000]" in text
    assert "[8] [" not in text


@pytest.mark.browser
def test_the_way_to_no_value_says_what_to_write_first(visit):
    page = visit(example())
    page.locator("[data-go=only]").click()
    assert page.locator(".now").text_content().startswith("Write a name into the find box first")
    assert page.locator(".aside").count() == 0
    page.locator(".find").fill("c")
    page.locator("[data-go=only]").click()
    assert page.locator("[data-go=only]").get_attribute("aria-pressed") == "true"
    assert page.locator("tr.aside").count() > 0
