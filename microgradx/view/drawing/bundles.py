"""The wires between folded cards: each stands for all operands that one group of values gives another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..theme import tone_of
from ..words.notation import exact
from .flow import Flow
from .recall import Edge
from .shapes import Wire, width
from .spread import deviation, mean_of, total_of

MOST_WIRES, STRONGEST = 300, 3  # beyond so many wires only the strongest few of each card are drawn
THINNER = 0.6  # wires between folded cards are many, so they are drawn thinner


@dataclass
class Bundle:
    """All operands that one group gives another; `size` adds up the sizes of the contributions."""

    tail: str
    head: str
    computed: bool
    edges: list[Edge]

    @cached_property
    def known(self) -> list[float]:
        """The contributions, as far as the gradient has passed."""
        return [edge.contribution for edge in self.edges if edge.contribution is not None]

    @cached_property
    def size(self) -> float:
        """How much gradient passes, whatever its sign."""
        return total_of([abs(x) for x in self.known])

    def wire(self, largest: float) -> Wire:
        """The wire that stands for the bundle."""
        whole = total_of(self.known) if self.known else None
        said = f"{len(self.edges):,} operand(s)"
        if whole is not None:
            said += f"\ncontributions add up to {exact(whole)}, their sizes to {exact(self.size)}"
        tone = tone_of(whole)
        if tone in ("pos", "neg") and len(self.known) > 1 and deviation(self.known) > abs(mean_of(self.known)):
            tone = "none"
        return Wire(self.tail, self.head, "", tone, THINNER * width(self.size, largest), said, self.computed)


def bundles(flow: Flow, card_of: Mapping[int, str], inner: Callable[[Edge], bool] | None = None) -> list[Bundle]:
    """The bundles between cards; `card_of` gives the card of each value. Wires that are `inner` ones of a card are not drawn.

    Those are all of a module, if nothing else is said.
    """
    found: dict[tuple[str, str], Bundle] = {}
    for edge in flow.edges:
        tail, head = card_of.get(edge.tail), card_of.get(edge.head)
        within = tail == head and (inner(edge) if inner else flow.modules[edge.head] is not None)
        if tail and head and not within:
            computed = flow.nodes[edge.tail].op is not None
            found.setdefault((tail, head), Bundle(tail, head, computed, [])).edges.append(edge)
    return list(found.values())


def strongest(every: Sequence[Bundle]) -> list[Bundle]:
    """Keep what a reader can follow of a dense network, in the order it came."""
    into: dict[str, list[Bundle]] = {}
    out: dict[str, Bundle] = {}
    for bundle in every:
        into.setdefault(bundle.head, []).append(bundle)
        if bundle.tail not in out or bundle.size > out[bundle.tail].size:
            out[bundle.tail] = bundle
    chosen = {id(bundle) for bundle in out.values()}
    for bundles in into.values():
        chosen |= {id(bundle) for bundle in sorted(bundles, key=lambda bundle: -bundle.size)[:STRONGEST]}
    return [bundle for bundle in every if id(bundle) in chosen]
