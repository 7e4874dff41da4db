"""f along one line, as it was evaluated: counted, remembered, and how noisy it is."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence

EPS = sys.float_info.epsilon
BEYOND_ROUNDING = 1e-9  # of f
SMALLEST_FLOAT = math.ulp(0.0)
EDGE_ERRORS = (ValueError, ArithmeticError)  # what leaving the domain looks like: math.log(-1), 1 / 0, exp(1e3)

Interval = tuple[float, float]
EVERYWHERE: Interval = (-math.inf, math.inf)


class Line:
    """f along one line, as a function of the offset from the start: counted, remembered, None off the domain."""

    def __init__(
        self, f: Callable[[float], float], x: float = 0.0, domain: Interval = EVERYWHERE, grain: float = 0.0, known: float = 0.0
    ) -> None:
        self.f, self.x, self.domain, self.evaluations = f, x, domain, 0
        self.grain = grain  # rounding noise of f that is known beforehand, at least
        self.known = known  # all of it, measured on another line through the same point; 0 if it is not known yet
        self.noise = math.inf  # the least that was measured on this one
        self.whole = True  # every result was an int
        self.trouble = ""  # what f raised last
        self.seen: dict[float, float | None] = {}

    def __call__(self, offset: float) -> float | None:
        """f at that offset, or None."""
        point = self.x + offset
        if point not in self.seen:
            self.seen[point] = self._evaluate(point) if self.domain[0] <= point <= self.domain[1] else None
        return self.seen[point]

    def _evaluate(self, point: float) -> float | None:
        self.evaluations += 1
        try:
            value = self.f(point)
        except EDGE_ERRORS as error:
            self.trouble = f"f raises {type(error).__name__} ({error})"
            return None
        if type(value) is not int:
            self.whole = False
        if isinstance(value, complex):  # Python's (-8) ** (1 / 3)
            return None
        value = float(value)
        return value if math.isfinite(value) else None

    def constant(self) -> bool:
        """Whether f is the same wherever it was seen."""
        return len(set(self.seen.values()) - {None}) == 1

    def first_change(self) -> tuple[float, float]:
        """How far away f was first seen to be another number, and by how much; (inf, 0) if it was not."""
        here = self.seen.get(self.x)
        changed = [(abs(p - self.x), abs(v - here)) for p, v in self.seen.items() if None not in (v, here) and v != here]  # type: ignore[operator]  # None was looked for
        return min(changed, default=(math.inf, 0.0))

    def steepest(self, noise: float, within: float = math.inf) -> float:
        """The steepest slope from the start to a point seen so near, after `noise` is taken off the change of f; 0 at least."""
        here = self.seen.get(self.x) or 0.0
        near = [(abs(p - self.x), v) for p, v in self.seen.items() if v is not None and 0.0 < abs(p - self.x) <= within]
        return max((max(abs(v - here) - noise, 0.0) / distance for distance, v in near), default=0.0)

    def height(self) -> float:
        """The largest size of f seen so far."""
        return max(abs(value) for value in self.seen.values() if value is not None)

    def little(self) -> float:
        """More than the rounding of floats makes of f: noise above it has another cause, such as few digits or a solver."""
        return BEYOND_ROUNDING * self.height()

    def moved(self, offset: float) -> float:
        """The offset that was really taken, after x + offset was rounded to a float."""
        return (self.x + offset) - self.x


def noise_level(values: Sequence[float], places: Sequence[float]) -> float:
    """How far rounding moves f, from its values at six close places.

    High divided differences of a smooth function vanish there, so what remains is noise (Moré and Wild, Estimating
    Computational Noise, 2011). The places are not equally spaced: rounding errors of sums such as 1 + x would stand in line.
    """
    floor = 2.0 * EPS * max(map(abs, values)) + 4.0 * SMALLEST_FLOAT
    windows = [(0, len(values)), (0, len(values) - 1), (1, len(values))]
    spreads = [_high_difference(values[a:b], places[a:b]) for a, b in windows]
    return max(floor, 3.0 * max(spreads[0], math.hypot(*spreads[1:]) / math.sqrt(2.0)))


def _high_difference(values: Sequence[float], places: Sequence[float]) -> float:
    """The highest divided difference, in units of what independent noise of size 1 makes of it."""
    weights = [1.0 / math.prod(p - q for q in places if q is not p) for p in places]
    return abs(math.fsum(w * v for w, v in zip(weights, values, strict=True))) / math.hypot(*weights)
