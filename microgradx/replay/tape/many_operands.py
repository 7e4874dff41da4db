"""Operations on many operands as rows of two: sums are additions, so that the compiler can find the products inside them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from ... import ops
from ...operation import Op
from ...special import exp_difference
from .lookup import in_halves, looked_up
from .rows import PRIVATE, private

_LARGEST = sys.float_info.max
FEW_OPERANDS = 16  # of a softmax: the rates of all shares in all orders are as many rows as the cube of it


def below(x: float, largest: float) -> float:
    """e**(x - largest), as exact as in a softmax of numbers; infinity less infinity is 0 here."""
    if math.isfinite(largest):
        return exp_difference(x, largest)
    return math.nan if largest != math.inf else 1.0 if x == largest else 0.0


def below_of_arrays(np: Any, x: Any, largest: Any) -> Any:
    """The same on arrays: the difference, and what is lost in rounding it put back as a factor.

    `x` may be -inf, as of a class that is left out: the lowest number stands for it, so that no infinity meets another one.
    """
    x = np.maximum(x, -_LARGEST)
    difference = x - largest
    shift, value = difference - x, np.exp(difference)
    return np.where(difference < -746.0, 0.0, value + value * ((x - (difference - shift)) - (largest + shift)))


def rounded_once(*xs: float) -> float:
    """The sum of all, as exact as a float can be."""
    try:
        return math.fsum(xs)
    except (OverflowError, ValueError):  # infinities of both signs, or too large on the way
        return ops.sum_.forward(*xs)


exp_below = private(  # the largest cancels from a softmax, so it counts as fixed
    "exp_below", "exp({} - {})", below, lambda x, largest, out: out, 0.0, array=below_of_arrays
)
summit = PRIVATE["summit"] = Op(  # the largest operand; nan if several are infinite, as their softmax is
    "summit", "summit({})",
    lambda *xs: math.nan if xs.count(math.inf) > 1 else ops.max_.forward(*xs), (lambda xs, out: [0.0] * len(xs),),
    ops.max_.domain, None, ops.max_.array, ops.max_.gather, (),
)  # fmt: skip
sum_rows = PRIVATE["total"] = Op(  # the sum that rounds once, as that of a softmax of numbers
    "total", "total({})", rounded_once, ops.sum_.partials, ops.sum_.domain, None, ops.sum_.array, ops.sum_.gather, ()
)  # fmt: skip


def added(tape: Any, operands: Sequence[Any]) -> Any:
    """Left to right, as the eager sum."""
    if len(operands) < 2:
        return tape.append(ops.positive if operands else ops.sum_, operands)
    return reduce(lambda so_far, x: so_far + x, operands)


def dotted(tape: Any, operands: Sequence[Any]) -> Any:
    """The products of the first half with the second, added up."""
    half = len(operands) // 2
    return added(tape, [w * x for w, x in zip(operands[:half], operands[half:], strict=True)])


def averaged(tape: Any, operands: Sequence[Any]) -> Any:
    """The sum divided by how many there are."""
    return added(tape, operands) / float(len(operands)) if operands else tape.append(ops.mean, ())


def squared(tape: Any, operands: Sequence[Any]) -> Any:
    """x * x: then a sum of squares is a dot product."""
    return operands[0] * operands[0]


def raised(tape: Any, operands: Sequence[Any]) -> Any:
    """x**2 is x * x, x**1 is x and x**0 is 1, with a row of its own where it is derived again; other powers stay."""
    base, exponent = operands
    if not isinstance(exponent, (int, float)) or exponent not in (0.0, 1.0, 2.0):
        return tape.append(ops.power, operands)
    if exponent == 2.0:
        return base * base
    if tape.values is None and not tape.again:
        return base if exponent else 1.0
    return tape.append(ops.positive, (base,)) if exponent else tape.append(ops.power, operands)


def _chosen(tape: Any, operands: Sequence[Any]) -> Any:
    """A rule whose condition is a plain number has chosen already (x**2 never takes log x)."""
    condition, a, b = operands
    if tape.values is None and isinstance(condition, float):
        return a if condition else b
    return tape.append(ops.where, operands)


def multiplied(tape: Any, operands: Sequence[Any]) -> Any:
    """A plain factor is 0 or not: the slope of x**2 is 2 * x."""
    a, b = operands
    if tape.values is None and isinstance(a, float):
        return a * b if a else 0.0
    return tape.append(ops.product_or_zero, operands)


def shared(tape: Any, operands: Sequence[Any]) -> Any:
    """e**first / (sum of e**operand), less the largest operand in each exponent; shares of one row use the same terms.

    Each share that the function asks for, or that is derived again, is a row of its own: upstream gradients come to it alone.
    So is one of few operands in another order, where its rate is asked for, which is added up in that order.
    """
    rows = tape.slots(operands)
    key = tuple(sorted(rows))
    if key not in tape.shared:
        order = sorted(range(len(rows)), key=rows.__getitem__)
        operands = [operands[i] for i in order]
        largest = tape.append(summit, operands)
        terms = {rows[i]: tape.append(exp_below, (x, largest)) for i, x in zip(order, operands, strict=True)}
        tape.shared[key] = terms, tape.append(sum_rows, [terms[row] for row in key]), {}
    terms, whole, shares = tape.shared[key]
    if tape.values is not None or tape.again:
        return terms[rows[0]] / whole
    use = tuple(rows) if order_counts(tape, rows) else rows[0]
    if use not in shares:
        shares[use] = terms[rows[0]] / whole
    return shares[use]


def order_counts(tape: Any, operands: Sequence[Any]) -> bool:
    """Whether shares of the same operands in another order are rows of their own."""
    return bool(tape.pushed) and len(operands) <= FEW_OPERANDS


def known_shares(tape: Any, operands: Sequence[Any]) -> list[Any] | None:
    """The shares of all where their terms are known, without a look at all operands for each, as in `shared`."""
    rows = tape.slots(operands)
    known = tape.shared.get(tuple(sorted(rows)))
    if known is None:
        return None
    terms, whole, shares = known
    if tape.values is not None or tape.again:
        found = [terms[row] / whole for row in rows]
        for k, share in enumerate(found):
            tape.wholes[share.slot] = ops.softmax_share, (rows[k], *rows[:k], *rows[k + 1 :])
        return found
    if order_counts(tape, rows) or not shares.keys() >= {*rows}:
        return None
    return [shares[row] for row in rows]


LOWER: dict[Op, Callable[[Any, Sequence[Any]], Any]] = {
    ops.sum_: added,
    ops.dot: dotted,
    ops.mean: averaged,
    ops.square: squared,
    ops.power: raised,
    ops.where: _chosen,
    ops.product_or_zero: multiplied,
    ops.softmax_share: shared,
    looked_up: in_halves,
}
"""Operations that are written as several simpler rows of the tape, the first argument."""
