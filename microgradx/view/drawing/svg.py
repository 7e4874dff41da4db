"""What Graphviz's SVG still needs: flat shapes that every reader paints, labels on the wires, a caption, tooltips, ids."""

from __future__ import annotations

import math
import re
import textwrap
import xml.etree.ElementTree as xml
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from xml.etree.ElementTree import Element

from ..theme import Theme, dark_style, theme_named
from .heat import Heat
from .heat_svg import paint_heat
from .labels import Box, Point, extent, placed_labels, room

SANS = "Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif"
MONO = "Courier,'Courier New','Liberation Mono','DejaVu Sans Mono',monospace"
FONTS = {"Helvetica,sans-Serif": SANS, "Courier,monospace": MONO}
SAFE = re.compile(r"(?:https?:|mailto:|#|[^:]*$)", re.IGNORECASE)
CAPTION_LETTER, CAPTION_LINE, CAPTION_WIDTH, PAD = 4.7, 12.0, 330.0, 8.0
"""Points: a letter and a line of the caption, the room a caption has at least, what lies between it and the picture."""


@dataclass
class Finish:
    """What a drawing adds to its layout: texts, the labels of its wires by their ids, and the end that its own ids have."""

    title: str
    summary: str = ""
    theme: str = "light"
    caption: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    own: str = ""
    prefix: str = "g-"
    changed: bool = False
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    tables: Mapping[str, Heat] = field(default_factory=dict)


def finished_svg(raw: str, how: Finish) -> str:
    """The SVG that Graphviz wrote, ready to stand in a page beside others.

    The prolog goes, since it may not stand inside HTML. The tooltip of each card and wire becomes its `<title>`, which every
    viewer shows; Graphviz writes a link without a target instead. A card's gradient fill becomes two flat shapes, and what is
    behind a label is a shape below it: readers of SVG 1.1 know no other way.
    """
    root = parsed(raw)
    graph = root.find("g")
    assert graph is not None
    colours = theme_named(how.theme)
    for group in list(root.iter("g")):
        _untangle(group)
        if group.get("id", "").endswith(how.own):
            if group.get("id") in how.tables:
                paint_heat(group, how.tables[group.get("id", "")], colours, SANS)
            if group.get("id") in how.curves:
                _curve(group, how.curves[group.get("id", "")], colours)
            _flatten(group, colours) if group.get("class", "").startswith("node ") else _sharpen(group, colours)
    canvas = _canvas(graph)
    _label(graph, how, colours, canvas)
    _name_frames(graph, colours)
    if how.caption:
        canvas = _captioned(graph, how.caption, colours, canvas)
    _sized(root, graph, canvas)
    _identified(root, how)
    if graph.find("title") is not None:
        graph.remove(graph.find("title"))  # type: ignore[arg-type]  # it was found
    content = "\n".join(xml.tostring(part, encoding="unicode").strip() for part in root)
    content = re.sub(r"><(?=g|/g|path|text)", ">\n<", content)
    style = f"<style>{dark_style(how.prefix + 'svg')}</style>\n" if how.theme == "auto" else ""
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in root.attrib.items())
    return (
        f'<svg id="{how.prefix}svg" role="img" aria-labelledby="{how.prefix}title {how.prefix}summary"{attributes}'
        f' xmlns="http://www.w3.org/2000/svg">\n<title id="{how.prefix}title">{escape(plain_text(how.title))}</title>\n'
        f'<desc id="{how.prefix}summary">{escape(plain_text(how.summary))}</desc>\n{style}{content}\n</svg>\n'
    )


def parsed(raw: str) -> Element:
    """The tree of an SVG text, its names without their name spaces."""
    body = raw[raw.index("<svg") :].replace(' xmlns="http://www.w3.org/2000/svg"', "", 1)
    body = body.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "", 1).replace(' xml:space="preserve"', "")
    return xml.fromstring(body.replace(" xlink:title=", " tip=").replace(" xlink:href=", " href=").replace(" xlink:", " "))


