"""The numbers that a user chooses, such as a rate, a count or a seed: checked in one place, and refused by name."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np


def real(name: str, value: Any, low: float = 0.0, hint: str = "") -> float:
    """The finite number `value`, at least `low`.

    >>> real("lr", 1)
    1.0
    """
    found = _float(name, value)
    if not low <= found < math.inf:
        raise ValueError(f"{name}={value!r}: it must be a finite number, {low:g} or more{hint}")
    return found


def positive_number(name: str, value: Any, what: str) -> float:
    """The finite number `value`, above 0; `what` says in the message what it stands for."""
    found = _float(name, value)
    if not 0.0 < found < math.inf:
        raise ValueError(f"{name}={value!r}: {what} must be a finite number above 0")
    return found


def share(name: str, value: Any) -> float:
    """The part of something that is kept from one update to the next: at least 0, below 1."""
    found = _float(name, value)
    if not 0.0 <= found < 1.0:
        raise ValueError(f"{name}={value!r}: the share kept from one update to the next must be at least 0 and below 1")
    return found


def count(name: str, value: Any, what: str) -> int:
    """The whole number `value`, at least 1; `what` says in the message what it counts."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}={value!r} is not a whole number: {what}")
    if value < 1:
        raise ValueError(f"{name}={value!r}: {what}")
    return int(value)


def stream(seed: Any) -> np.random.RandomState:
    """The random numbers of a seed.

    >>> stream(1).permutation(4).tolist()
    [3, 2, 0, 1]
    """
    try:
        return np.random.RandomState(seed)
    except (TypeError, ValueError):
        raise TypeError(f"seed={seed!r} is not a seed: write a whole number from 0 to 2**32 - 1, such as seed=1") from None


def generator(rng: Any) -> Any:
    """A source of random numbers: `rng` itself if it is one, numpy's Generator for a seed, Python's `random` for None."""
    if rng is None:
        return random
    if hasattr(rng, "uniform"):
        return rng
    if not hasattr(rng, "__index__"):
        raise TypeError(f"rng={rng!r} is neither a seed nor a generator: write rng=3 or rng=numpy.random.default_rng(3)")
    return np.random.default_rng(rng)


def _float(name: str, value: Any) -> float:
    """`value` as a float if it is a number: a string is not, nor a truth value, nor a Value, which belongs to a graph."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__") or getattr(value, "shape", ()) != ():
        raise TypeError(f"{name}={value!r} is not a number: write a plain one, such as {name}=0.1")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name}={value!r} is beyond every float") from None
