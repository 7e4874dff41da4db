"""The names of values as displays write them, and what several values that are the items of one list are called together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...engine import Value
from ...owners import Owners
from .scope import Scope


class Item(NamedTuple):
    """A value as an item: what it is in, that list's text, which item it is, and what stands behind the name, as ` @ 29`."""

    way: tuple[object, ...]
    text: str
    place: int
    mark: str


class Displayed(dict[Value, str]):
    """The names as displays write them, with the rounds of loops, whose parts values are, and what variables hold them."""

    def __init__(self, owners: Owners, scope: Scope) -> None:
        super().__init__()
        self.rounds: dict[Value, tuple[str, int]] = {}
        self.owners, self.scope = owners, scope
        self._items: dict[Value, Item | None] = {}
        self._rows: dict[tuple[Value | float, ...], str | None] = {}

    def row(self, values: Sequence[Value | float]) -> str | None:
        """`W[2]` for its items in order, `W[2][0:2]` for some of them, `h @ 29` for those of an earlier round; None for others.

        >>> from microgradx.view.words.names import name_nodes
        >>> W = [[Value(1.0), Value(2.0), Value(3.0)], [Value(4.0), Value(5.0)]]
        >>> shown = name_nodes([*W[0], *W[1]], {"W": W}).shown
        >>> shown.row(W[1]), shown.row(W[0][1:]), shown.row([W[0][0], W[1][1]])
        ('W[1]', 'W[0][1:3]', None)
        """
        key = tuple(values)
        if key not in self._rows:  # a row of weights is used by every sample, its inputs by every neuron
            self._rows[key] = self._row(values)
        return self._rows[key]

    def _row(self, values: Sequence[Value | float]) -> str | None:
        first = self._item(values[0]) if len(values) > 1 else None
        if first is None:
            return None
        for k, value in enumerate(values):
            item = self._item(value)
            if item is None or item.place != first.place + k or item.way != first.way or item.mark != first.mark:
                return None
        end = first.place + len(values)
        whole = not first.place and f"{first.text}[{end}]" not in self.scope.aliases
        return (first.text if whole else f"{first.text}[{first.place}:{end}]") + first.mark

    def _item(self, value: Value | float) -> Item | None:
        """Where a value is in a list that somebody can name; asked once of each, as weights are used by every sample."""
        if not isinstance(value, Value):
            return None
        if value not in self._items:
            self._items[value] = self._found(value)
        return self._items[value]

    def _found(self, value: Value) -> Item | None:
        if place := self.owners.get(value):
            if not place.suffixes or not place.suffixes[-1][1:-1].isdigit() or not (name := self.get(value, "")):
                return None
            holder, last = place.suffixes[:-1], int(place.suffixes[-1][1:-1])
            if place.is_unit:
                text = self.owners.written(place.layer, short=True)
                return Item((place.root, *holder), text, last, name[len(self.owners.written(place, short=True)) :])
            return Item((place.root, *holder), name.removesuffix(place.suffixes[-1]), last, "")
        variable, mark = value, ""
        if value in self.rounds:
            name, number = self.rounds[value]
            variable, mark = self.scope.aliases.get(name, value), f" @ {number}"
        way = self.scope.ways.get(variable, ())
        if not way or not way[-1][1:-1].isdigit():
            return None
        return Item(way[:-1], "".join(way[:-1]), int(way[-1][1:-1]), mark)
