"""A second opinion on a slope: polynomials fitted to scattered points of windows that widen, on both sides and on each.

The residuals of a fit that fits look like noise, and then they are the noise of f at that width, whatever it comes from: rounding
of numbers inside f that are larger than f, float32, a solver's tolerance, printed digits. Nothing about it is assumed.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from typing import Any

from .differences import power_of_two
from .line import EPS, SMALLEST_FLOAT, Line
from .stairs import NO_STAIRS, Stairs, staircase, stairs

SCATTERED = 20  # points on each side in each window
WIDENING = 8.0  # each window is so many times as wide as the one before
NARROWEST_WINDOW, WIDEST_WINDOW = 2.0**-23, 0.25  # of the scale of the line, and of the larger of that and 1
DEGREES = (3, 5, 7)
WHITE = 1.2  # squared steps between neighbouring residuals over squared residuals: 2 for noise, near 0 for what bends
TRUSTED = 5.0  # standard errors in a bound
LARGEST_FITTED = 1e140  # its square is a float


@dataclass(frozen=True)
class Fit:
    """The slope that one window gives, the noise of f that its residuals show, and how large f gets in it."""

    value: float
    bound: float
    noise: float
    top: float


@dataclass
class SideFits:
    """What the windows say, one after the other, about both sides (0) or one of them (-1, +1)."""

    sign: int
    fits: list[Fit] = field(default_factory=list)
    misfits: int = 0  # windows in a row that no polynomial fits
    coarse: bool = False  # f is a staircase, so few windows are wide enough
    seconded: bool = False  # narrower windows lie on one tread, and so flat a slope may be theirs

    @property
    def flat(self) -> bool:
        """Whether f is the same at all points of all windows that fit: constant, or seen on one tread of a staircase."""
        return not any(fit.value for fit in self.fits)

    @property
    def ended(self) -> bool:
        """Whether wider windows show the shape of f and no longer its slope here."""
        return self.misfits >= 2 and not self.flat

    def fits_in(self, fit: Fit | None) -> bool:
        """Whether a window fits and contradicts no narrower one, unless those saw nothing but one tread."""
        if fit is None or (self.flat and fit.value):
            return fit is not None
        return self._agree(fit)

    def _agree(self, fit: Fit) -> bool:
        return all(abs(fit.value - known.value) <= fit.bound + known.bound for known in self.fits)

    def take(self, fit: Fit | None) -> None:
        """Add a window, if it fits."""
        if fit is None or not self.fits_in(fit):
            self.misfits += 1
            return
        if self.flat and fit.value:
            self.seconded = bool(self.fits) and self._agree(fit)
            self.fits.clear()
        self.misfits = 0
        self.fits.append(fit)

    def best(self) -> Fit | None:
        """The sharpest of the windows; where only the narrowest fits, f bends within it."""
        several = len(self.fits) > 1 or self.coarse or self.seconded
        return min(self.fits, key=lambda fit: fit.bound, default=None) if several else None

    def sharp(self, target: float) -> bool:
        """Whether two windows agree and one of them is as sharp as that, relative to the slope."""
        return len(self.fits) > 1 and any(fit.bound <= target * abs(fit.value) for fit in self.fits)


@dataclass
class Opinion:
    """What all windows say: the slope on both sides together and on each, and what the steps are if f is a staircase."""

    both: Fit | None
    left: Fit | None
    right: Fit | None
    stairs: Stairs = NO_STAIRS


def opinion(line: Line, scale: float, narrowest: float = NARROWEST_WINDOW, target: float = 1e-8) -> Opinion:
    """Fit windows from narrow to wide, until one is as sharp as `target` or the shape of f shows on all sides."""
    sides = [SideFits(0), SideFits(-1), SideFits(+1)]
    width, step = power_of_two(narrowest * scale), 0.0
    widest = WIDEST_WINDOW * max(1.0, abs(line.x), scale)
    here = line(0.0) or 0.0
    while width <= widest and not (sides[0].sharp(target) or all(side.ended for side in sides)):
        known = {sign: _values(line, sign, width) for sign in (-1, 1)}
        height = staircase([*known[-1][::-1], here, *known[1]]) if known[-1] and known[1] else 0.0
        if height:
            step = height
            for side in sides:  # what a tread alone said was its flatness
                side.fits, side.coarse = [], True
        _take(sides, {side.sign: _fitted(known, side.sign, width, here, step) for side in sides}, all(known.values()))
        width *= WIDENING
    found = stairs(step, [value for value in line.seen.values() if value is not None]) if step else NO_STAIRS
    if found.meant:
        return Opinion(None, None, None)
    both, left, right = (side.best() for side in sides)
    return Opinion(both, left, right, found)


def _take(sides: list[SideFits], fits: dict[int, Fit | None], both: bool) -> None:
    """Add one window to all sides; too wide for one side of two, it is for the other: what bends there may die away here."""
    if both and not all(side.fits_in(fits[side.sign]) for side in sides if side.sign):
        fits = {**fits, -1: None, 1: None}
    for side in sides:
        if not side.ended:
            side.take(fits[side.sign])


def _values(line: Line, sign: int, width: float) -> list[float]:
    """f at the scattered points of one side, from the start outward; empty if the domain ends before."""
    found = [line(sign * width * place) for place in _places(sign)]
    return [] if None in found else found  # type: ignore[return-value]  # None was looked for


@functools.lru_cache
def _places(sign: int) -> tuple[float, ...]:
    """Scattered places between 0 and 1, no fractions of powers of two: at those, sums such as 1 + x would round alike."""
    golden = 0.6180339887498949 if sign > 0 else 0.7548776662466927
    jitter = [math.modf(golden * (k + 1))[0] for k in range(SCATTERED)]
    return tuple((k + 0.1 + 0.8 * j) / SCATTERED for k, j in enumerate(jitter))


def _fitted(known: dict[int, list[float]], sign: int, width: float, here: float, step: float) -> Fit | None:
    """The polynomial of lowest degree whose residuals look like noise, or None."""
    import numpy as np

    signs = (-1, 1) if sign == 0 else (sign,)
    if not all(known[s] for s in signs) or max(abs(value) for s in signs for value in known[s]) > LARGEST_FITTED:
        return None
    values = np.array([*(known[-1][::-1] if -1 in signs else ()), here, *(known[1] if 1 in signs else ())]) - here
    fits = [_projected(values, sign, degree) for degree in DEGREES]
    top = max(abs(here), *(abs(value) for s in signs for value in known[s]))
    if not values.any():  # on one tread all errors are the same error
        return Fit(0.0, max(4.0 * EPS * top, SMALLEST_FLOAT) / _flat_width(known, sign, width, here), 0.5 * EPS * top, top)
    floor = max(0.5 * EPS * top + SMALLEST_FLOAT, 4.0 * EPS * float(np.abs(values).max()), 0.3 * step)
    for (slope, spread, residuals), (finer, _, _), degree in zip(fits, fits[1:], DEGREES, strict=False):
        noise = float(np.sqrt(residuals @ residuals / (len(values) - degree - 1)))
        if noise > floor and np.sum(np.diff(residuals) ** 2) < WHITE * (residuals @ residuals):
            continue
        noise = max(noise, floor)
        return Fit(slope / width, (TRUSTED * noise * spread + abs(finer - slope)) / width, noise, top)
    return None


def _flat_width(known: dict[int, list[float]], sign: int, width: float, here: float) -> float:
    """How far f is flat: on the one side no farther than on the other, as a slope that dies away there may be alive here."""
    other = zip(_places(-sign), known[-sign], strict=False) if sign else ()
    return next((width * abs(place) for place, value in other if value != here), width)


def _projected(values: Any, sign: int, degree: int) -> tuple[float, float, Any]:
    """(slope at the start, how much noise of size 1 moves it, residuals), all over a width of 1."""
    matrix, inverse, row = _projection(sign, degree)
    coefficients = inverse @ values
    weights = row @ inverse
    return float(row @ coefficients), float((weights @ weights) ** 0.5), values - matrix @ coefficients


@functools.lru_cache
def _projection(sign: int, degree: int) -> tuple[Any, Any, Any]:
    """Legendre polynomials at the places of one side or both, their pseudo-inverse, and their slopes at the start."""
    import numpy as np
    from numpy.polynomial import legendre

    left, right = [-place for place in _places(-1)][::-1], list(_places(1))
    places = np.array([*(left if sign <= 0 else ()), 0.0, *(right if sign >= 0 else ())])
    stretch = 1.0 if sign == 0 else 2.0  # one side runs from -1 to 1 too
    matrix = legendre.legvander(places * stretch - sign, degree)
    row = np.array([legendre.legval(-float(sign), legendre.legder(unit)) for unit in np.eye(degree + 1)]) * stretch
    return matrix, np.linalg.pinv(matrix), row
