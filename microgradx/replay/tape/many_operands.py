"""Operations on many operands as rows of two: sums are additions, so that the compiler can find the products inside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

from ... import ops
from ...operation import Op
from .rows import PRIVATE, private
from .tape import LOWER, Tape

exp_below = private(  # the largest cancels from a softmax, so it counts as fixed; infinity less infinity is 0 here
    "exp_below", "exp({} - {})", lambda x, largest: 1.0 if x == largest > -math.inf else ops.exp.forward(x - largest),
    lambda x, largest, out: out, 0.0, array=lambda np, x, largest: np.exp(x - largest),
)  # fmt: skip

summit = PRIVATE["summit"] = Op(  # the largest operand; nan if several are infinite, as their softmax is
    "summit", "summit({})",
    lambda *xs: math.nan if xs.count(math.inf) > 1 else ops.max_.forward(*xs), (lambda xs, out: [0.0] * len(xs),),
    ops.max_.domain, None, ops.max_.array, ops.max_.gather, (),
)  # fmt: skip


def added(tape: Tape, operands: Sequence[Any]) -> Any:
    """Left to right, as the eager sum."""
    return reduce(lambda total, x: total + x, operands) if operands else tape.append(ops.sum_, ())


def dotted(tape: Tape, operands: Sequence[Any]) -> Any:
    """The products of the first half with the second, added up."""
    half = len(operands) // 2
    return added(tape, [w * x for w, x in zip(operands[:half], operands[half:], strict=True)])


def averaged(tape: Tape, operands: Sequence[Any]) -> Any:
    """The sum divided by how many there are."""
    return added(tape, operands) / float(len(operands))


def squared(tape: Tape, operands: Sequence[Any]) -> Any:
    """x * x: then a sum of squares is a dot product."""
    return operands[0] * operands[0]


def raised(tape: Tape, operands: Sequence[Any]) -> Any:
    """x**1 is x and x**2 is x * x; other powers stay."""
    base, exponent = operands
    if isinstance(exponent, (int, float)) and exponent in (1.0, 2.0):
        return base if exponent == 1.0 else base * base
    return tape.append(ops.power, operands)


def chosen(tape: Tape, operands: Sequence[Any]) -> Any:
    """A rule whose condition is a plain number has chosen already (x**2 never takes log x)."""
    condition, a, b = operands
    if tape.values is None and isinstance(condition, float):
        return a if condition else b
    return tape.append(ops.where, operands)


def shared(tape: Tape, operands: Sequence[Any]) -> Any:
    """e**first / (sum of e**operand), less the largest operand in each exponent; shares of one row use the same terms."""
    rows = [tape.slot(x) for x in operands]
    key = tuple(sorted(rows))
    if tape.whole:
        if (rows[0], key) not in tape.shared:
            tape.shared[rows[0], key] = tape.append(ops.softmax_share, operands)
        return tape.shared[rows[0], key]
    if key not in tape.shared:
        order = sorted(range(len(rows)), key=rows.__getitem__)
        operands = [operands[i] for i in order]
        largest = tape.append(summit, operands)
        terms = {rows[i]: tape.append(exp_below, (x, largest)) for i, x in zip(order, operands, strict=True)}
        tape.shared[key] = terms, added(tape, [terms[row] for row in key])
    terms, total = tape.shared[key]
    share = terms[rows[0]] / total
    tape.shares[share.slot] = tuple(rows)
    return share


LOWER.update(
    {
        ops.sum_: added,
        ops.dot: dotted,
        ops.mean: averaged,
        ops.square: squared,
        ops.power: raised,
        ops.where: chosen,
        ops.softmax_share: shared,
    }
)
