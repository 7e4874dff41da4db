"""What is recorded and what is checked while the graph is built: `no_grad`, `detect_anomaly`, and who asks about its numbers."""

from __future__ import annotations

import contextlib
import copy
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache, wraps
from pathlib import Path
from threading import Lock
from types import FrameType
from typing import Any, NoReturn, ParamSpec, Protocol, TypeVar
from weakref import finalize

from .chain import Watch
from .operation import Op

P = ParamSpec("P")
R = TypeVar("R")

watching = 0
"""How many `no_grad` and `detect_anomaly` blocks are open in any thread: while 0, building a node skips all of this."""

_lines: dict[int, str] = {}
"""The line that wrote each living node of a `detect_anomaly` block, by identity: a slot in every node would cost 16 bytes."""

_watching_lock = Lock()
_HERE = str(Path(__file__).parent) + os.sep  # a file beside the package may begin with the same name
Said = list[bool | None]
"""What an open block says, as the only item; None once it is closed, for a task that was started inside has it still."""

_recording: ContextVar[tuple[Said, ...]] = ContextVar("recording", default=())  # the open blocks, inner last
_checking: ContextVar[tuple[Said, ...]] = ContextVar("checking", default=())


class Observer(Protocol):
    """Who records a function to replay it: what the function asks about a number decides what it does with other numbers."""

    def answer(self, question: str, value: Any, *others: Any) -> Any:
        """What the comparison (or `detach`) called `question` gives; called instead of it."""

    def refuse(self, what: str) -> NoReturn:
        """Raise, since the number that was looked at would stay in the recording."""


observers = 0
"""How many observers there are in any thread: while 0, a comparison asks for none."""

_observer: ContextVar[Observer | None] = ContextVar("observer", default=None)


@contextmanager
def observed(by: Observer) -> Iterator[None]:
    """In this thread or task `by` answers what is asked about Values."""
    global observers
    with _watching_lock:
        observers += 1
    before = _observer.get()
    try:
        _observer.set(by)  # inside: Ctrl-C must not leave it set
        yield
    finally:
        _observer.set(before)
        with _watching_lock:
            observers -= 1


def observer() -> Observer | None:
    """Who observes this thread or task."""
    return _observer.get() if observers else None


def look(what: str) -> None:
    """Called by what shows a number outside the graph, or computes there: an observer refuses."""
    if observers and (by := _observer.get()) is not None:
        by.refuse(what)


def called_inside() -> bool:
    """Whether the method that asks was called by this package, as for the text of an error."""
    return sys._getframe(2).f_code.co_filename.startswith(_HERE)


def _is_recording() -> bool:
    return _last_said(_recording, True)


def _is_checking() -> bool:
    return _last_said(_checking, False)


def _last_said(switch: ContextVar[tuple[Said, ...]], otherwise: bool) -> bool:
    for (value,) in reversed(switch.get()):
        if value is not None:
            return value
    return otherwise


class Block:
    """What `with` opens, as often as one likes, or what decorates a function: then a block round each call.

    It takes back only what it said itself, as blocks that generators hold open close in any order.
    """

    def __init__(self, switch: ContextVar[tuple[Said, ...]], value: bool) -> None:
        self._switch, self._value = switch, value
        self._open: list[Said] = []  # in every thread and task

    def __enter__(self) -> None:
        global watching
        said: Said = [self._value]
        with _watching_lock:
            watching += 1
            self._open.append(said)
        self._switch.set((*self._switch.get(), said))

    def __exit__(self, *error: Any) -> None:
        global watching
        here = self._switch.get()
        with _watching_lock:
            latest = reversed(self._open)
            said = next((said for said in latest if any(said is other for other in here)), self._open[-1])
            self._open = [other for other in self._open if other is not said]
            watching -= 1
        said[0] = None
        self._switch.set(tuple([other for other in here if other is not said]))

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """`function` with a block of its own for every call."""
        from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction

        if isgeneratorfunction(function) or iscoroutinefunction(function) or isasyncgenfunction(function):
            raise TypeError(f"{function.__qualname__} runs after its call returned, out of reach of a block: open one inside")

        @wraps(function)
        def inside(*args: P.args, **kwargs: P.kwargs) -> R:
            with Block(self._switch, self._value):
                return function(*args, **kwargs)

        return inside


