"""A recorded pass as one self-contained web page: a table that needs no script, and a script that moves a cursor over it."""

from __future__ import annotations

import base64
import hashlib
import math
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from ....engine import Value
from ....files import write_atomically
from ....tables import clip, printable
from ...theme import THEMES, page_colours
from ...wording import Pass
from ...words.notation import number
from ..step import Step
from .page_graph import PageGraph, has_gradient, sentence
from .recomputed import CannotRecompute, Recomputed, recomputed

LIMIT = 5 * 2**20
HEAD = ("step", "fires", "upstream", "into", "local", "contribution", "gradient so far", "arrived")


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
    write_atomically(Path(path), within(page, limit).encode())
    return Path(path)


def page_html(of: Pass, heading: str, size: str, theme: str = "auto") -> str:
    """The page of a pass. It asks the network for nothing, and its policy lets only its own script and style run."""
    drawn = PageGraph(of)
    style = page_colours(theme) + _text("page.css")
    try:
        found, lost = recomputed(of), ""
    except CannotRecompute as error:
        found, lost = Recomputed("", ""), str(error)
    script = '"use strict";\n' + found.script + "".join(map(_text, ("graph.js", "page.js", "play.js")))
    themes = [name for name in THEMES if name != "auto"]
    parts = {
        "style_hash": _hash(style),
        "script_hash": _hash(script),
        "style": style,
        "script": script,
        "title": escape(clip(heading, 60)),
        "heading": escape(clip(heading, 200)),
        "size": escape(size),
        "chosen": "" if theme == "auto" else f' data-theme="{escape(theme)}"',
        "themes": escape(" ".join(themes)),
        "themes_shown": escape(" / ".join(themes)),
        "last": str(len(of.steps)),
        "options": "".join(f'<option value="{escape(printable(of.names[node]))}">' for node in of.trace.order[:2000]),
        "seed": escape(f"The seed: {of.slope(of.trace.output)} = 1. No .grad is touched."),
        "data": f'<script type="application/json" id="graph">{found.data}</script>\n' if found.data else sentence(lost),
        "graph": drawn.svg(),
        "table": _table(of, drawn, len(of.steps)),
    }
    return Template(_text("page.html")).substitute(parts)


def _text(name: str) -> str:
    """A file that lies beside this one."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def table_html(of: Pass, steps: int) -> str:
    """The first so many steps of the pass as a plain table without script, style or id, for a notebook cell."""
    more = len(of.steps) - steps
    left_out = f"<p>{more} more steps; s.to_html(path) has all.</p>" if more > 0 else ""
    return f"{_table(of, None, min(steps, len(of.steps)))}{left_out}"


def _table(of: Pass, drawn: PageGraph | None, steps: int) -> str:
    ids = drawn.ids() if drawn else {}
    caption = "The whole backward pass, one row per contribution: upstream x local = contribution"
    head = "".join(f'<th scope="col">{name}</th>' for name in HEAD)
    bodies = [_body(Step(k, of), of, drawn, ids) for k in range(1, steps + 1)]
    return f"<table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n" + "\n".join(bodies) + "\n</table>"


def _body(step: Step, of: Pass, drawn: PageGraph | None, ids: dict[Value, str]) -> str:
    """The rows of a step; in the step of a layer, one per value however many contributions it gets."""
    together: dict[object, list[int]] = {}
    for place in step.group.edges:
        if step.leaves(of.trace[place]):
            together.setdefault(of.trace[place].operand if step.group.name else place, []).append(place)
    data = ""
    if drawn:
        name, title = (escape(printable(text)) for text in (of.names[step.node], step.title(80)))
        data = f' data-n="{ids.get(step.node, "")}" data-title="{title}" data-name="{name}"'
    start = [str(step.index), clip(step.title(60), 60)]
    rows = [_row([*start, *_cells(of, places)], places, of, drawn, ids) for places in together.values()]
    return f"<tbody{data}>\n" + "\n".join(rows) + "\n</tbody>"


def _cells(of: Pass, places: list[int]) -> list[str]:
    """What was sent into one value: upstream, into, local, contribution, gradient so far, arrived."""
    first, last = of.trace[places[0]], of.trace[places[-1]]
    nth, total = of.arrived(places[-1])
    grew = f"{number(first.before or 0.0)} -> {number(last.after)}"
    if len(places) == 1:
        into = clip(of.slot(first), 40)
        return [*map(number, (first.upstream,)), into, number(first.local), number(first.contribution), grew, f"{nth} of {total}"]
    sent = math.fsum(of.trace[place].contribution for place in places)
    into = clip(of.names[first.operand], 40)
    return [f"{len(places)} added up", into, "", number(sent), grew, f"{nth} of {total}"]


def _row(cells: list[str], places: list[int], of: Pass, drawn: PageGraph | None, ids: dict[Value, str]) -> str:
    data, place = "", places[0]
    if drawn:
        operand = of.trace[place].operand
        card = drawn.cards.get(operand) if drawn.card_of.get(operand) is operand else None
        name = printable(of.names[operand])
        marks = {
            "to": ids[operand] if card and has_gradient(card) else "",
            "e": f"e{drawn.edge_of[place]}" if place in drawn.edge_of else "",
            "into": name if name != cells[3] else "",
            "k": " ".join(map(str, places)),
        }
        data = "".join(f' data-{key}="{escape(text)}"' for key, text in marks.items() if text)
    return f'<tr{data}><th scope="row">{cells[0]}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells[1:]) + "</tr>"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
