"""The mean and spread of many numbers, of any size: sums are taken in units of the largest, so that none overflows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from ..words.notation import number


def spread_of(numbers: Sequence[float]) -> str:
    """The mean and the standard deviation of some numbers, one number alone or many equal ones as itself.

    >>> spread_of([1.0, 3.0]), spread_of([2.0]), spread_of([2.0, 2.0])
    ('2 +- 1', '2', '2')
    """
    if not all(map(math.isfinite, numbers)):
        return f"{sum(not math.isfinite(x) for x in numbers):,} not finite"
    wide = deviation(numbers)
    return number(mean_of(numbers)) + (f" +- {wide:.2g}" if wide else "")


def scaled(numbers: Sequence[float]) -> tuple[float, list[float]]:
    """A power of two near the largest size among some numbers, and the numbers in units of it: their sums overflow nowhere."""
    largest = max(map(abs, numbers), default=0.0)
    unit = math.ldexp(1.0, math.frexp(largest)[1] - 1) if math.isfinite(largest) and largest else 1.0
    return unit, [x / unit for x in numbers]


def total_of(numbers: Sequence[float]) -> float:
    """The sum, inf where it is beyond the largest number."""
    unit, shares = scaled(numbers)
    return unit * (math.fsum(shares) if all(map(math.isfinite, shares)) else sum(shares))


def mean_of(numbers: Sequence[float]) -> float:
    """The mean, also where the sum would overflow.

    >>> mean_of([1.5e308] * 4)
    1.5e+308
    """
    unit, shares = scaled(numbers)
    return unit * (math.fsum(shares) / len(shares) if all(map(math.isfinite, shares)) else sum(shares))


def deviation(numbers: Sequence[float]) -> float:
    """The standard deviation, also where squares would overflow or underflow.

    >>> deviation([1e200, 3e200]), deviation([2e-200, 2e-200])
    (1e+200, 0.0)
    """
    unit, shares = scaled(numbers)
    return unit * statistics.pstdev(shares) if max(shares) != min(shares) else 0.0
