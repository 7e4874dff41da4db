"""A program is drawn by its array instructions: a box for each, an arrow for everything it reads, saved like any drawing."""

import pickle
import shlex
from pathlib import Path

import numpy as np
import pytest

import microgradx as mx
from microgradx.replay.compile import compile
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
    assert height["inputs[0..99]"] > height["sin"] > height["value"]
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


def test_a_program_of_single_rows_is_one_box_that_says_so():
    def f(x):
        for _ in range(60):
            x = (x * 1.5).sin()
        return x

    assert r"120 rows\none by one (" in mx.draw(compile(f).program(0.5)).source


class Carpet:
    def chart(self):
        return "a carpet", [(["knot"], "step", "")] * (READABLE + 1), [], []


def test_what_nobody_could_read_is_refused():
    with pytest.raises(ValueError, match=r"a carpet has 301 boxes, more than the 300 .* print\(\) lists them"):
        mx.draw(Carpet())


