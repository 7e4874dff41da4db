"""A drawing everywhere: one picture in all readers of SVG, other formats after pip alone, and what a Digraph promises."""

from __future__ import annotations

import io
import re
import shutil
import sys

import pytest

from microgradx import Value, draw
from microgradx.view.layout.renderers import RendererUnavailable
from microgradx.view.theme import DARK, LIGHT


def built() -> Value:
    a, b, c = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c")
    return (a * b + c).tanh() * c - a / b


def colours(png: bytes) -> set[tuple[int, int, int]]:
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(png)).convert("RGB")
    return {colour for count, colour in image.getcolors(1 << 24) if count > 20}


def rgb(colour: str) -> tuple[int, int, int]:
    return tuple(int(colour[k : k + 2], 16) for k in (1, 3, 5))


def with_resvg(svg: str) -> bytes:
    return bytes(pytest.importorskip("resvg_py").svg_to_bytes(svg_string=svg, dpi=96, zoom=2))


def with_cairo(svg: str) -> bytes:
    try:
        import cairosvg
    except (ImportError, OSError):
        pytest.skip("needs cairosvg and the library cairo")
    return bytes(cairosvg.svg2png(bytestring=svg.encode(), scale=2))


def with_svglib(svg: str) -> bytes:
    pdf = pytest.importorskip("pypdfium2").PdfDocument(drawn_pdf())
    buffer = io.BytesIO()
    pdf[0].render(scale=2).to_pil().save(buffer, "PNG")
    return buffer.getvalue()


def drawn_pdf() -> bytes:
    pytest.importorskip("svglib")
    return draw(built()).pipe("pdf")


@pytest.mark.parametrize("read", [with_resvg, with_cairo, with_svglib])
def test_every_reader_paints_cards_strips_and_labels(read):
    seen = colours(read(draw(built()).svg()))
    for tone in ("pos", "neg"):
        assert {rgb(shade) for shade in LIGHT.tones[tone]} <= seen
    assert rgb(LIGHT.card) in seen
    assert rgb(LIGHT.ink) in seen


def test_the_label_of_a_wire_is_seen_by_readers_of_svg_1_1():
    bare, labelled = (with_cairo(draw(built(), edges=edges, caption=False).svg()) for edges in ("none", "local"))
    assert rgb(LIGHT.faint) in colours(labelled)
    assert rgb(LIGHT.faint) not in colours(bare)


def test_nothing_in_the_svg_is_beyond_svg_1_1():
    svg = draw(built()).svg()
    assert not re.search(r"paint-order|linearGradient|url\(|context-stroke|<style", svg)


