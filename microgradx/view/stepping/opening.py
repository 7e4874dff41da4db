"""How a phase of a pass opens: what it is about, its size, and what comes first."""

from __future__ import annotations

from collections import Counter

from ...engine import Value
from ...tables import columns
from ..wording import Pass
from ..words.as_typed import as_typed
from ..words.notation import expression
from ..words.terminal import Ends, Part, fitted
from .pen import Pen
from .step import Step
from .steps import AnyStep, Keep, Showing

FORMULA, INPUTS_TOLD = 60, 12
"""Up to so many values a pass is headed by the formula of its output, and so many inputs are told."""


class Opening(AnyStep):
    """The start of a phase: the inputs, the seed, or the rule of the update."""

    word = ""

    def __init__(self, of: Pass) -> None:
        super().__init__(0, of)

    @property
    def node(self) -> Value:
        """The output of the pass."""
        return self.of.trace.output

    @property
    def _size(self) -> str:
        """How many values and steps the phase has."""
        nodes, steps = len(self.of.trace.order), len(self.of.steps)
        return f"{nodes} node{'s' * (nodes != 1)}, {steps} step{'s' * (steps != 1)}{self.of.grain}"

    def told(self, width: int, keep: Keep | None = None) -> str:
        """The opening in one line."""
        return fitted(f"{self.word}: {self._start(Pen(self.of, width))}", width)

    def announced(self, width: int) -> str:
        """The name of the phase."""
        return self.word

    def _start(self, pen: Pen) -> str:
        raise NotImplementedError

    def mentioned(self, look: Showing) -> list[Value]:
        """The values that the block names."""
        return [*[node for node in self.of.trace.order if node.op is None][:INPUTS_TOLD], self.of.trace.output]


class ForwardOpening(Opening):
    """The start of the forward pass: the inputs have their numbers, nothing else has."""

    phase, word = "forward", "inputs"

    def _start(self, pen: Pen) -> str:
        inputs = [node for node in self.of.trace.order if node.op is None]
        told = [f"{pen.names[node]} = {pen.number(self.of.trace.recorded[node])}" for node in inputs[:INPUTS_TOLD]]
        more = f", and {len(inputs) - INPUTS_TOLD} more inputs" if len(inputs) > INPUTS_TOLD else ""
        return ", ".join(told) + more

    def parts(self, pen: Pen, look: Showing) -> list[Part]:
        """The block: the formula without its result, the inputs, and what is computed first."""
        parts: list[Part] = [Ends(f"forward pass of {formula_of(self.of, pen.width - 44)}", f"{self._size}, at 0: the inputs")]
        parts.append(f"  {self._start(pen)}")
        if self.of.steps:
            parts.append(f"  next: {Step(len(self.of.steps), self.of).formula(pen.names)}")
        return parts


class Seed(Opening):
    """The start of the backward pass: the gradient of the output by itself is 1."""

    phase, word = "backward", "seed"

    def _start(self, pen: Pen) -> str:
        return f"{pen.slope(self.node)} = 1"

    def parts(self, pen: Pen, look: Showing) -> list[Part]:
        """The block: the formula, the seed, what fires first, and which gradients there were before."""
        of, start = self.of, self._start(pen)
        end = f" = {pen.number(of.trace.recorded[self.node])}"
        title = f"backward of {formula_of(of, max(pen.width - 20 - len(end), 30))}{end}"
        parts: list[Part] = [Ends(fitted(title, pen.width), f"{self._size}, at 0: the seed")]
        if not of.steps:
            what = "is an input: nothing was computed, so the seed is the whole pass"
            return [*parts, f"  {start}", f"  {pen.names[self.node]} {what}"]
        parts.append(Ends(f"  {start}   .grad is untouched until {as_typed('commit')}", f"next: {Step(1, of).title(28)}"))
        for node, old in list(of.trace.carried.items())[:3]:
            told = f"  * {pen.names[node]}.grad was {pen.number(old)} already"
            parts.append(f"{told}, and is added to: set it to None to start afresh")
        return parts


def formula_of(of: Pass, room: int) -> str:
    """The formula of the output in at most `room` columns, else what the output is called."""
    order = of.trace.order
    if not 1 < len(order) <= FORMULA:
        return of.symbol
    uses = Counter(x for node in order for x in node.parents if isinstance(x, Value))
    if any(node.op and uses[node] > 1 for node in order):
        return of.symbol
    text = expression(of.trace.output, frozenset(), of.names, False)
    return text if columns(text) <= room else of.symbol
