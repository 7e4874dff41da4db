"""`microgradx draw`, and the demo that makes the gallery."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from microgradx import Value, animate, draw, nn, stepper
from microgradx.cli import main
from microgradx.view.drawing.options import DETAILS, FLOWS, ON_WIRES
from microgradx.view.html_page import HtmlPage
from microgradx.view.theme import THEMES

ROOT = Path(__file__).parent.parent
GALLERY = runpy.run_path(str(ROOT / "demos" / "drawing.py"))["GALLERY"]


def test_the_command_writes_a_file_and_says_what_is_in_it(tmp_path, capsys):
    path = tmp_path / "g.svg"
    assert main(["draw", "(a*b + c)*f", "a=2", "b=-3", "c=10", "f=-2", "-o", str(path)]) == 0
    assert path.read_text().startswith("<svg")
    assert capsys.readouterr().out == f"{path}: 7 values; output out = -8, gradient 1.\n"


def test_the_command_knows_the_options_of_draw(tmp_path, capsys):
    path = tmp_path / "g.svg"
    graph = ["draw", "(a*b + c)*f", "a=2", "b=-3", "c=10", "f=-2", "-f", "-o", str(path)]
    assert main([*graph, "--rankdir", "TB", "--path", "a", "--for", "paper"]) == 0
    assert "Only what lies on a path from a." in capsys.readouterr().out
    assert main([*graph, "--step", "1"]) == 0
    assert "Step 1 of 3" in capsys.readouterr().out
    assert main([*graph, "--depth", "1", "--engine", "embedded"]) == 0
    assert "Up to 1 operation from the output" in capsys.readouterr().out
    assert main([*graph, "--module", "L0"]) == 2
    assert "no module 'L0' in this graph" in capsys.readouterr().err


NETWORK = """
from microgradx import Value, nn

