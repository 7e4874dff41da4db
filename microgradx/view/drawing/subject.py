"""What is drawn: a value, several, or what a function or a model gives for some arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...engine import Value
from ...ops import sum_
from ...structure import filled, flat, paths

WIDEST_INPUT = 64
"""So many inputs are tried for a model that is drawn without any."""


SHOWS = {"draw": "draw", "stepper": "walk"}


def outputs_of(given: object, args: Sequence[Any], who: str = "draw") -> list[Value]:
    """The Values that `draw(given, *args)` is about; errors name `who` was called.

    >>> x = Value(3.0)
    >>> outputs_of([x, x * 2], ())
    [Value(data=3.0, grad=0.0), Value(data=6.0, grad=0.0)]
    >>> outputs_of(lambda price, amount: price * amount, (3.0, 2.0))[0].parents[0]
    Value(data=3.0, grad=0.0, label='price')

    Numbers among the arguments become Values that are called after the parameters of the function.
    """
    if args and isinstance(args[0], str) and who == "draw" and isinstance(given, Value):
        raise TypeError(f"draw takes no name of a file, got {args[0]!r}: write draw(result).save({args[0]!r})")
    if args and not callable(given):
        raise TypeError(f"{who}(f, *args) {SHOWS[who]}s what a function gives; {given!r} cannot be called: write {who}(result)")
    result = given
    if not isinstance(given, Value) and callable(given):
        result = _called(given, args) if args else _without_arguments(given, who)
    found = [result] if isinstance(result, Value) else values_in(result)
    if not found:
        made = f"{_name(given)} returned {result!r}, in which there is no Value" if callable(given) else f"got {given!r}"
        raise TypeError(
            f"{who} needs a Value{' or a program' * (who == 'draw')}, {made}: {SHOWS[who]} the result of an "
            f"expression, such as {who}(loss), or a function with its arguments, {who}(f, 2.0)"
        )
    return list(dict.fromkeys(found))


def joined(outputs: Sequence[Value]) -> Value:
    """One value above all outputs, whose gradients are those of their sum; one output alone is itself."""
    return outputs[0] if len(outputs) == 1 else sum_(*outputs)


def values_in(result: object) -> list[Value]:
    """The Values in a structure; none in what is not a structure, as a model."""
    if result is None or isinstance(result, (str, bytes, int, float)) or callable(getattr(result, "named_parameters", None)):
        return []
    return [number for number in flat(result)[1] if isinstance(number, Value)]


def _called(f: Callable[..., Any], args: Sequence[Any]) -> object:
    if callable(getattr(f, "program", None)):  # compiled: its graph is that of the function it was made from
        f = inspect.unwrap(f)
    return f(*(_labelled(argument, name) for argument, name in zip(args, _names(f, len(args)), strict=True)))


def _labelled(argument: Any, name: str) -> Any:
    """The argument with a Value for each plain number in it, called by its path."""
    structure, numbers = flat(argument)
    values = [
        x if isinstance(x, Value) else Value(x, label=path)
        for x, path in zip(numbers, paths(structure, name), strict=True)
    ]
    return filled(structure, values)


def _names(f: Callable[..., Any], count: int) -> list[str]:
    """What a function calls its first arguments; x where it cannot be asked."""
    try:
        known: Mapping[str, inspect.Parameter] = inspect.signature(f).parameters
    except (TypeError, ValueError):
        known = {}
    plain = [name for name, p in known.items() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][:count]
    more = count - len(plain)
    return plain + (["x"] if more == 1 and "x" not in plain else [f"x{k}" for k in range(more)])


def _without_arguments(given: Callable[..., Any], who: str) -> object:
    """What a function without parameters gives, or a model at ones, as many as it takes."""
    if not callable(getattr(given, "named_parameters", None)):
        try:
            inspect.signature(given).bind()
        except TypeError as error:
            known = inspect.signature(given).parameters.values()
            needed = [p.name for p in known if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
            call = f"{who}({_name(given)}, {'2.0' if len(needed) == 1 else ', '.join(needed)})"
            raise TypeError(f"{who}({_name(given)}) needs its arguments ({error}): write {call}") from None
        except ValueError:
            pass  # it has no signature to ask
        return given()
    for count in range(1, WIDEST_INPUT + 1):
        try:
            return given([Value(1.0, label=f"x[{k}]") for k in range(count)])
        except (TypeError, ValueError, IndexError):
            continue
    raise TypeError(f"{who}({_name(given)}) found no count of inputs that it takes: write {who}({_name(given)}, x)")


def _name(given: object) -> str:
    return str(getattr(given, "__name__", type(given).__name__))
