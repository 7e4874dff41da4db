"""An operation in words: its formula, and that of its derivative for each operand, as its rules answer for named values."""

from __future__ import annotations

import math
from typing import Any

from ...engine import Value
from ...operation import Op
from ...order import topological_order
from .names import name_nodes
from .notation import exact, expression


def sample(op: Op) -> list[Value]:
    """Named values in the domain of an operation: one for each operand, two (of `dot` four) where it takes any number.

    >>> from microgradx.operation import OPS
    >>> [(x.label, x.data) for x in sample(OPS["leaky_relu"])]
    [('a', 0.5), ('slope', 1.0)]
    """
    names = op.operands or tuple("abcd"[: 4 if op.name == "dot" else 2])
    pairs = op.domain if op.arity else op.domain * len(names)
    shares = (0.625, 0.75, 0.375, 0.875)
    points = [low + share * (high - low) for (low, high), share in zip(pairs, shares, strict=False)]
    return [Value(float(f"{point:.2g}"), name) for name, point in zip(names, points, strict=True)]


def formula_or_number(node: Any) -> str:
    """A value as the formula that made it, a number as it is.

    >>> x = Value(2.0, "x")
    >>> formula_or_number(x * x + 1.0), formula_or_number(x), formula_or_number(0.5)
    ('x*x + 1', 'x', '0.5')
    """
    if not isinstance(node, Value):
        return exact(float(node))
    return node.label or expression(node, (), name_nodes(topological_order(node)), latex=False)


def in_words(op: Op) -> tuple[str, dict[str, str]]:
    """The formula of an operation, and that of its derivative for each operand; of a reduction for the first.

    >>> from microgradx.operation import OPS
    >>> in_words(OPS["power"])
    ('a**b', {'a': 'b * a**(b - 1)', 'b': 'power_log(a, b)'})

    Whatever a rule raises that refuses Values is raised.
    """
    operands = sample(op)
    out = operands[0].apply(op, operands)
    slopes = op.local_derivatives(operands, out)
    shown = operands if op.arity else operands[:1]
    return formula_or_number(out), {str(x.label): _slope(slope) for x, slope in zip(shown, slopes, strict=False)}


def _slope(slope: Any) -> str:
    return "none" if isinstance(slope, float) and math.isnan(slope) else formula_or_number(slope)
