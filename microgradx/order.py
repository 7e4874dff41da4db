"""Topological order: what values are made of, operands before results, by a loop that no depth is too much for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .collector import LARGE, rarer_full_collections


class Many:
    """Stands in a node's second operand slot to say that the first holds a tuple of operands."""


def numbers_of(operands: Sequence[Any]) -> list[float]:
    """The numbers of Values and floats, in order."""
    if operands and type(operands[0]) is not float and type(operands[-1]) is not float:
        try:
            return [x._number for x in operands]  # twice as fast, and most operations are on Values alone
        except AttributeError:
            pass
    return [x if type(x) is float else x._number for x in operands]


def topological_order(*outputs: Any) -> list[Any]:
    """Every node that `outputs` are made of, operands before results, depth first in the order of the operands.

    >>> from microgradx import Value
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> [node.data for node in topological_order(a * b + a)]
    [2.0, 3.0, 6.0, 8.0]

    A loop, not a recursion: a chain of a million nodes is no deeper than a leaf. Plain numbers are not nodes.
    """
    for output in outputs:
        if not hasattr(output, "_left"):
            raise TypeError(f"{output!r} is not a Value: write topological_order(L), or topological_order(*outputs) for several")
    return list(unreached(*outputs))


def unreached(*outputs: Any, placed: dict[Any, Any] | None = None) -> dict[Any, Any]:
    """The nodes of `topological_order` as the keys of a dict for adjoints, with None for "no gradient has reached it yet".

    Nodes that `placed` holds already, and what they are made of, are passed over.
    """
    placed = {} if placed is None else placed
    pending = list(reversed(outputs))
    extend, pop = pending.extend, pending.pop
    while pending:
        node = pop()
        if node is None:  # all that the node below this mark is made of has been placed
            placed[pop()] = None
            continue
        if node in placed:
            continue
        left, right = node._left, node._right
        if right is Many:
            extend((node, None))
            extend([x for x in reversed(left) if type(x) is not float and x not in placed])
            continue
        # Leaves, and what is made of placed operands, are placed at once: half the nodes of a network are never pending.
        if left is not None and type(left) is not float and left not in placed:
            if left._left is not None:
                if right is not None and type(right) is not float and right not in placed:
                    extend((node, None, right, left))
                else:
                    extend((node, None, left))
                continue
            placed[left] = None
        if right is not None and type(right) is not float and right not in placed:
            if right._left is not None:
                extend((node, None, right))
                continue
            placed[right] = None
        placed[node] = None
    if len(placed) > LARGE:
        rarer_full_collections(len(placed))
    return placed
