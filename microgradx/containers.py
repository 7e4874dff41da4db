"""What a list, a dict, a dataclass or a model is made of, how its items are written, and how one of its kind is made again."""

from __future__ import annotations

import functools
import sys
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import FunctionType
from typing import Any, NamedTuple

from .operand import Operand

FUNCTIONS = (FunctionType, functools.partial)
_DEEPEST = 1000  # containers in containers: Python's recursion ends there too


class Container(NamedTuple):
    """A type of container, with what one is made of besides its items: what a defaultdict calls where a key is missing."""

    kind: Any
    first: tuple[Any, ...] = ()

    def made(self, keys: Sequence[Any], items: list[Any]) -> Any:
        """A container of this kind. A dataclass is made without calling it: what `__post_init__` computed is an item too."""
        if self.kind is dict:  # asking whether it is a mapping takes longer than making it
            return dict(zip(keys, items, strict=True))
        if self.kind is list or self.kind is tuple:
            return self.kind(items)
        if issubclass(self.kind, Mapping):
            return self.kind(*self.first, dict(zip(keys, items, strict=True)))
        if hasattr(self.kind, "__dataclass_fields__"):
            kind: Any = self.kind
            made = object.__new__(kind)
            for key, item in zip(keys, items, strict=True):
                object.__setattr__(made, key, item)
            return made
        return self.kind._make(items) if hasattr(self.kind, "_make") else self.kind(items)

    def suffix(self, key: Any) -> str:
        """How the item under `key` is written behind its container."""
        if type(key) is int:
            return f"[{key}]"
        if issubclass(self.kind, Mapping):
            return f'["{key}"]' if isinstance(key, str) else f"[{key!r}]"
        place = ", ".join(map(str, key)) if isinstance(key, tuple) else key
        return f".{key}" if isinstance(key, str) else f"[{place}]"

    def words(self, keys: Sequence[Any]) -> str:
        """What it is, for a message."""
        if isinstance(keys, range):
            return f"a {self.kind.__name__} of {len(keys)}"
        return f"a {self.kind.__name__} with the keys {', '.join(map(repr, keys))}"


def opened(x: Any) -> tuple[Container, Sequence[Any], Iterable[Any]] | None:
    """(container, keys, items) of a sequence, a dict or a dataclass; None for what is none of them."""
    kind = type(x)
    if isinstance(x, (list, tuple, deque)):
        return Container(kind), getattr(kind, "_fields", range(len(x))), x
    if isinstance(x, Mapping):
        return Container(kind, (x.default_factory,) if isinstance(x, defaultdict) else ()), tuple(x), x.values()
    if hasattr(kind, "__dataclass_fields__") and not is_model(x):
        from dataclasses import fields  # whoever has a dataclass has imported it; this package has none

        keys = tuple([field.name for field in fields(x)])
        return Container(kind), keys, [getattr(x, key) for key in keys]
    return None


def is_model(x: Any) -> bool:
    """Whether `x` names its parameters; asked of the type, as an object may answer to any name."""
    return callable(getattr(type(x), "named_parameters", None))


def is_array(x: Any) -> bool:
    """Whether `x` is an array, of numpy or of another library that follows its protocol."""
    return hasattr(type(x), "__array__") and not isinstance(x, getattr(sys.modules.get("numpy"), "generic", ()))


def plain_container(x: Any) -> Any:
    """An array that is no more than its numbers, as a file of them; any other one is refused."""
    import numpy

    if type(x) is numpy.ndarray or isinstance(x, numpy.memmap):
        return x
    raise TypeError(
        f"a {type(x).__name__} is more than its numbers (by a mask, a unit, labels or what * means), and only they would be "
        "seen: pass the array that is meant, as np.asarray(x), or x.filled(0.0) if some are masked"
    )


