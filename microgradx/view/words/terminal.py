"""Lines of text for the terminal, as wide as it is: labels give way, digits never; colour only where a terminal asks for it."""

from __future__ import annotations

import math
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ...tables import WIDTH, clip, columns, printable, table
from .notation import number

SLIMMEST, BROADEST = 60, 200
COLOURS = {"positive": "36", "negative": "33", "zero": "2", "mark": "1;35", "title": "1"}
TOKEN = re.compile(r"-?\d+(?:\.\d*)?(?:e[-+]?\d+)?|[\w.\[\]#@]+|\s+|.")
"""A word of a formula: a number with its sign and exponent, a name, blanks, a sign."""


class Block(str):
    """Text that a prompt shows as it stands, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def terminal_width() -> int:
    """How many columns a line may take: those of the terminal, from 60 to 200, or 80 where no terminal shows it.

    A file, a pipe and a notebook get 80, whoever writes them, so that the same program writes the same bytes.
    """
    if not at_a_terminal():
        return WIDTH
    return min(max(shutil.get_terminal_size((WIDTH, 24)).columns, SLIMMEST), BROADEST)


def at_a_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


class Rounded:
    """Numbers in so many digits, with `~` where a rounded one looks exact, or like another one told before.

    >>> told = Rounded(4)
    >>> told(2.0), told(0.99996), told(0.89994), told(0.1 + 0.2)
    ('2', '~1', '0.8999', '0.3')

    What is told twice with different digits behind the shown ones is `alike`; told again, it is marked.

    >>> told(0.899941), told(0.89994)
    ('~0.8999', '~0.8999')
    """

    def __init__(self, digits: int = 4) -> None:
        self.digits = digits
        self._first: dict[str, float] = {}
        self._alike: set[str] = set()

    def __call__(self, x: float) -> str:
        """The text of a number."""
        text = number(x, self.digits)
        if not math.isfinite(x) or _same(float(text), x):
            return text
        if not _same(self._first.setdefault(text, x), x):
            self._alike.add(text)
        shown = sum(sign.isdigit() for sign in text.partition("e")[0].lstrip("-0."))
        return f"~{text}" if shown < self.digits or text in self._alike else text


def _same(x: float, y: float) -> bool:
    """Whether two numbers are the same but for the rounding of a few operations."""
    return math.isclose(x, y, rel_tol=1e-12)


def distinct_names(names: Iterable[str], room: int | None) -> dict[str, str]:
    """Each name in at most `room` columns, no two alike: cut where they differ least, else counted as (1), (2).

    >>> distinct_names(["layers[0].neurons[1].w[0]", "layers[0].neurons[2].w[0]"], 12)
    {'layers[0].neurons[1].w[0]': 'la...1].w[0]', 'layers[0].neurons[2].w[0]': 'la...2].w[0]'}
    """
    wanted = dict.fromkeys(names)
    if room is None:
        return {name: printable(name) for name in wanted}
    alike: dict[str, list[str]] = {}
    for name in wanted:
        alike.setdefault(clip(name, room), []).append(name)
    short = {group[0]: text for text, group in alike.items() if len(group) == 1}
    for group in (group for group in alike.values() if len(group) > 1):
        taken = set(short.values())
        for cut in _cuts(group, room):
            if len({*cut} | taken) == len(group) + len(taken):
                break
        short.update(zip(group, cut, strict=True))
    return {name: short[name] for name in wanted}


def _cuts(group: list[str], room: int) -> Iterator[list[str]]:
    """Ways to shorten names that look alike in the middle: from a long head to none, at last with a count behind.

    The count stands in brackets: `w#1` would be the `w` of a sample.
    """
    for head in range(room - 4, -1, -1):
        yield [clip(name, room, head) for name in group]
    tail = len(str(len(group))) + 2
    yield [f"{clip(name, room - tail)}({place})" for place, name in enumerate(group, 1)]


def fitted(formula: str, width: int) -> str:
    """A formula in at most `width` columns: whole words are left out of its middle, never part of a name or number.

    >>> fitted("loss = prediction * prediction * -0.001", 32)
    'loss = ... prediction * -0.001'
    """
    formula = printable(formula)
    if columns(formula) <= width:
        return formula
    words = TOKEN.findall(formula)
    start, end = "", ""
    while words and columns(start + words[0]) <= (width - 5) // 2:
        start += words.pop(0)
    while words and columns(start + words[-1] + end) <= width - 5:
        end = words.pop() + end
    return f"{start.rstrip()} ... {end.lstrip(' *+')}" if start or end else clip(formula, width)


def wrapped(text: str, width: int) -> list[str]:
    """A sentence on lines of at most `width` columns, broken between words; further lines are indented by two more.

    >>> wrapped("  carried in: b.grad is -1 from before", 22)
    ['  carried in: b.grad', '    is -1 from before']
    """
    text = printable(text)
    if columns(text) <= width:
        return [text]
    indent = " " * (len(text) - len(text.lstrip(" ")))
    lines, line = [], indent
    for word in text.split():
        longer = f"{line} {word}" if line.strip() else line + word
        if columns(longer) > width and line.strip():
            lines.append(line)
            longer = f"{indent}  {word}"
        line = longer
    return [*lines, line]


def ends(left: str, right: str, width: int | None = None) -> list[str]:
    """`left` and `right` on one line, or on two where they do not fit together."""
    width = terminal_width() if width is None else width
    left, right = printable(left), printable(right)
    gap = width - columns(left) - columns(right)
    if gap >= 2:
        return [left + " " * gap + right if right else left]
    return [*wrapped(left, width), *(wrapped(f"  {right}", width) if right else [])]


class Ends(NamedTuple):
    """A line with something at either end."""

    left: str
    right: str


class TableRows(NamedTuple):
    """A table, its head first; `kinds` has one of `<` and `>` per column."""

    cells: Sequence[Sequence[str]]
    kinds: str


Part = str | Ends | TableRows
"""What a block is made of, before it is set in lines for a terminal or in HTML for a notebook: a sentence, a line, a table."""


def set_in_lines(parts: Iterable[Part], width: int) -> list[str]:
    """The lines of a block; those of a table may be wider than `width`, as no cell is ever cut."""
    lines = []
    for part in parts:
        if isinstance(part, Ends):
            lines += ends(part.left, part.right, width)
        elif isinstance(part, TableRows):
            lines += table(part.cells, part.kinds, width=None)
        else:
            lines += wrapped(part, width)
    return lines


def colourful() -> bool:
    """Whether standard output wants colour: a terminal, unless NO_COLOR or TERM=dumb; FORCE_COLOR insists."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return at_a_terminal() and os.environ.get("TERM") != "dumb"


def paint(block: str) -> str:
    """A block with its title bold, its arrows' ends by sign and its marks in colour, if colour is wanted."""
    if not colourful():
        return block
    title, _, rest = block.partition("\n")
    rest = re.sub(r"(?<=-> )~?-\S+", lambda m: _coloured(m[0], "negative"), rest)
    rest = re.sub(r"(?<=-> )~?[\d.]\S*", lambda m: _coloured(m[0], "positive"), rest)
    rest = re.sub(r"(?m)^  \* .*$", lambda m: _coloured(m[0], "mark"), rest)
    return _coloured(title, "title") + (f"\n{rest}" if rest else "")


def _coloured(text: str, kind: str) -> str:
    return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m"
