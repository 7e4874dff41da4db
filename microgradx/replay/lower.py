"""Operations on many operands as rows of two: sums are additions, so that the compiler can find the products inside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from .. import ops
from .record import LOWER, Tape, detached


def added(tape: Tape, operands: Sequence[Any]) -> Any:
    """Left to right, as the eager sum."""
    return reduce(lambda total, x: total + x, operands) if operands else tape.append(ops.sum_, ())


def dotted(tape: Tape, operands: Sequence[Any]) -> Any:
    """The products of the first half with the second, added up."""
    half = len(operands) // 2
    return added(tape, [w * x for w, x in zip(operands[:half], operands[half:], strict=True)])


def averaged(tape: Tape, operands: Sequence[Any]) -> Any:
    return added(tape, operands) / float(len(operands))


def multiplied(tape: Tape, operands: Sequence[Any]) -> Any:
    return reduce(lambda total, x: total * x, operands) if operands else tape.append(ops.prod, ())


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
    """A condition that is a plain number has chosen already."""
    condition, a, b = operands
    if isinstance(condition, (bool, int, float)):
        picked = a if condition else b
        return picked if tape.values is None else tape.append(ops.positive, (picked,))
    return tape.append(ops.where, operands)


def shared(tape: Tape, operands: Sequence[Any]) -> Any:
    """e**first / (sum of e**operand), less the largest operand in each exponent; shares of one row use the same terms."""
    rows = [tape.slot(x) for x in operands]
    key = tuple(sorted(rows))
    if key not in tape.shared:
        order = sorted(range(len(rows)), key=rows.__getitem__)
        operands = [operands[i] for i in order]
        largest = tape.append(detached, (tape.append(ops.max_, operands),))
        terms = {rows[i]: tape.record(ops.exp, (tape.record(ops.subtract, (x, largest)),)) for i, x in zip(order, operands, strict=True)}
        tape.shared[key] = terms, added(tape, [terms[row] for row in key])
    terms, total = tape.shared[key]
    return terms[rows[0]] / total


LOWER.update(
    {
        ops.sum_: added,
        ops.dot: dotted,
        ops.mean: averaged,
        ops.prod: multiplied,
        ops.square: squared,
        ops.power: raised,
        ops.where: chosen,
        ops.softmax_share: shared,
    }
)
