"""What a cell of a notebook shows: the current block with a small graph around it, and the page where frames are allowed.

No style sheets, scripts or pictures are in a block: an untrusted notebook, which drops these, shows the same words and numbers.
"""

from __future__ import annotations

from html import escape
from itertools import accumulate

from ..theme import DARK_NOTEBOOKS
from ..words.cells import cell_html, cells_html, set_in_cells, text_html
from ..words.terminal import Part
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
        parts = [*step.parts(pen, look), *s.history(pen), *more]
        graph = _graph(s, step, pen, look.part)
    html = set_in_cells(parts)
    title = html.index("</p>") + len("</p>")
    return html[:title] + graph + html[title:]


def _graph(s: Surroundings, step: AnyStep, pen: Pen, part: int | None) -> str:
    """The values next to the one of the step: where its gradient came from, and where it goes, or what it is computed from."""
    if not isinstance(step, (Step, ForwardStep)) or step.group.name:
        return ""
    centre = f"<b>{text_html(s.told(step.node, pen))}</b>"
    if isinstance(step, ForwardStep):
        operands = dict.fromkeys(s.trace[place].operand for place in _between(step.backward, None))
        cards = [text_html(s.told(node, pen)) for node in operands]
        drawn = [(card, "&rarr;", "" if k else centre) for k, card in enumerate(_few(cards))]
        return cells_html(map(cell_html, row) for row in drawn)
    above = dict.fromkeys(s.trace[place].node for place in s.trace.into.get(step.node, ()))
    sources = _few([text_html(s.told(node, pen)) for node in above])
    places = _between(step, part)
    sent = _few([text_html(s.told(s.trace[place].operand, pen)) for place in places])
    slopes = [text_html(pen.number(step.through[place])) for place in places[:NEIGHBOURS]]
    rows = []
    for k in range(max(len(sources), len(sent), 1)):
        source = (sources[k], "&rarr;") if k < len(sources) else ("", "")
        arrow = f"&times; {slopes[k]} &rarr;" if k < len(slopes) else ""
        rows.append([*map(cell_html, (*source, "" if k else centre, arrow, sent[k] if k < len(sent) else ""))])
    return cells_html(rows)


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
