"""Small data sets to learn on: points in the plane, gates, the spreadsheet network; splitting and batching them.

The points of `circles` and `moons` are bit for bit those of scikit-learn's generators for the same seed, with numpy alone:
numpy's legacy stream is frozen, so the recipe (shuffle first, then the noise) is all there is to keep.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import argument_hints, hints
from ..keywords import keywords
from .samples import as_array
from .settings import stream

Points = NDArray[np.float64]
Labels = NDArray[np.int64]

_GATES = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "nand": (1, 1, 1, 0), "nor": (1, 0, 0, 0), "xor": (0, 1, 1, 0)}


@keywords(argument_hints.SET_OF_POINTS, "nn.data.circles(100, noise=0.1, seed=1)")
def circles(n: int = 100, noise: float = 0.05, seed: int = 1) -> tuple[Points, Labels]:
    """Points on two circles around the origin: label 0 on the outer (radius 1), 1 on the inner (radius 0.8).

    >>> X, y = circles(300, noise=0.05, seed=1)
    >>> X.shape, y[:4].tolist(), X[0].tolist()
    ((300, 2), [1, 0, 1, 1], [-0.07741354010048114, 0.8526022642742742])

    No straight line separates them. `noise` is the standard deviation added to every coordinate. The same points as
    `sklearn.datasets.make_circles(n, noise=noise, random_state=seed)`.
    """
    outer = np.linspace(0, 2 * np.pi, _count(n) // 2, endpoint=False)
    inner = np.linspace(0, 2 * np.pi, n - n // 2, endpoint=False)
    x = np.append(np.cos(outer), 0.8 * np.cos(inner))
    y = np.append(np.sin(outer), 0.8 * np.sin(inner))
    return _shuffled(x, y, np.repeat([0, 1], [len(outer), len(inner)]), noise, seed)


@keywords(argument_hints.SET_OF_POINTS, "nn.data.moons(100, noise=0.1, seed=1)")
def moons(n: int = 100, noise: float = 0.1, seed: int = 1337) -> tuple[Points, Labels]:
    """Points on two interleaved half circles: label 0 on the upper, 1 on the lower.

    >>> X, y = moons()
    >>> X.shape, y[:4].tolist(), X[0].tolist()
    ((100, 2), [0, 0, 1, 0], [1.1221146075409685, 0.08147717341718697])

    The same points as `sklearn.datasets.make_moons(n, noise=noise, random_state=seed)`; the defaults are those of the
    micrograd demo.
    """
    outer = np.linspace(0, np.pi, _count(n) // 2)
    inner = np.linspace(0, np.pi, n - n // 2)
    x = np.append(np.cos(outer), 1 - np.cos(inner))
    y = np.append(np.sin(outer), 1 - np.sin(inner) - 0.5)
    return _shuffled(x, y, np.repeat([0, 1], [len(outer), len(inner)]), noise, seed)


@keywords(argument_hints.SET_OF_POINTS, "nn.data.spirals(100, noise=0.1, seed=1)")
def spirals(n: int = 200, noise: float = 0.05, seed: int = 1, classes: int = 2, turns: float = 1.0) -> tuple[Points, Labels]:
    """Points on `classes` arms of a spiral that wind around each other; label k on arm k.

    >>> X, y = spirals(90, classes=3)
    >>> X.shape, np.bincount(y).tolist()
    ((90, 2), [30, 30, 30])

    Every arm starts near the centre and winds `turns` times out to radius 1.
    """
    if classes < 2 or _count(n) < classes:
        raise ValueError(f"classes={classes!r} with n={n!r}: spirals needs at least 2 classes and a point for each of them")
    labels = np.sort(np.arange(n) % classes)
    sizes = np.bincount(labels)
    radius = np.concatenate([np.linspace(0.1, 1.0, size) for size in sizes])
    angle = 2 * np.pi * (turns * radius + labels / classes)
    return _shuffled(radius * np.cos(angle), radius * np.sin(angle), labels, noise, seed)


def gates(name: str) -> tuple[Points, Labels]:
    """The four rows 00, 01, 10, 11 of a logic gate and what it answers.

    >>> X, y = gates("and")
    >>> X.tolist(), y.tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 0, 0, 1])
    """
    if name not in _GATES:
        raise ValueError(f"no gate {name!r}: write one of {', '.join(map(repr, _GATES))}")
    return np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array(_GATES[name], dtype=np.int64)


def xor() -> tuple[Points, Labels]:
    """The gate that no single threshold unit can learn: 1 when exactly one input is 1.

    >>> xor()[1].tolist()
    [0, 1, 1, 0]
    """
    return gates("xor")


def spreadsheet() -> tuple[Points, Points, list[Points]]:
    """The one sample of the spreadsheet network (inputs, targets) and its eight starting weights, one matrix per layer.

    >>> X, targets, weights = spreadsheet()
    >>> X.tolist(), targets.tolist()
    ([[0.05, 0.1]], [[0.01, 0.99]])
    >>> weights[0].tolist()
    [[0.15, 0.2], [0.25, 0.3]]

    Row i of a matrix holds the weights into unit i: w1 and w2 go into h1. The network is 2-2-2, all sigmoid, no biases;
    inputs, targets and weights are those of Mazur's step-by-step backpropagation example.
    """
    weights = [np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])]
    return np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]]), weights


@keywords(argument_hints.SET_OF_POINTS, "nn.data.train_test_split(X, y, test_size=0.25)")
def train_test_split(
    X: ArrayLike, y: ArrayLike, test_size: float = 0.25, seed: int = 0
) -> tuple[NDArray[np.generic], NDArray[np.generic], NDArray[np.generic], NDArray[np.generic]]:
    """X_train, X_test, y_train, y_test: the rows shuffled by `seed`, the share `test_size` of them kept for the test.

    >>> X_train, X_test, y_train, y_test = train_test_split(*circles(100), test_size=0.2)
    >>> len(X_train), len(X_test)
    (80, 20)

    The same rows as scikit-learn's function of that name (it calls the seed `random_state`); the test part is rounded up.
    """
    X, y = _pair(X, y)
    held_out = math.ceil(test_size * len(X)) if 0.0 < test_size < 1.0 else 0
    if not 0 < held_out < len(X):
        raise ValueError(
            f"test_size={test_size!r} of {len(X)} rows leaves no row on one side: write a share between 0 and 1, such as 0.25"
        )
    order = stream(seed).permutation(len(X))
    test, train = order[:held_out], order[held_out:]
    return X[train], X[test], y[train], y[test]


def minibatches(
    X: ArrayLike, y: ArrayLike, size: int, seed: int | np.random.RandomState | None = None
) -> Iterator[tuple[NDArray[np.generic], NDArray[np.generic]]]:
    """One epoch: every row exactly once, in a new order, `size` rows at a time (the last batch may be smaller).

    >>> [len(rows) for rows, labels in minibatches(*circles(100), size=32)]
    [32, 32, 32, 4]

    Every call shuffles anew, by Python's `random`, so that `random.seed` repeats a run; a seed gives the same order every time.
    """
    X, y = _pair(X, y)
    if size < 1:
        raise ValueError(f"size={size!r}: a batch needs at least 1 row")
    seed = random.getrandbits(32) if seed is None else seed
    order = (seed if isinstance(seed, np.random.RandomState) else stream(seed)).permutation(len(X))
    return ((X[order[start : start + size]], y[order[start : start + size]]) for start in range(0, len(X), size))


def _count(n: int) -> int:
    """`n` if it is a number of points two classes can share; sizes below 2 leave a class empty."""
    if n < 2:
        raise ValueError(f"n={n!r}: two classes need at least 2 points")
    return n


def _shuffled(x: Points, y: Points, labels: NDArray[np.int64], noise: float, seed: int) -> tuple[Points, Labels]:
    """Rows in scikit-learn's order: the shuffle draws from the stream first, then the noise."""
    if not 0.0 <= noise < math.inf:
        raise ValueError(f"noise={noise!r}: a standard deviation is a finite number, 0 or more")
    drawn = stream(seed)
    order = np.arange(len(labels))
    drawn.shuffle(order)
    points = np.column_stack([x, y])[order]
    if noise:
        points += drawn.normal(scale=noise, size=points.shape)
    return points, labels[order]


def _pair(X: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    X, y = np.asarray(as_array(X)), np.asarray(as_array(y))
    if X.ndim == 0 or y.ndim == 0 or len(X) != len(y) or len(X) == 0:
        raise ValueError(
            f"X of shape {X.shape} and y of shape {y.shape}: each row of X needs exactly one entry of y, and at least 1 row"
        )
    return X, y


if not TYPE_CHECKING:

    def __getattr__(name):
        own = [known for known, thing in globals().items() if getattr(thing, "__module__", None) == __name__]
        write = {f"make_{known}": f"nn.data.{known}" for known in own}
        raise hints.missing_name("module 'microgradx.nn.data'", name, write, own)
