"""One line per layer: neurons that are off, the largest gradient, parameters that get none and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...engine import Value
from ...owners import Owners
from ...parts import walk
from ...places import Place, Root
from ...tables import columns, table
from ..trace import Trace
from ..wording import EXPLODING, VANISHING
from ..words.cells import set_in_cells
from ..words.notation import number
from ..words.scope import caller_variables, scope_of
from ..words.terminal import TableRows, set_in_lines, terminal_width


@dataclass(frozen=True)
class LayerLine:
    """What one layer received; `off`, and the reasons, are None if only a model was given and no graph.

    `uses` is how often it was applied in one sample, as a recurrent cell is.
    """

    name: str
    neurons: int
    off: int | None
    largest: float
    parameters: int
    zero: int
    own_off: int | None
    input_zero: int | None
    uses: int = 1
    flag: str = ""


@dataclass(frozen=True, repr=False)
class Layers:
    """The layers of a pass, the output's first; printing it shows the table."""

    rows: tuple[LayerLine, ...]
    samples: int
    what: str
    lines: tuple[str, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        return self.told(terminal_width())

    def _repr_html_(self) -> str:
        return set_in_cells([self._table(False), *self._summary()])

    def told(self, width: int) -> str:
        """The table in lines of so many columns: the fullest that has room."""
        for narrow in (False, True):
            shown = self._table(narrow)
            if max(map(columns, set_in_lines([shown], width))) <= width:
                break
        return "\n".join([*table(shown.cells, shown.kinds, width=width), *set_in_lines(self._summary(), width)])

    def _table(self, narrow: bool) -> TableRows:
        """Heads and rows, or narrower ones that leave names more room: without causes where nothing is zero."""
        heads = ["layer", "neurons", "uses", "off", f"max |{self.what}|", "params", "zero =", "own off", "+ input 0", "+ other"]
        if narrow:
            heads[4:] = ["max |grad|", "params", "zero =", "own", "+ input", "+ other"]
        rows = [self._cells(row) for row in self.rows]
        shown = [k for k in range(len(heads)) if any(cells[k] for cells in rows)]
        if narrow and not any(row.zero for row in self.rows):
            shown = [k for k in shown if k <= 6]
        if shown[-1] == 6:
            heads[6] = "zero"
        return TableRows([[cells[k] for k in shown] for cells in (heads, *rows)], "<" + ">" * (len(shown) - 1))

    def _cells(self, row: LayerLine) -> list[str]:
        """The cells of a row; empty ones that would tell nothing."""
        uses = str(row.uses) if any(other.uses > 1 for other in self.rows) else ""
        start = [row.name, str(row.neurons), uses, "" if row.off is None else str(row.off), number(row.largest)]
        counts = [str(row.parameters), str(row.zero)]
        if row.own_off is None or row.input_zero is None:
            return [*start, *counts, "", "", ""]
        return [*start, *counts, *map(str, (row.own_off, row.input_zero, row.zero - row.own_off - row.input_zero))]

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
    layer neurons off max |gradient| params zero = own off + input 0 + other
    L1          1   0              1      4      1       0         1       0
    L0          3   1         0.6554      9      5       3         2       0
    6 of 13 parameters get no gradient from this sample

    A neuron counts as off if its activation has slope 0 in every sample. A layer is any module with parameters of its own, or
    with a list of neurons. A parameter with gradient 0 sits in a neuron that is off, or its input is 0, or nothing arrived at
    its neuron from above.
    """
    if isinstance(of, Value):
        return layers_in(Trace(of, scope_of(caller_variables(1)).roots))
    if not callable(getattr(of, "named_parameters", None)):
        raise TypeError(f"layers() needs an output Value or a model with named_parameters(), got {of!r}")
    return _of_model(of, scope_of(caller_variables(1)).roots)


def layers_in(trace: Trace) -> Layers:
    """The layers of a pass that is already recorded."""
    owners = trace.owners
    units: dict[Place, dict[Place, list[Value]]] = {}
    parameters: dict[Place, dict[Value, Place]] = {}
    for node in trace.out_of:
        if place := trace.gives(node):
            units.setdefault(place.layer, {}).setdefault(place, []).append(node)
        for operand in node.parents:
            if isinstance(operand, Value) and operand.op is None and (place := owners.get(operand)):
                parameters.setdefault(place.module.layer, {})[operand] = place.module
                units.setdefault(place.module.layer, {})
    if not parameters:
        raise ValueError("no value in this graph is a module's: call an nn.Layer, an nn.MLP or an nn.Module of your own")
    rows = [_row(trace, layer, units[layer], parameters[layer]) for layer in units if layer in parameters]
    samples = {owners.sample(node) for node in trace.out_of if trace.gives(node)} - {None}
    return Layers(_flagged(rows), max(len(samples), 1), "gradient")


def _row(trace: Trace, layer: Place, units: Mapping[Place, list[Value]], parameters: Mapping[Value, Place]) -> LayerLine:
    off = {unit for unit, nodes in units.items() if all(_is_off(trace, node) for node in nodes)}
    largest = max(abs(trace.adjoints[node]) for node in ([n for nodes in units.values() for n in nodes] or parameters))
    zeros = {node: place for node, place in parameters.items() if trace.adjoints[node] == 0.0}
    own = sum(place in off for place in zeros.values())
    idle = sum(place not in off and _input_is_zero(trace, node) for node, place in zeros.items())
    uses = Counter((unit, trace.owners.sample(node)) for unit, nodes in units.items() for node in nodes)
    name, most = trace.owners.written(layer, short=True), max(uses.values(), default=1)
    return LayerLine(name, len(units), len(off), largest, len(parameters), len(zeros), own, idle, most)


def _is_off(trace: Trace, node: Value) -> bool:
    return all(trace[place].local == 0.0 for place in trace.out_of[node])


def _input_is_zero(trace: Trace, parameter: Value) -> bool:
    return all(trace[place].local == 0.0 for place in trace.into[parameter])


def _of_model(model: Any, roots: Mapping[Root, str]) -> Layers:
    found: dict[Place, dict[Value, Place]] = {}
    for parameter, place in walk(model).parameters.items():
        found.setdefault(place.module.layer, {})[parameter] = place.module
    if not any(parameter.reached for row in found.values() for parameter in row):
        raise ValueError("this model has no gradients to look at: call backward() on a loss first, or layers(loss)")
    owners = Owners([parameter for row in found.values() for parameter in row], roots)
    rows = [
        LayerLine(
            owners.written(layer, short=True),
            sum(unit.many or 1 for unit in set(row.values())),
            None,
            max(abs(parameter.grad) for parameter in row),
            len(row),
            sum(not parameter.grad for parameter in row),
            None,
            None,
        )
        for layer, row in found.items()
    ]
    return Layers(_flagged(rows[::-1]), 0, "parameter gradient")


def _flagged(rows: list[LayerLine]) -> tuple[LayerLine, ...]:
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
        result.append(LayerLine(**values))
    return tuple(result)