def plain_text(text: str) -> str:
    """A text without the control characters that no XML file can hold."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def _untangle(group: Element) -> None:
    """Move the tooltip from the link around a card or wire into its title, and drop the links that lead nowhere."""
    title = group.find("title")
    for place, child in reversed(list(enumerate(group))):
        if child.tag != "g" or not child.get("id", "").startswith("a_"):
            continue
        link = child[0]
        if title is not None and link.get("tip"):
            title.text = link.get("tip")
        group.remove(child)
        address = link.get("href")
        if address is None:
            group[place:place] = list(link)
            continue
        if not SAFE.match(address):
            raise ValueError(f"URL={address!r} of a drawing is not an address to go to: write one that begins with https:")
        link.attrib = {"href": address}
        group.insert(place, link)
    for text in group.findall("text"):
        text.set("font-family", FONTS.get(text.get("font-family", ""), text.get("font-family", "")))


def _flatten(group: Element, colours: Theme) -> None:
    """Paint the strip of a card as a shape of its own, below the texts."""
    tint = colours.tones[group.get("class", "").split()[1]][1].lower()
    face = next((shape for shape in group if shape.tag in ("path", "polygon")), None)
    if face is None:
        return
    fill = face.get("fill", "")
    if not fill.startswith("url("):
        if fill == tint:
            face.set("class", "strip")
        return
    shades = group.find("defs")
    assert shades is not None
    split = float(shades[0][0].get("offset", "1"))
    group.remove(shades)
    face.set("fill", colours.card.lower())
    face.set("class", "face")
    box = extent(face.get("points") or face.get("d") or "")
    if any(line.get("class") != "curve" for line in group.findall("polyline")):  # a card of many has its front before its depth
        box = Box(box.left, box.top + 4.0, box.right - 4.0, box.bottom)
    thin = float(face.get("stroke-width", "1")) / 2.0
    top = box.top + split * (box.bottom - box.top)
    left, right, bottom = box.left + thin, box.right - thin, box.bottom - thin
    if face.tag == "path":  # the corners are round
        d = (
            f"M{left:.2f},{top:.2f}L{right:.2f},{top:.2f}L{right:.2f},{bottom - 12:.2f}"
            f"C{right:.2f},{bottom - 6:.2f} {right - 6:.2f},{bottom:.2f} {right - 12:.2f},{bottom:.2f}"
            f"L{left + 12:.2f},{bottom:.2f}C{left + 6:.2f},{bottom:.2f} {left:.2f},{bottom - 6:.2f} {left:.2f},{bottom - 12:.2f}Z"
        )
    else:
        d = f"M{left:.2f},{top:.2f}L{right:.2f},{top:.2f}L{right:.2f},{bottom:.2f}L{left:.2f},{bottom:.2f}Z"
    group.insert(list(group).index(face) + 1, Element("path", {"class": "strip", "fill": tint, "d": d}))


def _curve(group: Element, sizes: Sequence[float], colours: Theme) -> None:
    """Draw sizes as a curve, on a logarithmic scale, where the card has an empty line."""
    empty = next((text for text in group.findall("text") if not (text.text or "").strip()), None)
    face = next((shape for shape in group if shape.tag in ("path", "polygon")), None)
    logs = [math.log10(size) for size in sizes if 0.0 < size < math.inf]
    if empty is None or face is None or len(logs) < 2:
        return
    box = extent(face.get("points") or face.get("d") or "")
    left, right, bottom = box.left + 10.0, box.right - 14.0, float(empty.get("y", "0")) + 3.0
    low, high = min(logs), max(logs)
    across, up = (right - left) / (len(logs) - 1), 12.0 / (high - low or 1.0)
    points = " ".join(f"{left + across * k:.1f},{bottom - up * (x - low):.1f}" for k, x in enumerate(logs))
    line = Element("polyline", {"class": "curve", "fill": "none", "stroke": colours.ink.lower(), "points": points})
    line.set("stroke-width", "1.6")
    group.append(line)


def _sharpen(group: Element, colours: Theme) -> None:
    """Draw the outline of a tip thin, however wide its wire is, so that a hollow one shows that it is."""
    for tip in group.findall("polygon"):
        tip.set("stroke-width", "1")
        if tip.get("fill") == "none":
            tip.attrib |= {"fill": colours.background.lower(), "class": "hollow"}


def _canvas(graph: Element) -> Box:
    """The rectangle that the picture takes, as Graphviz painted its background."""
    background = graph.find("polygon")
    if background is None:
        return Box(0.0, 0.0, 0.0, 0.0)
    background.attrib = {"class": "paper", "fill": background.get("fill", "none"), "points": background.get("points", "")}
    return extent(background.get("points", ""))


def _label(graph: Element, how: Finish, colours: Theme, canvas: Box) -> None:
    """Write the labels of the wires, each on a shape of the background's colour that parts it from what lies below."""
    shapes = [shape for group in graph.findall("g") if group.get("class", "").startswith("node") for shape in group]
    cards = [extent(numbers) for shape in shapes if (numbers := shape.get("points") or shape.get("d"))]
    wires = {group.get("id", ""): group for group in graph.findall("g") if group.get("class", "").startswith("edge")}
    paths = {wire: line.get("d", "") for wire, group in wires.items() if (line := group.find(".//path")) is not None}
    for wire, middle in placed_labels(how.labels, paths, cards, canvas):
        _write(wires[wire], how.labels[wire], middle, colours)
        graph.remove(wires[wire])
        graph.append(wires[wire])


