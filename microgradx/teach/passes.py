"""Backward passes with a slip in them: what a gradient would be if a rule, or the order, or the adding up were wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..engine import Value
from ..view.trace import Contribution, Trace

Local = Callable[[Contribution], float | None]


class Slip(NamedTuple):
    """What one may get wrong about an operation: its name, the local derivative one would take, and what to say."""

    operation: str
    local: Callable[[Contribution, Sequence[float]], float]
    told: str


def _out(edge: Contribution) -> float:
    return float(edge.node.data)


SLIPS = (
    Slip("tanh", lambda e, x: 1.0 - _out(e), "the slope of tanh(z) is 1 - tanh(z)^2: the square is missing"),
    Slip("tanh", lambda e, x: 1.0 - x[0] ** 2, "the slope of tanh(z) is 1 - tanh(z)^2, not 1 - z^2"),
    Slip("sigmoid", lambda e, x: _out(e), "the slope of a sigmoid s is s * (1 - s): the factor 1 - s is missing"),
    Slip("sigmoid", lambda e, x: 1.0 - _out(e), "the slope of a sigmoid s is s * (1 - s): the factor s is missing"),
    Slip("sigmoid", lambda e, x: x[0] * (1.0 - x[0]), "the slope of a sigmoid s is s * (1 - s), not z * (1 - z)"),
    Slip("relu", lambda e, x: 1.0, "a relu passes nothing on where its input is below 0"),
    Slip("relu", lambda e, x: x[0], "the slope of a relu is 1 where its input is above 0, not the input itself"),
    Slip("exp", lambda e, x: 1.0, "the slope of exp(z) is exp(z) itself, not 1"),
    Slip("exp", lambda e, x: x[0] * _out(e), "the slope of exp(z) is exp(z), without a factor z"),
    Slip("log", lambda e, x: _out(e), "the slope of log(z) is 1 / z"),
    Slip("square", lambda e, x: x[0], "the slope of z^2 is 2 z: the factor 2 is missing"),
    Slip("square", lambda e, x: x[0] ** 2, "the slope of z^2 is 2 z: the square itself was taken"),
    Slip("power", lambda e, x: x[0] ** (x[1] - 1.0), "the slope of z^n is n z^(n-1): the factor n is missing"),
    Slip("power", lambda e, x: x[1] * x[0] ** x[1], "the slope of z^n is n z^(n-1): the exponent has to go down by 1"),
    Slip("sqrt", lambda e, x: 1.0 / _out(e), "the slope of sqrt(z) is 1 / (2 sqrt(z)): the factor 2 is missing"),
    Slip("sin", lambda e, x: -e.local, "the slope of sin(z) is cos(z), without a minus sign"),
    Slip("cos", lambda e, x: -e.local, "the slope of cos(z) is -sin(z): the minus sign is missing"),
    Slip("multiply", lambda e, x: x[e.slot], "the slope of a product is the other factor"),
    Slip("subtract", lambda e, x: 1.0, "what is subtracted has the slope -1"),
    Slip("negative", lambda e, x: 1.0, "the slope of -z is -1"),
    Slip("divide", lambda e, x: abs(e.local) if e.slot == 0 else -e.local, "the slope of a/b by b is -a / b^2: the minus sign"),
    Slip("divide", lambda e, x: e.local if e.slot == 0 else -x[0] / x[1], "the slope of a/b by b is -a / b^2: the square"),
    Slip("divide", lambda e, x: x[1] if e.slot == 0 else e.local, "the slope of a/b by a is 1 / b"),
    Slip("log_softmax_share", lambda e, x: e.local - 1.0, "the slope at a logit is p - y, where y is 1 for the right class only"),
    Slip("log_softmax_share", lambda e, x: e.local + 1.0, "the slope at a logit is p - y, where y is 1 for the right class only"),
)
"""The slips of a course, operation by operation."""


def sent_back(trace: Trace, local: Local | None = None, overwrite: bool = False) -> dict[Value, float]:
    """The gradients of a pass with other local derivatives, or in which what arrives replaces what was there.

    >>> a = Value(3.0)
    >>> pass_ = Trace(a + a)
    >>> sent_back(pass_)[a], sent_back(pass_, overwrite=True)[a]
    (2.0, 1.0)
    """
    found = {trace.output: 1.0}
    for edge in trace:
        taken = None if local is None else local(edge)
        sent = found.get(edge.node, 0.0) * (edge.local if taken is None else taken)
        found[edge.operand] = sent if overwrite else found.get(edge.operand, 0.0) + sent
    return found


def slipped(trace: Trace) -> Iterator[tuple[str, dict[Value, float]]]:
    """(what to say, the gradients) of every slip about an operation that is in the graph."""
    names = {edge.node.op.name for edge in trace if edge.node.op is not None}
    for slip in SLIPS:
        if slip.operation in names:
            yield slip.told, sent_back(trace, _with(slip))


def _with(slip: Slip) -> Local:
    """The local derivatives of someone who makes this slip throughout."""

    def local(edge: Contribution) -> float | None:
        if edge.node.op is None or edge.node.op.name != slip.operation:
            return None
        try:
            return float(slip.local(edge, [x.data if isinstance(x, Value) else x for x in edge.node.parents]))
        except (ArithmeticError, TypeError, ValueError):  # a power of a negative number, say: nobody would get a number there
            return None

    return local


def recursive(output: Value, all_first: bool = False) -> dict[Value, float]:
    """What recursion without topological order gives: each arrival is sent on at once, and with it all that came before.

    `all_first` sends to every operand before the first of them sends on.

    >>> a = Value(3.0)
    >>> b = a + a
    >>> recursive(b * b)[a]  # 24 is right
    36.0
    """
    trace = Trace(output)
    found: dict[Value, float] = {output: 1.0}
    pending: list[tuple[Value, int]] = [(output, 0)]
    while pending:
        node, next_edge = pending.pop()
        edges = trace.out_of.get(node, [])
        at_once = edges if next_edge == 0 else []
        for place in at_once if all_first else edges[next_edge : next_edge + 1]:
            edge = trace[place]
            found[edge.operand] = found.get(edge.operand, 0.0) + found[node] * edge.local
        if next_edge < len(edges):
            pending += [(node, next_edge + 1), (trace[edges[next_edge]].operand, 0)]
    return found


def unreversed(trace: Trace) -> dict[Value, float]:
    """What a pass in the order of the forward pass gives: whatever is not next to the output gets nothing."""
    found: dict[Value, float] = {trace.output: 1.0}
    for node in trace.order:
        for place in trace.out_of.get(node, []):
            edge = trace[place]
            found[edge.operand] = found.get(edge.operand, 0.0) + found.get(node, 0.0) * edge.local
    return found


def without_upstream(trace: Trace) -> dict[Value, float]:
    """What a pass gives in which each operation sends its local derivative, whatever arrived."""
    found: dict[Value, float] = {trace.output: 1.0}
    for edge in trace:
        found[edge.operand] = found.get(edge.operand, 0.0) + edge.local
    return found


def stale(trace: Trace) -> dict[Value, float]:
    """What a second pass leaves behind if inner gradients of the first one are sent once more."""
    found: dict[Value, float] = {}
    for _ in range(2):
        found[trace.output] = 1.0
        for edge in trace:
            found[edge.operand] = found.get(edge.operand, 0.0) + found[edge.node] * edge.local
    return found
