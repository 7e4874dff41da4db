"""What a case is: a function of a list of numbers that gives one number, where to evaluate it, and the same by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..replay.run.array_program import Array

Scalars = Sequence[Any]


class Case(NamedTuple):
    """A function of numbers, where to evaluate it, and its value and gradient in hand-written numpy."""

    f: Callable[[Scalars], Any]
    x: list[float]
    by_hand: Callable[[Array], tuple[float, Array]] | None = None


def sum_of(terms: Sequence[Any]) -> Any:
    """The sum, left to right."""
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result
