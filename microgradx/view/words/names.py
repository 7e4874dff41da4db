"""What to call a value, in drawings, steps, texts and errors, and the formula that made it."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Container, Mapping
from itertools import islice
from typing import NamedTuple

from ...chain import topological_order
from ...containers import is_model, looked_into
from ...engine import Value
from ...owners import Owners
from ...parts import PLAIN, root_of, walk
from ...places import Root
from .notation import expression, unnamed

LONG, DEEP = 10_000, 4
"""Of a list, so many items are looked at, and lists in it so deep: the caller may hold data by the million."""


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
    found = {name: thing for name, thing in frame.f_locals.items() if name.isidentifier() and name[0] != "_"}
    for name, thing in frame.f_globals.items():
        if name[0] != "_":
            found.setdefault(name, thing)
    return found


class Scope(NamedTuple):
    """What some variables name: values, and the models that values are parts of."""

    values: dict[Value, str]
    roots: dict[Root, str]

    def within(self, graph: Container[Value]) -> Scope:
        """What names the values of one graph: it keeps nothing else alive."""
        return Scope({node: name for node, name in self.values.items() if node in graph}, self.roots)


class Names(dict[Value, str]):
    """The unique name of every value of a graph; `shown` has them as displays write them, `owners` whose parts they are."""

    def __init__(self, owners: Owners) -> None:
        self.owners = owners
        self.shown: dict[Value, str] = {}


def name_nodes(
    order: list[Value], caller: Mapping[str, object] | Scope | None = None, names: Mapping[str, object] | None = None
) -> Names:
    """One unique name per node: its label, else a variable, else its place in a model, else `op#n`.

    >>> a, b = Value(2.0, label="a"), Value(3.0)
    >>> list(name_nodes(topological_order(a * b + 1), {"price": b}).values())
    ['a', 'price', 'multiply#2', 'add#3']

    `names` and `caller` map variable names to things; `names` wins. Lists, dicts, dataclasses and arrays of objects are looked
    into (`W[0][1]`). A parameter is called by its place before any variable. A second node of the same name becomes `name#2`.
    The n of `op#n` is the place in `order`, never an address, so every run writes the same.
    """
    if not isinstance(caller, Scope):
        caller = scope_of({**(names or {}), **{k: v for k, v in (caller or {}).items() if k not in (names or {})}})
    named = Names(Owners(order, caller.roots))
    whole, shown = _Unused(), _Unused()
    for number, node in enumerate(order):
        place, variable = named.owners.get(node), caller.values.get(node)
        name = node.label or (variable if place is None or place.is_module else None)
        if name is None and place is not None:
            named[node] = whole.unused(named.owners.written(place))
            named.shown[node] = shown.unused(named.owners.written(place, short=True))
        else:
            wanted = name or f"{node.op.name if node.op else 'input'}#{number}"
            named[node], named.shown[node] = whole.unused(wanted), shown.unused(wanted)
    return named


class _Unused:
    """Names that differ from one another: a second `x` is `x#2`."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.copies: dict[str, int] = {}

    def unused(self, wanted: str) -> str:
        """The name, with a number where it was given before."""
        name = wanted
        while name in self.taken:
            self.copies[wanted] = self.copies.get(wanted, 1) + 1
            name = f"{wanted}#{self.copies[wanted]}"
        self.taken.add(name)
        return name


def scope_of(things: Mapping[str, object]) -> Scope:
    """The first name under which each value, and each model, is found among `things`: plain ones, then items."""
    found = Scope({}, {})
    for name, thing in things.items():
        if isinstance(thing, Value):
            found.values.setdefault(thing, name)
    models: list[tuple[str, object]] = []
    for name, thing in things.items():
        if is_model(thing):
            models.append((name, thing))
        else:
            _look_into(thing, name, DEEP, found.values, models)
    inner: list[tuple[Root, str]] = []
    for name, model in models:
        found.roots.setdefault(root_of(model), name)
        inner += [(root, f"{name}.{place.written}") for root, place in walk(model).roots.items()]
    for root, name in inner:
        found.roots.setdefault(root, name)
    return found


def _look_into(
    thing: object, name: str, depth: int, found: dict[Value, str], models: list[tuple[str, object]]
) -> None:
    """Name the Values in a list, a dict, a dataclass or an array of objects, and in what these hold; note the models."""
    opened = looked_into(thing)
    if opened is None or not depth:
        return
    container, keys, items = opened
    for key, item in islice(zip(keys, items, strict=False), LONG):
        if isinstance(item, Value) or (type(item) not in PLAIN and not isinstance(item, type)):
            place = name + (f"[{key!r}]" if isinstance(thing, Mapping) else container.suffix(key))
            if isinstance(item, Value):
                found.setdefault(item, place)
            elif is_model(item):
                models.append((place, item))
            elif not callable(item):
                _look_into(item, place, depth - 1, found, models)


def displayed(named: Names) -> dict[Value, str]:
    """The names as displays write them, `out` for an output, the last of them, that nobody named."""
    output, name = next(reversed(named.items()))
    shown = dict(named.shown)
    if output.op is not None and unnamed(output, name) and "out" not in shown.values():
        shown[output] = "out"
    return shown


def find_node(key: object, named: Mapping[Value, str], output: str) -> Value:
    """The node that `key`, a name or a Value, means; an unknown one raises and lists the nearest names.

    >>> a = Value(2.0, label="alpha")
    >>> find_node("alfa", {a: "alpha"}, "L")
    Traceback (most recent call last):
    KeyError: "no value is called 'alfa' in the graph of L; the nearest names are 'alpha'"
    """
    if isinstance(key, Value):
        if key not in named:
            raise KeyError(f"{key!r} is not in the graph of {output}; no way leads from {output} down to it")
        return key
    if not isinstance(key, str):
        raise TypeError(f"a value is found by its name or given as a Value, got {key!r}")
    known: dict[str, Value] = {name: node for node, name in named.items()}
    if key in known:
        return known[key]
    if key == output:
        return known[list(known)[-1]]
    displays: Mapping[Value, str] = getattr(named, "shown", {})
    for node, name in displays.items():
        if name == key:
            return node
    near = difflib.get_close_matches(key, known, 3, 0.4) or list(known)[:3]
    shown = key if len(key) <= 60 else key[:57] + "..."
    raise KeyError(f"no value is called {shown!r} in the graph of {output}; the nearest names are {', '.join(map(repr, near))}")


def formula(
    output: Value,
    names: Mapping[str, object] | None = None,
    *,
    latex: bool = False,
    caller: Mapping[str, object] | Scope | None = None,
) -> str:
    """The expression that made `output`, with the fewest brackets.

    >>> a, b, c, f = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
    >>> e = a * b
    >>> L = (e + c) * f
    >>> formula(L)
    'L = (a*b + c) * f'
    >>> print(formula(L / f, latex=True))
    \\frac{\\left(a \\cdot b + c\\right) \\cdot f}{f}

    A computed value that is used twice gets a line of its own, so the text grows with the graph and not with its
    paths. Brackets are kept where leaving them out would add in another order: floats are not associative.
    """
    order = topological_order(output)
    named = name_nodes(order, caller_variables(1) if caller is None else caller, names)
    uses: dict[Value, int] = {}
    for node in order:
        for operand in node.parents:
            if isinstance(operand, Value):
                uses[operand] = uses.get(operand, 0) + 1
    lines = [node for node in order if node.op and uses.get(node, 0) > 1] + [output]
    texts = [expression(node, frozenset(lines), named, latex) for node in lines]
    return "\n".join(texts)