model = nn.MLP(2, [3, 1], rng=1)
out = model([Value(0.5, label="x1"), Value(-1.0, label="x2")])
loss = (out - 1) ** 2
"""


def test_the_command_writes_its_options_as_a_shell_has_them(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small_network.py").write_text(NETWORK)
    draws = ["draw", "small_network.py:loss", "-f", "-o", "x.svg"]
    assert main([*draws, "--for", "paper", "--detail", "full"]) == 0
    assert re.search(r"^microgradx: on a page of 336 x 864 .* can be read: --detail neurons fits\n$", capsys.readouterr().err)
    shown = (tmp_path / "x.svg").read_text()
    assert ">loss = (out - 1)**2<" in shown
    assert "_: a value without a name" in shown
    assert main(["draw", "small_network.py:model", "-f", "-o", "model.svg"]) == 0
    assert ">out = _ + L1.n0.b<" in (tmp_path / "model.svg").read_text()
    capsys.readouterr()
    assert main([*draws, "--detail", "neurons"]) == 0
    assert "To open: --module L1.n0 or --detail full." in capsys.readouterr().out
    assert "--module L1.n0 or --detail full." in (tmp_path / "x.svg").read_text()


def test_a_model_without_inputs_says_that_they_were_chosen(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "only_model.py").write_text("from microgradx import nn\nmodel = nn.MLP(2, [2, 1], rng=1)\n")
    assert main(["draw", "only_model.py:model", "-o", "x.svg"]) == 0
    assert "only_model.py:model is called with ones" in capsys.readouterr().err
    model = nn.MLP(2, [2, 1], rng=1)
    assert "Its inputs are ones, as none were given." in draw(model).caption
    assert "Its inputs are ones, as none were given." not in draw(model, [1.0, 1.0]).caption


def test_the_command_without_a_file_prints_the_tree(capsys):
    assert main(["draw", "a*a", "a=3"]) == 0
    assert capsys.readouterr().out == "out = a * a = 9, grad 1\n  a = 3, grad 6\n  a: above\n"


def test_a_wrong_word_is_refused_before_a_file_that_is_there_is_spoken_of(capsys, tmp_path):
    (tmp_path / "g.svg").write_text("old")
    for option, words in (("--theme", THEMES), ("--edges", ON_WIRES), ("--flow", FLOWS), ("--detail", DETAILS)):
        with pytest.raises(SystemExit):
            main(["draw", "a*a", "a=3", option, "pink", "-o", str(tmp_path / "g.svg")])
        assert f"argument {option}: there is no 'pink': choose one of {', '.join(words)}\n" in capsys.readouterr().err
    assert main(["draw", "a*a", "a=3", "-o", "g.doc"]) == 2
    assert "end the name in .svg" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(GALLERY))
def test_each_picture_of_the_gallery_is_drawn_light_and_dark(name, tmp_path):
    for theme in ("light", "dark"):
        GALLERY[name](theme).save(tmp_path / f"{name}.svg")
        assert (tmp_path / f"{name}.svg").read_text().count('class="node') > 1


def test_the_picture_of_the_readme_is_what_its_lines_make_without_any_program(tmp_path, monkeypatch):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    exec(code, {})
    pictures = Path("pass.svg"), ROOT / "demos" / "pass.svg"
    made, kept = (re.findall(r">([^<>]+)</(?:text|title)>", picture.read_text()) for picture in pictures)
    assert made == kept
    assert len(made) > 40


def test_the_layer_of_the_readme_is_the_one_of_the_gallery():
    made = GALLERY["layer"]("auto").svg()
    assert re.findall(r">([^<>]+)</(?:text|title)>", made) == re.findall(
        r">([^<>]+)</(?:text|title)>", (ROOT / "demos" / "layer.svg").read_text()
    )


def test_a_path_that_cannot_be_written_is_named_as_it_was_given(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    path = tmp_path / ("x" * 300 + ".svg")
    assert main(["draw", "a*a", "a=3", "-o", str(path)]) == 2
    assert capsys.readouterr().err == f"microgradx: File name too long: '{path}'\n"
    assert [left.name for left in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--module", "L9"), "no module 'L9'"),
        (("--depth", "-1"), "depth=-1"),
        (("--path", "q"), "'q'"),
        (("--step", "99"), "step=99"),
        (("--engine", "neato"), "engine 'neato'"),
    ],
)
def test_a_wrong_option_is_told_before_a_file_that_is_there(tmp_path, capsys, option, said):
    path = tmp_path / "there.svg"
    path.write_text("kept")
    assert main(["draw", "a*b", "a=2", "b=3", "-o", str(path), *option]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "already exists" not in told
    assert path.read_text() == "kept"


@pytest.mark.parametrize(
    ("keyword", "write"),
    [("direction", "rankdir="), ("orientation", "rankdir="), ("fold", "detail="), ("page", "for_="), ("rankdr", "rankdir=")],
)
def test_a_word_of_other_tools_is_answered_with_ours(keyword, write):
    with pytest.raises(TypeError, match=f"draw has no argument '{keyword}': .*{write}"):
        draw(Value(2.0) * 3.0, **{keyword: "TB"})


LECTURE = ["(a*b + c)*f", "a=2", "b=-3", "c=10", "f=-2"]


def test_the_pass_moves_from_a_shell_too(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["draw", *LECTURE, "--animate", "-o", "pass.svg"]) == 0
    assert capsys.readouterr().out == "pass.svg: the backward pass of out, moving\n"
    assert "@keyframes" in Path("pass.svg").read_text()
    assert main(["draw", *LECTURE, "--animate", "-o", "-"]) == 0
    assert capsys.readouterr().out == Path("pass.svg").read_text()
    assert main(["draw", *LECTURE, "--animate", "-o", "pass.png"]) == 2
    assert "end the name in .svg" in capsys.readouterr().err
    assert main(["draw", *LECTURE, "--animate", "--depth", "2", "-o", "new.svg"]) == 2
    assert "--depth does not go with --animate" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["pass.svg"]


def test_a_caption_can_be_left_out_and_a_page_has_any_size(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, more in (("plain.svg", ["--no-caption"]), ("told.svg", []), ("sized.svg", ["--for", "320x900"])):
        assert main(["draw", *LECTURE, *more, "-o", name]) == 0
    assert "Blue" not in Path("plain.svg").read_text()
    assert "Blue" in Path("told.svg").read_text()
    assert Path("sized.svg").is_file()
    for wrong, told in (("redme", "did you mean readme?"), ("0.5x3", "or write a size such as 320x900")):
        with pytest.raises(SystemExit):
            main(["draw", *LECTURE, "--for", wrong])
        assert told in capsys.readouterr().err


def test_pages_are_not_written_into_files_of_other_kinds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = Value(2.0, "x")
    s = stepper(x * x)
    for write in (s.to_html, HtmlPage("<p>").save):
        with pytest.raises(ValueError, match=r"'g\.svg' would hold a page of HTML: end the name in \.html"):
            write("g.svg")
    with pytest.raises(ValueError, match=r"got '': write for example animate\(y, 'pass\.svg'\)"):
        animate(x * x)
    assert list(tmp_path.iterdir()) == []
