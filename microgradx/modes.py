"""What is recorded and what is checked while the graph is built: `no_grad` and `detect_anomaly`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar
from weakref import finalize

from .callers import calling_line
from .chain import Watch
from .observers import look
from .operation import Op

P = ParamSpec("P")
R = TypeVar("R")

watching = 0
"""How many `no_grad` and `detect_anomaly` blocks are open in any thread: while 0, building a node skips all of this."""

_lines: dict[int, str] = {}
"""The line that wrote each living node of a `detect_anomaly` block, by identity: a slot in every node would cost 16 bytes."""

_watching_lock = Lock()
Said = list[bool | None]
"""What an open block says, as the only item; None once it is closed, for a task that was started inside has it still."""

_recording: ContextVar[tuple[Said, ...]] = ContextVar("recording", default=())  # the open blocks, inner last
_checking: ContextVar[tuple[Said, ...]] = ContextVar("checking", default=())


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


def is_recording() -> bool:
    """Whether what is computed here is recorded, and not inside `no_grad`."""
    return not watching or _is_recording()


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


def _at(node: Any) -> str:
    line = source_line(node)
    return f" at {line}" if line else " (build the graph inside detect_anomaly() to be told its line)"
