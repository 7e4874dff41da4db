"""While a function is recorded, nobody may look at the number of a Value unseen: it would be frozen into the program.

Recorded numbers refuse by themselves. Values that the function captured are ordinary Values: the engine asks the observer of this
thread who compares them, prints them or cuts them off. Only `.data` asks nothing, as reading it must cost nothing at other times
(34 ns; a question would double it), so it is exchanged for as long as any thread records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from ... import modes, observers
from ...engine import Value

_lock = Lock()
_recordings: set[object] = set()
_data: Any = Value.data


@contextmanager
def watched(tape: observers.Observer) -> Iterator[None]:
    """Record comparisons of Values on `tape`, and refuse what would freeze a number, in this thread or task.

    The first recording puts the watching property in place, the last takes it away, also if Ctrl-C comes in between.
    """
    this = object()
    try:
        _recordings.add(this)
        with _lock:
            setattr(Value, "data", _watching_data)  # noqa: B010  # a class that mypy knows to be fixed
        with modes.recording(), observers.observed(tape):
            yield
    finally:
        try:
            _recordings.discard(this)
        finally:
            with _lock:
                setattr(Value, "data", _watching_data if _recordings else _data)  # noqa: B010


def _asked(what: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """`original`, unless this thread is recording."""

    def look(value: Value, *number: Any) -> Any:
        observers.look(what)
        return original(value, *number)

    return look


def _detached(value: Value) -> Any:
    """`.data`, which is recorded as `.detach()`."""
    by = observers.observer()
    return _data.fget(value) if by is None else by.answer("detach", value)


_watching_data = property(_detached, _asked(".data was assigned", _data.fset))
