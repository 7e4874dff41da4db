"""Whose part a value is: the way from a model down to it, a fact about objects, whatever the value is called."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

from .engine import Value

INITIALS = {"layers": "L", "neurons": "n"}
"""How the items of these lists are written for short: `L0.n3`."""


def _nothing() -> None:
    """What a root stands for that was copied without its model."""


class Root:
    """Stands for a model at the top of a place, and neither keeps it alive nor needs it alive: its class, a weak reference."""

    __slots__ = ("called", "kind", "seen")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.seen: Callable[[], Any] = _nothing
        self.called = False

    def __reduce__(self) -> tuple[type[Root], tuple[str]]:
        return Root, (self.kind,)


class Place:
    """Where a module or a parameter is: `root`, and the `path` down to it, such as `("layers", 0, "neurons", 3, "w", 1)`.

    >>> from microgradx.nn import MLP
    >>> model = MLP(2, [4, 1], rng=0)
    >>> place = place_of(model.parameters()[9])
    >>> place.path, place.written, place.short, place.module.layer.written
    (('layers', 0, 'neurons', 3, 'w', 0), 'layers[0].neurons[3].w[0]', 'L0.n3.w[0]', 'layers[0]')

    There is one for each part and root, told apart by identity; a later walk may find the part elsewhere and then moves it.
    `holder` is the module around it. A *unit* is one of several modules side by side in a list, each of which gives one number.
    """

    __slots__ = ("holder", "is_module", "listed", "many", "number", "path", "root", "row", "suffixes")

    def __init__(self, root: Root, is_module: bool) -> None:
        self.root, self.is_module = root, is_module
        self.number = 0  # which parameter of its root it is
        self.many = 0  # how many numbers a call of it gave, if it gave a list of them
        self.moved(None, (), ())

    def moved(self, holder: Place | None, path: tuple[Hashable, ...], suffixes: tuple[str, ...]) -> None:
        """Say where it is."""
        self.holder, self.path, self.suffixes = holder, path, suffixes
        self.row: Place | None = None  # the list that it is in, where its holder has other parts as well
        self.listed = self.is_module and bool(path) and type(path[-1]) is int

    def given(self, holder: Place, way: tuple[Hashable, ...]) -> None:
        """Say which number of the list that `holder` gives it is."""
        self.moved(holder, holder.path + way, holder.suffixes + tuple([f"[{key!r}]" for key in way]))
        self.listed = True

    @property
    def written(self) -> str:
        """The path in full, `layers[0].neurons[3].w[1]`; nothing for the root itself."""
        return "".join(self.suffixes).removeprefix(".")

    @property
    def short(self) -> str:
        """The path by the initials of its lists, `L0.n3.w[1]`."""
        parts = list(self.suffixes)
        for k, (name, item) in enumerate(zip(self.path, self.path[1:], strict=False)):
            if name in INITIALS and parts[k] == f".{name}" and type(item) is int:
                parts[k : k + 2] = [f".{INITIALS[name]}{item}", ""]
        return "".join(parts).removeprefix(".")

    @property
    def module(self) -> Place:
        """The innermost module around it, or it itself."""
        return self if self.is_module or self.holder is None else self.holder

    @property
    def is_unit(self) -> bool:
        """Whether it is a neuron: one of a list of modules without modules in them, each of which gives one number."""
        return self.listed and not self.many

    @property
    def layer(self) -> Place:
        """What a layer of it would be: of a unit the list it is in, or the module that consists of nothing else; else itself."""
        return (self.row or self.holder or self) if self.is_unit else self

    @property
    def model(self) -> Place:
        """The place of the root."""
        return self.holder.model if self.holder is not None else self

    def around(self) -> Iterator[Place]:
        """It itself, and what it is in: the list it stands in, the module that holds it, up to the root."""
        place: Place | None = self
        while place is not None:
            yield place
            if place.row is not None and place.is_unit:
                yield place.row
            place = place.holder

    def enclosing(self, level: str) -> Place:
        """What encloses it at a level: "neurons", "layers" or "model"."""
        return {"neurons": self.module, "layers": self.module.layer, "model": self.model}[level]


NOWHERE = Place(Root("nothing"), True)
"""Where a module is that was not called yet."""



def name_of(value: Any) -> str | None:
    """What to call a value without asking who has it: its label, else its place in full."""
    label: str | None = value.label
    place = place_of(value)
    return place.written or place.root.kind if label is None and place is not None else label


def place_of(value: Any) -> Place | None:
    """The place of a parameter, or of the module whose output a value is; None if it is nobody's."""
    mark = value._mark
    return mark if type(mark) is Place else mark[0] if type(mark) is tuple else None


def call_of(value: Any) -> int:
    """The number of the call of a root that gave a value as its answer; 0 for all others."""
    mark = value._mark
    return mark[1] if type(mark) is tuple else 0


def in_order(leaves: Iterable[Value]) -> list[Value]:
    """Leaves as their models have them, so that weights lie in even steps in whatever order they are met.

    Those that are nobody's come first.
    """
    ranks: dict[Root | None, int] = {None: 0}

    def key(leaf: Value) -> tuple[int, int]:
        place = place_of(leaf)
        return (ranks.setdefault(place.root, len(ranks)), place.number) if place is not None else (0, 0)

    return sorted(leaves, key=key)
