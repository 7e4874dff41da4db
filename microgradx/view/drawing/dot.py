"""How a picture is written in DOT: only what every Graphviz since 2.43 draws alike, every text escaped."""

from __future__ import annotations

import hashlib
import math
import re
import textwrap
from collections.abc import Sequence
from itertools import pairwise

from ...tables import columns
from ..theme import EDGE_FONT, FONT, Theme, theme_named
from .shapes import Card, Enclosure, Shapes, Wire

LINE_HEIGHT, LINE, NARROWEST = 18, 13.2, 66  # points: for each line of a card, from line to line, the width of a card
CAPTION_CHARACTER, COLUMN = 4.6, 122  # points: a letter of Helvetica 10, a card and its wires
Attributes = dict[str, str]
ENTITIES = str.maketrans({"<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "\\n", "\t": " "})
MARK = "\x00"  # stands for the hash of the drawing until all of it is written
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""What no XML file can hold, and what turns the direction of text, so that a label could show another name."""


def written_dot(
    picture: Shapes, theme: str, flow: str, rankdir: str, fast: bool
) -> tuple[Attributes, Attributes, Attributes, list[str]]:
    """The attributes of graph, nodes and edges, and the lines of the body: cards, then wires, in the picture's order.

    Names of cards and wires end in a short hash of all that is drawn, so that two drawings can be parts of one graph.
    """
    colors = theme_named(theme)
    longest = max((len(wire.label) for wire in picture.wires), default=0)
    ranksep = 0.8 * picture.ranksep  # from row to row; from column to column labels stand between the cards
    if rankdir in ("LR", "RL"):
        ranksep = max(picture.ranksep, (6.0 * longest + 34.0) / 72.0 if longest else 0.0)
    graph = {
        "rankdir": rankdir, "newrank": "true", "pad": "0.15",
        "nodesep": f"{max(picture.nodesep, picture.beside / 72):.6g}", "ranksep": f"{ranksep:.6g}",
        "bgcolor": colors.background, "fontname": FONT, "fontsize": "10", "fontcolor": colors.faint,
        "labelloc": "b", "labeljust": "l", "tooltip": text(picture.title, 4),
    }
    if fast:
        graph |= {"nslimit": "0.1", "mclimit": "0.3"}  # 0.26 s instead of 0.74 s for 2,190 values
    if picture.caption:
        graph["label"] = caption(picture)
    card = {"shape": "box", "fixedsize": "true", "fontname": FONT, "fontsize": "11", "fontcolor": colors.ink}
    wire = {"fontname": EDGE_FONT, "fontsize": "10", "fontcolor": colors.faint}
    if flow == "backward":
        wire["dir"] = "back"
    lines = [_card(card_, theme) for card_ in picture.cards]
    lines += [_wire(wire_, theme, fast or picture.columns, place) for place, wire_ in enumerate(picture.wires)]
    lines += [_row(row) for row in picture.rows]
    lines += [f"\t{_box(box, colors)}\n" for box in picture.boxes]
    if picture.columns:
        lines += [_column(above, below) for above, below in pairwise(picture.rows)]
    own = hashlib.sha256("".join([*map(repr, (graph, card, wire)), *lines]).encode()).hexdigest()[:8]
    return graph, card, wire, [line.replace(MARK, f"_{own}") for line in lines]


def _card(card: Card, theme: str) -> str:
    colors = theme_named(theme)
    line, tint = colors.tones[card.tone]
    style = ["filled"]
    if card.kind in ("leaf", "copy"):
        style.append("rounded")
    if card.kind in ("constant", "copy"):
        style.append("dashed")
    strip = f"{colors.card};{_split(card):.2f}:{tint}" if _split(card) else tint
    given = {
        "id": card.id + MARK,
        "class": card.tone,
        "label": "\\n".join(text(line_, 2) or " " for line_ in card.lines),  # an empty line crashes Graphviz 16.1
        "width": f"{(card.size[0] if card.size else points(card)) / 72:.6g}",
        "height": f"{(card.size[1] if card.size else _height(card)) / 72:.6g}",
        "style": ",".join(style),
        "fillcolor": strip,
        "gradientangle": "270",
        "color": line,
        "tooltip": text(card.tooltip, 4),
    }
    if card.kind == "output":
        given["peripheries"] = "2"
    if card.kind == "fold":
        given["shape"] = "box3d"
    given["penwidth"] = "3" if card.heavy else "1.2"
    if card.ordered:
        given["ordering"] = "in"
    return f"\t{card.id}{MARK} [{_attributes(given)}]\n"


def _row(row: Sequence[str]) -> str:
    """Cards side by side, held in order by arrows that are not seen."""
    held = " [style=invis] }\n" if len(row) > 1 else " }\n"
    return f"\t{{ rank=same; {f'{MARK} -> '.join(row)}{MARK}{held}"


def _box(box: Enclosure, colors: Theme) -> str:
    """A box around cards and other boxes, with its name above them."""
    look = {"label": text(box.name, 2), "labeljust": "l", "labelloc": "t", "style": "rounded"}
    look |= {"color": colors.tones["zero"][0], "fontcolor": colors.faint}
    inside = [*(f"{card}{MARK}" for card in box.cards), *(_box(other, colors) for other in box.inside)]
    return f'subgraph "cluster {text(box.id, 2)}{MARK}" {{ {"; ".join([_attributes(look, "; "), *inside])} }}'


def _column(above: Sequence[str], below: Sequence[str]) -> str:
    pairs = zip(above, below, strict=True) if len(above) == len(below) else zip(above[:1], below[:1], strict=True)
    return "".join(f"\t{tail}{MARK} -> {head}{MARK} [style=invis weight=40]\n" for tail, head in pairs)


def _height(card: Card) -> int:
    """The height of a card, whole points: three lines have some air, a list has less of it."""
    rows = max(1, len(card.lines))
    return LINE_HEIGHT * rows if rows <= 4 else math.ceil(LINE * rows) + 14


def _split(card: Card) -> float:
    """The share of a card's height above the strip, in which its gradient stands; 0 where there is none."""
    at = next((k for k, line in enumerate(card.lines) if k and line.startswith("grad ")), 0)
    height, lines = _height(card), LINE * len(card.lines)
    return (height / 2 - lines / 2 + LINE * at - 1.0) / height if at else 0.0


def points(card: Card) -> int:
    """The width of a card, whole points: only so do all versions of Graphviz put it at the same place."""
    return max(NARROWEST, 6 * math.ceil(1.05 * max(card.columns, *map(columns, card.lines))) + 6)


def _wire(wire: Wire, theme: str, fast: bool, place: int) -> str:
    given = {
        "id": f"e{place}{MARK}", "class": wire.tone, "color": theme_named(theme).tones[wire.tone][0],
        "penwidth": f"{wire.width:.6g}", "arrowsize": f"{0.6 + 0.12 * wire.width:.3g}", "tooltip": text(wire.tooltip, 4),
    }
    if wire.label:
        given["xlabel"] = text(wire.label, 2)  # a label of its own rank would double the ranks
    if wire.tone == "zero":
        given["style"] = "dashed"
    if wire.tone == "neg":
        given["arrowhead"] = given["arrowtail"] = "onormal"  # hollow: the sign is to be seen in print as well
    if wire.spine and not fast:
        given["weight"] = "8"  # keeps the computed values on a straight line; costs nothing below 1,000 cards
    if wire.way == "across":
        given["minlen"] = "0"
    if wire.way == "back":  # to Graphviz an arrow always leads on
        return f"\t{wire.head}{MARK} -> {wire.tail}{MARK} [{_attributes(given | {'dir': 'back'})}]\n"
    return f"\t{wire.tail}{MARK} -> {wire.head}{MARK} [{_attributes(given)}]\n"


def caption(picture: Shapes) -> str:
    """The caption as a DOT label, wrapped to about the width of the picture."""
    room = max(60, min(130, int(picture.span * COLUMN / CAPTION_CHARACTER)))
    lines = [line for sentence in picture.caption for line in textwrap.wrap(sentence, room)]
    return " \\l" + "".join(f"{text(line, 2)}\\l" for line in lines)  # an empty line keeps it off the cards


def _attributes(given: dict[str, str], between: str = " ") -> str:
    """Write a list of attributes; the values are escaped already.

    >>> _attributes({"label": "a", "width": "1"})
    'label="a" width="1"'
    """
    return between.join(f'{name}="{value}"' for name, value in given.items())


def text(raw: str, backslashes: int) -> str:
    r"""Write any text so that Graphviz shows exactly it: no escape, no entity, no record field, no markup is live in it.

    >>> print(text('a<b> "c" & \\N', 2))
    a&lt;b&gt; &quot;c&quot; &amp; &#92;&#92;N

    Graphviz unescapes a label once and a tooltip twice, so a backslash is written 2 or 4 times. Line feeds make new lines;
    other control characters become "?".
    """
    if not raw.isprintable():
        raw = UNPRINTABLE.sub("?", raw)
    return raw.replace("&", "&amp;").replace("\\", "&#92;" * backslashes).translate(ENTITIES)
