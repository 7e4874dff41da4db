"""How often derivative checkers are wrong: right gradients rejected and wrong ones passed, with mpmath as the judge.

Run `python tests/benchmarks/checkers.py [number of random expressions]`; needs the extras test and bench. The fixed differences
follow the rules of torch.autograd.gradcheck (eps 1e-6, atol 1e-5, rtol 1e-3) and jax.test_util.check_grads (eps 1e-4, atol
and rtol 1e-5); scipy's check_grad gives a number, compared here with 1e-6; numdifftools is believed to 10 times its estimate.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from derivative_cases import STRESS, judged, ordinary, randomly

from microgradx.testing import Numeric, derivative_of

ERRORS = (("x2", 2.0), ("sign", -1.0), ("1e-2", 1.01), ("1e-4", 1.0001), ("1e-6", 1.0 + 1e-6))
Check = Callable[[Callable[[float], Any], float], Callable[[float], bool]]


@dataclass
class Score:
    """What one checker did on one set."""

    alarms: int = 0
    missed: dict[str, int] = field(default_factory=lambda: {name: 0 for name, _ in ERRORS})
    silent: int = 0
    seconds: list[float] = field(default_factory=list)


def safe(f: Callable[[float], Any]) -> Callable[[float], float]:
    """f with nan where it raises, as array code has it."""

    def quiet(x: Any) -> float:
        try:
            value = f(float(np.ravel(x)[0]))
        except (ValueError, ArithmeticError):
            return math.nan
        return math.nan if isinstance(value, complex) else float(value)

    return quiet


def fixed(step: float, absolute: float, relative: float) -> Check:
    """A central difference over a fixed step, with a fixed tolerance."""

    def check(f: Callable[[float], Any], x: float) -> Callable[[float], bool]:
        g = safe(f)
        slope = (g(x + step) - g(x - step)) / (2.0 * step)
        return lambda coded: abs(coded - slope) <= absolute + relative * abs(slope)

    return check


def scipy_check(f: Callable[[float], Any], x: float) -> Callable[[float], bool]:
    """scipy.optimize.check_grad against 1e-6, which is what its own documentation compares with in spirit."""
    from scipy.optimize import check_grad

    return lambda coded: bool(check_grad(safe(f), lambda _: np.array([coded]), np.array([x])) < 1e-6)


def numdifftools_check(f: Callable[[float], Any], x: float) -> Callable[[float], bool]:
    """numdifftools.Derivative, believed to ten times its own error estimate."""
    import numdifftools

    found = numdifftools.Derivative(np.vectorize(safe(f)), full_output=True)(x)
    slope, estimate = float(np.ravel(found.estimate)[0]), float(np.ravel(found.error_estimate)[0])
    return lambda coded: abs(coded - slope) <= 10.0 * estimate


def ours(f: Callable[[float], Any], x: float) -> Numeric:
    """This package's."""
    return derivative_of(f)(x)


def main(count: int) -> None:
    """Print one table per set."""
    rivals: dict[str, Check] = {
        "torch's rule": fixed(1e-6, 1e-5, 1e-3),
        "JAX's rule": fixed(1e-4, 1e-5, 1e-5),
        "scipy check_grad": scipy_check,
        "numdifftools": numdifftools_check,
    }
    np.seterr(all="ignore")
    warnings.simplefilter("ignore")
    for title, cases in (("ordinary", ordinary()), ("stress", STRESS), ("random", randomly(count))):
        known = list(judged(cases))
        print(f"\n{title}: {len(known)} derivatives known from mpmath")
        print(f"  {'':18}{'false alarms':>14}" + "".join(f"{'missed ' + name:>14}" for name, _ in ERRORS) + f"{'median ms':>11}")
        print_ours(known)
        for name, check in rivals.items():
            shown(name, scored(check, known), len(known))


def scored(check: Check, known: list[tuple[Any, float, float]]) -> Score:
    """The score of one checker; wrong gradients are tried only where the true one is not 0."""
    score = Score()
    for f, x, true in known:
        start = time.perf_counter()
        try:
            accepts = check(f, x)
            score.alarms += not accepts(true)
        except (ValueError, ArithmeticError, IndexError):
            score.alarms += 1
            continue
        finally:
            score.seconds.append(time.perf_counter() - start)
        for name, factor in ERRORS:
            score.missed[name] += true != 0.0 and accepts(true * factor)
    return score


def print_ours(known: list[tuple[Any, float, float]]) -> None:
    """Our row: misses are split into silent ones and those announced as weak or undecided."""
    score, measured = Score(), []
    for f, x, true in known:
        start = time.perf_counter()
        found = ours(f, x)
        score.seconds.append(time.perf_counter() - start)
        measured.append(found)
        undecided = found.verdict == "unresolved"
        score.alarms += not undecided and found != true
        for name, factor in ERRORS:
            passed = true != 0.0 and found == true * factor
            score.missed[name] += passed
            score.silent += passed and not found.weak(true * factor)
    shown("microgradx", score, len(known))
    resolved = [(m, true) for m, (_, _, true) in zip(measured, known, strict=True) if m.verdict != "unresolved"]
    covered = sum(abs(m.value - true) <= m.bound + 2.0**-52 * abs(true) for m, true in resolved)
    weak = sum(m.weak(true) for m, true in resolved)
    print(
        f"  {'':18}bound covers the true error in {covered} of {len(resolved)}; announced: {weak} weak, "
        f"{len(known) - len(resolved)} undecided; passed without a word: {score.silent}; "
        f"evaluations: median {statistics.median(m.evaluations for m in measured):.0f}"
    )


def shown(name: str, score: Score, count: int) -> None:
    """One row, in percent of the set."""
    cells = [f"{100.0 * n / count:.2f} %" for n in (score.alarms, *score.missed.values())]
    print(f"  {name:18}" + "".join(f"{cell:>14}" for cell in cells) + f"{1e3 * statistics.median(score.seconds):>11.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
