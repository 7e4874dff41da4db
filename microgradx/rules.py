"""The rules of local derivatives: how one is asked, and what of it is known without a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Rule = Callable[..., Any]

LEFT, RIGHT, OUT = 0, 1, -1
"""What a rule returns if it only hands on what it is called with: an operand, by its place, or the result."""


def operand_names_of(function: Callable[..., Any]) -> tuple[str, ...] | None:
    """The names of a Python function's positional parameters; None for what is not written in Python or takes any number."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & 0x04:  # *args
        return None
    return tuple(code.co_varnames[: code.co_argcount])


class _Mark:
    """Stands for a number that a rule may hand on and not look at."""

    def __bool__(self) -> bool:
        raise TypeError("a rule without `if` asks no number whether it is 0")

    __eq__ = __bool__  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


def at_a_glance(partial: float | Rule, arity: int) -> float | int | Rule:
    """What a rule gives, where no call is needed to know it: a number, or the place of the operand that it returns, or OUT.

    >>> at_a_glance(lambda a, b, out: b, 2), at_a_glance(lambda a, out: out, 1), at_a_glance(-1.0, 1)
    (1, -1, -1.0)

    So a backward pass through sums, products and exponentials calls no rule. Any other rule is given back as it is.
    """
    code = getattr(partial, "__code__", None)
    if isinstance(partial, float) or code is None or code.co_names or code.co_freevars:  # it names more than its operands
        return partial
    marks = [_Mark() for _ in range(arity + 1)]
    try:
        answer = partial(*marks)
    except Exception:  # whatever a rule does with a mark, it did more than return it
        return partial
    places = [i for i, mark in enumerate(marks) if mark is answer]
    return partial if not places else OUT if places[0] == arity else places[0]


def local_derivative(partial: float | Rule, *arguments: Any) -> Any:
    """What a rule gives; where Python's own division or overflow raises, what it gives for numbers that follow IEEE 754."""
    if isinstance(partial, float):
        return partial
    try:
        return partial(*arguments)
    except (ZeroDivisionError, OverflowError):
        from .poles import Ieee, plain  # spelled with the table, which this file builds

        return plain(partial(*map(Ieee.of, arguments)))
