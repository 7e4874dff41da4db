"""Where a nan or an inf came from: the first number that went wrong, in the order in which it was computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...engine import Value
from ...modes import source_line
from ...tables import clip
from ..trace import Trace
from ..wording import Numbers
from ..words.cells import set_in_cells
from ..words.names import displayed, name_nodes
from ..words.notation import number, operation
from ..words.scope import caller_variables
from ..words.terminal import set_in_lines, terminal_width


@dataclass(frozen=True, repr=False)
class Origin:
    """The first number that went wrong: `node` made it (None if all are finite), `forward` says in which pass."""

    node: Value | None
    forward: bool
    lines: tuple[str, ...] = field(repr=False)

    def __repr__(self) -> str:
        return "\n".join(set_in_lines(self.lines, terminal_width()))

    def _repr_html_(self) -> str:
        return set_in_cells(self.lines)


def origin(output: Value, names: Mapping[str, object] | None = None) -> Origin:
    """The first value that is nan or inf in forward order, else the first contribution that is.

    >>> x = Value(0.0)
    >>> y = x.log()
    >>> L = y * 2
    >>> origin(L)
    y = log(0) = -inf is the first value that is not finite

    The file and line that wrote it are told if the graph was built inside `with detect_anomaly():`.
    """
    if not isinstance(output, Value):
        raise TypeError(f"origin(L) needs the Value that went wrong; {output!r} has no graph")
    trace = Trace(output)
    return origin_in(trace, displayed(name_nodes(trace.order, caller_variables(1), names)))


def origin_in(trace: Trace, named: Mapping[Value, str]) -> Origin:
    """The first number that is not finite in a pass that is already recorded."""
    for node in trace.order:
        if not math.isfinite(node.data):
            made = f" = {clip(operation(node, Numbers()), 30)}" if node.op else ", an input,"
            told = f"{clip(named[node], 24)}{made} = {number(node.data)} is the first value that is not finite"
            return Origin(node, True, (told, *_written_at(node)))
    for edge in trace:
        if not math.isfinite(edge.contribution):
            told = f"every value is finite; the first bad gradient is made at {clip(named[edge.node], 24)}"
            product = f"{number(edge.upstream)} x {number(edge.local)} = {number(edge.contribution)}"
            sent = f"  {operation(edge.node, Numbers())} sends {product} to {clip(named[edge.operand], 24)}"
            return Origin(edge.node, False, (told, sent, *_written_at(edge.node)))
    return Origin(None, True, ("every value and every contribution is finite",))


def _written_at(node: Value) -> list[str]:
    line = source_line(node)
    return [f"  written at {line}"] if line else []
