"""The derivative of any float function, measured: by a climb of steps, and a second time by other means where that is odd."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

from .differences import SENTINEL, Climb, power_of_two
from .first_step import flatland, foothold, refined, walked
from .line import EPS, SMALLEST_FLOAT, Line
from .numeric import Numeric
from .reconsidered import reconsidered
from .surroundings import hides_slopes, steepest_beside
from .verdicts import Shape

FLOOR = 16.0 * EPS  # of x: a slope is 0 if moving x by so little changes it by as much


def measured_slope(line: Line, scale: float, rtol: float = 1e-6, target: float = 1e-8, sparing: bool = False) -> Numeric:
    """The derivative at the start of `line`, on which offsets of about a millionth of `scale` are small.

    Where f looks odd it is measured by a second method at once (if `sparing`, only where it looks like a staircase); elsewhere
    `settled` does so before an alarm.
    """
    if line(0.0) is None:
        return unresolved(line, rtol, line.trouble or "f is not a finite number there")
    quick, odd, tread = _climbed(line, scale, rtol, min(target, rtol / 8.0))
    if line.known:  # one of many lines through a point whose noise is known
        return quick
    if line.whole:
        return replace(quick, note="f gives whole numbers (int)", whole=True, hidden=not quick.constant)

    def again() -> Numeric:
        return reconsidered(quick, line, scale)

    return again() if tread or (odd and not sparing) else replace(quick, appeal=again)


def _climbed(line: Line, scale: float, rtol: float, target: float) -> tuple[Numeric, bool, bool]:
    """The derivative by climbs of steps, whether something about them is odd, and whether that is the tread of a staircase."""
    first = start = power_of_two(1e-6 * scale)
    best: Climb | None = None
    flagged: list[tuple[Shape, Climb]] = []
    odd = tread = False
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
        odd = odd or climb.first * 1e3 < start or climb.bends_at_once()
        tread = tread or climb.on_a_tread
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
    numeric = _verdict(line, scale, best, flagged, rtol)
    if best is None or numeric.verdict in (Shape.UNRESOLVED, Shape.JUMP):
        return numeric, True, tread
    return numeric, odd or _repeats(line, best.first, numeric.bent), tread


def _repeats(line: Line, first: float, bent: bool) -> bool:
    """Whether f is equal at neighbouring points of a climb from `first`, but not at all of them: it may be a staircase."""
    reach, inner = 1.1 * first, 0.9 * first / SENTINEL
    near = sorted((p, value) for p, value in line.seen.items() if inner <= abs(p - line.x) <= reach or p == line.x)
    sides = [[v for p, v in near if p <= line.x], [v for p, v in near if p >= line.x]]
    equal = [any(a == b is not None for a, b in pairwise(side)) for side in sides]
    return not line.constant() and (all(equal) if bent else any(equal))


def _verdict(line: Line, scale: float, best: Climb | None, flagged: list[tuple[Shape, Climb]], rtol: float) -> Numeric:
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
    verdict, slope, floor = Shape.SMOOTH if best.side == 0 else Shape.ONE_SIDED, best.value, FLOOR * best.turn(abs(line.x))
    return Numeric(
        slope, best.bound, slope, slope, verdict, line.evaluations, rtol, "", line.x,
        noise=best.assumed or best.noise, reach=best.reach, constant=line.constant(),
        beside=steepest_beside(line, scale, slope, max(floor, best.bound), min(best.noise, line.noise)),
        floor=floor, rounding=(EPS if best.reach <= scale else FLOOR) * abs(line(0.0) or 0.0) / max(1.0, abs(line.x)),
        hidden=hides_slopes(line, slope, best.bound, best.noise),
    )  # fmt: skip


def unresolved(line: Line, rtol: float, why: str) -> Numeric:
    """No derivative, and why."""
    nan = math.nan
    return Numeric(nan, math.inf, nan, nan, Shape.UNRESOLVED, line.evaluations, rtol, why, line.x)
