"""A recorded pass as one self-contained web page: a table that needs no script, and a script that moves a cursor over it."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from ....files import write_atomically
from ....tables import clip, printable
from ...html_page import document, page_path
from ...theme import THEMES, page_colours
from ...wording import Pass
from .contributions import Marks, contributions
from .fold import FoldedPage, fold_of
from .page_graph import PageGraph, sentence
from .recomputed import CannotRecompute, Recomputed, recomputed

LIMIT = 5 * 2**20
RATE = 0.01
"""The rate at which a page descends, if none was given."""
DRAWN_KEYS = {
    "o": "only what leads to that value, or all again",
    "+, -, 0": "larger, smaller, the whole graph",
    "Up, Down": "on a card: another number; so does dragging it sideways",
}
FOLDED_KEYS = {
    "x ± y": "the mean of several numbers and their spread; ~0: no more than rounding",
    "#2, @ 2": "in sample 2, in round 2; without it: sample 0, the last round",
    "_": "a number that differs from value to value",
}
"""What is told beside the keys that every page has: more keys where a graph is drawn, signs where it is folded."""
LONG_TABLE = 40
"""Steps beyond which the table scrolls in a frame of its own."""


def within(page: str, limit: int | None) -> str:
    """The page, if it has at most `limit` bytes; a larger one is refused with what to do instead."""
    size = len(page.encode())
    if limit is not None and size > limit:
        raise ValueError(
            f"the page would have {size / 2**20:.1f} MiB, more than {limit / 2**20:.1f}: step by 'layer', take fewer "
            "samples, or insist with limit=None"
        )
    return page


def write_page(page: str, path: str | Path, limit: int | None = LIMIT) -> Path:
    """The path to which the page was written, if it is within the limit."""
    place = page_path(path)
    write_atomically(place, within(page, limit).encode())
    return place


def page_html(of: Pass, heading: str, result: str, size: str, told: str, theme: str, rate: float) -> str:
    """The page of a pass, headed by the result. It asks the network for nothing; only its own script and style may run."""
    fold = fold_of(of)
    of = replace(of, names={**of.names, **(fold.names if fold else {}), of.trace.output: of.symbol})
    drawn = None if fold else PageGraph(of)
    if fold:
        of = replace(of, steps=fold.steps, fired_in={node: k for k, group in enumerate(fold.steps, 1) for node in group.nodes})
        size = f"{len(of.trace.order):,} values, folded: {fold.opens}"
    style = page_colours(theme) + _text("page.css") + (_text("fold.css") if fold else "")
    try:
        found, lost = recomputed(of, fold.data if fold else None), ""
    except CannotRecompute as error:
        found, lost = Recomputed("", ""), str(error)
    graph = drawn.svg() if drawn else ""
    if fold:
        graph = f"<noscript>{fold.told}</noscript>" if found.data else fold.told
    shown = ["squares.js", "stages.js", "fold.js"] if drawn is None else ["around.js"] if drawn.in_parts else []
    scripts = ["graph.js", "page.js", "answers.js", "play.js", *shown]
    script = '"use strict";\n' + found.script + "".join(map(_text, scripts))
    table = contributions(of, of.steps, Marks(of, drawn))
    themes = [name for name in THEMES if name != "auto"]
    parts = {
        "heading": escape(clip(heading, 200)),
        "result": escape(result),
        "size": escape(size + told),
        "rate": repr(rate),
        "themes": escape(" ".join(themes)),
        "themes_shown": escape(" / ".join(themes)),
        "keys": "\n".join(f"<dt>{key}</dt><dd>{does}</dd>" for key, does in (DRAWN_KEYS if drawn else FOLDED_KEYS).items()),
        "last": str(len(of.steps)),
        "options": "".join(f'<option value="{escape(printable(of.names[node]))}">' for node in of.trace.order[:2000]),
        "seed": escape(f"The seed: {of.slope(of.trace.output)} = 1. No .grad is touched."),
        "data": f'<script type="application/json" id="graph">{found.data}</script>\n' if found.data else sentence(lost),
        "graph": graph,
        "tall": ' class="tall"' if drawn and len(of.steps) > LONG_TABLE else "",
        "table": table if drawn else _closed(table),
        "legend": _legend(drawn, fold) if "<figure" in graph or found.data else "",
    }
    return document(clip(f"{heading} = {result}", 60), Template(_text("page.html")).substitute(parts), style, script, theme)


def _legend(drawn: PageGraph | None, fold: FoldedPage | None) -> str:
    """What the colours of a page mean, and its dashes and the numbers on wires, or its squares."""
    colours = '<b class="up">blue</b>: the gradient is above 0; <b class="down">orange</b>: below 0; grey: 0; '
    colours += '<b class="bad">pink</b>: inf or nan'
    wires = "dashed: nothing was sent, or 0"
    if drawn and (drawn.numbered or drawn.in_parts):
        wires += "; the number on a wire is the local derivative, by which a gradient is multiplied"
    return f'<p class="legend">{colours}; {fold.squares if fold else wires}.</p>'


def _closed(table: str) -> str:
    """The table of a folded page, which is long, closed until it is asked for."""
    return f"<details><summary>every contribution, step by step</summary>\n{table}\n</details>"


def _text(name: str) -> str:
    """A file that lies beside this one, without blanks and comments, which a page need not carry."""
    text = (files(__package__) / name).read_text(encoding="utf-8")
    if name.endswith(".css"):
        return re.sub(r"\s*([{};:,])\s*", r"\1", text)
    if name.endswith(".html"):
        return text
    lines = (_bare(line.lstrip()) for line in text.splitlines())
    return "\n".join(line for line in lines if not line.startswith("//")) + "\n"


def _bare(line: str) -> str:
    """A line of a script without its comment and, where nothing in it is quoted, without the blanks round `=` and commas.

    >>> _bare("const sum = (a, b) => a + b;  // of two")
    'const sum=(a,b)=>a + b;'
    """
    line = re.sub(r"  // [^\"'`]*$", "", line)
    return line if re.search("[\"'`]", line) else re.sub(r" ?(=>|[=!]==|[=,]) ?", r"\1", line)


def table_html(of: Pass, steps: int) -> str:
    """The first so many steps of the pass as a plain table without script, style or id, for a notebook cell."""
    more = len(of.steps) - steps
    left_out = f"<p>{more} more steps; s.to_html(path) has all.</p>" if more > 0 else ""
    return f"{contributions(of, of.steps[:steps])}{left_out}"
