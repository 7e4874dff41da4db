"""Where a climb of steps should start: inside the domain, inward of what wiggles, outward of what rounding drowns."""

from __future__ import annotations

import math

from .differences import GROWTH, SAFETY, SENTINEL, Climb, power_of_two
from .line import EPS, Line
from .verdicts import Shape

STRIDE = 8.0  # from step to step on the way outward
NEAR_TREAD = 0.25  # of x: a change of f farther out is taken for a real one at once


def foothold(line: Line, first: float) -> Climb | None:
    """A climb whose first points lie in the domain: from smaller steps if need be, one-sided at a closed edge."""
    tries = [(0, 1.0)]
    if line.x in line.domain:
        tries = [(+1 if line.x == line.domain[0] else -1, 1.0)]
    elif line(first * GROWTH) is None or line(-first * GROWTH) is None:
        tries = [(0, 4096.0**-k) for k in range(1, 4)] + [(+1, 1.0), (-1, 1.0), (+1, 4096.0**-2), (-1, 4096.0**-2)]
    for side, shrink in tries:
        climb = Climb(line, power_of_two(first * shrink), side)
        if climb.slope_and_bend(climb.first * GROWTH) is not None and climb.measure_noise() and climb.sentinel():
            return climb
    return None


def refined(climb: Climb) -> Climb:
    """The climb moved inward while what looks like noise shrinks with the step: it was structure of f, not rounding."""
    for _ in range(2):
        if climb.noise <= 1e5 * EPS * max(abs(climb.line(k * climb.first / SENTINEL) or 0.0) for k in (-1, 0, 1)):
            break
        climb.run(0.0, 3)
        if climb.pointed():  # a kink looks like that at every step, down to where rounding inside f hides it
            break
        finer = foothold(climb.line, climb.first / 65536.0)
        if finer is None or finer.side != climb.side or finer.noise > climb.noise / 16.0:
            break
        climb = finer
    return climb


def walked(climb: Climb, target: float) -> Climb:
    """The climb moved outward until the slope rises above the rounding noise: from there its own steps go on."""
    first, limit = climb.first, 1e4 * max(1.0, abs(climb.line.x))
    passed: list[tuple[float, float]] = []
    while first * STRIDE < limit:
        found = climb.slope_and_bend(first)
        if found is None or 16.0 * climb.step_noise(first) < max(map(abs, found)):
            break
        passed.append((found[0], SAFETY * climb.step_noise(first)))
        first *= STRIDE
    outside = foothold(climb.line, first)
    if outside is None:
        return climb
    chosen = better(climb, outside, target)
    if chosen is outside and chosen.noise > climb.line.little():  # a wiggle that it hides nearer by would be averaged away
        chosen.grain = SAFETY * climb.step_noise(max(1.0, abs(climb.line.x)))
        chosen.bound = max(chosen.bound, chosen.grain)
    return climb if any(abs(slope - chosen.value) > room + chosen.bound for slope, room in passed) else chosen


def better(inner: Climb, outer: Climb, target: float) -> Climb:
    """The outer climb if it is smooth, sharper than the inner one and does not contradict it."""
    outer.run(target)
    fits = abs(outer.value - inner.value) <= outer.bound + inner.bound
    sharper = outer.side == inner.side and outer.bound < inner.bound
    seen = any(outer.slopes[:1]) or any(outer.bends[:1])  # where the first step sees no change, there may be a dip within it
    return outer if sharper and seen and fits and outer.shape() == Shape.SMOOTH else inner


def flatland(climb: Climb, target: float) -> Climb:
    """What a climb on which f never changes still tells: a slope of 0, or a better one from where f does change.

    The first change of f, over the distance to it, bounds the slope; it is also the grain with which f is rounded here.
    """
    line, near, limit = climb.line, climb.steps[-1], 16.0 * max(1.0, abs(climb.line.x))
    here = line(0.0) or 0.0

    def change(distance: float) -> float:
        ends = [line(side * distance) for side in (-1, 1)]
        return max(abs(end - here) if end is not None else 0.0 for end in ends)

    far = near
    while far < limit and not change(far):
        near, far = far, far * GROWTH
    while far > 1.002 * near:
        middle = math.sqrt(near) * math.sqrt(far)
        near, far = (near, middle) if change(middle) else (middle, far)
    quantum, floor = change(far), 2.0 * EPS * abs(here)
    climb.on_a_tread = quantum > 0.0 and near < NEAR_TREAD * (abs(line.x) or 1.0)
    rounded = quantum <= 1e4 * EPS * max(1.0, abs(here))  # else f is constant up to a real step
    near = min(near, 0.5 * (abs(line.x) or 1.0))  # farther out, what looks flat may be two flats with a dip between
    climb.value, climb.bound = 0.0, SAFETY * max(quantum if rounded else 0.0, floor) / near
    climb.grain = climb.bound
    outside = foothold(line, far * SENTINEL) if rounded and quantum else None
    if outside is None:
        return climb
    outside.noise = max(outside.noise, 2.0 * quantum)
    return better(climb, outside, target)
