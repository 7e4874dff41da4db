"""All numbers of a large call of a compiled function as one node of an eager graph, and what comes together on either side of it.

Backward the upstream gradients of the numbers are collected before one replay sends them on to the operands; forward the rates of
the operands are collected before one replay makes them rates of the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..chain import Several
from .tape.number import Number
from .tape.rows import Inlined
from .tape.tape import Tape

if TYPE_CHECKING:
    from .connected import Evaluation


class Whole(Inlined):
    """All numbers that a call gave, as one operation; as a number it is the first of them."""

    __slots__ = ("call", "found")

    def __init__(self, call: Evaluation, found: list[float]) -> None:
        super().__init__(call.name)
        self.call, self.found = call, found

    def forward(self, *numbers: float) -> float:
        """The first number for other operands; all are kept for the nodes on top."""
        self.found = self.call.numbers(numbers)
        return self.found[0]

    def gives(self, out: float, operands: Sequence[float]) -> bool:
        """Whether the call was given these numbers, so that nothing need be replayed to know."""
        return self.call.given(operands)

    def local_derivatives(self, operands: Sequence[Any], out: Any, wanted: Sequence[bool] | None = None) -> list[Any]:
        """What is to be asked once it is known what arrives at each number."""
        return [Sent(self.call, operands, place) for place in range(len(operands))]

    def inlined(self, tape: Tape, operands: Sequence[Any]) -> Number:
        """The row of the first number."""
        return self.call.inlined(tape, operands)[0]

    def __reduce__(self) -> Any:
        return Whole, (self.call, self.found)


class Picked(Inlined):
    """One of the numbers that a call gave, as an operation on `Whole`."""

    __slots__ = ("place", "whole")

    def __init__(self, whole: Whole, place: int) -> None:
        super().__init__(f"{whole.name}_{place}")
        self.whole, self.place = whole, place

    def forward(self, *_: float) -> float:
        """The number that the call gave last."""
        return self.whole.found[self.place]

    def local_derivatives(self, operands: Sequence[Any], out: Any, wanted: Sequence[bool] | None = None) -> list[Any]:
        """What keeps this number apart from the others."""
        return [Taken(self.place)]

    def inlined(self, tape: Tape, operands: Sequence[Any]) -> Number:
        """The row of this number."""
        return self.whole.call.inlined(tape, operands)[self.place]  # written when the call was

    def __reduce__(self) -> Any:
        return Picked, (self.whole, self.place)


class Side(Several):
    """What has come together on one side of a call, as numbers by place: what is sent to the other side follows from all."""

    __slots__ = ("answer", "numbers")

    def __init__(self, place: int, number: Any) -> None:
        self.numbers = {place: number}
        self.answer: list[Any] | None = None

    def __add__(self, other: Any) -> Side:
        for place, number in other.numbers.items():
            self.numbers[place] = self.numbers[place] + number if place in self.numbers else number
        return self

    def among(self, count: int) -> list[Any]:
        """The numbers of all places, 0 where nothing came."""
        return [self.numbers.get(place, 0.0) for place in range(count)]


class Arrived(Side):
    """Upstream gradients of the numbers that a call gave."""

    __slots__ = ()


class Moved(Side):
    """Rates at which the operands of a call change."""

    __slots__ = ("call", "operands")

    def __init__(self, place: int, number: Any, call: Evaluation, operands: Sequence[Any]) -> None:
        super().__init__(place, number)
        self.call, self.operands = call, operands


class Taken(Several):
    """The edge between a call and one of its numbers."""

    __slots__ = ("place",)

    def __init__(self, place: int) -> None:
        self.place = place

    def arriving(self, upstream: Any) -> Any:
        """Backward the upstream gradient, kept apart from those of the other numbers; forward the rate of this number."""
        if not isinstance(upstream, Moved):
            return Arrived(self.place, upstream)
        if upstream.answer is None:
            upstream.answer = upstream.call.answer("pushed", upstream.operands, upstream.among(len(upstream.operands)))
        return upstream.answer[self.place]


class Sent(Several):
    """The edge between a call that gave several numbers and one of its operands."""

    __slots__ = ("call", "operands", "place")

    def __init__(self, call: Evaluation, operands: Sequence[Any], place: int) -> None:
        self.call, self.operands, self.place = call, operands, place

    def arriving(self, upstream: Any) -> Any:
        """Backward what the gradients of all numbers give for this operand; forward its rate, kept apart from the others."""
        if not isinstance(upstream, Arrived):
            return Moved(self.place, upstream, self.call, self.operands)
        if upstream.answer is None:
            upstream.answer = self.call.answer("pulled", self.operands, upstream.among(self.call.count))
        return upstream.answer[self.place]