def looked_into(x: Any) -> tuple[Container, Sequence[Any], Iterable[Any]] | None:
    """`opened` for models, sets and arrays of objects too."""
    if isinstance(x, Operand):
        return None
    if (found := opened(x)) is not None:
        return found
    if is_model(x):
        named = attributes(x)
        return Container(type(x)), tuple(named), named.values()
    if isinstance(x, (set, frozenset)):
        return Container(type(x)), range(len(x)), x
    if is_array(x) and hasattr(x, "flat") and x.ndim and x.dtype.hasobject:  # a DataFrame has no flat
        import numpy

        return Container(type(x)), list(numpy.ndindex(x.shape)), x.flat
    return None


def every_item(x: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, thing) for everything that `x` is made of, looking into containers, arrays of objects and models.

    >>> list(every_item({"w": [1.0, None]}, "params"))
    [('params["w"][0]', 1.0), ('params["w"][1]', None)]
    """
    if (found := looked_into(x)) is None:
        yield path, x
        return
    container, keys, items = found
    for key, item in zip(keys, items, strict=True):
        inner = path + container.suffix(key)
        if isinstance(item, Operand):  # mostly: as the item of a generator of its own it would take twice as long
            yield inner, item
        else:
            yield from every_item(item, inner)


def attributes(x: Any) -> dict[str, Any]:
    """The attributes of an object, those in slots first."""
    declared = [kind.__dict__.get("__slots__", ()) for kind in type(x).__mro__]
    slots = [name for names in declared for name in ((names,) if isinstance(names, str) else names)]
    return {name: getattr(x, name) for name in slots if name[:2] != "__" and hasattr(x, name)} | getattr(x, "__dict__", {})


def parameters(model: Any) -> list[tuple[str, Any]]:
    """(path, leaf) of every Value in the attributes of `model` that is not computed; one tied to two places comes twice.

    What it holds in an object that cannot be looked into is refused, and so is a cycle. Items of a set come in the order of the
    set, which may be another one in another process.
    """
    try:
        everything = list(every_item(model))
    except RecursionError:
        raise endless(model) from None
    found = [(path[1:], leaf) for path, leaf in everything if is_leaf(leaf)]
    known = {id(leaf) for _, leaf in found}
    for path, thing in everything:
        for name in [name for name, inner in hidden(thing) if is_leaf(inner) and id(inner) not in known]:
            kind = type(thing).__name__
            if isinstance(thing, FUNCTIONS):
                advice = f"hold the Value in the module too, as in self.{name} = {name}, or write .data if it is a constant"
            else:
                advice = f"derive {kind} from Module, or make it a dataclass"
            raise TypeError(
                f"{type(model).__name__}{path} is a {kind} that holds the Value .{name}, and parameters are not looked for "
                f"in it: {advice}"
            )
    return found


def hidden(x: Any) -> Iterator[tuple[str, Any]]:
    """(name, thing) of what an object holds where nobody looks for parameters: its attributes, a function's own variables."""
    if isinstance(x, type):
        return
    yield from getattr(x, "__dict__", {}).items()
    names, cells = getattr(getattr(x, "__code__", None), "co_freevars", ()), getattr(x, "__closure__", None) or ()
    for name, cell in zip(names, cells, strict=True):
        with suppress(ValueError):  # a variable that has no value yet
            yield name, cell.cell_contents
    if isinstance(x, functools.partial):
        yield from enumerate(x.args)
        yield from x.keywords.items()


def is_leaf(x: Any) -> bool:
    """Whether `x` is a Value that nothing computed."""
    return isinstance(x, Operand) and getattr(x, "op", x) is None


def endless(x: Any) -> ValueError:
    """The error for a structure that holds itself, with the place where it does."""
    kind = type(x).__name__
    pending: list[tuple[Any, str, frozenset[int]]] = [(x, "", frozenset())]
    while pending:
        thing, path, above = pending.pop()
        if id(thing) in above:
            return ValueError(f"a {kind} that holds itself has no end: x{path} leads back, so take that out")
        container, keys, items = looked_into(thing) or (Container(kind), (), ())
        if len(above) < _DEEPEST:
            inner = above | {id(thing)}
            pending += [(item, path + container.suffix(key), inner) for key, item in zip(keys, items, strict=True)]
    return ValueError(f"a {kind} is nested too deeply: put its numbers into one list")
