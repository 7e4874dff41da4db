"""Names with signs in them, and those that nobody gave: how strongly they bind, so that brackets can be put round them."""

from __future__ import annotations

from typing import Self

LOOSEST, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
"""How strongly a sign binds, the loosest first."""


class Signed(str):
    """A name with signs in it, such as `h @ 3`; `binds` is how strongly the outermost one does.

    >>> Signed("x1*w1 + b", SUM).within(PRODUCT), Signed("x1*w1", PRODUCT).within(SUM)
    ('(x1*w1 + b)', 'x1*w1')
    """

    binds: int

    def __new__(cls, text: str, binds: int = ATOM) -> Self:
        """The text with what it binds."""
        made = super().__new__(cls, text)
        made.binds = binds
        return made

    def within(self, needed: int) -> str:
        """The text as an operand, in brackets where it binds less than needed."""
        return f"({self})" if self.binds < needed else str(self)


class MadeUp(Signed):
    """A name that nobody gave: the expression that made a value, or `input#0`."""


def shorter(name: str, text: str) -> str:
    """Another text for a name, of the same kind."""
    return type(name)(text, name.binds) if isinstance(name, Signed) else text


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
