"""The numbers that a compiled function gives at one call, connected to the Values that it captured or got."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..chain import clock
from ..engine import Value
from ..modes import is_recording
from ..structure import ONE, Grid, Row, Structure, filled, parts, size, words
from .arguments import Call
from .connected import nodes, number_of
from .derivatives import Spans
from .function import Function
from .run.array_program import Array
from .specialization import Recording, named


class Answer:
    """What a question about a compiled function gives: an array of numbers, or a list of Values to be told from numbers."""

    def __init__(
        self,
        function: Function,
        call: Call,
        question: str,
        spans: Spans = (),
        more: Sequence[Any] = (),
        scalar: bool = False,
    ) -> None:
        now, direction = clock.now, [number_of(x) for x in more]

        def run(recording: Recording, inputs: Array) -> tuple[Array, Array]:
            program = recording.scalar() if scalar else recording.program
            whole = np.concatenate((inputs, direction)) if more else inputs
            return program.asked(question, spans, whole), whole

        (found, inputs), self.recording = function.replay(call, run)
        self.found: Any = found
        program = self.recording.program
        if not (call.values or program.captured or more) or not len(found) or not is_recording():
            return
        values = call.values | dict(enumerate(program.captured, program.arguments))
        start = len(inputs) - len(more)
        values |= {start + k: x for k, x in enumerate(more) if isinstance(x, Value)}
        if values:
            name = named(function.f)
            self.found = nodes(name if name.isidentifier() else "compiled", program, question, spans, inputs, values, found, now)

    def count(self) -> int:
        """How many numbers the function itself gives."""
        return size(self.recording.result)

    def result(self, numbers: Any) -> Any:
        """Numbers in the structure of what the function returned."""
        structure = self.recording.result
        return self.one(numbers[0]) if structure == ONE else shaped(structure, numbers)

    def pair(self, numbers: Any) -> tuple[Any, Any]:
        """The value and the rest, of a function with `has_aux`."""
        result = self.recording.result
        inner = (ONE,) * size(result) if isinstance(result, Row) else parts(result)
        if len(inner) != 2 or inner[0] != ONE:
            raise TypeError(
                f"with has_aux=True the function must return a pair (value, anything else), it returns {words(result)}"
            )
        rest = inner[1]
        return self.one(numbers[0]), self.one(numbers[1]) if rest == ONE else shaped(rest, numbers[1:])

    def one(self, x: Any) -> Any:
        """A single number."""
        return x if isinstance(x, Value) else float(x)


def shaped(structure: Structure, numbers: Any) -> Any:
    """Numbers in this structure."""
    if isinstance(structure, Grid) and isinstance(numbers, np.ndarray):
        return numbers.reshape(structure[0]).copy()
    return filled(structure, numbers.tolist() if isinstance(numbers, np.ndarray) else numbers)
