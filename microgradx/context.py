"""What is recorded and what is checked while the graph is built: `no_grad` and `detect_anomaly`."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import finalize

from .chain import Watch
from .operation import Op

watching = 0
"""How many `no_grad` and `detect_anomaly` blocks are open in any thread: while 0, building a node skips all of this."""

_lines: dict[int, str] = {}
"""The line that wrote each living node of a `detect_anomaly` block, by identity: a slot in every node would cost 16 bytes."""

_watching_lock = Lock()
_recording: ContextVar[bool] = ContextVar("recording", default=True)
_checking: ContextVar[bool] = ContextVar("checking", default=False)


@contextmanager
def _switched(switch: ContextVar[bool], value: bool) -> Iterator[None]:
    global watching
    with _watching_lock:
        watching += 1
    token = switch.set(value)
    try:
        yield
    finally:
        switch.reset(token)
        with _watching_lock:
            watching -= 1


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: results are leaves, in this thread or task only; also a decorator.

    >>> from microgradx import Value
    >>> x = Value(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.op is None, y.data
    (True, 4.0)
    """
    with _switched(_recording, False):
        yield


@contextmanager
def recording() -> Iterator[None]:
    """Record again inside `no_grad`, as a transform must to find its derivative."""
    with _switched(_recording, True) if watching else nullcontext():
        yield


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Raise FloatingPointError at the first operation that makes nan or inf, forward or backward, naming it and its line.

    >>> from microgradx import Value
    >>> with detect_anomaly():
    ...     Value(-1.0, "x").log()
    Traceback (most recent call last):
    FloatingPointError: log gave nan from Value(data=-1.0, grad=None, label='x') at ...

    Every node built inside remembers its file and line (`source_line`), which makes building several times slower.
    """
    with _switched(_checking, True):
        yield


def source_line(node: Any) -> str | None:
    """The "file:line" that wrote `node`, if it was built under `detect_anomaly`."""
    return _lines.get(id(node))


def recorded(op: Op, parents: Sequence[Any], node: Any) -> bool:
    """Whether `node` is to remember how it was made; under `detect_anomaly` also notes its line and checks its number."""
    if _checking.get():
        _lines[id(node)] = _calling_line()
        finalize(node, _lines.pop, id(node)).atexit = False
        check_forward(op, parents, node)
    return _recording.get()


def check_forward(op: Op, parents: Sequence[Any], node: Any) -> None:
    """Raise if, under `detect_anomaly`, the number of `node` is nan or infinite."""
    if _checking.get() and not math.isfinite(node.data):
        operands = ", ".join(map(repr, parents))
        raise FloatingPointError(f"{op.name} gave {node.data!r} from {operands}{_at(node)}")


def check_tangent(node: Any, tangent: Any) -> None:
    """Raise if, under `detect_anomaly`, the tangent that forward mode finds at `node` is nan or infinite."""
    if watching and _checking.get() and not math.isfinite(tangent if isinstance(tangent, float) else tangent.data):
        operands = ", ".join(map(repr, node.parents))
        raise FloatingPointError(f"the tangent of {node.op.name} is {tangent!r} for the operands {operands}{_at(node)}")


def backward_watch() -> Watch | None:
    """What the chain rule is to call on every edge: under `detect_anomaly` a check for nan and inf."""
    if not (watching and _checking.get()):
        return None

    def check(node: Any, slot: int, upstream: Any, local: Any, contribution: Any, before: Any, after: Any) -> None:
        if not math.isfinite(after if isinstance(after, float) else after.data):
            operands = ", ".join(map(repr, node.parents))
            raise FloatingPointError(
                f"the backward pass of {node.op.name} gave {after!r} for operand {slot} of ({operands}): "
                f"upstream {upstream!r} times local derivative {local!r}{_at(node)}"
            )

    return check


def _inner_folders() -> tuple[str, ...]:
    """The folders of this package and, once it is loaded, of numpy; a file beside them may begin with the same name."""
    files = [__file__, *([sys.modules["numpy"].__file__] if "numpy" in sys.modules else [])]
    return tuple(str(Path(file).parent) + os.sep for file in files if file)


def _at(node: Any) -> str:
    line = source_line(node)
    return f" at {line}" if line else " (build the graph inside detect_anomaly() to be told its line)"


def _calling_line() -> str:
    """The nearest line outside this package and numpy, whose `sum` adds Values for its caller, that is being executed."""
    frame, inner = sys._getframe(1), _inner_folders()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(inner):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
