"""What the variables of a program call values: by themselves, as items and attributes, or the models they are parts of."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator, Mapping
from functools import partial
from itertools import islice
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import NamedTuple

from ...containers import attributes, is_model, looked_into
from ...engine import Value, is_node
from ...keywords import keywords
from ...parts import PLAIN, root_of, walk
from ...places import Root

LONG, DEEP = 10_000, 5
"""Of a list, so many items are looked at, and lists in it so deep: the caller may hold data by the million."""
BARREN = 100
"""So many lists or objects in a row without a Value are data: what follows them in the same list is not looked into."""

_INSIDE = f"{__name__.partition('.')[0]}."
"""What this package makes, such as a stepper, holds values and is not where they are looked for."""
CLOSED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, partial)


def caller_variables(depth: int = 1) -> dict[str, object]:
    """The variables of the frame `depth` calls above the caller: locals first, then globals.

    >>> def shown() -> bool:
    ...     return "price" in caller_variables()  # depth 1: whoever called shown()
    >>> price = Value(2.0)
    >>> shown()
    True

    Names that start with an underscore are left out: IPython keeps every result under such a name as well.
    """
    frame = sys._getframe(depth + 1)
    while frame.f_globals.get("__name__") == keywords.__module__ and frame.f_back is not None:
        frame = frame.f_back  # the decorator that answers arguments stands between
    found = {name: thing for name, thing in frame.f_locals.items() if name.isidentifier() and name[0] != "_"}
    for name, thing in frame.f_globals.items():
        if name[0] != "_":
            found.setdefault(name, thing)
    return found


class Scope(NamedTuple):
    """What some variables call values and models: for each the best name, and for each name what it means."""

    values: dict[Value, str]
    roots: dict[Root, str]
    aliases: dict[str, Value]
    ways: dict[Value, tuple[str, ...]]
    """Of what is in a container or an attribute, the way to it in pieces: `("W", "[1]", "[0]")`."""

    def within(self, graph: Container[Value]) -> Scope:
        """What names the values of one graph: it keeps nothing else alive."""
        values = {node: name for node, name in self.values.items() if node in graph}
        ways = {node: way for node, way in self.ways.items() if node in graph}
        return Scope(values, self.roots, {name: node for name, node in self.aliases.items() if node in graph}, ways)

    def variable(self, node: Value) -> str | None:
        """The plain variable that holds a value, be it a leftover of a loop."""
        return next((name for name, other in self.aliases.items() if other is node and name.isidentifier()), None)


def scope_of(things: Mapping[str, object], sure: Container[str] = ()) -> Scope:
    """The names of the values and models among `things`: variables first, then items and attributes, leftovers of loops last.

    >>> a, b = Value(1.0), Value(2.0)
    >>> list(scope_of({"ws": [a, b], "w": b, "net": {"bias": a}}).aliases)
    ['ws[0]', 'ws[1]', "net['bias']", 'w']

    A variable is a leftover if it holds the last item of a list of which it holds no other: `for w in ws` leaves `w` behind. The
    names in `sure` are none.
    """
    scope = Scope({}, {}, {}, {})
    left = {name for name in _leftovers(things) if name not in sure}
    models: list[tuple[str, object]] = []
    for some in ([name for name in things if name not in left], [name for name in things if name in left]):
        for name in some:
            if is_node(thing := things[name]):
                scope.values.setdefault(thing, name)
                scope.aliases.setdefault(name, thing)
        for name in some:
            _look_into(things[name], (name,), DEEP, scope, models)
    inner: list[tuple[Root, str]] = []
    for name, model in models:
        scope.roots.setdefault(root_of(model), name)
        inner += [(root, f"{name}.{place.written}") for root, place in walk(model).roots.items()]
    for root, name in inner:
        scope.roots.setdefault(root, name)
    return scope


def scope_of_names(names: Mapping[str, object] | None, caller: Mapping[str, object]) -> Scope:
    """What `names` that were given call things, and the variables of the caller, of which a given name takes none away.

    >>> a, b = Value(1.0), Value(2.0)
    >>> scope_of_names({"x": a}, {"x": b, "y": b}).values == {a: "x", b: "y"}
    True
    """
    sure = names or {}
    return scope_of({**sure, **{name: thing for name, thing in caller.items() if name not in sure}}, sure)


def _look_into(thing: object, way: tuple[str, ...], depth: int, scope: Scope, models: list[tuple[str, object]]) -> bool:
    """Name the Values in a container, or in the attributes of an object, and in what these hold; note the models.

    It gives whether there are any.
    """
    name, found, barren = "".join(way), False, 0
    if is_model(thing):
        models.append((name, thing))
        return True
    for suffix, item in islice(_inside(thing), LONG):
        if is_node(item):
            scope.values.setdefault(item, name + suffix)
            scope.aliases.setdefault(name + suffix, item)
            scope.ways.setdefault(item, (*way, suffix))
            found = True
        elif type(item) not in PLAIN and (left := depth - (1 if suffix[0] == "[" else 2)) > 0 and barren < BARREN:
            inner = _look_into(item, (*way, suffix), left, scope, models)
            found, barren = found or inner, 0 if inner else barren + 1
    return found


def _inside(thing: object) -> Iterator[tuple[str, object]]:
    """(how it is written behind the name, item) for what is in a container, or the public attributes of something else."""
    if type(thing) in PLAIN or isinstance(thing, Value) or str(getattr(_kind(thing), "__module__", "")).startswith(_INSIDE):
        return
    if isinstance(thing, (list, tuple)) and PLAIN.issuperset(map(type, islice(thing, LONG))):
        return  # numbers: seen thirty times as fast as one by one
    if (opened := looked_into(thing)) is not None:
        container, keys, items = opened
        for key, item in zip(keys, items, strict=False):
            yield (f"[{key!r}]" if isinstance(thing, Mapping) else container.suffix(key)), item
        return
    for key, item in _attributes(thing).items():
        if isinstance(key, str) and key[:1] != "_":
            yield f".{key}", item


def _kind(thing: object) -> object:
    """What knows where a thing was written: a class and a function themselves, of an object its class."""
    return thing if isinstance(thing, (type, FunctionType)) else type(thing)


def _attributes(thing: object) -> dict[str, object]:
    """What an object has by its names: its own attributes and its class's numbers, of a function what it closes over."""
    if isinstance(thing, FunctionType):
        cells = zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True)
        return {name: cell.cell_contents for name, cell in cells if cell != CellType()}
    if isinstance(thing, CLOSED) and not isinstance(thing, type):
        return {}
    common = {key: item for key, item in vars(_kind(thing)).items() if is_node(item) or type(item) in (list, tuple, dict)}
    own = {} if isinstance(thing, type) or not isinstance(getattr(thing, "__dict__", {}), dict) else attributes(thing)
    return {**common, **own}


def _leftovers(things: Mapping[str, object]) -> set[str]:
    """The variables that a loop over a list may have left behind: they hold its last item, and no variable holds another."""
    called: dict[int, list[str]] = {}
    for name, thing in things.items():
        if type(thing) not in PLAIN and not isinstance(thing, CLOSED):
            called.setdefault(id(thing), []).append(name)
    last: set[int] = set()
    kept: set[int] = set()
    pending = [(thing, 2) for thing in things.values() if isinstance(thing, (list, tuple, Mapping))]
    while pending:
        thing, depth = pending.pop()
        items = [item for _, item in islice(_inside(thing), LONG) if type(item) not in PLAIN]
        held = {id(item) for item in items if id(item) in called}
        if len(items) > 1 and held == {id(items[-1])}:
            last |= held
        else:
            kept |= held
        if depth > 1:
            pending += [(item, depth - 1) for item in [*items[:BARREN], *items[BARREN:][-1:]] if isinstance(item, (list, tuple))]
    return {name for found in last - kept for name in called[found]}
