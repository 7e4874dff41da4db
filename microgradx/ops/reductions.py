"""Operations on any number of operands: sums, extremes, averages, shares."""

# mypy: disable-error-code="overload-overlap,overload-cannot-match"

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

from .. import ieee, special
from ..operand import Operand, V
from ..signatures import LEFT_OUT, Binary, Dot, Reduction, given
from ..statement import primitive
from .choices import absolute, compare, where

_ROWS = (list, tuple)
"""What is a row for certain, as a network gives them; only anything else is looked at twice."""


def _items(*operands: Any) -> tuple[Any, ...]:
    """The operands of a reduction: one sequence, or several numbers, as for Python's `max`."""
    if len(operands) == 1:
        (row,) = operands
        if type(row) in _ROWS:
            return tuple(row)
        if isinstance(row, Iterable):
            _refuse_table(row, "axis=0 or another one, or axis=None for all numbers")
            return tuple(row)
    return operands


def _refuse_table(operands: Any, remedy: str) -> None:
    """Refuse an array of more than one axis: along which one it is to be reduced, nobody said."""
    shape = getattr(operands, "shape", ())
    if len(shape) > 1:
        raise ValueError(f"an array of shape {shape} has several axes: write {remedy}")


def _pairs(left: Any = LEFT_OUT, right: Any = LEFT_OUT, *more: Any) -> tuple[Any, ...]:
    """The operands of a dot: those of the left row, then those of the right one."""
    if type(left) is not list or type(right) is not list or more:  # a network gives lists: they are not looked at twice
        _refuse_all_but_two_rows(given(left, right, *more))
        left, right = tuple(left), tuple(right)
    if len(left) != len(right):
        raise ValueError(f"dot needs two sequences of one length, got {len(left)} and {len(right)}")
    return (*left, *right)


def _refuse_all_but_two_rows(rows: Sequence[Any]) -> None:
    if len(rows) != 2 or any(len(getattr(row, "shape", (1,))) != 1 for row in rows):
        seen = ", ".join([f"an array of shape {row.shape}" if hasattr(row, "shape") else repr(row) for row in rows])
        raise TypeError(f"dot takes two rows of numbers, got {seen}: write dot([a, b], [c, d]), or A @ v for arrays")


def _products_of_others(factors: Sequence[Any], out: Any) -> list[Any]:
    """For each factor the product of all the others, without dividing, so that zeros are exact."""
    before: list[Any] = [1.0]
    after: list[Any] = [1.0]
    for left, right in zip(factors[:-1], factors[:0:-1], strict=True):
        before.append(before[-1] * left)
        after.append(after[-1] * right)
    return [a * b for a, b in zip(before, reversed(after), strict=True)]


def _shared_among_winners(operands: Sequence[Any], out: Any) -> list[Any]:
    """1/k for each of the k operands that equal the extreme value, 0 for the others."""
    winners = [1.0 - absolute(compare(operand, out)) for operand in operands]
    count = sum_(winners)
    return [winner / count for winner in winners]


def _share_slopes(operands: Sequence[Any], out: Any) -> list[Any]:
    """Local derivatives of log(e**first / total): one minus the first share, then minus the other shares."""
    others = softmax(operands)[1:]
    return [sum_(others), *(-share for share in others)]


def _log_softmax_shares(np: Any, *operands: Any) -> Any:
    """(first - largest) - log1p(all but one of the largest), as for numbers; nan for several inf or only -inf."""
    largest = functools.reduce(np.maximum, operands)
    below = [np.less(x, largest) for x in operands]
    others = [np.where(less, np.exp(x - largest), 0.0) for less, x in zip(below, operands, strict=True)]
    ties = functools.reduce(np.add, [np.where(less, 0.0, 1.0) for less in below]) - 1.0
    lead = np.where(below[0], operands[0] - largest, 0.0)
    undecided = np.isnan(largest) | (np.absolute(largest) == ieee.INF) & ((ties > 0.0) | (largest < 0.0))
    return np.where(undecided, ieee.NAN, lead - np.log1p(functools.reduce(np.add, others) + ties))


