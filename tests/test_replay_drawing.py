"""A program is drawn by its array instructions: a box for each, an arrow for everything it reads, saved like any drawing."""

import pickle
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import microgradx as mx
from microgradx.replay.compile import compile
from microgradx.replay.tell import boxes
from microgradx.view.drawing.boxes import READABLE
from microgradx.view.layout.renderers import lay_out


def program_of_a_model():
    model = mx.nn.MLP(2, [16, 1], activation="tanh", rng=1)
    points = np.random.default_rng(0).normal(size=(100, 2)).tolist()
    f = compile(lambda: mx.sum([model(point) ** 2 for point in points]))
    f.backward()
    return f.program()


def test_every_instruction_is_a_box_and_every_box_leads_to_a_result():
    program = program_of_a_model()
    _, boxes, arrows, _ = program.chart()
    plan = next(runner.plan for (kind, *_), runner in program.runners.items() if kind == "gradient")
    kinds = [kind for _, kind, _ in boxes]
    assert len([kind for kind in kinds if kind not in ("input", "result")]) == len(plan.instructions)
    assert kinds.count("heavy") == sum(step.name == "matmul" for step in plan.instructions)
    tails, heads = {tail for tail, _, _ in arrows}, {head for _, head, _ in arrows}
    assert tails == {i for i, kind in enumerate(kinds) if kind != "result"}
    assert heads == {i for i, kind in enumerate(kinds) if kind != "input"}


def test_a_box_says_what_it_does_its_shape_its_scalars_and_where_they_come_from():
    _, boxes, _, caption = program_of_a_model().chart()
    texts = [lines for lines, _, _ in boxes]
    assert ["layers[0].neurons[0..15].w[0..1]", "32 numbers"] in texts
    assert ["tanh", "(1600)", "1,600 scalars", "layers[0].neurons[0..15], 100 times"] in texts
    assert ["matmul numbers", "(16x2) @ (2x100)", "4,800 scalars"] in texts
    assert any(lines[0] == "multiply 2" for lines in texts)
    assert ["value", "1 number"] in texts
    assert "array instructions" in caption[0]
    assert "matrix products" in caption[1]


def test_numbers_that_are_collected_come_from_the_boxes_that_made_them():
    order = np.random.default_rng(0).permutation(40)
    program = compile(lambda xs: mx.sum([mx.sin(xs[i]) * mx.exp(xs[k]) for i, k in enumerate(order)])).program([0.5] * 40)
    program.value_and_grad([0.5] * 40)
    _, boxes, arrows, caption = program.chart()
    gathers = {i for i, (lines, _, _) in enumerate(boxes) if lines[0] == "gather"}
    sources = {boxes[tail][0][0] for tail, head, _ in arrows if head in gathers}
    assert sources & {"sin", "exp", "cos"}
    assert gathers <= {tail for tail, _, _ in arrows}
    assert "collected" in caption[1]


@pytest.mark.parametrize("suffix", ["svg", "html", "dot"])
def test_a_drawing_of_a_program_is_saved_by_suffix(tmp_path, suffix):
    drawing = mx.draw(program_of_a_model(), theme="dark", rankdir="TB")
    text = Path(drawing.save(tmp_path / f"program.{suffix}")).read_text(encoding="utf-8")
    assert "neurons[0..15], 100 times" in text
    assert "array instructions" in repr(drawing)


def height_of_boxes(drawing):
    """How high each box stands in a drawing, in inches, by its first line."""
    nodes = [shlex.split(line) for line in lay_out(drawing.source, "plain").decode().splitlines() if line.startswith("node")]
    return {label.split(r"\n")[0]: float(height) for _, _, _, height, _, _, label, *_ in nodes}


def test_a_gradient_leads_back_up_beside_its_value():
    drawing = mx.draw(program_of_a_model())
    height = height_of_boxes(drawing)
    slopes = next(name for name in height if name.startswith("slopes"))
    assert min(height, key=height.get) == "value"
    assert height[slopes] > height["tanh"] > height["value"]
    assert r"Down to value, then back up to slopes of layers[0..1]" in drawing.source
    assert "Left to value, then back right to" in mx.draw(program_of_a_model(), rankdir="RL").source


def test_a_value_alone_leads_down_all_the_way():
    program = compile(lambda xs: mx.sum([mx.sin(x) for x in xs])).program([0.5] * 100)
    drawing = mx.draw(program)
    height = height_of_boxes(drawing)
    assert height["xs[0..99]"] > height["sin"] > height["value"]
    assert "then back" not in drawing.source


