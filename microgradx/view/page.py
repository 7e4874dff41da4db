"""A recorded pass as one self-contained web page: a table that needs no script, and a script that moves a cursor over it."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine import Value
from .blocks import clip, printable
from .chart import Chart
from .files import write_atomically
from .notation import number
from .step import Step
from .wording import Pass

if TYPE_CHECKING:
    from .stepper import Stepper

LIMIT = 5 * 2**20
HEAD = ("step", "fires", "upstream", "into", "local", "contribution", "gradient so far", "arrived")
FEW = 200
"""A table inside a notebook cell lists so many steps; the page lists all."""


def write_page(stepper: Stepper, path: str | Path, limit: int | None = LIMIT) -> Path:
    """Write the page to `path` and return it; a page beyond `limit` bytes is refused with what to do instead."""
    text = page_html(stepper)
    data = text.encode()
    if limit is not None and len(data) > limit:
        raise ValueError(
            f"the page would have {len(data) / 2**20:.1f} MiB, more than {limit / 2**20:.1f}: step by 'neuron' or 'layer', "
            "or insist with limit=None"
        )
    path = Path(path)
    write_atomically(path, data)
    return path


def page_html(stepper: Stepper) -> str:
    """Return the page. It asks the network for nothing, and its policy lets only its own script and style run."""
    of = stepper.shared
    drawn = Chart(of)
    source = files(__package__)
    style, script = ((source / f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    heading = stepper.heading()
    parts = {
        "style_hash": _hash(style),
        "script_hash": _hash(script),
        "style": style,
        "script": script,
        "title": escape(clip(heading, 60)),
        "heading": escape(clip(heading, 200)),
        "size": escape(stepper.size()),
        "last": str(len(of.steps)),
        "options": "".join(f'<option value="{escape(printable(of.names[node]))}">' for node in of.trace.order[:2000]),
        "seed": escape(f"The seed: {of.slope(of.trace.output)} = 1. No .grad is touched."),
        "graph": drawn.svg(),
        "table": _table(of, drawn, len(of.steps)),
    }
    page = (source / "page.html").read_text(encoding="utf-8")
    pieces = page.split("{{")
    return pieces[0] + "".join(parts[name] + rest for name, rest in (piece.split("}}", 1) for piece in pieces[1:]))


def table_html(stepper: Stepper) -> str:
    """Return the pass as a plain table without script, style or id, for a notebook cell and for GitHub."""
    of = stepper.shared
    more = len(of.steps) - FEW
    left_out = f"<p>{more} more steps; s.show() or s.to_html(path) has all.</p>" if more > 0 else ""
    return f"<p>{escape(stepper.heading())} ({escape(stepper.size())})</p>{_table(of, None, min(FEW, len(of.steps)))}{left_out}"


class Frame:
    """The page inside a notebook; elsewhere its repr says how to write it to a file."""

    def __init__(self, html: str) -> None:
        self.html = html

    def __repr__(self) -> str:
        size = len(self.html.encode()) / 1024
        return f"<page of {size:.0f} KiB, shown in a notebook; s.to_html('back.html') writes it to a file>"

    def _repr_html_(self) -> str:
        source = escape(self.html)
        return f'<iframe srcdoc="{source}" sandbox="allow-scripts" width="100%" height="640" style="border:0"></iframe>'


def _table(of: Pass, drawn: Chart | None, steps: int) -> str:
    ids = drawn.ids() if drawn else {}
    caption = "The whole backward pass, one row per contribution: upstream x local = contribution"
    head = "".join(f'<th scope="col"{_left(name)}>{name}</th>' for name in HEAD)
    bodies = [_body(Step(k, of), of, drawn, ids) for k in range(1, steps + 1)]
    return f"<table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n" + "\n".join(bodies) + "\n</table>"


def _body(step: Step, of: Pass, drawn: Chart | None, ids: dict[Value, str]) -> str:
    title = printable(step.title(80))
    places = [place for place in step.group.edges if step.leaves(of.trace[place])]
    rows = [_row(step, place, of, drawn, ids, title, place == places[0]) for place in places]
    data = ""
    if drawn:
        name = printable(of.names[step.node])
        data = f' data-n="{ids.get(step.node, "")}" data-title="{escape(title)}" data-name="{escape(name)}"'
    return f"<tbody{data}>\n" + "\n".join(rows) + "\n</tbody>"


def _row(step: Step, place: int, of: Pass, drawn: Chart | None, ids: dict[Value, str], title: str, first: bool) -> str:
    edge = of.trace[place]
    into = printable(of.slot(edge))
    up, local, sent, after = (number(x) for x in (edge.upstream, edge.local, edge.contribution, edge.after))
    nth, total = of.arrived(place)
    cells = [
        (str(step.index), ""),
        (clip(title, 60), ' class="text"'),
        (up, ""),
        (clip(into, 40), ' class="text"'),
        (local, ""),
        (sent, ""),
        (f"{number(edge.before or 0.0)} -> {after}", ' class="kept"'),
        (f"{nth} of {total}", ' class="kept"'),
    ]
    data = ""
    if drawn:
        card = drawn.cards.get(edge.operand) if drawn.card_of.get(edge.operand) is edge.operand else None
        told = f"{clip(into, 30)} += {up} x {local} = {sent}"
        marks = {
            "to": ids[edge.operand] if card and card.gradient else "",
            "e": f"e{drawn.edge_of[place]}" if place in drawn.edge_of else "",
            "c": sent,
            "after": after,
            "into": printable(of.names[edge.operand]),
            "told": told,
        }
        data = "".join(f' data-{key}="{escape(text)}"' for key, text in marks.items() if text)
    return f"<tr{data}>" + "".join(_cell(text, kind, first and k == 0) for k, (text, kind) in enumerate(cells)) + "</tr>"


def _cell(text: str, kind: str, head: bool) -> str:
    return f'<th scope="row"{kind}>{escape(text)}</th>' if head else f"<td{kind}>{escape(text)}</td>"


def _left(name: str) -> str:
    return ' class="text"' if name in ("fires", "into") else ""


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
