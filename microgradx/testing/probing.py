"""Large Jacobians: all outputs are measured along a few directions they share, and only those that disagree by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from .one_point import ALONE, Trial
from .products import random_vector
from .report import Partial, Report
from .verdicts import Verdict

PROBES = 2  # directions; a wrong entry that one of them hides, the other shows


def probed(trials: Sequence[Trial], report: Report) -> list[Trial]:
    """Add a row for each output that agrees along every direction, and give back the others.

    The outputs share what f gives along a direction, so that this costs no more evaluations than one of them.
    """
    if len(trials) < 2 or len(trials[0].point) <= ALONE:
        return list(trials)
    first = trials[0]
    vectors = [random_vector(first.point, first.rng) for _ in range(PROBES)]
    left, evaluations = [], 0
    for trial in trials:
        rows = [row for vector in vectors if (row := _agreeing(trial, vector)) is not None]
        evaluations = max(evaluations, trial.evaluations)
        trial.evaluations = 0
        if len(rows) == PROBES:
            report.rows.append(max(rows, key=lambda row: row.numeric.bound))
        else:
            left.append(trial)
    report.evaluations += evaluations
    return left


def _agreeing(trial: Trial, vector: Sequence[float]) -> Partial | None:
    """The row of one output along a direction, if it agrees so well that an error of `rtol` in any entry would have shown."""
    moves = dict(enumerate(vector))
    row = trial.along(moves, 1e-8)
    parts = [abs(slope * moves[i]) for i, slope in enumerate(trial.coded.slopes) if slope]
    row.smallest = min(parts, default=0.0)
    agrees = row.numeric.verdict.has_slope and abs(row.coded - row.numeric.value) <= row.numeric.bound + row.slack
    if not agrees or (parts and row.sensitivity > trial.rtol):
        return None
    row.verdict = Verdict.AGREES
    return row
