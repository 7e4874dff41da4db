"""A function and its recordings: replayed where one of them fits, recorded anew where none does."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from ..collector import collector_off
from ..context import checking, look
from ..engine import Value, gradient
from .arguments import Call
from .plan import Array
from .recording import Recording
from .recordings import Recordings, named
from .runner import GuardFailed

Result = TypeVar("Result")


class Function:
    """What `compile` returns, for one sample or for many: the function `f` with what was recorded of it."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.recordings = Recordings()
        functools.update_wrapper(cast(Callable[..., Any], self), f, updated=())

    def refresh(self) -> None:
        """Forget every recorded program, so that numbers the function captured are read anew."""
        self.recordings.forget()

    def replay(self, call: Call, run: Callable[[Recording, Array], Result]) -> tuple[Result, Recording]:
        """What `run` makes of the first recording whose guards hold (and its inputs), and that one; a new one if none does."""
        look("a compiled function was evaluated")
        try:
            known = self.recordings.get(call.key(), [])
        except TypeError as error:
            raise TypeError(f"an argument that is no number, sequence or array must be hashable: {error}") from None
        if checking():
            self.check(call)
        for recording in list(known):
            try:
                result = run(recording, recording.inputs(call))
            except GuardFailed:
                continue
            self.recordings.used(known, recording)
            return result, recording
        return self.record(call, run)

    def check(self, call: Call) -> None:
        """Under `detect_anomaly` evaluate once node by node, forward and (of one number) backward: every operation is seen."""
        leaves = [Value(x) for x in call.numbers.tolist()]
        positional, keywords = call.rebuilt(iter(leaves))
        result = self.f(*positional, **keywords)
        if isinstance(result, Value):
            gradient(result, leaves)

    def record(self, call: Call, run: Callable[[Recording, Array], Result]) -> tuple[Result, Recording]:
        """`replay` with a new recording, put in front of the others of this structure."""
        with collector_off():
            recording = Recording(self.f, call)
        self.recordings.keep(self.f, call.key(), recording)
        try:
            return run(recording, recording.inputs(call)), recording
        except GuardFailed:  # a tie that the last bit decides, where numpy's functions may differ from Python's
            recording.program.tape.exact = True
        try:
            return run(recording, recording.inputs(call)), recording
        except GuardFailed:
            raise RuntimeError(
                f"a Value that {named(self.f)} captured was assigned while it was recorded, and another way through its "
                "branches is now right: assign parameters between calls, not during one"
            ) from None
