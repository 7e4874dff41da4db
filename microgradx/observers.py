"""Who observes the numbers of Values, as a recording does: what is asked about them decides what it is good for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, NoReturn, Protocol

_lock = Lock()


class Observer(Protocol):
    """Who records a function to replay it: what the function asks about a number decides what it does with other numbers."""

    def answer(self, question: str, value: Any, *others: Any) -> Any:
        """What the comparison (or `detach`) called `question` gives; called instead of it."""

    def seen(self, x: Any) -> float:
        """What `x` is just now, for the text of an error: nothing that is returned may depend on it."""

    def looked_up(self, place: Any, column: Sequence[Any]) -> Any:
        """The number of a column at a place that was checked, as part of the recording."""

    def variable(self, x: Any) -> Any:
        """A number of its own that is equal to `x`, for a transform to differentiate by."""

    def number(self, x: Any) -> Any:
        """What stands for `x` in the recording."""

    def gradient(self, output: Any, variables: Sequence[Any]) -> list[Any]:
        """d(output)/d(variable) for each of them, as part of the recording."""

    def tangents(self, outputs: Sequence[Any], variables: Sequence[Any], rates: Sequence[Any]) -> list[Any]:
        """How fast each output changes where the variables change at these rates, as part of the recording."""

    def refuse(self, what: str) -> NoReturn:
        """Raise, since the number that was looked at would stay in the recording."""


observers = 0
"""How many observers there are in any thread: while 0, neither a comparison nor `.data` asks for one."""

_observer: ContextVar[Observer | None] = ContextVar("observer", default=None)


@contextmanager
def observed(by: Observer) -> Iterator[None]:
    """In this thread or task `by` answers what is asked about Values; Ctrl-C leaves nobody observing."""
    global observers
    before, counted = _observer.get(), 0
    try:
        with _lock:
            observers += 1
            counted = 1
        _observer.set(by)
        yield
    finally:
        try:
            _observer.set(before)
        finally:
            with _lock:
                observers -= counted


def observer() -> Observer | None:
    """Who observes this thread or task."""
    return _observer.get() if observers else None


def look(what: str) -> None:
    """Called by what shows a number outside the graph, or computes there: an observer refuses."""
    if observers and (by := _observer.get()) is not None:
        by.refuse(what)
