"""Modules one after the other: layers with an activation of their own each, and what stands between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..operand import Operand
from ..operation import Op
from .activations import ACTIVATIONS, activation_named
from .module import Module
from .samples import as_array
from .training_mode import Mode, is_training, mode, training


class Elementwise(Module):
    """A function applied to each number of a row.

    >>> Elementwise("relu")([-1.0, 2.0])
    [0.0, 2.0]
    """

    def __init__(self, activation: str | Callable[[Any], Any]) -> None:
        self.activation = activation_named(activation)

    def __call__(self, x: Iterable[Any]) -> list[Any]:
        """The row of its values."""
        return [self.activation(number) for number in x]

    def __repr__(self) -> str:
        return repr(next((name for name, known in ACTIVATIONS.items() if known is self.activation), self.activation))


class Sequential(Module):
    """Modules, each called with what the one before it gave.

    >>> from microgradx import nn
    >>> model = nn.Sequential(nn.Layer(2, 4, "linear", rng=0), nn.BatchNorm(4), "tanh", nn.Layer(4, 1, "linear", rng=1))
    >>> history = nn.fit(model, *nn.data.xor(), loss="binary_cross_entropy", optimizer=nn.Adam(lr=0.1), epochs=60)
    >>> history.accuracy[-1]
    1.0

    The name of an activation, or a primitive such as `mx.tanh`, is applied to each number; any other function gets the row.
    A last row of one number is given as that number, as by an MLP. Called with a table it gives the answers to its rows, and in
    training, within `nn.training()`, batch statistics are those of the table.
    """

    def __init__(self, *modules: str | Callable[[Any], Any]) -> None:
        if not modules:
            raise TypeError("a Sequential needs modules: write nn.Sequential(nn.Layer(2, 8), nn.Layer(8, 1, 'linear'))")
        for module in modules:
            if isinstance(module, Module) and not callable(module):
                raise TypeError(f"{type(module).__name__} cannot be called on a row: give it a method __call__(self, x)")
            if not isinstance(module, str) and not callable(module):
                raise TypeError(f"{module!r} is not a module: write modules one by one, as in nn.Sequential(first, second)")
        self.layers = [Elementwise(module) if isinstance(module, (str, Op)) else module for module in modules]

    def __call__(self, x: Any) -> Any:
        """The output for one input vector; for a table of them a list with the output for each row."""
        x = list(as_array(x))
        if x and hasattr(x[0], "__len__") and not isinstance(x[0], str):
            return self.batch(x) if is_training() else [self(row) for row in x]
        for layer in self.layers:
            x = _row(layer(x))
        return _alone(x)

    def batch(self, rows: Iterable[Any]) -> list[Any]:
        """The outputs for all rows, layer by layer."""
        table: list[Any] = list(rows)
        for layer in self.layers:
            together = getattr(layer, "batch", None)
            table = [_row(row) for row in (_one_by_one(layer, table) if together is None else together(table))]
        return [_alone(row) for row in table]

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.layers))})"


def _one_by_one(layer: Callable[[Any], Any], table: list[Any]) -> list[Any]:
    """What a module without `batch` gives for each row; in it nothing can be normalised over the table."""
    current = mode.get()
    if current is None or current.statistics is not None:
        return [layer(row) for row in table]

    def refuse(norm: Any, _: list[Any]) -> Any:
        name = type(layer).__name__
        raise ValueError(
            f"one row has no batch statistics, and {name} gets the rows one by one: give it a method batch(self, rows) that "
            f"hands the whole table to the {norm!r} in it, by norm.batch(rows)"
        )

    with training(Mode(current.noise, refuse)):
        return [layer(row) for row in table]


def _row(output: Any) -> list[Any]:
    """What a module gave, as a row."""
    return [output] if isinstance(output, (Operand, float)) else list(output)


def _alone(row: list[Any]) -> Any:
    return row[0] if len(row) == 1 else row
