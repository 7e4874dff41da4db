"""The samples that a model is trained on: rows of numbers and their targets, checked once, and taken batch by batch."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..replay.run.array_program import Array as Array
from .settings import count, stream

Places = NDArray[np.int64]


def as_array(data: Any) -> Any:
    """A table of another library, such as a DataFrame or a tensor, as an array of numpy; anything else as it is.

    Iterating a DataFrame gives the labels of its columns, which may be whole numbers: no row must be read from one in that way.
    """
    if isinstance(data, (list, tuple, np.ndarray)) or getattr(data, "shape", None) == ():
        return data
    if hasattr(type(data), "to_numpy"):
        return np.asarray(data.to_numpy())
    if hasattr(type(data), "__array__"):
        return np.asarray(data.detach() if hasattr(data, "detach") else data)
    return data


class Samples:
    """The rows of X and their targets, as lists for a model that is called and as arrays for one that is replayed.

    >>> samples = Samples([[1, 2], [3, 4]], [0, 1])
    >>> len(samples), samples.rows[1], samples.x[1].tolist(), samples.t.tolist()
    (2, [3, 4], [3.0, 4.0], [[0.0], [1.0]])

    Whole numbers stay whole in `rows`, as a row of an embedding table is looked up by one.
    """

    def __init__(self, X: Any, y: Any, names: tuple[str, str] = ("X", "y")) -> None:
        X, y = as_array(X), as_array(y)
        for name, data in zip(names, (X, y), strict=True):
            if not isinstance(data, Iterable) or isinstance(data, str) or getattr(data, "shape", None) == ():
                raise TypeError(f"{name}={data!r} is not a list or an array: each row of X needs one entry of y")
        rows = [_row(row) for row in _listed(X)]
        self.targets = _listed(y)
        if not rows or len(rows) != len(self.targets):
            raise ValueError(
                f"{names[0]} has {len(rows)} rows and {names[1]} {len(self.targets)} targets: each row needs one target, "
                "and at least 1 row"
            )
        for place, row in enumerate(rows):
            if len(row) != len(rows[0]):
                seen = f"{names[0]}[{place}] has {len(row)} numbers, {names[0]}[0] has {len(rows[0])}"
                raise ValueError(f"{seen}: every row must have the same length")
        self.x = _numbers(names[0], rows)
        self.t = _numbers(names[1], [_row(target) for target in self.targets])
        whole = all(isinstance(number, int) for number in rows[0]) and all(isinstance(n, int) for row in rows for n in row)
        self.rows: list[list[Any]] = rows if whole else self.x.tolist()

    def __len__(self) -> int:
        return len(self.rows)

    def taken(self, places: Places | None) -> tuple[list[Any], list[Any]]:
        """The rows and targets at these places; all for None."""
        if places is None:
            return self.rows, self.targets
        chosen = places.tolist()
        return [self.rows[place] for place in chosen], [self.targets[place] for place in chosen]


class Batches:
    """The places of each batch, epoch after epoch: all rows at once, or shuffled anew by one stream of random numbers."""

    def __init__(self, rows: int, size: int | None, seed: int, epochs_before: int = 0) -> None:
        self.rows, self.size, self.stream = rows, size, stream(seed)
        for _ in range(epochs_before):
            self.epoch()

    def epoch(self) -> list[Places | None]:
        """Those of the next epoch."""
        if self.size is None:
            return [None]
        order = self.stream.permutation(self.rows)
        return [order[start : start + self.size] for start in range(0, self.rows, self.size)]


def held_out(samples: Samples, validation: Any, seed: int) -> tuple[Samples, Samples | None]:
    """(to train on, to validate with): a pair of its own, a share of the rows, or nothing."""
    if validation is None:
        return samples, None
    if isinstance(validation, float):
        from .data import train_test_split

        rows, kept, targets, kept_targets = train_test_split(samples.x, samples.t, validation, seed)
        flat = not hasattr(samples.targets[0], "__len__")
        return (
            Samples(rows, targets[:, 0] if flat else targets),
            Samples(kept, kept_targets[:, 0] if flat else kept_targets),
        )
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError(
            f"validation={type(validation).__name__}: write a pair (X, y), or the share of rows to hold out, such as 0.2"
        )
    other = Samples(validation[0], validation[1], ("X of validation", "y of validation"))
    if other.x.shape[1] != samples.x.shape[1] or other.t.shape[1] != samples.t.shape[1]:
        raise ValueError(
            f"rows of {other.x.shape[1]} numbers and {other.t.shape[1]} targets in validation, and of {samples.x.shape[1]} and "
            f"{samples.t.shape[1]} to train on: give the same kind of sample"
        )
    return samples, other


def batch_size_checked(size: Any) -> int | None:
    """The number of rows in a batch, None for all."""
    return None if size is None else count("batch_size", size, "a batch needs at least 1 row; None takes all rows at once")


def _row(entry: Any) -> list[Any]:
    """The numbers of one sample; a name is one entry, not its letters."""
    return list(entry) if hasattr(entry, "__len__") and not isinstance(entry, str) else [entry]


def _listed(data: Any) -> list[Any]:
    return data.tolist() if hasattr(data, "tolist") else list(data)


def _numbers(name: str, rows: list[Any]) -> Array:
    """Rows as an array of finite floats; what is none is named."""
    try:
        found = np.array(rows, dtype=np.float64)
        if found.ndim == 2 and np.isfinite(found).all() and not any(isinstance(number, str) for number in rows[0]):
            return found
    except (TypeError, ValueError, OverflowError):
        pass
    for place, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(f"{name}[{place}] has {len(row)} numbers, {name}[0] has {len(rows[0])}: give all as many")
        for number in row:
            if isinstance(number, str):
                raise ValueError(
                    f"{name}[{place}] holds {number!r}, a name: number the classes, for example "
                    f"classes = sorted(set({name[0]})); {name[0]} = [classes.index(name) for name in {name[0]}]"
                )
            if not _is_finite(number):
                raise ValueError(
                    f"{name}[{place}] holds {number!r}: every number must be finite; leave that sample out or fill it in"
                )
    raise ValueError(f"{name} holds rows of rows: give one row of numbers for each sample")


def _is_finite(number: Any) -> bool:
    try:
        return math.isfinite(number)
    except (TypeError, OverflowError):  # not a number, or a whole one beyond every float
        return False