def _write(group: Element, text: str, middle: Point, colours: Theme) -> None:
    group.append(_halo(room(text, middle), colours))
    x, y = f"{middle[0]:.2f}", f"{middle[1] + 3.3:.2f}"
    how = {"text-anchor": "middle", "x": x, "y": y, "font-family": MONO, "font-size": "10.00", "fill": colours.faint.lower()}
    written = Element("text", how)
    written.text = text
    group.append(written)


def _halo(box: Box, colours: Theme) -> Element:
    """What parts a text from the wires below it."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (box[:2], (box.right, box.top), box[2:], (box.left, box.bottom)))
    return Element("polygon", {"class": "halo", "fill": colours.background.lower(), "points": points})


def _name_frames(graph: Element, colours: Theme) -> None:
    """Write the names of the boxes around cards above the wires that cross them."""
    for frame in [group for group in graph.findall("g") if group.get("class") == "cluster"]:
        for name in frame.findall("text"):
            half, x, y = CAPTION_LETTER * len(name.text or "") / 2.0, float(name.get("x", "0")), float(name.get("y", "0"))
            frame.remove(name)
            above = Element("g", {"class": "frame"})
            above.append(_halo(Box(x - half, y - 9.0, x + half, y + 3.0), colours))
            above.append(name)
            graph.append(above)


def _captioned(graph: Element, caption: Sequence[str], colours: Theme, canvas: Box) -> Box:
    """Write the caption below the picture, and give the canvas that holds both."""
    lines = caption_lines(caption, canvas.right - canvas.left)
    y = canvas.bottom + PAD
    for line in lines:
        how = {"class": "caption", "x": f"{canvas.left + PAD + 6:.2f}", "y": f"{y:.2f}", "font-family": SANS}
        written = Element("text", how | {"font-size": "10.00", "fill": colours.faint.lower()})
        written.text = line
        graph.append(written)
        y += CAPTION_LINE
    width, height = with_caption(lines, canvas.right - canvas.left, canvas.bottom - canvas.top)
    return Box(canvas.left, canvas.top, canvas.left + width, canvas.top + height)


def caption_lines(caption: Sequence[str], width: float) -> list[str]:
    """The caption in lines that stand below a picture of so many points."""
    letters = int(max(width - 2 * PAD, CAPTION_WIDTH) / CAPTION_LETTER)
    return [line for sentence in caption for line in textwrap.wrap(plain_text(sentence), letters)]


def with_caption(lines: Sequence[str], width: float, height: float) -> tuple[float, float]:
    """The width and height of a picture with its caption, in points."""
    longest = max((len(line) for line in lines), default=0)
    return max(width, longest * CAPTION_LETTER + 2 * PAD + 6), height + (PAD + CAPTION_LINE * len(lines) if lines else 0.0)


def _sized(root: Element, graph: Element, canvas: Box) -> None:
    """Make page and background as large as the canvas."""
    background = graph.find("polygon")
    width, height = canvas.right - canvas.left, canvas.bottom - canvas.top
    if background is None or not width:
        return
    corners = (canvas[:2], (canvas.right, canvas.top), canvas[2:], (canvas.left, canvas.bottom))
    background.set("points", " ".join(f"{x:.2f},{y:.2f}" for x, y in corners))
    scale = float(found[1]) if (found := re.match(r"scale\(([\d.]+)", graph.get("transform", ""))) else 1.0
    width, height = scale * width, scale * height
    root.attrib = {"width": f"{width:.0f}pt", "height": f"{height:.0f}pt", "viewBox": f"0 0 {width:.2f} {height:.2f}"}
    graph.set("transform", f"scale({scale:g}) translate({-canvas.left:.2f} {-canvas.top:.2f})")


def _identified(root: Element, how: Finish) -> None:
    """Give every id that is not the drawing's own the prefix of this drawing, and every id where its text was changed."""
    for element in root.iter():
        id = element.get("id")
        if id is not None and (how.changed or not how.own or not id.endswith(how.own)):
            element.set("id", how.prefix + id)
        for name, value in element.attrib.items():
            if value.startswith("url(#"):
                element.set(name, f"url(#{how.prefix}{value[5:]}")
