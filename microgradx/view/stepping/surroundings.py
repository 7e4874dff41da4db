"""What can be seen from where one stands in a pass, without moving: gradients so far, the way here, the steps around."""

from __future__ import annotations

from typing import Any, Self

from ...engine import Value
from ..words.as_typed import as_typed
from ..words.terminal import Block, Part, fitted, terminal_width
from .cursor import Cursor
from .pen import Pen
from .step import Step

EARLIER = 4
"""Of a watched gradient the last so many changes are told."""


class Surroundings(Cursor):
    """A cursor that can look around."""

    def __init__(self, *recorded: Any) -> None:
        super().__init__(*recorded)
        self._watched: list[Value] = []

    def so_far(self, key: str | Value) -> float:
        """The gradient of a value as far as the cursor has come: the contributions that have arrived by now.

        >>> from microgradx import stepper
        >>> a = Value(2.0, label="a")
        >>> s = stepper(a * a)
        >>> s.so_far("a"), s.step().so_far("a"), s.step().so_far("a")
        (0.0, 2.0, 4.0)
        """
        node = self.find(key)
        arrived = [after for after, _ in self._writes(node)]
        return arrived[-1] if arrived else float(node is self.output and self.at >= self.starts["backward"])

    def _writes(self, node: Value) -> list[tuple[float, int]]:
        """The gradient of a node after each contribution that has reached it by now, with the number of its step."""
        done, start = [], self.starts["backward"]
        coming = self.at_place(self.at + 1) if self.part else None
        begun = coming.leaving[: self.part] if isinstance(coming, Step) else []
        for place, arrival in self.shared.arrivals(node).items():
            k = self.shared.fired_in[self.trace[place].node]
            if start + k <= self.at or place in begun:
                done.append((arrival.after, k))
        return done

    def told(self, key: str | Value, pen: Pen | None = None) -> Block:
        """A value in a line: its number, and its gradient as far as the cursor has come; neither before it is computed."""
        node, pen = self.find(key), pen or Pen(self.shared)
        name = pen.names[node]
        if self.phase(self.at) == "forward":
            known = node.op is None or self.place_of(node, "forward") <= self.at
            return Block(f"{name} = {pen.number(self.trace.recorded[node])}" if known else f"{name}: not computed yet")
        every, here = len(self.trace.into.get(node, ())), len(self._writes(node))
        told = f"{name} = {pen.number(self.trace.recorded[node])}, {pen.slope(node)} = {pen.number(self.so_far(node))}"
        return Block(told if here == every else f"{told} so far ({here} of {every} in)")

    def watch(self, *keys: str | Value) -> Self:
        """Show from now on, under every block, how the gradients of these values grew; without a name, of none."""
        self._watched = [*self._watched, *map(self.find, keys)] if keys else []
        return self

    def history(self, pen: Pen) -> list[Part]:
        """A line for each watched value: how its gradient grew, in the forward pass its number."""
        parts: list[Part] = []
        for node in self._watched:
            if self.phase(self.at) == "forward":
                parts.append(f"  watch {self.told(node, pen)}")
                continue
            writes = self._writes(node)
            if self.by != "node":  # of the many contributions of a neuron or a layer, the last
                writes = [(after, k) for k, after in {k: after for after, k in writes}.items()]
            changes = "".join(f" -> {pen.number(after)} (step {k})" for after, k in writes[-EARLIER:])
            start = "0" if len(writes) <= EARLIER else f"{len(writes) - EARLIER} earlier, ..."
            parts.append(f"  watch {pen.slope(node)}: {start}{changes}")
        return parts

    def last_write(self, key: str | Value) -> Step | None:
        """The step that last changed the gradient of a value before here, or None if none has."""
        writes = self._writes(self.find(key))
        if not writes:
            return None
        step = self.at_place(self.starts["backward"] + writes[-1][1])
        assert isinstance(step, Step)
        return step

    def where(self) -> Block:
        """The way from the output down to the node that fires here, by the largest contributions."""
        phase, shared, width = self.phase(self.at), self.shared, terminal_width()
        here = self.at_place(self.at + 1 if self.part else self.at)
        if phase == "backward" and not here.number:
            return Block(f"at the seed: {shared.slope(self.output)} = 1")
        if phase != "backward":
            return Block(f"in the {phase} phase: {here.told(width - 22)}")
        way = [here.node]
        while places := self.trace.into.get(way[-1]):
            way.append(self.trace[max(places, key=lambda place: abs(self.trace[place].contribution))].node)
        names = [shared.names[node] for node in reversed(way)]
        return Block(fitted(" > ".join([shared.symbol, *names[1:]]), width))

    def list(self, around: int = 4) -> Block:
        """The steps around here, one line each, `->` before the current one; with `only`, those that are shown.

        What has been done is told with its numbers, what lies ahead without: nothing is given away.
        """
        places = [0, *(self._visible if self._visible is not None else range(1, len(self) + 1))]
        before = sum(place <= self.at for place in places)
        first = max(0, min(before - 1 - around, len(places) - 1 - 2 * around))
        lines, width = [], terminal_width() - 3
        for place in places[first : first + 2 * around + 1]:
            step = self.at_place(place)
            told = step.told(width, self._keep) if place <= self.at else step.announced(width)
            lines.append(f"{'->' if place == self.at else '  '} {told}")
        if self._visible is not None:
            lines.append(f"   {len(self) - len(self._visible)} steps filtered out; {as_typed('only')} shows all again")
        return Block("\n".join(lines))
