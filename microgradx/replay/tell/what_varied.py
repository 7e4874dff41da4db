"""What differs between the structures of two calls, in words."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ...structure import Fixed, Structure, parts, words


def varied(f: Callable[..., Any], before: Any, after: Any) -> str:
    """Which argument of `f` differs first between the keys of two calls, how it does, and what to pass instead.

    >>> from microgradx.structure import flat
    >>> before, after = (((flat([1.0] * n)[0], flat("a")[0]), ()) for n in (2, 3))
    >>> varied(lambda xs, mode: sum(xs), before, after)
    'xs was a list of 2, then a list of 3: pass the same few lengths and shapes again, as by padding'
    """
    (structures, names), (others, other_names) = before, after
    if len(structures) != len(others) or names != other_names:
        return f"it got {given(before)}, then {given(after)}: pass the same arguments each time"
    place = next(place for place, pair in enumerate(zip(structures, others, strict=True)) if pair[0] != pair[1])
    first, then = first_difference(structures[place], others[place])
    name = argument_name(f, place, len(structures), names)
    if name.startswith("self."):
        advice = "pass what varies as an argument, or assign the .data of a Value"
    elif isinstance(first, Fixed) or isinstance(then, Fixed):
        advice = "what is not a number belongs to the program, so make it once and pass the same one again"
    else:
        advice = "pass the same few lengths and shapes again, as by padding"
    return f"{name} was {words(first)}, then {words(then)}: {advice}"


def first_difference(a: Structure, b: Structure) -> tuple[Structure, Structure]:
    """The innermost parts in which two structures that differ do so first."""
    if type(a) is type(b) and len(parts(a)) == len(parts(b)) and a[:1] == b[:1]:
        for pair in zip(parts(a), parts(b), strict=True):
            if pair[0] != pair[1]:
                return first_difference(*pair)
    return a, b


def given(key: Any) -> str:
    """How many arguments a call had, and which by name."""
    structures, names = key
    return f"{len(structures)} argument(s)" + (f" with {', '.join(names)} by name" if names else "")


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
