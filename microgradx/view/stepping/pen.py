"""What a block is written with: how much room there is, what is left out to save some, and how names and numbers are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ...engine import Value
from ...tables import columns
from ..trace import Contribution
from ..wording import Pass, slope
from ..words.signed import shorter
from ..words.terminal import Part, Rounded, distinct_names, set_in_lines, terminal_width


class Tight(NamedTuple):
    """How a block saves room: the columns a name may take, and which parts of its rows are still shown."""

    room: int | None
    factor: bool = True  # the name of the other factor beside its number, as in `f = -2`
    words: bool = True  # "1 of 1 final", not "1/1"
    before: bool = True  # what the gradient was before, not only what it is then
    arrived: bool = True  # which arrival it is
    rows: bool = True  # rows of a table, not sentences


WAYS = (
    Tight(None),
    Tight(24),
    Tight(24, False),
    Tight(24, False, False),
    Tight(16, False, False),
    Tight(16, False, False, False),
    Tight(12, False, False, False),
    Tight(8, False, False, False),
    Tight(8, False, False, False, False),
    Tight(16, False, False, False, False, False),  # sentences are broken between words, so that names have room
)
"""From the loosest to the tightest: a block is written in the first way that fits."""


class Shortened(dict[Value, str]):
    """The names of a pass, of some of which a shorter form is known."""

    def __init__(self, names: Mapping[Value, str], nodes: Iterable[Value], room: int | None) -> None:
        super().__init__()
        self._names, self._short = names, distinct_names((names[node] for node in nodes), room)

    def __missing__(self, node: Value) -> str:
        name = self._names[node]
        return shorter(name, self._short.get(name, name))


class Pen:
    """The names and numbers of one block, in the way it is being written."""

    def __init__(self, of: Pass, width: int | None = None) -> None:
        self.of = of
        self.width = terminal_width() if width is None else width
        self.number = Rounded(of.digits)
        self.write(WAYS[0], ())

    def write(self, tight: Tight, nodes: Iterable[Value]) -> None:
        """Write like this from now on; `nodes` are the values that the block names."""
        self.tight = tight
        self.names = Shortened(self.of.names, nodes, tight.room)

    def lines(self, nodes: Iterable[Value], parts: Callable[[], list[Part]]) -> list[str]:
        """What `parts` gives, in lines: in the first way of writing in which all of them fit.

        It is asked once more than that, first of all, so that numbers which look alike are known.
        """
        nodes, _ = list(nodes), parts()
        for tight in WAYS:
            self.write(tight, nodes)
            lines = set_in_lines(parts(), self.width)
            if max(map(columns, lines), default=0) <= self.width:
                break
        return lines

    def slope(self, node: Value) -> str:
        """How the gradient of a node is written."""
        return slope(node, self.of.trace.output, self.names, self.width)

    def slot(self, edge: Contribution) -> str:
        """The operand's name; where it stands in several slots, the slot too."""
        return self.names[edge.operand] + self.of.slot(edge)[len(self.of.names[edge.operand]) :]
