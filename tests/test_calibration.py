"""What the checks promise, held against mpmath on the cases of the benchmark: no alarm, and a bound that covers the truth."""

import importlib.util
from pathlib import Path

import pytest

from microgradx.testing import derivative_of

spec = importlib.util.spec_from_file_location("derivative_cases", Path(__file__).parent / "benchmarks" / "derivative_cases.py")
cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases)


@pytest.mark.parametrize("chosen", ["ordinary", "stress"])
def test_no_right_derivative_is_rejected_and_every_bound_covers_the_truth(chosen):
    known = list(cases.judged(cases.ordinary() if chosen == "ordinary" else cases.STRESS))
    assert len(known) >= 60
    for f, x, true in known:
        measured = derivative_of(f)(x)
        assert measured == true
        assert abs(measured.value - true) <= measured.bound + 2.0**-52 * abs(true)


@pytest.mark.parametrize("factor", [2.0, -1.0, 1.01, 1.0001, 1.0 + 1e-6, 1.0 - 1e-6])
def test_every_wrong_derivative_is_rejected_or_announced_as_below_the_noise(factor):
    for f, x, true in cases.judged([*cases.ordinary(), *cases.STRESS]):
        measured = derivative_of(f)(x)
        if true:
            assert measured != true * factor or measured.weak(true * factor)


def test_on_random_expressions_at_most_one_right_derivative_in_a_thousand_is_rejected():
    known = list(cases.judged(cases.randomly(1000, seed=7)))
    measured = [(derivative_of(f)(x), true) for f, x, true in known]
    resolved = [(m, true) for m, true in measured if m.verdict != "unresolved"]
    assert len(resolved) >= 0.99 * len(known)
    assert sum(m != true for m, true in resolved) <= 1
    assert sum(m.bent for m, _ in resolved) <= 1
    assert sorted(m.evaluations for m, _ in resolved)[len(resolved) // 2] <= 20
