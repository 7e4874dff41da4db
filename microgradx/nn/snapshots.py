"""The weights of a model after each epoch of its training, to look at it as it was then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .assignment import assign
from .history import History
from .samples import Array
from .settings import count


class Snapshots:
    """A callback of `fit` that keeps the weights before training and after every so many epochs.

    >>> from microgradx import nn
    >>> X, y = nn.data.xor()
    >>> model = nn.MLP(2, [4, 1], rng=1)
    >>> kept = Snapshots(model, every=20)
    >>> history = nn.fit(model, X, y, loss="mse", optimizer=nn.Adam(lr=0.05), epochs=60, callbacks=[kept])
    >>> kept.epochs
    [-1, 19, 39, 59]
    >>> with kept.at(0):
    ...     before = model.predict(X)

    Inside `with kept.at(place)` the model has the weights it had then.
    """

    def __init__(self, model: Any, every: int = 1) -> None:
        self.model, self.every = model, count("every", every, "weights are kept after each of so many epochs")
        self.parameters = model.parameters()
        self.weights: list[Array] = [self._now()]
        self.epochs, self.losses = [-1], [float("nan")]

    def __call__(self, epoch: int, model: Any, history: History) -> None:
        """Keep the weights, if it is their turn."""
        if (epoch + 1) % self.every == 0:
            self.weights.append(self._now())
            self.epochs.append(epoch)
            self.losses.append(history.loss[-1])

    def __len__(self) -> int:
        return len(self.weights)

    @contextmanager
    def at(self, place: int) -> Iterator[Any]:
        """A block in which the model has the weights kept in this place; behind it those it had before."""
        before = self._now()
        assign(self.parameters, self.weights[place].tolist())
        try:
            yield self.model
        finally:
            assign(self.parameters, before.tolist())

    def _now(self) -> Array:
        return np.array([parameter.data for parameter in self.parameters])
