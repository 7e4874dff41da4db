"""How a check ends: with the call that repeats it, told to whoever watches, and raised if something is wrong."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .numeric import Numeric
from .report import Partial, Report
from .reproduce import call_again

REPORT_WATCHERS: list[Callable[[Report], None]] = []
"""Called with every report before it raises: how the pytest plugin counts, saves and mutates."""


def concluded(report: Report, check: Callable[..., Report], given: dict[str, Any], options: dict[str, Any]) -> Report:
    """The report, if all is well; `given` and those options that are not the defaults of `check` make the reproducer."""
    __tracebackhide__ = True
    defaults = {name: p.default for name, p in inspect.signature(check).parameters.items()}
    changed = {name: x for name, x in options.items() if x is not defaults[name] and not _equal(x, defaults[name])}
    report.reproducer = call_again(check.__name__, given, changed)
    for watch in REPORT_WATCHERS:
        watch(report)
    return report.raise_if_wrong()


def _equal(x: Any, default: Any) -> bool:
    return isinstance(x, (int, float, str)) and bool(x == default)


def report_of(coded: float, numeric: Numeric) -> Report:
    """The report on one number that was compared with a measured derivative and found equal to it."""
    row = Partial("x", numeric.at, coded, numeric, numeric.judged(coded))
    return Report("derivative_of", [row], "the code", numeric.rtol, numeric.evaluations)
