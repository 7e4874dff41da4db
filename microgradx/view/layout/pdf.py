"""The PDF of an SVG: lines and letters by svglib, every font embedded, so that a publisher can print it."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as xml
from functools import lru_cache
from pathlib import Path
from typing import Any

EMBEDDED_FONTS = {"Helvetica": ("DejaVu Sans", "DejaVuSans.ttf", 0.9), "Courier": ("DejaVu Sans Mono", "DejaVuSansMono.ttf", 1.0)}
"""What stands for a font that cannot be embedded: its name, its file in matplotlib, and the size at which it is as wide."""


def pdf(svg: str) -> bytes:
    """The PDF of an SVG text, by svglib and the fonts of matplotlib (the `pdf` extra).

    ValueError for a letter that these fonts do not have; a reader of the file would see a box in its place.
    """
    from reportlab.graphics import renderPDF
    from reportlab.pdfgen.canvas import Canvas
    from svglib.svglib import svg2rlg

    letters = _embedded()
    root = xml.fromstring(re.sub(r"<style>.*?</style>", "", svg, flags=re.DOTALL))  # dark is for screens
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        family = text.get("font-family", "").partition(",")[0]
        if family in EMBEDDED_FONTS:
            name, _, scale = EMBEDDED_FONTS[family]
            text.set("font-family", name)
            text.set("font-size", f"{float(text.get('font-size', '11')) * scale:g}")
            _refuse_unknown_letters("".join(text.itertext()), letters[name], name)
    drawing = svg2rlg(io.BytesIO(xml.tostring(root)))

    class Embedding(Canvas):  # type: ignore[misc]  # its base class is untyped
        def setFont(self, psfontname: str, *size: Any, **leading: Any) -> None:  # the renderer begins with Helvetica
            super().setFont(EMBEDDED_FONTS[psfontname][0] if psfontname in EMBEDDED_FONTS else psfontname, *size, **leading)

    buffer = io.BytesIO()
    canvas = Embedding(buffer, pagesize=(drawing.width, drawing.height), initialFontName=EMBEDDED_FONTS["Helvetica"][0])
    renderPDF.draw(drawing, canvas, 0, 0)
    canvas.save()
    return buffer.getvalue()


@lru_cache(maxsize=1)
def _embedded() -> dict[str, frozenset[int]]:
    """The letters of each font that is embedded, after svglib and reportlab were told of it."""
    import matplotlib
    from reportlab.pdfbase import pdfmetrics
    from svglib.fonts import register_font

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    for name, file, _ in EMBEDDED_FONTS.values():
        register_font(name, str(folder / file), rlgFontName=name)
    return {name: frozenset(pdfmetrics.getFont(name).face.charToGlyph) for name, _, _ in EMBEDDED_FONTS.values()}


def _refuse_unknown_letters(text: str, known: frozenset[int], font: str) -> None:
    unknown = next((letter for letter in text if letter.isprintable() and ord(letter) not in known), None)
    if unknown:
        raise ValueError(
            f"a PDF cannot show {unknown!r} of {text!r}: its font, {font}, does not have that letter; write another one, or save "
            "an .svg or .png"
        )
