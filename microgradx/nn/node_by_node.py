"""The loss of a batch and its slopes by the graph itself, node by node: the judge, which also says what went wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..engine import Value
from ..modes import no_grad
from ..order import topological_order
from ..places import name_of
from .gradients import clear
from .in_training import InTraining
from .losses import Loss, cross_entropy, plain_numbers
from .samples import Array, Places, Samples


class Model(Protocol):
    """What can be trained: an `MLP`, or a `Module` of your own that can be called on one row of inputs."""

    def __call__(self, x: list[float]) -> Any:
        """The output for one row."""

    def named_parameters(self) -> Iterable[tuple[str, Value]]:
        """Every parameter with its place in the model."""

    def parameters(self) -> list[Value]:
        """Every parameter."""


class BatchPass(NamedTuple):
    """The loss of a batch, what the model answered to each row, and the slope at each parameter that the loss depends on."""

    loss: float
    outputs: Any
    slopes: Array
    reached: NDArray[np.bool_]


class NodeByNode:
    """A model and a loss, evaluated as they are written."""

    def __init__(
        self, model: Model, measure: Loss, names: dict[str, Value], advice: Callable[[], str], state: InTraining
    ) -> None:
        self.model, self.measure, self.names, self.advice, self.state = model, measure, names, advice, state
        self.parameters = list({id(parameter): parameter for parameter in names.values()}.values())

    def differentiate(self, samples: Samples, places: Places | None, when: str, noise: Array) -> BatchPass:
        """The loss and its slopes on these rows; FloatingPointError, told in words, if one of them is not finite."""
        clear(self.parameters)
        rows, targets = samples.taken(places)
        outputs, normalised = self.state.answers(self.model, rows, noise)
        total = self.loss_of(outputs, targets)
        if not math.isfinite(total.data):
            raise FloatingPointError(f"the loss of {when} is {total.data!r}: {_first_not_finite(total)}; {self.advice()}")
        total.backward()
        self.state.backward(normalised)
        found = np.array([parameter.reached for parameter in self.parameters], dtype=bool)
        slopes = np.array([parameter.grad for parameter in self.parameters])
        for name, parameter in self.names.items():
            if not math.isfinite(parameter.grad):
                raise FloatingPointError(
                    f"the loss of {when} is {total.data!r}, but its slope at {name} is {parameter.grad!r}; {self.advice()}"
                )
        return BatchPass(total.data, [plain_numbers(output) for output in outputs], slopes, found)

    def measured(self, samples: Samples) -> tuple[float, Any]:
        """The loss of all samples and the answers to them, as plain numbers."""
        with no_grad():
            outputs = [self.model(row) for row in samples.rows]
            return plain_numbers(self.measure(outputs, samples.targets)), [plain_numbers(output) for output in outputs]

    def loss_of(self, outputs: list[Any], targets: list[Any]) -> Value:
        """How wrong these outputs are, as a node of the graph."""
        if self.measure is cross_entropy and not hasattr(outputs[0], "__len__"):  # it would take the batch for one row
            raise ValueError(
                "cross_entropy needs an output for each class, the model gives one number: write MLP(..., [..., classes]), "
                "or loss='binary_cross_entropy' for two classes"
            )
        total = self.measure(outputs, targets)
        if not isinstance(total, Value):
            raise TypeError(f"the loss gave {_seen(total)}: it must give one Value made from the outputs of the model")
        return total


def _seen(total: Any) -> str:
    """What a loss gave, without all its numbers."""
    return f"a {type(total).__name__} of {len(total)}" if hasattr(total, "__len__") else repr(total)


def _first_not_finite(total: Value) -> str:
    """What in the graph stopped being finite first, with the numbers it was made from."""
    for node in topological_order(total):
        if not math.isfinite(node.data):
            if node.op is None:
                return f"{name_of(node) or 'a leaf'} is {node.data!r} itself"
            numbers = ", ".join(f"{parent.data if isinstance(parent, Value) else parent:.6g}" for parent in node.parents[:4])
            more = ", ..." if len(node.parents) > 4 else ""
            name = f"{called} = " if (called := name_of(node)) else ""
            return f"the first bad value is {name}{node.op.name}({numbers}{more}) = {node.data!r}"
    return "every value below it is finite"
