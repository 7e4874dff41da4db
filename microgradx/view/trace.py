"""One recorded backward pass, edge by edge, and how its edges are grouped into steps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from ..chain import chain_rule
from ..engine import Value
from ..indeterminate import indeterminate_places
from ..order import topological_order
from ..owners import Owners
from ..places import Place, Root
from ..stale import clock

GRAINS = ("node", "neuron", "layer")


class Contribution(NamedTuple):
    """What one edge carried: `upstream * local` went into `operand`, whose gradient so far rose from `before`."""

    node: Value
    slot: int
    upstream: float
    local: float
    contribution: float
    before: float | None
    after: float

    @property
    def operand(self) -> Value:
        """The value that received the contribution."""
        operand = self.node.parents[self.slot]
        assert isinstance(operand, Value)
        return operand


class Group(NamedTuple):
    """What one step fires: a node, a run of additions, a neuron or a layer, with the places of its edges in the trace."""

    head: Value
    nodes: tuple[Value, ...]
    edges: tuple[int, ...]
    name: str | None


class Trace:
    """One backward pass of `output` as the engine's own chain rule took it; no `.grad` is touched.

    >>> a, b = Value(2.0), Value(-3.0)
    >>> trace = Trace(a * b)
    >>> [(edge.upstream, edge.local, edge.contribution, edge.before, edge.after) for edge in trace]
    [(1.0, -3.0, -3.0, None, -3.0), (1.0, 2.0, 2.0, None, 2.0)]

    The edges lie flat in one list: an object per edge would wake the garbage collector and make recording slower
    than the pass it records.
    """

    def __init__(self, output: Value, roots: Mapping[Root, str] | None = None) -> None:
        self.output = output
        self.roots = roots
        self.order = topological_order(output)
        self.adjoints: dict[Value, float] = {output: 1.0}
        self._assigned = clock.now
        self.data = [node.data for node in self.order]
        self.carried = {node: node.grad for node in self.order if node.op is None and node.grad}
        flat: list[object] = []
        keep = flat.extend

        def watch(*event: object) -> None:
            keep(event)

        chain_rule(self.order, self.adjoints, watch=watch)
        self._flat = flat

    def __len__(self) -> int:
        return len(self._flat) // len(Contribution._fields)

    def __getitem__(self, place: int) -> Contribution:
        if not 0 <= place < len(self):
            raise IndexError(f"edge {place} of a pass with {len(self)} edges; count from 0")
        width = len(Contribution._fields)
        return Contribution._make(self._flat[place * width : place * width + width])

    def __iter__(self) -> Iterator[Contribution]:
        return (self[place] for place in range(len(self)))

    def column(self, field: str) -> list[Any]:
        """One field of every edge: sweeps over a whole pass read columns, which make no object per edge."""
        fields = Contribution._fields
        return self._flat[fields.index(field) :: len(fields)]

    @cached_property
    def operands(self) -> list[Value]:
        """The value that each edge leads to."""
        return [node.parents[slot] for node, slot in zip(self.column("node"), self.column("slot"), strict=True)]

    @cached_property
    def owners(self) -> Owners:
        """Whose part each value is; `roots` are what the caller's variables call the models."""
        return Owners(self.order, self.roots)

    def gives(self, node: Value) -> Place | None:
        """The module whose output a value is; None for what is between, or a leaf."""
        return self.owners.get(node) if node.op is not None else None

    @cached_property
    def indeterminate(self) -> list[int]:
        """The places of the edges where 0 x inf counted as 0 though no choice made the zero."""
        nodes, slots, upstream, local = map(self.column, ("node", "slot", "upstream", "local"))
        if all(map(math.isfinite, upstream)) and all(map(math.isfinite, local)):
            return []
        return indeterminate_places(zip(nodes, slots, upstream, local, strict=True))

    @cached_property
    def into(self) -> dict[Value, list[int]]:
        """Per node the places of the edges that bring its gradient, in the order in which they were added."""
        into: dict[Value, list[int]] = {}
        for place, operand in enumerate(self.operands):
            into.setdefault(operand, []).append(place)
        return into

    @cached_property
    def out_of(self) -> dict[Value, list[int]]:
        """Per fired node the places of the edges over which it sends, in firing order."""
        out_of: dict[Value, list[int]] = {}
        for place, node in enumerate(self.column("node")):
            out_of.setdefault(node, []).append(place)
        return out_of

    @cached_property
    def recorded(self) -> dict[Value, float]:
        """Per node the number it had in this pass."""
        return dict(zip(self.order, self.data, strict=True))

    @cached_property
    def repeated(self) -> set[tuple[Value, Value]]:
        """Every (node, operand) of which the operand stands in several slots of the node."""
        senders = self.column("node")
        return {
            (senders[place], operand)
            for operand, places in self.into.items()
            for place, next_place in pairwise(places)
            if senders[place] is senders[next_place]
        }

    def changed(self) -> list[tuple[Value, float]]:
        """Each node whose number is no longer the one of this pass, with the number it was recorded with."""
        if clock.now == self._assigned:  # nothing was assigned since: a move need not look at every node
            return []
        return [
            (node, then)
            for node, then in zip(self.order, self.data, strict=True)
            if node.data != then and not (math.isnan(node.data) and math.isnan(then))
        ]

    def groups(self, by: str = "node", fold: bool = False, together: bool = False) -> list[Group]:
        """The steps of the pass at a grain: per node, per neuron or per layer.

        A neuron is the output of a module and everything that feeds only it; what feeds several neurons and is none itself
        stays a step of its own. With `fold`, a sum that goes nowhere but into another sum joins it; with `together`, a neuron is
        one step for all samples.
        """
        owners = self._owners(by, fold)
        members: dict[object, list[Value]] = {}
        if by == "layer" or together:
            ranks = self._ranks(owners)
            for node in sorted(owners, key=lambda node: ranks[owners[node]]):
                place = self.gives(owners[node])
                key = (place.layer if by == "layer" else place, ranks[owners[node]]) if place else owners[node]
                members.setdefault(key, []).append(node)
        else:
            for node, head in owners.items():
                members.setdefault(head, []).append(node)
        return [
            Group(
                nodes[0],
                tuple(nodes),
                tuple(self._edges(nodes)),
                self.owners.written(key[0], short=True) if isinstance(key, tuple) else None,
            )
            for key, nodes in members.items()
        ]

    @cached_property
    def samples(self) -> dict[Value, int]:
        """Which sample each computed value belongs to, counted from 0: the call of a model that it is in, or is made from.

        What several samples have in common, such as the sum of their losses, is not among them.
        """
        found: dict[Value, int] = {}
        for node in self.order:
            if node.op is None:
                continue
            if (sample := self.owners.sample(node)) is not None:
                found[node] = sample
            elif len(below := {found[x] for x in node.parents if isinstance(x, Value) and x in found}) == 1:
                found[node] = below.pop()
        return found

    def _edges(self, nodes: list[Value]) -> Iterator[int]:
        return (place for node in nodes for place in self.out_of[node])

    def _owners(self, by: str, fold: bool) -> dict[Value, Value]:
        """For every fired node the one whose step it belongs to, in firing order."""
        owners: dict[Value, Value] = {}
        senders = self.column("node")
        for node in self.out_of:
            owners[node] = node
            places = self.into.get(node)
            if not places or (by == "node" and not fold):
                continue
            consumer = owners[senders[places[0]]]
            alone = len(places) == 1 or all(owners[senders[place]] is consumer for place in places)
            if alone and (self._continues_a_sum(node) if by == "node" else self.owners.get(node) is None):
                owners[node] = consumer
        return owners

    def _continues_a_sum(self, node: Value) -> bool:
        """Whether a node only adds, and goes into one operation that only adds: then upstream passes unchanged."""
        places = self.into[node]
        consumer = self[places[0]].node
        both = (*self.out_of[node], *self.out_of[consumer])
        return len(places) == 1 and all(self[place].local == 1.0 for place in both)

    def _ranks(self, owners: dict[Value, Value]) -> dict[Value, int]:
        """How many steps lie between the output and each step's head: samples of one layer share a rank."""
        ranks: dict[Value, int] = dict.fromkeys(owners.values(), 0)
        senders = self.column("node")
        for node, head in owners.items():
            for place in self.into.get(node, ()):
                above = owners[senders[place]]
                if above is not head:
                    ranks[head] = max(ranks[head], ranks[above] + 1)
        return ranks
