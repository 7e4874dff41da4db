"""How the table of a layer is painted: names, bars for the samples in which a neuron fires, a square for each gradient."""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element, SubElement

from ..theme import Theme, tone_of
from ..words.notation import exact
from .heat import FIRES, HEADING, LARGEST, NAME, Heat, NeuronRow, largest_text
from .labels import extent

LEGIBLE, MARKED = 9.0, 8.0  # points of a row and of a cell, from which there are texts, and marks of negative gradients


def paint_heat(group: Element, heat: Heat, colours: Theme, font: str) -> None:
    """Replace the texts of a layer's card by its table."""
    face = next(shape for shape in group if shape.tag in ("path", "polygon"))
    box = extent(face.get("points") or face.get("d") or "")
    for text in group.findall("text"):
        group.remove(text)
    face.attrib |= {"fill": colours.card.lower(), "class": "face"}
    columns = max(len(row.cells) for row in heat.rows)
    start = box.left + 8.0 + NAME + FIRES
    end = start + heat.cell * columns
    pen = _Pen(group, font)
    pen.text(heat.title, (box.left + box.right) / 2.0, box.top + 16.0, 11.0, colours.ink, "middle")
    for words, x, anchor in (("fires", box.left + 8.0 + NAME, "start"), ("largest", end + LARGEST, "end")):
        pen.text(words, x, box.top + HEADING - 5.0, 9.0, colours.faint, anchor)
    if heat.cell * columns > 60.0:
        pen.text("gradient by parameter", (start + end) / 2.0, box.top + HEADING - 5.0, 9.0, colours.faint, "middle")
    most = max((row.largest for row in heat.rows if math.isfinite(row.largest)), default=0.0)
    for k, row in enumerate(heat.rows):
        _row(pen, row, heat, (box.left + 8.0, box.top + HEADING + k * heat.tall), most, colours)


def _row(pen: _Pen, row: NeuronRow, heat: Heat, corner: tuple[float, float], most: float, colours: Theme) -> None:
    left, top = corner
    start, middle = left + NAME + FIRES, top + heat.tall / 2.0 + 3.2
    if heat.tall >= LEGIBLE:
        pen.text(row.name, left, middle, 9.5, colours.ink, "start")
        pen.text(largest_text(row), start + heat.cell * len(row.cells) + LARGEST, middle, 9.5, colours.ink, "end")
    wide, high = FIRES - 12.0, max(2.0, heat.tall - 5.0)
    said = f"fires {row.fires:,} of {row.samples:,}"
    pen.box(left + NAME, top + 2.0, wide, high, colours.tones["zero"][1], "empty", said)
    if row.fires:
        pen.box(left + NAME, top + 2.0, wide * row.fires / row.samples, high, colours.tones["pos"][0], "fires", said)
    for k, (name, gradient) in enumerate(row.cells):
        tone = tone_of(gradient)
        colour = colours.tones[tone][0] if gradient else colours.tones["zero"][1]
        share = math.sqrt(abs(gradient) / most) if most and math.isfinite(gradient) else 1.0
        x = start + k * heat.cell
        said = f"{name}\ngradient {exact(gradient)}"
        full = pen.box(x, top + 0.5, heat.cell - 1.0, heat.tall - 1.0, colour, f"cell {tone}", said)
        if gradient:
            full.set("fill-opacity", f"{max(0.06, share):.2f}")
        if gradient < 0.0 and heat.cell >= MARKED:  # the sign, for print without colours
            pen.box(x + 0.3 * heat.cell, top + heat.tall / 2.0 - 0.6, 0.4 * heat.cell - 1.0, 1.2, colours.ink, "minus", said)


class _Pen:
    """Writes shapes and texts into a group."""

    def __init__(self, group: Element, font: str) -> None:
        self.group, self.font = group, font

    def text(self, words: str, x: float, y: float, size: float, colour: str, anchor: str) -> None:
        """A line of text."""
        how = {"text-anchor": anchor, "x": f"{x:.2f}", "y": f"{y:.2f}", "font-family": self.font}
        SubElement(self.group, "text", how | {"font-size": f"{size:g}", "fill": colour.lower()}).text = words

    def box(self, x: float, y: float, wide: float, high: float, colour: str, kind: str, tip: str) -> Element:
        """A rectangle that says something under the pointer."""
        where = {"x": f"{x:.2f}", "y": f"{y:.2f}", "width": f"{max(wide, 0.5):.2f}", "height": f"{max(high, 0.5):.2f}"}
        made = SubElement(self.group, "rect", {"class": kind, "fill": colour.lower()} | where)
        SubElement(made, "title").text = tip
        return made
