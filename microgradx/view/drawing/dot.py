"""How a picture is written in DOT: only what every Graphviz since 2.43 draws alike, every text escaped."""

from __future__ import annotations

import math
import re
import textwrap

from ...tables import columns
from ..theme import EDGE_FONT, FONT, THEMES
from .cards import Card, Picture, Wire

LINE_HEIGHT, NARROWEST = 18, 66  # points
CAPTION_CHARACTER, COLUMN = 4.6, 122  # points: a letter of Helvetica 10, a card and its wires
ENTITIES = str.maketrans({"<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "\\n", "\t": " "})
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def body(picture: Picture, theme: str, flow: str, rankdir: str, fast: bool) -> list[str]:
    """The lines of the body of the digraph: attributes, then cards, then wires, in the picture's order."""
    colors = THEMES[theme]
    graph = {
        "rankdir": rankdir, "newrank": "true", "nodesep": "0.2", "ranksep": f"{picture.ranksep:.6g}", "pad": "0.15",
        "bgcolor": colors.background, "fontname": FONT, "fontsize": "10", "fontcolor": colors.faint,
        "labelloc": "b", "labeljust": "l", "tooltip": text(picture.title, 4),
    }
    if fast:
        graph |= {"nslimit": "0.1", "mclimit": "0.3"}  # 0.26 s instead of 0.74 s for 2,190 values
    if picture.caption:
        graph["label"] = caption(picture)
    card = {"shape": "box", "fixedsize": "true", "fontname": FONT, "fontsize": "11", "fontcolor": colors.ink}
    wire = {"fontname": EDGE_FONT, "fontsize": "10", "fontcolor": colors.faint, "arrowsize": "0.7"}
    if flow == "backward":
        wire["dir"] = "back"
    lines = [f"\tgraph [{attributes(graph)}]\n", f"\tnode [{attributes(card)}]\n", f"\tedge [{attributes(wire)}]\n"]
    lines += [_card(card_, theme) for card_ in picture.cards]
    lines += [_wire(wire_, theme, fast, place) for place, wire_ in enumerate(picture.wires)]
    return lines


def _card(card: Card, theme: str) -> str:
    colors = THEMES[theme]
    line, tint = colors.tones[card.tone]
    style = ["filled"]
    if card.kind in ("leaf", "copy"):
        style.append("rounded")
    if card.kind in ("constant", "copy"):
        style.append("dashed")
    has_gradient = card.lines and card.lines[-1].startswith("grad ")
    rows = max(1, len(card.lines))
    strip = f"{colors.card};{0.62 if rows == 3 else 1 - 1.1 / rows:.2f}:{tint}" if has_gradient and rows > 1 else tint
    given = {
        "id": card.id,
        "class": card.tone,
        "label": "\\n".join(text(line_, 2) or " " for line_ in card.lines),  # an empty line crashes Graphviz 16.1
        "width": f"{points(card) / 72:.6g}",
        "height": f"{LINE_HEIGHT * rows / 72:.6g}",
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
    return f"\t{card.id} [{attributes(given)}]\n"


def points(card: Card) -> int:
    """The width of a card, whole points: only so do all versions of Graphviz put it at the same place."""
    return max(NARROWEST, 6 * math.ceil(1.05 * max(card.columns, *map(columns, card.lines))) + 6)


def _wire(wire: Wire, theme: str, fast: bool, place: int) -> str:
    given = {
        "id": f"e{place}", "class": wire.tone, "color": THEMES[theme].tones[wire.tone][0],
        "penwidth": f"{wire.width:.6g}", "tooltip": text(wire.tooltip, 4),
    }
    if wire.label:
        given["label"] = text(wire.label, 2)
    if wire.tone == "zero":
        given["style"] = "dashed"
    if wire.spine and not fast:
        given["weight"] = "8"  # keeps the computed values on a straight line; costs nothing below 1,000 cards
    if wire.way == "across":
        given["minlen"] = "0"
    if wire.way == "back":  # to Graphviz an arrow always leads on
        return f"\t{wire.head} -> {wire.tail} [{attributes(given | {'dir': 'back'})}]\n"
    return f"\t{wire.tail} -> {wire.head} [{attributes(given)}]\n"


def caption(picture: Picture) -> str:
    """The caption as a DOT label, wrapped to about the width of the picture."""
    room = max(60, min(130, int(picture.span * COLUMN / CAPTION_CHARACTER)))
    lines = [line for sentence in picture.caption for line in textwrap.wrap(sentence, room)]
    return " \\l" + "".join(f"{text(line, 2)}\\l" for line in lines)  # an empty line keeps it off the cards


def attributes(given: dict[str, str]) -> str:
    """Write a list of attributes; the values are escaped already.

    >>> attributes({"label": "a", "width": "1"})
    'label="a" width="1"'
    """
    return " ".join(f'{name}="{value}"' for name, value in given.items())


def text(raw: str, backslashes: int) -> str:
    r"""Write any text so that Graphviz shows exactly it: no escape, no entity, no record field, no markup is live in it.

    >>> print(text('a<b> "c" & \\N', 2))
    a&lt;b&gt; &quot;c&quot; &amp; &#92;&#92;N

    Graphviz unescapes a label once and a tooltip twice, so a backslash is written 2 or 4 times. Line feeds make new lines;
    other control characters, which no XML file can hold, become "?".
    """
    if not raw.isprintable():
        raw = UNPRINTABLE.sub("?", raw)
    return raw.replace("&", "&amp;").replace("\\", "&#92;" * backslashes).translate(ENTITIES)
