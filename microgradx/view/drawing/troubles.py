"""What is wrong with a pass: gradients that are dead, cancelled, vanishing, exploding or not finite."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from ...indeterminate import indeterminate_places
from ..wording import EXPLODING, VANISHING
from ..words.notation import number
from .flow import Flow, short

ROUNDING = 2.0**-49
"""A sum below this share of its terms is what rounding left of it: 16 times half a unit in the last place."""


@dataclass
class Troubles:
    """The places of the gradients that want a word, and the first place that is not finite.

    `cancelled` are the places where contributions of opposite sign add up to nothing, or to rounding noise without a sign,
    and those that get nothing but such noise.
    """

    dead: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    vanishing: list[int] = field(default_factory=list)
    exploding: list[int] = field(default_factory=list)
    indeterminate: list[int] = field(default_factory=list)
    nonfinite: list[int] = field(default_factory=list)
    origin: int | None = None

    def sentences(self, flow: Flow) -> list[str]:
        """What is wrong in words, the first few names of each kind."""
        said = []
        if self.origin is not None:
            kind = "value" if not math.isfinite(flow.data[self.origin]) else "gradient"
            said.append(f"Not finite: {listed(flow, self.nonfinite)}; the first is the {kind} of {short(flow, self.origin)}.")
        for kind, places in (
            ("Indeterminate (0 x inf on the way counts as 0, and no choice made that zero)", self.indeterminate),
            ("Dead (gradient exactly 0)", self.dead),
            ("Cancelled (contributions of both signs leave 0 or rounding noise)", self.cancelled),
            (f"Vanishing (below {number(VANISHING)} of the largest gradient)", self.vanishing),
            (f"Exploding (over many operations, above {number(EXPLODING)} times the output's)", self.exploding),
        ):
            if places:
                said.append(f"{kind}: {listed(flow, places)}.")
        return said


def listed(flow: Flow, places: list[int], most: int = 6) -> str:
    """The names of the first of some places, those that somebody named before those that only have an operation."""
    ordered = sorted(places, key=lambda place: not flow.named(place))
    names = list(dict.fromkeys(short(flow, place) for place in ordered[:most]))
    return ", ".join(names) + (f" and {len(places) - len(names):,} more" if len(places) > len(names) else "")


def diagnose(flow: Flow, kept: Iterable[int] | None = None) -> Troubles:
    """What a reader should look at first, among the values that are drawn.

    >>> from microgradx import Value
    >>> from microgradx.view.drawing.flow import snapshot
    >>> x = Value(-1.0, label="x")
    >>> flow = snapshot(x.relu())
    >>> diagnose(flow).sentences(flow)
    ['Dead (gradient exactly 0): x.']
    """
    if flow.judged is None:
        flow.judged = cancelled(flow), exploding(flow), indeterminate(flow)
    found, (lost, grown, guessed) = Troubles(), flow.judged
    sizes = [abs(g) for k, g in enumerate(flow.grads) if g is not None and math.isfinite(g) and k not in grown]
    largest = max(sizes, default=0.0)
    for place in range(len(flow.nodes)) if kept is None else kept:
        value, grad = flow.data[place], flow.grads[place]
        if not math.isfinite(value) or (grad is not None and not math.isfinite(grad)):
            found.nonfinite.append(place)
        elif grad is None:
            continue
        elif place in guessed:
            found.indeterminate.append(place)
        elif place in lost:
            found.cancelled.append(place)
        elif grad == 0.0:
            found.dead.append(place)
        elif place in grown:
            found.exploding.append(place)
        elif abs(grad) < VANISHING * largest:
            found.vanishing.append(place)
    bad_values = (place for place in found.nonfinite if not math.isfinite(flow.data[place]))
    found.origin = next(bad_values, found.nonfinite[-1] if found.nonfinite else None)  # gradients come from the output
    return found


def indeterminate(flow: Flow) -> set[int]:
    """The places whose gradient is a guess: they get 0 x inf where no choice made the zero, or come from such a place."""
    known = [edge for edge in reversed(flow.edges) if edge.local is not None and flow.grads[edge.head] is not None]
    met = indeterminate_places(
        (flow.nodes[edge.head], edge.slot, flow.grads[edge.head], edge.local, flow.nodes[edge.tail]) for edge in known
    )
    guessed = {known[place].tail for place in met}
    if guessed:
        guessed |= {edge.tail for edge in known if edge.head in guessed}
    return guessed


def cancelled(flow: Flow) -> set[int]:
    """The places whose gradient is only what rounding left of a sum, or comes from such a place alone."""
    whole, sent = [0.0] * len(flow.nodes), [0.0] * len(flow.nodes)  # sizes of the contributions, and of those that are not noise
    lost: set[int] = set()
    from_lost: set[int] = set()
    alive: set[int] = set()
    last = len(flow.nodes)
    for edge in reversed(flow.edges):  # heads from the output on: a head's own sum is complete when its edges come
        if edge.head != last:
            last = edge.head
            _settle(flow, last, whole, sent, lost, from_lost - alive)
        size = abs(edge.contribution or 0.0)
        whole[edge.tail] += size
        sent[edge.tail] += 0.0 if edge.head in lost else size
        (from_lost if edge.head in lost and edge.local else alive).add(edge.tail)
    for place, node in enumerate(flow.nodes):
        if node.op is None:
            _settle(flow, place, whole, sent, lost, from_lost - alive)
    return lost


def _settle(flow: Flow, place: int, whole: list[float], sent: list[float], lost: set[int], orphans: set[int]) -> None:
    grad = flow.grads[place]
    if place in orphans:
        lost.add(place)
    if grad is None or not 0.0 < whole[place] < math.inf or place == flow.output:
        return
    if sent[place] == 0.0 or abs(grad) <= ROUNDING * whole[place]:
        lost.add(place)


def exploding(flow: Flow) -> set[int]:
    """The places whose gradient has grown over many operations.

    One or two large factors are a choice of units (a weight times 480, the square of a residual), so along the way of the largest
    contributions the two largest factors do not count.
    """
    ways: list[tuple[float, float, float]] = [(0.0, 0.0, 0.0)] * len(flow.nodes)  # log of the product, its two largest factors
    best = [-1.0] * len(flow.nodes)
    limit = math.log(EXPLODING)
    for edge in reversed(flow.edges):
        size, slope = abs(edge.contribution or 0.0), abs(edge.local or 0.0)
        if best[edge.tail] < size < math.inf and slope:
            best[edge.tail] = size
            whole, first, second = ways[edge.head]
            factor = math.log(slope)
            ways[edge.tail] = (whole + factor, max(first, factor), max(second, min(first, factor)))
    return {
        place
        for place, (whole, first, second) in enumerate(ways)
        if whole - first - second > limit and abs(flow.grads[place] or 0.0) > EXPLODING
    }
