"""What a model is made of: the walk from it down to its parameters, which tells every part its place."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple
from weakref import ref

from .containers import is_model, looked_into
from .engine import Value, is_node
from .places import Place, Root, place_of

PLAIN = frozenset([float, int, bool, str, bytes, complex, type(None)])


class Whereabouts:
    """What a module knows of where it is: its own `root`, if it has been one, and its place in each root that holds it.

    `outputs` are the places of the numbers that it gives in a list, by its own place and the way into the list.
    """

    __slots__ = ("outputs", "places", "root")

    def __init__(self) -> None:
        self.root: Root | None = None
        self.places: dict[Root, Place] = {}
        self.outputs: dict[tuple[Place, tuple[Hashable, ...]], Place] = {}


def root_of(model: Any) -> Root:
    """The root that stands for `model`; a copy of a model has another one."""
    where = whereabouts(model)
    if where.root is not None and (other := where.root.seen()) is not None and other is not model:
        del model.__dict__["_where"]  # this is a shallow copy, which got that of the other
        where = whereabouts(model)
    if where.root is None:
        where.root = Root(type(model).__name__)
    if where.root.seen() is None:
        where.root.seen = ref(model)
    return where.root


def whereabouts(model: Any) -> Whereabouts:
    """What a module knows of where it is."""
    where = getattr(model, "__dict__", {}).get("_where")
    if where is None:
        where = Whereabouts()
        with suppress(AttributeError):  # it has parameters and no room for attributes
            object.__setattr__(model, "_where", where)
    return where


class Parts(NamedTuple):
    """The parameters of a model with their places under it, in order, and the parts of it that are roots themselves."""

    parameters: dict[Value, Place]
    roots: dict[Root, Place]


def walk(model: Any, claim: bool = False) -> Parts:
    """The parts of `model`, which are told their places.

    With `claim` parameters that are marked as another root's become this one's: who is called gets what it holds.
    """
    root = root_of(model)
    found = Parts({}, {})
    seen: dict[int, Any] = {}
    pending: list[tuple[Any, Place | None, tuple[Hashable, ...], tuple[str, ...]]] = [(model, None, (), ())]
    while pending:
        thing, holder, path, suffixes = pending.pop()
        if is_node(thing):
            if holder is not None and thing.op is None and thing not in found.parameters:
                place = found.parameters[thing] = _parameter(thing, root, claim)
                place.moved(holder, path, suffixes)
                place.number = len(found.parameters)
            continue
        if id(thing) in seen or (opened := looked_into(thing)) is None:
            continue
        seen[id(thing)] = thing
        if is_model(thing):
            holder, outer = _module(thing, root, found), holder
            holder.moved(outer, path, suffixes)
        container, keys, items = opened
        below = [
            (item, holder, (*path, key), (*suffixes, container.suffix(key)))
            for key, item in zip(keys, items, strict=True)
            if type(item) not in PLAIN
        ]
        pending += reversed(below)
    _tell_units(found.parameters.values())
    return found


def _parameter(value: Value, root: Root, claim: bool) -> Place:
    known = place_of(value)
    if known is not None and known.root is root:
        return known
    place = Place(root, False)
    if claim or known is None or known.root.seen() is None:
        value._mark = place if value.label is None else (place, 0, value.label)
    return place


def _module(module: Any, root: Root, found: Parts) -> Place:
    """The place of a module, the same one at every walk."""
    where = whereabouts(module)
    if (place := where.places.get(root)) is None:
        for other in [other for other in where.places if other.seen() is None and other is not root]:
            del where.places[other]
        place = where.places[root] = Place(root, True)
    if where.root is not None:
        found.roots[where.root] = place
    for (giver, way), output in where.outputs.items():
        output.given(giver, way)
    return place


def _tell_units(parameters: Iterable[Place]) -> None:
    """Tell which modules are units, and which row of units a module has beside other parts."""
    owners: dict[Place, bool] = {}
    for place in parameters:  # of a unit at most a list deep: a matrix makes many numbers
        deep = len(place.path) - len(place.module.path) > 2 or type(place.path[-1]) is tuple
        owners[place.module] = owners.get(place.module, False) or deep
    for owner, deep in owners.items():
        owner.listed = owner.listed and not deep
        for outer in list(owner.around())[1:]:
            outer.listed = False
    contents: dict[Place, set[tuple[Hashable, ...]]] = {}
    for owner in owners:
        inner = owner.path[:-1] if owner.is_unit else owner.path
        for outer in list(owner.around())[owner.is_unit :]:
            contents.setdefault(outer, set()).add(inner)
            inner = outer.path
    rows: dict[tuple[Hashable, ...], Place] = {}
    for owner in owners:
        if owner.is_unit and owner.holder is not None:
            path = owner.path[:-1]
            if path not in rows and len(contents[owner.holder]) > 1:
                rows[path] = Place(owner.root, True)
                rows[path].moved(owner.holder, path, owner.suffixes[:-1])
                rows[path].listed = False
            owner.row = rows.get(path)
