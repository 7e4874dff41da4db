"""How many answers are right, for outputs and targets of every kind that a loss takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine import Value
from .losses import CLASSIFYING, EACH, LOSSES, Loss, is_row, plain_numbers


def accuracy(outputs: Any, targets: Any, threshold: float = 0.0) -> float:
    """The share of right answers.

    >>> accuracy([2.0, -1.0, 0.5], [1, 0, 0])
    0.6666666666666666
    >>> accuracy([[1.0, 2.0, 3.0], [5.0, 0.0, 0.0]], [2, 1])
    0.5

    One output for a sample answers "class 1" above `threshold`: 0 for a logit or a score, 0.5 for a probability. Its targets
    are 0 and 1, or -1 and +1, or probabilities, which mean class 1 above 0.5. Several outputs answer the index of the largest
    (the first of equals); their targets are indices or rows of probabilities. An output that is nan is wrong.
    """
    if callable(outputs) and not hasattr(outputs, "__len__"):
        raise TypeError(
            f"{type(outputs).__name__} is a model, and accuracy compares answers: write nn.accuracy(model.predict(X), y)"
        )
    if len(outputs) != len(targets) or len(outputs) == 0:
        raise ValueError(f"{len(outputs)} outputs and {len(targets)} targets: {EACH}")
    judged, wanted = _rows(outputs), _rows(targets)
    answers = judged.argmax(axis=1) if judged.shape[1] > 1 else judged[:, 0] > threshold
    right = answers == (_wanted_class(wanted, judged.shape[1]) if judged.shape[1] > 1 else _wanted_side(wanted))
    return float(np.mean(right & ~np.isnan(judged).any(axis=1)))


def judge(measure: Loss, answer: Any, targets: NDArray[np.float64]) -> Callable[[Any, Any], float] | None:
    """The function that says how many answers of a model are right; None where nothing is classified.

    The loss says what the outputs are; behind a loss for regression the operation that made `answer`, one output of the model;
    behind a loss of the user's own the targets too, as far as they leave no doubt.
    """
    if measure in CLASSIFYING:
        return accuracy
    numbers, made_by, labels = _outputs(answer, targets)
    if measure not in LOSSES.values():
        if len(numbers) == 1 and labels == {-1.0, 1.0}:
            return accuracy
        if len(numbers) > 1 and targets.shape[1] == 1 and labels <= set(range(len(numbers))):
            return accuracy
    if len(numbers) == targets.shape[1]:
        if made_by == {"sigmoid"} and len(numbers) == 1 and labels <= {0.0, 1.0}:
            return partial(accuracy, threshold=0.5)
        if made_by == {"tanh"} and len(numbers) == 1 and labels <= {-1.0, 1.0}:
            return accuracy
        if made_by == {"softmax_share"} and labels <= {0.0, 1.0} and (targets.sum(axis=1) == 1.0).all():
            return accuracy
    return None


def unjudged(measure: Loss, answer: Any, targets: NDArray[np.float64]) -> list[str]:
    """A note that says why nothing is judged though the targets look like classes: what 0 or 1 is above which is not known."""
    numbers, _, labels = _outputs(answer, targets)
    if len(numbers) != 1 or labels not in ({0.0, 1.0}, {-1.0, 1.0}) or judge(measure, answer, targets) is not None:
        return []
    if measure in LOSSES.values():
        usual, middle = ("binary_cross_entropy", ", 0.5") if labels == {0.0, 1.0} else ("hinge", "")
        return [
            f"no accuracy is measured, as {measure.__name__} is a loss for numbers and not for classes: write loss={usual!r}, or "
            f"accuracy=lambda outputs, y: nn.accuracy(outputs, y{middle})"
        ]
    return [
        "no accuracy is measured, as the outputs before a loss of your own may be scores or probabilities: write "
        "accuracy=nn.accuracy if an output above 0 means class 1"
    ]


def _outputs(answer: Any, targets: NDArray[np.float64]) -> tuple[list[Any], set[str], set[float]]:
    """The numbers of one answer, the operations that made them, and the labels among the targets."""
    numbers = list(answer) if is_row(answer) else [answer]
    made_by = {number.op.name for number in numbers if isinstance(number, Value) and number.op is not None}
    return numbers, made_by, set(np.unique(targets).tolist())


def _rows(items: Any) -> NDArray[np.float64]:
    """Outputs or targets as an array with a row for each sample."""
    if not isinstance(items, np.ndarray) or items.dtype == object:
        plain = set(map(type, items)) <= {int, float}  # as the targets of every update: one by one they took half of its time
        items = np.array(items if plain else [plain_numbers(item) for item in items], dtype=float)
    return np.asarray(items, dtype=float).reshape(len(items), -1)


def _wanted_class(wanted: Any, classes: int) -> Any:
    """The index of the right class for each row of targets."""
    if wanted.shape[1] == classes:
        return wanted.argmax(axis=1)
    known = ((wanted == np.floor(wanted)) & (wanted >= 0) & (wanted < classes)).all(axis=1) & (wanted.shape[1] == 1)
    if not known.all():
        raise ValueError(
            f"target {_shown(wanted[~known][0])}: with {classes} outputs it must be a class index, a whole number from 0 to "
            f"{classes - 1}, or {classes} probabilities"
        )
    return wanted[:, 0]


def _wanted_side(wanted: Any) -> Any:
    """Whether each target of a single output means class 1."""
    signs = (wanted < 0.0).any()
    known = (np.abs(wanted) == 1.0 if signs else (wanted >= 0.0) & (wanted <= 1.0)).all(axis=1) & (wanted.shape[1] == 1)
    if not known.all():
        raise ValueError(
            f"target {_shown(wanted[~known][0])}: the labels of one output are 0 and 1 (or probabilities), or -1 and +1; for "
            "more classes give the network an output for each"
        )
    return wanted[:, 0] > (0.0 if signs else 0.5)


def _shown(target: Any) -> Any:
    return target.item() if target.size == 1 else target.tolist()
