"""What fires in one step of a backward pass, and what it sends along each edge; how it is told is not known here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from ...engine import Value
from ...tables import printable
from ..trace import Contribution
from ..wording import Pass
from ..words.notation import equation, expression
from .neuron_step import NeuronStep, recognized
from .steps import AnyStep


class Fired(AnyStep):
    """The values that fire together, where gradients enter them, and the contributions that leave."""

    phase = "backward"

    def __init__(self, number: int, of: Pass) -> None:
        super().__init__(number, of)
        self.group = of.steps[number - 1]
        self.inside = frozenset(self.group.nodes)  # a set, since `in` on a tuple would compare numbers

    @property
    def node(self) -> Value:
        """The value that fires; of a group the one at which its gradient enters."""
        return self.group.head

    @property
    def nodes(self) -> Sequence[Value]:
        """All values that fire."""
        return self.group.nodes

    @property
    def name(self) -> str:
        """What fires: the name of the value, or of the layer."""
        return self.group.name or self.of.names[self.node]

    @cached_property
    def neuron(self) -> NeuronStep | None:
        """The parts of the neuron that the step fires, if it is one."""
        if len(self.group.nodes) == 1 or self.group.name:
            return None
        return recognized(self.of.trace, self.group)

    @property
    def contributions(self) -> list[Contribution]:
        """The edges of the step, in the order in which the engine added them."""
        return [self.of.trace[place] for place in self.group.edges]

    @property
    def leaving(self) -> list[int]:
        """The places in the trace of the edges that go out of the step, not from one of its nodes to another."""
        return [place for place in self.group.edges if self.leaves(self.of.trace[place])]

    def leaves(self, edge: Contribution) -> bool:
        """Whether an edge goes out of the step."""
        return edge.operand not in self.inside

    @property
    def upstream(self) -> float:
        """The upstream gradient with which the step's first node fired."""
        return self.of.trace.adjoints[self.top]

    @cached_property
    def heads(self) -> list[Value]:
        """The values at which gradients enter the step from outside."""
        trace = self.of.trace
        heads = [n for n in self.group.nodes if any(trace[p].node not in self.inside for p in trace.into.get(n, ()))]
        return heads or [self.node]

    @property
    def off(self) -> int:
        """In how many of several samples the neuron that fires is off: nothing passes through its activation."""
        trace = self.of.trace
        if not self.group.name or len({trace.gives(head) for head in self.heads}) > 1 or len(self.heads) == 1:
            return 0
        return sum(all(trace[place].local == 0.0 for place in trace.out_of[head]) for head in self.heads)

    @property
    def top(self) -> Value:
        """The value whose gradient stands in the title: of a layer the one with the largest."""
        return max(self.heads, key=lambda node: abs(self.of.trace.adjoints[node])) if self.group.name else self.node

    @cached_property
    def through(self) -> Mapping[int, float]:
        """Per edge that leaves a step with one head, the derivative of that head along all ways that end with this edge."""
        trace, slopes, found = self.of.trace, {self.node: 1.0}, {}
        for node in self.group.nodes:
            for place in trace.out_of[node]:
                edge = trace[place]
                slope = slopes[node] * edge.local if slopes[node] and edge.local else 0.0
                if self.leaves(edge):
                    found[place] = slope
                else:
                    slopes[edge.operand] = slopes.get(edge.operand, 0.0) + slope
        return found

    def formula(self, names: Mapping[Value, str]) -> str:
        """`name = operation`, or the name of the layer and how many operations it has."""
        if self.group.name:
            samples = len({self.of.trace.samples.get(head, 0) for head in self.heads})
            told = f"{samples} samples, " if samples > 1 else ""
            return f"{printable(self.group.name)} ({told}{len(self.group.nodes)} operations)"
        if self.neuron:
            return f"{names[self.node]} = {self.neuron.formula()}"
        if len(self.group.nodes) == 1:
            return equation(self.node, names)
        outside = {edge.operand for edge in self.contributions} - self.inside
        return expression(self.node, outside, names, False)
