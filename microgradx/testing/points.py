"""Points for property tests: a hypothesis strategy over a domain that tries its special places first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .line import Interval

NEAREST_TO_ZERO = 1e-290  # nearer to 0, a millionth of x is hardly a number
PointDomain = Interval | Sequence[Interval] | Mapping[str, Interval]


def measurable(x: float) -> bool:
    """Whether a slope can be measured at `x`: at 0 it can, at a number that is hardly one it cannot."""
    return x == 0.0 or abs(x) >= NEAREST_TO_ZERO


def points_in(domain: PointDomain) -> Any:
    """A hypothesis strategy: floats of (low, high), tuples of several such pairs, or dicts of named ones.

    >>> from hypothesis import find
    >>> find(points_in((0.5, 2.0)), lambda x: x > 1.5)
    2.0

    The edges of the domain, and 0, 1 and -1 where it contains them, come up often, and failures shrink towards them.
    """
    try:
        from hypothesis import strategies
    except ImportError:
        raise ImportError("points_in() makes a hypothesis strategy: pip install hypothesis") from None
    if isinstance(domain, Mapping):
        return strategies.fixed_dictionaries({name: points_in(pair) for name, pair in domain.items()})
    if not isinstance(domain[0], (int, float)):
        return strategies.tuples(*[points_in(pair) for pair in domain])  # type: ignore[arg-type]  # not a pair, so pairs
    low, high = map(float, domain)  # type: ignore[arg-type]  # a pair of numbers
    if not low <= high:
        raise ValueError(f"domain={domain!r} is empty: write (low, high)")
    special = [x for x in (0.0, 1.0, -1.0, low, high) if low <= x <= high]
    anywhere = strategies.floats(low, high, allow_nan=False, allow_infinity=False)
    return strategies.sampled_from(special) | anywhere.filter(measurable)
