"""Neurons, layers and multilayer perceptrons: a thin layer on the engine."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from typing import Any

from .. import argument_hints, ops
from ..engine import Value
from ..keywords import keywords
from .activations import ACTIVATIONS, Activation, activation_name, activation_named
from .init import per_layer, starting_weights
from .module import Module
from .samples import as_array
from .settings import generator
from .units import watching_units


def _network(inputs: Any = 2, **_: Any) -> str:
    """The call of an MLP that was probably meant: its widths in one list are the inputs and the sizes."""
    if isinstance(inputs, (list, tuple)):
        return f"MLP({inputs[0]}, {list(inputs[1:])})" if len(inputs) > 1 else "MLP(2, [16, 1])"
    return f"MLP({inputs}, [16, 1])"


class Neuron(Module):
    """activation(w . x + b), with weights from `init` (uniform in -1..1) and bias 0, or none with `bias=False`.

    >>> neuron = Neuron(2, "tanh", rng=0)
    >>> [name for name, _ in neuron.named_parameters()]
    ['w[0]', 'w[1]', 'b']

    With `expand` every product and every sum is a node of its own instead of one `dot`: the numbers are the same to the bit.
    """

    @keywords(argument_hints.WEIGHTS, 'nn.Neuron(2, "tanh")')
    def __init__(
        self,
        inputs: int,
        activation: str | Activation = "relu",
        rng: Any = None,
        expand: bool = False,
        init: Any = "uniform",
        bias: bool = True,
    ) -> None:
        [weights] = starting_weights(init, _count(inputs, "inputs"), 1, generator(rng))
        self.w = [Value(weight) for weight in weights]
        self.b = Value(0.0) if bias else None
        self.activation = activation_named(activation)
        self.expand = expand

    def __call__(self, x: Iterable[Any]) -> Any:
        """The neuron's output for one input vector: a list, tuple or array of numbers or Values."""
        if type(x) is not list:  # as a layer hands it to its neurons
            x = _vector(x)
        if len(x) != len(self.w):
            raise ValueError(f"a neuron with {len(self.w)} weights got {len(x)} inputs")
        if self.expand:
            total = self.w[0] * x[0]
            for weight, value in zip(self.w[1:], x[1:], strict=True):
                total = total + weight * value
        else:
            total = ops.dot(self.w, x)
        total = total if self.b is None else total + self.b
        out = self.activation(total)
        if (seen := watching_units.get()) is not None:
            seen.append((self, total, out))
        return out

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)} inputs, {activation_name(self.activation)})"


class Layer(Module):
    """Neurons side by side on the same inputs.

    >>> len(Layer(2, 3, "tanh", rng=0)([0.5, -0.5]))
    3
    """

    @keywords(argument_hints.LAYER, 'nn.Layer(2, 3, "tanh")')
    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: str | Activation = "relu",
        rng: Any = None,
        expand: bool = False,
        init: Any = "uniform",
        bias: bool = True,
    ) -> None:
        weights = starting_weights(init, _count(inputs, "inputs"), _count(outputs, "outputs"), generator(rng))
        self.neurons = [Neuron(inputs, activation, None, expand, [row], bias) for row in weights]

    def __call__(self, x: Iterable[Any]) -> list[Any]:
        """The outputs of all neurons, in order."""
        x = _vector(x)
        return [neuron(x) for neuron in self.neurons]

    def __repr__(self) -> str:
        return f"Layer({len(self.neurons)} x {self.neurons[0]!r})"


class MLP(Module):
    """A multilayer perceptron: `MLP(2, [16, 16, 1])` has two hidden layers of 16 and one output.

    >>> model = MLP(2, [4, 1], activation="tanh", rng=0)
    >>> len(model.parameters()), list(dict(model.named_parameters()))[2]
    (17, 'layers[0].neurons[0].b')

    `activation` is that of the hidden layers, `output` that of the last one. `rng` is a seed, a numpy Generator or RandomState,
    or a `random.Random`; without it Python's `random` draws, so that `random.seed(1337)` fixes the weights. They are drawn layer
    by layer, neuron by neuron, input by input. `init` is a name such as "he", a rule, or a list with one matrix per layer (see
    `nn.init`); biases are 0. Called on one input vector it returns one Value if the last layer has one neuron, else a list.
    """

    @keywords(argument_hints.NETWORK, _network)
    def __init__(
        self,
        inputs: int,
        sizes: Sequence[int],
        activation: str | Activation = "relu",
        output: str | Activation = "linear",
        rng: Any = None,
        expand: bool = False,
        init: Any = "uniform",
        bias: bool = True,
    ) -> None:
        if isinstance(sizes, int) or len(sizes) == 0:
            raise TypeError(f"sizes={sizes!r} must list the neurons of each layer: write MLP({inputs}, [16, 1])")
        rng = generator(rng)
        widths = [inputs, *sizes]
        hidden = activation_named(activation)  # a wrong name is one without hidden layers too
        kinds = [hidden] * (len(sizes) - 1) + [activation_named(output)]
        starts = per_layer(init, len(sizes))
        self.layers = [
            Layer(m, n, kind, rng, expand, start, bias)
            for m, n, kind, start in zip(widths, widths[1:], kinds, starts, strict=False)
        ]

    def __call__(self, x: Iterable[Any]) -> Any:
        """The model's output for one input vector; for a table of them a list with the output for each row."""
        x = _vector(x)
        inputs = len(self.layers[0].neurons[0].w)
        if x and hasattr(x[0], "__len__") and not isinstance(x[0], str):
            return [self(row) for row in x]
        if len(x) != inputs:
            raise ValueError(f"this model takes {inputs} inputs, got {len(x)}: {reprlib.repr(x)}")
        for layer in self.layers:
            x = layer(x)
        return x[0] if len(x) == 1 else x

    def architecture(self) -> dict[str, Any] | None:
        """The arguments that build a network of this shape again; None if an activation is a function without a name."""
        first, last = self.layers[0].neurons[0], self.layers[-1].neurons[0]
        if not {first.activation, last.activation} <= set(ACTIVATIONS.values()):
            return None
        return {
            "inputs": len(first.w),
            "sizes": [len(layer.neurons) for layer in self.layers],
            "activation": activation_name(first.activation) if len(self.layers) > 1 else "relu",
            "output": activation_name(last.activation),
            "expand": first.expand,
            "bias": first.b is not None,
        }

    def __repr__(self) -> str:
        return f"MLP({', '.join(map(repr, self.layers))}, {len(self.parameters())} parameters)"


def _vector(x: Any) -> list[Any]:
    if type(x) is list:  # as every layer hands it to its neurons
        return x
    if not isinstance(x, Iterable) or getattr(x, "shape", None) == ():
        raise TypeError(f"{x!r} is not a list, tuple or array of inputs: write model([x]) for one number")
    return list(as_array(x))


def _count(n: Any, what: str) -> int:
    if not hasattr(n, "__index__") or n < 1:
        raise ValueError(f"{what}={n!r} must be a whole number from 1 on")
    return int(n)
