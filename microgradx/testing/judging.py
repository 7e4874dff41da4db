"""Judging one point: every row gets its verdict, what to do about it, and the operation to blame."""

from __future__ import annotations

import math

from ..order import topological_order
from .blame import blamed, hint, kinked
from .claimed import Coded, graph_of, rebuild_named
from .inputs import Inputs
from .one_point import Trial
from .report import Partial, Report
from .verdicts import Verdict


def judge_point(trial: Trial, report: Report, optional: bool = False, coded_by: str = "") -> None:
    """Add the rows of one point to the report, with hints, and the blame for the first wrong one.

    Of an `optional` point, drawn where nobody said that f is defined, what cannot be measured is left out. `coded_by` is who
    gives these numbers, if not who gives all others.
    """
    rows = trial.run()
    output, inputs = trial.coded.output, trial.inputs
    if optional:
        rows = [row for row in rows if row.verdict is not Verdict.UNRESOLVED]
    report.rows += rows
    report.faults += [fault for fault in trial.coded.faults if fault not in report.faults]
    report.evaluations += trial.evaluations
    reached = _reached(inputs, trial.coded)
    for row in rows:
        row.coded_by = coded_by
        if row.verdict is Verdict.WRONG and not row.hint and row.numeric.accepts(row.coded, row.slack):
            row.hint = 'f has a kink here, and kinks="reject" allows none: move the point away from it'
        elif row.verdict is Verdict.WRONG and not row.hint:
            row.hint = hint(row, rows, coded_by or report.coded_by, row.path not in reached or reached[row.path])
        elif row.verdict is Verdict.UNRESOLVED and not row.hint:
            row.hint = _way_out(row, trial)
    if output is not None and trial.oracle != "complex":
        for row in rows:
            if row.numeric.bent and row.members == 1:
                place = kinked(inputs, trial.point, inputs.paths.index(row.path))
                row.hint = f"{row.hint}; {place}" if row.hint and place else row.hint or place
    measured = [row for row in rows if row.verdict is Verdict.WRONG and row.members == 1 and not row.numeric.bent]
    if measured and output is not None and trial.coded.repeats and not report.blame:
        with inputs.restoring():
            named = rebuild_named(lambda: graph_of(inputs, trial.point)) or graph_of(inputs, trial.point)
            report.blame = blamed(named, measured[0], inputs.leaves[inputs.paths.index(measured[0].path)])
        for row in measured if report.blame else ():
            row.hint = ""  # a rule seen to be wrong is surer than what a ratio suggests


def _reached(inputs: Inputs, coded: Coded) -> dict[str, bool]:
    """For each input whether the result is connected to it in the graph."""
    if coded.output is None:
        return dict(zip(inputs.paths, map(bool, coded.reached), strict=False))
    nodes = set(topological_order(coded.output))
    return {path: leaf in nodes for path, leaf in zip(inputs.paths, inputs.leaves, strict=True)}


def _named_point(row: Partial, trial: Trial) -> str:
    """The point, where f has no number there: of many inputs those that are not finite, or the row's own."""
    if trial.middle is not None and math.isfinite(trial.middle):
        return f"{row.path} = {row.point!r}"
    named = list(zip(trial.inputs.paths, trial.point, strict=False))
    shown = named if len(named) <= 4 else [(path, x) for path, x in named if not math.isfinite(x)][:4]
    return ", ".join(f"{path} = {x!r}" for path, x in shown) or f"{row.path} = {row.point!r}"


def _way_out(row: Partial, trial: Trial) -> str:
    """What to do about a derivative that could not be measured."""
    if "not a finite number" in row.numeric.note:
        return f"f is nan or infinite at {_named_point(row, trial)}: move the point into the domain of f"
    if row.numeric.note.startswith("f raises"):
        return f"{row.numeric.note} at {row.path} = {row.point!r}: move the point into the domain of f, or fix f"
    if row.numeric.open_question:
        return row.numeric.open_question
    ways = ["move the point away from the edge or the wiggle"]
    if trial.oracle in ("auto", "ladder") and trial.coded.output is not None:
        ways.append('try oracle="exact"')
    return f"{row.numeric.note}: {', or '.join(ways)}"
