"""A step that fires a whole neuron, told as a neuron: its slope, then what each weight gets and what each input is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...engine import Value
from ...tables import WIDTH, clip, table
from ..trace import NEURON, Contribution, Group, Trace
from ..words.notation import number


@dataclass(frozen=True)
class Neuron:
    """The parts of a neuron's step: the sum before the activation, the bias, and a pair of edges per weight."""

    head: Value
    sum: Value
    bias: Contribution
    pairs: tuple[tuple[Contribution, Value | float, Contribution | None], ...]

    def formula(self) -> str:
        """`relu(w . x + b)`."""
        return "w . x + b" if self.sum is self.head or not self.head.op else f"{self.head.op.name}(w . x + b)"


def recognized(trace: Trace, group: Group) -> Neuron | None:
    """The neuron that a step fires, or None if it is not built as `activation(w . x + b)` with labelled weights."""
    label = group.head.label or ""
    if not NEURON.fullmatch(label):
        return None
    edges = {(edge.node, edge.slot): edge for edge in map(trace.__getitem__, group.edges)}
    biases = [edge for edge in edges.values() if edge.operand.label == f"{label}.b"]
    pairs = []
    for (node, slot), edge in edges.items():
        if not (edge.operand.op is None and (edge.operand.label or "").startswith(f"{label}.w[")):
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
    return Neuron(group.head, biases[0].node, biases[0], tuple(pairs))


def neuron_lines(neuron: Neuron, trace: Trace, names: Mapping[Value, str], slope: str, rows: int | None) -> list[str]:
    """The lines of a neuron's block under its title; with `rows`, only the so many largest inputs."""
    top = slope.partition("/")[0]
    upstream, pre = trace.adjoints[neuron.head], neuron.bias.upstream
    first = f"  {slope} = {number(upstream)}"
    if neuron.sum is not neuron.head and neuron.head.op:
        through = [trace[place] for place in trace.out_of[neuron.head] if trace[place].operand is neuron.sum]
        if len(through) == 1:
            first += f"  x {neuron.head.op.name}' {number(through[0].local)}"
    first += f"  = {top}/dsum {number(pre)}, its sum is {number(neuron.sum.data)}"
    lines = [clip(first, WIDTH)]
    if pre == 0.0 and rows is not None:
        return [*lines, f"  so its {len(neuron.pairs)} weights, its bias and its inputs get 0; s.full() lists all"]
    shown = list(range(len(neuron.pairs)))
    if rows is not None:
        size = [max(abs(edge.contribution) for edge in (weight, sent) if edge) for weight, _, sent in neuron.pairs]
        shown = sorted(sorted(shown, key=lambda k: -size[k])[:rows])
    cells: list[tuple[str, ...]] = [("  input", "value", "", "dsum", "", "dweight", "|", "weight", "", "dsum", "", "to input")]
    for k in shown:
        weight, other, sent = neuron.pairs[k]
        place = (weight.operand.label or "").removeprefix(f"{neuron.head.label}.w")
        name, value = (names[other], other.data) if isinstance(other, Value) else (f"x{place}", other)
        gets = (number(value), "x", number(pre), "=", number(weight.contribution))
        sends = ("x", number(pre), "=", number(sent.contribution)) if sent else ("", "", "", "-")
        cells.append((f"  {name}", *gets, "|", number(weight.operand.data), *sends))
    cells.append(("  bias", "1", "x", number(pre), "=", number(neuron.bias.contribution), "|", *[""] * 5))
    lines += table(cells, "<>>>>>>>>>>>", (0,))
    if left := len(neuron.pairs) - len(shown):
        lines.append(f"  {left} more inputs, none of them larger; s.full() lists all")
    idle = sum(weight.local == 0.0 for weight, _, _ in neuron.pairs)
    if idle:
        lines.append("  1 input is 0, so its weight gets 0" if idle == 1 else f"  {idle} inputs are 0, so their weights get 0")
    return lines
