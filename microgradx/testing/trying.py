"""How the two functions of a pair are called: with numbers, whole numbers, arrays; and at which points both are defined."""

from __future__ import annotations

import inspect
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .c_functions import of_numbers
from .check_gradient import check_gradient
from .pairs import Pair
from .parameters import parameter_names
from .report import DerivativeError, Partial, Report
from .verdicts import Verdict

RANGES = ((0.2, 0.8), (1.1, 3.0), (-2.0, 2.0), (4.0, 15.0))  # where points are drawn, one after the other
CALL_FORMS = ("numbers", "all by all", "whole numbers first", "arrays of one", "one array")
"""How the functions of a pair may like to be called; "all by all" is a derivative by all of several numbers."""

MOST_ARGUMENTS, LENGTH = 4, 3
ACCURACY = 1e-8  # of f: values that come from quadrature or a series have about so many digits, and smooth errors in the others
DRAWS_FOR_EACH = 4  # points tried for each that is judged


@dataclass
class Trying:
    """One point, and the form in which a pair is called with it."""

    form: str
    point: list[float]

    @property
    def whole(self) -> bool:
        """Whether the derivative is by all numbers of the point at once."""
        return self.form in ("one array", "all by all")

    @property
    def slots(self) -> range:
        """Which arguments a derivative may be by."""
        return range(1) if self.whole else range(len(self.point))

    def at(self, slot: int) -> Any:
        """What the derivative is by: a number of the point, or all."""
        import numpy

        return numpy.array(self.point) if self.form == "one array" else self.point if self.whole else self.point[slot]

    def arguments(self, slot: int, x: Any) -> list[Any]:
        """What the functions are called with, with `x` in place of the argument that the derivative is by."""
        import numpy

        if self.whole:
            return [numpy.asarray(x)] if self.form == "one array" else list(x)
        numbers: list[Any] = list(self.point)
        if self.form == "whole numbers first":
            numbers = [*map(_small, numbers[:-1]), numbers[-1]]
        numbers[slot] = x
        return [numpy.array([y]) for y in numbers] if self.form == "arrays of one" else numbers

    def fits(self, pair: Pair) -> bool:
        """Whether both functions give finite numbers: one, and one for each input."""
        import numpy

        last = len(self.slots) - 1
        try:
            value, slope = (numpy.asarray(f(*self.arguments(last, self.at(last)))) for f in (pair.f, pair.derivative))
            if value.dtype.kind not in "fiu" or slope.dtype.kind not in "fiu":
                return False
        except Exception:  # whatever a foreign function does with numbers it was not meant for
            return False
        wanted = len(self.point) if self.whole else 1
        return value.size == 1 and slope.size == wanted and bool(numpy.isfinite(value).all() and numpy.isfinite(slope).all())

    def judged(self, pair: Pair, slot: int, rtol: float) -> Report | None:
        """The report on the derivative by one argument, or by all; None if it cannot be measured."""
        if self.form == "whole numbers first" and slot < len(self.point) - 1:
            return None
        try:
            return check_gradient(
                lambda x: pair.f(*self.arguments(slot, x)), self.at(slot),
                lambda x: pair.derivative(*self.arguments(slot, x)), rtol=rtol,
            )  # fmt: skip
        except DerivativeError as error:
            wrong = [row for row in error.report.rows if row.verdict is Verdict.WRONG and self._felt(pair, slot, row)]
            return error.report if any(row.numeric.value for row in wrong) else None  # f is clipped, so it is not its domain
        except Exception:  # a function that answers otherwise when asked at the points beside
            return None

    def _felt(self, pair: Pair, slot: int, row: Partial) -> bool:
        """Whether what a derivative is off by changes more than the last digits that a library's function has right."""
        import numpy

        height = float(numpy.abs(numpy.ravel(pair.f(*self.arguments(slot, self.at(slot))))).max())
        return not abs(row.coded - row.numeric.value) * max(1.0, abs(row.point)) <= ACCURACY * height

    def written(self, slot: int) -> tuple[str, str]:
        """The point as code, and the arguments as code with x in the place of the one that is moved."""
        if self.whole:
            return (f"numpy.array({self.point!r})", "x") if self.form == "one array" else (repr(self.point), "*x")
        whole = self.form == "whole numbers first"
        texts = list(map(repr, self.arguments(slot, self.point[slot]) if whole else self.point))
        texts[slot] = "x"
        form = "numpy.array([{}])" if self.form == "arrays of one" else "{}"
        return repr(self.point[slot]), ", ".join(map(form.format, texts))


def _small(x: float) -> int:
    return 1 + int(abs(x)) % 3


def trials_of(pair: Pair, samples: int, rng: random.Random) -> list[Trying]:
    """Points at which both functions give finite numbers, in the first form in which they can be called."""
    known = _arity(pair)
    for count in [known] if known else range(1, MOST_ARGUMENTS + 1):
        for form in CALL_FORMS:
            trials: list[Trying] = []
            for k in range(samples * DRAWS_FOR_EACH):
                low, high = RANGES[k % len(RANGES)]
                trial = Trying(form, [round(rng.uniform(low, high), 3) for _ in range(LENGTH if form == "one array" else count)])
                if trial.fits(pair):
                    trials.append(trial)
                if len(trials) == samples:
                    break
            if len(trials) >= min(2, samples):
                return trials
    return []


def _arity(pair: Pair) -> int:
    """How many arguments f needs; 0 if that cannot be told."""
    if of_numbers(pair.f):
        return len(pair.f.argtypes)  # type: ignore[attr-defined]  # a C function has them
    if (nin := getattr(pair.f, "nin", 0)) and isinstance(nin, int):
        return nin
    with suppress(TypeError, ValueError):
        found = inspect.signature(pair.f).parameters.values()
        needed = [p for p in found if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        return len(needed) + pair.more
    return len(parameter_names(pair.f) or ()) + pair.more


def why_not(pair: Pair) -> str:
    """Why a pair could not be judged at any point that was tried: what happens where it is called with numbers."""
    point = [0.5 + 0.1 * k for k in range(_arity(pair) or 1)]
    shown = ", ".join(f"{x:.1f}" for x in point)
    results = []
    for text, f in ((pair.text, pair.f), (pair.derivative_text, pair.derivative)):
        try:
            results.append(f(*point))
        except Exception as error:  # whatever a foreign function does with numbers it was not meant for
            return f"{text}({shown}) raises {type(error).__name__}: {error}"
    import numpy

    sizes = [numpy.size(result) for result in results]
    if sizes[0] != 1 or sizes[1] not in (1, len(point)):
        return f"{pair.text}({shown}) gives {sizes[0]} number(s), and its derivative {sizes[1]}, not 1 and {len(point)}"
    return f"both gave finite numbers at too few points, as at {shown}: {results[0]!r} and {results[1]!r}"
