"""What differs between the structures of two calls, in words."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..arguments import DictKind, parts_of


def varied(f: Callable[..., Any], before: Any, after: Any) -> str:
    """Which argument of `f` differs first between the keys of two calls, how it does, and what to pass instead.

    >>> varied(lambda xs, mode: sum(xs), (((list, 2), ("static", "a")), ()), (((list, 3), ("static", "a")), ()))
    'xs was a list of 2, then a list of 3: pass the same few lengths and shapes again, as by padding'
    """
    (parts, names), (others, other_names) = before, after
    if len(parts) != len(others) or names != other_names:
        return f"it got {given(before)}, then {given(after)}: pass the same arguments each time"
    place = next(place for place, pair in enumerate(zip(parts, others, strict=True)) if pair[0] != pair[1])
    first, then = first_difference(parts[place], others[place])
    name = argument_name(f, place, len(parts), names)
    if name.startswith("self."):
        advice = "pass what varies as an argument, or assign the .data of a Value"
    elif "static" in (first[0], then[0]):
        advice = "what is no number belongs to the program, so make it once and pass the same one again"
    else:
        advice = "pass the same few lengths and shapes again, as by padding"
    return f"{name} was {worded(first)}, then {worded(then)}: {advice}"


def first_difference(a: Any, b: Any) -> tuple[Any, Any]:
    """The innermost parts in which two structures that differ do so first."""
    inner, other = parts_of(a), parts_of(b)
    if a[0] == b[0] and len(inner) == len(other):
        for pair in zip(inner, other, strict=True):
            if pair[0] != pair[1]:
                return first_difference(*pair)
    return a, b


def worded(structure: Any) -> str:
    """A structure in words."""
    if structure == "number":
        return "a number"
    kind, content = structure
    if kind == "array":
        return f"an array of shape {content}"
    if kind == "static":
        return repr(content)
    if kind == "Value":
        return f"the Value at {content:#x}"
    if isinstance(kind, DictKind):
        return f"a {kind.kind.__name__} with the keys {', '.join(repr(key) for key, _ in content)}"
    return f"a {kind.__name__} of {content if isinstance(content, int) else len(content)}"


def given(key: Any) -> str:
    """How many arguments a call had, and which by name."""
    parts, names = key
    return f"{len(parts)} argument(s)" + (f" with {', '.join(names)} by name" if names else "")


def argument_name(f: Callable[..., Any], place: int, count: int, names: tuple[str, ...]) -> str:
    """What the function calls an argument: the last of all `count` are those given by name."""
    positional = count - len(names)
    if place >= positional:
        return names[place - positional]
    try:
        known = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):  # what is written in C may have none
        known = []
    return known[place] if place < len(known) else f"argument {place}"
