"""How the numbers of each layer are spread: histograms for a few layers, mean and spread for any number of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...parts import walk
from ..samples import as_array
from ..units import layer_of, units
from . import canvas

if TYPE_CHECKING:
    from .picture import Picture

LayerSeries = Mapping[str, Sequence[float]]


def histograms(layers: LayerSeries, path: canvas.Target = None, title: str = "", theme: str = "light") -> Picture:
    """How the numbers of each layer are spread, one panel a layer on one common axis: activations, weights or gradients.

    `activations(model, X)` and `gradients(model)` give such layers; for more than a few see `spread`.
    """
    _some(layers)
    picture, panels = canvas.panels(len(layers), title, columns=4, size=(3.2, 2.6))
    everything = np.concatenate([np.asarray(numbers, dtype=float) for numbers in layers.values()])
    low, high = float(everything.min()), float(everything.max())
    low, high = (low, high) if low < high else (low - 0.5, high + 0.5)
    for axes, (name, numbers) in zip(panels, layers.items(), strict=True):
        bins = min(40, max(5, round(2.0 * math.sqrt(len(numbers)))))
        axes.hist(list(numbers), bins=bins, range=(low, high), color=canvas.series(0))
        axes.set(title=name, ylabel="count", xlim=(low, high))
        axes.locator_params(axis="x", nbins=4)
    return canvas.finished(picture, path, theme)


def spread(
    layers: LayerSeries | Mapping[str, LayerSeries], path: canvas.Target = None, title: str = "", theme: str = "light"
) -> Picture:
    """Mean and standard deviation of each layer, from the first to the last; of several networks if they are given by name.

    The left panel has mean +- standard deviation, the right one the standard deviation alone, where each layer that halves it
    is one step down: signals or gradients that vanish or explode are straight lines. `spread(activations(model, X))`,
    `spread({"he": activations(one, X), "normal": activations(other, X)})`.
    """
    _some(layers)
    runs: dict[str, Any] = dict(layers) if isinstance(next(iter(layers.values())), Mapping) else {"": layers}
    picture, (means, sizes) = canvas.panels(2, title)
    for place, (name, run) in enumerate(runs.items()):
        columns = [np.asarray(numbers, dtype=float) for numbers in run.values()]
        mean, deviation = np.array([c.mean() for c in columns]), np.array([c.std() for c in columns])
        at = np.arange(len(columns)) + 0.06 * (place - (len(runs) - 1) / 2)
        means.errorbar(at, mean, deviation, marker="o", markersize=4, capsize=3, color=canvas.series(place), label=name or None)
    canvas.with_zeros(
        sizes,
        {name: [float(np.std(numbers)) for numbers in run.values()] for name, run in runs.items()},
        [canvas.series(place) for place in range(len(runs))],
    )
    names = list(next(iter(runs.values())))
    shown = range(0, len(names), max(1, math.ceil(len(names) / 10)))
    for axes, label in ((means, "mean +- standard deviation"), (sizes, "standard deviation")):
        short = [name.removeprefix("L") for name in names]
        axes.set_xticks(list(shown), [short[place] for place in shown])
        axes.set(xlabel="layer", ylabel=label)
    if runs.keys() != {""}:
        canvas.legend(sizes, len(runs))
    return canvas.finished(picture, path, theme)


def gradients(model: Any) -> dict[str, list[float]]:
    """The gradient of every parameter, by layer, after `backward()`."""
    layers: dict[str, list[float]] = {}
    parts = walk(model).parameters
    for name, parameter in model.named_parameters():
        if not parameter.reached:
            raise ValueError(f"{name} has no gradient yet: call loss.backward() first")
        layers.setdefault(layer_of(parts[parameter]), []).append(parameter.grad)
    return layers


def activations(model: Any, X: Any) -> dict[str, list[float]]:
    """The outputs of every unit for all rows of `X`, by layer; of a model of your own too, if it is made of layers or neurons."""
    found = units(model, [[float(number) for number in row] for row in as_array(X)])
    if not found:
        raise ValueError(f"{type(model).__name__} has no neurons of this package that it calls equally often for each row")
    return {name: layer.outputs.ravel().tolist() for name, layer in found.items()}


def _some(layers: Mapping[str, Any]) -> None:
    if not layers:
        raise ValueError("layers is empty: give at least one, such as gradients(model)")
