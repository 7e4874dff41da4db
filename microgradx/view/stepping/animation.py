"""The backward pass as one SVG file that moves by itself: a frame per step, all in one layout, no script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Never

from ... import argument_hints
from ...engine import Value
from ...files import write_atomically
from ...keywords import unknown_keyword
from ...tables import columns
from ..drawing.cards import LINES, picture
from ..drawing.digraph import Drawing, drawing_of
from ..drawing.flow import Flow, at_step, short, snapshot, steps
from ..drawing.reader import READERS
from ..drawing.shapes import Shapes
from ..drawing.svg import SANS, plain_text
from ..theme import THEMES, dark_style, theme_named
from ..words.scope import caller_variables
from .recorded import How
from .stepper import stepper_on

MOST_STEPS, MOST_VALUES = 60, 300  # with more values, frames are laid out for minutes
HOLD = 3  # how many times longer the last frame stands
CAPTION = 24  # points


def animate(
    output: Value,
    path: str | Path = "",
    *,
    seconds: float = 1.0,
    edges: str = "chain",
    theme: str = "auto",
    rankdir: str | None = None,
    names: Mapping[str, object] | None = None,
    **unknown: Never,
) -> str:
    """Write the backward pass of `output` as one animated SVG, a step every so many seconds, and give its path.

    A path that ends in .html gets the stepper's page instead, to play by hand: of the options `names` and `theme` are for it.

    Viewers that do not animate, and readers who asked their system for less motion, see the last step. At most 60 steps: beyond
    that, step through the pass or draw single steps with `draw(output, step=k)`. `.grad` is not touched.
    """
    if unknown:
        raise unknown_keyword("animate", next(iter(unknown)), list(animate.__kwdefaults__ or ()), argument_hints.ANIMATION)
    if Path(path).suffix.lower() == ".html":
        return str(stepper_on(output, How(), names, caller_variables()).to_html(path, theme=theme))
    if Path(path).suffix.lower() != ".svg":
        raise ValueError(f"an animation is an SVG file or a page, got {str(path)!r}: write for example animate(y, 'pass.svg')")
    theme_named(theme)
    if not seconds > 0.0:
        raise ValueError(f"seconds={seconds!r} shows no step: write how long each step stands, such as 1.0")
    flow = snapshot(output, caller_variables(), names)
    count = steps(flow)
    for many, most, what in ((count, MOST_STEPS, "steps"), (len(flow.nodes), MOST_VALUES, "values")):
        if many > most:
            raise ValueError(
                f"{many:,} {what}, an animation shows at most {most}: draw(..., step=k) draws single steps, and a path that ends "
                "in .html gets a page that steps through all"
            )
    frames = [at_step(flow, k) for k in range(count + 1)]
    pictures = [picture(frame, range(len(flow.nodes)), edges, LINES, False) for frame in frames]
    aligned = _aligned(pictures)
    way = rankdir or max(("LR", "TB"), key=lambda way: READERS["readme"].text_size(*_frame(aligned[-1], theme, way).size()))
    drawn = [_frame(shown, theme, way).svg() for shown in aligned]
    captions = [frame.caption[0] for frame in frames]
    write_atomically(Path(path), _film(flow, drawn, captions, seconds, theme).encode())
    return str(path)


def _aligned(pictures: list[Shapes]) -> list[Shapes]:
    """The pictures with room in every card for its widest frame, so that all are laid out alike."""
    for cards in zip(*[shown.cards for shown in pictures], strict=True):
        room = max(columns(line) for card in cards for line in card.lines)
        for card in cards:
            card.columns = room
    for wires in zip(*[shown.wires for shown in pictures], strict=True):
        room = max(len(wire.label) for wire in wires)
        for wire in wires:
            wire.label = wire.label.center(room)
    return pictures


def _frame(shown: Shapes, theme: str, rankdir: str) -> Drawing:
    return drawing_of(replace(shown, caption=[]), "gradient_flow", theme, "backward", rankdir, False, None)


def _film(flow: Flow, drawn: list[str], captions: list[str], seconds: float, theme: str) -> str:
    sizes = [re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', frame) for frame in drawn]
    width = max(float(size[1]) for size in sizes if size)
    height = max(float(size[2]) for size in sizes if size)
    colors = THEMES[theme]
    prefix = f"a{sha256(''.join(drawn).encode()).hexdigest()[:8]}-"
    name = escape(plain_text(f"the backward pass of {short(flow, flow.output)}, step by step"))
    groups = []
    for k, (frame, caption) in enumerate(zip(drawn, captions, strict=True)):
        inner = frame[re.search(r'<g [^>]*class="graph"', frame).start() : frame.rindex("</svg>")]  # type: ignore[union-attr]
        words = (
            f'<text x="12" y="{height + CAPTION / 2:g}" font-family="{SANS}" font-size="11" fill="{colors.faint}">'
            f"{escape(plain_text(caption))}</text>"
        )
        groups.append(f'<g class="{prefix}frame {prefix}{k}">\n{inner.strip()}\n{words}\n</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{prefix}svg" role="img" aria-labelledby="{prefix}title" '
        f'width="{width:g}pt" height="{height + CAPTION:g}pt" viewBox="0 0 {width:g} {height + CAPTION:g}">\n'
        f'<title id="{prefix}title">{name}</title>\n'
        f"<style>{_timing(prefix, len(drawn), seconds)}{dark_style(prefix + 'svg') if theme == 'auto' else ''}</style>\n"
        f'<rect class="paper" width="100%" height="100%" fill="{colors.background}"/>\n' + "\n".join(groups) + "\n</svg>\n"
    )


def _timing(prefix: str, frames: int, seconds: float) -> str:
    """The CSS that shows one frame after the other; without animation the last one shows."""
    last, whole = frames - 1, frames - 1 + HOLD
    rules = [f".{prefix}frame{{visibility:hidden}}", f".{prefix}{last}{{visibility:visible}}"]
    moving = []
    for k in range(frames):
        start, end = 100 * k / whole, 100 * (k + 1 if k < last else whole) / whole
        before = "0%{visibility:hidden}" if k else ""
        after = f"{end:.4g}%{{visibility:hidden}}" if k < last else ""
        rules.append(f"@keyframes {prefix}k{k}{{{before}{start:.4g}%{{visibility:visible}}{after}}}")
        moving.append(f".{prefix}{k}{{animation:{prefix}k{k} {whole * seconds:g}s step-end infinite}}")
    return "".join(rules) + f"@media (prefers-reduced-motion:no-preference){{{''.join(moving)}}}"
