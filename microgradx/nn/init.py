"""Where the weights start: one function per rule, each giving the weights of a layer from its fan-in, its fan-out and a stream.

A rule is called as `rule(fan_in, fan_out, stream)` and returns `fan_out` rows of `fan_in` numbers; biases start at 0.
`random.Random`, `np.random.RandomState` and `np.random.Generator` all serve as the stream. Numbers are drawn one at a time, row
by row, so a seeded legacy stream gives the same weights as `np.random.randn(fan_out, fan_in)` in a published notebook.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from .lookup import known

_Rows = list[list[float]]
Initializer = Callable[[int, int, Any], _Rows]


def zeros(fan_in: int, fan_out: int, stream: Any) -> _Rows:
    """All weights 0: every unit of a layer stays equal to its neighbours, and behind a ReLU nothing ever moves.

    >>> zeros(2, 1, None)
    [[0.0, 0.0]]
    """
    return constant(0.0)(fan_in, fan_out, stream)


def constant(value: float) -> Initializer:
    """All weights `value`: the units of a layer compute the same and get the same gradient, for ever.

    >>> constant(0.5)(2, 1, None)
    [[0.5, 0.5]]
    """
    return partial(_constant, float(value))


def uniform(low: float = -1.0, high: float = 1.0) -> Initializer:
    """Weights spread evenly between `low` and `high`, whatever the width of the layer.

    >>> import random
    >>> uniform(-1.0, 1.0)(2, 1, random.Random(1337))
    [[0.23550571390294128, 0.06653114721000164]]
    """
    return partial(_uniform, low, high)


def normal(std: float = 1.0) -> Initializer:
    """Weights from the bell curve around 0 with standard deviation `std`, whatever the width of the layer.

    >>> import numpy as np
    >>> [[round(weight, 8) for weight in row] for row in normal(10.0)(2, 1, np.random.RandomState(3))]
    [[17.88628473, 4.36509851]]
    """
    return partial(_normal, std, math.inf)


def truncated_normal(std: float | None = None, limit: float = 2.0) -> Initializer:
    """The bell curve without its tails: a draw beyond `limit` standard deviations is drawn again.

    >>> import random
    >>> rows = truncated_normal(1.0)(100, 100, random.Random(0))
    >>> max(abs(weight) for row in rows for weight in row) <= 2.0
    True

    Without `std` it is sqrt(1 / fan_in). The cut makes the spread of the weights 12 % smaller than `std`.
    """
    return partial(_normal, std, limit)


def xavier_normal(fan_in: int, fan_out: int, stream: Any) -> _Rows:
    """Standard deviation sqrt(2 / (fan_in + fan_out)), for tanh and sigmoid layers (Glorot and Bengio 2010, eq. 12)."""
    return _bell(fan_in, fan_out, stream, math.sqrt(2.0 / (fan_in + fan_out)))


def xavier_uniform(fan_in: int, fan_out: int, stream: Any) -> _Rows:
    """Evenly within +-sqrt(6 / (fan_in + fan_out)), the same spread as `xavier_normal` (Glorot and Bengio 2010, eq. 16)."""
    return _flat(fan_in, fan_out, stream, math.sqrt(2.0 / (fan_in + fan_out)))


def he_normal(fan_in: int, fan_out: int, stream: Any) -> _Rows:
    """Standard deviation sqrt(2 / fan_in), for ReLU layers, which pass half of their inputs (He et al. 2015, eq. 10)."""
    return _bell(fan_in, fan_out, stream, math.sqrt(2.0 / fan_in))


def he_uniform(fan_in: int, fan_out: int, stream: Any) -> _Rows:
    """Evenly within +-sqrt(6 / fan_in), the same spread as `he_normal`."""
    return _flat(fan_in, fan_out, stream, math.sqrt(2.0 / fan_in))


def lecun_normal(fan_in: int, fan_out: int, stream: Any) -> _Rows:
    """Standard deviation sqrt(1 / fan_in), keeping a weighted sum as large as its inputs (LeCun et al. 1998, eq. 16).

    Course notes often call this one Xavier; `xavier_fan_in` is the same rule under that name.
    """
    return _bell(fan_in, fan_out, stream, _lecun(fan_in))


def lecun_uniform(fan_in: int, fan_out: int, stream: Any) -> _Rows:
    """Evenly within +-sqrt(3 / fan_in), the same spread as `lecun_normal`."""
    return _flat(fan_in, fan_out, stream, _lecun(fan_in))


glorot_normal, glorot_uniform, xavier_fan_in = xavier_normal, xavier_uniform, lecun_normal


def starting_weights(init: Any, fan_in: int, fan_out: int, stream: Any) -> _Rows:
    """The weights of one layer, from what the user gave as `init`: a name, a rule, or the matrix itself.

    >>> starting_weights([[0.15, 0.2], [0.25, 0.3]], 2, 2, None)
    [[0.15, 0.2], [0.25, 0.3]]
    """
    if isinstance(init, str):
        init = known("init", init, INITIALIZERS, "nn.init.constant(value)")
    matrix = init(fan_in, fan_out, stream) if callable(init) else init
    rows = [[float(weight) for weight in row] for row in matrix]
    if [len(row) for row in rows] != [fan_in] * fan_out:
        shape = (len(rows), *sorted({len(row) for row in rows}))
        raise ValueError(
            f"init gave weights of shape {shape} to a layer of {fan_out} units with {fan_in} inputs: it needs shape "
            f"{(fan_out, fan_in)}, a row for each unit"
        )
    for i, row in enumerate(rows):
        for j, weight in enumerate(row):
            if not math.isfinite(weight):
                raise ValueError(f"init gave {weight!r} as weight {j} of unit {i}: a weight must be a finite number")
    return rows


def per_layer(init: Any, layers: int) -> list[Any]:
    """What each layer starts from: a name or a rule serves them all, a list holds one matrix for each."""
    if isinstance(init, str) or callable(init):
        return [init] * layers
    if not hasattr(init, "__len__"):
        raise TypeError(f"init={init!r} is not a name, a rule or a list of matrices: write init='he' or nn.init.constant(0.5)")
    if len(init) != layers:
        raise ValueError(f"init holds {len(init)} matrices for a network of {layers} layers: give one matrix per layer")
    return list(init)


def _rows(fan_in: int, fan_out: int, draw: Callable[[], float]) -> _Rows:
    return [[draw() for _ in range(fan_in)] for _ in range(fan_out)]


def _constant(value: float, fan_in: int, fan_out: int, stream: Any) -> _Rows:
    return _rows(fan_in, fan_out, lambda: value)


def _uniform(low: float, high: float, fan_in: int, fan_out: int, stream: Any) -> _Rows:
    return _rows(fan_in, fan_out, lambda: float(stream.uniform(low, high)))


def _normal(std: float | None, limit: float, fan_in: int, fan_out: int, stream: Any) -> _Rows:
    return _bell(fan_in, fan_out, stream, _lecun(fan_in) if std is None else std, limit)


def _lecun(fan_in: int) -> float:
    return math.sqrt(1.0 / fan_in)


def _flat(fan_in: int, fan_out: int, stream: Any, std: float) -> _Rows:
    """Evenly spread with standard deviation `std`: the half width of such a range is sqrt(3) * std."""
    return uniform(-math.sqrt(3.0) * std, math.sqrt(3.0) * std)(fan_in, fan_out, stream)


def _bell(fan_in: int, fan_out: int, stream: Any, std: float, limit: float = math.inf) -> _Rows:
    def draw() -> float:
        while True:
            value = stream.standard_normal() if hasattr(stream, "standard_normal") else stream.gauss(0.0, 1.0)
            if abs(value) <= limit:
                return float(value) * std

    if not limit > 0.0:
        raise ValueError(f"limit={limit!r}: no draw lies within it; write a number of standard deviations above 0")
    return _rows(fan_in, fan_out, draw)


INITIALIZERS: dict[str, Initializer] = {
    "zeros": zeros,
    "uniform": uniform(),
    "normal": normal(),
    "truncated_normal": truncated_normal(),
    "xavier": xavier_normal,
    "xavier_normal": xavier_normal,
    "xavier_uniform": xavier_uniform,
    "xavier_fan_in": xavier_fan_in,
    "glorot": glorot_normal,
    "glorot_normal": glorot_normal,
    "glorot_uniform": glorot_uniform,
    "he": he_normal,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "lecun": lecun_normal,
    "lecun_normal": lecun_normal,
    "lecun_uniform": lecun_uniform,
}
"""The rules `init=` knows by name; the ones with a number to choose are also functions: `init=nn.init.normal(0.01)`."""
