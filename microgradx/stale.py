"""When a number no longer follows from its operands, as one of them was assigned since."""

from __future__ import annotations

from threading import Lock
from typing import Any

from .order import numbers_of


class Clock:
    """Counts the assignments to `.data`. A node's stamp is the count at which its number was made: no operand's may be higher.

    A computed node that was assigned itself has the stamp OVERWRITTEN, below every other, so that all its operands are newer.
    """

    __slots__ = ("_lock", "now")

    def __init__(self) -> None:
        self.now = 0
        self._lock = Lock()

    def tick(self) -> int:
        """The next count."""
        with self._lock:
            self.now += 1
            return self.now


clock = Clock()
OVERWRITTEN = -1


def refuse_stale(node: Any) -> None:
    """Raise if the number of `node` no longer follows from its operands, of which one was assigned since.

    Where it does, as after a number was assigned and put back, nothing is stale.
    """
    if node._stamp == clock.now:  # nothing was assigned since
        return
    for parent in node.parents:
        if type(parent) is not float and parent._stamp > node._stamp:
            if node._stamp == OVERWRITTEN or not node.op.gives(node._number, numbers_of(node.parents)):
                raise _stale(node, parent)
            return


def _stale(node: Any, parent: Any) -> RuntimeError:
    """The error for a `node` whose number no longer follows from those of its parents."""
    if node._stamp == OVERWRITTEN:
        return RuntimeError(
            f"{node!r} was assigned, but it is computed by {node.op.name}: its number and its operands disagree. "
            "Call .forward() on the output to recompute it, or .detach() it and assign that leaf"
        )
    happened = "assigned" if parent.op is None else "recomputed"
    return RuntimeError(
        f"{parent!r} was {happened} after {node!r} was computed from it by {node.op.name}: old and new numbers would mix. "
        "Call .forward() on the output to recompute the graph, or build it again"
    )
