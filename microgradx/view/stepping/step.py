"""One step of a backward pass: what fires, what it sends along each edge, and the line that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from ...engine import Value
from ...tables import clip, columns, printable
from ..trace import Contribution
from ..wording import Pass
from ..wording import slope as slope_of
from ..words.notation import equation, expression
from ..words.terminal import Part, Rounded, distinct_names, fitted
from .neuron_step import NeuronStep, recognized
from .pen import Pen, Shortened
from .steps import AnyStep, Keep, Showing


class Step(AnyStep):
    """A step of the pass: what fired, and one contribution per edge; `repr` is a line, `str` the block.

    >>> from microgradx.view.stepping.stepper import stepper
    >>> a, b = Value(2.0), Value(-3.0)
    >>> L = a * b
    >>> stepper(L)[1]
    <step 1/1: L = a * b; dL/dL = 1; a += -3, b += 2>
    >>> [edge.contribution for edge in stepper(L)[1].contributions]
    [-3.0, 2.0]
    """

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

    def title(self, room: int) -> str:
        """The formula in at most `room` columns: names are shortened first, then words of its middle left out."""
        return self._whole(room) or fitted(self.formula(self._shortened(12)), room)

    def _whole(self, room: int) -> str:
        """The formula with names as long as they may be in `room` columns; nothing where it has no room."""
        if self.group.name:
            whole = self.formula(self.of.names)
            return whole if columns(whole) <= room else clip(self.group.name, room)
        texts = (self.formula(self._shortened(width)) for width in (None, 24, 16, 12, 8))
        return next((text for text in texts if columns(text) <= room), "")

    def _shortened(self, width: int | None) -> Shortened:
        nodes = {part for node in self.group.nodes[:60] for part in (node, *node.parents[:60]) if isinstance(part, Value)}
        return Shortened(self.of.names, nodes, width)

    def told(self, width: int, keep: Keep | None = None) -> str:
        """The step in one line: as many of its contributions as there is room for, or of those that `keep` wants."""
        number = Rounded(self.of.digits)
        edges = [self.of.trace[place] for place in self.leaving]
        sent = [edge for edge in edges if keep is None or keep(edge)]
        short = distinct_names([*map(self.of.slot, sent[: width // 4]), self.of.names[self.top]], 24)
        head = f"{self.of.word} {self.number}/{len(self.of.steps)}: "
        for room in (24, 16, 8):
            names = Shortened(self.of.names, (self.top, self.of.trace.output), room)
            slope = f"{slope_of(self.top, self.of.trace.output, names, width)} = {number(self.upstream)}"
            if columns(head + slope) + 24 <= width:
                break
        texts = [f"{short[self.of.slot(edge)]} += {number(edge.contribution)}" for edge in sent[: width // 4]]
        wanted = sum(map(columns, texts)) + 2 * len(texts)
        spare = width - columns(head + slope) - 2
        room = max(spare - max(min(wanted, width // 4), 5), min(16, spare - 5))
        line = f"{head}{self._whole(room) or clip(self.name, room)}; {slope}" if room > 5 else head + slope
        for place, text in enumerate(texts):
            joint, left = (", " if place else "; "), len(sent) > place + 1
            if columns(line + joint + text) > width - 5 * left:
                return f"{line}{joint}..."
            line += joint + text
        return line

    def announced(self, width: int) -> str:
        """What will fire, without a number."""
        head = f"{self.of.word} {self.number}/{len(self.of.steps)}: "
        return head + self.title(width - len(head))

    def mentioned(self, look: Showing) -> Iterable[Value]:
        """The values that the block names."""
        from .block import BlockWriter

        return BlockWriter(self, Pen(self.of), look).mentioned()

    def parts(self, pen: Pen, look: Showing) -> list[Part]:
        """The block, as the pen writes now."""
        from .block import BlockWriter

        return BlockWriter(self, pen, look).parts()
