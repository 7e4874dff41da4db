"""What is drawn: cards, wires, colors, captions, and that nothing a user writes comes alive in the picture."""

from __future__ import annotations

import errno
import json
import math
import pickle
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml

import graphviz
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import OPS, Value, detect_anomaly, draw, gradient, primitive, statement
from microgradx.view.drawing.flow import snapshot
from microgradx.view.drawing.shapes import width
from microgradx.view.drawing.titles import Titles
from microgradx.view.drawing.troubles import diagnose
from microgradx.view.layout.renderers import RendererUnavailable

SVG = "{http://www.w3.org/2000/svg}"


def parsed(drawing):
    return xml.fromstring(drawing.svg())


def groups(tree, kind):
    return [group for group in tree.iter(f"{SVG}g") if group.get("class", "").split()[:1] == [kind]]


def cards(drawing):
    """The texts of each card, in the order of the SVG."""
    return [[text.text for text in group.iter(f"{SVG}text")] for group in groups(parsed(drawing), "node")]


def labels(drawing):
    """The labels of the wires, sorted."""
    return sorted(text.text for group in groups(parsed(drawing), "edge") for text in group.iter(f"{SVG}text"))


def product():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    out = a * b
    out.label = "out"
    return a, b, out


def test_every_value_has_a_card_and_every_operand_a_wire():
    *_, out = product()
    out.backward()
    tree = parsed(draw(out))
    assert len(groups(tree, "node")) == 3
    assert len(groups(tree, "edge")) == 2
    assert sorted(cards(draw(out))) == [["a", "2", "grad -3"], ["b", "-3", "grad 2"], ["out = a * b", "-6", "grad 1"]]


def test_wires_carry_the_local_derivative():
    *_, out = product()
    out.backward()
    assert labels(draw(out)) == ["*-3", "*2"]


def test_chain_wires_carry_upstream_times_local_derivative():
    *_, out = product()
    assert labels(draw(out * 0.5, edges="chain")) == ["0.5*-3", "0.5*2", "1*0.5"]


def test_wires_without_labels():
    *_, out = product()
    assert labels(draw(out, edges="none")) == []


def test_a_drawing_needs_no_backward_pass():
    a, b, out = product()
    assert sorted(lines[-1] for lines in cards(draw(out))) == ["grad -3", "grad 1", "grad 2"]
    assert not any(node.reached for node in (a, b, out))


def test_without_gradients_the_wires_are_bare():
    *_, out = product()
    drawn = draw(out, show=("name", "value"))
    assert labels(drawn) == []
    assert {group.get("class") for group in groups(parsed(drawn), "edge")} == {"edge none"}
    assert "derivative" not in drawn.source
    assert "label=\" " not in drawn.source


def test_squaring_by_multiplication_draws_two_wires():
    x = Value(3.0, label="x")
    y = x * x
    y.backward()
    assert labels(draw(y)) == ["*3", "*3"]


def test_a_leaf_alone_is_a_drawing():
    assert cards(draw(Value(3.0, label="x"))) == [["x", "3", "grad 1"]]
    assert cards(draw(Value(3.0), names={})) == [["input", "3", "grad 1"]]


def test_names_come_from_the_callers_variables():
    price = Value(2.0)
    cost = price * 3
    assert sorted(lines[0] for lines in cards(draw(cost))) == ["cost = price * 3", "price"]


def test_names_can_be_given():
    x = Value(2.0)
    assert cards(draw(x, names={"given": x}))[0][0] == "given"


def test_plain_numbers_stand_in_the_title_or_on_cards_of_their_own():
    x = Value(3.0, label="x")
    y = 2 - x
    assert sorted(lines[0] for lines in cards(draw(y))) == ["x", "y = 2 - x"]
    drawn = draw(y, constants=True)
    assert ["2"] in cards(drawn)
    assert 'style="filled,dashed"' in drawn.source


def test_kinds_of_cards_are_told_apart():
    a, b, out = product()
    last = out + a
    shapes = dict(re.findall(r"^\t(n\d+)_\w+ \[(.*)\]$", draw(last).source, re.MULTILINE))
    assert [("rounded" in shapes[f"n{k}"], "peripheries" in shapes[f"n{k}"]) for k in range(4)] == [
        (True, False),
        (True, False),
        (False, False),
        (False, True),
    ]
    assert not b.reached


