"""Topological order and the chain rule: the one place where contributions are multiplied and added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from threading import Lock
from typing import Any

from .collector import LARGE, rarer_full_collections
from .operation import Operand

Watch = Callable[[Any, int, Any, Any, Any, Any, Any], None]
"""Called per edge as (node, slot, upstream, local, contribution, before, after); `before` is None on a first contribution."""


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
NOTHING = float("0")  # told from other zeros by identity: what a factor of exactly zero contributes


class Several(float):
    """What goes along the edges of a node that stands for several numbers at once, as a call that gave a list does.

    Upstream gradients of its results are collected as one of these, and so are the tangents of its operands; the node sends on
    what becomes of all of them together. `arriving` gives that for what comes along an edge.
    """

    __slots__ = ()

    def __new__(cls, *_: Any) -> Any:
        """One of these, whatever it is about; as a number it counts as 1."""
        return float.__new__(cls, 1.0)

    def arriving(self, upstream: Any) -> Any:
        """What comes out at the other end of the edge."""
        raise NotImplementedError

    def __rmul__(self, upstream: Any) -> Any:
        return self.arriving(upstream)

    def __mul__(self, local: Any) -> Any:
        return local.arriving(self)

    def __bool__(self) -> bool:
        return True


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
    push, pop = pending.append, pending.pop
    while pending:
        node = pop()
        if node is None:  # all that the node below this mark is made of has been placed
            placed[pop()] = None
            continue
        if node in placed:
            continue
        left, right = node._left, node._right
        if left is None:
            placed[node] = None
            continue
        push(node)
        push(None)
        if right is Many:
            pending.extend([x for x in reversed(left) if type(x) is not float and x not in placed])
            continue
        if right is not None and type(right) is not float and right not in placed:
            push(right)
        if type(left) is not float and left not in placed:
            push(left)
    if len(placed) > LARGE:
        rarer_full_collections(len(placed))
    return placed


def edges(node: Any, read: Callable[[Any], Any] | None = None) -> list[tuple[int, Any, Any]]:
    """(slot, parent, local derivative) for each operand of `node` that is a node itself.

    >>> from microgradx import Value
    >>> x = Value(3.0)
    >>> [(slot, local) for slot, parent, local in edges(x * x)]
    [(0, 3.0), (1, 3.0)]

    `read` gives what the rules are asked about: by default a node's number, else for example the node itself for a graph of the
    derivative. Raises RuntimeError where an operand was assigned since `node` was computed from it.
    """
    refuse_stale(node)
    found = []
    for slot, parent, local in _edges(node, read):
        if type(parent) is not float:
            found.append((slot, parent, local if type(local) is float else _accepted(node, slot, local, read)))
    return found


def _accepted(node: Any, slot: int, local: Any, read: Callable[[Any], Any] | None) -> Any:
    """What the rule for operand `slot` gave, if it is a number or may be a node; else the error of its operation."""
    if isinstance(local, Several) or (read is not None and isinstance(local, Operand)):
        return local
    return node.op.real_number(slot, local)


def _edges(node: Any, read: Callable[[Any], Any] | None) -> Iterable[tuple[int, Any, Any]]:
    """`edges`, unchecked and perhaps with plain numbers among the parents: the chain rule sees to both faster on its way."""
    left, right = node._left, node._right
    if right is Many or read is not None:
        return _edges_of_many(node, read)
    try:
        if type(left) is float:
            partial = node.op.partials[1]
            return ((1, right, partial if type(partial) is float else partial(left, right._number, node._number)),)
        partial = node.op.partials[0]
        if right is None:
            return ((0, left, partial if type(partial) is float else partial(left._number, node._number)),)
        if type(right) is float:
            return ((0, left, partial if type(partial) is float else partial(left._number, right, node._number)),)
        second, x, y, out = node.op.partials[1], left._number, right._number, node._number
        return (
            (0, left, partial if type(partial) is float else partial(x, y, out)),
            (1, right, second if type(second) is float else second(x, y, out)),
        )
    except (ZeroDivisionError, OverflowError):  # a rule at a pole: the general way follows IEEE 754
        return _edges_of_many(node, None)


def _edges_of_many(node: Any, read: Callable[[Any], Any] | None) -> Iterable[tuple[int, Any, Any]]:
    """`_edges` for any number of operands and for what is not a number."""
    parents = node.parents
    if read is None:
        operands, out = numbers_of(parents), node._number
    else:
        operands, out = [x if type(x) is float else read(x) for x in parents], read(node)
    wanted = None if node.op.arity is None else [type(x) is not float for x in parents]
    return zip(range(len(parents)), parents, node.op.local_derivatives(operands, out, wanted), strict=True)


def refuse_stale(node: Any) -> None:
    """Raise if an operand was assigned since `node` was computed from it."""
    for parent in node.parents:
        if type(parent) is not float and parent._stamp > node._stamp:
            raise stale(node, parent)


def stale(node: Any, parent: Any) -> RuntimeError:
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


def chain_rule(
    order: Iterable[Any],
    adjoints: MutableMapping[Any, Any],
    read: Callable[[Any], Any] | None = None,
    times: Callable[[Any, Any], Any] | None = None,
    watch: Watch | None = None,
) -> None:
    """Walk `order` from its end and add to `adjoints` what each node's upstream sends along each of its edges.

    `adjoints` maps nodes to d(output)/d(node); the caller seeds it with the outputs and finds every node reached in it. `order`
    holds what these outputs are made of and nothing else, as `topological_order(*outputs)` gives it. `read` is as in `edges`,
    `times` multiplies upstream and local derivative if `*` is not to do it. A factor that is exactly zero contributes exactly
    zero, even against inf or nan: a branch that was not taken leaks nothing.
    """
    known = adjoints.get
    simple = read is None and times is None and watch is None  # numbers alone: zeros are not sent, but filled in at the end
    for node in reversed(order):  # type: ignore[call-overload]  # a list, or a dict with nodes as keys
        if node.op is None:
            continue
        upstream = known(node)
        if upstream is None and not simple:
            continue
        if node._stamp != clock.now:  # else nothing was assigned since: most graphs skip the question
            refuse_stale(node)
        if simple and not upstream:  # as behind a relu that is off, half the edges of a network: no rule is asked
            continue
        for slot, parent, local in _edges(node, read):
            if type(parent) is float:
                continue
            if type(local) is not float:
                local = _accepted(node, slot, local, read)
            if local and (simple or (times is None and upstream)):
                contribution = upstream * local
            elif simple:
                continue
            else:
                contribution = times(upstream, local) if times is not None else NOTHING
            before = known(parent)
            after = contribution if before is None else before + contribution if simple else _added(before, contribution)
            adjoints[parent] = after
            if watch is not None:
                watch(node, slot, upstream, local, contribution, before, after)
    if simple:
        adjoints.update({node: 0.0 for node in order if known(node) is None})


def _added(before: Any, contribution: Any) -> Any:
    """The sum of contributions; one of a zero factor adds nothing, not even the sign of a zero, as where it is not sent."""
    return contribution if before is NOTHING else before if contribution is NOTHING else before + contribution
