"""Text in columns: how wide it is, how it is cut, and rows of cells as aligned lines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

WIDTH = 80
"""Columns of a terminal."""


def printable(text: str) -> str:
    r"""The text with everything that could break a line or drive a terminal written as an escape.

    >>> printable("a\nb\x1b[31m")
    'a\\nb\\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def columns(text: str) -> int:
    """How many columns a text takes: Chinese, Japanese and Korean signs and most emoji take two."""
    return len(text) if text.isascii() else sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_OF_NUMBERS = frozenset("0123456789.e+-")


def clip(text: str, width: int, head: int | None = None) -> str:
    """The text in at most `width` columns, dots in place of its middle, or of what follows its first `head` columns.

    >>> clip("layers[0].neurons[12].w[3]", 17), clip("layers[0].neurons[12].w[3]", 17, 1)
    ('layers[...].w[3]', 'l...ons[12].w[3]')

    A number that would be cut is left out: a part of it would be another number.
    """
    text = printable(text)
    if columns(text) <= width:
        return text
    if width < 5:
        return _cut(text, max(width, 0))
    start = _cut(text, (width - 3) // 2 if head is None else head)
    rest = _cut(text[::-1], width - 3 - columns(start))[::-1]
    first, last = len(start), len(text) - len(rest)
    if text[first] in _OF_NUMBERS and text[first - 1] in _OF_NUMBERS:
        first = _number_at(text, first)[0]
    if text[last - 1] in _OF_NUMBERS and text[last : last + 1] in _OF_NUMBERS:
        last = _number_at(text, last)[1]
    return f"{text[:first]}...{text[last:]}" if first or last < len(text) else f"{start}...{rest}"


def _number_at(text: str, cut: int) -> tuple[int, int]:
    """Where the number begins and ends that a cut at this place would go through; the place itself where it is none."""
    start = cut
    while start and text[start - 1] in _OF_NUMBERS:
        start -= 1
    for found in _NUMBER.finditer(text, start, cut + 24):
        if found.start() < cut < found.end():
            return found.span()
    return cut, cut


def _cut(text: str, width: int) -> str:
    """The longest start of `text` that fits `width` columns."""
    if text.isascii():
        return text[:width]
    while columns(text) > width:
        text = text[: width if len(text) > width else -1]
    return text


def table(
    rows: Sequence[Sequence[str]],
    align: str,
    names: Sequence[int] = (0,),
    width: int | None = WIDTH,
    gap: str = " ",
    least: Sequence[int] = (),
) -> list[str]:
    """Rows of cells as aligned lines; `align` has one of `<` and `>` per column.

    >>> print(*table([("into", "gradient"), ("w[0]", "-4.2")], "<>"), sep="\\n")
    into gradient
    w[0]     -4.2

    Where the lines would be wider than `width`, the columns `names` are clipped first; `width=None` clips nothing.
    `least` gives columns the width they have at least, for tables that are printed a row at a time.
    """
    if not rows:
        return []
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(columns(row[place]) for row in cells) for place in range(len(align))]
    widths = [max(pair) for pair in zip(widths, least or widths, strict=True)]
    spare = 0 if width is None else width - sum(widths) - len(gap) * (len(widths) - 1)
    while spare < 0 and any(widths[place] > 6 for place in names):
        widest = max(names, key=lambda place: widths[place])
        widths[widest] -= 1
        spare += 1
    lines = []
    for row in cells:
        line = []
        for cell, side, room in zip(row, align, widths, strict=True):
            text = clip(cell, room)
            space = " " * (room - columns(text))
            line.append(text + space if side == "<" else space + text)
        whole = gap.join(line).rstrip()
        lines.append(whole if width is None else clip(whole, width))
    return lines
