"""Names with signs in them, and those that nobody gave: how strongly they bind, so that brackets can be put round them."""

from __future__ import annotations

from typing import TypeVar

LOOSEST, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
"""How strongly a sign binds, the loosest first."""

_Kind = TypeVar("_Kind", bound="Signed")


class Signed(str):
    """A name with signs in it, such as `h @ 3`; `binds` is how strongly the outermost one does.

    >>> SIGNED[SUM]("x1*w1 + b").within(PRODUCT), SIGNED[PRODUCT]("x1*w1").within(SUM)
    ('(x1*w1 + b)', 'x1*w1')

    There is a class for each strength: a graph has a name for every value, and a text without attributes is made three times as
    fast.
    """

    __slots__ = ()
    binds = ATOM

    def within(self, needed: int) -> str:
        """The text as an operand, in brackets where it binds less than needed."""
        return f"({self})" if self.binds < needed else str(self)


class MadeUp(Signed):
    """A name that nobody gave: the expression that made a value, or `input#0`."""

    __slots__ = ()


def _by_strength(kind: type[_Kind]) -> tuple[type[_Kind], ...]:
    return tuple(type(kind.__name__, (kind,), {"__slots__": (), "binds": binds}) for binds in range(ATOM + 1))


SIGNED, MADE_UP = _by_strength(Signed), _by_strength(MadeUp)
"""Names by how strongly they bind: `SIGNED[LOOSEST]("h @ 3")`."""


def shorter(name: str, text: str) -> str:
    """Another text for a name, of the same kind."""
    return type(name)(text) if isinstance(name, Signed) else text


def unnamed(name: str) -> bool:
    """Whether nobody gave a value this name."""
    return isinstance(name, MadeUp)


def enclosed(text: str) -> bool:
    """Whether one pair of brackets stands round the whole text.

    >>> enclosed("(a*b + c)"), enclosed("(a + b)*(c + d)"), enclosed("a")
    (True, False, False)
    """
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return sign == ")" and place == len(text) - 1 and text[0] == "("
    return False


def several_words(text: str) -> bool:
    """Whether a blank stands outside all brackets: such a name is one operand only in brackets of its own.

    >>> several_words("a*b + c"), several_words("(a*b + c)"), several_words("W[1, 0]")
    (True, False, False)
    """
    depth = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == " " and depth == 0:
            return True
    return False