def test_the_sign_of_a_gradient_is_its_color_and_zero_is_dashed():
    x, y, z = Value(1.0, label="x"), Value(2.0, label="y"), Value(5.0, label="z")
    out = x - y + 0.0 * z
    out.backward()
    tree = parsed(draw(out))
    tones = {group.find(f"{SVG}text").text: group.get("class") for group in groups(tree, "node")}
    assert tones["x"] == "node pos"
    assert tones["y"] == "node neg"
    assert tones["z"] == "node zero"
    dashed = [group for group in groups(tree, "edge") if group.get("class") == "edge zero"]
    assert all(group.find(f"{SVG}path").get("stroke-dasharray") for group in dashed)
    assert len(dashed) == 1


def test_the_first_value_that_is_not_finite_is_marked_and_named():
    x = Value(0.0, label="x")
    bad = x.log()
    out = bad + 1.0
    out.backward()
    drawn = draw(out)
    assert "the first is the value of bad." in drawn.source
    heavy = re.findall(r'label="([^"]*)".*penwidth="3"', drawn.source)
    assert [label.split("\\n")[0] for label in heavy] == ["bad = log(x) !"]


def test_a_gradient_that_is_not_finite_is_traced_to_where_it_began():
    x = Value(0.0, label="x")
    y = x * 1.0
    root = y.sqrt()
    root.backward()
    assert diagnose(snapshot(root, {"y": y})).sentences(snapshot(root, {"y": y}))[0] == (
        "Not finite: x, y; the first is the gradient of y."
    )


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda x: (-x).relu(), "Dead (gradient exactly 0): x"),
        (lambda x: x * 1e-9, "Vanishing (below 1e-6 of the largest gradient): x."),
        (lambda x: x * 20.0 * 20.0 * 20.0 * 20.0 * 20.0, "Exploding (over many operations, above 1000 times the output's): x."),
        (lambda x: x.exp() - x.exp(), "Cancelled (contributions of both signs leave 0 or rounding noise): x."),
    ],
)
def test_the_caption_names_what_is_wrong(build, words):
    x = Value(1.0, label="x")
    out = build(x)
    out.backward()
    assert words in draw(out).summary


def test_a_healthy_graph_has_nothing_to_complain_about():
    *_, out = product()
    out.backward()
    assert diagnose(snapshot(out)).sentences(snapshot(out)) == []


def test_width_grows_with_the_logarithm_of_the_contribution():
    assert [width(c, 1.0) for c in (1.0, -1e-2, 1e-4, 1e-9, 0.0, math.inf)] == [4.0, 2.4, 0.8, 0.8, 0.8, 4.0]


def test_backward_flow_turns_the_arrows_in_the_same_layout():
    *_, out = product()
    out.backward()
    forward, backward = draw(out), draw(out, flow="backward")
    assert backward.edge_attr == {**forward.edge_attr, "dir": "back"}
    names = re.compile(r"_[0-9a-f]{8}")
    assert [names.sub("", line) for line in backward.body] == [names.sub("", line) for line in forward.body]


def test_lines_of_a_card_can_be_chosen():
    *_, out = product()
    assert sorted(cards(draw(out, show=("name",)))) == [["a"], ["b"], ["out = a * b"]]


def test_the_same_program_gives_the_same_bytes_in_every_process():
    code = (
        "from microgradx import OPS, Value, draw\nfrom microgradx.nn import MLP\n"
        "model = MLP(2, [4, 1], rng=1)\ny = model([1.0, 2.0])\ny = y[0] if isinstance(y, list) else y\n"
        "y.backward()\nd = draw(y)\nprint(d.source, d.svg())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, env={"PYTHONHASHSEED": seed}, check=True).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


HOSTILE = [
    '{a|b}<c>"d"\\&e:f\ng',
    "\\N\\G\\E\\T\\l",
    "</script><script>alert(1)</script>",
    '" onload="alert(1)',
    "&amp;&lt;&#60;",
    "<b>bold</b>",
    "\u65e5\u672c\u8a9e \u2207 \U0001f600",
    "x" * 10_000,
    "\x00\x1b\x7f\ud800\ufffe",
    "url(#a) id=\"b\" 'c'",
    "-->",
    "]]>",
    "\n",
    "%s {} $1 \\1",
]


ENGINES = ["embedded", pytest.param("system", marks=pytest.mark.skipif(shutil.which("dot") is None, reason="needs dot"))]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_are_shown_inertly(label, engine):
    x = Value(2.0, label=label)
    drawn = draw(x * x, engine=engine)
    tree = parsed(drawn)
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} <= {
        "svg", "g", "title", "desc", "polygon", "path", "text", "defs", "linearGradient", "stop",
    }  # fmt: skip
    assert not [name for element in tree.iter() for name in element.attrib if name.startswith("on") or "href" in name]
    assert label not in {value for element in tree.iter() for value in element.attrib.values()}
    assert "<script>alert" not in drawn.to_html()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_label_is_shown_letter_for_letter(engine):
    label = '{a|b}<c> \\N "d"&amp; \\n'
    drawn = draw(Value(2.0, label=label), engine=engine)
    assert cards(drawn)[0][0] == label
    titles = [group.find(f"{SVG}title").text for group in groups(parsed(drawn), "node")]
    assert titles[0].splitlines()[0] == label


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.text(min_size=1, max_size=40))
def test_any_label_gives_a_picture_that_parses(label):
    tree = parsed(draw(Value(1.0, label=label) * 2.0))
    assert len(groups(tree, "node")) == 2


