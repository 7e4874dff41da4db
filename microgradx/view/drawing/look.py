"""How a flow is drawn: the first picture that can be read on the reader's page, with its caption and summary."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from weakref import ref

from ..layout.renderers import RendererUnavailable
from ..words.notation import number
from .cards import LINES, picture
from .digraph import Drawing, drawing_of
from .flow import Flow, short
from .folding import folded_picture
from .heat import Heat
from .reader import Reader
from .shapes import Card, Shapes

KEPT = 50
"""Values up to which each keeps its card, however small the text becomes; but for the terms of a wide sum."""

LEAST_SHARE = 2.0 / 3.0  # of the text that the reader needs: where it is smaller still, a model as one card is better

UNNAMED = re.compile(r"(?<!\w)_(?!\w)")  # in a formula

TRIED = 400  # cards up to which it is tried whether every value can be read
SEVERAL = 300  # cards up to which more than one direction is laid out
MOST_INSIDES = 60  # folded cards that open in a page
FAST, TIGHT = 600, 1_000  # cards, and places where wires pass a column, from which speed goes before straightness

@dataclass(frozen=True)
class Look:
    """How a flow is drawn: the options that are the same for every way of folding it."""

    known: Flow
    count: int
    said: list[str]
    theme: str
    flow: str
    rankdir: str | None
    caption: bool
    engine: str | None
    printed: bool = False  # nobody can open anything there

    def readable(self, stages: Sequence[tuple[Iterable[Shapes], float]], reader: Reader) -> tuple[Drawing, float]:
        """The first picture that can be read, in the better of two directions, else the one with the largest text; its pixels.

        The pictures of a further stage are looked at where the text so far is smaller than the given share of what is needed.
        """
        best, largest = None, -1.0
        for pictures, least in stages:
            if largest < least * reader.text:
                best, largest = self.best(pictures, reader, best, largest)
        assert best is not None
        return best, largest

    def best(
        self, pictures: Iterable[Shapes], reader: Reader, best: Drawing | None, largest: float
    ) -> tuple[Drawing | None, float]:
        """The first picture that can be read, else the one with the largest text, and the height of that."""
        for shown in pictures:
            for rankdir in self.directions(shown):
                drawing = self.drawing(shown, rankdir)
                if len(shown.cards) > TRIED:  # it was asked for, and there is nothing to choose
                    return drawing, math.inf
                try:
                    size = reader.text_size(*drawing.whole_size())
                except RendererUnavailable:  # the DOT text is to be had all the same
                    return best or drawing, math.inf
                except (RuntimeError, TimeoutError):  # too much for the engine: the next picture is smaller
                    best = best or drawing
                    continue
                if size > largest + 0.05:
                    best, largest = drawing, size
            if largest >= reader.text:
                break
        return best, largest

    def insides(self, folds: Sequence[Card], own: str) -> dict[str, Drawing]:
        """What each folded card holds, with its operands: every value where these are few, else folded by operation."""
        found = {}
        operands = self.known.operands
        for card in folds[:MOST_INSIDES]:
            kept = sorted({*card.places, *(operand for place in card.places for operand in operands[place])})
            if len(kept) <= KEPT:
                shown = picture(self.known, kept, "local", LINES, False)
            else:
                shown = folded_picture(self.known, kept, "operations", 2)
            if len(shown.cards) <= KEPT:
                shown.title = f"what {card.lines[0]} holds"
                inside = self.drawing(replace(shown, caption=shown.caption[:1]), "TB")
                found[card.id + own] = inside
        return found

    def directions(self, shown: Shapes) -> tuple[str, ...]:
        """The directions that are tried."""
        if self.rankdir:
            return (self.rankdir,)
        if shown.rows and shown.beside:
            return ("TB",)
        return ("LR", "TB") if len(shown.cards) <= SEVERAL else ("LR",)

    def drawing(self, shown: Shapes, rankdir: str) -> Drawing:
        """The drawing of one picture in one direction, with its caption and summary."""
        known, name, grad = self.known, short(self.known, self.known.output), self.known.grads[-1]
        said = [*known.caption, *self.said, *shown.caption]
        in_picture = [*said, "" if self.printed else shown.to_open, _legend(name, shown)]
        caption = [line for line in in_picture if line] if self.caption else []
        fast = len(shown.cards) > FAST or shown.virtual > TIGHT
        drawing = drawing_of(replace(shown, caption=caption), "gradient_flow", self.theme, self.flow, rankdir, fast, self.engine)
        count = f"{self.count:,} value{'s' if self.count != 1 else ''}"
        gradient = "not computed" if grad is None else number(grad)
        first = f"{count}; output {name} = {number(known.data[-1])}, gradient {gradient}."
        drawing.summary = " ".join([first, *said, shown.to_open]).strip()
        drawing.curves = {card.id + drawing.own: card.curve for card in shown.cards if card.curve}
        folds = [card for card in shown.cards if card.kind == "fold" or isinstance(card.table, Heat)]
        if folds:
            drawing.insides = partial(self.insides, folds, drawing.own)
        drawing.tables = {card.id + drawing.own: card.table for card in shown.cards if isinstance(card.table, Heat)}
        shows = [(known.nodes[place], card.id + drawing.own) for card in shown.cards for place in card.places]
        drawing.places = {id(node): (ref(node), id_) for node, id_ in shows}
        return drawing


def _legend(name: str, shown: Shapes) -> str:
    """Say what the colors and widths mean, as far as this picture has them."""
    tones = {wire.tone for wire in shown.wires}
    if not tones & {"pos", "neg", "zero", "bad"}:
        return ""
    meaning = {
        "pos": f"Blue: raising it raises {name}",
        "neg": f"orange, hollow tips: it lowers {name}",
        "zero": "dashed: no effect",
    }
    if any(card.kind == "fold" for card in shown.cards):
        meaning["none"] = "grey: of both signs"
    parts = [said for tone, said in meaning.items() if tone in tones]
    written = next((wire.label for wire in shown.wires if wire.label), "")
    if written:
        parts.append("*k: the local derivative" if written.startswith("*") else "u*k: upstream gradient * local derivative")
    if any(card.lines and UNNAMED.search(card.lines[0]) for card in shown.cards):
        parts.append("_: a value without a name")
    said = "; ".join([*parts, "width: size of contribution"])
    return said[0].upper() + said[1:] + "."
