"""How wrong the outputs are, as one number to make small: losses for regression and classification, and penalties on weights.

Every loss takes the outputs of a network and the targets, for one sample or for a list of them, and gives one value to call
`backward()` on. Losses are means over the samples unless they say otherwise; plain numbers in give a plain number out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import ops
from ..containers import every_item
from ..engine import Value
from ..operand import Operand
from .settings import positive_number

Loss = Callable[[Any, Any], Any]

EACH = "each output needs one target, and at least 1 of them"


def mse(outputs: Any, targets: Any) -> Any:
    """Mean of (output - target)^2: for regression, behind a linear output layer.

    >>> mse([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0])
    0.375
    """
    return ops.mean([ops.square(output - target) for output, target in _paired(outputs, targets)])


def half_squared_error(outputs: Any, targets: Any) -> Any:
    """Sum of (output - target)^2 / 2: for regression; the error of the spreadsheet network.

    >>> round(half_squared_error([0.7514, 0.7729], [0.01, 0.99]), 4)
    0.2984

    A sum over outputs and samples, not a mean, so the gradient at an output is just output - target.
    """
    return ops.sum_([ops.square(output - target) * 0.5 for output, target in _paired(outputs, targets)])


def mae(outputs: Any, targets: Any) -> Any:
    """Mean of |output - target|: for regression with outliers, behind a linear output layer.

    >>> mae([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0])
    0.5

    The slope at an output that is exactly right is 0.
    """
    return ops.mean([ops.absolute(output - target) for output, target in _paired(outputs, targets)])


def huber(outputs: Any, targets: Any, delta: float = 1.0) -> Any:
    """Squared / 2 for errors up to `delta`, straight beyond: regression that neither jumps at 0 nor chases outliers.

    >>> huber([0.5, 3.0], [0.0, 0.0])
    1.3125

    With c the error clipped to +-delta it is the mean of c * (error - c / 2) (Huber 1964).
    """
    delta = positive_number("delta", delta, "the error at which the loss turns straight")
    errors = [output - target for output, target in _paired(outputs, targets)]
    clipped = [ops.clip(error, -delta, delta) for error in errors]
    return ops.mean([near * (error - near * 0.5) for error, near in zip(errors, clipped, strict=True)])


def hinge(scores: Any, labels: Any) -> Any:
    """Mean of max(0, 1 - label * score): the max-margin loss for two classes labelled -1 and +1, behind a linear output.

    >>> hinge([2.0, -0.5], [1, 1])
    0.75

    A score on the right side by 1 or more costs nothing and moves nothing.
    """
    pairs = _paired(scores, labels)
    for _, label in pairs:
        if not isinstance(label, Operand) and label not in (-1.0, 1.0):
            raise ValueError(f"label {label!r}: hinge knows the labels -1 and +1; write 2 * y - 1 for labels 0 and 1")
    return ops.mean([ops.relu(1.0 - label * score) for score, label in pairs])


def binary_cross_entropy(logits: Any, labels: Any) -> Any:
    """Mean of -label * ln(p) - (1 - label) * ln(1 - p) with p = sigmoid(logit): two classes labelled 0 and 1.

    >>> binary_cross_entropy([2.0, -1.0, 0.5], [1, 0, 1])
    0.3047555609137674

    Takes the *logit*, so the output layer is linear: label * softplus(-z) + (1 - label) * softplus(z) is the same number, and
    keeps its digits where the sigmoid is rounded to 0 or 1. Its slope is sigmoid(z) - label. A label between 0 and 1 is a
    probability of class 1.
    """
    pairs = _paired(logits, labels)
    for _, label in pairs:
        if not isinstance(label, Operand) and not 0.0 <= label <= 1.0:
            raise ValueError(
                f"label {label!r}: binary_cross_entropy knows labels from 0 to 1; write (y + 1) / 2 for labels -1 and +1"
            )
    return ops.mean([_two_class(logit, label) for logit, label in pairs])


def _two_class(logit: Any, label: Any) -> Any:
    """label * softplus(-z) + (1 - label) * softplus(z); softplus(z) - z * label would cancel for label 1."""
    if not isinstance(label, float):
        return _weighted(label, ops.softplus(-logit)) + _weighted(1.0 - label, ops.softplus(logit))
    if label in (0.0, 1.0):
        return ops.softplus(-logit if label else logit)
    return label * ops.softplus(-logit) + (1.0 - label) * ops.softplus(logit)


def _weighted(share: Any, cost: Any) -> Any:
    """share * cost, and 0 where the share is: what is certain not to happen costs nothing, though its cost be infinite."""
    return ops.where(share, share * cost, 0.0)


def cross_entropy(logits: Any, targets: Any) -> Any:
    """Mean of -ln(share of the right class) under softmax: several classes, behind a linear layer with an output for each.

    >>> round(cross_entropy([1.0, 2.0, 3.0], 2), 14)
    0.40760596444438

    `logits` is one row or a list of rows; a target is the index of the right class, counted from 0, or the probability of each
    class. The softmax is inside: its slope at a logit is softmax - target, finite for every logit. A class is masked by the
    logit -inf, and then costs nothing where its probability is 0.
    """
    if len(logits) == 0:
        raise ValueError("logits is empty: cross_entropy needs a row with a number for each class")
    if not is_row(logits[0]):
        return _row_cross_entropy(logits, targets)
    if not is_row(targets) or len(targets) != len(logits):
        seen = f"{len(targets)}" if is_row(targets) else repr(targets)
        raise ValueError(f"{len(logits)} rows of logits but targets {seen}: each row needs one target")
    return ops.mean([_row_cross_entropy(row, target) for row, target in zip(logits, targets, strict=True)])


def _row_cross_entropy(row: Sequence[Any], target: Any) -> Any:
    if is_row(target):
        return _expected_cost(row, target)
    if isinstance(target, Operand):
        return _cost_of_computed_class(row, target)
    if target not in range(len(row)):
        raise ValueError(
            f"target {target!r}: with {len(row)} logits it must be a class index, a whole number from 0 to {len(row) - 1}"
            + ("; if the classes are counted from 1, write y - 1" if target == len(row) else "")
        )
    right = int(target)
    return -ops.log_softmax_share([row[right], *row[:right], *row[right + 1 :]])


def _expected_cost(row: Sequence[Any], target: Sequence[Any]) -> Any:
    """The mean of -ln(share) under the probabilities `target`."""
    shares = [share if isinstance(share, Operand) else float(share) for share in target]
    known = [share for share in shares if not isinstance(share, Operand)]
    if len(shares) != len(row) or not all(share >= 0.0 for share in known) or not _may_add_up(known, len(shares)):
        raise ValueError(f"target {shares}: it needs {len(row)} probabilities, one for each class, that add up to 1")
    costs = [-cost for cost in ops.log_softmax(row)]
    if len(known) < len(shares):
        return ops.sum_([_weighted(share, cost) for share, cost in zip(shares, costs, strict=True)])
    possible = [place for place, share in enumerate(shares) if share]
    return ops.dot([shares[place] for place in possible], [costs[place] for place in possible])


def _may_add_up(known: Sequence[float], count: int) -> bool:
    """Whether probabilities add up to 1, or may with those that are not numbers yet."""
    total = math.fsum(known)
    return math.isclose(total, 1.0, abs_tol=1e-6) if len(known) == count else total <= 1.0 + 1e-6


def _cost_of_computed_class(row: Sequence[Any], target: Any) -> Any:
    """-ln(share) of the class whose index is itself a Value, as where a compiled function takes it; nan if it is no index."""
    others = [ops.absolute(ops.compare(target, float(index))) for index in range(len(row))]
    right = ops.sum_([ops.where(other, 0.0, logit) for other, logit in zip(others, row, strict=True)])
    rest = [ops.where(other, logit, -math.inf) for other, logit in zip(others, row, strict=True)]
    return ops.where(ops.prod(others), math.nan, -ops.log_softmax_share([right, *rest]))


def l1(parameters: Iterable[Any], strength: float) -> Any:
    """strength * (sum of |w|): a penalty to add to a loss; it pulls weights that earn nothing to exactly 0.

    >>> l1([3.0, -4.0], 0.5)
    3.5
    """
    return ops.sum_([ops.absolute(parameter) for parameter in parameters]) * strength


def l2(parameters: Iterable[Any], strength: float) -> Any:
    """strength * (sum of w^2): a penalty to add to a loss; it keeps weights small.

    >>> l2([3.0, -4.0], 0.5)
    12.5

    Under SGD the same as weight_decay = 2 * strength.
    """
    return ops.sum_([ops.square(parameter) for parameter in parameters]) * strength


def plain_numbers(output: Any) -> Any:
    """An output or a row of outputs as plain numbers."""
    if is_row(output):
        return [plain_numbers(number) for number in output]
    return output.data if isinstance(output, Value) else float(output)


LOSSES: dict[str, Loss] = {
    loss.__name__: loss for loss in (mse, half_squared_error, mae, huber, hinge, binary_cross_entropy, cross_entropy)
}
"""The losses `fit(loss=...)` knows by name."""

CLASSIFYING: tuple[Loss, ...] = (hinge, binary_cross_entropy, cross_entropy)
"""The losses whose outputs `accuracy` can judge as they are."""


def is_row(item: Any) -> bool:
    """Whether an output or a target is several numbers."""
    return hasattr(item, "__len__") and not isinstance(item, str)


def _flat(items: Any) -> list[Any]:
    """All numbers of a number, a row or a list of rows, and whatever else stands in their places."""
    leaves = [leaf for _, leaf in every_item(items)]
    return [number for leaf in leaves for number in (leaf.ravel().tolist() if hasattr(leaf, "ravel") else [leaf])]


def _widths(items: Any) -> list[int]:
    """How many numbers each row holds."""
    return [len(_flat(item)) for item in (items if is_row(items) else [items])]


def _paired(outputs: Any, targets: Any) -> list[tuple[Any, Any]]:
    """Each output with its target; outputs and targets hold equally many numbers, and at least one."""
    left, right = _flat(outputs), _flat(targets)
    if len(left) != len(right) or not left:
        raise ValueError(f"{len(left)} outputs and {len(right)} targets: {EACH}")
    widths, wanted = _widths(outputs), _widths(targets)
    if widths != wanted and max(widths) > 1 and max(wanted) > 1:
        raise ValueError(f"rows of {widths} outputs and of {wanted} targets: {EACH}")
    pairs = []
    for place, (output, target) in enumerate(zip(left, right, strict=True)):
        if not isinstance(target, Operand):
            try:
                number = float(target)
            except (TypeError, ValueError, OverflowError):
                number = math.nan
            if not math.isfinite(number):
                raise ValueError(
                    f"targets[{place}] is {target!r}: a target must be a finite number; leave that sample out"
                )
            target = number
        pairs.append((output, target))
    return pairs
