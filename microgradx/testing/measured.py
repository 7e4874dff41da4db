"""The derivative of any float function, measured: a value, a bound that holds, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from .differences import SMALLEST_FLOAT, Climb, Line, power_of_two
from .first_step import flatland, foothold, refined, walked
from .verdicts import Shape, Verdict

COMPARISON_WATCHERS: list[Callable[[Numeric, float], None]] = []
"""Called with every measured derivative that was found equal to a number, and that number: the pytest plugin counts them."""


@dataclass(frozen=True, eq=False)
class Numeric:
    """A measured derivative: the true one lies within `bound` of `value`, unless the verdict says why there is none.

    `verdict` is smooth, one-sided (x is at the edge of the domain), kink or jump (then `left` and `right` are the slopes
    on either side), vertical (the slope grows without limit) or unresolved (`note` says why). A plain
    number compares equal if it can be the derivative, so a test reads as it does with `pytest.approx`.
    """

    value: float
    bound: float
    left: float
    right: float
    verdict: Shape
    evaluations: int
    rtol: float = 1e-6
    note: str = ""
    at: float = math.nan
    oracle: str = "ladder"

    def tolerance(self) -> float:
        """How far a right answer may lie from `value`: what is off by `rtol` or more is outside, if `bound` allows."""
        return max(self.bound, 0.9 * self.rtol * abs(self.value) - self.bound)

    @property
    def bent(self) -> bool:
        """Whether f has two slopes here instead of one."""
        return self.verdict.bent

    def accepts(self, coded: float, slack: float = 0.0) -> bool:
        """Whether `coded` can be the derivative; at a kink or a jump, whether it lies between the two slopes."""
        if self.verdict is Shape.UNRESOLVED or math.isnan(coded):
            return False
        if self.verdict is Shape.VERTICAL:
            return coded == self.value
        tolerance = self.tolerance() + slack
        if self.bent:
            low, high = sorted((self.left, self.right))
            return low - tolerance <= coded <= high + tolerance
        return abs(coded - self.value) <= tolerance

    def weak(self, coded: float) -> bool:
        """Whether rounding noise hides errors of `rtol` in `coded`: then agreement means agreement to `bound` only."""
        if self.verdict is Shape.VERTICAL or coded == self.value == 0.0:
            return False
        return self.bound > 0.5 * self.rtol * max(abs(self.value), abs(self.left), abs(self.right))

    def judged(self, coded: float, slack: float = 0.0) -> Verdict:
        """What a check says about `coded`, whose own rounding may move it by `slack`."""
        if self.verdict is Shape.UNRESOLVED:
            return Verdict.UNRESOLVED
        if not self.accepts(coded, slack):
            return Verdict.WRONG
        if self.bent:
            return Verdict.KINK
        return Verdict.WEAK if self.weak(coded) else Verdict.AGREES

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Numeric) or not hasattr(other, "__float__"):
            return NotImplemented
        equal = self.accepts(float(other))
        for watch in COMPARISON_WATCHERS if equal else ():
            watch(self, float(other))
        return equal

    __hash__ = None  # type: ignore[assignment]  # equality is approximate, so no hash can be consistent with it

    def __repr__(self) -> str:
        if self.bent:
            return f"{self.verdict} with slopes {self.left:.6g} (left) and {self.right:.6g} (right)"
        if self.verdict is Shape.UNRESOLVED:
            return f"unresolved: {self.note}"
        if self.verdict is Shape.VERTICAL:
            return f"{self.value} (a vertical tangent)"
        extra = f", {self.note}" if self.note else ""
        side = "" if self.verdict is Shape.SMOOTH else f" ({self.verdict})"
        return f"{significant(self.value, self.bound)} ± {self.bound:.1e}{side}{extra}"


def significant(value: float, bound: float) -> str:
    """`value` with the digits that `bound` leaves it, one more for good measure.

    >>> significant(5.06999999999, 1.5e-9)
    '5.07'
    """
    if not 0.0 < bound < abs(value) < math.inf:
        return f"{value:.3g}"
    return f"{value:.{min(16, max(2, math.ceil(math.log10(abs(value) / bound)) + 1))}g}"


def measured_slope(line: Line, scale: float, rtol: float = 1e-6, target: float = 1e-8) -> Numeric:
    """The derivative at the start of `line`, on which offsets of about a millionth of `scale` are small."""
    if line(0.0) is None:
        return unresolved(line, rtol, line.trouble or "f is not a finite number there")
    target, first = min(target, rtol / 8.0), power_of_two(1e-6 * scale)
    best: Climb | None = None
    flagged: list[tuple[Shape, Climb]] = []
    for attempt in range(4):
        climb = foothold(line, first)
        if climb is None:
            break
        if attempt == 0:
            climb = refined(climb)
        climb.run(target, 3)
        if climb.flat():
            climb = flatland(climb, target)
        elif attempt == 0 and climb.drowned(target) and climb.shape() is Shape.SMOOTH:
            climb = walked(climb, target)
        else:
            climb.run(target)
        shape = climb.shape()
        if shape is not Shape.SMOOTH:
            flagged.append((shape, climb))
        elif best is None or climb.bound < best.bound:
            best = climb
        enough = climb.settled(max(target, 0.25 * rtol)) or climb.grain > 0.3 * climb.bound
        if (shape is Shape.SMOOTH and enough) or len(flagged) == 2:
            break
        first = climb.first / (1024.0 if shape is not Shape.KINK else climb.room_to_see())
        if first == climb.first:
            break
    return _verdict(line, best, flagged, rtol)


def _verdict(line: Line, best: Climb | None, flagged: list[tuple[Shape, Climb]], rtol: float) -> Numeric:
    """What the climbs say together: a flag counts unless a finer climb was smooth."""
    if flagged and (best is None or best.first > flagged[-1][1].first):
        shape, climb = flagged[0]
        if shape is Shape.VERTICAL:
            slope = math.copysign(math.inf, climb.inner_slope)
            return Numeric(slope, 0.0, slope, slope, shape, line.evaluations, rtol, "", line.x)
        (left, near), (right, far) = climb.beside(-1), climb.beside(+1)
        if math.isnan(left) or math.isnan(right):
            return unresolved(line, rtol, f"f has a {shape} here, and ends beside it")
        if shape is Shape.JUMP or not abs(left - right) <= 4.0 * (near + far):
            middle, bound = 0.5 * (left + right), max(near, far)
            return Numeric(middle, bound, left, right, shape, line.evaluations, rtol, "", line.x)
        best = climb
    if best is None or not math.isfinite(best.bound):
        return unresolved(line, rtol, "f can be evaluated at too few points around it")
    if best.noise > 1e-3 * line.height() + 4.0 * SMALLEST_FLOAT:
        return unresolved(line, rtol, "f jumps about even at the smallest steps: rounding noise, or too fast a wiggle")
    if best.bound > 0.1 * best.size() and best.grain < 0.3 * best.bound:
        return unresolved(line, rtol, "the slopes over smaller and smaller steps do not settle")
    verdict, slope = Shape.SMOOTH if best.side == 0 else Shape.ONE_SIDED, best.value
    return Numeric(slope, best.bound, slope, slope, verdict, line.evaluations, rtol, "", line.x)


def unresolved(line: Line, rtol: float, why: str) -> Numeric:
    """No derivative, and why."""
    nan = math.nan
    return Numeric(nan, math.inf, nan, nan, Shape.UNRESOLVED, line.evaluations, rtol, why, line.x)
