"""Whether a gradient has reached a parameter, and whether it is to be moved at all."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

from ..by_identity import ByIdentity
from ..engine import Value
from ..observers import look
from ..writing import commit, new_gradients

frozen = ByIdentity[None]()
"""Parameters that no optimizer moves."""


def freeze(parameters: Iterable[Value]) -> None:
    """Let no optimizer move these parameters."""
    for parameter in parameters:
        frozen.setdefault(parameter, None)


def moves(parameter: Value) -> bool:
    """Whether a step moves it: it was reached, and is not frozen."""
    return parameter.reached and parameter not in frozen


def clear(parameters: Iterable[Value]) -> None:
    """Make every parameter unreached, so that the next backward pass does not add to the last one."""
    look(".grad was assigned")
    commit(new_gradients(list(parameters), repeat(None)))
