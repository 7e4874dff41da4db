"""A list of parameters that tells them apart by which they are, not by their numbers: all biases start as equal zeros."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex

from ..engine import Value


class ParameterList(list[Value]):
    """What `parameters()` gives: a list whose `in`, `index`, `count` and `remove` go by identity.

    >>> a, b = Value(0.0), Value(0.0)
    >>> b in [a], b in ParameterList([a])
    (True, False)

    In a list of your own, `p in frozen` compares numbers, as `==` does: write a set, or `model.freeze()`.
    """

    def __contains__(self, parameter: object) -> bool:
        return any(known is parameter for known in self)

    def index(self, parameter: Any, start: SupportsIndex = 0, stop: SupportsIndex = 2**62) -> int:
        """The place of this parameter."""
        for place in range(*slice(start, stop).indices(len(self))):
            if self[place] is parameter:
                return place
        raise ValueError(f"{parameter!r} is not in this list of {len(self)} parameters")

    def count(self, parameter: Any) -> int:
        """How often this parameter is in the list."""
        return sum(known is parameter for known in self)

    def remove(self, parameter: Any) -> None:
        """Take this parameter out."""
        del self[self.index(parameter)]

    def __add__(self, others: Iterable[Any]) -> ParameterList:  # type: ignore[override]
        return ParameterList([*self, *others])
