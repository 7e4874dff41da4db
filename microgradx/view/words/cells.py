"""The parts of a block as HTML for a cell of a notebook: plain tables that take its colours, and that an untrusted one keeps."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ...tables import printable
from .terminal import Ends, Part, TableRows


def set_in_cells(parts: Iterable[Part]) -> str:
    """The HTML of a block whose first line stands out.

    >>> set_in_cells(["title", "a < b"])
    '<div><p><b>title</b></p><p>a &lt; b</p></div>'
    """
    title, *rest = map(part_html, parts)
    return f"<div>{title.replace('<p>', '<p><b>', 1).replace('</p>', '</b></p>', 1)}{''.join(rest)}</div>"


def part_html(part: Part) -> str:
    """A sentence, a line with two ends, or a table."""
    if isinstance(part, TableRows):
        tags = ["th", *["td"] * (len(part.cells) - 1)]
        return cells_html(
            [cell_html(text_html(cell), kind, tag) for cell, kind in zip(row, part.kinds, strict=True)]
            for row, tag in zip(part.cells, tags, strict=True)
        )
    if isinstance(part, Ends):
        return f"<p>{text_html(part.left)}{f' &emsp; {text_html(part.right)}' if part.right else ''}</p>"
    return f"<p>{text_html(part)}</p>"


def text_html(text: str) -> str:
    """A text with its signs made harmless and its wide gaps kept."""
    return escape(printable(text).strip()).replace("   ", " &emsp; ")


def cell_html(html: str, kind: str = "<", tag: str = "td") -> str:
    """A cell with its side said, as notebooks differ in that, and a blank in front, as some set none between columns."""
    side = "style=text-align:left" if kind == "<" else "style=text-align:right"
    return f"<{tag} {side}>{'&ensp;' if html else ''}{html}</{tag}>"


def cells_html(rows: Iterable[Iterable[str]]) -> str:
    """A table of cells."""
    return "<table>" + "".join(f"<tr>{''.join(row)}</tr>" for row in rows) + "</table>"
