"""The activation functions of neurons by name, and the name of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..statement import NEURON_FUNCTIONS
from .lookup import known

Activation = Callable[[Any], Any]


def linear(z: Any) -> Any:
    """z itself: what an output layer has whose loss contains the squashing."""
    return z


ACTIVATIONS: dict[str, Activation] = {"linear": linear, **NEURON_FUNCTIONS}
"""The activation functions by name."""


def activation_named(activation: str | Activation) -> Activation:
    """The activation function called that, or the function itself."""
    if callable(activation):
        return activation
    return known("activation", activation, ACTIVATIONS, "a function of a Value")


def activation_name(activation: Activation) -> str:
    """What it is called; a function that is not in `ACTIVATIONS` by its repr."""
    return next((name for name, known in ACTIVATIONS.items() if known is activation), repr(activation))
