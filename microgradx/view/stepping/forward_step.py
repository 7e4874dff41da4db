"""A step of the forward pass: one value computed from its operands, or one neuron, or one layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...engine import Value
from ..drawing.spread import deviation, mean_of
from ..trace import Group
from ..wording import Pass
from ..words.as_typed import as_typed
from ..words.notation import operation
from ..words.terminal import Ends, Part, Rounded, TableRows, fitted
from .neuron_step import NeuronStep
from .pen import Pen
from .step import Step
from .steps import AnyStep, Keep, Showing

PRODUCTS_TOLD = 12
"""Of a layer's values, and of a neuron's products, so many are listed unless all are asked for."""


class ForwardStep(AnyStep):
    """The step that computes a value; its groups are those of the backward pass, in the other direction."""

    phase = "forward"

    def __init__(self, number: int, of: Pass) -> None:
        super().__init__(number, of)
        self.backward = Step(len(of.steps) + 1 - number, of)

    @property
    def group(self) -> Group:
        """What the step computes, last value first."""
        return self.backward.group

    @property
    def node(self) -> Value:
        """The value that the step computes."""
        return self.group.head

    @property
    def nodes(self) -> Sequence[Value]:
        """All values that the step computes."""
        return self.group.nodes

    @property
    def name(self) -> str:
        """What the value, or the layer, is called."""
        return self.backward.name

    def told(self, width: int, keep: Keep | None = None) -> str:
        """The step in one line, such as `forward 1/3: e = a * b: 2 * -3 = -6`."""
        number = Rounded(self.of.digits)
        end = f" = {number(self.of.trace.recorded[self.node])}" if len(self.group.nodes) > 1 else f": {self._computed(number)}"
        head = f"forward {self.number}/{len(self.of.steps)}: "
        return head + self.backward.title(max(width - len(head) - len(end), 12)) + end

    def announced(self, width: int) -> str:
        """What will be computed, without a number."""
        head = f"forward {self.number}/{len(self.of.steps)}: "
        return head + self.backward.title(width - len(head))

    def _computed(self, number: Rounded) -> str:
        then = self.of.trace.recorded
        numbers = {x: number(then[x]) for x in self.node.parents if isinstance(x, Value)}
        return f"{operation(self.node, numbers)} = {number(then[self.node])}"

    def mentioned(self, look: Showing) -> Iterable[Value]:
        """The values that the block names."""
        return [part for node in self.group.nodes[:60] for part in (node, *node.parents[:200]) if isinstance(part, Value)]

    def parts(self, pen: Pen, look: Showing) -> list[Part]:
        """The block: what was computed, and for a neuron every product."""
        step, then = self.backward, self.of.trace.recorded
        title = fitted(f"forward {self.number}/{len(self.of.steps)}   {step.formula(pen.names)}", pen.width)
        parts: list[Part] = [Ends(title, fitted(self._computed(pen.number), pen.width - 2) if len(self.group.nodes) == 1 else "")]
        if step.neuron:
            parts += _products(pen, step.neuron, look.full)
        elif len(self.group.nodes) > 1:
            heads = step.heads if look.full else step.heads[:PRODUCTS_TOLD]
            parts.append(TableRows([(f"  {pen.names[head]}", "=", pen.number(then[head])) for head in heads], "<<<"))
            if len(step.heads) > len(heads):
                made = [then[head] for head in step.heads]
                spread = f"mean {pen.number(mean_of(made))}, spread {pen.number(deviation(made))}"
                parts.append(f"  all {len(made)}: {spread}, {made.count(0.0)} of them 0; {as_typed('full')} lists them")
        return [*parts, fitted(f"  {self.line}", pen.width)] if self.line else parts


def _products(pen: Pen, neuron: NeuronStep, full: bool) -> list[Part]:
    """A neuron's weights, inputs and products, their sum, and what the activation makes of it."""
    number, then = pen.number, pen.of.trace.recorded
    rows = [("  input", "weight", "", "value", "", "product")]
    pairs = neuron.pairs if full else neuron.pairs[:PRODUCTS_TOLD]
    for weight, other, _ in pairs:
        name, value = (pen.names[other], then[other]) if isinstance(other, Value) else (neuron.input(weight), other)
        product = then[weight.operand] * value
        rows.append((f"  {name}", number(then[weight.operand]), "x", number(value), "=", number(product)))
    rows.append(("  bias", "", "", "", "", number(then[neuron.bias.operand])))
    parts: list[Part] = [TableRows(rows, "<>>>>>")]
    if len(pairs) < len(neuron.pairs):
        parts.append(f"  {len(neuron.pairs) - len(pairs)} more inputs; {as_typed('full')} lists all")
    told = f"  their sum is {number(then[neuron.sum])}"
    if neuron.sum is not neuron.head and neuron.head.op:
        told += f", {neuron.head.op.name} makes {number(then[neuron.head])} of it"
    return [*parts, told]
