"""Pictures other than SVG, made from the SVG: PNG and JPEG by resvg, PDF by svglib, or else by the system's `dot`."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from .pdf import pdf
from .renderers import RendererUnavailable, lay_out, unavailable

PICTURES = ("png", "jpg", "jpeg", "pdf")
DOTS_PER_INCH = 144  # of PNG files: twice Graphviz's 72 points, sharp on today's screens
MOST_PIXELS = 16_000  # wide or tall: browsers and readers show no more


def picture_of(svg: str, format: str, dot: str, engine: str | None, program: str) -> bytes:
    """The picture of an SVG text, or of the DOT text it was made from where no library but `dot` is there.

    A drawing that would be more than 16,000 pixels wide or tall is refused: nobody could read it.
    """
    if format != "pdf":
        _refuse_strips(svg, format)
    try:
        return MAKERS[format](svg)
    except (ImportError, OSError) as error:  # OSError: a wheel of another kind of machine
        tried = str(error)
    try:
        return lay_out(dot, format, engine, program=program)
    except RendererUnavailable as error:
        raise RendererUnavailable(unavailable(format, [tried, *error.tried])) from None


def png(svg: str) -> bytes:
    """The PNG of an SVG text, by resvg (the `png` extra)."""
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, dpi=96, zoom=DOTS_PER_INCH / 72))


def jpeg(svg: str) -> bytes:
    """The JPEG of an SVG text: its PNG, written again by Pillow."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.open(io.BytesIO(png(svg))).convert("RGB").save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


MAKERS: dict[str, Callable[[str], bytes]] = {"png": png, "jpg": jpeg, "jpeg": jpeg, "pdf": pdf}


def _refuse_strips(svg: str, format: str) -> None:
    size = re.search(r'width="(\d+)pt" height="(\d+)pt"', svg)
    if size and max(map(int, size.groups())) * DOTS_PER_INCH / 72 > MOST_PIXELS:
        wide, tall = (int(side) * DOTS_PER_INCH // 72 for side in size.groups())
        raise ValueError(
            f"the {format.upper()} would have {wide:,} x {tall:,} pixels, more than the {MOST_PIXELS:,} that can be shown: "
            "draw less of it with detail='auto', path= or depth=, or save an .svg or .html"
        )
