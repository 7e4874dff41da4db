"""The way down a loss: a curve over one number, or a map over two, with the steps that a rate or an optimizer takes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine import Value
from ...modes import no_grad
from ...places import name_of
from ...replay.compile import compile
from ..assignment import assign
from ..losses import plain_numbers
from ..optim import SGD
from ..optimizer import Optimizer
from ..samples import Array
from . import canvas

if TYPE_CHECKING:
    from .picture import Picture

RATES = {"small": 0.01, "right": 0.1, "large": 1.05}
"""What is drawn unless told otherwise: for a curve such as w*w."""


class Landscape:
    """A loss as a function of one or two numbers: of its arguments, or of parameters that it reads itself."""

    def __init__(self, f: Callable[..., Any], start: Any) -> None:
        held = start if isinstance(start, (list, tuple)) else [start]
        if len(held) not in (1, 2):
            raise ValueError(f"start={start!r}: a way down is drawn over one number or two")
        self.f, self.own = f, all(isinstance(x, Value) for x in held)
        self.leaves: list[Value] = [x if isinstance(x, Value) else Value(x) for x in held]
        usual = ("w1", "w2") if len(held) == 2 else ("w",)
        self.names = [name_of(leaf) or name for leaf, name in zip(self.leaves, usual, strict=True)]
        self.fast: Callable[[], Any] = compile(self.loss)

    def loss(self) -> Any:
        """The loss where the leaves are."""
        return self.f() if self.own else self.f(*self.leaves)

    def way(self, optimizer: Optimizer, steps: int) -> tuple[Array, list[float]]:
        """The points from the start on, a row for each, and their losses; it ends where a number is no longer finite."""
        start = [leaf.data for leaf in self.leaves]
        optimizer.bind(self.leaves)
        points, losses = [start], []
        try:
            for _ in range(steps):
                optimizer.zero_grad()
                total = self.loss()
                losses.append(plain_numbers(total))
                total.backward()
                optimizer.step()
                points.append([leaf.data for leaf in self.leaves])
            losses.append(plain_numbers(self.loss()))
        except FloatingPointError:
            pass
        finally:
            assign(self.leaves, start)
        return np.array(points[: len(losses)]), losses

    def _quickly(self) -> Any:
        """The loss by replay; where it cannot be recorded, as it is written."""
        with no_grad():
            try:
                return self.fast()
            except (TypeError, ValueError):
                self.fast = self.loss
                return self.loss()

    def over(self, grid: Array) -> Array:
        """The loss at each of some points."""
        start = [leaf.data for leaf in self.leaves]
        try:
            found = []
            for point in grid.tolist():
                assign(self.leaves, point)
                found.append(plain_numbers(self._quickly()))
            return np.array(found)
        finally:
            assign(self.leaves, start)


def descent(
    f: Callable[..., Any],
    start: Any,
    rates: Mapping[str, float | Optimizer] = RATES,
    steps: int = 12,
    low: float | Sequence[float] | None = None,
    high: float | Sequence[float] | None = None,
    path: canvas.Target = None,
    title: str = "",
    theme: str = "light",
) -> Picture:
    """The loss over one number or two, with the way that each rate takes from `start`: a panel for each of them.

    `descent(lambda w: w * w, 1.0)` shows a small, a right and a large rate. `f` is a function of one number, or of two with a
    pair as `start`; or of nothing, with one or two parameters of a model as `start`, which are put back behind it:
    `descent(lambda: nn.mse(model(X), y), [model.layers[0].neurons[0].w[0]])`. `rates` maps names to learning rates or
    optimizers; `low` and `high` bound what is shown. The frame holds the start and the lowest point that any way reaches.
    """
    if not rates:
        raise ValueError("rates is empty: give at least one, such as {'small': 0.01}")
    if steps < 1:
        raise ValueError(f"steps={steps!r}: a way needs at least 1 step")
    landscape = Landscape(f, start)
    ways = {}
    for name, rate in rates.items():
        optimizer = copy.deepcopy(rate) if isinstance(rate, Optimizer) else SGD(lr=rate)
        shown = f"{type(optimizer).__name__}, rate {optimizer.lr:g}" if isinstance(rate, Optimizer) else f"rate {rate:g}"
        ways[f"{name}: {shown}"] = landscape.way(optimizer, steps)
    frame = _frame(ways, low, high)
    picture, panels = canvas.panels(len(ways), title, columns=3, size=(3.8, 3.4))
    draw = _curve if len(landscape.leaves) == 1 else _map
    draw(panels, landscape, frame)
    for axes, (name, (points, losses)) in zip(panels, ways.items(), strict=True):
        heights = losses if len(landscape.leaves) == 1 else points[:, 1]
        axes.plot(points[:, 0], heights, marker="o", markersize=4, linewidth=1.2, color=canvas.series(1))
        axes.plot(points[0, 0], heights[0], marker="o", markersize=8, color=canvas.series(1), markerfacecolor="none")
        diverged = len(losses) <= steps or not losses[-1] <= losses[0]  # nan too
        ending = "diverges" if diverged else f"loss {losses[-1]:.2g} after {steps} steps"
        axes.set_title(f"{name}\n{ending}", fontsize="medium")
    return canvas.finished(picture, path, theme)


def _frame(ways: Mapping[str, tuple[Array, list[float]]], low: Any, high: Any) -> tuple[Array, Array]:
    """(low, high) corners: around the start and the best points, mirrored so that what overshoots is seen."""
    start = next(iter(ways.values()))[0][0]
    _, best = min(((min(losses), points[int(np.argmin(losses))]) for points, losses in ways.values()), key=lambda pair: pair[0])
    reach = 1.4 * np.maximum(np.abs(start - best), 1e-3 + 0.1 * np.abs(start))
    corners = best - reach, best + reach
    return tuple(  # type: ignore[return-value]
        corner if given is None else np.broadcast_to(np.asarray(given, dtype=float), corner.shape)
        for corner, given in zip(corners, (low, high), strict=True)
    )


def _curve(panels: Sequence[Any], landscape: Landscape, frame: tuple[Array, Array]) -> None:
    """The loss over one number."""
    xs = np.linspace(frame[0][0], frame[1][0], 201)
    heights = landscape.over(xs[:, None])
    bottom, top = _reach(heights)
    for axes in panels:
        axes.plot(xs, heights, color=canvas.series(0))
        axes.set(xlabel=landscape.names[0], ylabel="loss", xlim=(xs[0], xs[-1]))
        axes.set_ylim(bottom - 0.08 * (top - bottom), top + 0.05 * (top - bottom))


def _map(panels: Sequence[Any], landscape: Landscape, frame: tuple[Array, Array]) -> None:
    """The loss over two numbers, as lines of equal loss that are closer near the lowest point."""
    across, up = (np.linspace(frame[0][k], frame[1][k], 41) for k in (0, 1))
    grid = np.array([[a, b] for b in up for a in across])
    heights = landscape.over(grid).reshape(len(up), len(across))
    low, high = _reach(heights)
    levels = low + (high - low) * np.linspace(0.0, 1.0, 14)[1:] ** 2
    for axes in panels:
        axes.contour(across, up, heights, levels=levels, colors=[canvas.series(0)], linewidths=0.8)
        axes.set(xlabel=landscape.names[0], ylabel=landscape.names[1], xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))


def _reach(heights: Array) -> tuple[float, float]:
    """The lowest and the highest finite loss, apart even where all are equal."""
    finite = heights[np.isfinite(heights)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    return (low, high) if low < high else (low - 1.0, high + 1.0)
