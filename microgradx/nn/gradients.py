"""Whether a gradient has reached a parameter, and whether it is to be moved at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

from ..engine import Value

frozen: WeakSet[Value] = WeakSet()
"""Parameters that no optimizer moves; by identity, as a Value is its own key."""


def reached(parameter: Value) -> bool:
    """Whether a backward pass has reached it since its gradient was last cleared."""
    known: Any = getattr(parameter, "reached", None)
    return parameter.grad is not None if known is None else bool(known)


def moves(parameter: Value) -> bool:
    """Whether a step moves it: it was reached, and is not frozen."""
    return reached(parameter) and parameter not in frozen


def clear(parameters: Iterable[Value]) -> None:
    """Make every parameter unreached, so that the next backward pass does not add to the last one."""
    for parameter in parameters:
        parameter.grad = None if hasattr(Value, "reached") else 0.0
