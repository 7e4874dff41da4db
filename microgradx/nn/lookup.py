"""Losses, activations and starting rules by name; an unknown name gets the one that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypeVar

Thing = TypeVar("Thing")

MEANT = {
    "bce": "binary_cross_entropy",
    "binary_crossentropy": "binary_cross_entropy",
    "bce_with_logits": "binary_cross_entropy",
    "log_loss": "binary_cross_entropy",
    "ce": "cross_entropy",
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "nll": "cross_entropy",
    "l2": "mse",
    "mean_squared_error": "mse",
    "squared_error": "mse",
    "l1": "mae",
    "mean_absolute_error": "mae",
    "svm": "hinge",
    "swish": "silu",
    "logistic": "sigmoid",
    "identity": "linear",
    "none": "linear",
    "kaiming": "he",
    "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform",
    "random": "uniform",
    "zero": "zeros",
}
"""What other libraries call ours."""


def known(what: str, name: str, table: Mapping[str, Thing], otherwise: str) -> Thing:
    """The entry of a table; else an error with the name that was probably meant.

    >>> known("loss", "mse", {"mse": 1}, "a function")
    1
    """
    if name in table:
        return table[name]
    plain = name.lower().replace("-", "_").replace(" ", "_")
    meant = MEANT.get(plain, plain)
    near = [meant] if meant in table else difflib.get_close_matches(meant, table, 1, 0.7)
    if name.lower() == "softmax":
        hint = "a softmax looks at a whole layer: leave the output linear, nn.cross_entropy has it inside; "
    else:
        hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(f"{what}={name!r} is not known: {hint}write one of {', '.join(table)}, or {otherwise}")
