"""Faults put into right gradients on purpose: a check that would let one pass is too weak to be believed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from .report import Partial, Report
from .verdicts import Verdict

SLIGHT = 1e-4  # the smallest fault injected, relative


def survivors(report: Report) -> list[str]:
    """A line for each injected fault that this check would have let pass.

    >>> from microgradx.testing import check_gradient
    >>> survivors(check_gradient(lambda x, y: x * y, at=(2.0, 3.0)))
    []

    Each coded value is judged again with a relative error of 1e-4, doubled, negated, dropped, infinite, nan, huge, exchanged for
    that of another input, and without its largest contribution. Rows at a kink are left out: there a range of values is right.
    """
    alive = []
    for row in report.rows:
        if row.verdict not in (Verdict.AGREES, Verdict.WEAK):
            continue
        for name, fault in _faults(row, report.rows):
            if passes(row, fault):
                alive.append(f"{row.path} = {row.point:.6g}: {name} ({fault:.10g} instead of {row.coded:.10g}) would have passed")
                break
    return alive


def passes(row: Partial, fault: float) -> bool:
    """Whether the check would accept `fault` in place of the coded value (for a direction: a fault of its smallest member)."""
    if row.members == 1:
        return row.numeric.accepts(fault, row.slack)
    return abs(fault - row.coded) <= row.numeric.bound + row.slack


def _faults(row: Partial, rows: Sequence[Partial]) -> Iterator[tuple[str, float]]:
    """(what was done, the value it gives), only those that change the value."""
    here = row.coded
    if not math.isfinite(here):
        return
    if row.members > 1:
        for name, factor in (("an error of 1e-4 in one input", SLIGHT), ("one input doubled", 1.0), ("one sign flipped", -2.0)):
            if row.smallest:
                yield name, here + factor * row.smallest
        return
    for name, value in (
        ("an error of 1e-4", here * (1.0 + SLIGHT)), ("twice the value", 2.0 * here), ("the other sign", -here), ("zero", 0.0),
        ("infinity", math.inf), ("nan", math.nan), ("a huge value", 1e300),
        *(("a lost contribution", dropped) for dropped in row.dropped),
        *((f"the gradient of {other.path}", other.coded) for other in rows if other.members == 1),
    ):
        if not abs(value - here) <= 1e-5 * abs(here):
            yield name, value
