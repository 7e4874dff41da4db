"""A drawing as one page: pan, pinch, zoom and search; folded cards open. It asks the network for nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

from ..html_page import document
from ..theme import LIGHT, THEMES, css_colours, drawing_rules, page_colours
from .svg import plain_text

BODY = Template("""\
<nav class="controls" aria-label="View" hidden>
<input type="search" class="find" placeholder="find a value (/)" aria-label="find a value">
<output class="told"></output>
<button type="button" data-go="whole" title="all of it (0)">whole</button>
$button
</nav>
<main>
$svg
</main>
<dialog aria-label="what a card holds"></dialog>
$insides
<script type="application/json" id="wires">$wires</script>
""")
BUTTON = Template('<button type="button" data-go="theme" data-themes="$themes" title="other colours">$shown</button>')


def page(
    svg: str, title: str, theme: str, wires: Sequence[tuple[str, str, str]], insides: Mapping[str, str]
) -> str:
    """The page of an SVG; `wires` are (id, tail, head), `insides` the SVG of what a card holds, by the id of the card."""
    style, script = ((files(__package__) / f"pan_zoom.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    themes = [name for name in THEMES if name != "auto"]
    button = BUTTON.substitute(themes=escape(" ".join(themes)), shown=escape(" / ".join(themes)))
    body = BODY.substitute(
        button=button if theme == "auto" else "",
        svg=svg,
        insides="\n".join(f'<template id="inside-{escape(id)}">{inside}</template>' for id, inside in insides.items()),
        wires=json.dumps(list(wires)),
    )
    colours = drawing_rules("svg", {name: f"var(--{name})" for name in css_colours(LIGHT)})
    return document(plain_text(title), body, page_colours(theme) + style + colours, script, theme)
