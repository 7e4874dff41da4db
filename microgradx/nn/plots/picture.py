"""A matplotlib figure that shows itself in a notebook and turns dark with its reader; loaded when one is drawn."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure

from ...hints import PICTURE, missing_name
from ...view.theme import DARK, DARK_NOTEBOOKS, LIGHT

ROLES = ("background", "ink", "faint")
"""The colours that an automatic picture swaps; lines and samples have theirs on every theme."""


class Picture(Figure):
    """A figure as matplotlib's, with a rich representation: no magic command and no pyplot is needed."""

    theme = "light"

    def svg(self) -> str:
        """The picture as SVG: its text is text; with theme "auto" it follows the reader's system or notebook."""
        out = io.StringIO()
        with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "microgradx"}):
            self.savefig(out, format="svg", metadata={"Date": None})
        text = out.getvalue()
        return following(text) if self.theme == "auto" else text

    def png(self) -> bytes:
        """The picture as PNG."""
        made = io.BytesIO()
        self.savefig(made, format="png")
        return made.getvalue()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        """What a notebook shows: SVG and a line of text. Never raises."""
        bundle = {"text/plain": repr(self)}
        try:
            bundle["image/svg+xml"] = self.svg()
        except Exception as error:  # a notebook would show a traceback instead of the picture
            bundle["text/plain"] += f"\n{error}"
        wanted = set(bundle if include is None else include) - set(exclude or ())
        return {kind: data for kind, data in bundle.items() if kind in wanted}

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise missing_name("a Picture", name, PICTURE, dir(type(self)))

    def __repr__(self) -> str:
        return f"<Picture of {len(self.axes)} panel{'s' * (len(self.axes) != 1)}: it shows itself in a notebook; .savefig(path)>"


def following(svg: str) -> str:
    """A light SVG whose paper, text and frames take the colours of the reader's theme; for other viewers it stays light."""
    for role in ROLES:
        light = getattr(LIGHT, role).lower()
        svg = re.sub(rf"(fill|stroke): {light}", rf"\1: {light}; \1: var(--mx-{role}, {light})", svg)
    dark = ";".join(f"--mx-{role}:{getattr(DARK, role)}" for role in ROLES)
    rules = [f"@media (prefers-color-scheme:dark){{svg{{{dark}}}}}", *(f"{mark} svg{{{dark}}}" for mark in DARK_NOTEBOOKS)]
    return svg.replace("<defs>", f"<defs><style>{''.join(rules)}</style></defs>\n <defs>", 1)
