"""The words of a check: what is said about one derivative, and what f looks like at the point where it was measured."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What a check says about one derivative, the worst first.

    >>> Verdict("weak").shown, [verdict.value for verdict in Verdict if verdict.fails]
    ('agrees, weakly', ['wrong', 'unresolved'])

    A verdict equals its text. `counted` is the word in a summary, `shown` the one in a table; a check that has a verdict that
    `fails` does not pass, and under `strict` neither does one that `doubts`.
    """

    counted: str
    shown: str
    fails: bool
    doubts: bool

    WRONG = "wrong", "wrong", "WRONG", True, True
    UNRESOLVED = "unresolved", "undecided", "cannot tell", True, True
    WEAK = "weak", "weak", "agrees, weakly", False, True
    KINK = "kink", "at a kink", "agrees, at a kink", False, False
    AGREES = "agrees", "right", "agrees", False, False

    def __new__(cls, text: str, counted: str, shown: str, fails: bool, doubts: bool) -> Verdict:
        """A member that is its text, with what else is said of it."""
        verdict = str.__new__(cls, text)
        verdict._value_ = text
        verdict.counted, verdict.shown, verdict.fails, verdict.doubts = counted, shown, fails, doubts
        return verdict

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(type(self)).index(self)


class Shape(StrEnum):
    """What f looks like at one point, seen along one line.

    `has_slope` tells the shapes with one finite slope, `bent` those with two.
    """

    SMOOTH = "smooth"
    ONE_SIDED = "one-sided"  # at the edge of the domain
    KINK = "kink"
    JUMP = "jump"
    VERTICAL = "vertical"  # the slope grows without limit
    UNRESOLVED = "unresolved"

    @property
    def has_slope(self) -> bool:
        """Whether there is one finite slope."""
        return self in (Shape.SMOOTH, Shape.ONE_SIDED)

    @property
    def bent(self) -> bool:
        """Whether there are two slopes instead of one."""
        return self in (Shape.KINK, Shape.JUMP)