def no_grad() -> Block:
    """Compute without recording: results are leaves, in this thread or task only; also a decorator, `@no_grad()`.

    >>> from microgradx import Value
    >>> x = Value(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.op is None, y.data
    (True, 4.0)
    """
    look("no_grad() was entered")
    return Block(_recording, False)


def recording() -> AbstractContextManager[None]:
    """Record again inside `no_grad`, as a transform must to find its derivative."""
    return Block(_recording, True) if watching else nullcontext()


def detect_anomaly() -> Block:
    """Raise FloatingPointError at the first operation that makes nan or inf, forward or backward, naming it and its line.

    >>> from microgradx import Value
    >>> with detect_anomaly():
    ...     Value(-1.0, "x").log()
    Traceback (most recent call last):
    FloatingPointError: log gave nan from Value(data=-1.0, grad=None, label='x') at ...

    Every node built inside remembers its file and line (`source_line`), which makes building some ten times slower.
    """
    return Block(_checking, True)


def unchecked() -> AbstractContextManager[None]:
    """Let pass, inside `detect_anomaly`, what rules that build the graph of a derivative meet on their way and throw away."""
    return Block(_checking, False) if watching else nullcontext()


def checking() -> bool:
    """Whether `detect_anomaly` is on in this thread or task."""
    return bool(watching) and _is_checking()


def source_line(node: Any) -> str | None:
    """The "file:line" that wrote `node`, if it was built under `detect_anomaly`."""
    return _lines.get(id(node))


def recorded(op: Op, parents: Sequence[Any], node: Any) -> bool:
    """Whether `node` is to remember how it was made; under `detect_anomaly` also notes its line and checks its number."""
    if _is_checking():
        _lines[id(node)] = calling_line()
        finalize(node, _lines.pop, id(node)).atexit = False
        check_forward(op, parents, node)
    return _is_recording()


def check_forward(op: Op, parents: Sequence[Any], node: Any) -> None:
    """Raise if, under `detect_anomaly`, the number of `node` is nan or infinite."""
    if _is_checking() and not math.isfinite(node._number):
        operands = ", ".join(map(repr, parents))
        raise FloatingPointError(f"{op.name} gave {node._number!r} from {operands}{_at(node)}")


def check_tangent(node: Any, tangent: Any) -> None:
    """Raise if, under `detect_anomaly`, the tangent that forward mode finds at `node` is nan or infinite."""
    if checking() and not math.isfinite(tangent if isinstance(tangent, float) else tangent.data):
        operands = ", ".join(map(repr, node.parents))
        raise FloatingPointError(f"the tangent of {node.op.name} is {tangent!r} for the operands {operands}{_at(node)}")


def backward_watch() -> Watch | None:
    """What the chain rule is to call on every edge: under `detect_anomaly` a check for nan and inf."""
    if not checking():
        return None

    def check(node: Any, slot: int, upstream: Any, local: Any, contribution: Any, before: Any, after: Any) -> None:
        if not math.isfinite(after if isinstance(after, float) else after.data):
            operands = ", ".join(map(repr, node.parents))
            raise FloatingPointError(
                f"the backward pass of {node.op.name} gave {after!r} for operand {slot} of ({operands}): "
                f"upstream {upstream!r} times local derivative {local!r}{_at(node)}"
            )

    return check


@cache
def _inner_folders(with_numpy: bool) -> tuple[str, ...]:
    """The folders of this package and, once it is loaded, of numpy, and what stands between a caller and `with` or a copy."""
    numpy = sys.modules["numpy"].__file__ if with_numpy else None
    folders = (_HERE, str(Path(numpy).parent) + os.sep) if numpy else (_HERE,)
    return *folders, contextlib.__file__, copy.__file__


def _at(node: Any) -> str:
    line = source_line(node)
    return f" at {line}" if line else " (build the graph inside detect_anomaly() to be told its line)"


def _outside() -> tuple[FrameType, int]:
    """The nearest frame outside this package and numpy, whose `sum` adds Values for its caller, and how many lie below it."""
    frame, depth, inner = sys._getframe(1), 1, _inner_folders("numpy" in sys.modules)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(inner):
        frame, depth = frame.f_back, depth + 1
    return frame, depth


def calling_line() -> str:
    """The nearest line outside this package that is being executed."""
    frame, _ = _outside()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def warn(text: str) -> None:
    """Warn at the nearest line outside this package."""
    warnings.warn(text, RuntimeWarning, stacklevel=_outside()[1])
