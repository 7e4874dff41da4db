"""Two passes beside each other: before and after of every value and gradient, and which ways died or woke."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ...engine import Value
from ...tables import columns
from ..questions.paths import counted
from ..trace import Trace
from ..words.cells import set_in_cells
from ..words.terminal import Part, Rounded, TableRows, distinct_names, set_in_lines, terminal_width
from .recorded import RecordedPass

ROWS_TOLD, WAYS_TOLD = 12, 4
"""So many rows and so many ways are printed; `rows`, `died` and `woke` have all."""


class Change(NamedTuple):
    """A value of both passes: its number and its gradient in the first one, and in the second."""

    name: str
    value: float
    new_value: float
    gradient: float
    new_gradient: float

    @property
    def size(self) -> float:
        """How far the value or its gradient has moved, whichever is more; inf where a number stopped or began being finite."""
        return max(_moved(self.value, self.new_value), _moved(self.gradient, self.new_gradient))


class Way(NamedTuple):
    """An edge whose local derivative became 0, or was it: where a gradient comes from, and the value it would reach."""

    above: str
    below: str
    local: float
    new_local: float


@dataclass(frozen=True, repr=False)
class Difference:
    """What changed from one pass to another; printing it shows the table, largest change first.

    `rows` are all values that both have, `died` and `woke` the edges whose local derivative became 0 or ceased to be,
    `missing` and `extra` the names that only one of them has, `live` how many paths to the inputs carry something.
    """

    title: tuple[str, float, float]
    rows: tuple[Change, ...]
    died: tuple[Way, ...]
    woke: tuple[Way, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    live: tuple[int, int]
    digits: int = 4

    def __repr__(self) -> str:
        width, number = terminal_width(), Rounded(self.digits)
        self._parts(number, None)
        for room in (None, 24, 16, 12, 8):
            lines = set_in_lines(self._parts(number, room), width)
            if max(map(columns, lines)) <= width:
                break
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        number = Rounded(self.digits)
        self._parts(number, None)
        return set_in_cells(self._parts(number, 40))

    def _parts(self, number: Rounded, room: int | None) -> list[Part]:
        name, old, new = self.title
        changed = [row for row in self.rows if row.size]
        parts: list[Part] = [f"{name}: {number(old)} -> {number(new)}"]
        if not changed:
            parts.append("  no value and no gradient differs")
        listed = changed[:ROWS_TOLD]
        short = distinct_names((row.name for row in listed), room)
        cells = [("  ", "value", "", "", f"d{name}/d(.)" if len(name) <= 3 else "gradient", "", "")]
        cells += [
            (f"  {short[row.name]}", *_pair(number, row.value, row.new_value), *_pair(number, row.gradient, row.new_gradient))
            for row in listed
        ]
        parts += [TableRows(cells, "<><<><<")] if listed else []
        if len(changed) > len(listed):
            parts.append(f"  {len(changed) - len(listed)} more, none of them changes more; .rows has all")
        if same := len(self.rows) - len(changed):
            parts.append(f"  {same} value{'s' * (same != 1)} with the same number and gradient")
        for word, ways in (("died", self.died), ("woke", self.woke)):
            told = [f"{way.above} > {way.below} ({number(way.local)} -> {number(way.new_local)})" for way in ways[:WAYS_TOLD]]
            more = f", and {len(ways) - WAYS_TOLD} more" if len(ways) > WAYS_TOLD else ""
            parts += [f"  {word}: {', '.join(told)}{more}"] if told else []
        if self.live[0] != self.live[1]:
            parts.append(f"  live paths to the inputs: {counted(self.live[0])} -> {counted(self.live[1])}")
        for word, names in (("only before", self.missing), ("only after", self.extra)):
            more = f", and {len(names) - ROWS_TOLD} more" if len(names) > ROWS_TOLD else ""
            parts += [f"  {word}: {', '.join(names[:ROWS_TOLD])}{more}"] if names else []
        return parts


def difference(old: RecordedPass, new: RecordedPass) -> Difference:
    """The difference of two passes, from the first to the second."""
    pairs, names = corresponding(old, new), old.shared.names
    rows = [
        Change(names[node], old.trace.recorded[node], new.trace.recorded[other], old.gradient(node), new.gradient(other))
        for node, other in pairs.items()
    ]
    rows.sort(key=lambda row: -row.size)
    died, woke = _turned(old.trace, new.trace, pairs, names)
    reached = set(pairs.values())
    return Difference(
        (old.shared.symbol, old.trace.recorded[old.output], new.trace.recorded[new.output]),
        tuple(rows),
        tuple(died),
        tuple(woke),
        tuple(names[node] for node in old.trace.order if node not in pairs),
        tuple(new.shared.names[node] for node in new.trace.order if node not in reached),
        (_live(old.trace), _live(new.trace)),
        old.how.digits,
    )


def corresponding(old: RecordedPass, new: RecordedPass) -> dict[Value, Value]:
    """Which value of the second pass each of the first one is: of graphs of one shape by place, else by origin, else by name."""
    if _shape(old.trace) == _shape(new.trace):
        return dict(zip(old.trace.order, new.trace.order, strict=True))
    known = {name: node for node, name in new.names.items()}
    same = {new.copied.get(node, node): node for node in new.trace.order}
    related = any(old.copied.get(node, node) in same for node in old.trace.order if node.op)  # one is a what-if of the other
    pairs = {}
    for node in old.trace.order:
        other = same.get(old.copied.get(node, node)) or (None if related else known.get(old.names[node]))
        if other is not None:
            pairs[node] = other
    return pairs


def _live(trace: Trace) -> int:
    """How many paths lead from the output to an input without a factor of 0."""
    paths = {trace.output: 1}
    for node, slot, local in zip(*map(trace.column, ("node", "slot", "local")), strict=True):
        if local != 0.0 and node in paths:
            operand = node.parents[slot]
            paths[operand] = paths.get(operand, 0) + paths[node]
    return sum(count for node, count in paths.items() if node.op is None)


def _pair(number: Rounded, old: float, new: float) -> tuple[str, str, str]:
    """`old -> new`, or the number that stayed."""
    return (number(old), "->", number(new)) if _moved(old, new) else (number(old), "", "")


def _shape(trace: Trace) -> list[object]:
    """The operations of a graph and the places of their operands."""
    place: dict[Value, int] = {}
    rows: list[object] = []
    for node in trace.order:
        place[node] = len(place)
        rows.append((node.op, tuple(place.get(x, -1) if isinstance(x, Value) else None for x in node.parents)))
    return rows


def _turned(old: Trace, new: Trace, pairs: Mapping[Value, Value], names: Mapping[Value, str]) -> tuple[list[Way], list[Way]]:
    """The edges that died and those that woke; one whose end is held in the second pass, and so has no edges, has died."""
    then = {(edge.node, edge.slot): edge for edge in old}
    now = {(node, slot): local for node, slot, local in zip(*map(new.column, ("node", "slot", "local")), strict=True)}
    died, woke = [], []
    for (node, slot), edge in then.items():
        if node not in pairs:
            continue
        local = now.get((pairs[node], slot), 0.0)
        way = Way(names[node], names[edge.operand], edge.local, local)
        if edge.local != 0.0 and local == 0.0:
            died.append(way)
        elif edge.local == 0.0 and local != 0.0:
            woke.append(way)
    return died, woke


def _moved(before: float, after: float) -> float:
    if before == after or (math.isnan(before) and math.isnan(after)):
        return 0.0
    return abs(after - before) if math.isfinite(before) and math.isfinite(after) else math.inf
