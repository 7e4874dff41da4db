"""What to call a value, in drawings, steps, texts and errors, and the formula that made it."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Mapping
from itertools import islice

from ...chain import topological_order
from ...containers import looked_into
from ...engine import Value
from .notation import expression, unnamed

LONG, DEEP = 10_000, 4
"""Of a list, so many items are looked at, and lists in it so deep: the caller may hold data by the million."""

PLAIN = frozenset([float, int, bool, str, bytes, complex, type(None)])


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


def name_nodes(
    order: list[Value], caller: Mapping[str, object] | None = None, names: Mapping[str, object] | None = None
) -> dict[Value, str]:
    """One unique name per node: its label, else a variable, else its module path, else `op#n`.

    >>> a, b = Value(2.0, label="a"), Value(3.0)
    >>> list(name_nodes(topological_order(a * b + 1), {"price": b}).values())
    ['a', 'price', 'multiply#2', 'add#3']

    `names` and `caller` map variable names to things; `names` wins. Lists, dicts, dataclasses and arrays of objects are looked
    into (`W[0][1]`), anything with `named_parameters()` gives module paths. A second node of the same name becomes `name#2`.
    The n of `op#n` is the place in `order`, never an address, so every run writes the same.
    """
    variables = variables_of({**(names or {}), **{k: v for k, v in (caller or {}).items() if k not in (names or {})}})
    taken: set[str] = set()
    copies: dict[str, int] = {}
    result: dict[Value, str] = {}
    for place, node in enumerate(order):
        wanted = node.label or variables.get(node) or f"{node.op.name if node.op else 'input'}#{place}"
        name = wanted
        while name in taken:
            copies[wanted] = copies.get(wanted, 1) + 1
            name = f"{wanted}#{copies[wanted]}"
        taken.add(name)
        result[node] = name
    return result


def variables_of(things: Mapping[str, object]) -> dict[Value, str]:
    """The first name under which each value is found among `things`: plain ones, then items, then module paths."""
    found: dict[Value, str] = {}
    for name, thing in things.items():
        if isinstance(thing, Value):
            found.setdefault(thing, name)
    for name, thing in things.items():
        if not callable(getattr(type(thing), "named_parameters", None)):
            _look_into(thing, name, DEEP, found)
    for thing in things.values():
        parameters = getattr(type(thing), "named_parameters", None)  # of the type: an instance may answer to any name
        if callable(parameters):
            for path, parameter in parameters(thing):
                if isinstance(parameter, Value):
                    found.setdefault(parameter, path)
    return found


def _look_into(thing: object, name: str, depth: int, found: dict[Value, str]) -> None:
    """Name the Values in a list, a dict, a dataclass or an array of objects, and in what these hold."""
    opened = looked_into(thing)
    if opened is None or not depth:
        return
    container, keys, items = opened
    for key, item in islice(zip(keys, items, strict=False), LONG):
        if isinstance(item, Value) or (type(item) not in PLAIN and not callable(item)):
            place = name + (f"[{key!r}]" if isinstance(thing, Mapping) else container.suffix(key))
            if isinstance(item, Value):
                found.setdefault(item, place)
            else:
                _look_into(item, place, depth - 1, found)


def brief(name: str) -> str:
    """A name as displays write it: module paths by the initials of their lists.

    >>> brief("layers[0].neurons[12].w[3]"), brief("price")
    ('L0.n12.w[3]', 'price')
    """
    if "[" not in name:
        return name
    return re.sub(r"\blayers\[(\d+)\]", r"L\1", re.sub(r"\bneurons\[(\d+)\]", r"n\1", name))


def displayed(named: dict[Value, str]) -> dict[Value, str]:
    """The names as displays write them, `out` for an output, the last of them, that nobody named."""
    output, name = next(reversed(named.items()))
    shown = {node: brief(name) for node, name in named.items()}
    if output.op is not None and unnamed(output, name) and "out" not in shown.values():
        shown[output] = "out"
    return shown


def find_node(key: object, named: dict[Value, str], output: str) -> Value:
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
    known = {name: node for node, name in named.items()}
    if key in known:
        return known[key]
    if key == output:
        return next(reversed(named))
    for name, node in known.items():
        if brief(name) == key:
            return node
    near = difflib.get_close_matches(key, known, 3, 0.4) or list(known)[:3]
    shown = key if len(key) <= 60 else key[:57] + "..."
    raise KeyError(f"no value is called {shown!r} in the graph of {output}; the nearest names are {', '.join(map(repr, near))}")


def formula(
    output: Value,
    names: Mapping[str, object] | None = None,
    *,
    latex: bool = False,
    caller: Mapping[str, object] | None = None,
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
