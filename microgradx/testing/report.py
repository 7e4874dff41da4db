"""What a check found: one row per partial derivative, the worst first, as text, as JSON and as an AssertionError."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .numeric import Numeric
from .report_text import counted_rows, rows_advice, rows_table, wrapped_lines
from .verdicts import Verdict

ROWS_SHOWN = 10  # how many rows a failure shows; the rest are counted


@dataclass
class Partial:
    """One partial derivative: what the code under test says, what was measured, and the verdict.

    `verdict` is agrees, kink (between the two slopes), weak (agrees, but rounding hides errors of `rtol`), wrong or
    unresolved. A row can stand for `members` inputs that were measured together along one direction.
    """

    path: str
    point: float
    coded: float
    numeric: Numeric
    verdict: Verdict = Verdict.UNRESOLVED
    slack: float = 0.0  # rounding of the coded gradient itself
    hint: str = ""
    members: int = 1
    smallest: float = math.nan  # the smallest contribution among the members
    coded_by: str = ""  # who gives the coded number, if not who gives all others
    dropped: tuple[float, ...] = ()  # the coded gradient without one of its contributions

    @property
    def off(self) -> float:
        """The relative error: |coded - measured| / |measured|."""
        return relative(abs(self.coded - self.numeric.value), self.numeric.value)

    @property
    def sensitivity(self) -> float:
        """The smallest relative error in this input (in any of its members) that would have been called wrong."""
        if not self.numeric.verdict.has_slope or not self.coded:
            return math.nan
        if self.members > 1:
            hidden = self.numeric.bound + self.slack + abs(self.coded - self.numeric.value)
            return hidden / self.smallest if self.smallest else math.nan
        return (self.numeric.tolerance() + self.slack + abs(self.coded - self.numeric.value)) / abs(self.coded)


def relative(error: float, size: float) -> float:
    """error / |size|, and inf where size is 0 but the error is not."""
    return error / abs(size) if size else (0.0 if error == 0.0 else math.inf)


@dataclass(repr=False)
class Report:
    """All rows of one check; `str(report)` is the text a failing test shows."""

    name: str
    rows: list[Partial]
    coded_by: str = "backward()"
    rtol: float = 1e-6
    evaluations: int = 0
    seed: int = 0
    strict: bool = False
    blame: str = ""
    faults: list[str] = field(default_factory=list)  # faults found without measuring: reverse against forward, repeatability
    reproducer: str = ""
    looked: str = ""  # where the samples lie
    besides: str = ""  # what was found right without a row

    def worst_first(self) -> list[Partial]:
        """The rows, wrong ones first, and the largest relative error first among equals."""
        return sorted(self.rows, key=lambda row: (row.verdict.rank, -row.off if not math.isnan(row.off) else -math.inf))

    def count(self, verdict: str) -> int:
        """How many partial derivatives have that verdict."""
        return sum(row.members for row in self.rows if row.verdict == verdict)

    def counts(self) -> dict[str, int]:
        """How many partial derivatives have each verdict that occurs."""
        found = {verdict.value: self.count(verdict) for verdict in Verdict}
        return {verdict: n for verdict, n in found.items() if n}

    @property
    def worst_bound(self) -> float:
        """The largest bound, relative to the measured value, among those that agree with a slope that is not 0; else nan."""
        agreed = [row.numeric for row in self.rows if row.verdict is Verdict.AGREES and row.coded and row.numeric.value]
        return max((numeric.bound / abs(numeric.value) for numeric in agreed), default=math.nan)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong and nothing is left unresolved; under `strict` also nothing weak."""
        fine = not any(row.verdict.fails or (self.strict and row.verdict.doubts) for row in self.rows)
        return bool(self.rows) and fine and not self.faults

    @property
    def sensitivity(self) -> float:
        """The smallest relative error that this run would have caught in every input; nan if no input has a slope."""
        return max((row.sensitivity for row in self.rows if not math.isnan(row.sensitivity)), default=math.nan)

    def summary(self) -> str:
        """One line: how many partials were checked, and how they came out."""
        total = sum(row.members for row in self.rows)
        text = f"{total:,} partial derivative{'s' * (total != 1)}: {counted_rows(self.rows)}"
        return text + f", {len(self.faults)} fault{'s' * (len(self.faults) != 1)} besides" * bool(self.faults)

    def headline(self) -> str:
        """The worst that was found, in a few words.

        >>> Report("f", [], faults=["it is random"]).headline()
        'it is random'
        """
        worst = self.worst_first()[:1]
        if not worst or not worst[0].verdict.doubts:
            return self.faults[0] if self.faults else self.summary()
        row = worst[0]
        if row.verdict is Verdict.UNRESOLVED:
            return f"{row.path} cannot be told"
        measured = f"{row.numeric.value:.6g}" if row.numeric.verdict.has_slope else f"a {row.numeric.verdict}"
        return f"{row.path} is {row.coded:.6g}, measured {measured}"

    def raise_if_wrong(self) -> Report:
        """This report if all is well, else an AssertionError that carries it."""
        __tracebackhide__ = True  # pytest then shows the line of the test
        if self.ok:
            return self
        wrong = self.faults or any(row.verdict is Verdict.WRONG for row in self.rows)
        raise (WrongDerivative if wrong else UnresolvedDerivative)(self)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.summary()}; print it for every row>"

    def __str__(self) -> str:
        rows = self.worst_first()
        shown = [row for row in rows if self.ok or row.verdict is not Verdict.AGREES][:ROWS_SHOWN]
        lines = [f"{self.name}: {self.summary()}", *(line for fault in self.faults for line in wrapped_lines(fault))]
        if shown:
            lines += ["", *rows_table(shown, self.coded_by), *self._not_shown(rows[len(shown) :])]
        lines += rows_advice([*shown, *(row for row in rows[len(shown) :] if row.members > 1 and row.hint)], self)
        if self.blame:
            lines += ["", *(line for part in self.blame.splitlines() for line in wrapped_lines(part))]
        lines += ["", f"  {self._effort()}"]
        if not self.ok and self.reproducer:
            lines += ["", "  to see it again:", *(f"    {line}" for line in self.reproducer.splitlines())]
        return "\n".join(lines)

    def _not_shown(self, rows: Sequence[Partial]) -> list[str]:
        """How many rows of each verdict the table leaves out."""
        return [f"  not shown: {counted_rows(rows)}; report.rows has all"] if rows else []

    def _effort(self) -> str:
        known = self.ok and not math.isnan(self.sensitivity)
        caught = f"; a relative error of {self.sensitivity:.0e} or more would have been caught" if known else ""
        looked = f"; looked at {self.looked}" * bool(self.looked)
        besides = f"; {self.besides}" * bool(self.besides)
        return f"{self.evaluations} evaluation{'s' * (self.evaluations != 1)}, seed {self.seed}{looked}{besides}{caught}"

    def to_json(self) -> str:
        """The whole report as JSON, with numbers that JSON cannot write (nan, inf) as strings."""
        rows = [
            {
                "path": row.path, "point": row.point, "coded": row.coded, "measured": row.numeric.value,
                "bound": row.numeric.bound, "left": row.numeric.left, "right": row.numeric.right, "verdict": row.verdict,
                "relative_error": row.off, "oracle": row.numeric.oracle, "evaluations": row.numeric.evaluations,
                "hint": row.hint, "members": row.members,
            }
            for row in self.worst_first()
        ]
        whole = {
            "name": self.name, "ok": self.ok, "summary": self.summary(), "counts": self.counts(), "worst_bound": self.worst_bound,
            "looked": self.looked, "rtol": self.rtol, "seed": self.seed, "evaluations": self.evaluations,
            "sensitivity": self.sensitivity, "faults": self.faults, "blame": self.blame,
            "reproducer": self.reproducer, "rows": rows,
        }
        return json.dumps(_writable(whole), indent=1)


class DerivativeError(AssertionError):
    """A derivative check that did not pass; `.report` has every row."""

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__(str(report))


class WrongDerivative(DerivativeError):
    """At least one derivative is wrong."""


class UnresolvedDerivative(DerivativeError):
    """Nothing was seen to be wrong, but at least one derivative could not be told from wrong."""


def _writable(x: Any) -> Any:
    if isinstance(x, float) and not math.isfinite(x):
        return str(x)
    if isinstance(x, dict):
        return {key: _writable(item) for key, item in x.items()}
    return [_writable(item) for item in x] if isinstance(x, list) else x
