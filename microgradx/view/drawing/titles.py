"""What a card is called: its name and the formula that made it, as long as there is room, so that a picture can be read back."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache

from ...engine import Value
from ...operation import Op
from ...tables import clip, columns
from ..words.notation import expression, number, operation
from .flow import Flow, short

LONGEST_TITLE, OPERATIONS, OPERANDS = 30, 3, 6
"""Columns of a title; operations without a name that are written inside another; operands that are written one by one."""
WHOLE = 200  # columns of a formula where the pointer rests
GAP = "_"
LONG_NUMBER = re.compile(r"(?<![\w.])\d+\.\d{4,}(?:e[-+]?\d+)?(?![\w.])")


class Titles:
    """The titles of the values of a flow.

    >>> from microgradx.view.drawing.flow import snapshot
    >>> x, y = Value(3.0, "x"), Value(2.0, "y")
    >>> flow = snapshot((x * x - y) / y)
    >>> titles = Titles(flow)
    >>> [titles.of(place) for place in range(len(flow.nodes))]
    ['x', 'x * x', 'y', 'x*x - y', 'out = (x*x - y) / y']
    """

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.plain: dict[Value, str] = {}
        self.gapped: dict[Value, str] = {}
        size = [0] * len(flow.nodes)  # operations that are written where a value without a name stands
        for place, node in enumerate(flow.nodes):
            if node.op is None or flow.named(place):
                self.plain[node] = self.gapped[node] = short(flow, place) if flow.named(place) else number(node.data)
                continue
            size[place] = 1 + sum(size[operand] for operand in flow.operands[place])
            self.plain[node] = self.gapped[node] = GAP
        self.ends = {node for place, node in enumerate(flow.nodes) if not 0 < size[place] < OPERATIONS}

    def of(self, place: int) -> str:
        """The title of a card: the name, then how the value is made."""
        node = self.flow.nodes[place]
        if node.op is None:
            return short(self.flow, place) if self.flow.named(place) else "input"
        name = short(self.flow, place) if self.flow.named(place) else ""
        before = f"{name} = " if name else ""
        for made in map(_rounded, self._ways(place, node)):
            if columns(before + made) <= LONGEST_TITLE:
                return before + made
        return f"{name}: {node.op.name}" if name else node.op.name

    def formula(self, place: int) -> str:
        """How the value is made, in full, but for very long ones; nothing for a leaf."""
        node = self.flow.nodes[place]
        return clip(_rounded(self._ways(place, node)[0]), WHOLE) if node.op else ""

    def _ways(self, place: int, node: Value) -> tuple[str, ...]:
        """How a value is made, the longest way first."""
        assert node.op is not None
        if len(self.flow.operands[place]) > OPERANDS:
            return (f"{'sum' if node.op.name == 'add' else node.op.name} of {len(self.flow.operands[place]):,}",)
        return (
            expression(node, self.ends, self.plain, False).removeprefix(f"{self.plain[node]} = "),
            operation(node, self.gapped),
            sign_of(node),
        )


def sign_of(node: Value) -> str:
    """How a node's operation is written, with the plain numbers among its operands and gaps for the others.

    >>> x = Value(3.0)
    >>> [sign_of(y) for y in (x * x, 2 - x, x.tanh(), x * 2, x**3)]
    ['_ * _', '2 - _', 'tanh(_)', '_ * 2', '_**3']
    """
    assert node.op is not None
    if len(node.parents) > OPERANDS:
        return f"{node.op.name} of {len(node.parents):,}"
    return operation(node, _Gaps())


def _rounded(text: str) -> str:
    """The formula with its plain numbers in four digits, as every display writes them."""
    return LONG_NUMBER.sub(lambda found: number(float(found[0])), text)


class _Gaps(dict[Value, str]):
    def __missing__(self, node: Value) -> str:
        return GAP


@lru_cache(maxsize=512)
def ordered_operands(op: Op) -> bool:
    """Whether it matters which operand comes first: not to a sum, but to a difference."""
    if op.arity is None or op.arity < 2:
        return False
    if op.arity > 2:
        return True
    with suppress(ArithmeticError, ValueError):
        return bool(op.forward(0.31, 0.72) != op.forward(0.72, 0.31))
    return True