def test_equal_drawings_give_equal_bytes_and_different_ones_share_no_id():
    a, _, out = product()
    assert draw(out).svg() == draw(out).svg()
    more = draw(out).copy()
    more.node("note")
    pictures = [draw(out).svg(), draw(out, theme="dark").svg(), draw(out + a).svg(), more.svg()]
    ids = re.findall(r'\bid="([^"]+)"', "".join(pictures))
    assert len(ids) == len(set(ids))
    for picture in pictures:
        assert set(re.findall(r"url\(#([^)]+)\)", picture)) <= set(ids)


def test_drawings_can_be_parts_of_one_graph():
    whole = graphviz.Digraph()
    whole.subgraph(draw(Value(1.0) * 2.0))
    whole.subgraph(draw(Value(2.0) * 3.0 + 1.0))
    assert len(set(re.findall(r"^\s*(n\d\w*) \[", whole.source, re.MULTILINE))) == 2 + 3


def test_the_node_of_a_value_can_be_asked_for():
    a, _, out = product()
    drawn = draw(out)
    assert f'id="{drawn.node_id(a)}"' in drawn.svg()
    drawn.edge(drawn.node_id(a), "note")
    assert len(groups(parsed(drawn), "edge")) == 3
    with pytest.raises(KeyError, match="is not in <Drawing of the gradient flow of out"):
        drawn.node_id(Value(1.0))


def test_every_reference_has_its_id():
    *_, out = product()
    made = draw(out).svg()
    ids = set(re.findall(r'\bid="([^"]+)"', made))
    assert set(re.findall(r"url\(#([^)]+)\)", made)) <= ids
    assert set(re.search(r'aria-labelledby="([^"]+)"', made)[1].split()) <= ids


def test_the_svg_has_a_title_and_a_summary_for_screen_readers():
    *_, out = product()
    out.backward()
    tree = parsed(draw(out))
    assert tree.get("role") == "img"
    assert tree.find(f"{SVG}title").text == "the gradient flow of out"
    assert tree.find(f"{SVG}desc").text == "3 values; output out = -6, gradient 1."


def test_tooltips_have_full_precision_and_the_source_line():
    x = Value(1.0 / 3.0, label="x")
    with detect_anomaly():
        y = x * x
    y.backward()
    titles = [group.find(f"{SVG}title").text for group in groups(parsed(draw(y)), "node")]
    assert any("gradient 0.6666666666666666" in title and "value 0.3333333333333333" in title for title in titles)
    assert any("test_drawing.py:" in title for title in titles)
    wires = [group.find(f"{SVG}title").text for group in groups(parsed(draw(y)), "edge")]
    assert wires[0].splitlines()[1:] == [
        "local derivative 0.3333333333333333", "upstream gradient 1", "contribution 0.3333333333333333",
    ]  # fmt: skip


def test_drawing_leaves_the_gradients_alone():
    a, b, out = product()
    out.backward()
    draw(out)
    draw(out, step=1)
    assert (a.grad, b.grad, out.grad) == (-3.0, 2.0, 1.0)


def test_steps_show_the_gradient_so_far():
    a, b, out = product()
    last = out + a
    assert sorted(lines[-1] for lines in cards(draw(last, step=0))) == ["grad -", "grad -", "grad -", "grad 1"]
    assert {lines[0]: lines[-1] for lines in cards(draw(last, step=1))}["a"] == "grad 1"
    assert {lines[0]: lines[-1] for lines in cards(draw(last, step=2))}["a"] == "grad -2"
    assert "Step 2 of 2: out passes its gradient on." in draw(last, step=2).source
    assert not any(node.reached for node in (a, b))


