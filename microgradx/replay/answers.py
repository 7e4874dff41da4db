"""The numbers that a compiled function gives at one call, connected to the Values that it captured or got."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..chain import clock
from ..engine import Value
from ..modes import is_recording
from ..structure import ONE, Row, parts, size, words
from ..variables import Argnums
from .arguments import Call, Chosen, as_result, packed
from .connected import nodes, number_of
from .derivatives import Spans
from .function import CompiledFunction
from .run.array_program import Array
from .specialization import Recording, function_name


class Answer:
    """What a question about a compiled function gives: an array of numbers, or a list of Values to be told from numbers.

    Derivatives are `by` the arguments `argnums`; `more` are numbers that the question needs besides, and `tangents` of these
    arguments. Raises NotWorthRecording where the function had better be evaluated as it stands, unless that is `recorded`.
    """

    __slots__ = ("by", "call", "found", "recording")

    def __init__(
        self,
        function: CompiledFunction,
        call: Call,
        question: str,
        argnums: Argnums = 0,
        scalar: bool = False,
        tangents: Sequence[Any] | None = None,
        more: Sequence[Any] = (),
        recorded: bool = False,
    ) -> None:
        self.call = call
        recordings, f, now = function.recordings, function.f, clock.now
        key, ways = recordings.known(f, call)
        spans: Spans = ()
        if question != "value":
            self.by: Chosen = ways.chosen(call, argnums)
            spans = self.by.spans
            if tangents is not None:
                more = self.by.rates(tangents)

        def run(recording: Recording, inputs: Array) -> tuple[Array, Array]:
            program = recording.program if not scalar or recording.result is ONE else recording.scalar()
            whole = np.concatenate((inputs, packed(list(map(number_of, more))))) if more else inputs
            return program.asked(question, spans, whole), whole

        (found, inputs), self.recording = recordings.among(key, ways, f, call, run, not recorded)
        self.found: Any = found
        program = self.recording.program
        if not (call.values or program.captured or more) or not len(found) or not is_recording():
            return
        values = call.values | dict(enumerate(program.captured, program.arguments))
        start = len(inputs) - len(more)
        values |= {start + k: x for k, x in enumerate(more) if isinstance(x, Value)}
        if values:
            name = function_name(f)
            name = name if name.isidentifier() else "compiled"
            self.found = nodes(name, program, question, spans, inputs, values, found, now)

    def count(self) -> int:
        """How many numbers the function itself gives."""
        return size(self.recording.result)

    def result(self, numbers: Any) -> Any:
        """Numbers in the structure of what the function returned."""
        return as_result(self.recording.result, numbers)

    def pair(self, numbers: Any) -> tuple[Any, Any]:
        """The value and the rest, of a function with `has_aux`."""
        result = self.recording.result
        inner = (ONE,) * size(result) if isinstance(result, Row) else parts(result)
        if len(inner) != 2 or inner[0] != ONE:
            raise TypeError(
                f"with has_aux=True the function must return a pair (value, anything else), it returns {words(result)}"
            )
        return as_result(ONE, numbers[:1]), as_result(inner[1], numbers[1:])
