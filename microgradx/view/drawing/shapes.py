"""What a picture is made of: cards, wires, and all that is drawn of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

THINNEST, WIDEST = 0.8, 4.0  # points
CLOSER = 0.08  # inches between cards side by side, where a page has no room for more


@dataclass
class Card:
    """A box of the drawing. `kind` is leaf, inner, output, constant, copy or fold; `tone` the sign of its gradient."""

    id: str
    lines: list[str]
    kind: str
    tone: str
    tooltip: str
    heavy: bool = False
    columns: int = 0  # letters it has room for at least
    places: Sequence[int] = ()  # the values that it shows
    ordered: bool = False  # the first operand is drawn first
    size: tuple[float, float] | None = None  # points, where its lines do not say
    table: object = None  # what is painted in place of its lines
    curve: Sequence[float] = ()  # sizes that are drawn as a curve, on a logarithmic scale, where a line is empty


@dataclass
class Wire:
    """An arrow from an operand to the value made from it; `spine` says that both ends are computed, in columns side by side.

    It leads "on" to a later column, "back" to an earlier one, or "across", also within a column.
    """

    tail: str
    head: str
    label: str
    tone: str
    width: float
    tooltip: str
    spine: bool
    way: str = "on"


@dataclass
class Enclosure:
    """A box around `cards` and other frames, with its name above them."""

    id: str
    name: str
    cards: list[str]
    inside: list[Enclosure] = field(default_factory=list)


@dataclass
class Shapes:
    """All that is drawn. `span` is the number of columns, `virtual` the places where a wire passes a column without stopping."""

    cards: list[Card]
    wires: list[Wire]
    title: str
    caption: list[str] = field(default_factory=list)
    to_open: str = ""  # how to see what is folded
    span: int = 1
    virtual: int = 0
    ranksep: float = 0.55  # inches between columns
    rows: list[list[str]] = field(default_factory=list)  # cards that stand side by side, in this order
    nodesep: float = 0.2  # inches between cards side by side, at least
    beside: float = 0.0  # points between cards that stand side by side, for labels between them
    columns: bool = False  # cards of the rows stand below each other
    boxes: list[Enclosure] = field(default_factory=list)


def width(contribution: float | None, largest: float) -> float:
    """The width of a wire in points: four decades of contribution below the largest gradient are told apart.

    >>> [width(c, 10.0) for c in (10.0, 0.1, 0.001, None)]
    [4.0, 2.4, 0.8, 0.8]
    """
    if not contribution or not largest:
        return THINNEST
    if not math.isfinite(contribution):
        return WIDEST
    decades = math.log10(abs(contribution)) - math.log10(largest)
    return round(min(WIDEST, 0.8 + 3.2 * max(0.0, 1.0 + decades / 4.0)), 2)
