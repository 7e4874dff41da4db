"""Numbers over the epochs: the losses of several runs, and all that the history of one holds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import canvas

if TYPE_CHECKING:
    from ..history import History
    from .picture import Picture

NOISY = 0.3
"""The share of epochs in which a loss rises, from which on its mean over a window is drawn above it."""


def losses(
    runs: Mapping[str, History | Sequence[float]],
    path: canvas.Target = None,
    log: bool = True,
    title: str = "",
    ylabel: str = "loss",
    theme: str = "light",
) -> Picture:
    """The loss of every run over its epochs in one picture; `runs` maps the name of a run to its history or its losses.

    `log=True` draws powers of ten at equal distances, where slow and fast runs can be told apart. A loss that jumps to and fro is
    drawn faintly, with its mean over a twentieth of the run. The names stand in the order of the last losses.
    """
    if not runs:
        raise ValueError("runs is empty: give at least one run, such as {'lr 0.5': history}")
    picture, (axes,) = canvas.panels(1, title)
    last = {}
    for place, (name, run) in enumerate(runs.items()):
        values = list(run if isinstance(run, Sequence) else run.loss)
        _smooth(axes, values, name, canvas.series(place), canvas.style(place))
        last[name] = values[-1] if values else 0.0
    axes.set(xlabel="epoch", ylabel=ylabel, yscale="log" if log else "linear")
    handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    names = sorted(last, key=lambda name: -last[name])
    picture.legend([handles[name] for name in names], names, loc="outside right center")
    return canvas.finished(picture, path, theme)


def _smooth(axes: Any, values: Sequence[float], name: str, colour: str, style: str) -> None:
    """One loss; if it is noisy, faint behind its running mean."""
    rises = sum(b > a for a, b in itertools.pairwise(values))
    window = len(values) // 20
    if window < 2 or rises < NOISY * len(values):
        canvas.line(axes, values, name, colour, style)
        return
    axes.plot(range(len(values)), values, color=colour, alpha=0.25, linewidth=0.8)
    windows = [values[max(0, k - window) : k + window + 1] for k in range(len(values))]
    canvas.line(axes, [math.fsum(part) / len(part) for part in windows], name, colour, style)


def history(run: History, path: canvas.Target = None, theme: str = "light") -> Picture:
    """One run: its loss, its accuracy if it has one, the gradient norm of each layer, and the learning rate if it changed.

    Validation is dashed. A layer that got no gradient is on the strip marked 0, and is named above it.
    """
    if not run.loss:
        raise ValueError("the history has no epoch yet: train with nn.fit first")
    rates, constant = run.learning_rate, len(set(run.learning_rate)) == 1
    names = ["loss", *(["accuracy"] if run.accuracy else []), "gradient norm", *([] if constant else ["learning rate"])]
    picture, panels = canvas.panels(len(names), f"learning rate {rates[0]:g}" if constant else "")
    by_name = dict(zip(names, panels, strict=True))
    _with_validation(by_name["loss"], run.loss, run.validation_loss)
    if canvas.wide([*run.loss, *run.validation_loss]):
        by_name["loss"].set_yscale("log")
    if run.accuracy:
        axes = by_name["accuracy"]
        right, kept = ([100.0 * share for share in shares] for shares in (run.accuracy, run.validation_accuracy))
        _with_validation(axes, right, kept)
        axes.set_ylim(min(50.0, *right, *kept) - 2.0, 102.0)
        axes.yaxis.set_major_formatter("{x:.0f}%")
    _norms(by_name["gradient norm"], run.gradient_norms)
    if not constant:
        canvas.line(by_name["learning rate"], rates, "", canvas.series(0))
    for name, axes in by_name.items():
        axes.set(xlabel="epoch", ylabel=name)
    return canvas.finished(picture, path, theme)


def _with_validation(axes: Any, mine: Sequence[float], held_out: Sequence[float]) -> None:
    """What was measured in training, and dashed what was on samples held out, which may have begun later."""
    canvas.line(axes, mine, "training" if held_out else "", canvas.series(0))
    if held_out:
        canvas.line(axes, held_out, "validation", canvas.series(1), "--", len(mine) - len(held_out))
        canvas.legend(axes, 2)


def _norms(axes: Any, norms: Mapping[str, Sequence[float]]) -> None:
    """The gradient norms of the layers; those that are 0 throughout are told in words too."""
    canvas.with_zeros(axes, norms, canvas.ordered(len(norms)))
    if silent := [layer for layer, numbers in norms.items() if not any(numbers)]:
        told = ", ".join(silent) if len(silent) < 4 else f"{silent[0]} ... {silent[-1]}"
        axes.set_title(f"no gradient: {told}", fontsize="medium")
    canvas.legend(axes, len(norms))
