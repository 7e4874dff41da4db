"""Where `.grad` says something else than the pass that is drawn, and why that may be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from ..words.notation import number
from .flow import Flow, short
from .troubles import listed

CLOSE = 1e-9
_FORGOTTEN = "zero_grad() forgotten?"


class Note(NamedTuple):
    """What is said about a value besides its numbers: on its card, and whole where the pointer rests."""

    short: str
    whole: str


@dataclass
class Stored:
    """What differs: a note for each value, and a sentence for the caption."""

    notes: dict[int, Note] = field(default_factory=dict)
    sentence: str = ""


def stored(flow: Flow, kept: Iterable[int]) -> Stored:
    """What `.grad` holds besides this pass, among the values that are drawn.

    >>> from microgradx import Value
    >>> from microgradx.view.drawing.flow import snapshot
    >>> p = Value(2.0, label="p")
    >>> (p * 30.0).backward()
    >>> loss = p * -5.0
    >>> loss.backward()
    >>> stored(snapshot(loss), [0]).sentence
    '`.grad` of p is 25: 30 was there before this pass; zero_grad() forgotten?'
    """
    if flow.active is not None:
        return Stored()
    if flow.assigned:
        return Stored({}, _assigned(flow, set(kept)))
    reached = [k for k in kept if flow.nodes[k].reached]
    found = {k: grad for k in reached if not _same(grad := flow.nodes[k].grad, flow.grads[k])}
    if not found:
        return Stored()
    name = short(flow, flow.output)
    if flow.nodes[flow.output].grad != 1.0:
        told = ", ".join(f"{short(flow, k)} {number(grad)}" for k, grad in list(found.items())[:4])
        more = f" and {len(found) - 4:,} more" if len(found) > 4 else ""
        notes = {k: _note(grad, " is of another output") for k, grad in found.items()}
        return Stored(notes, f"`.grad` holds gradients of another output ({told}{more}); drawn are those of {name}.")
    times = {grad / this for k, grad in found.items() if (this := flow.grads[k])}
    rounded = {round(x) if math.isfinite(x) else 0 for x in times}
    if len(rounded) == 1 and (n := min(rounded)) > 1 and all(math.isclose(x, n, rel_tol=CLOSE) for x in times):
        notes = {k: _note(grad, f" is {n} times this pass") for k, grad in found.items()}
        return Stored(notes, f"`.grad` is {n} times this pass for {listed(flow, list(found))}: {_FORGOTTEN}")
    before = {k: grad - (flow.grads[k] or 0.0) for k, grad in found.items()}
    notes = {k: _note(found[k], f", {number(old)} from before") for k, old in before.items()}
    first = next(iter(found))
    others = f" (and {listed(flow, list(found)[1:], 3)} likewise)" if len(found) > 1 else ""
    told = f"`.grad` of {short(flow, first)} is {number(found[first])}: {number(before[first])} was there before this pass"
    return Stored(notes, f"{told}{others}; {_FORGOTTEN}")


def _assigned(flow: Flow, kept: set[int]) -> str:
    """The sentence about a graph whose leaves were assigned since it was computed."""
    places = [place for place in flow.assigned if place in kept]
    if not places:
        return ""
    were = "was" if len(places) == 1 else "were"
    return (
        f"{listed(flow, places)} {were} assigned after this graph was computed, as by an optimizer's step: gradients and "
        "computed values are of the pass before; ? is what rested on a number that is gone."
    )


def _note(grad: float, why: str) -> Note:
    return Note(f".grad {number(grad)}", f".grad {number(grad)}{why}")


def _same(grad: float, this: float | None) -> bool:
    if this is None or grad == this:
        return True
    return math.isclose(grad, this, rel_tol=CLOSE) or (math.isnan(grad) and math.isnan(this))
