"""Calls of modules: what one gives is marked as its output, and the answer of a model is numbered."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from functools import wraps
from itertools import count
from typing import Any

from .engine import Value, is_node
from .operand import Operand
from .parts import root_of, walk, whereabouts
from .places import Place, Root, call_of, place_of

_running: ContextVar[Root | None] = ContextVar("running", default=None)
"""The root that was called in this thread or task, and is running."""
_numbers = count(1)
_USUAL = [("x", inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty)]
"""What most modules are called with: `model(x)`."""


def placed(function: Callable[..., Any]) -> Callable[..., Any]:
    """A module's `__call__` that marks what it gives as its output."""
    _, *others = inspect.signature(function).parameters.values()
    if [(x.name, x.kind, x.default) for x in others] != _USUAL:

        @wraps(function)
        def call(self: Any, /, *args: Any, **named: Any) -> Any:
            return _called(call, function, self, args, named)

        return call
    running = _running.get

    @wraps(function)
    def call_on(self: Any, x: Any) -> Any:  # of every neuron: the detour would take a tenth of its time
        place = self._place
        if place.root is not running() or type(self).__call__ is not call_on:
            return _called(call_on, function, self, (x,), {})
        out = function(self, x)
        if type(out) is Value and out._mark is None:
            if out.op is not None:
                out._mark = place
        else:
            _mark(out, self, place)
        return out

    return call_on


def _called(call: Any, function: Callable[..., Any], module: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What `function`, of which `call` is the marking form, gives for a module."""
    if type(module).__call__ is not call:  # super().__call__ in a subclass, whose own output is meant
        return function(module, *args, **named)
    if (root := _running.get()) is not None and (place := _within(module, root)).holder is not None:
        out = function(module, *args, **named)
        _mark(out, module, place)
        return out
    return _outermost(function, module, args, named)


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
    place = places[root]
    if place.holder is not None:
        module._place = place
    return place


def _mark(out: Any, module: Any, place: Place, way: tuple[Hashable, ...] = ()) -> None:
    """Mark what a module gave as its output, but for what a module within gave."""
    if is_node(out):
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
    if is_node(out):
        if out.op is not None and not call_of(out):
            out._mark = (place_of(out), number, out.label)
    elif isinstance(out, (list, tuple, dict)):
        for item in out.values() if isinstance(out, dict) else out:
            _number(item, number)
