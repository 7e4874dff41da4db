"""How often derivative checkers are wrong: right gradients refused and wrong ones passed, judged by closed forms and mpmath.

Run `python tests/benchmarks/checkers.py --size 300` (the number of random expressions); needs the extras test and bench. The
rules: torch.autograd.gradcheck (eps 1e-6, atol 1e-5, rtol 1e-3), jax.test_util.check_grads (eps 1e-4, atol and rtol 1e-5),
scipy's check_grad under 1e-6 of max(1, |g|), numdifftools believed to 10 times its estimate, statsmodels' centered
approx_fprime to 1e-6, and derivcheck's assert_deriv where it is installed. Refused is what is called wrong, cannot be told or
raises; passed is what is accepted, for microgradx without being announced as weak.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from derivative_cases import STRESS, Known, cancelling, joins, joint_kinks, judged, low_precision, minima, ordinary, randomly

from microgradx.testing import DerivativeError, check_gradient, derivative_of

FAULTS: dict[str, Callable[[float], float]] = {
    "doubled": lambda g: 2.0 * g if g else 1e-3,
    "off by 1e-4": lambda g: 1.0001 * g if g else 1e-4,
    "zero": lambda g: 0.0 if g else math.nan,
    "sign": lambda g: -g if g else -1e-3,
    "infinite": lambda g: math.inf,
}
Accepts = Callable[[float], bool]
Rule = Callable[[Callable[[float], Any], float], Accepts]


@dataclass
class Score:
    """What one checker did on one class."""

    right: int = 0
    refused: int = 0
    wrong: dict[str, int] = field(default_factory=dict)
    passed: dict[str, int] = field(default_factory=dict)
    announced: int = 0  # wrong ones accepted as weak
    evaluations: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def add_wrong(self, name: str, passes: bool) -> None:
        """Count one wrong gradient."""
        self.wrong[name] = self.wrong.get(name, 0) + 1
        self.passed[name] = self.passed.get(name, 0) + passes


def quiet(f: Callable[[float], Any]) -> Callable[[Any], float]:
    """f with nan where it raises, as array code has it."""

    def of(x: Any) -> float:
        try:
            value = f(float(np.ravel(x)[0]))
        except (ValueError, ArithmeticError):
            return math.nan
        return math.nan if isinstance(value, complex) else float(value)

    return of


def fixed(step: Callable[[float], float], absolute: float, relative: float) -> Rule:
    """A central difference over a step, with a fixed tolerance."""

    def rule(f: Callable[[float], Any], x: float) -> Accepts:
        g, h = quiet(f), step(x)
        slope = (g(x + h) - g(x - h)) / (2.0 * h)
        return lambda coded: abs(coded - slope) <= absolute + relative * abs(slope)

    return rule


def scipy_rule(f: Callable[[float], Any], x: float) -> Accepts:
    """scipy.optimize.check_grad."""
    from scipy.optimize import check_grad

    return lambda coded: bool(check_grad(quiet(f), lambda _: np.array([coded]), np.array([x])) < 1e-6 * max(1.0, abs(coded)))


def numdifftools_rule(f: Callable[[float], Any], x: float) -> Accepts:
    """numdifftools.Derivative, believed to ten times its own error estimate."""
    import numdifftools

    found = numdifftools.Derivative(np.vectorize(quiet(f)), full_output=True)(x)
    slope, estimate = float(np.ravel(found.estimate)[0]), float(np.ravel(found.error_estimate)[0])
    return lambda coded: abs(coded - slope) <= 10.0 * estimate + 1e-9


def derivcheck_rule(f: Callable[[float], Any], x: float) -> Accepts:
    """derivcheck.assert_deriv with its defaults."""
    from derivcheck import assert_deriv

    g = quiet(f)

    def accepts(coded: float) -> bool:
        try:
            assert_deriv(g, lambda _: np.array(coded), np.array(x))
        except AssertionError:
            return False
        return True

    return accepts


def rivals() -> dict[str, Rule]:
    """The rules of the others, by name."""
    found: dict[str, Rule] = {
        "torch": fixed(lambda x: 1e-6, 1e-5, 1e-3),
        "JAX": fixed(lambda x: 1e-4, 1e-5, 1e-5),
        "scipy": scipy_rule,
        "numdifftools": numdifftools_rule,
        "statsmodels": fixed(lambda x: 2.0 ** (-52 / 3) * max(abs(x), 0.1), 1e-6, 1e-6),
    }
    try:
        import derivcheck  # noqa: F401  # asked for here, used in its rule
    except ImportError:
        return found
    return {**found, "derivcheck": derivcheck_rule}


def scored(rule: Rule, known: Sequence[Known]) -> Score:
    """The score of a rule that accepts or does not."""
    score, start = Score(), time.perf_counter()
    for f, x, true in known:
        score.right += 1
        try:
            accepts = rule(f, x)
            refused = not accepts(true)
        except Exception:  # a checker that raises has not passed the gradient
            score.refused += 1
            continue
        score.refused += refused
        for name, fault in FAULTS.items():
            if not math.isnan(coded := fault(true)):
                try:
                    score.add_wrong(name, bool(accepts(coded)))
                except Exception:  # nor has it passed a wrong one
                    score.add_wrong(name, False)
    score.seconds = time.perf_counter() - start
    return score


def scored_here(known: Sequence[Known]) -> Score:
    """The score of this package, which says when rounding hides an error."""
    score, start = Score(), time.perf_counter()
    for f, x, true in known:
        measured = derivative_of(f)(x)
        score.right += 1
        settled = measured.settled(true)
        score.refused += settled.judged(true).fails
        score.evaluations.append(settled.evaluations)
        for name, fault in FAULTS.items():
            if not math.isnan(coded := fault(true)):
                verdict = measured.settled(coded).judged(coded)
                score.add_wrong(name, not verdict.fails and not verdict.doubts)
                score.announced += verdict == "weak"
    score.seconds = time.perf_counter() - start
    return score


def kinks_scored(rule: Rule | None) -> Score:
    """Gradients at ties of several inputs, entry by entry for the others."""
    score = Score()
    for f, at, right, wrong in joint_kinks():
        for coded in right:
            score.right += 1
            score.refused += not passes_at_tie(rule, f, at, coded)
        for coded in wrong:
            score.add_wrong("no subgradient", passes_at_tie(rule, f, at, coded))
    return score


def passes_at_tie(rule: Rule | None, f: Callable[[Any], float], at: list[float], coded: list[float]) -> bool:
    """Whether a gradient passes: by this package, or by a rule along each input."""
    if rule is None:
        try:
            return check_gradient(f, at, coded).count("weak") == 0
        except DerivativeError:
            return False

    def along(i: int) -> Callable[[float], float]:
        return lambda x: f([*at[:i], x, *at[i + 1 :]])

    return all(rule(along(i), at[i])(slope) for i, slope in enumerate(coded))


def classes(size: int) -> Iterator[tuple[str, list[Known]]]:
    """The classes of functions, each with its points and true derivatives."""
    few = max(2, size // 60)
    yield "ordinary", list(judged(ordinary()))
    yield "stress", list(judged(STRESS))
    yield "cancelling", list(judged(cancelling(3 * few)))
    yield "float32", list(low_precision(few))
    yield "float16", list(low_precision(few, np.float16))
    yield "f''-jump", list(joins(few))
    yield "zero gradient", list(minima(few))
    yield "random", list(judged(randomly(size), faithful=True))


def main(size: int) -> None:
    """Print one table for each class."""
    np.seterr(all="ignore")
    warnings.simplefilter("ignore")
    others = rivals()
    for title, known in classes(size):
        print(f"\n{title}: {len(known)} derivatives")
        show_head([*FAULTS])
        ours = scored_here(known)
        show("microgradx", ours, [*FAULTS])
        for name, rule in others.items():
            show(name, scored(rule, known), [*FAULTS])
        median = statistics.median(ours.evaluations)
        print(f"  microgradx: median {median:.0f} evaluations; {ours.announced} wrong ones announced as weak")
    print("\njoint kinks: gradients at ties of several inputs")
    show_head(["no subgradient"])
    show("microgradx", kinks_scored(None), ["no subgradient"])
    for name, rule in others.items():
        show(name, kinks_scored(rule), ["no subgradient"])


def show_head(faults: list[str]) -> None:
    """What the columns are."""
    print(f"  {'':14}{'right refused':>14}" + "".join(f"{'passed: ' + name:>22}" for name in faults) + f"{'s':>8}")


def show(name: str, score: Score, faults: list[str]) -> None:
    """One row, in percent."""
    cells = [f"{100.0 * score.passed[k] / score.wrong[k]:.1f}" if score.wrong.get(k) else "" for k in faults]
    refused = f"{100.0 * score.refused / score.right:.1f}"
    print(f"  {name:14}{refused:>14}" + "".join(f"{cell:>22}" for cell in cells) + f"{score.seconds:>8.2f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=300, help="how many random expressions; the other classes grow with it")
    main(parser.parse_args().size)