def test_pdf_is_vector_with_every_font_embedded_and_needs_no_program(monkeypatch, tmp_path):
    pytest.importorskip("svglib")
    monkeypatch.setenv("PATH", "")
    draw(built(), theme="auto").save(tmp_path / "x.pdf")
    data = (tmp_path / "x.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    fonts = re.findall(rb"/BaseFont (/\S+)", data)
    assert set(fonts) == {b"/AAAAAA+DejaVuSans", b"/AAAAAA+DejaVuSansMono"}
    assert data.count(b"/FontFile2") == len(fonts)
    assert b"/Subtype /Image" not in data
    text = pytest.importorskip("pypdfium2").PdfDocument(data)[0].get_textpage().get_text_range()
    assert {"grad", "*0.9993", "a", "10.66"} <= set(text.split())


def test_a_pdf_has_the_letters_of_a_text_on_backprop():
    pytest.importorskip("svglib")
    theta, x = Value(2.0, "θ₁"), Value(-3.0, "x₁")
    data = draw(theta * x, caption=False).pipe("pdf")
    text = pytest.importorskip("pypdfium2").PdfDocument(data)[0].get_textpage().get_text_range()
    assert {"θ₁", "x₁"} <= set(text.split())


def test_a_letter_that_the_fonts_of_a_pdf_do_not_have_is_named(tmp_path):
    pytest.importorskip("svglib")
    said = "a PDF cannot show '中' of '中x': its font, DejaVu Sans, does not have that letter; write another one, or save an .svg"
    with pytest.raises(ValueError, match=said):
        draw(Value(2.0, "中x") * 3.0).save(tmp_path / "x.pdf")
    assert not list(tmp_path.iterdir())


def test_text_in_a_pdf_stays_inside_its_card():
    pytest.importorskip("svglib")
    data = draw(Value(2.0, "a_weight_MW_of_many_letters"), caption=False).pipe("pdf")
    page = pytest.importorskip("pypdfium2").PdfDocument(data)[0]
    text, margin = page.get_textpage(), 10.8 + 2.0  # points around the only card, and some air
    boxes = [text.get_charbox(k) for k in range(text.count_chars())]
    assert min(box[0] for box in boxes) > margin
    assert max(box[2] for box in boxes) < page.get_size()[0] - margin


@pytest.mark.parametrize(("format", "begins"), [("png", b"\x89PNG"), ("jpg", b"\xff\xd8"), ("jpeg", b"\xff\xd8")])
def test_pictures_of_pixels_need_no_program(format, begins, monkeypatch, tmp_path):
    pytest.importorskip("resvg_py")
    pytest.importorskip("PIL")
    monkeypatch.setenv("PATH", "")
    path = draw(built(), theme="dark").save(tmp_path / f"x.{format}")
    data = (tmp_path / f"x.{format}").read_bytes()
    assert data.startswith(begins)
    assert path.endswith(format)
    if format == "png":
        assert rgb(DARK.background) in colours(data)


def test_a_png_that_nobody_can_look_at_is_refused(tmp_path):
    y = Value(1.0)
    for _ in range(200):
        y = (y * 1.001).tanh()
    with pytest.raises(ValueError, match=r"the PNG would have [\d,]+ x [\d,]+ pixels, more than the 16,000"):
        draw(y, detail="values", rankdir="LR").save(tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


def test_the_format_of_a_digraph_is_kept(monkeypatch, tmp_path):
    pytest.importorskip("resvg_py")
    monkeypatch.setenv("PATH", "")
    drawn = draw(built())
    drawn.format = "png"
    assert drawn.pipe().startswith(b"\x89PNG")
    assert drawn.render(tmp_path / "g.gv") == str(tmp_path / "g.gv.png")


def test_the_engine_of_a_digraph_lays_out():
    drawn = draw(built())
    usual = drawn.svg()
    drawn.engine = "neato"
    assert drawn.svg() != usual
    assert drawn.svg().count('class="node') == usual.count('class="node')
    with pytest.raises(ValueError, match="unknown engine: 'nato'"):
        drawn.engine = "nato"


def test_attributes_of_a_digraph_hold():
    drawn = draw(built())
    drawn.graph_attr["bgcolor"] = "#123456"
    drawn.node_attr["fontcolor"] = "#abcdef"
    drawn.edge_attr["dir"] = "both"
    made = drawn.svg()
    assert 'fill="#123456"' in made
    assert 'fill="#abcdef"' in made
    assert made.count("<polygon") > draw(built()).svg().count("<polygon")


def test_a_caption_of_ones_own_replaces_the_drawings():
    drawn = draw(built())
    drawn.graph_attr["label"] = "mine alone"
    assert "mine alone" in drawn.svg()
    assert "Blue: raising it raises" not in drawn.svg()


def test_a_link_that_a_user_adds_stays_and_one_that_runs_code_is_refused():
    drawn = draw(built())
    drawn.node("more", URL="https://example.org/a?b=c")
    assert '<a href="https://example.org/a?b=c">' in drawn.svg()
    drawn.node("evil", URL="javascript:alert(1)")
    with pytest.raises(ValueError, match=r"URL='javascript:alert\(1\)' of a drawing is not an address to go to"):
        drawn.svg()


@pytest.mark.skipif(shutil.which("dot") is not None, reason="dot shows HTML-like labels")
def test_an_html_label_is_refused_where_it_cannot_be_shown():
    drawn = draw(built())
    drawn.node("more", label="<<b>bold</b>>")
    with pytest.raises(RendererUnavailable, match="no parser for HTML-like labels"):
        drawn.svg()


def test_a_label_that_looks_like_html_is_text():
    assert "=<b>" in draw(Value(1.0, label='x" =<b>') * 2.0).svg().replace("&lt;", "<").replace("&gt;", ">")


@pytest.mark.parametrize("gibibytes", [1, 2])
def test_a_small_graph_is_laid_out_in_a_process_of_little_memory(gibibytes):
    resource = pytest.importorskip("resource")
    import subprocess

    code = "from microgradx import Value, draw; print(len(draw(Value(2.0) * 2).svg()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (gibibytes << 30, gibibytes << 30)),
    )
    assert done.returncode == 0, done.stderr
