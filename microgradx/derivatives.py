"""Derivatives of values with respect to others, as numbers or as graphs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import copysign
from typing import Any, Literal, overload

from . import modes, observers
from .chain import Several, chain_rule, contribution
from .engine import Value, backward_pass, is_node
from .operand import unboxed
from .order import topological_order, unreached


@overload
def gradient(outputs: Value | Iterable[Value], wrt: Value, create_graph: Literal[False] = False) -> float: ...


@overload
def gradient(outputs: Value | Iterable[Value], wrt: Value, create_graph: Literal[True]) -> Value: ...


@overload
def gradient(outputs: Value | Iterable[Value], wrt: Iterable[Value], create_graph: Literal[False] = False) -> list[float]: ...


@overload
def gradient(outputs: Value | Iterable[Value], wrt: Iterable[Value], create_graph: Literal[True]) -> list[Value]: ...


@overload
def gradient(outputs: Value | Iterable[Value], wrt: None = None, create_graph: bool = False) -> dict[Value, Any]: ...


def gradient(outputs: Value | Iterable[Value], wrt: Value | Iterable[Value] | None = None, create_graph: bool = False) -> Any:
    """d(sum of outputs)/dx for each x in `wrt`, leaving every `.grad` as it was.

    >>> x = Value(3.0)
    >>> (slope,) = gradient(x**3, [x], create_graph=True)
    >>> slope.data, gradient(slope, [x])
    (27.0, [18.0])

    One Value as `wrt` gives one number; without `wrt` the gradient is that of every leaf, as a dict from the leaf to its slope.
    With `create_graph` the results are nodes built by the same rules, so they can be differentiated again. What does not
    depend on x has the derivative 0. A derivative of zero is 0.0 and never -0.0, in every transform.
    """
    ends = _ends(outputs)
    if wrt is None:
        leaves = [node for node in topological_order(*ends) if node.op is None]
        return dict(zip(leaves, _slopes(ends, leaves, create_graph), strict=True))
    if isinstance(wrt, Value):
        return _slopes(ends, [wrt], create_graph)[0]
    return _slopes(ends, wrt, create_graph)


def _ends(outputs: Any) -> list[Value]:
    """The outputs as a list."""
    outputs = unboxed(outputs)
    ends: list[Value] = list(outputs) if isinstance(outputs, Iterable) else [outputs]
    for output in ends:
        if not isinstance(output, Value):
            raise TypeError(f"only a Value has a gradient, got {output!r}: does the function leave the graph by .data?")
    return ends


def _slopes(ends: Sequence[Value], wrt: Iterable[Value], create_graph: bool) -> list[Any]:
    """The derivative of the sum of outputs with respect to each of several Values."""
    variables = list(wrt)
    for x in variables:
        if not is_node(x):
            raise TypeError(f"wrt must hold Values, got {x!r}: a number or a name in it has no place in the graph")
    adjoints = unreached(*ends)
    for output in ends:
        adjoints[output] = (adjoints[output] or 0.0) + 1.0
    if create_graph:
        watch = modes.backward_watch()
        with modes.unchecked():
            chain_rule(adjoints, adjoints, itself, product, watch)
        return [unsigned(d) if isinstance(d, Value) else Value(d or 0.0) for d in map(adjoints.get, variables)]
    observers.look("a gradient was computed without create_graph=True")
    backward_pass(adjoints)
    return [adjoints.get(x, 0.0) for x in variables]


def unsigned(slope: Any) -> Any:
    """The derivative, with 0.0 for -0.0: which zero a sum gives depends on zero terms, and those are added in one way alone.

    >>> unsigned(-0.0), unsigned(-2.0)
    (0.0, -2.0)
    """
    number = slope._number if is_node(slope) else slope
    return slope + 0.0 if number == 0.0 and copysign(1.0, number) < 0.0 else slope


def itself(node: Value) -> Value:
    """What the rules are asked about when the derivative is to be a graph: the node, not its number."""
    return node


def product(upstream: Any, local: Any) -> Any:
    """upstream * local as the chain rule has it, for Values: no node for a multiplication by 1."""
    if type(local) is float and local == 1.0:
        return upstream
    if isinstance(local, Several):
        return local.arriving(upstream)
    if type(upstream) is float and upstream == 1.0:
        return local
    return contribution(upstream, local)
