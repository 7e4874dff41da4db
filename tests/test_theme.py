"""One palette: a theme is written once and serves drawings, animations, pages, Mermaid and plots."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import microgradx
from microgradx import Value, animate, draw, mermaid, nn, stepper
from microgradx.cli import main
from microgradx.view import theme

PACKAGE = Path(microgradx.__file__).parent
COLOUR = re.compile(r"#(?:[0-9a-fA-F]{6}\b|[0-9a-fA-F]{3}(?=[\"',\s]))")
DOCSTRING = re.compile(r'r?""".*?"""', re.DOTALL)  # a doctest may show what comes out


def test_colours_are_written_in_one_file():
    files = [path for kind in ("py", "css", "js", "html") for path in PACKAGE.rglob(f"*.{kind}")]
    written = {path.name for path in files if COLOUR.search(DOCSTRING.sub("", path.read_text(encoding="utf-8")))}
    assert written == {"theme.py"}


def product():
    x = Value(2.0, "x")
    y = x * -3.0
    y.backward()
    return y


def test_a_new_theme_is_one_entry_and_serves_everything(monkeypatch, tmp_path, capsys):
    tones = {**theme.LIGHT.tones, "neg": ("#123456", "#FEDCBA")}
    sepia = replace(theme.LIGHT, background="#F4ECD8", tones=tones)
    monkeypatch.setitem(theme.THEMES, "sepia", sepia)
    y = product()
    assert "#f4ecd8" in draw(y, theme="sepia").svg()
    assert "--background:#F4ECD8" in draw(y, theme="sepia").to_html()
    animate(y, tmp_path / "pass.svg", theme="sepia")
    assert "#123456" in (tmp_path / "pass.svg").read_text()
    assert "fill:#FEDCBA" in mermaid(y, theme="sepia")
    page = stepper(y).to_html(tmp_path / "page.html", theme="sepia").read_text()
    assert '<html lang="en" data-theme="sepia">' in page
    assert " / ".join(name for name in theme.THEMES if name != "auto") in page
    (tmp_path / "step.html").write_text("old")
    assert main(["step", "a*a", "a=3", "-o", str(tmp_path / "step.html"), "-f", "--theme", "sepia"]) == 0
    assert ":root{--background:#F4ECD8" in (tmp_path / "step.html").read_text()
    assert main(["play", "lecture", "-o", str(tmp_path / "play.html"), "--theme", "sepia"]) == 0
    assert ":root{--background:#F4ECD8" in (tmp_path / "play.html").read_text()
    trained = nn.play(nn.MLP(2, [2, 1], rng=0), *nn.data.moons(20), epochs=2, theme="sepia")
    assert ":root{--background:#F4ECD8" in trained.html
    with pytest.raises(SystemExit):
        main(["draw", "--help"])
    assert "--theme {" + ",".join(theme.THEMES) + "}" in capsys.readouterr().out
    assert "--neg:#123456" in stepper(y).to_html(tmp_path / "page.html").read_text()
    pytest.importorskip("matplotlib")
    figure = nn.plots.losses({"run": [1.0, 0.5]}, theme="sepia", title="loss")
    assert figure.get_facecolor() == pytest.approx((0xF4 / 255, 0xEC / 255, 0xD8 / 255, 1.0))


@pytest.mark.parametrize(
    "use",
    [
        lambda y: draw(y, theme="pink"),
        lambda y: mermaid(y, theme="pink"),
        lambda y: animate(y, "x.svg", theme="pink"),
        lambda y: stepper(y).to_html("x.html", theme="pink"),
        lambda y: nn.play(nn.MLP(2, [1]), [[0.0, 1.0]], [1.0], theme="pink"),
    ],
    ids=["draw", "mermaid", "animate", "page", "play"],
)
def test_a_theme_that_is_not_there_is_refused_alike_everywhere(use):
    with pytest.raises(ValueError, match=f"theme='pink' is not known: write one of {', '.join(map(repr, theme.THEMES))}"):
        use(product())


def test_an_animation_follows_the_readers_system_like_a_drawing(tmp_path):
    animate(product(), tmp_path / "pass.svg")
    assert "prefers-color-scheme:dark" in (tmp_path / "pass.svg").read_text()
    animate(product(), tmp_path / "dark.svg", theme="dark")
    assert "prefers-color-scheme" not in (tmp_path / "dark.svg").read_text()


def test_dark_plots_have_light_text(tmp_path):
    pytest.importorskip("matplotlib")
    figure = nn.plots.losses({"run": [1.0, 0.5]}, theme="dark", title="loss")
    (axes,) = figure.axes
    texts = [axes.xaxis.label, axes.yaxis.label, *figure.legends[0].get_texts()]
    assert {text.get_color() for text in texts} == {theme.DARK.ink}
    assert axes.lines[0].get_color() == theme.SERIES[0]
