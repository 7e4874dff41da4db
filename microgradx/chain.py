"""Topological order and the chain rule: the one place where contributions are multiplied and added up."""

from __future__ import annotations

import operator
from collections.abc import Callable, MutableMapping, Sequence
from operator import attrgetter
from typing import Any

Watch = Callable[[Any, int, Any, Any, Any, Any, Any], None]
"""Called per edge as (node, slot, upstream, local, contribution, before, after); `before` is None on a first contribution."""


class Many:
    """Stands in a node's second operand slot to say that the first holds a tuple of operands."""


def topological_order(*outputs: Any) -> list[Any]:
    """Every node that `outputs` are made of, operands before results, depth first in the order of the operands.

    >>> from microgradx import Value
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> [node.data for node in topological_order(a * b + a)]
    [2.0, 3.0, 6.0, 8.0]

    A loop, not a recursion: a chain of a million nodes is no deeper than a leaf. Plain numbers are not nodes.
    """
    order: list[Any] = []
    place = order.append
    placed: set[Any] = set()
    mark = placed.add
    pending = list(reversed(outputs))
    while pending:
        node = pending[-1]
        if node in placed:
            pending.pop()
            continue
        left, right = node._left, node._right
        if right is Many:
            waiting = [x for x in left if type(x) is not float and x not in placed]
            if waiting:
                pending.extend(reversed(waiting))
                continue
        elif node.op is not None:
            if type(left) is not float and left not in placed:
                if left.op is not None:
                    pending.append(left)
                    continue
                mark(left)
                place(left)
            if right is not None and type(right) is not float and right not in placed:
                if right.op is not None:
                    pending.append(right)
                    continue
                mark(right)
                place(right)
        pending.pop()
        mark(node)
        place(node)
    return order


def edges(node: Any, read: Callable[[Any], Any] = attrgetter("_data")) -> Sequence[tuple[int, Any, Any]]:
    """(slot, parent, local derivative) for each operand of `node` that is a node itself.

    >>> from microgradx import Value
    >>> x = Value(3.0)
    >>> [(slot, local) for slot, parent, local in edges(x * x)]
    [(0, 3.0), (1, 3.0)]

    `read` gives what the rules are asked about: a node's number, or the node itself for a graph of the derivative. Raises
    RuntimeError where an operand was assigned since `node` was computed from it.
    """
    op, left, right, stamp = node.op, node._left, node._right, node._stamp
    if right is Many:
        numbers = [x if type(x) is float else read(x) for x in left]
        for x in left:
            if type(x) is not float and x._stamp > stamp:
                raise stale(node, x)
        slopes = op.local_derivatives(numbers, read(node), [type(x) is not float for x in left])
        return [(slot, x, slopes[slot]) for slot, x in enumerate(left) if type(x) is not float]
    if type(left) is float:
        if right._stamp > stamp:
            raise stale(node, right)
        partial = op.partials[1]
        return ((1, right, partial if type(partial) is float else partial(left, read(right), read(node))),)
    if left._stamp > stamp:
        raise stale(node, left)
    partial = op.partials[0]
    if right is None:
        return ((0, left, partial if type(partial) is float else partial(read(left), read(node))),)
    if type(right) is float:
        return ((0, left, partial if type(partial) is float else partial(read(left), right, read(node))),)
    if right._stamp > stamp:
        raise stale(node, right)
    second, x, y, out = op.partials[1], read(left), read(right), read(node)
    return (
        (0, left, partial if type(partial) is float else partial(x, y, out)),
        (1, right, second if type(second) is float else second(x, y, out)),
    )


def stale(node: Any, parent: Any) -> RuntimeError:
    """The error for a `node` whose number no longer follows from those of its parents."""
    if node._stamp < 0:
        return RuntimeError(
            f"{node!r} was assigned, but it is computed by {node.op.name}: its number and its operands disagree. "
            "Call .forward() on the output to recompute it, or .detach() it and assign that leaf"
        )
    return RuntimeError(
        f"{parent!r} was assigned after {node!r} was computed from it by {node.op.name}: old and new numbers would mix. "
        "Call .forward() on the output to recompute the graph, or build it again"
    )


def chain_rule(
    order: Sequence[Any],
    adjoints: MutableMapping[Any, Any],
    read: Callable[[Any], Any] = attrgetter("_data"),
    times: Callable[[Any, Any], Any] = operator.mul,
    watch: Watch | None = None,
) -> None:
    """Walk `order` from its end and add to `adjoints` what each node's upstream sends along each of its edges.

    `adjoints` maps nodes to d(output)/d(node); the caller seeds it with the outputs and finds every node reached in it. `read`
    is as in `edges`. A factor that is exactly zero contributes exactly zero, even against inf or nan: a branch that was not
    taken leaks nothing.
    """
    known = adjoints.get
    for node in reversed(order):
        if node.op is None or (upstream := known(node)) is None:
            continue
        for slot, parent, local in edges(node, read):
            contribution = times(upstream, local)
            if contribution != contribution and (upstream == 0.0 or local == 0.0):
                contribution = 0.0
            before = known(parent)
            after = adjoints[parent] = contribution if before is None else before + contribution
            if watch is not None:
                watch(node, slot, upstream, local, contribution, before, after)
