"""Runs of training for a page: the weights at some epochs of each, from the same start or with the same rule."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..history import History
from ..lookup import known
from ..losses import LOSSES, Loss, binary_cross_entropy, cross_entropy, hinge, mse, plain_numbers
from ..optim import Adam
from ..optimizer import Optimizer
from ..samples import Array, Samples
from ..snapshots import Snapshots
from ..train import fit

MOST = 60_000
"""Numbers that a page holds of all runs together: of a larger model fewer epochs are kept."""


@dataclass
class RecordedRun:
    """One run: its name, the rate it began with, the epochs that were kept and the weights there, and every loss."""

    name: str
    rate: float
    epochs: list[int]
    weights: list[Array]
    losses: list[float]


def loss_for(model: Any, samples: Samples) -> Loss:
    """The usual loss for outputs and targets of this kind."""
    width = np.atleast_1d(plain_numbers(model(samples.rows[0]))).size
    values = set(np.unique(samples.t).tolist())
    if width > 1 and samples.t.shape[1] == 1 and all(v == int(v) and 0 <= v < width for v in values):
        return cross_entropy
    if width == 1 and values <= {0.0, 1.0}:
        return binary_cross_entropy
    return hinge if width == 1 and values <= {-1.0, 1.0} else mse


def recorded_runs(
    model: Any, samples: Samples, loss: Loss, optimizer: Optimizer | None, epochs: int, against: Any
) -> list[RecordedRun]:
    """The run of a copy of `model`, and of what it is set against: another optimizer, another model, or both as a pair."""
    first = Adam(lr=0.05) if optimizer is None else optimizer
    settings: list[tuple[Any, Optimizer]] = [(model, first)]
    if against is not None:
        pair: Sequence[Any] = against if isinstance(against, tuple) else (against,)
        other = next((x for x in pair if isinstance(x, Optimizer)), first)
        start = next((x for x in pair if hasattr(x, "named_parameters")), model)
        if other is first and start is model:
            raise TypeError(f"against={against!r} is neither an optimizer nor a model: write against=nn.SGD(lr=1.0), say")
        if [name for name, _ in start.named_parameters()] != [name for name, _ in model.named_parameters()]:
            raise ValueError("against holds a model of another shape: two runs are compared for the same network")
        settings.append((start, other))
    size = len(model.parameters()) * len(settings)
    every = max(1, round(epochs / max(8, min(60, MOST // size))))
    return [_run(start, samples, loss, rule, epochs, every, start is not model) for start, rule in settings]


def _run(
    model: Any, samples: Samples, loss: Loss, optimizer: Optimizer, epochs: int, every: int, other_start: bool
) -> RecordedRun:
    model, optimizer, history = copy.deepcopy(model), copy.deepcopy(optimizer), History()
    kept = Snapshots(model, every)
    try:
        fit(model, samples.rows, samples.targets, loss=loss, optimizer=optimizer, epochs=epochs, history=history,
            callbacks=[kept], progress=False)  # fmt: skip
    except FloatingPointError:  # a rate that is too large is something to look at
        if not history.loss:
            raise
    name = f"{type(optimizer).__name__}, rate {optimizer.lr:g}{', another start' if other_start else ''}"
    return RecordedRun(name, optimizer.lr, kept.epochs, kept.weights, history.loss)


def named_loss(loss: str | Loss | None, model: Any, samples: Samples) -> Loss:
    """The loss called that, the function itself, or the usual one."""
    if loss is None:
        return loss_for(model, samples)
    return known("loss", loss, LOSSES, "a function of outputs and targets") if isinstance(loss, str) else loss