logaddexp: Binary = primitive(
    "logaddexp", "logaddexp({}, {})", special.logsumexp,
    lambda a, b, out: softmax_share(a, b),
    lambda a, b, out: softmax_share(b, a), numpy="logaddexp",
    about="log(exp(a) + exp(b)) without overflow", saturates=True,
    convention="two equal infinities give slope nan",
    exact=lambda m, a, b: max(a, b) + m.log1p(m.exp(-abs(a - b))),
)
sum_: Reduction = primitive(
    "sum", "sum({})", special.sum_, lambda operands, out: [1.0] * len(operands), gather=_items,
    array=lambda np, *arrays: functools.reduce(np.add, arrays),
    about="the sum, from left to right", exact=lambda m, *xs: m.fsum(xs),
)
prod: Reduction = primitive(
    "prod", "prod({})", special.prod_, _products_of_others, domain=(0.5, 2.0), gather=_items,
    array=lambda np, *arrays: functools.reduce(np.multiply, arrays),
    about="the product", convention="each slope is the product of the others, without dividing: zeros are exact",
    exact=lambda m, *xs: m.fprod(xs),
)
dot: Dot = primitive(  # type: ignore[assignment]  # the operands are all the left factors, then all the right ones
    "dot", "dot({})", special.dot,
    lambda operands, out: [*operands[len(operands) // 2 :], *operands[: len(operands) // 2]], gather=_pairs,
    array=lambda np, *arrays: functools.reduce(
        np.add, map(np.multiply, arrays[: len(arrays) // 2], arrays[len(arrays) // 2 :])
    ),
    about="the sum of the products of two rows", exact=lambda m, *xs: m.fdot(xs[: len(xs) // 2], xs[len(xs) // 2 :]),
)
mean: Reduction = primitive(
    "mean", "mean({})", special.mean, lambda operands, out: [1.0 / len(operands)] * len(operands), gather=_items,
    array=lambda np, *arrays: functools.reduce(np.add, arrays) / len(arrays),
    about="the arithmetic mean", exact=lambda m, *xs: m.fsum(xs) / len(xs),
)
norm: Reduction = primitive(
    "norm", "norm({})", math.hypot, lambda operands, out: [where(out, x / out, 0.0) for x in operands], gather=_items,
    array=lambda np, *arrays: functools.reduce(np.hypot, arrays, 0.0),
    about="the length of a row, without overflow", convention="at the origin every slope is 0",
    exact=lambda m, *xs: m.norm(xs),
)
var: Reduction = primitive(
    "var", "var({})", special.var, lambda operands, out: [2.0 / len(operands) * d for d in _from_mean(operands)], gather=_items,
    array=lambda np, *arrays: functools.reduce(np.add, [d * d for d in _from_mean(arrays, np)]) / len(arrays),
    about="the mean squared distance from the mean, as numpy's (divided by n, not by n - 1)",
    exact=lambda m, *xs: m.fsum((x - m.fsum(xs) / len(xs)) ** 2 for x in xs) / len(xs),
)
std: Reduction = primitive(
    "std", "std({})", special.std,
    lambda operands, out: [where(out, d / out, 0.0) / len(operands) for d in _from_mean(operands)], gather=_items,
    array=lambda np, *arrays: functools.reduce(np.hypot, _from_mean(arrays, np), 0.0) / len(arrays) ** 0.5,
    about="the root of var, without overflow", convention="where all are equal every slope is 0",
    exact=lambda m, *xs: m.sqrt(m.fsum((x - m.fsum(xs) / len(xs)) ** 2 for x in xs) / len(xs)),
)
max_: Reduction = primitive(
    "max", "max({})", special.max_, _shared_among_winners, gather=_items,
    array=lambda np, *arrays: functools.reduce(np.maximum, arrays),
    about="the largest", convention="k equal winners have slope 1 / k each; nan if any is nan", choice=True,
    exact=lambda m, *xs: max(xs),
)
min_: Reduction = primitive(
    "min", "min({})", special.min_, _shared_among_winners, gather=_items,
    array=lambda np, *arrays: functools.reduce(np.minimum, arrays),
    about="the smallest", convention="k equal winners have slope 1 / k each; nan if any is nan", choice=True,
    exact=lambda m, *xs: min(xs),
)
logsumexp: Reduction = primitive(
    "logsumexp", "logsumexp({})", special.logsumexp, lambda operands, out: softmax(operands), gather=_items,
    array=lambda np, *arrays: functools.reduce(np.logaddexp, arrays),
    about="log of the sum of exp(x) without overflow", saturates=True,
    convention="one inf takes everything; two, or only -inf, give slope nan (PyTorch: nan for one too)",
    exact=lambda m, *xs: max(xs) + m.log(m.fsum(m.exp(x - max(xs)) for x in xs)),
)
softmax_share: Reduction = primitive(  # e**first / (sum of e**operand)
    "softmax_share", "softmax_share({})", special.softmax_share,
    lambda operands, out: [out * slope for slope in _share_slopes(operands, out)], gather=_items,
    inner=True, about="exp of the first / sum of the exp of all", saturates=True, exact=lambda m, *xs: _share(m, *xs),
)
log_softmax_share: Reduction = primitive(
    "log_softmax_share", "log_softmax_share({})", special.log_softmax_share, _share_slopes, gather=_items,
    array=_log_softmax_shares,
    inner=True, about="log of softmax_share, exact near 0 and 1", saturates=True, exact=lambda m, *xs: m.log(_share(m, *xs)),
)


def _from_mean(operands: Sequence[Any], np: Any = None) -> list[Any]:
    """The distances from the mean, by way of those from the first one, whose common part is gone without rounding."""
    distances = [x - operands[0] for x in operands]
    middle = (sum_(distances) if np is None else functools.reduce(np.add, distances)) / len(operands)
    return [d - middle for d in distances]


def dist(left: Iterable[Any], right: Iterable[Any]) -> Any:
    """The distance of two points given as rows of one length, as `math.dist`.

    >>> dist([1.0, 5.0], [4.0, 1.0])
    5.0
    """
    return norm([a - b for a, b in zip(left, right, strict=True)])


def _share(m: Any, *xs: Any) -> Any:
    """`softmax_share` in mpmath's numbers."""
    return 1 / m.fsum(m.exp(x - xs[0]) for x in xs)


@overload
def softmax(operands: Iterable[float]) -> list[float]: ...
@overload
def softmax(operands: Iterable[V | float]) -> list[V]: ...
@overload
def softmax(operands: Iterable[Operand | float]) -> list[Any]: ...
@overload
def softmax(operands: Any, axis: int) -> Any: ...


def softmax(operands: Iterable[Any], axis: int | None = None) -> Any:
    """e**x / (sum of all e**x) for each x, one node each; of an array with `axis` along that one, as an array.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    if axis is not None:
        return _along(softmax, operands, axis)
    _refuse_table(operands, "axis=0 or another one")
    row = list(operands)
    if row and all(type(x) is float for x in row):
        return special.softmax_shares(*row)
    known = next((found(x, row) for x in row if (found := getattr(type(x), "known_shares", None))), None)  # of a recorded number
    return known or [softmax_share(*first_to_front) for first_to_front in _each_in_front(row)]


@overload
def log_softmax(operands: Iterable[float]) -> list[float]: ...
@overload
def log_softmax(operands: Iterable[V | float]) -> list[V]: ...
@overload
def log_softmax(operands: Iterable[Operand | float]) -> list[Any]: ...
@overload
def log_softmax(operands: Any, axis: int) -> Any: ...


def log_softmax(operands: Iterable[Any], axis: int | None = None) -> Any:
    """The logarithms of the softmax, accurate also where a share is nearly 0 or nearly 1.

    >>> log_softmax([1000.0, 0.0])
    [0.0, -1000.0]
    """
    if axis is not None:
        return _along(log_softmax, operands, axis)
    _refuse_table(operands, "axis=0 or another one")
    return [log_softmax_share(*first_to_front) for first_to_front in _each_in_front(operands)]


def _along(function: Callable[[Any], Any], operands: Any, axis: int) -> Any:
    """A function of a row that gives a row, on each row along one axis of an array."""
    import numpy

    table = numpy.moveaxis(numpy.asarray(operands), axis, -1)
    rows = [function(row.tolist()) for row in table.reshape(-1, table.shape[-1])]
    return numpy.moveaxis(numpy.array(rows).reshape(table.shape), -1, axis)


def _each_in_front(operands: Iterable[Any]) -> list[list[Any]]:
    row = list(operands)
    return [[row[i], *row[:i], *row[i + 1 :]] for i in range(len(row))]
