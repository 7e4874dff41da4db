"""The numbers that a compiled function gives at one call, connected to the Values that it captured or got."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from .. import observers
from ..modes import is_recording
from ..stale import clock
from ..structure import ONE, filled, size
from ..variables import Argnums
from .arguments import Call, packed
from .arrange import as_result
from .cache import NotWorthRecording
from .connected import nodes, number_of, values_read
from .function import CompiledFunction
from .plain_arguments import Plain
from .run.array_program import Array
from .shortcut import kind_of_call, remember
from .specialization import Inquiry, function_name

NO_NUMBERS = packed(())


class Answer:
    """What a question about a compiled function gives: an array of numbers, or a list of Values to be told from numbers.

    Derivatives are `by` the arguments `argnums`, along `tangents` of these where it takes a direction. Nothing is `found` where
    somebody else records, or where the function had better be evaluated as it stands. An `earlier` call is asked once more,
    with `more` numbers. Plain arguments may have been `read` already.
    """

    __slots__ = ("by", "call", "found", "recording")

    def __init__(
        self,
        function: CompiledFunction,
        name: str,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        argnums: Argnums = 0,
        tangents: Sequence[Any] | None = None,
        earlier: Call | None = None,
        more: Sequence[Any] = (),
        read: Plain | None = None,
    ) -> None:
        self.found: Any = None
        if earlier is None and observers.observers and observers.observer() is not None:
            return
        call = self.call = earlier or Call(args, kwargs, function.fixed, read)
        recordings, f, now = function.recordings, function.f, clock.now
        key, ways = recordings.known(f, call)
        asked = argnums if type(argnums) is int else repr(argnums)
        inquiry = ways.inquiries.get((name, asked)) or ways.inquiries.setdefault((name, asked), Inquiry(call, name, argnums))
        self.by = inquiry.by
        if tangents is not None:
            more = self.by.rates(tangents)
        floats = not more or list(map(type, more)).count(float) == len(more)  # and no Values
        given = NO_NUMBERS if not more else packed(more if floats else list(map(number_of, more)))
        run = partial(inquiry, more=given) if more else inquiry
        try:
            found, recording, inputs = recordings.among(key, ways, f, call, run, earlier is None, name == "value")
        except NotWorthRecording:
            return
        self.found, self.recording = found, recording
        if (call.values or recording.program.captured or not floats) and len(found) and is_recording():
            self.connect(function_name(f), name, np.concatenate((inputs, given)) if more else inputs, more, now)
        elif read is not None and len(ways) == 1 and not recording.program.captured and key[0] is call.parts:  # nothing was added
            remember(recordings, kind_of_call(name, argnums, kwargs, read), key, recording, inquiry)

    def connect(self, function: str, question: str, inputs: Array, more: Sequence[Any], now: int) -> None:
        """Find Values in place of numbers, if Values were read."""
        program = self.recording.program
        if values := values_read(self.call.values, program, more):
            self.found = nodes(function, program, question, self.by.spans, inputs, values, self.found, now)

    def count(self) -> int:
        """How many numbers the function itself gives."""
        return size(self.recording.result)

    def result(self, numbers: Any) -> Any:
        """Numbers in the structure of what the function returned."""
        return self.recording.arrange(numbers) if type(numbers) is np.ndarray else filled(self.recording.result, numbers)

    def pair(self, numbers: Any) -> tuple[Any, Any]:
        """The value and the rest, of a function with `has_aux`."""
        return as_result(ONE, numbers[:1]), as_result(self.recording.beside(), numbers[1:])
