"""Pictures of training: losses of several runs, the decision boundary of a model of two inputs, histograms layer by layer.

Each gives a matplotlib figure and writes it to `path` if there is one, as PNG or SVG by its suffix. No window is opened and no
global state of matplotlib is touched. Needs the `plot` extra.
Colours are those of a `theme`, as of drawings.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import write_atomically
from ..modes import no_grad
from ..view.theme import SERIES, theme_named
from .losses import plain_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .history import History


def losses(
    runs: Mapping[str, History | Sequence[float]],
    path: str | os.PathLike[str] | None = None,
    log: bool = True,
    title: str = "",
    ylabel: str = "loss",
    theme: str = "light",
) -> Figure:
    """The loss of every run over its epochs in one picture; `runs` maps the name of a run to its history or its losses.

    `log=True` draws powers of ten at equal distances, where slow and fast runs can be told apart.
    """
    if not runs:
        raise ValueError("runs is empty: give at least one run, such as {'lr 0.5': history}")
    figure, (axes,) = _figure(1, title)
    for place, (name, run) in enumerate(runs.items()):
        values = run if isinstance(run, Sequence) else run.loss
        axes.plot(range(len(values)), values, label=name, color=SERIES[place % len(SERIES)])
    axes.set(xlabel="epoch", ylabel=ylabel, yscale="log" if log else "linear")
    figure.legend(loc="outside right center")
    return _finished(figure, path, theme)


def history(run: History, path: str | os.PathLike[str] | None = None, theme: str = "light") -> Figure:
    """One run: its loss, its accuracy if it has one, the gradient norm of each layer, and the learning rate."""
    curves: list[tuple[str, Mapping[str, Sequence[float]], str]] = [("loss", {"": run.loss}, "linear")]
    if run.accuracy:
        curves.append(("accuracy", {"": run.accuracy}, "linear"))
    curves += [("gradient norm", run.gradient_norms, "log"), ("learning rate", {"": run.learning_rate}, "linear")]
    figure, panels = _figure(len(curves), "")
    for axes, (label, lines, scale) in zip(panels, curves, strict=True):
        for place, (name, values) in enumerate(lines.items()):
            axes.plot(range(len(values)), values, label=name, color=SERIES[place % len(SERIES)])
        axes.set(xlabel="epoch", ylabel=label)
        if scale == "log" and any(value > 0.0 for values in lines.values() for value in values):
            axes.set_yscale("log")
        if any(lines):
            axes.legend()
    return _finished(figure, path, theme)


def decision_boundary(
    model: Callable[[list[float]], Any],
    X: Any,
    y: Any,
    path: str | os.PathLike[str] | None = None,
    threshold: float = 0.0,
    points: int = 80,
    title: str = "",
    theme: str = "light",
) -> Figure:
    """What a model of two inputs answers over the plane, with the samples on top.

    The model is asked at `points` x `points` places. An output above `threshold` is class 1 (0 for a logit or a score, 0.5 for a
    probability); of several outputs the largest wins.
    """
    import numpy as np

    X, y = np.asarray(X, dtype=float), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2 or y.shape != (len(X),) or len(X) == 0:
        raise ValueError(
            f"X of shape {X.shape}, y of shape {y.shape}: a boundary is drawn for rows of 2 inputs, one label each"
        )
    low, high = X.min(axis=0) - 0.3, X.max(axis=0) + 0.3
    across, up = (np.linspace(low[axis], high[axis], points) for axis in (0, 1))
    with no_grad():
        scores = np.array([[_numbers(model([float(first), float(second)])) for first in across] for second in up])
    classes = scores.argmax(axis=2) if scores.shape[2] > 1 else (scores[..., 0] > threshold).astype(int)
    figure, (axes,) = _figure(1, title)
    labels = np.unique(y).tolist()
    if set(labels) <= set(range(max(2, scores.shape[2]))):
        labels = list(range(max(2, scores.shape[2])))  # a class without samples keeps its colour
    count = max(2, scores.shape[2], len(labels))
    colours = [SERIES[place % len(SERIES)] for place in range(count)]
    sign = "+" if y.dtype.kind in "if" and y.min() < 0 else ""  # labels -1 and +1, not -1 and 1
    levels = np.arange(len(colours) + 1) - 0.5
    axes.contourf(across, up, classes, levels=levels, colors=colours, alpha=0.25)
    for colour, label in zip(colours, labels, strict=False):
        axes.scatter(
            X[y == label, 0],
            X[y == label, 1],
            s=20,
            color=colour,
            edgecolors="white",
            linewidths=0.4,
            label=f"label {label:{sign}}",
        )
    axes.set(xlabel="x1", ylabel="x2", aspect="equal")
    axes.legend()
    return _finished(figure, path, theme)


def histograms(
    layers: Mapping[str, Sequence[float]],
    path: str | os.PathLike[str] | None = None,
    title: str = "",
    theme: str = "light",
) -> Figure:
    """How the numbers of each layer are spread, one panel a layer: activations, weights or gradients.

    `activations(model, X)` and `gradients(model)` give such layers.
    """
    if not layers:
        raise ValueError("layers is empty: give at least one, such as gradients(model)")
    figure, panels = _figure(len(layers), title)
    for axes, (name, numbers) in zip(panels, layers.items(), strict=True):
        axes.hist(list(numbers), bins=40, color=SERIES[0])
        axes.set(title=name, ylabel="count")
        axes.locator_params(axis="x", nbins=4)
    return _finished(figure, path, theme)


def gradients(model: Any) -> dict[str, list[float]]:
    """The gradient of every parameter, by layer, after `backward()`."""
    layers: dict[str, list[float]] = {}
    for name, parameter in model.named_parameters():
        if parameter.grad is None:
            raise ValueError(f"{name} has no gradient yet: call loss.backward() first")
        layers.setdefault(name.split(".")[0], []).append(parameter.grad)
    return layers


def activations(model: Any, X: Any) -> dict[str, list[float]]:
    """The outputs of every unit for all rows of `X`, by layer."""
    outputs: dict[str, list[float]] = {}
    with no_grad():
        for row in X:
            signal: Any = [float(number) for number in row]
            for index, layer in enumerate(model.layers):
                signal = layer(signal)
                outputs.setdefault(f"layers[{index}]", []).extend(_numbers(signal))
    return outputs


def _numbers(outputs: Any) -> list[float]:
    """One output or a row of them as a row of plain numbers."""
    numbers = plain_numbers(outputs)
    return numbers if isinstance(numbers, list) else [numbers]


def _coloured(figure: Figure, theme: str) -> None:
    """Paper, text, frames and legends in the colours of a theme; lines and samples have theirs on every theme."""
    colours = theme_named(theme)
    figure.set_facecolor(colours.background)
    for axes in figure.axes:
        axes.set_facecolor(colours.card)
        axes.tick_params(which="both", colors=colours.ink)
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label):
            text.set_color(colours.ink)
        for frame in axes.spines.values():
            frame.set_color(colours.faint)
    if heading := figure.get_suptitle():
        figure.suptitle(heading, color=colours.ink)
    for legend in (*figure.legends, *(axes.get_legend() for axes in figure.axes)):
        if legend is not None:
            legend.get_frame().set(facecolor=colours.card, edgecolor=colours.faint)
            for text in legend.get_texts():
                text.set_color(colours.ink)


def _figure(panels: int, title: str) -> tuple[Figure, list[Axes]]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install 'microgradx[plot]'") from error
    figure = Figure(figsize=(6.4 if panels == 1 else 3.6 * panels, 4.2), dpi=120, layout="constrained")
    if title:
        figure.suptitle(title)
    return figure, [figure.add_subplot(1, panels, place + 1) for place in range(panels)]


def _finished(figure: Figure, path: str | os.PathLike[str] | None, theme: str) -> Figure:
    """The figure in the colours of a theme, written to `path` whole or not at all."""
    _coloured(figure, theme)
    if path is not None:
        suffix = Path(path).suffix.lower()
        if suffix not in (".png", ".svg"):
            raise ValueError(f"path {os.fspath(path)!r} ends in {suffix!r}: write .png or .svg")
        picture = io.BytesIO()
        figure.savefig(picture, format=suffix[1:])
        write_atomically(Path(path), picture.getvalue())
    return figure
