"""Models of two inputs over the plane: what they answer and how sure they are, neuron by neuron, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...parts import walk
from ...view.theme import theme_named
from ..losses import plain_numbers
from ..prediction import predict
from ..samples import Array, as_array
from ..snapshots import Snapshots
from ..units import layer_of, watched_units
from . import canvas

if TYPE_CHECKING:
    from .picture import Picture

_Model = Callable[[list[float]], Any]


class Plane(NamedTuple):
    """A grid of points around some samples."""

    across: Array
    up: Array

    @classmethod
    def around(cls, X: Array, points: int) -> Plane:
        """So many points along each side of a frame a little larger than the samples."""
        margin = 0.1 * (X.max(axis=0) - X.min(axis=0)) + 1e-9
        low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
        return cls(*(np.linspace(low[axis], high[axis], points) for axis in (0, 1)))

    def answers(self, model: _Model) -> Array:
        """What the model answers at each point, along the last axis."""
        rows = np.array([[first, second] for second in self.up for first in self.across])
        return predict(model, rows).reshape(len(self.up), len(self.across), -1)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """The frame, as matplotlib wants it."""
        return (self.across[0], self.across[-1], self.up[0], self.up[-1])


def decision_boundary(
    model: _Model,
    X: Any,
    y: Any,
    path: canvas.Target = None,
    threshold: float = 0.0,
    points: int = 160,
    title: str = "",
    theme: str = "light",
) -> Picture:
    """What a model of two inputs answers over the plane, with the samples on top: the deeper a colour, the surer it is.

    An output above `threshold` is class 1: 0 for a logit or a score, of which the sigmoid says how sure the model is, 0.5 for a
    probability. Of several outputs the largest wins, and their softmax says how sure it is. The model is replayed at
    `points` x `points` places.
    """
    X, y = _checked(X, y)
    picture, (axes,) = canvas.panels(1, title, size=(6.4, 5.0))
    _region(axes, Plane.around(X, points), model, threshold)
    _samples(axes, X, y, _classes(y, len(np.atleast_1d(plain_numbers(model(X[0].tolist()))))))
    axes.legend(fontsize="small")
    return canvas.finished(picture, path, theme)


def frames(
    snapshots: Snapshots, X: Any, y: Any, path: canvas.Target = None, count: int = 6, threshold: float = 0.0, theme: str = "light"
) -> Picture:
    """The boundary at several epochs of one run, from the first to the last, with as many panels as `count`.

    Early epochs are shown more densely, as most happens there.
    """
    X, y = _checked(X, y)
    places = sorted({round((len(snapshots) - 1) * (k / max(1, count - 1)) ** 2) for k in range(count)})
    picture, panels = canvas.panels(len(places), columns=3, size=(3.6, 3.0))
    plane = Plane.around(X, 100)
    classes = _classes(y, len(np.atleast_1d(plain_numbers(snapshots.model(X[0].tolist())))))
    for axes, place in zip(panels, places, strict=True):
        with snapshots.at(place):
            _region(axes, plane, snapshots.model, threshold)
        _samples(axes, X, y, classes)
        epoch, loss = snapshots.epochs[place], snapshots.losses[place]
        axes.set_title("before training" if epoch < 0 else f"after epoch {epoch}, loss {loss:.3g}", fontsize="medium")
    return canvas.finished(picture, path, theme)


def neurons(model: Any, X: Any, path: canvas.Target = None, most: int = 8, title: str = "", theme: str = "light") -> Picture:
    """What each neuron of a model of two inputs gives over the plane: a row for each layer, at most `most` neurons in it.

    Orange is negative, blue positive, the paper 0; each neuron is drawn in full colour at its largest size.
    """
    from matplotlib.colors import LinearSegmentedColormap

    X = _points(X)
    plane = Plane.around(X, 60)
    with watched_units() as seen:
        model(X[0].tolist())
    owner = {parameter: layer_of(place) for parameter, place in walk(model).parameters.items()}
    layers: dict[str, list[int]] = {}
    for place, (neuron, _, _) in enumerate(seen):
        layers.setdefault(owner[neuron.w[0]], []).append(place)
    if not layers:
        raise ValueError(f"{type(model).__name__} has no neurons of this package: there is nothing to draw for each")
    maps = plane.answers(_every(model))
    columns = min(most, max(map(len, layers.values())))
    picture, panels = canvas.panels(columns * len(layers), title, columns=columns, size=(1.7, 1.8))
    colours = theme_named(theme)
    ramp = LinearSegmentedColormap.from_list("sign", [colours.tones["neg"][0], colours.background, colours.tones["pos"][0]])
    for row, (name, places) in enumerate(layers.items()):
        for column, axes in enumerate(panels[row * columns : (row + 1) * columns]):
            axes.set_xticks([])
            axes.set_yticks([])
            if column >= len(places):
                axes.set_axis_off()
                continue
            values = maps[..., places[column]]
            size = float(np.abs(values).max()) or 1.0
            axes.imshow(values, extent=plane.extent, origin="lower", aspect="auto", cmap=ramp, vmin=-size, vmax=size)
            largest = values.flat[np.abs(values).argmax()]
            axes.set_title(f"{column}: to {largest:.2g}" if largest else f"{column}: off", fontsize="small")
            if column == 0:
                more = f", {columns} of {len(places)}" if len(places) > columns else ""
                axes.set_ylabel(f"{name}{more}", fontsize="small")
    return canvas.finished(picture, path, theme)


def _every(model: Any) -> _Model:
    """A function that gives the output of each neuron."""

    def outputs(row: list[float]) -> list[Any]:
        with watched_units() as seen:
            model(row)
        return [out for _, _, out in seen]

    return outputs


def _region(axes: Any, plane: Plane, model: _Model, threshold: float) -> None:
    """Who wins where, the deeper in colour the surer, and the lines between them."""
    shares = _shares(plane.answers(model), threshold)
    classes, count = shares.argmax(axis=2), shares.shape[2]
    colours = np.array([[int(canvas.series(k)[i : i + 2], 16) / 255.0 for i in (1, 3, 5)] for k in range(count)])
    sure = (shares.max(axis=2) - 1.0 / count) / (1.0 - 1.0 / count)
    image = np.dstack([colours[classes], 0.06 + 0.4 * sure])
    axes.imshow(image, extent=plane.extent, origin="lower", aspect="auto", interpolation="bilinear")
    for k in range(count if count > 2 else 1):
        lead = shares[..., k] - np.delete(shares, k, axis=2).max(axis=2)
        if lead.min() < 0.0 < lead.max():
            axes.contour(plane.across, plane.up, lead, levels=[0.0], colors=[canvas.series(5)], linewidths=1.2)
    axes.set(xlabel="x1", ylabel="x2")


def _shares(scores: Array, threshold: float) -> Array:
    """How probable each class is, from scores or probabilities."""
    if scores.shape[2] == 1:
        one: Array = scores if threshold == 0.5 else 0.5 + 0.5 * np.tanh(0.5 * (scores - threshold))
        both: Array = np.concatenate([1.0 - one, one], axis=2)
        return both
    if (scores >= 0.0).all() and np.allclose(scores.sum(axis=2), 1.0):
        return scores
    powers: Array = np.exp(scores - scores.max(axis=2, keepdims=True))
    shares: Array = powers / powers.sum(axis=2, keepdims=True)
    return shares


def _classes(y: Any, outputs: int) -> list[Any]:
    """The labels in the order of their colours; a class without samples keeps its colour."""
    labels, count = np.unique(y).tolist(), max(2, outputs)
    return list(range(count)) if set(labels) <= set(range(count)) else labels


def _samples(axes: Any, X: Array, y: Any, labels: Sequence[Any]) -> None:
    sign = "+" if y.dtype.kind in "if" and y.min() < 0 else ""  # labels -1 and +1, not -1 and 1
    for place, label in enumerate(labels):
        across, up = X[y == label].T
        look = {"s": 22, "color": canvas.series(place), "edgecolors": "white", "linewidths": 0.7}
        axes.scatter(across, up, label=f"label {label:{sign}}", **look)


def _checked(X: Any, y: Any) -> tuple[Array, Any]:
    X, y = np.asarray(as_array(X), dtype=float), np.asarray(as_array(y))
    if X.ndim != 2 or X.shape[1] != 2 or y.shape != (len(X),) or len(X) == 0:
        raise ValueError(
            f"X of shape {X.shape}, y of shape {y.shape}: a boundary is drawn for rows of 2 inputs, one label each"
        )
    return X, y


def _points(X: Any) -> Array:
    X = np.array(as_array(X), dtype=np.float64)
    if X.ndim != 2 or X.shape[1] != 2 or len(X) == 0:
        raise ValueError(f"X of shape {X.shape}: neurons are drawn over the plane of rows of 2 inputs")
    points: Array = X
    return points
