"""One step of a backward pass: what fires, what it sends along each edge, and the line that says so."""

from __future__ import annotations

from collections.abc import Iterable

from ...engine import Value
from ...tables import clip, columns
from ..wording import slope as slope_of
from ..words.terminal import Part, Rounded, distinct_names, fitted
from .block import BlockWriter
from .fired import Fired
from .pen import Pen, Shortened
from .steps import Keep, Showing


class Step(Fired):
    """A step of the pass: what fired, and one contribution per edge; `repr` is a line, `str` the block.

    >>> from microgradx.view.stepping.stepper import stepper
    >>> a, b = Value(2.0), Value(-3.0)
    >>> L = a * b
    >>> stepper(L)[1]
    <step 1/1: L = a * b; dL/dL = 1; a += -3, b += 2>
    >>> [edge.contribution for edge in stepper(L)[1].contributions]
    [-3.0, 2.0]
    """

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
        return BlockWriter(self, Pen(self.of), look).mentioned()

    def parts(self, pen: Pen, look: Showing) -> list[Part]:
        """The block, as the pen writes now."""
        return BlockWriter(self, pen, look).parts()
