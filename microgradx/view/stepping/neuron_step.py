"""A step that fires a whole neuron, told as a neuron: its slope, then what each weight gets and what each input is sent."""

from __future__ import annotations

from dataclasses import dataclass

from ...engine import Value
from ...places import place_of
from ..trace import Contribution, Group, Trace
from ..words.as_typed import as_typed
from ..words.terminal import Part, TableRows
from .pen import Pen


@dataclass(frozen=True)
class NeuronStep:
    """The parts of a neuron's step: the sum before the activation, the bias, and a pair of edges per weight."""

    head: Value
    sum: Value
    bias: Contribution
    pairs: tuple[tuple[Contribution, Value | float, Contribution | None], ...]

    def formula(self) -> str:
        """`relu(w . x + b)`."""
        return "w . x + b" if self.sum is self.head or not self.head.op else f"{self.head.op.name}(w . x + b)"

    def input(self, weight: Contribution) -> str:
        """What an input that is a plain number is called: `x[3]` for that of `w[3]`."""
        place = place_of(weight.operand)
        return f"x{place.suffixes[-1] if place else ''}"


def recognized(trace: Trace, group: Group) -> NeuronStep | None:
    """The neuron that a step fires, or None if it is not built as `activation(w . x + b)` by a module with `w` and `b`."""
    place = trace.gives(group.head)
    if place is None:
        return None
    edges = {(edge.node, edge.slot): edge for edge in map(trace.__getitem__, group.edges)}
    leaves = [edge.operand for edge in edges.values() if edge.operand.op is None]
    own = {leaf: found for leaf in leaves if (found := trace.owners.get(leaf)) is not None and found.holder is place}
    paths = {leaf: found.path[len(place.path) :] for leaf, found in own.items()}
    biases = [edge for edge in edges.values() if paths.get(edge.operand) == ("b",)]
    pairs = []
    for (node, slot), edge in edges.items():
        if len(path := paths.get(edge.operand, ())) != 2 or path[0] != "w":
            continue
        if node.op is None or node.op.name not in ("multiply", "dot"):
            return None
        half = len(node.parents) // 2
        if node.op.name == "dot" and slot >= half:
            continue
        other = (slot + half) % len(node.parents)
        pairs.append((edge, node.parents[other], edges.get((node, other))))
    if len(biases) != 1 or not pairs or {edge.upstream for edge, _, _ in pairs} != {biases[0].upstream}:
        return None
    return NeuronStep(group.head, biases[0].node, biases[0], tuple(pairs))


def neuron_rows(pen: Pen, neuron: NeuronStep, rows: int | None, sought: Value | None) -> list[Part]:
    """The parts of a neuron's block under its title; with `rows`, only the so many largest inputs and the one sought."""
    trace, number = pen.of.trace, pen.number
    slope, pre = pen.slope(neuron.head), neuron.bias.upstream
    first = f"  {slope} = {number(trace.adjoints[neuron.head])}"
    if neuron.sum is not neuron.head and neuron.head.op:
        through = [trace[place] for place in trace.out_of[neuron.head] if trace[place].operand is neuron.sum]
        if len(through) == 1:
            first += f"  x {neuron.head.op.name}' {number(through[0].local)}"
    top = slope.partition("/")[0]
    first += f"  = {top}/dsum {number(pre)}, its sum is {number(trace.recorded[neuron.sum])}"
    parts: list[Part] = [first]
    if pre == 0.0 and rows is not None:
        return [first, f"  so its {len(neuron.pairs)} weights, its bias and its inputs get 0; {as_typed('full')} lists all"]
    shown = _largest(neuron, rows, sought)
    cells: list[tuple[str, ...]] = [("  input", "value", "", "dsum", "", "dweight", "|", "weight", "", "dsum", "", "to input")]
    cells += [_pair(pen, neuron, k) for k in shown]
    cells.append(("  bias", "1", "x", number(pre), "=", number(neuron.bias.contribution), "|", *[""] * 5))
    if pen.tight.rows:
        columns = range(12) if pen.tight.words else (0, 1, 5, 6, 7, 11)  # the slope by the sum is told above
        parts.append(TableRows([[row[k] for k in columns] for row in cells], "<" + ">" * (len(columns) - 1)))
    else:
        for name, value, _, _, _, got, _, weight, _, _, _, sent in cells[1:]:
            sends = f", weight {weight} x {number(pre)} = {sent} to input" if weight else ""
            parts.append(f"{name}: {value} x {number(pre)} = {got}{sends}")
    if left := len(neuron.pairs) - len(shown):
        parts.append(f"  {left} more inputs, none of them larger; {as_typed('full')} lists all")
    idle = sum(weight.local == 0.0 for weight, _, _ in neuron.pairs)
    if idle:
        parts.append("  1 input is 0, so its weight gets 0" if idle == 1 else f"  {idle} inputs are 0, so their weights get 0")
    return parts


def _largest(neuron: NeuronStep, rows: int | None, sought: Value | None) -> list[int]:
    """The places of the pairs that are listed, in their order."""
    every = list(range(len(neuron.pairs)))
    if rows is None:
        return every
    size = [max(abs(edge.contribution) for edge in (weight, sent) if edge) for weight, _, sent in neuron.pairs]
    asked = [k for k in every if neuron.pairs[k][0].operand is sought or neuron.pairs[k][1] is sought]
    return sorted({*sorted(every, key=lambda k: -size[k])[:rows], *asked})


def _pair(pen: Pen, neuron: NeuronStep, k: int) -> tuple[str, ...]:
    """A weight and its input: what the weight gets, and what the input is sent."""
    weight, other, sent = neuron.pairs[k]
    pre, number, then = pen.number(neuron.bias.upstream), pen.number, pen.of.trace.recorded
    name, value = (pen.names[other], then[other]) if isinstance(other, Value) else (neuron.input(weight), other)
    gets = (number(value), "x", pre, "=", number(weight.contribution))
    sends = ("x", pre, "=", number(sent.contribution)) if sent else ("", "", "", "-")
    return (f"  {name}", *gets, "|", number(then[weight.operand]), *sends)
