"""Which items of a list, heads, tokens or neurons, the paths of a gradient go through, and how much comes by each of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ...engine import Value
from ...places import INITIALS, Place
from ..trace import Trace
from ..words.displayed import Displayed
from .sweep import Sweep

FAMILIES, LARGE_PART = 24, 0.5
"""So many lists are tried, and those that at least this share of all that is sent goes through are told."""

ANY_LIST = ("[:]",)
"""The family of the first index of every list of matrices, whatever the list is called."""

ByItem = dict[str, float]
"""How much of a gradient comes by each item."""


class Family(NamedTuple):
    """What has items: the way to it, `("heads", "[:]")` for the second index of `heads[0][2]`, its text, and if it is a list."""

    way: tuple[str, ...]
    title: str
    listed: bool


def split_by(sweep: Sweep, named: Displayed) -> Iterator[tuple[str, ByItem]]:
    """How a gradient splits up by the items of a list: those that its value is used with, then those on its paths.

    >>> from microgradx.view.words.names import displayed, name_nodes
    >>> w, tokens = Value(3.0), [Value(1.0), Value(5.0)]
    >>> trace = Trace(tokens[0] * w + tokens[1] * w)
    >>> list(split_by(Sweep(trace, w, 1), displayed(name_nodes(trace.order, {"w": w, "tokens": tokens}))))
    [('used with tokens', {'tokens[1]': 5.0, 'tokens[0]': 1.0})]

    Each path is counted once: under the item that is nearest to the value. What goes past all of them is told as well.
    """
    total, told = sweep.trace.adjoints[sweep.goal], []
    ways = ("used with", 1.0, _used_with(sweep.trace, named, sweep.goal)), ("through", LARGE_PART, _through(sweep, named))
    for how, least, found in ways:
        for family, sums in found.items():
            if not all(map(math.isfinite, sums.values())):
                continue  # the way down to an item overflows where the gradient itself does not
            rest, whole = total - math.fsum(sums.values()), math.fsum(map(abs, sums.values()))
            if abs(rest) <= 1e-9 * whole:
                rest = 0.0
            if sum(x != 0.0 for x in sums.values()) > 1 and abs(rest) * least <= (1.0 - least) * whole < math.inf:
                told.append((family.way == ANY_LIST, abs(rest) / whole, f"{how} {family.title}".rstrip(), sums))
                if rest:
                    sums["past them"] = rest
    for _, _, title, sums in sorted(told, key=lambda each: each[:2]):
        yield title, sums


def _used_with(trace: Trace, named: Displayed, goal: Value) -> dict[Family, ByItem]:
    """The gradient by what `goal` is used with: the item that the other operands of an operation have in common."""
    own = dict(_items(named, goal))
    found: dict[Family, ByItem] = {}
    for place in trace.into.get(goal, ()):
        edge = trace[place]
        called: dict[Family, str] = {}
        for other in edge.node.parents:
            if isinstance(other, Value) and other is not goal:
                for family, item in _items(named, other):
                    if own.get(family) != item:
                        called[family] = item if called.get(family, item) == item else ""
        for family, item in called.items():
            if item:
                sums = found.setdefault(family, {})
                sums[item] = sums.get(item, 0.0) + edge.contribution
    return found


def _through(sweep: Sweep, named: Displayed) -> dict[Family, ByItem]:
    """The gradient by the item on the way, for each list that computed values are in."""
    uses = named.owners.numbered()
    members: dict[Family, dict[Value, str]] = {}
    for node in reversed(sweep.trace.order):
        if node not in sweep.above or node is sweep.goal:
            continue
        for family, item in _items(named, node, uses.get(node, "").partition("#")[0]):
            if family.listed and (family in members or len(members) < FAMILIES):
                members.setdefault(family, {})[node] = item
    several = {family: nodes for family, nodes in members.items() if len(set(nodes.values())) > 1}
    ways = _ways(sweep) if several else []
    return {family: _sums(sweep, ways, nodes) for family, nodes in several.items()}


_Ways = list[tuple[Value, list[tuple[Value, float]]]]
"""Of every value above a goal, operands first, the live edges that lead down to it: the operand and the local derivative."""


def _ways(sweep: Sweep) -> _Ways:
    trace, ways = sweep.trace, dict[Value, list[tuple[Value, float]]]()
    for node, operand, local in zip(trace.column("node"), trace.operands, trace.column("local"), strict=True):
        if local and operand in sweep.above:
            ways.setdefault(node, []).append((operand, local))
    return list(reversed(ways.items()))


def _sums(sweep: Sweep, ways: _Ways, members: Mapping[Value, str]) -> ByItem:
    """What comes by each item: its gradient times how it grows with the goal along the ways without another item between."""
    slopes, sums = {sweep.goal: 1.0}, dict.fromkeys(members.values(), 0.0)
    for node, edges in ways:
        slope = 0.0
        for operand, local in edges:
            if below := slopes.get(operand):
                slope += local * below
        if slope and node in members:
            sums[members[node]] += sweep.trace.adjoints[node] * slope
        elif slope:
            slopes[node] = slope
    return sums


def _items(named: Displayed, node: Value, use: str = "") -> Iterator[tuple[Family, str]]:
    """Every list, variable and module that a value is in an item of, with what that item is called."""
    place = named.owners.get(node)
    if place is not None and place.path:
        yield from _along((named.owners.names[place.root] if len(named.owners.roots) > 1 else "", *_pieces(place)))
        if use:
            layer = named.owners.written(place.layer, short=True)
            yield Family((layer, "@"), layer, True), layer + use
    if way := named.scope.ways.get(node):
        yield from _along(way)
        if len(way) > 3:  # lists in lists in a list: a matrix for each head
            yield Family(ANY_LIST, "first index", True), way[1]


def _pieces(place: Place) -> list[str]:
    """The way to a place in pieces, for short: `.L`, `0`, `.n`, `3`."""
    pieces = list(place.suffixes)
    for k, (name, item) in enumerate(pairwise(place.path)):
        if name in INITIALS and pieces[k] == f".{name}" and type(item) is int:
            pieces[k : k + 2] = [f".{INITIALS[name]}", str(item)]
    return pieces


def _along(way: Sequence[str]) -> Iterator[tuple[Family, str]]:
    """The families along a way; not the innermost of lists in lists, whose items are the numbers of one thing."""
    listed = [k > 0 and piece[:1] != "." for k, piece in enumerate(way)]
    for k, piece in enumerate(way):
        run = k
        while run and listed[run - 1] and way[run - 1].strip("[]").isdigit():
            run -= 1
        innermost = listed[k] and k == len(way) - 1 and run < k
        if piece and not innermost:
            before = (*way[:run], *["[:]"] * (k - run))
            called, title = ("".join(pieces).removeprefix(".") for pieces in ((*before, piece), before))
            yield Family(before, title, listed[k]), called
