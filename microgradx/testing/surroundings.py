"""What f does around a point: how noisy it is farther out, how steep it gets, and whether it jumps between neighbours."""

from __future__ import annotations

from itertools import pairwise

from .differences import AROUND, SENTINEL
from .line import EPS, Line, noise_level

NEARBY = 0.03  # of x: the steepest slope there is what a slope of 0 is small against
GAPS = 8  # a jump is looked for in so many gaps
FADED = 0.1  # what is left of a change over a distance that was halved again and again, if f is continuous


def noise_at(line: Line, distance: float) -> float:
    """The noise of f so far out: numbers inside f may have grown there, and their rounding with them."""
    for sign in (-1.0, 1.0):
        values = [line(sign * distance * (1.0 + place / SENTINEL**2)) for place in AROUND]
        known = [value for value in values if value is not None]
        if len(known) == len(values):
            return noise_level(known, AROUND)
    return 0.0


def steepest_beside(line: Line, scale: float, value: float, room: float, noise: float) -> float:
    """The steepest slope around, where this one may be 0."""
    if abs(value) > 4.0 * room:
        return 0.0
    for sign in (-1.0, 1.0):
        line(sign * NEARBY * scale)
    return line.steepest(4.0 * noise, NEARBY * scale)


def hides_slopes(line: Line, value: float, bound: float, noise: float) -> bool:
    """Whether noise, beyond the rounding of floats, leaves room for slopes steeper than this one and than any seen around."""
    little = line.little()
    felt = noise > little and bound * max(1.0, abs(line.x)) > little
    return felt and bound > abs(value) and bound > line.steepest(4.0 * noise)


def jumps(line: Line, size: float) -> bool:
    """Whether f changes by about `size` between neighbouring floats, in one of the gaps between points seen.

    A wiggle seen with too few points looks like noise of that size, but has none of it between neighbours.
    """
    known = sorted((p, v) for p, v in line.seen.items() if v is not None)
    gaps = sorted((q - p, p, q) for (p, a), (q, b) in pairwise(known) if abs(b - a) >= size)
    chosen = gaps[:: max(1, len(gaps) // GAPS)]
    return any(_jumps_between(line, low, high, size) for _, low, high in reversed(chosen))


def _jumps_between(line: Line, low: float, high: float, size: float) -> bool:
    """Whether the change over a gap is left when it is halved, to the side that changes more, down to neighbours."""
    while high - low > 4.0 * EPS * max(abs(low), abs(high)):
        middle = low + 0.5 * (high - low)
        ends = [line(p - line.x) for p in (low, middle, high)]
        if None in ends:
            return False
        near, far = (abs(b - a) for a, b in pairwise(ends))  # type: ignore[operator]  # None was looked for
        if max(near, far) < FADED * size:
            return False
        low, high = (low, middle) if near >= far else (middle, high)
    return True
