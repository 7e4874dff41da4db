"""Plain numbers whose arithmetic never raises: what a rule is asked about at a pole, where Python's own division does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .operand import Operand
from .operation import Op
from .operators import Operators


class Ieee(Operators):
    """A plain number whose arithmetic is that of the table, which never raises: what a rule is asked about after it did.

    >>> 1.0 / Ieee(0.0)
    Ieee(inf)
    """

    __slots__ = ("number",)

    def __init__(self, number: float) -> None:
        self.number = number

    @classmethod
    def of(cls, x: Any) -> Any:
        """`x` with every float in it made such a number; anything else as it is."""
        if isinstance(x, (list, tuple)):
            return [cls.of(item) for item in x]
        return cls(x) if isinstance(x, float) else x

    def apply(self, op: Op, operands: Sequence[Any]) -> Any:
        """The number that `op` gives; beside another kind of operand, what that one makes of it."""
        numbers = [plain(x) for x in operands]
        for x in numbers:
            if isinstance(x, Operand):
                return x.apply(op, numbers)
        return Ieee(op.forward(*map(float, numbers)))

    def __repr__(self) -> str:
        return f"Ieee({self.number!r})"


def plain(x: Any) -> Any:
    """`x` with every `Ieee` number in it turned back into a float, and every tuple into a list."""
    if isinstance(x, (list, tuple)):
        return [plain(item) for item in x]
    return x.number if isinstance(x, Ieee) else x
