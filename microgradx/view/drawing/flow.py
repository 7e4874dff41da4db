"""What a drawing needs to know of a graph: names, numbers, one local derivative and contribution per edge of one pass."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ...chain import contribution
from ...engine import Value
from ...order import topological_order
from ...owners import Owners
from ...places import Place
from ..trace import Trace
from ..words.displayed import Displayed
from ..words.names import displayed, name_nodes
from ..words.signed import unnamed
from .recall import Edge, assigned_since, recalled


@dataclass
class Flow:
    """A snapshot of the graph of one output, by place in topological order; the output is the last.

    `names` are whole, `shown` as displays write them, module paths by their initials; `called` knows what they stand for. `grads`
    are those of this pass, whatever stands in `.grad`; `assigned` are the places of leaves whose number was assigned after the
    graph was computed from it. Of several `outputs` the last place is their sum, which is not drawn.
    """

    nodes: list[Value]
    names: list[str]
    shown: list[str]
    data: list[float]
    grads: list[float | None]
    edges: list[Edge]
    owners: Owners
    called: Displayed
    assigned: list[int] = field(default_factory=list)
    active: int | None = None
    outputs: list[int] = field(default_factory=list)
    merged: int = 0  # values that are drawn as part of others
    caption: list[str] = field(default_factory=list)
    judged: tuple[set[int], set[int], set[int]] | None = field(default=None, init=False)  # by `diagnose`, once for all pictures

    def counted(self, kept: Sequence[int]) -> str:
        """How many values `kept` are, with those that are drawn as part of them."""
        return f"{len(kept) + self.merged:,} values"

    @property
    def output(self) -> int:
        """The place of the output."""
        return len(self.nodes) - 1

    @cached_property
    def operands(self) -> list[list[int]]:
        """The places of each value's operands, in order and with repeats."""
        operands: list[list[int]] = [[] for _ in self.nodes]
        for edge in self.edges:
            operands[edge.head].append(edge.tail)
        return operands

    @cached_property
    def modules(self) -> list[Place | None]:
        """The module each value belongs to, None outside of any.

        A parameter belongs to the module that has it, and what a module gives to that module. What lies between belongs to the
        module whose parameters it is made of.
        """
        places = [self.owners.get(node) for node in self.nodes]
        owned = [place.module if node.op is None and place else None for node, place in zip(self.nodes, places, strict=True)]
        found: list[Place | None] = list(owned)
        complete = [node.op is not None and place is not None for node, place in zip(self.nodes, places, strict=True)]
        for place, operands in enumerate(self.operands if any(places) else ()):
            if complete[place]:
                found[place] = places[place]
            elif operands:
                parameters = {owned[k] for k in operands} - {None}
                candidates = parameters or {found[k] for k in operands if not complete[k]} - {None}
                if len(candidates) == 1:
                    (found[place],) = candidates
        return found

    def part(self, module: Place) -> str:
        """What a module is called for short."""
        return self.owners.written(module, short=True)

    def times(self, places: Sequence[int]) -> str:
        """How often something is there that these values are: ` x64` for 64 samples, `, 30 uses` in one call of the model."""
        known = {self.nodes[k]: self.owners.sample(self.nodes[k]) for k in places}
        samples = len({node if sample is None else sample for node, sample in known.items()})
        said = f", {len(places) // samples:,} uses" if len(places) > samples else ""
        return said + (f" x{samples:,}" if samples > 1 else "")

    @cached_property
    def passing(self) -> list[bool]:
        """Whether gradient passes through each value: not where every local derivative is 0, as in a relu that is off."""
        found = [node.op is None for node in self.nodes]
        for edge in self.edges:
            if edge.local != 0.0:
                found[edge.head] = True
        return found

    def named(self, place: int) -> bool:
        """Whether somebody named this value, rather than it being called after its operation and place."""
        return not unnamed(self.shown[place])

    def largest(self) -> float:
        """The largest finite gradient, by absolute value; 0.0 where there is none."""
        return max((abs(g) for g in self.grads if g is not None and math.isfinite(g)), default=0.0)


