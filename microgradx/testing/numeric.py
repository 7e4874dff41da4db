"""A measured derivative: a value, a bound that holds, what f looks like there, and how it compares with a coded one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .verdicts import Shape, Verdict

ADVICE: list[Callable[[Numeric, float], str]] = []
"""What a refused number looks like next to the measured one: `blame`, which knows, adds itself."""

WHOLE_RESULTS = "write float(...) around them if they are meant, restype = ctypes.c_double if C code gives them"
"""What to do about an f that gives ints."""

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
    noise: float = 0.0  # how far rounding moves f here
    reach: float = 0.0  # the farthest step that it was measured with
    doubt: float = 0.0  # what is no farther off is not called wrong, as another method is less sure
    constant: bool = False  # f is the same at every point around
    ledge: bool = False  # f rises by coarse steps: a slope of 0 may be meant
    beside: float = 0.0  # the steepest slope that was seen near x, where this one may be 0
    floor: float = 0.0  # slopes below it are 0: moving x by its own rounding changes them by as much
    rounding: float = 0.0  # slopes below it change f by less than its last digit
    hidden: bool = False  # noise makes the bound larger than any slope seen around: then agreement would mean nothing
    whole: bool = False  # f gives ints
    refused: float | None = field(default=None, repr=False)  # the number it was found not to equal last
    appeal: Callable[[], Numeric] | None = field(default=None, repr=False)  # measures once more, by other means

    @property
    def open_question(self) -> str:
        """Why one slope or all cannot be told from the right one, and what to do; "" where nothing stands against it."""
        if self.whole:
            return f"{self.note}: {WHOLE_RESULTS}"
        if self.hidden:
            why = f"{self.note}, and" if self.note else "f is so noisy that"
            return (
                f"{why} any slope up to {abs(self.value) + self.bound:.1g} would fit: compute f with more digits, or use a point "
                "where it is smaller or steeper"
            )
        if self.ledge:
            return (
                f"{self.note}, between which its slope is {self.value:.6g}: 0 is right if the steps are meant, as those of "
                "round(); if they come from few digits inside f, 0 is wrong"
            )
        return ""

    def tolerance(self) -> float:
        """How far a right answer may lie from `value`: what is off by `rtol` or more is outside, if `bound` allows."""
        return max(self.bound, 0.9 * self.rtol * abs(self.value) - self.bound)

    def settled(self, coded: float, slack: float = 0.0) -> Numeric:
        """This measurement if it agrees with `coded` beyond doubt, else the second opinion, asked for once.

        Before an alarm f is measured once more by other means, and so it is where a slope of 0 is claimed of an f that does
        change nearby.
        """
        doubted = self.judged(coded, slack).fails or (coded == 0.0 and not (self.constant or self.bent))
        if self.appeal is None or not doubted or not math.isfinite(coded):
            return self
        second = self.appeal()
        object.__setattr__(self, "appeal", lambda: second)
        return second

    @property
    def bent(self) -> bool:
        """Whether f has two slopes here instead of one."""
        return self.verdict.bent

    def accepts(self, coded: float, slack: float = 0.0) -> bool:
        """Whether `coded` can be the derivative; at a kink or a jump, whether it lies between the two slopes."""
        if self.verdict is Shape.VERTICAL:
            return coded == self.value
        if self.verdict is Shape.UNRESOLVED or self.hidden or not math.isfinite(coded):
            return False
        rough = self.bound > 1e-3 * abs(self.value)  # else windows have seen through the rounding
        if self.stationary(coded, max(self.floor, self.rounding) if rough else self.floor):
            return True
        tolerance = max(self.tolerance(), self.doubt) + slack
        if self.bent:
            low, high = sorted((self.left, self.right))
            return low - tolerance <= coded <= high + tolerance
        return abs(coded - self.value) <= tolerance

    def stationary(self, coded: float, floor: float) -> bool:
        """Whether both slopes are 0 but for rounding that makes slopes up to `floor`."""
        return self.verdict.has_slope and abs(coded) <= floor and abs(self.value) <= floor + self.bound

    def weak(self, coded: float) -> bool:
        """Whether rounding noise hides errors of `rtol` in `coded`: then agreement means agreement to `bound` only."""
        if self.verdict is Shape.VERTICAL:
            return False
        if self.whole:
            return True
        if coded == 0.0 and self.constant:
            return False
        if self.doubt and abs(coded - self.value) > self.tolerance():
            return True
        idle = coded == 0.0 or self.stationary(coded, self.floor)
        size = max(abs(self.value), abs(self.left), abs(self.right), self.beside if idle else 0.0)
        return self.bound > 0.5 * self.rtol * size

    def judged(self, coded: float, slack: float = 0.0) -> Verdict:
        """What a check says about `coded`, whose own rounding may move it by `slack`."""
        if self.verdict is Shape.UNRESOLVED:
            return Verdict.UNRESOLVED
        if not self.accepts(coded, slack):
            open_ = (self.ledge and coded == 0.0) or (self.hidden and replace(self, hidden=False).accepts(coded, slack))
            return Verdict.UNRESOLVED if open_ else Verdict.WRONG
        if self.bent:
            return Verdict.KINK
        return Verdict.WEAK if self.weak(coded) else Verdict.AGREES

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Numeric) or not hasattr(other, "__float__"):
            return NotImplemented
        measured = self.settled(float(other))
        equal = measured.accepts(float(other))
        object.__setattr__(self, "refused", None if equal else float(other))  # unittest shows repr() of what was not equal
        for watch in COMPARISON_WATCHERS if equal else ():
            watch(measured, float(other))
        return equal

    def check(self, coded: float) -> Numeric:
        """This measurement if it equals `coded`, else an AssertionError that says why not, which a bare assert does not.

        >>> from microgradx.testing import derivative_of
        >>> derivative_of(lambda x: x * x)(3.0).check(3.0)
        Traceback (most recent call last):
        AssertionError: 3.0 is not the derivative at 3.0
        coded:    3.0
        measured: 6 ± 7.9e-10, from 14 evaluations
        off by:   5.0e-01 relative; up to 5.4e-06 absolute would pass
        hint:     the code is half the measured value: one of two equal contributions is lost, or a factor 2 is missing
        """
        __tracebackhide__ = True
        if self != coded:
            raise AssertionError("\n".join(explained(float(coded), self)))
        return self

    __hash__ = None  # type: ignore[assignment]  # equality is approximate, so no hash can be consistent with it

    def __repr__(self) -> str:
        if self.refused is None:
            return self._written()
        return "; ".join([self._written(), *(advice(self, self.refused).partition(":")[0] for advice in ADVICE)])

    def _written(self) -> str:
        if self.bent:
            return f"{self.verdict} with slopes {self.left:.6g} (left) and {self.right:.6g} (right)"
        if self.verdict is Shape.UNRESOLVED:
            return f"unresolved: {self.note}"
        if self.verdict is Shape.VERTICAL:
            return f"{self.value} (a vertical tangent)"
        extra = f", {self.note}" * bool(self.note) + ", so noise of f hides its slope" * (self.hidden and not self.whole)
        side = "" if self.verdict is Shape.SMOOTH else f" ({self.verdict})"
        return f"{significant(self.value, self.bound)} ± {self.bound:.1e}{side}{extra}"


def explained(coded: float, measured: Numeric) -> list[str]:
    """Why a number does not equal a measured derivative, in lines: both numbers, how far apart, and what that may mean."""
    measured = replace(measured.settled(coded), refused=None)
    wrong = measured.judged(coded) is Verdict.WRONG
    lines = [
        f"{coded!r} is not the derivative at {measured.at!r}" if wrong else f"cannot tell the derivative at {measured.at!r}",
        f"coded:    {coded!r}",
        f"measured: {measured!r}, from {measured.evaluations} evaluations",
    ]
    if measured.verdict.has_slope and wrong:
        off = abs(coded - measured.value) / abs(measured.value) if measured.value else math.inf
        lines.append(f"off by:   {off:.1e} relative; up to {measured.tolerance():.1e} absolute would pass")
    return lines + [f"hint:     {text}" for advice in ADVICE if (text := advice(measured, coded))]


def significant(value: float, bound: float) -> str:
    """`value` with the digits that `bound` leaves it, one more for good measure.

    >>> significant(5.06999999999, 1.5e-9)
    '5.07'
    """
    if not 0.0 < bound < abs(value) < math.inf:
        return f"{value:.3g}"
    return f"{value:.{min(16, max(2, math.ceil(math.log10(abs(value) / bound)) + 1))}g}"
