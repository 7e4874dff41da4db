"""`draw`: the graph of a value with its gradients, local derivatives, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...engine import Value
from ..theme import theme_named
from ..words.names import caller_variables
from ..words.notation import number
from .boxes import Drawable, draw_chart
from .cards import LINES, Picture, picture
from .digraph import Drawing
from .dot import body
from .flow import Flow, at_step, short, snapshot
from .folding import HARD, LEVELS, folded_picture, folded_to_fit
from .select import chosen

LABELLED, UNFOLDED = 150, 2_500
"""Cards up to which wires are labelled, and up to which nothing is folded."""

TANGLED, KNOTTED = 1_000, 5_000
"""Places where wires pass a column without stopping: from where speed goes before straightness (2,400 took 1.2 s, then 0.1 s),
and from where a graph is folded."""

FAST = 600  # cards from which speed goes before straightness, and from which a network is folded, since nobody reads that many
DETAILS = ("auto", "full", "values", "neurons", "layers", "model")


def draw(
    output: Value | Drawable,
    *,
    edges: str = "local",
    flow: str = "forward",
    rankdir: str | None = None,
    theme: str = "light",
    detail: str = "auto",
    show: Iterable[str] = LINES,
    path: tuple[Any, Value] | None = None,
    depth: int | None = None,
    module: str | None = None,
    constants: bool = False,
    caption: bool = True,
    step: int | None = None,
    names: Mapping[str, object] | None = None,
    engine: str | None = None,
    seconds: float = 10.0,
) -> Drawing:
    """Draw the graph of `output`: a card per value, and on each wire its local derivative, colored by sign, wide by size.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> product = a * b
    >>> draw(product)
    <Drawing of the gradient flow of product: 3 values; output product = -6, gradient 1.>

    The gradients are those of a backward pass of its own, which touches no `.grad`; where `.grad` holds something else, as after
    a forgotten `zero_grad()`, card and caption say so. A wire is as wide as the logarithm of its contribution,
    d(output)/d(result) times the local derivative.

    - `edges`: "local" writes the local derivative on a wire, "chain" upstream * local, "none" nothing.
    - `flow`: "backward" turns the arrows the way the gradient goes. `rankdir`: LR (of a program TB), RL, TB or BT. `theme`:
      light, dark, auto.
    - `detail`: "auto" folds what cannot be read, "full" draws every value, "values" without labels on wires, "neurons",
      "layers" and "model" fold. `show`: which lines a card has, of name, value and grad; without grad the wires are bare.
      `constants` gives plain numbers cards of their own. `caption=False` leaves the text below out.
    - `path=(x, output)` keeps what lies between, for one value or several; `depth=3` what is at most three operations from the
      output; `module="L0.n3"` or `"layers[0].neurons[3]"` one module and what it is given.
    - `step=k` shows the backward pass after k values have passed their gradient on, without touching `.grad`.
    - `names` maps names to values; else labels and the caller's variables serve.
    - `engine` and `seconds` choose who lays out and for how long at most (see `layout.lay_out`).

    A recorded program (`compile(f).program(...)`) is drawn by its array instructions: down to the value, then back up to the
    slopes. Of the options it knows theme, rankdir, caption, engine and seconds.
    """
    if rankdir is None:
        rankdir = "TB" if isinstance(output, Drawable) else "LR"
    _check(edges=(edges, ("local", "chain", "none")), flow=(flow, ("forward", "backward")), detail=(detail, DETAILS))
    _check(rankdir=(rankdir, ("LR", "RL", "TB", "BT")))
    theme_named(theme)
    lines = (show,) if isinstance(show, str) else tuple(show)
    for line in lines:
        _check(show=(line, LINES))
    if isinstance(output, Drawable):
        return draw_chart(output, theme, rankdir, caption, engine, seconds)
    if not isinstance(output, Value):
        raise TypeError(
            f"draw needs a Value or a program, got {output!r}: draw the result of an expression, such as draw(loss)"
        )
    known = snapshot(output, caller_variables(), names)
    kept, said = chosen(known, path, depth, module)
    if step is not None:
        known = at_step(known, step)
    plain = partial(picture, known, kept, show=lines, constants=constants)
    look = Look(theme, flow, rankdir, caption, engine, seconds)
    return _fitted(known, kept, detail, edges, plain, partial(_drawing, known, kept, said, look))


def _fitted(
    known: Flow, kept: list[int], detail: str, edges: str, plain: Callable[..., Picture], paint: Callable[..., Drawing]
) -> Drawing:
    """Draw as `detail` says; "auto" shows as much as can be read and laid out."""
    if detail in ("neurons", "layers", "model"):
        return paint(folded_picture(known, kept, detail, dict(LEVELS)[detail]), False)
    count = len(kept)
    most = FAST if any(known.modules) else UNFOLDED
    if count <= most or detail != "auto":
        if count > HARD:
            raise ValueError(
                f"{count:,} cards are more than the {HARD:,} that can be laid out: leave detail='auto' to fold them, or draw "
                "less with path=, depth= or module="
            )
        shown = plain(edges=edges if detail == "full" or (detail == "auto" and count <= LABELLED) else "none")
        fast = count > FAST or shown.virtual > TANGLED
        if detail != "auto":
            return paint(shown, fast)
        if shown.virtual <= KNOTTED:
            drawing = paint(shown, fast)
            drawing.folded = lambda: paint(folded_to_fit(known, kept, "Laying out every value took too long. "), False)
            return drawing
    return paint(folded_to_fit(known, kept), False)


@dataclass(frozen=True)
class Look:
    """The options that say how a picture looks and who lays it out."""

    theme: str
    flow: str
    rankdir: str
    caption: bool
    engine: str | None
    seconds: float


def _drawing(known: Flow, kept: list[int], said: list[str], look: Look, shown: Picture, fast: bool) -> Drawing:
    name, value, grad = short(known, known.output), known.data[-1], known.grads[-1]
    troubles = [*known.caption, *said, *shown.caption]
    shown.caption = [line for line in (*troubles, legend(name, shown)) if line] if look.caption else []
    drawing = Drawing("gradient_flow", format="svg")
    drawing.body += body(shown, look.theme, look.flow, look.rankdir, fast)
    drawing.title = shown.title
    drawing.summary = " ".join(
        [
            f"{len(kept):,} value{'s' if len(kept) != 1 else ''}; output {name} = {number(value)}, "
            f"gradient {'not computed' if grad is None else number(grad)}.",
            *troubles,
        ]
    )
    drawing.theme, drawing.upright = look.theme, look.rankdir in ("TB", "BT")
    drawing.layout, drawing.seconds = look.engine, look.seconds
    return drawing


def legend(name: str, shown: Picture) -> str:
    """Say what the colors and widths mean, as far as this picture has them."""
    tones = {wire.tone for wire in shown.wires}
    if not tones & {"pos", "neg", "zero", "bad"}:
        return ""
    meaning = {"pos": f"Blue: raising it raises {name}", "neg": f"orange: it lowers {name}", "zero": "dashed: no effect"}
    parts = [said for tone, said in meaning.items() if tone in tones]
    written = next((wire.label for wire in shown.wires if wire.label), "")
    if written:
        parts.append("*k: the local derivative" if written.startswith("*") else "u*k: upstream gradient * local derivative")
    said = "; ".join([*parts, "width: size of contribution"])
    return said[0].upper() + said[1:] + "."


def _check(**options: tuple[str, tuple[str, ...]]) -> None:
    for option, (given, allowed) in options.items():
        if given not in allowed:
            raise ValueError(f"{option}={given!r} is not known: write one of {', '.join(map(repr, allowed))}")