class Loose:
    def chart(self):
        return "no result", [(["first"], "step", ""), (["then"], "step", "")], [(0, 1, 1)], []


def test_boxes_without_a_result_lead_down():
    height = height_of_boxes(mx.draw(Loose()))
    assert height["first"] > height["then"]


def test_a_pickled_program_and_one_that_never_ran_are_drawn_too():
    x = mx.Value(3.0, "x")
    program = mx.replay.program.Program.from_graph(mx.sum([x * k for k in range(50)]), [x])
    assert "value" in mx.draw(program).source
    assert "tanh" in mx.draw(pickle.loads(pickle.dumps(program_of_a_model()))).source


def recurrent(w, xs):
    h = [0.0] * 5
    for x in xs:
        h = [(mx.sum([w[k] * a for a in h]) + x).tanh() for k in range(5)]
    return mx.sum(h)


def test_a_program_of_too_much_that_is_unlike_is_one_box_that_says_so(monkeypatch):
    program = compile(recurrent).program([0.1] * 5, [0.5] * 8)
    assert "No repeated structure was found" not in mx.draw(program).source
    monkeypatch.setattr(boxes, "MOST_BOXES", 2)
    drawing = mx.draw(program)
    assert "No repeated structure was found, so it runs value by value." in drawing.source
    assert re.search(r"\d+ rows\\none by one \(", drawing.source)


def frames(svg):
    """The boxes around cards: what each says, and its left, top, right and bottom."""
    paths = re.findall(r'class="cluster">.*?<path[^>]* d="([^"]*)"', svg, re.DOTALL)
    names = re.findall(r'class="frame">.*?<text[^>]*>([^<]*)<', svg, re.DOTALL)
    corners = {}
    for path, text in zip(paths, names, strict=True):
        numbers = [float(x) for x in re.findall(r"-?[\d.]+", path)]
        xs, ys = numbers[::2], numbers[1::2]
        corners[text] = (min(xs), min(ys), max(xs), max(ys))
    return corners


def test_the_name_of_a_frame_stands_above_the_wires_that_cross_it():
    svg = mx.draw(compile(recurrent).program([0.1] * 5, [0.5] * 8)).svg()
    assert svg.index('class="frame"') > max(found.start() for found in re.finditer('class="edge', svg))
    assert re.search(r'class="frame">\s*<polygon class="halo"[^>]*>\s*<text', svg)


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_rounds_within_rounds_are_frames_within_frames_in_every_theme(theme):
    drawing = mx.draw(compile(recurrent).program([0.1] * 5, [0.5] * 8), theme=theme)
    found = frames(drawing.svg())
    outer, inner = (next(box for text, box in found.items() if text.startswith(said)) for said in ("8 times", "5 times"))
    assert outer[0] < inner[0] < inner[2] < outer[2]
    assert outer[1] < inner[1] < inner[3] < outer[3]


@pytest.mark.parametrize("suffix", ["svg", "html", "dot", "png", "pdf"])
def test_loops_are_saved_in_every_format(tmp_path, suffix):
    if suffix in NEEDS:
        pytest.importorskip(NEEDS[suffix])
    path = tmp_path / f"loops.{suffix}"
    mx.draw(compile(recurrent).program([0.1] * 5, [0.5] * 8)).save(path)
    content = path.read_bytes()
    assert b"8 times, k = 0 to 7" in content or suffix in ("png", "pdf")
    assert content[: len(STARTS.get(suffix, b""))] == STARTS.get(suffix, b"")


STARTS = {"png": b"\x89PNG", "pdf": b"%PDF"}
NEEDS = {"png": "resvg_py", "pdf": "svglib"}


def test_an_arrow_leads_round_from_what_a_round_hands_on_to_what_it_is_handed():
    drawing = mx.draw(compile(recurrent).program([0.1] * 5, [0.5] * 8))
    named = dict(re.findall(r'^\t(n\d+_\w+) \[.*?label="([^"]*)"', drawing.source, re.MULTILINE))
    round_ = re.findall(r'(n\d+_\w+) -> (n\d+_\w+) \[[^\n]*style="dashed" dir="back"', drawing.source)
    assert {(named[tail].split(" ")[0].split("\\n")[0], named[head].split("\\n")[0]) for head, tail in round_} >= {("s0'", "s0")}


class Carpet:
    def chart(self):
        return "a carpet", [(["knot"], "step", "")] * (READABLE + 1), [], []


def test_what_nobody_could_read_is_refused():
    with pytest.raises(ValueError, match=r"a carpet has 301 boxes, more than the 300 .* print\(\) lists them"):
        mx.draw(Carpet())


