"""What if a number were another one: the copy of a recorded graph, computed anew with some of its values held."""

from __future__ import annotations

from collections.abc import Mapping

from ...engine import Value, restored
from ...order import numbers_of
from ...stale import clock
from ..trace import Trace


def computed_again(trace: Trace, held: Mapping[Value, float]) -> dict[Value, Value]:
    """A copy of each value of a pass, computed as the graph would be if it were built with these numbers.

    >>> a, b = Value(2.0), Value(3.0)
    >>> h = a * b
    >>> L = h + a
    >>> copies = computed_again(Trace(L), {h: 10.0})
    >>> copies[L].data, copies[h].op, L.data
    (12.0, None, 8.0)

    A computed value that is held is an input of the copy: what it was made of no longer reaches it. Whatever has been assigned
    since the pass was recorded is left out; the numbers are those of the pass.
    """
    copies: dict[Value, Value] = {}
    for node in trace.order:
        if node in held or node.op is None:
            copies[node] = Value(held.get(node, trace.recorded[node]))
            copies[node]._mark = node._mark
            continue
        operands = [x if type(x) is float else copies[x] for x in node.parents]
        copies[node] = restored(node.op.forward(*numbers_of(operands)), None, node._mark, clock.now, node.op, operands)
    return copies
