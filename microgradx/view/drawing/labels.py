"""Where the labels of wires go: on their own curve, after the layout, clear of cards, other labels and other wires."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
LETTER, TALL = 6.0, 11.0  # points: a letter of Courier 10, and the room a line of it needs
PLACES = (0.5, 0.44, 0.56, 0.38, 0.62, 0.31, 0.69, 0.24, 0.76, 0.18, 0.82)
"""Shares of a wire's length at which its label may stand, the best first."""
ROUNDS = 3  # a label placed early may step aside for one placed later
SAMPLES, CELL = 10, 24.0  # samples of each piece of a curve; points of a square in which what lies near is looked up

Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle, as left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether two rectangles have a point in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies inside."""
        return self.left < x < self.right and self.top < y < self.bottom

    def cells(self) -> list[tuple[int, int]]:
        """The squares of the plane that the rectangle touches."""
        across = range(int(self.left // CELL), int(self.right // CELL) + 1)
        return [(i, j) for i in across for j in range(int(self.top // CELL), int(self.bottom // CELL) + 1)]


def extent(numbers: str) -> Box:
    """The rectangle around the points of a path or polygon."""
    found = [float(x) for x in NUMBER.findall(numbers)]
    return Box(min(found[::2]), min(found[1::2]), max(found[::2]), max(found[1::2]))


def curve(path: str) -> list[Point]:
    """Points along a path of cubic pieces, `M` and `C` as Graphviz writes it, close to one another.

    >>> curve("M0,0C0,0 30,0 30,0")[::5]
    [(0.0, 0.0), (15.0, 0.0), (30.0, 0.0)]
    """
    numbers = [float(x) for x in NUMBER.findall(path)]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    found = [points[0]]
    for k in range(0, len(points) - 3, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = points[k : k + 4]
        for step in range(1, SAMPLES + 1):
            t = step / SAMPLES
            u = 1.0 - t
            a, b, c, d = u * u * u, 3.0 * u * u * t, 3.0 * u * t * t, t * t * t
            found.append((a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy))
    return found


def along(points: Sequence[Point], share: float) -> Point:
    """The point after this share of the length of a line."""
    lengths = [((x - u) ** 2 + (y - v) ** 2) ** 0.5 for (u, v), (x, y) in pairwise(points)]
    left = share * sum(lengths)
    for (start, end), length in zip(pairwise(points), lengths, strict=True):
        if left <= length and length:
            return (start[0] + (end[0] - start[0]) * left / length, start[1] + (end[1] - start[1]) * left / length)
        left -= length
    return points[-1]


def room(text: str, middle: Point) -> Box:
    """The rectangle that a label takes around its middle."""
    half = (LETTER * len(text) + 2.0) / 2.0
    return Box(middle[0] - half, middle[1] - TALL / 2.0, middle[0] + half, middle[1] + TALL / 2.0)


def placed_labels(
    texts: Mapping[str, str], paths: Mapping[str, str], cards: Sequence[Box], canvas: Box
) -> list[tuple[str, Point]]:
    """The wires with the middle of each one's label; `texts` and `paths` are by the id of the wire.

    Those whose label lies on another wire come last: painted last, it lies above that wire.
    """
    lines = {wire: curve(path) for wire, path in paths.items()}
    ways = {
        wire: [_inside(along(lines[wire], share), text, canvas) for share in PLACES]
        for wire, text in texts.items()
        if wire in lines
    }
    passing: dict[tuple[int, int], list[tuple[float, float, str]]] = defaultdict(list)
    for wire, points in lines.items():
        for x, y in points:
            passing[int(x // CELL), int(y // CELL)].append((x, y, wire))
    taken: dict[tuple[int, int], list[tuple[str, Box]]] = defaultdict(list)
    for card in cards:
        for cell in card.cells():
            taken[cell].append(("", card))
    found: dict[str, Point] = {}
    crossing: dict[str, bool] = {}
    for _ in range(ROUNDS):
        for wire, middles in ways.items():
            if wire in found:
                for cell in room(texts[wire], found[wire]).cells():
                    taken[cell] = [other for other in taken[cell] if other[0] != wire]
            costs = [_cost(wire, room(texts[wire], middle), taken, passing) for middle in middles]
            best = min(range(len(middles)), key=lambda k: costs[k] + 4.0 * abs(PLACES[k] - 0.5))
            found[wire], crossing[wire] = middles[best], costs[best] > 0.0
            box = room(texts[wire], middles[best])
            for cell in box.cells():
                taken[cell].append((wire, box))
    return sorted(found.items(), key=lambda item: crossing[item[0]])


def _cost(
    wire: str,
    box: Box,
    taken: Mapping[tuple[int, int], Sequence[tuple[str, Box]]],
    passing: Mapping[tuple[int, int], Sequence[tuple[float, float, str]]],
) -> float:
    """How much is covered by a label that stands here: cards and labels first, then other wires."""
    cells = box.cells()
    hits = {id(other) for cell in cells for _, other in taken.get(cell, ()) if box.meets(other)}
    near = {w for cell in cells for x, y, w in passing.get(cell, ()) if w != wire and box.holds(x, y)}
    return 100.0 * len(hits) + 5.0 * len(near)


def _inside(middle: Point, text: str, canvas: Box) -> Point:
    box = room(text, middle)
    right, left = max(0.0, canvas.left - box.left), max(0.0, box.right - canvas.right)
    return middle[0] + right - left, middle[1]
