"""What differs between two calls, in words: the structures of their arguments, or the way through the branches."""

from __future__ import annotations

import inspect
import linecache
import re
from collections.abc import Callable, Sequence
from typing import Any

from ...structure import Fixed, Static, Structure, parts, words

AS_INDEX = "the index "
"""How the name of a number begins that was used as an index or a count."""


def varied(f: Callable[..., Any], before: Any, after: Any) -> str:
    """Which argument of `f` differs first between the keys of two calls, how it does, and what to pass instead.

    >>> from microgradx.structure import flat
    >>> before, after = (((flat([1.0] * n)[0], flat("a")[0]), ()) for n in (2, 3))
    >>> varied(lambda xs, mode: sum(xs), before, after)
    'xs was a list of 2, then a list of 3: pass the same few lengths and shapes again, as by padding'
    """
    (structures, names), (others, other_names) = before, after
    if len(structures) != len(others) or names != other_names:
        return f"it got {calling(before)}, then {calling(after)}: pass the same arguments each time"
    place = next(place for place, pair in enumerate(zip(structures, others, strict=True)) if pair[0] != pair[1])
    first, then = first_difference(structures[place], others[place])
    name = argument_name(f, place, len(structures), names)
    if name.startswith("self."):
        advice = "pass what varies as an argument, or assign the .data of a Value"
    elif name.startswith(AS_INDEX):
        i = name.removeprefix(AS_INDEX)
        advice = (
            f"each {i} has a program of its own, also where it is static; write mx.take(rows, {i}) for rows[{i}], and "
            f"where({i} > k, xs[k], 0.0) with every k for a sum over xs[:{i}], which are recorded once for all"
        )
    elif isinstance(first, Static) or isinstance(then, Static):
        advice = "what is static has a program of its own, so pass the same few again, or leave it out of static"
    elif isinstance(first, Fixed) or isinstance(then, Fixed):
        advice = (
            "what is not a number belongs to the program, so make it once and pass the same one again, or pass numbers "
            "and look up by mx.take"
        )
    else:
        advice = "pass the same few lengths and shapes again, as by padding"
    return f"{name} was {words(first)}, then {words(then)}: {advice}"


def moving_branch(ways: Sequence[Any]) -> str:
    """The line of the branch at which the latest two of these recordings part, and what to write there instead."""
    tapes = [way.program.tape for way in ways[:2]]
    pairs = zip(*[tape.guards for tape in tapes], strict=False)
    row = next((guard[0] for guard, *other in pairs if [guard] != other), None)
    line = tapes[0].branches.get(row, "a branch") if tapes else "a branch"
    return f"{line} goes another way at nearly every call: write {without_branch(line)}"


def without_branch(line: str) -> str:
    """What to write in place of the branch at `line`, a file and a number."""
    file, _, number = line.rpartition(":")
    code = linecache.getline(file, int(number)) if number.isdigit() else ""
    called = re.search(r"\b(max|min|sorted|sort)\(", code)
    if called and called[1] in ("max", "min"):
        return f"mx.{called[1]} instead of Python's {called[1]}, which compares numbers and so branches on them"
    if called:
        return "mx.max, mx.min or where(condition, a, b) instead of sorting, which branches on every pair of numbers"
    return "where(condition, a, b) instead of `if` on numbers that vary"


def first_difference(a: Structure, b: Structure) -> tuple[Structure, Structure]:
    """The innermost parts in which two structures that differ do so first."""
    if type(a) is type(b) and len(parts(a)) == len(parts(b)) and a[:1] == b[:1]:
        for pair in zip(parts(a), parts(b), strict=True):
            if pair[0] != pair[1]:
                return first_difference(*pair)
    return a, b


def calling(key: Any) -> str:
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
