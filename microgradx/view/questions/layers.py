"""One line per layer: neurons that are off, the largest gradient, parameters that get none and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...engine import Value
from ...tables import WIDTH, clip, table
from ..trace import NEURON, Trace
from ..wording import EXPLODING, VANISHING
from ..words.notation import number

PARAMETER = re.compile(r"(?P<neuron>(?:(?P<layer>.*)\.)?neurons\[\d+\])\.[^.]+")

@dataclass(frozen=True)
class Layer:
    """What one layer received; `off`, and the reasons, are None if only a model was given and no graph."""

    name: str
    neurons: int
    off: int | None
    largest: float
    parameters: int
    zero: int
    own_off: int | None
    input_zero: int | None
    flag: str = ""


@dataclass(frozen=True, repr=False)
class Layers:
    """The layers of a pass, the output's first; printing it shows the table."""

    rows: tuple[Layer, ...]
    samples: int
    what: str
    lines: tuple[str, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        largest = f"max |{self.what}|"
        rows: list[tuple[str, ...]]
        rows = [("layer", "neurons", "off", largest, "params", "zero =", "own off", "+ input 0", "+ other")]
        for row in self.rows:
            if row.off is None or row.own_off is None or row.input_zero is None:
                rows[0] = ("layer", "neurons", largest, "params", "zero")
                rows.append((row.name, str(row.neurons), number(row.largest), str(row.parameters), str(row.zero)))
                continue
            why = (str(row.own_off), str(row.input_zero), str(row.zero - row.own_off - row.input_zero))
            cells = (row.name, str(row.neurons), str(row.off), number(row.largest), str(row.parameters), str(row.zero), *why)
            rows.append(cells)
        return "\n".join([*table(rows, "<" + ">" * (len(rows[0]) - 1)), *(clip(line, WIDTH) for line in self._summary())])

    def _summary(self) -> list[str]:
        zero, every = sum(row.zero for row in self.rows), sum(row.parameters for row in self.rows)
        flagged = [f"{row.name} {row.flag}" for row in self.rows if row.flag]
        source = "the last pass" if not self.samples else "this sample" if self.samples == 1 else f"these {self.samples} samples"
        return [f"{zero} of {every} parameters get no gradient from {source}", *([", ".join(flagged)] if flagged else [])]


def layers(of: Value | Any) -> Layers:
    """A line per layer: for an output from its whole pass, for a model from the `.grad` of its parameters.

    >>> from microgradx.nn import MLP
    >>> model = MLP(2, [3, 1], rng=1)
    >>> layers(model([0.0, 1.0]))
    layer     neurons off max |gradient| params zero = own off + input 0 + other
    layers[1]       1   0              1      4      1       0         1       0
    layers[0]       3   1         0.6554      9      5       3         2       0
    6 of 13 parameters get no gradient from this sample

    A neuron counts as off if its activation has slope 0 in every sample. Layers and parameters are recognised by the labels
    that `Layer` and `MLP` give. A parameter with gradient 0 sits in a neuron that is off, or its input is 0, or
    nothing arrived at its neuron from above.
    """
    if isinstance(of, Value):
        return layers_in(Trace(of))
    if not callable(getattr(of, "named_parameters", None)):
        raise TypeError(f"layers() needs an output Value or a model with named_parameters(), got {of!r}")
    return _of_model(of.named_parameters())


def layers_in(trace: Trace) -> Layers:
    """The layers of a pass that is already recorded."""
    outputs: dict[str, dict[str, list[Value]]] = {}
    for node in trace.out_of:
        if match := NEURON.fullmatch(node.label or ""):
            outputs.setdefault(match["layer"] or "layer", {}).setdefault(node.label or "", []).append(node)
    parameters: dict[str, list[tuple[str, Value]]] = {}
    for node in trace.order:
        if node.op is None and (match := PARAMETER.fullmatch(node.label or "")):
            parameters.setdefault(match["layer"] or "layer", []).append((match["neuron"], node))
    if not outputs:
        raise ValueError("no value in this graph is labelled as a neuron's output: build it with microgradx.nn's Layer or MLP")
    rows = []
    for name, neurons in outputs.items():
        off = {label for label, nodes in neurons.items() if all(_is_off(trace, node) for node in nodes)}
        largest = max(abs(trace.adjoints[node]) for nodes in neurons.values() for node in nodes)
        zeros = [(label, node) for label, node in parameters.get(name, []) if trace.adjoints[node] == 0.0]
        own = sum(label in off for label, _ in zeros)
        idle = sum(label not in off and _input_is_zero(trace, node) for label, node in zeros)
        rows.append(Layer(name, len(neurons), len(off), largest, len(parameters.get(name, [])), len(zeros), own, idle))
    samples = max(len(nodes) for neurons in outputs.values() for nodes in neurons.values())
    return Layers(_flagged(rows), samples, "gradient")


def _is_off(trace: Trace, node: Value) -> bool:
    return all(trace[place].local == 0.0 for place in trace.out_of[node])


def _input_is_zero(trace: Trace, parameter: Value) -> bool:
    return all(trace[place].local == 0.0 for place in trace.into[parameter])


def _of_model(named: Iterable[tuple[str, Value]]) -> Layers:
    found: dict[str, list[tuple[str, Value]]] = {}
    for path, parameter in named:
        if match := PARAMETER.fullmatch(path):
            found.setdefault(match["layer"] or "layer", []).append((match["neuron"], parameter))
    if not any(parameter.reached for row in found.values() for _, parameter in row):
        raise ValueError("this model has no gradients to look at: call backward() on a loss first, or layers(loss)")
    rows = [
        Layer(name, len({label for label, _ in row}), None, _largest(row), len(row), sum(not p.grad for _, p in row), None, None)
        for name, row in found.items()
    ]
    return Layers(_flagged(rows[::-1]), 0, "parameter gradient")


def _largest(row: Iterable[tuple[str, Value]]) -> float:
    return max(abs(parameter.grad) for _, parameter in row)


def _flagged(rows: list[Layer]) -> tuple[Layer, ...]:
    """The rows with a word for layers whose gradient is gone, tiny or huge."""
    last = rows[0].largest
    result = []
    for row in rows:
        flag = ""
        if row.largest == 0.0:
            flag = "gets nothing"
        elif row.largest < VANISHING * last:
            flag = "vanishing"
        elif row.largest > EXPLODING * last:
            flag = "exploding"
        values: Mapping[str, Any] = {**vars(row), "flag": flag}
        result.append(Layer(**values))
    return tuple(result)
