"""A whole number that a function was given: as an index or a count it is what it is, and the recording holds for it alone."""

from __future__ import annotations

from .number import Number


class WholeNumber(Number):
    """A number being recorded that was given as an int; `counted` are the places of those that were used as one."""

    __slots__ = ("counted", "place")

    def __init__(self, number: Number, place: int, counted: set[int]) -> None:
        super().__init__(number.tape, number.slot)
        self.place, self.counted = place, counted

    def __index__(self) -> int:
        self.counted.add(self.place)
        return int(self.tape.given[self.slot])

    __int__ = __index__

    def __hash__(self) -> int:
        return hash(self.__index__())
