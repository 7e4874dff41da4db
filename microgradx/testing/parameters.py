"""The parameters of a function by name, where Python can tell them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def parameter_names(f: Callable[..., Any]) -> list[str] | None:
    """The names of the positional parameters of f; None where Python cannot tell."""
    found = _parameters(f)
    if found is None or any(p.kind is p.VAR_POSITIONAL for p in found):
        return None
    return [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def required_names(f: Callable[..., Any]) -> set[str]:
    """The names of the positional parameters of f that have no default."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {p.name for p in _parameters(f) or () if p.kind in kinds and p.default is p.empty}


def told_arguments(f: Callable[..., Any], name: str, error: Exception, given: int) -> Exception | None:
    """The TypeError to raise where f, of that name, wants more arguments than are `given`; None where it does not."""
    names = parameter_names(f)
    if names is None or not isinstance(error, TypeError) or "required positional argument" not in str(error):
        return None
    wanted = [name for name in names if name in required_names(f)]
    if len(wanted) <= given:
        return None
    example = ", ".join(f"{k + 1}.0" for k in range(len(wanted)))
    held = "one argument" if given == 1 else f"{given} arguments"
    return TypeError(
        f"{name} takes {', '.join(wanted[:-1])} and {wanted[-1]}, but at holds {held}: write at=({example}), a tuple with "
        "one for each in that order"
    )


def keyword_names(f: Callable[..., Any]) -> list[str]:
    """The names of the parameters that f takes by keyword only."""
    return [p.name for p in _parameters(f) or () if p.kind is p.KEYWORD_ONLY]


def _parameters(f: Callable[..., Any]) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return None
