"""What a model is made of, as entries of a file, and the model built from them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .activations import ACTIVATIONS
from .batch_norm import BatchNorm
from .dropout import Dropout
from .embedding import Embedding
from .model_file import Entries
from .module import Module
from .modules import MLP, Layer, Neuron
from .sequential import Elementwise, Sequential


class _Part(NamedTuple):
    """A class of modules: how one is described, built again with weights that do not matter, and how many numbers it holds."""

    kind: type[Module]
    described: Callable[[Any], Entries | None]
    built: Callable[..., Module]
    numbers: Callable[..., int]


def _neuron(neuron: Neuron) -> Entries:
    return {
        "inputs": len(neuron.w),
        "activation": _name(neuron.activation),
        "expand": neuron.expand,
        "bias": neuron.b is not None,
    }


def _name(activation: Any) -> str:
    return next(name for name, known in ACTIVATIONS.items() if known is activation)


PARTS: dict[str, _Part] = {
    "Neuron": _Part(Neuron, _neuron, lambda **entries: Neuron(**entries, init="zeros"), lambda inputs, **_: inputs),
    "Layer": _Part(
        Layer,
        lambda layer: {"outputs": len(layer.neurons), **_neuron(layer.neurons[0])},
        lambda **entries: Layer(**entries, init="zeros"),
        lambda inputs, outputs, **_: inputs * outputs,
    ),
    "MLP": _Part(
        MLP,
        lambda model: model.architecture(),
        lambda **entries: MLP(**entries, init="zeros"),
        lambda inputs, sizes, **_: sum(m * n for m, n in zip([inputs, *sizes], sizes, strict=False)),
    ),
    "Embedding": _Part(
        Embedding,
        lambda table: {"count": len(table.rows), "width": len(table.rows[0])},
        lambda **entries: Embedding(**entries, init="zeros"),
        lambda count, width: count * width,
    ),
    "BatchNorm": _Part(
        BatchNorm,
        lambda norm: {"width": len(norm.scale), "follow": norm.follow, "epsilon": norm.epsilon},
        BatchNorm,
        lambda width, **_: 4 * width,
    ),
    "Dropout": _Part(Dropout, lambda drop: {"probability": drop.probability}, Dropout, lambda **_: 0),
    "Elementwise": _Part(Elementwise, lambda module: {"activation": _name(module.activation)}, Elementwise, lambda **_: 0),
}
"""The classes that `load` builds again, by the name that a file has for them; a Sequential is made of such parts."""


def described(model: Module) -> Entries | None:
    """The entries from which a model of this shape is built again; None with a class not in `PARTS`, or a function without name.

    >>> described(Sequential(Layer(2, 3, "tanh"), Dropout(0.5)))["modules"][1]
    {'Dropout': {'probability': 0.5}}
    """
    if type(model) is MLP:
        return model.architecture()
    return _part(model)


def _part(module: Any) -> Entries | None:
    if type(module) is Sequential:
        parts = [_part(one) for one in module.layers]
        return None if None in parts else {"modules": parts}
    for name, part in PARTS.items():
        if type(module) is part.kind:
            try:
                entries = part.described(module)
            except StopIteration:  # an activation without a name
                return None
            return None if entries is None else {name: entries}
    return None


def built(entries: Mapping[str, Any], numbers: int) -> Any:
    """The model that is described; ValueError if its weights are more than the `numbers` that the file holds."""
    if _count(entries) > numbers:
        raise ValueError(f"it has more weights than the {numbers} parameters of the file")
    return _built(entries)


def _built(entries: Mapping[str, Any]) -> Any:
    if entries.keys() == {"modules"}:
        return Sequential(*map(_built, entries["modules"]))
    ((name, own),) = entries.items()
    return PARTS[name].built(**own)


def _count(entries: Mapping[str, Any]) -> int:
    """How many weights a description has, before memory is asked for them."""
    if entries.keys() == {"modules"}:
        return sum(map(_count, entries["modules"]))
    ((name, own),) = entries.items()
    return PARTS[name].numbers(**own)
