"""`draw`: the graph of a value with its gradients, local derivatives, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Never

from ... import argument_hints
from ...callers import warn
from ...engine import Value
from ...keywords import unknown_keyword
from ..theme import theme_named
from ..words.as_typed import option
from ..words.scope import caller_variables
from .before import before_notes
from .boxes import Drawable, draw_chart
from .cards import LINES, boxed, picture
from .digraph import Drawing
from .flow import Flow, at_step, short, snapshot
from .folding import HARD, LEVELS, folded_picture
from .heat import heat_picture
from .look import KEPT, LEAST_SHARE, TRIED, Look
from .options import DETAILS, FLOWS, ON_WIRES, RANKDIRS, check_options
from .reader import READERS, Reader, reader_of
from .rounds import row_pictures
from .select import chosen
from .shapes import CLOSER, Shapes
from .stage_picture import stage_picture
from .subject import joined, outputs_of
from .sums import chained, has_wide_sum, lists, of_sample

LABELLED = 300  # cards up to which wires are labelled
MODEL_LEVELS = ("neurons", "layers", "model")
"""What `detail` may fold a model to."""


def draw(
    output: Value | Drawable | object,
    *args: object,
    edges: str = "local",
    flow: str = "forward",
    rankdir: str | None = None,
    theme: str = "light",
    detail: str = "auto",
    show: Iterable[str] = LINES,
    path: tuple[Any, Any] | None = None,
    depth: int | None = None,
    module: str | None = None,
    sample: int | None = None,
    constants: bool = False,
    caption: bool = True,
    step: int | None = None,
    before: object = None,
    names: Mapping[str, object] | None = None,
    engine: str | None = None,
    for_: str | tuple[float, float] = "readme",
    **unknown: Never,
) -> Drawing:
    """Draw the graph of `output`: a card per value, and on each wire its local derivative, colored by sign, wide by size.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> product = a * b
    >>> draw(product)
    <Drawing of the gradient flow of product: 3 values; output product = -6, gradient 1.>

    The gradients are those of a backward pass of its own, which touches no `.grad`; where `.grad` holds something else, as after
    a forgotten `zero_grad()`, card and caption say so. A wire is as wide as the logarithm of its contribution,
    d(output)/d(result) times the local derivative.

    `draw([a, b])` draws several outputs with the gradients of their sum, `draw(model, x)` and `draw(f, 2.0, 3.0)` what a model or
    a function gives, compiled ones and `grad(f)` included.

    - `for_` is the page it is made for: "readme", "screen", "slide", "paper", or (width, height) in pixels. Direction and folding
      are chosen so that text can be read there; in a README up to 50 values each keeps its card. Where the text stays too small a
      warning says how small, and what fits; not of the `detail` that was asked for without a page.
    - `edges`: "local" writes the local derivative on a wire, "chain" upstream * local, "none" nothing.
    - `flow`: "backward" turns the arrows the way the gradient goes. `rankdir`: LR, RL, TB or BT.
      `theme`: the name of a set of colours, one of `view.theme.THEMES`.
    - `detail`: "full" draws every value, "values" without labels on wires, "neurons", "layers" and "model" fold.
      `show`: which lines a card has, of name, value and grad; without grad the wires are bare.
      `constants` gives plain numbers cards of their own. `caption=False` leaves the text below out.
    - `path=(x, output)` keeps what lies between, for one value or several, themselves or by name; `depth=3` what is at most three
      operations from the output; `module="L0.n3"` or `"layers[0].neurons[3]"` one module and its inputs, all
      samples together; `sample=7` one sample.
    - `step=k` shows the backward pass after k values have passed their gradient on. `before=s` writes beside each gradient what
      it was in an earlier pass, kept by `s = stepper(loss)`.
    - `names` maps names to values; else labels and the caller's variables serve.
    - `engine` chooses who lays out (see `layout.lay_out`).

    A recorded program (`compile(f).program(...)`) is drawn by its array instructions, or where it runs row by row by formulas,
    a frame around those that repeat: down to the value, then back up to the slopes. It knows theme, rankdir, caption and engine.
    """
    if unknown:
        raise unknown_keyword("draw", next(iter(unknown)), list(draw.__kwdefaults__ or ()), argument_hints.DRAWING)
    check_options(edges=(edges, ON_WIRES), flow=(flow, FLOWS), detail=(detail, DETAILS), rankdir=(rankdir, (None, *RANKDIRS)))
    theme_named(theme)
    lines = (show,) if isinstance(show, str) else tuple(show)
    for line in lines:
        check_options(show=(line, LINES))
    reader = reader_of(for_)
    if isinstance(output, Drawable) and not args:
        return draw_chart(output, theme, rankdir or "TB", caption, engine)
    outputs = outputs_of(output, args)
    known = snapshot(joined(outputs), caller_variables(), names)
    if sample is not None:
        known, _ = chained(known, range(len(known.nodes)))
    kept, said = chosen(known, path, None if depth is None else depth + (len(outputs) > 1), module)
    if sample is not None:
        inside, count = of_sample(known, sample)
        kept = [place for place in kept if place in inside]
        said.append(f"Only sample {sample % count} of {count}, counted from 0.")
    if not args and callable(getattr(output, "named_parameters", None)):
        said.append("Its inputs are ones, as none were given.")
    if len(outputs) > 1:
        kept = _several(known, outputs, kept, said)
    if step is not None:
        known = at_step(known, step)
    notes = None
    if before is not None:
        notes, sentence = before_notes(known, before, kept)
        said.append(sentence)
    whole = len(kept)
    inputs: dict[int, list[int]] = {}
    if detail not in ("full", "values"):
        known, kept = chained(known, kept)
        inputs = lists(known, kept)
    cards = len(kept) - sum(len(leaves) - 1 for leaves in inputs.values())
    plain = partial(picture, known, kept=kept, show=lines, constants=constants, notes=notes, inputs=inputs)
    look = Look(known, whole, said, theme, flow, rankdir, caption, engine, reader.printed)
    every = _every_value(known, kept, cards, detail, edges, plain)
    stages: list[tuple[Iterable[Shapes], float]] = [(every, 1.0)]
    if detail == "auto" and not _kept_whole(known, kept, cards, reader):
        stages.append((_folded(known, kept, module is not None), 1.0))
        stages.append(((folded_picture(known, kept, *level) for level in LEVELS[-1:]), LEAST_SHARE))
    drawing, size = look.readable(stages, reader)
    if round(size, 1) < reader.text and (detail == "auto" or reader != READERS["readme"]):
        warn(reader.too_small(size, _ways_that_fit(look, kept, detail, reader)))
    return drawing


def _kept_whole(known: Flow, kept: list[int], cards: int, reader: Reader) -> bool:
    """Whether every value keeps its card, however small the text: a few in a README, or without a model elsewhere."""
    return cards <= KEPT and not has_wide_sum(known, kept) and (reader == READERS["readme"] or not any(known.modules))


def _ways_that_fit(look: Look, kept: list[int], detail: str, reader: Reader) -> Iterator[str]:
    """The ways of folding a model whose text can be read on the page."""
    for level in MODEL_LEVELS if any(look.known.modules) else ():
        folded = folded_picture(look.known, kept, level, dict(LEVELS)[level])
        if level != detail and look.readable([([folded], 1.0)], reader)[1] >= reader.text:
            yield f"{option('detail', level)} fits"


def _several(known: Flow, outputs: Sequence[Value], kept: list[int], said: list[str]) -> list[int]:
    """Call the sum of several outputs by them and leave it out of the picture."""
    place = {node: k for k, node in enumerate(known.nodes)}
    known.outputs = [place[output] for output in outputs]
    called = [short(known, place, 20) for place in known.outputs]
    known.shown[-1] = " + ".join(called) if len(called) <= 3 else f"{called[0]} + ... + {called[-1]}"
    said.append(f"{len(outputs)} outputs; gradients are those of their sum.")
    return kept[:-1]


def _every_value(
    known: Flow, kept: list[int], cards: int, detail: str, edges: str, plain: Callable[..., Shapes]
) -> Iterator[Shapes]:
    """The pictures in which every value has a card, or what was asked for."""
    if detail in MODEL_LEVELS:
        yield folded_picture(known, kept, detail, dict(LEVELS)[detail])
        return
    if detail != "auto" and cards > HARD:
        raise ValueError(
            f"{cards:,} cards are more than the {HARD:,} that can be laid out: leave detail='auto' to fold them, or draw "
            "less with path=, depth= or module="
        )
    if detail != "auto" or cards <= TRIED:
        every = plain(edges="none" if detail == "values" or (detail == "auto" and cards > LABELLED) else edges)
        if detail != "auto" or len(every.cards) <= TRIED:  # far uses of an input are cards, too
            if detail == "auto" and any(known.modules):
                yield boxed(known, every)
            yield every
            if cards <= KEPT:
                yield replace(every, nodesep=CLOSER)
    if detail == "auto":
        yield from row_pictures(known, kept, plain, edges, whole=cards <= KEPT)


def _folded(known: Flow, kept: list[int], inside: bool) -> Iterator[Shapes]:
    """The pictures that are folded, further and further; `inside` a module first by operations."""
    if inside:
        yield folded_picture(known, kept, "operations", 3)
    elif staged := stage_picture(known, kept):
        yield staged
    if heat := heat_picture(known, kept):
        yield heat
    yield from (folded_picture(known, kept, level, depth) for level, depth in LEVELS[:-1])