def test_grey_is_explained_only_where_many_are_one_card():
    *_, out = product()
    assert "grey" not in draw(out * 2.0, step=1).source
    assert "grey" not in draw(out * 2.0, constants=True).source


def test_a_step_beyond_the_pass_is_refused():
    *_, out = product()
    with pytest.raises(ValueError, match=r"step=2, but this backward pass has steps 0 \(the seed\) to 1"):
        draw(out, step=2)


def test_a_second_derivative_is_a_graph_like_any_other():
    x = Value(2.0, label="x")
    (slope,) = gradient(x**3, [x], create_graph=True)
    slope.backward()
    assert ["x", "2", "grad 12"] in cards(draw(slope))


def test_an_operation_of_ones_own_is_drawn_by_its_name():
    cube = primitive("cube_for_drawing", "cube({})", lambda a: a * a * a, lambda a, out: 3.0 * a * a)
    del OPS[cube.name]
    y = cube(Value(2.0, label="x"))
    assert "y = cube(x)" in [lines[0] for lines in cards(draw(y))]


def test_the_auto_theme_follows_the_readers_system():
    *_, out = product()
    assert "prefers-color-scheme:dark" in draw(out, theme="auto").svg()
    assert "<style>" not in draw(out, theme="dark").svg()
    assert '#0d1117' in draw(out, theme="dark").svg()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"edges": "all"}, "edges='all' is not known: write one of 'local', 'chain', 'none'"),
        ({"flow": "up"}, "flow='up' is not known"),
        ({"theme": "pink"}, "theme='pink' is not known"),
        ({"rankdir": "XY"}, "rankdir='XY' is not known"),
        ({"detail": 3}, "detail=3 is not known"),
        ({"show": ["data"]}, "show='data' is not known: write one of 'name', 'value', 'grad'"),
        ({"depth": -1}, "depth=-1 is not a count of operations: write 0 for the output alone"),
        ({"module": "layers[9]"}, r"no module 'layers\[9\]' in this graph; it has none"),
    ],
)
def test_an_option_that_cannot_be_is_refused_with_what_can(options, message):
    *_, out = product()
    with pytest.raises(ValueError, match=message):
        draw(out, **options)


def test_a_drawing_can_be_pickled():
    *_, out = product()
    drawn = draw(out)
    twin = pickle.loads(pickle.dumps(drawn))
    assert (twin.source, twin.summary) == (drawn.source, drawn.summary)


def test_something_else_than_a_value_is_refused():
    with pytest.raises(TypeError, match=r"draw needs a Value or a program, got 3\.0: draw the result of an expression"):
        draw(3.0)




def test_a_notebook_gets_the_svg_and_a_line_of_text():
    *_, out = product()
    bundle = draw(out)._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle["text/plain"] == "<Drawing of the gradient flow of out: 3 values; output out = -6, gradient 1.>"
    assert list(draw(out)._repr_mimebundle_(include=["text/plain"])) == ["text/plain"]


def test_a_notebook_without_any_engine_gets_a_hint_and_no_traceback(monkeypatch):
    monkeypatch.setenv("MICROGRADX_GRAPHVIZ", "/nowhere/dot")
    *_, out = product()
    bundle = draw(out)._repr_mimebundle_()
    assert "image/svg+xml" not in bundle
    assert "cannot draw SVG on this machine" in bundle["text/plain"]


