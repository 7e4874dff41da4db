"""A call of a compiled function as part of an eager graph: one node for each number it gave, and one replay for all of them.

Each node is an operation on the Values that the call read; the local derivatives of all come from one replay of the program
for the Jacobian. Where that would be large, as for the thousand states of a trajectory, there is one node more, which stands for
all numbers of the call: what arrives at them is collected there (a `Several`) before it is sent on, by one replay as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from .. import modes
from ..collector import collector_off
from ..engine import Value, restored
from ..operation import Op
from ..ops import dot
from .derivatives import Spans
from .program import Program
from .run.array_program import Array
from .tape.number import Number
from .tape.rows import Inlined
from .tape.tape import Tape
from .together import Picked, Whole

LARGEST_JACOBIAN = 20_000  # entries of a Jacobian, and rows of the program for it
MOST_SLOPES = 1_000_000  # entries of a Jacobian that becomes a graph, at half a KB each


class Replayable(Protocol):
    """What a call asks: a program, or one that answers for many samples."""

    @property
    def recorded(self) -> int:
        """How many rows the function has."""

    @property
    def keeps(self) -> bool:
        """Whether it has a number for each sample of a batch, so that there is no program for a sum of all."""

    def asked(self, question: str, wrt: Spans, inputs: Array) -> Array:
        """The numbers that answer a question."""

    def part(self, question: str, wrt: Spans) -> Replayable:
        """What gives such an answer, to be asked in turn."""

    def inlined(self, tape: Tape, inputs: Sequence[Any]) -> list[Number]:
        """The rows of the outputs, written into a tape."""


class Evaluation:
    """One call: a question that was put to a program, its inputs, and at which places of these Values were read."""

    def __init__(
        self, name: str, program: Replayable, question: str, spans: Spans, inputs: Array, places: tuple[int, ...], count: int
    ) -> None:
        self.name, self.program, self.question, self.spans, self.inputs = name, program, question, spans, inputs
        self.places, self.count = places, count
        self.rows: tuple[Any, Any, list[list[Any]]] = (None, None, [])  # the latest Jacobian, and of which operands

    @property
    def part(self) -> Replayable:
        """The program that gave the numbers."""
        return self.program.part(self.question, self.spans)

    def at(self, operands: Sequence[Any], more: Sequence[Any] = ()) -> Array:
        """The inputs with the numbers of these operands in their places."""
        inputs = self.inputs.copy()
        inputs[list(self.places)] = [number_of(x) for x in operands]
        return np.concatenate((inputs, [number_of(x) for x in more])) if more else inputs

    def given(self, operands: Sequence[Any]) -> bool:
        """Whether these are the operands of the call, bit for bit."""
        return self.at(operands).tobytes() == self.inputs.tobytes()

    def numbers(self, operands: Sequence[Any]) -> list[float]:
        """What the call gives for other operands."""
        found: list[float] = self.program.asked(self.question, self.spans, self.at(operands)).tolist()
        return found

    def by(self) -> Spans:
        """The places of the operands as ranges."""
        runs = itertools.groupby(enumerate(self.places), lambda pair: pair[1] - pair[0])
        found = [[place for _, place in run] for _, run in runs]
        return tuple([(run[0], run[-1] + 1) for run in found])

    def answer(self, question: str, operands: Sequence[Any], more: Sequence[Any] = ()) -> list[Any]:
        """What a question about the numbers gives at these operands: numbers, or Values where there are Values among them."""
        inputs, spans, part = self.at(operands, more), self.by(), self.part
        values = {place: x for place, x in zip(self.places, operands, strict=True) if isinstance(x, Value)}
        values |= {len(self.inputs) + k: x for k, x in enumerate(more) if isinstance(x, Value)}
        if values and question == "pulled" and part.keeps:
            return self.summed(operands, more)
        found = part.asked(question, spans, inputs)
        if not values:
            return found.tolist()  # type: ignore[no-any-return]
        now = max([x._stamp for x in values.values()])
        return nodes(f"{self.name}_{question}", part, question, spans, inputs, values, found, now)

    def summed(self, operands: Sequence[Any], weights: Sequence[Any]) -> list[Any]:
        """The derivatives of a sum of all numbers with weights, as a graph from those of each."""
        if self.count * len(operands) > MOST_SLOPES:
            raise TypeError(
                f"second derivatives through {self.count:,} numbers that a batch kept of its samples would be a graph from the "
                f"slopes of each by {len(operands):,} Values: calculate the loss in the function of one sample, by reduce='mean'"
            )
        slopes, width = self.answer("jacobian", operands), len(operands)
        return [dot(slopes[place::width], weights) for place in range(width)]

    def slopes(self, place: int, operands: Sequence[Any]) -> list[Any]:
        """The derivatives of one number by all operands; those of the others are kept, for they are asked for next."""
        key = [x if type(x) is float else (id(x), x._stamp) for x in operands]
        if self.rows[0] != key:
            found, width = self.answer("jacobian", operands), len(operands)
            self.rows = key, operands, [found[k * width : (k + 1) * width] for k in range(self.count)]
        return self.rows[2][place]

    def inlined(self, tape: Tape, operands: Sequence[Any]) -> list[Number]:
        """The rows of the numbers, written into the tape of a function that captured them."""
        if self not in tape.shared:
            inputs: list[Any] = self.inputs.tolist()
            for place, x in zip(self.places, operands, strict=True):
                inputs[place] = x
            tape.shared[self] = self.part.inlined(tape, inputs)
        return tape.shared[self]  # type: ignore[no-any-return]

    def __deepcopy__(self, memo: Any) -> Evaluation:
        return self  # nothing in it changes but what it keeps

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"rows": (None, None, [])}


def nodes(
    name: str, program: Replayable, question: str, spans: Spans, inputs: Array, operands: dict[int, Value], found: Array, now: int
) -> list[Value]:
    """A Value for each of the numbers `found` that answer a question about a program, asked with Values among its inputs.

    `operands` are these, by place; `now` is the time before they were read.
    """
    name = name if name.isidentifier() else "compiled"
    call = Evaluation(name, program, question, spans, inputs, tuple(operands), len(found))
    parents, numbers = tuple(operands.values()), found.tolist()
    if len(found) == 1 or len(found) * max(len(parents), program.recorded) <= LARGEST_JACOBIAN:
        return [node(Given(call, k), parents, x, now) for k, x in enumerate(numbers)]
    whole = Whole(call, numbers)
    all_of_them = (node(whole, parents, numbers[0], now),)
    with collector_off():
        return [node(Picked(whole, k), all_of_them, x, now) for k, x in enumerate(numbers)]


def node(op: Op, parents: tuple[Value, ...], data: float, now: int) -> Value:
    """A computed Value of which the number is known already."""
    made = restored(data, None, None, now, op, parents)
    if modes.watching:
        modes.recorded(made)
    return made


def values_read(given: dict[int, Value], program: Program, more: Sequence[Any]) -> dict[int, Value]:
    """The Values among the inputs of a program, by place: those that were given, that it captured, and among `more` inputs."""
    read = enumerate([*program.captured, *more], program.arguments)
    return given | {place: x for place, x in read if isinstance(x, Value)}


def number_of(x: Any) -> float:
    """The number of a Value, or the number."""
    return float(x._number if isinstance(x, Value) else x)


class Given(Inlined):
    """One of the numbers that a call gave, as an operation on the Values that it read."""

    __slots__ = ("call", "place")

    def __init__(self, call: Evaluation, place: int) -> None:
        super().__init__(call.name if call.count == 1 else f"{call.name}_{place}")
        self.call, self.place = call, place

    def forward(self, *numbers: float) -> float:  # a method, as a function in a slot would be a cycle
        """The number for other operands."""
        return self.call.numbers(numbers)[self.place]

    def gives(self, out: float, operands: Sequence[float]) -> bool:
        """Whether the call was given these numbers, so that nothing need be replayed to know."""
        return self.call.given(operands)

    def local_derivatives(self, operands: Sequence[Any], out: Any, wanted: Sequence[bool] | None = None) -> list[Any]:
        """The derivatives by all operands."""
        return self.call.slopes(self.place, operands)

    def inlined(self, tape: Tape, operands: Sequence[Any]) -> Number:
        """The row of this number."""
        return self.call.inlined(tape, operands)[self.place]

    def __reduce__(self) -> Any:
        return Given, (self.call, self.place)
