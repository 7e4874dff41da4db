"""Lines of text for the terminal: 80 columns, ASCII, colour only where a terminal asks for it."""

from __future__ import annotations

import os
import re
import sys

from ...tables import WIDTH, clip, columns

COLOURS = {"positive": "36", "negative": "33", "zero": "2", "mark": "1;35", "title": "1"}


class Block(str):
    """Text that a prompt shows as it stands, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def ends(left: str, right: str, width: int = WIDTH) -> list[str]:
    """`left` and `right` on one line, or on two where they do not fit together."""
    left, right = clip(left, width), clip(right, width - 2)
    gap = width - columns(left) - columns(right)
    if gap >= 2:
        return [left + " " * gap + right if right else left]
    return [left, "  " + right]


def colourful() -> bool:
    """Whether standard output wants colour: a terminal, unless NO_COLOR or TERM=dumb; FORCE_COLOR insists."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def paint(block: str) -> str:
    """A block with its title bold, its arrows' ends by sign and its marks in colour, if colour is wanted."""
    if not colourful():
        return block
    title, _, rest = block.partition("\n")
    rest = re.sub(r"(?<=-> )-\S+", lambda m: _coloured(m[0], "negative"), rest)
    rest = re.sub(r"(?<=-> )[\d.]\S*", lambda m: _coloured(m[0], "positive"), rest)
    rest = re.sub(r"(?m)^  \* .*$", lambda m: _coloured(m[0], "mark"), rest)
    return _coloured(title, "title") + (f"\n{rest}" if rest else "")


def _coloured(text: str, kind: str) -> str:
    return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m"
