"""What a model answers to many rows, as plain numbers: recorded for one row and replayed for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import numpy as np

from ..modes import checking, no_grad
from ..replay.run.runner import GuardFailed
from ..replay.specialization import drawn
from ..structure import flat
from .losses import plain_numbers
from .replayed import Recorded
from .samples import Array, Samples, as_array

_WORTH_RECORDING = 100
"""Rows from which on a model is recorded: that takes as long as computing some fifty rows forward."""


def predict(model: Callable[..., Any], X: Any) -> Array:
    """The answers of `model` to the rows of `X`: an array with a number for each row, or a row of numbers for each.

    >>> from microgradx.nn import MLP
    >>> model = MLP(2, [3, 1], rng=0)
    >>> predict(model, [[0.0, 1.0], [1.0, 0.0]]).tolist() == [model([0.0, 1.0]).data, model([1.0, 0.0]).data]
    True

    No graph is kept. A long table is replayed by a few array instructions, to 1e-15 or so of what the model gives row by row.
    """
    X = as_array(X)
    if not isinstance(X, Iterable) or getattr(X, "shape", None) == ():
        raise TypeError(f"X={X!r} is not a table: write predict([[x1, x2], ...]), a row of inputs for each answer")
    X = X if hasattr(X, "tolist") else list(X)
    if len(X) == 0:
        raise ValueError("X has no rows: predict needs at least one")
    samples = Samples(X, np.zeros(len(X)))
    with no_grad():
        before, first = drawn(), model(samples.rows[0])
        if len(samples) >= _WORTH_RECORDING and drawn() == before and not checking():
            with suppress(Exception):  # whatever a model of your own does: call it as it is
                return _replayed(model, samples, first)
        answers = [first, *(model(row) for row in samples.rows[1:])]
    return np.array([plain_numbers(answer) for answer in answers], dtype=float)


def _replayed(model: Callable[..., Any], samples: Samples, first: Any) -> Array:
    """The answers by replay; raises where the model cannot be recorded, or answers otherwise when it is asked again."""
    recorded = Recorded(lambda x: [0.0, *flat(model(list(x)))[1]], [samples.x[0]], [])
    _, found = recorded.run([samples.x], recorded.values, np.empty(0))
    numbers = np.array(flat(first)[1], dtype=object)
    if not np.allclose(found[0], [plain_numbers(number) for number in numbers], rtol=1e-9, atol=1e-300):
        raise GuardFailed
    return found if hasattr(first, "__len__") else found[:, 0]
