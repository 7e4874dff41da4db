"""What `cont()` stops at: a value, a test of one's own, or a contribution that is zero, tiny, huge or not finite."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from .steps import AnyStep

Test = Callable[[AnyStep], bool]


class Stop(NamedTuple):
    """A reason to stop, in words, and when it holds."""

    reason: str
    test: Test


def stops_at(dead: bool, nonfinite: bool, nan: bool, abs_lt: float | None, abs_gt: float | None) -> list[Stop]:
    """The stops at contributions of the kinds asked for.

    >>> [stop.reason for stop in stops_at(True, False, False, None, 5.0)]
    ['a contribution is 0', 'a contribution is above 5']
    """
    kinds: list[tuple[bool, str, Callable[[float], bool]]] = [
        (dead, "a contribution is 0", lambda x: x == 0.0),
        (nonfinite, "a contribution is not finite", lambda x: not math.isfinite(x)),
        (nan, "a contribution is nan", math.isnan),
        (abs_lt is not None, f"a contribution is below {_threshold('abs_lt', abs_lt)}", lambda x: abs(x) < (abs_lt or 0.0)),
        (abs_gt is not None, f"a contribution is above {_threshold('abs_gt', abs_gt)}", lambda x: abs(x) > (abs_gt or 0.0)),
    ]
    return [Stop(reason, _any(test)) for wanted, reason, test in kinds if wanted]


def _any(test: Callable[[float], bool]) -> Test:
    return lambda step: any(test(edge.contribution) for edge in step.contributions)


def _threshold(name: str, size: float | None) -> str:
    if size is None:
        return ""
    if isinstance(size, bool) or not isinstance(size, (int, float)):
        raise TypeError(f"{name}={size!r} is not a number to compare contributions with: write {name}=1e-6")
    return f"{size:g}"
