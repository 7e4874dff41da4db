"""Functions of one number with their slopes: activations, and losses against the output that they judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...derivatives import gradient
from ...engine import Value
from ..activations import activation_named
from ..lookup import known
from ..losses import LOSSES, cross_entropy
from ..samples import Array
from . import canvas

if TYPE_CHECKING:
    from .picture import Picture

POINTS = 401
Function = Callable[[Any], Any]


def activation(
    *functions: str | Function,
    low: float = -4.0,
    high: float = 4.0,
    path: canvas.Target = None,
    title: str = "",
    theme: str = "light",
) -> Picture:
    """Activation functions beside their slopes, which the engine computes: by name, or any functions of a Value.

    `activation()` draws sigmoid, tanh and relu. Where a slope is flat at 0, a unit does not learn.
    """
    chosen = functions or ("sigmoid", "tanh", "relu")
    named = {_name(f): activation_named(f) for f in chosen}
    return _drawn(named, low, high, ("z", "activation(z)", "slope at z"), path, title, theme)


def loss_shape(
    *losses: str | Callable[[Any, Any], Any],
    target: float = 1.0,
    low: float = -3.0,
    high: float = 3.0,
    path: canvas.Target = None,
    title: str = "",
    theme: str = "light",
) -> Picture:
    """What each loss says of an output, and its slope there, for one target: by name, or any functions of output and target.

    `loss_shape()` draws mse, binary_cross_entropy and hinge for target 1. How steep a loss is where the answer is far off says
    how hard the model is pushed.
    """
    chosen = losses or ("mse", "binary_cross_entropy", "hinge")
    named: dict[str, Function] = {}
    for loss in chosen:
        f = known("loss", loss, LOSSES, "a function of output and target") if isinstance(loss, str) else loss
        if f is cross_entropy:
            raise ValueError("cross_entropy judges an output for each class: for one output draw 'binary_cross_entropy'")
        named[_name(loss)] = partial(_judged, f, target)
    title = title or f"target {target:g}"
    return _drawn(named, low, high, ("output", "loss", "slope at the output"), path, title, theme)


def _judged(loss: Callable[[Any, Any], Any], target: float, output: Any) -> Any:
    return loss([output], [target])


def sampled(f: Function, xs: Array) -> tuple[Array, Array]:
    """The values of a function of a Value at some points, and its slopes by the engine.

    >>> values, slopes = sampled(lambda x: x * x, np.array([1.0, 3.0]))
    >>> values.tolist(), slopes.tolist()
    ([1.0, 9.0], [2.0, 6.0])
    """
    values, slopes = [], []
    for number in xs.tolist():
        x = Value(number)
        out = f(x)
        if not isinstance(out, Value):
            out = Value(float(out))
        values.append(out.data)
        slopes.append(gradient(out, [x])[0])
    return np.array(values), np.array(slopes)


def _drawn(
    named: dict[str, Function],
    low: float,
    high: float,
    labels: Sequence[str],
    path: canvas.Target,
    title: str,
    theme: str,
) -> Picture:
    """The functions in one panel, their slopes in another."""
    if not low < high:
        raise ValueError(f"low={low!r}, high={high!r}: the picture goes from the smaller to the larger number")
    xs = np.linspace(low, high, POINTS)
    picture, (left, right) = canvas.panels(2, title)
    for place, (name, f) in enumerate(named.items()):
        values, slopes = sampled(f, xs)
        jumps = np.abs(np.diff(slopes)) > 0.2 * max(1e-12, float(np.ptp(slopes)))  # at a kink the slope has no value between
        broken = np.where(np.append(jumps, False), np.nan, slopes)
        left.plot(xs, values, color=canvas.series(place), label=name)
        right.plot(xs, broken, color=canvas.series(place), label=name)
    across, up, slope = labels
    for axes, label in ((left, up), (right, slope)):
        axes.axhline(0.0, color=canvas.series(5), linewidth=0.6)
        axes.axvline(0.0, color=canvas.series(5), linewidth=0.6)
        axes.set(xlabel=across, ylabel=label)
    left.legend(fontsize="small")
    return canvas.finished(picture, path, theme)


def _name(f: Any) -> str:
    return f if isinstance(f, str) else str(getattr(f, "name", None) or getattr(f, "__name__", None) or f)
