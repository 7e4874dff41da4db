"""The chain rule: the one place where contributions are multiplied and added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from .operand import Operand
from .order import Many, numbers_of
from .rules import LEFT, OUT, RIGHT
from .stale import clock, refuse_stale

Watch = Callable[[Any, int, Any, Any, Any, Any, Any], None]
"""Called per edge as (node, slot, upstream, local, contribution, before, after); `before` is None on a first contribution."""


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


def contribution(upstream: Any, local: Any) -> Any:
    """Upstream gradient times local derivative, where a factor that is exactly zero gives exactly zero, even against inf or nan.

    >>> contribution(3.0, 2.0), contribution(0.0, float("inf"))
    (6.0, 0.0)

    So a branch that was not taken leaks nothing. All who multiply the two do it here, or say in one line what this says.
    """
    product = upstream * local
    return 0.0 if product != product and (upstream == 0.0 or local == 0.0) else product


def edges(node: Any, read: Callable[[Any], Any] | None = None) -> list[tuple[int, Any, Any]]:
    """(slot, parent, local derivative) for each operand of `node` that is a node itself.

    >>> from microgradx import Value
    >>> x = Value(3.0)
    >>> [(slot, local) for slot, parent, local in edges(x * x)]
    [(0, 3.0), (1, 3.0)]

    `read` gives what the rules are asked about: by default a node's number, else for example the node itself for a graph of the
    derivative. Raises RuntimeError where the number of `node` no longer follows from theirs.
    """
    if node._stamp != clock.now:
        refuse_stale(node)
    if read is None and node._right is not Many:
        try:
            return _of_numbers(node)
        except (ZeroDivisionError, OverflowError):  # a rule at a pole: the general way follows IEEE 754
            pass
    op, parents = node.op, node.parents
    if read is None:
        operands, out = numbers_of(parents), node._number
    else:
        operands, out = [x if type(x) is float else read(x) for x in parents], read(node)
    wanted = None if op.arity is None else [type(x) is not float for x in parents]
    found = []
    for slot, (parent, local) in enumerate(zip(parents, op.local_derivatives(operands, out, wanted), strict=True)):
        if type(parent) is not float:
            found.append((slot, parent, local if type(local) is float else _accepted(node, slot, local, read)))
    return found


def _of_numbers(node: Any) -> list[tuple[int, Any, Any]]:
    """`edges` of an operation on one or two operands, asked about their numbers."""
    left, right, found = node._left, node._right, []
    operands: list[float] = [left if type(left) is float else left._number]
    if right is not None:
        operands.append(right if type(right) is float else right._number)
    for slot, parent, rule in zip((0, 1), (left, right), node.op.partials, strict=False):  # of one operand, one
        if type(parent) is not float:
            local = rule if type(rule) is float else rule(*operands, node._number)
            found.append((slot, parent, local if type(local) is float else _accepted(node, slot, local)))
    return found


def _accepted(node: Any, slot: int, local: Any, read: Callable[[Any], Any] | None = None) -> Any:
    """What the rule for operand `slot` gave, if it is a number or may be a node; else the error of its operation."""
    if isinstance(local, Several) or (read is not None and isinstance(local, Operand)):
        return local
    return node.op.real_number(slot, local)


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
    `times` multiplies upstream and local derivative if `contribution` is not to do it.
    """
    if read is None and times is None and watch is None:
        found: dict[Any, Any] = dict.fromkeys(order)
        found.update(adjoints)
        numbers_alone(found)
        adjoints.update(found)
        return
    for node in reversed(order):  # type: ignore[call-overload]  # a list, or a dict with nodes as keys
        upstream = adjoints.get(node)
        if node.op is None or upstream is None:
            continue
        for slot, parent, local in edges(node, read):
            before = adjoints.get(parent)
            if times is None and not (upstream and local):
                part, after = 0.0, before or 0.0
            elif times is None:  # no factor is zero: `contribution` without a call; what is too small for a float is 0.0
                part = upstream * local or 0.0
                after = before + part if before else part
            else:
                part = times(upstream, local)
                after = part if before is None else before + part
            adjoints[parent] = after
            if watch is not None:
                watch(node, slot, upstream, local, part, before, after)


def numbers_alone(adjoints: dict[Any, Any]) -> None:
    """`chain_rule` where nobody watches and the derivative is to be numbers: the same bits, three times as fast.

    `adjoints` are what `unreached` gives, seeded. Zeros are not sent, so no rule is asked behind a relu that is off, as half the
    edges of a network are; who was sent nothing has 0.0. Of sums, products and exponentials the rule is known uncalled.
    """
    for node, upstream in reversed(adjoints.items()):
        if not upstream:  # None, or what was too small for a float: never -0.0
            adjoints[node] = 0.0
        op = node.op
        if op is None:
            continue
        if node._stamp != clock.now:
            refuse_stale(node)
        if not upstream:
            continue
        left, right = node._left, node._right
        if right is Many:
            _send_to_many(node, upstream, adjoints)
            continue
        try:
            second = 0.0
            if right is None:
                (local,) = op.known
                if type(local) is not float:
                    local = node._number if local is OUT else op.partials[0](left._number, node._number)
                    if type(local) is not float:
                        local = _accepted(node, 0, local)
            else:
                local, second = op.known
                if type(left) is float:
                    local = 0.0
                elif type(local) is not float:
                    y = right if type(right) is float else right._number
                    local = y if local is RIGHT else op.partials[0](left._number, y, node._number)
                    if type(local) is not float:
                        local = _accepted(node, 0, local)
                if type(right) is float:
                    second = 0.0
                elif type(second) is not float:
                    x = left if type(left) is float else left._number
                    second = x if second is LEFT else op.partials[1](x, right._number, node._number)
                    if type(second) is not float:
                        second = _accepted(node, 1, second)
        except (ZeroDivisionError, OverflowError):  # a rule at a pole: the general way follows IEEE 754
            slopes = {slot: found for slot, _, found in edges(node)}
            local, second = slopes.get(0, 0.0), slopes.get(1, 0.0)
        if local:
            before = adjoints[left]
            adjoints[left] = upstream * local if before is None else before + upstream * local
        if second:
            before = adjoints[right]
            adjoints[right] = upstream * second if before is None else before + upstream * second


def _send_to_many(node: Any, upstream: Any, adjoints: dict[Any, Any]) -> None:
    """What `numbers_alone` does at a node of more than two operands: `edges`, without a list of them."""
    op, parents = node.op, node._left
    wanted = None if op.arity is None else [type(x) is not float for x in parents]
    slopes = op.local_derivatives(numbers_of(parents), node._number, wanted)
    for slot, (parent, local) in enumerate(zip(parents, slopes, strict=True)):
        if type(parent) is float:
            continue
        if type(local) is not float:
            local = _accepted(node, slot, local)
        if local:
            before = adjoints[parent]
            adjoints[parent] = upstream * local if before is None else before + upstream * local
