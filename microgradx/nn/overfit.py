"""The first check of a new model: a handful of rows must be learned by heart, or something is wrong with it."""

from __future__ import annotations

import copy
from typing import Any

from .history import History
from .losses import Loss
from .node_by_node import Model
from .optim import Adam
from .optimizer import Optimizer
from .samples import Samples
from .settings import count
from .train import fit

LEARNED = 0.01
"""The part of the first loss below which rows count as learned."""


def overfit_one_batch(
    model: Model, X: Any, y: Any, *, loss: str | Loss, rows: int = 8, optimizer: Optimizer | None = None, epochs: int = 500
) -> History:
    """Train a copy of `model` on a few rows until it knows them by heart; the first note of the history says whether it does.

    >>> from microgradx import nn
    >>> model = nn.MLP(2, [8, 1], activation="tanh", rng=0)
    >>> nn.overfit_one_batch(model, *nn.data.moons(), loss="binary_cross_entropy").notes[0]
    '8 rows are learned: the loss fell from 0.5243 to 0.001035'

    The model itself stays as it is. Without an optimizer it is Adam with a rate of 0.02.
    """
    samples = Samples(X, y)
    step = max(1, len(samples) // count("rows", rows, "at least 1 row must be learned"))
    chosen = samples.rows[::step][:rows], samples.targets[::step][:rows]
    optimizer = Adam(lr=0.02) if optimizer is None else copy.deepcopy(optimizer)
    history = fit(copy.deepcopy(model), *chosen, loss=loss, optimizer=optimizer, epochs=epochs, progress=False)
    first, last, told = history.loss[0], history.loss[-1], f"{len(chosen[0])} row{'s' * (len(chosen[0]) > 1)}"
    if last < LEARNED * abs(first):
        history.notes.insert(0, f"{told} are learned: the loss fell from {first:.4g} to {last:.4g}")
    else:
        history.notes.insert(
            0,
            f"{told} are not learned: the loss went from {first:.4g} to {last:.4g} in {epochs} epochs; rows that differ in y "
            "only, labels in another order than X, a loss behind the wrong output or too small a model would explain it",
        )
    return history
