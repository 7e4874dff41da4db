"""A loss behind the wrong output trains without an error, to a false result: said before training, with the cure."""

from __future__ import annotations

from typing import Any

from ..callers import warn
from ..engine import Value
from ..structure import flat
from .losses import CLASSIFYING, Loss, binary_cross_entropy, cross_entropy, hinge
from .samples import Samples

INSIDE: dict[Loss, tuple[str, dict[str, str]]] = {
    binary_cross_entropy: ("logits: the sigmoid is inside", {"sigmoid": "a sigmoid"}),
    cross_entropy: ("logits: the softmax is inside", {"softmax_share": "a softmax", "sigmoid": "a sigmoid"}),
}
"""What the outputs before a loss are, and the operations that would be applied twice."""

BOUNDED = {
    "relu": "is never below 0",
    "softplus": "is never below 0",
    "tanh": "stays between -1 and 1",
    "hard_tanh": "stays between -1 and 1",
    "softsign": "stays between -1 and 1",
    "sigmoid": "stays between 0 and 1",
    "step": "has no slope",
}
"""Operations whose numbers are not free scores, as a loss for classes needs them."""

def refuse_mismatch(measure: Loss, answer: Any, samples: Samples) -> None:
    """Raise if what the model answers to one row cannot be what the loss takes.

    `answer` is that of the graph, so the operation that made it tells whether a loss that has it inside would apply it twice.
    """
    numbers = flat(answer)[1]
    width, wanted = len(numbers), samples.t.shape[1]
    if measure is binary_cross_entropy and width > 1 and wanted == 1:
        raise ValueError(
            f"binary_cross_entropy needs one output for each row, the model gives {width}: write MLP(..., [..., 1]), or "
            "loss='cross_entropy' for an output for each class"
        )
    if measure is cross_entropy and width == 1 and not hasattr(answer, "__len__"):
        raise ValueError(
            "cross_entropy needs an output for each class, the model gives one number: write MLP(..., [..., classes]), "
            "or loss='binary_cross_entropy' for two classes"
        )
    made_by = {number.op.name for number in numbers if isinstance(number, Value) and number.op is not None}
    takes, twice = INSIDE.get(measure, ("", {}))
    for name in sorted(made_by & twice.keys()):
        raise ValueError(
            f"the outputs of the model have gone through {twice[name]} already, and {measure.__name__} takes {takes}: it would "
            "be applied twice; make the output layer linear, as in MLP(..., output='linear')"
        )
    if measure in CLASSIFYING:
        for name in sorted(made_by & BOUNDED.keys()):
            warn(
                f"the outputs of the model end in {name}, which {BOUNDED[name]}: {measure.__name__} needs scores that can be any "
                "number; make the output layer linear, as in MLP(..., output='linear')"
            )
    if measure is hinge and set(samples.t.ravel().tolist()) <= {0.0, 1.0}:
        raise ValueError("hinge knows the labels -1 and +1, y holds 0 and 1: write 2 * y - 1")
