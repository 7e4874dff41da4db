"""Recurrences and chains: a row for each round, the earlier rounds as one card with the size of the gradient as a curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ..theme import tone_of
from ..words.notation import number
from .flow import Flow, short
from .folding import how_to_open
from .recall import Edge
from .shapes import Card, Shapes, Wire, width
from .spread import total_of

LONGEST_CELL, REPEATS = 8, 3
"""Operations of a round at most, and rounds at least."""

LANE = 0.6
"""A chain is drawn in rows if so large a share of the computed values lies on its way."""

SHARED = 3
"""What is used in so many rounds stands once at the side."""

ROW = 4  # cards of a row where nothing repeats
MOST_ROWS = 12
IN_A_ROW, NARROWEST_ROW = (1, 2, 3), 2  # rounds in a row of a page wider than high, cards in one of a narrow column
LATEST = (8, 4, 2)
"""So many rows are drawn at most, and so many of the latest are tried where there are more."""


@dataclass
class Rounds:
    """The way through a chain: its places in order, in rows; `unit` is what a row is, nothing where rows do not repeat.

    The cards that stand above the rows are so many `across`.
    """

    rows: list[list[int]]
    unit: str
    across: int = ROW


def rounds_of(flow: Flow, kept: Sequence[int]) -> Rounds | None:
    """The rounds of a recurrence, or the rows of a long chain; None where the values do not lie on one way.

    >>> from microgradx import Value
    >>> from microgradx.view.drawing.flow import snapshot
    >>> h, w = Value(1.0), Value(0.5)
    >>> for _ in range(4):
    ...     h = (h * w).tanh()
    >>> rounds_of(snapshot(h), range(10)).rows
    [[2, 3], [4, 5], [6, 7], [8, 9]]
    """
    inside = set(kept)
    way = _spine(flow, inside)
    computed = sum(flow.nodes[place].op is not None for place in kept)
    if len(way) < 2 * ROW or len(way) < LANE * computed:
        return None
    kinds = [flow.nodes[place].op.name for place in way]  # type: ignore[union-attr]  # all of them are computed
    start, period, count = _repeated(kinds)
    if not count or period == 1:
        return Rounds([way[k : k + ROW] for k in range(0, len(way), ROW)], f"{ROW} operations" if count else "")
    end = start + period * count
    rows = [way[k : k + period] for k in range(start, end, period)]
    return Rounds([*([way[:start]] if start else []), *rows, *([way[end:]] if end < len(way) else [])], "round")


def _spine(flow: Flow, inside: set[int]) -> list[int]:
    """The longest way of computed values that ends in the output, from its beginning."""
    depth = [0] * len(flow.nodes)
    before = [-1] * len(flow.nodes)
    for edge in flow.edges:
        if edge.tail in inside and flow.nodes[edge.tail].op is not None and depth[edge.tail] + 1 > depth[edge.head]:
            depth[edge.head], before[edge.head] = depth[edge.tail] + 1, edge.tail
    way = [flow.output] if flow.nodes[flow.output].op is not None else []
    while way and before[way[-1]] >= 0:
        way.append(before[way[-1]])
    return way[::-1]


def _repeated(kinds: Sequence[str]) -> tuple[int, int, int]:
    """(start, period, count) of the part that repeats itself most of the way; count 0 where none does."""
    best = (0, 0, 0)
    for period in range(1, LONGEST_CELL + 1):
        run = 0
        for k in range(len(kinds) - 1, -2, -1):
            if k >= 0 and k + period < len(kinds) and kinds[k] == kinds[k + period]:
                run += 1
                continue
            count = run // period + 1
            if run and count >= REPEATS and period * count > 1.2 * best[1] * best[2]:
                best = (k + 1 + (run % period if k + 1 else 0), period, count)
            run = 0
    _, period, count = best
    return best if period * count >= 0.6 * len(kinds) else (0, 0, 0)


def row_pictures(
    flow: Flow, kept: Sequence[int], plain: Callable[..., Shapes], edges: str, whole: bool
) -> Iterator[Shapes]:
    """The pictures of a recurrence: all rounds, some of them in a row; then, unless it is to be seen `whole`, the latest ones."""
    found = rounds_of(flow, kept)
    if found is None:
        return
    for together in IN_A_ROW:
        rows = [list(chain(*found.rows[k : k + together])) for k in range(0, len(found.rows), together)]
        if len(rows) <= MOST_ROWS and len(rows) > 1:
            for written in dict.fromkeys((edges, "none")):  # without labels the columns stand closer
                yield _rows(flow, kept, Rounds(rows, found.unit, max(ROW, *map(len, rows))), 0, plain, written)
    every = len(found.rows)
    for across in (max(ROW, *map(len, found.rows)), NARROWEST_ROW):
        for latest in (n for n in LATEST if n < every - 1 and found.unit and not whole):
            hidden = every - latest
            parts = [row[k : k + across] for row in found.rows[hidden:] for k in range(0, len(row), across)]
            if len(parts) <= MOST_ROWS:
                for written in dict.fromkeys((edges, "none")):
                    yield _rows(flow, kept, Rounds([*found.rows[:hidden], *parts], found.unit, across), hidden, plain, written)


def _rows(
    flow: Flow, kept: Sequence[int], found: Rounds, hidden: int, plain: Callable[..., Shapes], edges: str
) -> Shapes:
    rows = found.rows
    row_of = {place: k for k, row in enumerate(rows) for place in row}
    users: dict[int, list[Edge]] = {}
    for edge in flow.edges:
        users.setdefault(edge.tail, []).append(edge)
    at = dict(row_of)
    for place in reversed(kept):  # what is beside the way stands in the row that uses it last
        if place not in at:
            at[place] = max((at[edge.head] for edge in users.get(place, ()) if edge.head in at), default=len(rows) - 1)
    folded = {place for place in kept if at[place] < hidden}
    many = {place for place in kept if len({at.get(e.head) for e in users.get(place, ())}) >= SHARED}
    shared = [place for place in kept if place in many and (place not in row_of or row_of[place] == 0)]
    folded -= set(shared)
    shown = [place for place in kept if place not in folded and place not in shared]
    drawn = plain(kept=shown, edges=edges, spoken=kept)
    members: list[list[int]] = [[] for _ in rows]
    for place in shown:
        members[at[place]].append(place)
    drawn.rows = [[f"n{place}" for place in row] for row in members[hidden:]]
    drawn.columns = True
    drawn.beside = 26.0 + max([6.0 * len(wire.label) for wire in drawn.wires], default=0.0)
    side = [_shared(flow, place, users[place], at, len(rows)) for place in shared]
    if hidden:
        fold = _folded(flow, rows[:hidden], folded, found.unit)
        drawn.cards.append(fold)
        drawn.wires += _across(flow, fold, folded, set(shown))
        side.insert(0, fold)
        told = f"{flow.counted(kept)}: the latest {found.unit}s in rows; those before, 1 to {hidden:,}, are one card."
        drawn.to_open = how_to_open(kept)
        drawn.caption.insert(0, told)
    if shared:
        drawn.caption.append("What many rows use stands once, at the top, without wires.")
    drawn.cards += [card for card in side if card not in drawn.cards]
    drawn.rows[:0] = [[card.id for card in side[k : k + found.across]] for k in range(0, len(side), found.across)]
    return drawn


def _shared(flow: Flow, place: int, uses: Sequence[Edge], row_of: dict[int, int], rounds: int) -> Card:
    """A weight that many rounds share: its number, its gradient, and the rounds that this comes from."""
    grad = flow.grads[place]
    last = [abs(edge.contribution or 0.0) for edge in uses if row_of.get(edge.head, rounds) >= rounds - 1]
    whole = total_of([abs(edge.contribution or 0.0) for edge in uses])
    share = f"{100.0 * total_of(last) / whole:.0f}% of it from the last" if whole and math.isfinite(whole) else "in every round"
    lines = [f"{short(flow, place)}, in {len(uses):,} places", number(flow.data[place]), share]
    lines.append(f"grad {'-' if grad is None else number(grad)}")
    return Card(f"n{place}", lines, "leaf", tone_of(grad), flow.names[place], places=(place,))


def _folded(flow: Flow, rows: Sequence[Sequence[int]], folded: set[int], unit: str) -> Card:
    """The card of the earlier rounds, with a curve of the size of the gradient at the end of each."""
    ends = [row[-1] for row in rows if row]
    sizes = [abs(flow.grads[place] or 0.0) for place in ends]
    first, last = sizes[0], sizes[-1]
    change = ""
    if first and last and len(sizes) > 1 and all(map(math.isfinite, (first, last))):
        change = f"x {number(math.exp((math.log(first) - math.log(last)) / (len(sizes) - 1)))} a row going back"
    title = f"{unit}s 1 to {len(rows):,}" if unit == "round" else f"rows 1 to {len(rows):,} of {unit}"
    lines = [title, change or "gradient by row", "", f"grad {number(first)} to {number(last)}"]
    told = [f"row {k}: {number(flow.data[p])}, gradient {number(flow.grads[p] or 0.0)}" for k, p in enumerate(ends[:60], 1)]
    tone = "none" if any(sizes) else "zero"
    return Card(f"n{ends[-1]}", lines, "fold", tone, "\n".join(told), curve=sizes, places=tuple(folded))


def _across(flow: Flow, fold: Card, folded: set[int], shown: set[int]) -> list[Wire]:
    """The wires from the folded rounds into those that are drawn."""
    found = []
    for edge in flow.edges:
        if edge.tail in folded and edge.head in shown and flow.nodes[edge.tail].op is not None:
            said = f"the row before -> {short(flow, edge.head)}"
            size = width(edge.contribution, flow.largest())
            found.append(Wire(fold.id, f"n{edge.head}", "", tone_of(edge.contribution), size, said, False))
    return found
