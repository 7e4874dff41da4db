"""The axes along which values made alike stand, as the indexes of an array: those that what made them has in common."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from ...engine import Value


@dataclass
class Axis:
    """An index that tells values apart: what each of its numbers is called, and which of them each value has."""

    labels: list[str]
    of: dict[Value, int]


BySlot = tuple[tuple[int, int], Value]
"""What a value is made from: its slot and the number of its stage, and itself."""

Items = dict[int, list[Axis]]
"""The axes of each stage so far."""


def told_apart(
    units: Sequence[Value],
    rounds: Mapping[Value, int],
    ways: Mapping[Value, tuple[str, ...]],
    operands: Callable[[Value], Sequence[BySlot]],
    items: Items,
) -> list[Axis]:
    """As few axes as tell all the units apart: rounds, then the indexes of their list, then those that their operands share.

    Values of one stage that differ in nothing else are counted.
    """
    found: list[Axis] = []
    counted = [_axis({unit: f"round {k + 1}" for unit, k in rounds.items()})] if rounds else []
    for axis in chain(counted, _indexed(units, ways), _shared(units, operands, items)):
        if len(_cells(units, [*found, axis])) > len(_cells(units, found)):
            found.append(axis)
        if len(_cells(units, found)) == len(units):
            break
    for axis in found[:]:
        others = [other for other in found if other is not axis]
        if len(_cells(units, others)) == len(_cells(units, found)):
            found = others  # the later ones tell it, too
    found.sort(key=lambda axis: _index(axis, ways))
    if len(_cells(units, found)) < len(units):
        found.append(_counted(units, found))
    items[len(items)] = found
    return found


def _axis(label_of: Mapping[Value, str]) -> Axis:
    """The axis on which values of one label share a place; labels stand in the order in which they come."""
    places: dict[str, int] = {}
    of = {unit: places.setdefault(label, len(places)) for unit, label in label_of.items()}
    return Axis(list(places), of)


def _cells(units: Sequence[Value], axes: Sequence[Axis]) -> set[Hashable]:
    return {tuple(axis.of[unit] for axis in axes) for unit in units}


def _indexed(units: Sequence[Value], ways: Mapping[Value, tuple[str, ...]]) -> list[Axis]:
    """The indexes of the one list that all units are items of; nothing where some are in none, or in another."""
    name, *indexes = ways[units[0]] or ("",)
    if not name or any(way[:1] != (name,) or len(way) != 1 + len(indexes) for way in ways.values()):
        return []
    found = []
    for k in range(1, 1 + len(indexes)):
        in_order = sorted(units, key=lambda unit: int(i) if (i := ways[unit][k][1:-1]).isdigit() else 0)
        found.append(_axis({unit: name + "[:]" * (k - 1) + ways[unit][k] for unit in in_order}))
    return found


def _shared(units: Sequence[Value], operands: Callable[[Value], Sequence[BySlot]], items: Items) -> Iterator[Axis]:
    """The axes of operands on which all operands of a unit have one place: of a product of matrices the outer indexes."""
    made_from = {unit: operands(unit) for unit in units}
    for key in dict.fromkeys(key for unit in units for key, _ in made_from[unit]):
        of_stage = {unit: [x for other, x in made_from[unit] if other == key] for unit in units}
        for axis in items.get(key[1], ()) if all(of_stage.values()) else ():
            places = {unit: {axis.of[x] for x in some} for unit, some in of_stage.items()}
            if all(len(some) == 1 for some in places.values()):
                yield Axis(axis.labels, {unit: next(iter(some)) for unit, some in places.items()})


def _counted(units: Sequence[Value], axes: Sequence[Axis]) -> Axis:
    """A count of those that no axis tells apart, from 0."""
    seen: dict[Hashable, int] = {}
    of = {}
    for unit in units:
        cell = tuple(axis.of[unit] for axis in axes)
        of[unit] = seen[cell] = seen.get(cell, -1) + 1
    return Axis([f"item {k}" for k in range(1 + max(of.values()))], of)


def _index(axis: Axis, ways: Mapping[Value, tuple[str, ...]]) -> float:
    """Which index of their list an axis is to the units that are in one.

    One that is none of them stands first; before the last where all units are listed, as that tells the parts of one thing.
    """
    listed = {unit: way for unit, way in ways.items() if way}
    for k in range(1, min(map(len, listed.values()), default=0)):
        pairs = {(axis.of[unit], way[k]) for unit, way in listed.items()}
        if 1 < len(pairs) == len({place for place, _ in pairs}) == len({index for _, index in pairs}):
            return k
    return len(ways[next(iter(ways))]) - 1.5 if len(listed) == len(ways) else 0.0
