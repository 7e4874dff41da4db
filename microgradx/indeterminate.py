"""Zero times infinity on the way back: which products of a backward pass have no value, and which zeros are choices.

The chain rule counts a product with a factor of exactly zero as zero. That is right where a choice made the zero: the branch was
not taken, whatever it would have given. It is a guess where the zero is a number like any other: sqrt(x)**2 at 0 has the slope 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any


class Zeros:
    """Follows the edges of one pass in the order of the chain rule and tells which products are indeterminate."""

    def __init__(self) -> None:
        self._sent: set[Any] = set()  # who got something that no choice made zero

    def indeterminate(self, node: Any, slot: int, upstream: Any, local: Any, operand: Any = None) -> bool:
        """Whether upstream x local is 0 x inf (or nan) on this edge, and the zero is not that of a choice.

        `operand` is who gets it, where that is not the operand of the slot, as of a chain of sums that is drawn as one.
        """
        sent, slope = _plain(upstream), _plain(local)
        by_choice = (sent == 0.0 and node not in self._sent) or (slope == 0.0 and _chosen(node, slot))
        if not by_choice:
            self._sent.add(node.parents[slot] if operand is None else operand)
        unclear = (sent == 0.0 and not math.isfinite(slope)) or (slope == 0.0 and not math.isfinite(sent))
        return unclear and not by_choice


def indeterminate_places(edges: Iterable[tuple[Any, ...]]) -> list[int]:
    """The places of the indeterminate products among the edges (node, slot, upstream, local, perhaps operand) of a pass."""
    zeros = Zeros()
    return [place for place, edge in enumerate(edges) if zeros.indeterminate(*edge)]


def _chosen(node: Any, slot: int) -> bool:
    """Whether a local derivative of zero comes from a choice, or from a factor that was written as 0 or chosen to be."""
    op, parents = node.op, node.parents
    if op.facts.choice or op.facts.kink or (op.arity is not None and op.partials[slot] == 0.0):
        return True
    if op.name in ("multiply", "dot"):
        factor = parents[(slot + len(parents) // 2) % len(parents)]
        return type(factor) is float or (factor.op is not None and _of_choices(factor.op))
    return bool(op.name == "power" and slot == 0 and _plain(parents[1]) == 0.0)


def _of_choices(op: Any) -> bool:
    """Whether an operation gives a mask: it chooses, or is flat in all its operands."""
    return op.facts.choice or (op.arity is not None and all(partial == 0.0 for partial in op.partials))


def _plain(x: Any) -> float:
    """The number of a gradient that may be a node."""
    return x if isinstance(x, float) else x._number
