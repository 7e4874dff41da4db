"""Calls of modules: what one gives is marked as its output, and the answer of a model is numbered."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from functools import wraps
from itertools import count
from typing import Any

from .engine import Value
from .operation import Operand
from .parts import root_of, walk, whereabouts
from .places import Place, Root, call_of, place_of

_running: ContextVar[Root | None] = ContextVar("running", default=None)
"""The root that was called in this thread or task, and is running."""
_numbers = count(1)
_NOTHING: Any = object()


def placed(function: Callable[..., Any]) -> Callable[..., Any]:
    """A module's `__call__` that marks what it gives as its output."""
    running = _running.get

    @wraps(function)
    def call(module: Any, x: Any = _NOTHING, /, *more: Any, **named: Any) -> Any:
        if (root := running()) is not None:
            if type(module).__call__ is not call:  # super().__call__ in a subclass, whose own output is meant
                return function(module, *_given(x, more), **named)
            place = module._place
            if place.root is not root:
                place = _within(module, root)
            if place.holder is not None:
                if more or named or x is _NOTHING:  # seldom, and passing on whatever there is takes twice as long
                    out = function(module, *_given(x, more), **named)
                else:
                    out = function(module, x)
                if type(out) is Value and out._mark is None:
                    if out.op is not None:
                        out._mark = place
                else:
                    _mark(out, module, place)
                return out
        return _outermost(function, module, _given(x, more), named)

    return call


def _given(x: Any, more: tuple[Any, ...]) -> tuple[Any, ...]:
    return () if x is _NOTHING else (x, *more)


def _outermost(function: Callable[..., Any], module: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """A call of a root: a sample. Its answer is marked with its number, and so whatever the answer is made of is known by it."""
    root = root_of(module)
    if not root.called:
        walk(module, claim=True)
        root.called = True
    token = _running.set(root)
    try:
        out = function(module, *args, **named)
    finally:
        _running.reset(token)
    _mark(out, module, module._where.places[root])
    _number(out, next(_numbers))
    return out


def _within(module: Any, root: Root) -> Place:
    """The place of a module that is called in a call of `root`; one without a holder if it is no part of it: its own root."""
    places = whereabouts(module).places
    if root not in places:
        if (outer := root.seen()) is not None:
            walk(outer, claim=True)
        places.setdefault(root, Place(root, True))
    module._place = places[root]
    return places[root]


def _mark(out: Any, module: Any, place: Place, way: tuple[Hashable, ...] = ()) -> None:
    """Mark what a module gave as its output, but for what a module within gave."""
    if isinstance(out, Value):
        if out.op is not None and place_of(out) is None:
            mine = _output(module, place, way) if way else place
            out._mark = mine if out._mark is None else (mine, 0, out._mark)
    elif isinstance(out, Operand):
        out.belongs(_output(module, place, way) if way else place)
    elif isinstance(out, (list, tuple, dict)):
        if not way:
            place.many = len(out)
        for key, item in out.items() if isinstance(out, dict) else enumerate(out):
            if type(item) is not Value or type(item._mark) is not Place:
                _mark(item, module, place, (*way, key))


def _output(module: Any, place: Place, way: tuple[Hashable, ...]) -> Place:
    """The place of one of the numbers that a module gives."""
    outputs = module._where.outputs
    if (place, way) not in outputs:
        outputs[place, way] = output = Place(place.root, True)
        output.given(place, way)
    return outputs[place, way]  # type: ignore[no-any-return]


def _number(out: Any, number: int) -> None:
    """Say of an answer which call it is, unless an inner call of another root gave it."""
    if isinstance(out, Value):
        if out.op is not None and not call_of(out):
            out._mark = (place_of(out), number, out.label)
    elif isinstance(out, (list, tuple, dict)):
        for item in out.values() if isinstance(out, dict) else out:
            _number(item, number)
