"""What is recorded and what is checked while the graph is built: `no_grad` and `detect_anomaly`."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar
from functools import wraps
from operator import methodcaller
from typing import Any, ParamSpec, TypeVar
from weakref import ref

from .by_identity import ByIdentity
from .callers import calling_line
from .chain import Watch
from .indeterminate import Zeros
from .observers import look

P = ParamSpec("P")
R = TypeVar("R")


class Said(ref["_Block"]):
    """What a block says while it is open, one of the texts below; None before and after, and once the block is dropped."""

    __slots__ = ("outer", "says")

    says: str | None
    outer: Said | None
    __eq__, __hash__ = object.__eq__, object.__hash__  # by identity: two of one block are two


QUIET = "neither recorded nor checked"
RECORDED = {QUIET: False, "not recorded": False, "recorded": True}
CHECKED = {QUIET: False, "not checked": False, "checked": True}
NOTED = {"noted": True}
"""What blocks say of recording, of checking and of the lines of nodes; the rest says nothing of it."""

_silenced = methodcaller("__setattr__", "says", None)
"""What becomes of a `Said` as its block is dropped: a call into C alone, as Ctrl-C would be lost in a finalizer in Python."""

watching: list[Said] = []
"""What the `no_grad` and `detect_anomaly` blocks of all threads say: while this is empty, building a node skips all of this."""

_lines = ByIdentity[str]()
"""The line that wrote each living node of a `detect_anomaly` block: a slot in every node would cost 16 bytes."""


class _Block:
    """What `with` opens, as often as one likes, or what decorates a function: then a block round each call.

    It takes back only what it said itself, as blocks that generators hold open close in any order. Ctrl-C leaves none open:
    to speak up is the last act of opening and to fall silent the first of closing, with no call in between in which it could
    arrive; a block that it kept from closing falls silent as it is dropped.
    """

    def __init__(self, says: str) -> None:
        self._says = says
        self._opened: list[Said] = []  # in every thread and task

    def __enter__(self) -> None:
        said = Said(self, _silenced)
        said.says, said.outer = None, _open(innermost())
        says = QUIET if self._says == "not recorded" and not checking() else self._says
        self._opened.append(said)
        watching.append(said)
        _innermost.set(said)
        said.says = says

    def __exit__(self, *error: object) -> None:
        said = self._opened[-1]
        if self._opened[1:]:  # opened again, or elsewhere too: the latest of this thread or task
            said = self._latest() or said
        said.says = None
        self._opened.remove(said)
        _innermost.set(_open(innermost()))
        _leave(said)

    def _latest(self) -> Said | None:
        here: Said | None = innermost()
        while here is not None and here not in self._opened:
            here = here.outer
        return here

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """`function` with a block of its own for every call."""
        from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction

        if isgeneratorfunction(function) or iscoroutinefunction(function) or isasyncgenfunction(function):
            raise TypeError(f"{function.__qualname__} runs after its call returned, out of reach of a block: open one inside")

        @wraps(function)
        def inside(*args: P.args, **kwargs: P.kwargs) -> R:
            with _Block(self._says):
                return function(*args, **kwargs)

        return inside


_nobody = Said(_Block(""))
_nobody.says, _nobody.outer = None, None
_innermost: ContextVar[Said] = ContextVar("innermost", default=_nobody)
innermost = _innermost.get
"""What the innermost block of this thread or task says. A node that is not to be recorded costs no more than this question."""


def _said(answers: dict[str, bool], otherwise: bool) -> bool:
    """What the innermost open block that speaks of it says."""
    here: Said | None = innermost()
    while here is not None:
        if (answer := answers.get(here.says or "")) is not None:
            return answer
        here = here.outer
    for said in [said for said in watching if said.says is None]:  # Ctrl-C came between its closing and its leaving
        _leave(said)
    return otherwise


def _leave(said: Said) -> None:
    with suppress(ValueError):  # another thread was faster
        watching.remove(said)


def _open(said: Said) -> Said:
    """The innermost block that is open yet."""
    while said.says is None and said.outer is not None:
        said = said.outer
    return said


def no_grad() -> _Block:
    """Compute without recording: results are leaves, in this thread or task only; also a decorator, `@no_grad()`.

    >>> from microgradx import Value
    >>> x = Value(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.op is None, y.data
    (True, 4.0)
    """
    look("no_grad() was entered")
    return _Block("not recorded")


def recording() -> AbstractContextManager[None]:
    """Record again inside `no_grad`, as a transform must to find its derivative."""
    return _Block("recorded") if watching else nullcontext()


def is_recording() -> bool:
    """Whether what is computed here is recorded, and not inside `no_grad`."""
    return not watching or _said(RECORDED, True)


def detect_anomaly() -> _Block:
    """Raise FloatingPointError at the first operation that makes nan, inf or 0 x inf, naming it and its line.

    0 x inf is meant on the way back, where it counts as 0: right behind a choice (where, relu, max, clip ...), which raises
    nothing, and a guess elsewhere, as for sqrt(x)**2 at 0.

    >>> from microgradx import Value
    >>> with detect_anomaly():
    ...     Value(-1.0, "x").log()
    Traceback (most recent call last):
    FloatingPointError: log gave nan from Value(data=-1.0, grad=0.0, label='x') at ...

    Every node built inside remembers its file and line (`source_line`), which makes building some ten times slower.
    """
    return _Block("checked")


def lines_noted() -> _Block:
    """Every node built inside remembers its file and line, as under `detect_anomaly`, and no number is checked.

    >>> from microgradx import Value
    >>> with lines_noted():
    ...     y = Value(-1.0).log()
    >>> source_line(y) is not None
    True
    """
    return _Block("noted")


def unchecked() -> AbstractContextManager[None]:
    """Let pass, inside `detect_anomaly`, what rules that build the graph of a derivative meet on their way and throw away."""
    return _Block("not checked") if watching else nullcontext()


def checking() -> bool:
    """Whether `detect_anomaly` is on in this thread or task."""
    return bool(watching) and _said(CHECKED, False)


def source_line(node: Any) -> str | None:
    """The "file:line" that wrote `node`, if it was built under `detect_anomaly` or by `stepper(f, *args)`."""
    return _lines.get(node)


def recorded(node: Any) -> bool:
    """Whether `node` is to remember how it was made; notes its line where that is asked for, and checks its number."""
    if checking() or _said(NOTED, False):
        _lines.setdefault(node, calling_line())
        check_forward(node)
    return _said(RECORDED, True)


def check_forward(node: Any) -> None:
    """Raise if, under `detect_anomaly`, the number of `node` is nan or infinite."""
    if checking() and not math.isfinite(node._number):
        operands = ", ".join(map(repr, node.parents))
        raise FloatingPointError(f"{node.op.name} gave {node._number!r} from {operands}{_at(node)}")


def check_tangent(node: Any, tangent: Any) -> None:
    """Raise if, under `detect_anomaly`, the tangent that forward mode finds at `node` is nan or infinite."""
    if checking() and not math.isfinite(tangent if isinstance(tangent, float) else tangent.data):
        operands = ", ".join(map(repr, node.parents))
        raise FloatingPointError(f"the tangent of {node.op.name} is {tangent!r} for the operands {operands}{_at(node)}")


def backward_watch() -> Watch | None:
    """What the chain rule is to call on every edge: under `detect_anomaly` a check for nan, inf and 0 x inf."""
    if not checking():
        return None
    zeros = Zeros()

    def check(node: Any, slot: int, upstream: Any, local: Any, contribution: Any, before: Any, after: Any) -> None:
        if zeros.indeterminate(node, slot, upstream, local):
            operands = ", ".join(map(repr, node.parents))
            raise FloatingPointError(
                f"the backward pass of {node.op.name} has upstream {upstream!r} times local derivative {local!r} for operand "
                f"{slot} of ({operands}): 0 x inf is indeterminate, and no choice (where, relu, max, clip) made this zero"
                f"{_at(node)}"
            )
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