def made_by(node: Value) -> str:
    """The name of a node's operation, "input" for a leaf."""
    return node.op.name if node.op else "input"


def snapshot(
    output: Value, caller: Mapping[str, object] | None = None, names: Mapping[str, object] | None = None
) -> Flow:
    """The graph of `output` with the gradients of a backward pass of its own; `.grad` is neither read nor changed.

    >>> x = Value(3.0, label="x")
    >>> flow = snapshot(x * x)
    >>> [(edge.slot, edge.local, edge.contribution) for edge in flow.edges], flow.grads
    ([(0, 3.0, 3.0), (1, 3.0, 3.0)], [6.0, 1.0])

    Where a leaf was assigned after the graph was computed, as by an optimizer, the pass before that is shown: see `recalled`.
    """
    order = topological_order(output)
    place = {node: k for k, node in enumerate(order)}
    if assigned := assigned_since(order):
        grads, found = recalled(order, place)
    else:
        trace = Trace(output)
        grads = [trace.adjoints[node] for node in order]
        found = [Edge(place[e.operand], place[e.node], e.slot, e.local, e.contribution) for e in trace]
    found.sort(key=lambda edge: (edge.head, edge.slot))
    whole = name_nodes(order, caller, names)
    shown = displayed(whole)
    data = [node.data for node in order]
    names_of, shown_as, stale = list(whole.values()), list(shown.values()), [place[leaf] for leaf in assigned]
    return Flow(order, names_of, shown_as, data, grads, found, whole.owners, shown, stale)


def at_step(flow: Flow, step: int) -> Flow:
    """The same graph as the backward pass has it after `step` values have passed their gradient on.

    Step 0 has only the seed, d(out)/d(out) = 1.
    """
    place = {node: k for k, node in enumerate(flow.nodes)}
    trace = Trace(flow.nodes[-1])
    passed = list(trace.out_of)
    if not isinstance(step, int) or not 0 <= step <= len(passed):
        raise ValueError(f"step={step!r}, but this backward pass has steps 0 (the seed) to {len(passed)}")
    done = set(passed[:step])
    grads: list[float | None] = [None] * len(flow.nodes)
    grads[-1] = 1.0
    for edge in trace:
        if edge.node in done:
            grads[place[edge.operand]] = edge.after
    heads = {place[node] for node in done}
    lit = [edge if edge.head in heads else edge._replace(contribution=None) for edge in flow.edges]
    active = place[passed[step - 1]] if step else flow.output
    name = short(flow, active)
    said = f"{name} passes its gradient on" if step else f"the seed, d({name}) / d({name}) = 1"
    return replace(flow, grads=grads, edges=lit, active=active, caption=[f"Step {step} of {len(passed)}: {said}."])


def as_it_stands(flow: Flow) -> Flow:
    """The same graph with what stands in `.grad`, whichever pass left it there."""
    grads: list[float | None] = [node.grad for node in flow.nodes]
    sent = [None if edge.local is None else contribution(grads[edge.head], edge.local) for edge in flow.edges]
    return replace(flow, grads=grads, edges=[edge._replace(contribution=x) for edge, x in zip(flow.edges, sent, strict=True)])


def steps(flow: Flow) -> int:
    """How many steps the backward pass has: the values that pass a gradient on."""
    return len({edge.head for edge in flow.edges})


def short(flow: Flow, place: int, longest: int = 30) -> str:
    """The name of a value, or the expression that made it, cut in the middle where it is long; "input" for a leaf without one."""
    node = flow.nodes[place]
    name = re.sub(r"\s+", " ", flow.shown[place]) if node.op or flow.named(place) else made_by(node)
    return name if len(name) <= longest else f"{name[: longest - 11]}...{name[-8:]}"
