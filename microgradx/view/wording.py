"""How a pass speaks of its values: their names, their slopes, which slot they stand in and which arrival this is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..engine import Value
from ..tables import clip, columns
from .trace import Contribution, Group, Trace
from .words.notation import number
from .words.signed import enclosed, unnamed


class SourceLine(NamedTuple):
    """A line of the user's program; its text is empty where the file cannot be read."""

    file: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.number}   {self.text}".rstrip()


VANISHING, EXPLODING = 1e-6, 1e3
"""Called vanishing: what is below this share of the largest; exploding: what is above this multiple of the output's."""


def symbol(output: Value, names: Mapping[Value, str]) -> str:
    """What the output is called in `dL/dw`: its name, or `out` if nobody named it."""
    return "out" if output.op and unnamed(names[output]) else names[output]


def slope(node: Value, output: Value, names: Mapping[Value, str], room: int = 30) -> str:
    """How the gradient of a node is written: `dL/dw`, with brackets where a name is more than a word."""
    top = symbol(output, names)
    name = top if node is output else names[node]

    def slope_of(x: str) -> str:
        word = re.fullmatch(r"[\w.\[\]]{1,24}", x) and (columns(x) <= max(room, 12) or not unnamed(x))
        return f"d{x}" if word or (enclosed(x) and columns(x) <= room) else f"d({clip(x, room)})"

    return f"{slope_of(top)}/{slope_of(name)}"


class Arrival(NamedTuple):
    """The how-manieth contribution to its operand an edge brings, of how many, and the gradient so far before and after it."""

    nth: int
    of: int
    before: float
    after: float


@dataclass(frozen=True)
class Pass:
    """What every step of one pass shares: the trace, the names, and which step fires each node.

    `digits` are shown of a number; `start` places of other phases lie before the first step; `word` is what a step is called,
    and `grain` tells what it fires, if that is not a single value.
    """

    trace: Trace
    names: Mapping[Value, str]
    steps: Sequence[Group]
    fired_in: Mapping[Value, int]
    digits: int = 4
    start: int = 0
    word: str = "step"
    grain: str = ""
    lines: Mapping[Value, SourceLine] = field(default_factory=dict)
    _arrivals: dict[Value, dict[int, Arrival]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def symbol(self) -> str:
        """What the output is called."""
        return symbol(self.trace.output, self.names)

    def slope(self, node: Value, room: int = 30) -> str:
        """How the gradient of a node is written, such as `dL/dw`."""
        return slope(node, self.trace.output, self.names, room)

    def slot(self, edge: Contribution) -> str:
        """The operand's name; where one operand stands in several slots, the slot too."""
        name = self.names[edge.operand]
        if (edge.node, edge.operand) not in self.trace.repeated:
            return name
        return f"{name} [{('left', 'right')[edge.slot] if len(edge.node.parents) == 2 else edge.slot}]"

    def arrived(self, place: int) -> Arrival:
        """Which arrival at its operand an edge is, counted and added up in the order of the steps."""
        return self.arrivals(self.trace[place].operand)[place]

    def arrivals(self, operand: Value) -> dict[int, Arrival]:
        """The contributions to a value by place, in the order of the steps: of layers that overlap it is not the engine's.

        The last one completes the gradient, so what stands after it is the engine's sum to the last bit.
        """
        if operand not in self._arrivals:
            edges = {place: self.trace[place] for place in self.trace.into.get(operand, ())}
            order = sorted(edges, key=lambda place: (self.fired_in[edges[place].node], place))
            after, found = 0.0, {}
            for nth, place in enumerate(order, 1):
                before, after = after, after + edges[place].contribution if nth > 1 else edges[place].contribution
                after = self.trace.adjoints[operand] if nth == len(order) else after
                found[place] = Arrival(nth, len(order), before, after)
            self._arrivals[operand] = found
        return self._arrivals[operand]


class Numbers(dict[Value, str]):
    """Names every value by its number: an operation written with it is the forward computation."""

    def __missing__(self, node: Value) -> str:
        return number(node.data)
