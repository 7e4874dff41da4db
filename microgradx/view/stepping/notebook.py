"""What a cell of a notebook shows: the current block with a small graph around it, and the page where frames are allowed.

Plain tables without style sheets, scripts or pictures: they take the notebook's own colours, light or dark, and an untrusted
notebook, which drops all of these, shows the same words and numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import accumulate

from ...tables import printable
from ..theme import DARK_NOTEBOOKS
from ..words.terminal import Ends, Part, TableRows
from .forward_step import ForwardStep
from .page.page import table_html
from .pen import Pen, Tight
from .step import Step
from .steps import AnyStep, Showing
from .surroundings import Surroundings

CELLS = Tight(40)
"""A cell has room for every column; only names beyond this length are shortened."""
CELL_WIDTH = 160
"""A formula in a cell may be so long."""
NEIGHBOURS = 5
"""On each side of the small graph so many values are shown."""
FALLBACK_ROWS = 60
FRAME_STYLE = (
    "<style>iframe.microgradx-page + .microgradx-no-page{display:none}@media (prefers-color-scheme:light){"
    + ",".join(f"{notebook} iframe.microgradx-auto" for notebook in DARK_NOTEBOOKS)
    + "{filter:invert(.93) hue-rotate(180deg)}}</style>"
)
"""An untrusted notebook removes the frame and this style, so that what follows the frame is seen there, and nowhere else. A page
in a frame follows the system and cannot see the notebook: in a dark one on a light system its colours are turned round."""


def block_html(s: Surroundings, step: AnyStep, look: Showing, more: list[Part]) -> str:
    """The block of a step as HTML, with the graph around it and further lines."""
    pen = Pen(step.of, CELL_WIDTH)
    nodes = [*step.mentioned(look), *s.trace.order[-1:]]
    for _ in range(2):  # the first time tells every number, so that those which look alike are known the second time
        pen.write(CELLS, nodes)
        title, *rest = step.parts(pen, look)
        parts = [f"<p><b>{_line(title)}</b></p>", _graph(s, step, pen, look.part), *map(_part, [*rest, *s.history(pen), *more])]
    return f"<div>{''.join(parts)}</div>"


def _part(part: Part) -> str:
    """A sentence, a line with two ends, or a table."""
    if isinstance(part, TableRows):
        tags = ["th", *["td"] * (len(part.cells) - 1)]
        rows = zip(part.cells, tags, strict=True)
        return _table([_cell(_text(cell), kind, tag) for cell, kind in zip(row, part.kinds, strict=True)] for row, tag in rows)
    return f"<p>{_line(part)}</p>"


def _line(part: Part) -> str:
    if isinstance(part, Ends):
        return _text(part.left) + (f" &emsp; {_text(part.right)}" if part.right else "")
    return _text(part) if isinstance(part, str) else ""


def _text(text: str) -> str:
    return escape(printable(text).strip()).replace("   ", " &emsp; ")


def _cell(html: str, kind: str = "<", tag: str = "td") -> str:
    """A cell with its side said, as notebooks differ in that, and a blank in front, as some set none between columns."""
    side = "style=text-align:left" if kind == "<" else "style=text-align:right"
    return f"<{tag} {side}>{'&ensp;' if html else ''}{html}</{tag}>"


def _table(rows: Iterable[Iterable[str]]) -> str:
    return "<table>" + "".join(f"<tr>{''.join(row)}</tr>" for row in rows) + "</table>"


def _graph(s: Surroundings, step: AnyStep, pen: Pen, part: int | None) -> str:
    """The values next to the one of the step: where its gradient came from, and where it goes, or what it is computed from."""
    if not isinstance(step, (Step, ForwardStep)) or step.group.name:
        return ""
    centre = f"<b>{_text(s.told(step.node, pen))}</b>"
    if isinstance(step, ForwardStep):
        operands = dict.fromkeys(s.trace[place].operand for place in _between(step.backward, None))
        cards = [_text(s.told(node, pen)) for node in operands]
        return _table([[_cell(card), _cell("&rarr;"), _cell("" if k else centre)] for k, card in enumerate(_few(cards))])
    above = dict.fromkeys(s.trace[place].node for place in s.trace.into.get(step.node, ()))
    sources = _few([_text(s.told(node, pen)) for node in above])
    places = _between(step, part)
    sent = _few([_text(s.told(s.trace[place].operand, pen)) for place in places])
    slopes = [_text(pen.number(step.through[place])) for place in places[:NEIGHBOURS]]
    rows = []
    for k in range(max(len(sources), len(sent), 1)):
        source = (sources[k], "&rarr;") if k < len(sources) else ("", "")
        arrow = f"&times; {slopes[k]} &rarr;" if k < len(slopes) else ""
        rows.append([*map(_cell, (*source, "" if k else centre, arrow, sent[k] if k < len(sent) else ""))])
    return _table(rows)


def _between(step: Step, part: int | None) -> list[int]:
    """The edges that lead to other values, so far; of a neuron those to its inputs, not to its own weights."""
    if step.neuron is None:
        return step.leaving if part is None else step.leaving[:part]
    own = {step.neuron.bias.operand, *(weight.operand for weight, _, _ in step.neuron.pairs)}
    return [place for place in step.leaving if step.of.trace[place].operand not in own]


def _few(cards: list[str]) -> list[str]:
    return cards if len(cards) <= NEIGHBOURS else [*cards[:NEIGHBOURS], f"and {len(cards) - NEIGHBOURS} more"]


class Frame:
    """The page inside a notebook, a table where frames are removed; elsewhere its repr says how to write it to a file."""

    def __init__(self, html: str, s: Surroundings, theme: str) -> None:
        self.html, self.theme = html, theme
        rows = accumulate(len(group.edges) for group in s.groups)
        self._table = table_html(s.shared, max(sum(count <= FALLBACK_ROWS for count in rows), 1))

    def __repr__(self) -> str:
        size = len(self.html.encode()) / 1024
        return f"<page of {size:.0f} KiB, shown in a notebook; s.to_html('back.html') writes it to a file>"

    def _repr_html_(self) -> str:
        source, kinds = escape(self.html), f"microgradx-page microgradx-{self.theme}"
        return (
            f'{FRAME_STYLE}<iframe class="{kinds}" srcdoc="{source}" sandbox="allow-scripts" width="100%" height="640" '
            'style="border:0"></iframe><details class="microgradx-no-page"><summary>If no page stands above, this notebook is '
            "not trusted and frames are removed from it: trust it, or write the page to a file with s.to_html('back.html'). "
            f"The pass as a table:</summary>{self._table}</details>"
        )
