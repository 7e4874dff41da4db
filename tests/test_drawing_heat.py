"""A dense layer is a table: a row for each neuron, in order, and the gradient of every parameter as a coloured square."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as xml

import pytest

from microgradx import Value, draw, nn
from microgradx import mean as average
from microgradx.nn.data import moons
from microgradx.view.drawing.flow import snapshot
from microgradx.view.drawing.heat import heat_picture
from microgradx.view.drawing.reader import READERS
from microgradx.view.theme import DARK, LIGHT

SVG = "{http://www.w3.org/2000/svg}"


def network(samples: int):
    model = nn.MLP(2, [16, 16, 1], rng=3)
    xs, labels = moons(samples)
    terms = [(1.0 - (2.0 * y - 1.0) * model(x)).relu() for x, y in zip(xs, labels, strict=True)]
    return model, average(terms), xs


def tables(drawn):
    """The title of each table, its rows as (name, what stands at the end), and its cells."""
    return sorted(_tables(drawn), key=lambda table: table[0])


def _tables(drawn):
    for group in xml.fromstring(drawn.svg()).iter(f"{SVG}g"):
        if group.find(f"{SVG}rect") is not None:
            texts = [text.text for text in group.findall(f"{SVG}text")]
            start = texts.index("n0")
            cells = [rect for rect in group.findall(f"{SVG}rect") if rect.get("class", "").startswith("cell")]
            yield texts[0], list(zip(texts[start::2], texts[start + 1 :: 2], strict=True)), cells


@pytest.fixture(scope="module")
def drawn_network():
    model, loss, xs = network(100)
    return model, loss, xs, draw(loss)


def test_every_parameter_of_a_dense_layer_has_a_square_with_its_gradient(drawn_network):
    model, loss, _, drawn = drawn_network
    flow = snapshot(loss)
    gradient = dict(zip(flow.nodes, flow.grads, strict=True))
    for layer, (title, rows, cells) in zip(model.layers, tables(drawn), strict=False):
        expected = [gradient[p] for neuron in layer.neurons for p in neuron.parameters()]
        assert title.endswith(f"{len(layer.neurons)} neurons, {len(expected):,} parameters")
        assert [name for name, _ in rows] == [f"n{k}" for k in range(16)]
        told = [float(cell.find(f"{SVG}title").text.split("gradient ")[1]) for cell in cells]
        assert told == expected


def test_the_colour_is_the_sign_and_the_depth_the_size(drawn_network):
    *_, drawn = drawn_network
    for _, _, cells in tables(drawn):
        numbers = [float(cell.find(f"{SVG}title").text.split("gradient ")[1]) for cell in cells]
        largest = max(map(abs, numbers))
        for cell, gradient in zip(cells, numbers, strict=True):
            tone = "pos" if gradient > 0 else "neg" if gradient < 0 else "zero"
            assert cell.get("class") == f"cell {tone}"
            if gradient:
                assert cell.get("fill") == LIGHT.tones[tone][0].lower()
                assert float(cell.get("fill-opacity")) == pytest.approx(max(0.06, math.sqrt(abs(gradient) / largest)), abs=0.006)


def test_the_share_of_samples_in_which_a_neuron_fires_is_its_bar(drawn_network):
    model, _, xs, drawn = drawn_network
    first = model.layers[0].neurons
    counts = [sum(neuron(x).data > 0.0 for x in xs) for neuron in first]
    told = re.findall(r"fires (\d+) of 100</title>", drawn.svg())
    tooltip = next(line for line in drawn.source.splitlines() if ' label="L0: ' in line)
    assert [int(x) for x in re.findall(r"n\d+: fires (\d+) of 100", tooltip)] == counts
    assert len(told) >= 32


def test_a_neuron_that_never_fires_is_named_with_what_it_costs():
    model, _, xs = network(40)
    model.layers[1].neurons[6].b.data = -100.0
    loss = average([model(x) ** 2 for x in xs])
    drawn = draw(loss)
    rows = dict(tables(drawn)[1][1])
    assert rows["n6"] == "never fires"
    assert re.search(r"Never fires in 40 samples: [^;]*L1\.n6[^;]*; \d+ of 337 parameters learn nothing from it\.", drawn.summary)


def test_a_network_of_ten_thousand_values_can_be_read_in_a_readme(drawn_network):
    *_, drawn = drawn_network
    assert READERS["readme"].text_size(*drawn.size()) >= 9.0
    assert "10,438 values as layers" in drawn.summary


def test_small_layers_stay_cards():
    model = nn.MLP(3, [4, 4, 1], activation="tanh", rng=1)
    flow = snapshot(model([1.0, 2.0, 3.0]))
    assert heat_picture(flow, range(len(flow.nodes))) is None
    assert heat_picture(snapshot(Value(2.0) * 3.0), range(2)) is None


def test_a_table_is_dark_where_the_reader_is():
    _, loss, _ = network(3)
    made = draw(loss, theme="auto").svg()
    assert f".cell.neg{{fill:{DARK.tones['neg'][0]}}}" in made
    assert f".fires{{fill:{DARK.tones['pos'][0]}}}" in made


def test_a_hinge_that_some_samples_pass_is_no_news(drawn_network):
    *_, drawn = drawn_network
    assert "Dead" not in drawn.summary
