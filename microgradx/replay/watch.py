"""While a function is recorded, nobody may look at the number of a Value unseen: it would be frozen into the program.

Recorded numbers refuse by themselves. Values that the function captured are ordinary Values, so for the time of the recording,
in the recording thread, their comparisons become guards and reading `.data` is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

from ..context import recording
from ..engine import Value
from .record import Number, Tape, refusal

_tape: ContextVar[Tape | None] = ContextVar("tape", default=None)
_lock = Lock()
_open = 0
_originals: dict[str, Any] = {}
_COMPARISONS = ("__gt__", "__lt__", "__ge__", "__le__", "__eq__", "__ne__", "__bool__", "detach")
_REFUSALS = {"__repr__": "a number was printed", "__format__": "a number was formatted", "backward": "backward() was called"}


@contextmanager
def watched(tape: Tape) -> Iterator[None]:
    """Record comparisons of Values on `tape`, and refuse what would freeze a number."""
    global _open
    token = _tape.set(tape)
    with _lock:
        _open += 1
        if _open == 1:
            _install()
    try:
        with recording():
            yield
    finally:
        _tape.reset(token)
        with _lock:
            _open -= 1
            if not _open:
                for name, original in _originals.items():
                    setattr(Value, name, original)


def _install() -> None:
    """Put the watching versions in place of the methods of Value."""
    for name in (*_COMPARISONS, *_REFUSALS, "data"):
        _originals[name] = getattr(Value, name)
    for name in _COMPARISONS:
        setattr(Value, name, _as_number(name, _originals[name]))
    for name, what in _REFUSALS.items():
        setattr(Value, name, _refusing(what, _originals[name]))
    data = _originals["data"]

    def assign(value: Value, number: Any) -> None:
        if _tape.get() is not None:
            raise TypeError(refusal(".data was assigned"))
        data.fset(value, number)

    Value.data = property(_refusing(".data was read", data.fget), assign)


def _as_number(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """The method `name` of a recorded number while recording, `original` otherwise."""

    def method(self: Value, *others: Any) -> Any:
        tape = _tape.get()
        if tape is None:
            return original(self, *others)
        return getattr(Number, name)(Number(tape, tape.capture(self)), *others)

    return method


def _refusing(what: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Value, *others: Any) -> Any:
        if _tape.get() is not None:
            raise TypeError(refusal(what))
        return original(self, *others)

    return method


def current_tape() -> Tape | None:
    """The tape that this thread or task is recording on."""
    return _tape.get()
