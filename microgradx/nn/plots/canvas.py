"""What all pictures share: panels, colours of the palette, lines with few points or zeros in them, and the file they go into."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...files import write_atomically
from ...view.theme import LIGHT, SERIES, theme_named

if TYPE_CHECKING:
    from .picture import Picture

_FEW = 12
"""Points up to which a line shows each of them: a single one would not be seen otherwise."""

Target = str | os.PathLike[str] | None


def panels(count: int, title: str = "", columns: int = 4, size: tuple[float, float] | None = None) -> tuple[Picture, list[Any]]:
    """A picture with so many panels, at most `columns` of them in a row; `size` is that of one, in inches."""
    try:
        from .picture import Picture
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install 'microgradx[plot]'") from error
    across, down = min(count, columns), math.ceil(count / columns)
    width, height = size or ((6.4, 4.2) if count == 1 else (4.0, 3.4))
    picture = Picture(figsize=(width * across, height * down), dpi=120, layout="constrained")
    if title:
        picture.suptitle(title)
    return picture, [picture.add_subplot(down, across, place + 1) for place in range(count)]


def series(place: int) -> str:
    """The colour of the line or class in this place."""
    return SERIES[place % len(SERIES)]


def style(place: int) -> str:
    """How that line is drawn: where the colours begin again it is broken."""
    return ("-", "--", ":", "-.")[place // len(SERIES) % 4]


def ordered(count: int) -> list[str]:
    """Colours for things in an order, such as layers: distinct ones for a few, for many a ramp from the first to the last."""
    if count <= len(SERIES):
        return list(SERIES[:count])
    ends = [[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in (SERIES[0], SERIES[3], SERIES[1])]
    found = []
    for place in range(count):
        part, at = divmod(2 * place, count - 1)
        low, high = ends[min(part, 1)], ends[min(part, 1) + 1]
        share = at / (count - 1) if part < 2 else 1.0
        found.append("#" + "".join(f"{round(a + share * (b - a)):02X}" for a, b in zip(low, high, strict=True)))
    return found


def line(axes: Any, values: Sequence[float], name: str, colour: str, style: str = "-", first: int = 0) -> None:
    """Numbers over the epochs; each of them is marked if there are few."""
    marker = "o" if len(values) <= _FEW else None
    axes.plot(range(first, first + len(values)), values, style, marker=marker, markersize=4, label=name or None, color=colour)


def legend(axes: Any, count: int) -> None:
    """Names of the lines, if there are several; of many only the first and the last, as their colours are a ramp."""
    handles, names = axes.get_legend_handles_labels()
    if count > len(SERIES):
        handles, names = [handles[0], handles[-1]], [names[0], f"... {names[-1]}"]
    if names:
        axes.legend(handles, names, fontsize="small")


def wide(values: Sequence[float]) -> bool:
    """Whether positive numbers span so much that powers of ten belong at equal distances."""
    return bool(values) and min(values) > 0.0 and max(values) > 30.0 * min(values)


def with_zeros(axes: Any, lines: Mapping[str, Sequence[float]], colours: Sequence[str], first: int = 0) -> None:
    """Numbers of many sizes on a logarithmic axis, and those that are exactly 0 on a strip of their own below it."""
    sizes = [number for numbers in lines.values() for number in numbers if 0.0 < number < math.inf]
    low, high = (min(sizes), max(sizes)) if sizes else (0.1, 1.0)
    zero = low / 10.0 ** (0.5 + 0.1 * math.log10(high / low))
    for (name, numbers), colour in zip(lines.items(), colours, strict=False):
        line(axes, [number if number > 0.0 else zero for number in numbers], name, colour, first=first)
    axes.set_yscale("log")
    if any(number == 0.0 for numbers in lines.values() for number in numbers):
        axes.axhspan(zero / 1.6, zero * 1.6, color=LIGHT.tones["zero"][0], alpha=0.25, linewidth=0)
        decades = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        shown = [10.0**power for power in decades][:: max(1, len(decades) // 6)] if sizes else []
        axes.set_yticks([zero, *shown], ["0", *(f"{number:.0e}" for number in shown)])
        axes.set_yticks([], minor=True)
        axes.set_ylim(zero / 1.8, high * 2.0)


def finished(picture: Picture, path: Target, theme: str) -> Picture:
    """The picture in the colours of a theme, written to `path` whole or not at all."""
    coloured(picture, theme)
    if path is not None:
        suffix = Path(path).suffix.lower()
        if suffix not in (".png", ".svg"):
            raise ValueError(f"path {os.fspath(path)!r} ends in {suffix!r}: write .png or .svg")
        write_atomically(Path(path), picture.png() if suffix == ".png" else picture.svg().encode())
    return picture


def coloured(picture: Picture, theme: str) -> None:
    """Paper, text, frames and legends in the colours of a theme."""
    colours = theme_named(theme)
    picture.theme = theme
    picture.set_facecolor(colours.background)
    for axes in picture.axes:
        axes.set_facecolor(colours.background)
        axes.tick_params(which="both", colors=colours.ink)
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts):
            text.set_color(colours.ink)
        for frame in axes.spines.values():
            frame.set_color(colours.faint)
    if heading := picture.get_suptitle():
        picture.suptitle(heading, color=colours.ink)
    for box in (*picture.legends, *(axes.get_legend() for axes in picture.axes)):
        if box is not None:
            box.get_frame().set(facecolor=colours.background, edgecolor=colours.faint)
            for text in box.get_texts():
                text.set_color(colours.ink)
