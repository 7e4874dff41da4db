"""The recordings of one function: found by the structure of the arguments, made where there is none, few enough to keep."""

from __future__ import annotations

import itertools
import threading
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from ..collector import collector_off
from ..context import checking
from ..engine import Value, gradient
from .arguments import Call
from .plan import Array
from .recording import Recording
from .runner import GuardFailed
from .varied import varied

Result = TypeVar("Result")
CACHED = 8  # programs kept for one structure of arguments: one for each way through the branches
STRUCTURES = 256  # kept: sequences of so many lengths are recorded once each, and small programs take 9 KB each
ROWS = 4_000_000  # kept in all the programs of a function, at about 100 bytes each
FEW = 4  # structures kept whatever their size: training and validation, and the last batch of either


class Recordings(dict[Any, list[Recording]]):
    """The recordings of one function by the structure of its arguments: the ways through its branches, latest first.

    The structures that were not used for longest are forgotten where there are too many, or their programs too large.
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.name = getattr(f, "__name__", repr(f))
        self.lock = threading.RLock()
        self.clock = itertools.count()
        self.overflowed = False

    def replay(self, call: Call, run: Callable[[Recording, Array], Result]) -> tuple[Result, Recording]:
        """What `run` makes of the first recording whose guards hold (and its inputs), and that one; a new one if none does."""
        try:
            known = self.get(call.key(), [])
        except TypeError as error:
            raise TypeError(f"an argument that is no number, sequence or array must be hashable: {error}") from None
        if checking():
            self.check(call)
        for recording in list(known):
            try:
                result = run(recording, recording.inputs(call))
            except GuardFailed:
                continue
            if known[0] is not recording:
                with self.lock:
                    if recording in known:
                        known.remove(recording)
                        known.insert(0, recording)
            recording.used = next(self.clock)
            return result, recording
        return self.record(call, run)

    def check(self, call: Call) -> None:
        """Under `detect_anomaly` evaluate once node by node, forward and (of one number) backward: every operation is seen."""
        leaves = [Value(x) for x in call.numbers.tolist()]
        positional, named = call.rebuilt(iter(leaves))
        result = self.f(*positional, **named)
        if isinstance(result, Value):
            gradient(result, leaves)

    def record(self, call: Call, run: Callable[[Recording, Array], Result]) -> tuple[Result, Recording]:
        """`replay` with a new recording, put in front of the others of this structure."""
        with collector_off():
            recording = Recording(self.f, call)
        self.keep(call.key(), recording)
        try:
            return run(recording, recording.inputs(call)), recording
        except GuardFailed:  # a tie that the last bit decides, where numpy's functions may differ from Python's
            recording.program.tape.exact = True
        try:
            return run(recording, recording.inputs(call)), recording
        except GuardFailed:
            raise RuntimeError(
                f"a Value that {self.name} captured was assigned while it was recorded, and another way through its branches "
                "is now right: assign parameters between calls, not during one"
            ) from None

    def keep(self, key: Any, recording: Recording) -> None:
        """Put `recording` in front; the eldest way goes where there are too many, and so do other structures."""
        with self.lock:
            recording.used = next(self.clock)
            known = self.setdefault(key, [])
            known.insert(0, recording)
            if len(known) > CACHED:
                known.pop()
                warnings.warn(
                    f"{self.name} has taken more than {CACHED} ways through its branches and is recorded again for each: "
                    "write where(condition, a, b) instead of `if` on numbers that vary",
                    RuntimeWarning,
                    stacklevel=6,
                )
            self.shrink(key)

    def shrink(self, latest: Any) -> None:
        """Forget the structures that were not used for longest, where there are too many beside `latest`."""
        order = sorted(self, key=lambda key: self[key][0].used)
        rows = [sum(len(way.program.tape) for way in self[key]) for key in order]
        left = sum(rows)
        for key, count in zip(order[:-1], rows, strict=False):
            if len(self) <= STRUCTURES and (len(self) <= FEW or left <= ROWS):
                return
            del self[key]
            left -= count
            if not self.overflowed:
                self.overflowed = True
                before = [other for other in order if other != latest][-1]
                warnings.warn(
                    f"{self.name} is recorded for more structures of arguments than are kept, and again for those that were "
                    f"forgotten: {varied(self.f, before, latest)}",
                    RuntimeWarning,
                    stacklevel=7,
                )

    def forget(self) -> None:
        """Forget all."""
        with self.lock:
            self.clear()