@pytest.mark.parametrize("suffix", ["svg", "dot", "gv", "html"])
def test_saving_chooses_by_suffix_and_leaves_no_other_file(tmp_path, suffix):
    *_, out = product()
    path = tmp_path / f"picture.{suffix}"
    assert draw(out).save(path) == str(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    begins = {"svg": "<svg", "dot": "digraph", "gv": "digraph", "html": "<!doctype html>"}[suffix]
    assert path.read_text().startswith(begins)


def test_png_is_made_without_dot(tmp_path, monkeypatch):
    pytest.importorskip("resvg_py")
    monkeypatch.setenv("PATH", "")
    *_, out = product()
    draw(out).save(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_pdf_without_dot_says_what_to_install_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "svglib.svglib", None)
    *_, out = product()
    with pytest.raises(RendererUnavailable, match=r"pip install 'microgradx\[pdf\]'; or install Graphviz"):
        draw(out).save(tmp_path / "picture.pdf")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_suffix_is_refused(tmp_path):
    *_, out = product()
    with pytest.raises(ValueError, match=r"unknown file type '\.doc' of .*picture\.doc.*: end the name in \.svg, "):
        draw(out).save(tmp_path / "picture.doc")


def test_a_failing_write_keeps_the_old_file(tmp_path, monkeypatch):
    *_, out = product()
    path = tmp_path / "picture.svg"
    path.write_text("old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "disk full")))
    with pytest.raises(OSError, match=r"disk full: .*picture\.svg'$"):
        draw(out).save(path)
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_render_and_pipe_are_those_of_the_graphviz_package_and_need_no_dot(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    *_, out = product()
    drawn = draw(out)
    assert drawn.render(tmp_path / "graph.gv") == str(tmp_path / "graph.gv.svg")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["graph.gv", "graph.gv.svg"]
    assert drawn.pipe().startswith(b"<svg")
    assert drawn.pipe(format="svg", encoding="utf-8").startswith("<svg")


def test_a_copy_can_be_added_to_without_changing_the_drawing():
    *_, out = product()
    drawn = draw(out)
    twin = drawn.copy()
    twin.node("extra")
    assert "extra" in twin.source
    assert "extra" not in drawn.source
    assert twin.summary == drawn.summary


def test_the_page_is_self_contained_and_knows_the_wires():
    a, b, out = product()
    drawn = draw(out)
    page = drawn.to_html()
    wires = json.loads(re.search(r'id="wires">(.*?)</script>', page)[1])
    names = [drawn.node_id(value) for value in (a, b, out)]
    assert [ends[1:] for ends in wires] == [[names[0], names[2]], [names[1], names[2]]]
    assert all(f'id="{wire}"' in page for wire, *_ in wires)
    assert "default-src 'none'" in page
    assert not re.findall(r'(?:src|href)="?http', page)


@pytest.mark.parametrize("template", ["{} @ {}", "{}{}{}", "{}{}", "{} } {}"])
def test_an_operation_that_is_not_written_like_python_is_a_call_on_its_card(template, monkeypatch):
    monkeypatch.setattr(statement, "OPS", {})
    odd = primitive("odd", template, lambda a, b: a + b, lambda a, b, out: 1.0, lambda a, b, out: 1.0)
    L = odd(Value(1.0), Value(2.0))
    assert 'label="L = odd(1, 2)\\n3' in draw(L).source


def test_an_expression_can_be_read_back_from_the_titles():
    P, q, r, x = (Value(v, n) for n, v in {"P": 1.0, "q": 0.1, "r": 0.5, "x": 3.0}.items())
    S = P + q + r
    K = (P + q) / S
    S.label, K.label = "S", "K"
    out = K ** (x - 2) - x / -1.7
    found = [lines[0] for lines in cards(draw(out))]
    assert {"S = P + q + r", "K = (P + q) / S", "x - 2", "x / -1.7", "K**(x - 2)"} <= set(found)
    assert "out = K**(x - 2) - x/-1.7" in found


def test_where_a_formula_has_no_room_gaps_stand_for_its_operands():
    a = Value(2.0, "a_rather_long_name_of_a_value")
    out = (a * a - a * 3.0) / (a * a + a * 5.0)
    assert max(len(lines[0]) for lines in cards(draw(out))) <= 30
    assert "out = _ / _" in [lines[0] for lines in cards(draw(out))]


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@pytest.mark.parametrize("swapped", [False, True])
def test_the_first_operand_is_drawn_first_where_the_order_matters(rankdir, swapped):
    a, b = Value(2.0, "a"), Value(3.0, "b")
    first, second = a.exp(), b.exp()
    out = second - first if swapped else first - second
    drawn = draw(out, rankdir=rankdir)
    at = {}
    for group in groups(parsed(drawn), "node"):
        x, y = (float(group.find(f"{SVG}text").get(axis)) for axis in "xy")
        at[group.get("id")] = x if rankdir == "TB" else y
    assert (at[drawn.node_id(first)] < at[drawn.node_id(second)]) != swapped


def test_no_title_is_made_by_writing_the_whole_graph_again_and_again():
    y = Value(1.0, "x")
    for _ in range(3_000):
        y = y * 1.001 + 0.1
    flow = snapshot(y)
    assert max(len(Titles(flow).of(place)) for place in range(2_900, 3_000)) <= 30
