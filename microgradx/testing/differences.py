"""Slopes of a function along one line, over steps that grow outward, and what they extrapolate to.

Central differences at steps that grow by four, sharpened by Neville extrapolation. Three things make the bound honest:
the rounding noise of f is measured and not assumed; a sentinel pair of points far inside the first step shows steps that
jump over a wiggle; and every candidate must agree with all finer steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

from .line import EPS, Line, noise_level
from .verdicts import Shape

GROWTH = 4.0  # each step is four times the one before
SENTINEL = 256.0  # the sentinel lies this many times nearer than the first step
AROUND = (-2371.0 / 1024.0, -1.0, 0.0, 1.0, 1741.0 / 1024.0, 3203.0 / 1024.0)  # where the noise is measured, in sentinels
ASIDE = (0.0, 1.0, 1741.0 / 1024.0, 2899.0 / 1024.0, 4157.0 / 1024.0, 5233.0 / 1024.0)  # the same on one side only
COMBINED = 5  # an extrapolation combines at most so many steps
RUNGS = 14  # the longest climb: the last step is 4**13 times the first
LEAP = 1e3 * EPS  # a change of f smaller than this, relative, is no jump and makes no kink
SAFETY = 4.0  # the bound is this many times the change seen plus the noise carried; calibrated in tests/benchmarks


@dataclass
class Climb:
    """One walk outward from the step `first`: the slope seen at each step, and the best extrapolation so far."""

    line: Line
    first: float
    side: int  # 0: central differences; +1 or -1: on this side only
    inner_slope: float = math.nan  # the chord and the bend of the sentinel
    inner_bend: float = math.nan
    noise: float = 0.0
    steps: list[float] = field(default_factory=list)
    slopes: list[float] = field(default_factory=list)
    bends: list[float] = field(default_factory=list)
    value: float = math.nan
    bound: float = math.inf
    grain: float = math.inf  # the part of the bound that is rounding noise
    reach: float = 0.0  # the last step that the value was taken from
    assumed: float = 0.0  # the noise that its bound allows for
    row: list[float] = field(default_factory=list)
    on_a_tread: bool = False  # f is flat here and changes a little farther out: it may be rounded

    def measure_noise(self) -> bool:
        """Measure the rounding noise around the sentinel, unless it is known; False if the domain ends before."""
        if self.line.known:
            self.noise = self.line.known
            return True
        inner = self.first / SENTINEL
        places = AROUND if self.side == 0 else [self.side * place for place in ASIDE]
        values = [self.line(place * inner) for place in places]
        known = [v for v in values if v is not None]
        if len(known) == len(values):
            self.noise = max(noise_level(known, places), self.line.grain)
            self.line.noise = min(self.line.noise, self.noise)
        return len(known) == len(values)

    def slope_and_bend(self, step: float) -> tuple[float, float] | None:
        """The slope of the chord over `step`, and by how much the two sides of it differ; None off the domain."""
        line, here = self.line, self.line(0.0)
        ahead = line(step) if self.side >= 0 else here
        behind = line(-step) if self.side <= 0 else here
        if ahead is None or behind is None or here is None:
            return None
        forward = line.moved(step) if self.side >= 0 else 0.0
        backward = -line.moved(-step) if self.side <= 0 else 0.0
        if forward + backward <= 0.0:
            return None
        bend = (ahead - here) / forward - (here - behind) / backward if self.side == 0 and forward and backward else 0.0
        return (ahead - behind) / (forward + backward), bend

    def step_noise(self, step: float) -> float:
        """How far rounding noise of f moves the slope over `step`."""
        return (1.0 if self.side == 0 else 2.0) * self.noise / step

    def sentinel(self) -> bool:
        """Take the chord far inside the first step, which no extrapolation uses and all must agree with."""
        found = self.slope_and_bend(self.first / SENTINEL)
        if found is None:
            return False
        self.inner_slope, self.inner_bend = found
        return True

    def rung(self, step: float) -> bool:
        """Add one step to the climb and extrapolate; False if the domain ends before it."""
        found = self.slope_and_bend(step)
        if found is None:
            return False
        slope, bend = found
        values = (abs(self.line(s) or 0.0) for s in (step, -step))
        self.noise = max(self.noise, 2.0 * EPS * max(values))
        self.steps.append(step)
        self.slopes.append(slope)
        self.bends.append(bend)
        self._extrapolate()
        return True

    def _extrapolate(self) -> None:
        """Neville's table, one row per step, in powers of h (one-sided) or h squared (central)."""
        order = 2 if self.side == 0 else 1
        old, self.row = self.row, [self.slopes[-1]]
        for depth in range(1, min(len(self.steps), COMBINED)):
            ratio = (self.steps[-1] / self.steps[-1 - depth]) ** order
            finer, coarser = old[depth - 1], self.row[depth - 1]
            self.row.append(finer + (finer - coarser) / (ratio - 1.0))
            change = max(abs(self.row[depth] - finer), abs(self.row[depth] - old[depth]) if depth < len(old) else 0.0)
            change += 0.01 * abs(self.row[depth] - coarser)
            grain = 1.5 * self.step_noise(self.steps[-1 - depth])
            bound = max(SAFETY * (change + grain), self._disagreement(self.row[depth], len(self.steps) - 1 - depth))
            if bound < self.bound:
                self.value, self.bound, self.grain = self.row[depth], bound, SAFETY * grain
                self.reach, self.assumed = self.steps[-1], self.noise

    def _disagreement(self, value: float, used_from: int) -> float:
        """By how much `value` contradicts the finer chords that it does not use: 0 if it fits them all."""
        drift = 1.5 * abs(self.inner_slope - self.slopes[0]) / (SENTINEL - 1.0)
        worst = abs(value - self.inner_slope) - SAFETY * self.step_noise(self.first / SENTINEL) - drift
        for k in range(used_from):
            drift = 0.5 * abs(value - self.slopes[k + 1])  # a finer chord of a smooth function is much nearer
            worst = max(worst, abs(value - self.slopes[k]) - SAFETY * self.step_noise(self.steps[k]) - drift)
        return max(0.0, worst)

    def run(self, target: float, rungs: int = RUNGS) -> None:
        """Climb until the bound is within `target` of the value, the domain ends, or going on makes it worse."""
        worse = 0
        for k in range(len(self.steps), rungs):
            before = self.bound
            if not self.rung(self.first * GROWTH**k):
                return
            worse = worse + 1 if self.bound == before else 0
            size = self.size() if abs(self.value) <= self.bound else abs(self.value)
            if k >= 2 and (self.bound <= target * size or worse >= 3 or self.flat()):
                return

    def settled(self, target: float) -> bool:
        """Whether the bound meets `target`."""
        return self.bound <= target * abs(self.value)

    def drowned(self, target: float) -> bool:
        """Whether rounding noise hides the slope by more than the outer steps can win back."""
        size = max((abs(seen[0]) for seen in (self.slopes, self.bends) if seen), default=math.inf)
        return self.step_noise(self.first) > 1e3 * target * size

    def flat(self) -> bool:
        """Whether f is the same at every point seen."""
        return len(self.steps) >= 3 and not any(self.slopes) and not any(self.bends)

    def shape(self) -> Shape:
        """What f looks like here, judged on the first three steps: smooth, a kink, a jump or vertical."""
        if len(self.steps) < 3:
            return Shape.SMOOTH
        here = LEAP * abs(self.line(0.0) or 0.0)
        for sizes in (self.slopes, self.bends):
            leaps = [size * step for size, step in zip(sizes[:3], self.steps, strict=False)]
            leaps.append((self.inner_slope if sizes is self.slopes else self.inner_bend) * self.first / SENTINEL)
            if abs(leaps[0]) > here and all(abs(leap - leaps[0]) <= 0.1 * abs(leaps[0]) for leap in leaps):
                return Shape.JUMP
        slopes, bends = [abs(slope) for slope in self.slopes], [abs(bend) for bend in self.bends]
        if bends[0] > self.hidden() and bends[0] >= 0.6 * bends[1] >= 0.36 * bends[2]:
            return Shape.KINK
        if min(slopes[:3]) > 0.0 and slopes[0] > self.hidden():
            near, far = (math.log(a / b, GROWTH) for a, b in pairwise(slopes[:3]))
            if 0.15 < near < 0.95 and abs(near - far) < 0.02:
                return Shape.VERTICAL
        return Shape.SMOOTH

    def hidden(self) -> float:
        """The largest difference between the slopes of the two sides that may be rounding noise at the first step."""
        return max(12.0 * self.step_noise(self.first), LEAP * abs(self.line(0.0) or 0.0) / self.first)

    def room_to_see(self) -> float:
        """How many times nearer a kink found here could be looked at before noise hides it: a power of two up to 1024."""
        return min(1024.0, power_of_two(max(1.0, 0.5 * abs(self.bends[0]) / self.hidden())))

    def pointed(self) -> bool:
        """Whether the two sides differ by the same slope at the sentinel and at the first three steps."""
        seen = [self.inner_bend, *self.bends[:3]]
        return len(seen) == 4 and seen[0] != 0.0 and all(abs(bend - seen[0]) <= 0.01 * abs(seen[0]) for bend in seen)

    def bends_at_once(self) -> bool:
        """Whether the slope goes wrong in proportion to the step, not to its square: the second derivative jumps here."""
        changes = [abs(b - a) for a, b in pairwise(self.slopes)] if self.side == 0 else []
        for change, step, (near, far) in zip(changes, self.steps, pairwise(changes), strict=False):
            if change > 16.0 * self.step_noise(step):
                return 2.0 * near < far < 8.0 * near
        return False

    def turn(self, distance: float) -> float:
        """By how much the slope changes over `distance` if the second derivative stays, at most; 0 if that is infinite."""
        seen = zip(self.bends, self.steps, strict=True)
        quiet = min(self.noise, self.line.noise)
        turns = ((abs(bend) + 4.0 * quiet / step) * (distance / step) for bend, step in seen)
        return min(filter(math.isfinite, turns), default=0.0)

    def size(self) -> float:
        """The size of the slopes around here, against which a derivative of zero is judged."""
        return max(abs(self.value), abs(self.slopes[0]), abs(self.bends[0]))

    def beside(self, sign: int) -> tuple[float, float]:
        """The slope on one side and its bound, from points that leave x out: its value may belong to neither side."""
        places = [sign * self.first * GROWTH**k for k in range(3)]
        values, moved = [self.line(place) for place in places], [self.line.moved(place) for place in places]
        if any(value is None for value in values):
            return math.nan, math.inf
        chords = [
            ((b or 0.0) - (a or 0.0)) / (q - p)
            for a, b, p, q in zip(values, values[1:], moved, moved[1:], strict=False)
        ]
        noise = 16.0 * EPS * max(abs(value or 0.0) for value in values) / self.first
        return chords[0] + (chords[0] - chords[1]) / (GROWTH - 1.0), abs(chords[0] - chords[1]) + noise


def power_of_two(step: float) -> float:
    """The power of two nearest below `step`, so that x + step is exact wherever it can be."""
    return math.ldexp(0.5, math.frexp(step)[1]) if step > 1e-290 else step
