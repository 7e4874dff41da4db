"""Lines of text for the terminal: 80 columns, ASCII, colour only where a terminal asks for it."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Sequence

WIDTH = 80
COLOURS = {"positive": "36", "negative": "33", "zero": "2", "mark": "1;35", "title": "1"}


class Block(str):
    """Text that a prompt shows as it stands, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def printable(text: str) -> str:
    r"""Return `text` with everything that could break a line or drive a terminal written as an escape.

    >>> printable("a\nb\x1b[31m")
    'a\\nb\\x1b[31m'
    """
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def columns(text: str) -> int:
    """Return how many terminal columns `text` takes: East Asian wide signs take two."""
    return len(text) if text.isascii() else sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def clip(text: str, width: int) -> str:
    """Return `text` in at most `width` columns, its middle replaced by dots.

    >>> clip("layers[0].neurons[12].w[3]", 17)
    'layers[...2].w[3]'
    """
    text = printable(text)
    if columns(text) <= width:
        return text
    if width < 5:
        return _cut(text, max(width, 0))
    start = _cut(text, (width - 3) // 2)
    rest = _cut(text[::-1], width - 3 - columns(start))[::-1]
    return f"{start}...{rest}"


def _cut(text: str, width: int) -> str:
    """Return the longest start of `text` that fits `width` columns."""
    while columns(text) > width:
        text = text[: width if len(text) > width else -1]
    return text


def ends(left: str, right: str, width: int = WIDTH) -> list[str]:
    """Return `left` and `right` on one line, or on two where they do not fit together."""
    left, right = clip(left, width), clip(right, width - 2)
    gap = width - columns(left) - columns(right)
    if gap >= 2:
        return [left + " " * gap + right if right else left]
    return [left, "  " + right]


def table(rows: Sequence[Sequence[str]], align: str, names: Sequence[int] = (0,), width: int = WIDTH) -> list[str]:
    """Return rows of cells as aligned lines; `align` has one of `<` and `>` per column, `names` may be clipped to fit.

    >>> print(*table([("into", "gradient"), ("w[0]", "-4.2")], "<>"), sep="\\n")
    into gradient
    w[0]     -4.2
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(columns(row[place]) for row in cells) for place in range(len(align))]
    spare = width - sum(widths) - len(widths) + 1
    while spare < 0 and any(widths[place] > 6 for place in names):
        widest = max(names, key=lambda place: widths[place])
        widths[widest] -= 1
        spare += 1
    lines = []
    for row in cells:
        line = []
        for cell, side, room in zip(row, align, widths, strict=True):
            text = clip(cell, room)
            gap = " " * (room - columns(text))
            line.append(text + gap if side == "<" else gap + text)
        lines.append(clip(" ".join(line).rstrip(), width))
    return lines


def colourful() -> bool:
    """Return whether standard output wants colour: a terminal, unless NO_COLOR or TERM=dumb; FORCE_COLOR insists."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def paint(block: str) -> str:
    """Return a block with its title bold, its arrows' ends by sign and its marks in colour, if colour is wanted."""
    if not colourful():
        return block
    title, _, rest = block.partition("\n")
    rest = re.sub(r"(?<=-> )-\S+", lambda m: _coloured(m[0], "negative"), rest)
    rest = re.sub(r"(?<=-> )[\d.]\S*", lambda m: _coloured(m[0], "positive"), rest)
    rest = re.sub(r"(?m)^  \* .*$", lambda m: _coloured(m[0], "mark"), rest)
    return _coloured(title, "title") + (f"\n{rest}" if rest else "")


def _coloured(text: str, kind: str) -> str:
    return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m"
