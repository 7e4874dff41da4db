"""Where the cards and wires of a page stand: as Graphviz has placed them, or a recurrence in rows, one for each round."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from ....engine import Value
from ...drawing.flow import snapshot
from ...drawing.labels import Point
from ...drawing.rounds import rounds_of

INCH, HEIGHT = 72.0, 54.0  # points in an inch, and in the height of a card
ROUND_COLUMNS, ROW_GAP = 7, 34.0
"""Operations of a row up to which it takes in another round; points between two rows."""


class Spot(NamedTuple):
    """The middle of a card and its width."""

    x: float
    y: float
    wide: float


class Placed(NamedTuple):
    """A layout in points, y downward: its size, the cards by name, and wires as (tail, head, points of a curve)."""

    width: float
    height: float
    cards: dict[str, Spot]
    wires: list[tuple[str, str, list[Point]]]


def read_plain(layout: str) -> Placed:
    """What Graphviz's plain output says: lines `node name x y ...` and `edge tail head n x1 y1 ...`, in inches from below.

    >>> read_plain("graph 1 3 1\\nnode a 0.5 0.25 1 0.5")
    Placed(width=216.0, height=72.0, cards={'a': Spot(x=36.0, y=54.0, wide=72.0)}, wires=[])
    """
    rows = [line.split() for line in layout.replace("\\\n", "").splitlines()]
    width, height = (float(x) * INCH for x in rows[0][2:4])
    cards: dict[str, Spot] = {}
    wires = []
    for row in rows:
        if row[0] == "edge":
            numbers = [float(x) * INCH for x in row[4 : 4 + 2 * int(row[3])]]
            wires.append((row[1], row[2], [(x, height - y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]))
        elif row[0] == "node":
            x, y, wide = (float(row[k]) * INCH for k in (2, 3, 4))
            cards[row[1]] = Spot(x, height - y, wide)
    return Placed(width, height, cards, wires)


def stacked_rows(output: Value, cards: Collection[Value]) -> dict[Value, int]:
    """The row in which each of the cards stands, from the top; nothing where no round repeats itself.

    >>> h, w = Value(1.0), Value(0.5)
    >>> made = [h := (h * w).tanh() for _ in range(12)]
    >>> [stacked_rows(h, {*made, *(value.parents[0] for value in made)})[value] for value in made]
    [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    """
    flow = snapshot(output)
    kept = [place for place, node in enumerate(flow.nodes) if node in cards]
    found = rounds_of(flow, kept)
    if found is None or not found.unit:
        return {}
    together = max(1, ROUND_COLUMNS // max(map(len, found.rows)))
    at = {place: k // together for k, row in enumerate(found.rows) for place in row}
    users: dict[int, list[int]] = {}
    for edge in flow.edges:
        users.setdefault(edge.tail, []).append(edge.head)
    for place in reversed(kept):  # what is beside the way stands in the row that uses it last
        at.setdefault(place, max((at[head] for head in users.get(place, ()) if head in at), default=0))
    return {flow.nodes[place]: at[place] for place in kept}


def in_rows(whole: Placed, row_of: Mapping[str, int], between: Iterable[tuple[str, str]]) -> Placed:
    """The same cards with the rows at the left, one below the other, and the wires between them drawn through the gaps."""
    between = list(between)
    entered = {row_of[head]: whole.cards[head].y for _, head in between}
    moves: dict[int, tuple[float, float, float]] = {}  # right, times, down
    gap_below: dict[int, float] = {}
    top = 0.0
    for row in sorted(set(row_of.values())):
        inside = [whole.cards[name] for name, k in row_of.items() if k == row]
        left = min(box.x - box.wide / 2 for box in inside)
        low, high = min(box.y for box in inside), max(box.y for box in inside)
        begins = top + HEIGHT / 2
        upside_down = entered.get(row, low) > (low + high) / 2  # what the row before leads to stands at the top
        moves[row] = (-left, -1.0, begins + high) if upside_down else (-left, 1.0, begins - low)
        top += high - low + HEIGHT + ROW_GAP
        gap_below[row] = top - ROW_GAP / 2

    def moved(name: str, x: float, y: float) -> Point:
        right, times, down = moves[row_of[name]]
        return x + right, y * times + down

    cards = {name: Spot(*moved(name, box.x, box.y), box.wide) for name, box in whole.cards.items()}
    wires = [(tail, head, [moved(tail, *point) for point in points]) for tail, head, points in whole.wires]
    for tail, head in between:
        start, end, gap = cards[tail], cards[head], gap_below[row_of[tail]]
        wires.append((tail, head, [(start.x, start.y + HEIGHT / 2), (start.x, gap), (end.x, gap), (end.x, end.y - HEIGHT / 2)]))
    return Placed(max(box.x + box.wide / 2 for box in cards.values()), top - ROW_GAP, cards, wires)
