"""What is said of one answer: right, or wrong with a hint, and never a number of the solution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .slips import Asked, near


@dataclass
class Judgement:
    """Of which kind an answer is, and what to say.

    Kinds are right, empty, unreadable, raises, wrong, unknown, refused, left out, and those of slips.
    """

    field: str
    kind: str
    told: str

    @property
    def right(self) -> bool:
        """Whether the answer earns its points."""
        return self.kind == "right"

    def __str__(self) -> str:
        return f"{self.field}: {self.told}"


def empty(field: str) -> Judgement:
    """Nothing was answered."""
    return Judgement(field, "empty", "no answer yet")


def misread(answer: Any) -> str | None:
    """What is wrong with what should be a number; None for a number."""
    if answer is None:
        return "None: does it lack a return?"
    if isinstance(answer, str):
        return f"the text {answer!r}: write a number, without quotes"
    try:
        number = float(getattr(answer, "data", answer))
    except OverflowError:
        return "an integer too large for a float"
    except Exception:  # whatever a type of the student's own raises
        return f"a {type(answer).__name__}, not a number"
    return None if math.isfinite(number) else f"{number!r}, which is not finite"


def judgement(field: str, answer: Any, known: Asked) -> Judgement:
    """The verdict on a number, or on several that were tried one after the other, of which the last one counts.

    >>> judgement("a", -6.0, Asked(6.0, ()))
    Judgement(field='a', kind='wrong', told='wrong')
    """
    if isinstance(answer, (list, tuple)):
        answer = answer[-1] if answer else None
    if answer is None:
        return empty(field)
    if (told := misread(answer)) is not None:
        return Judgement(field, "unreadable", f"this is {told}")
    number = float(getattr(answer, "data", answer))
    if near(number, known.right):
        return Judgement(field, "right", "right")
    for candidate in known.candidates:
        if near(number, candidate.number):
            return Judgement(field, candidate.kind, candidate.told)
    return Judgement(field, "wrong", "wrong")
