"""Stairs: whether the values of f stand on treads, and whether those come from few digits inside f or are meant."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

TREADS = 4  # a staircase has at least so many steps in one window
FORMATS = {"float16": 2.0**-10, "float32": 2.0**-23}  # the last digit of 1
REAL_STEP = 5e-3  # steps larger than this share of f are meant, as those of a price list
WHOLE_STEP = 1e-5  # the same where all values are whole numbers
UNCERTAIN_STEP = 1e-5  # steps from this share of f on may be meant: there a slope of 0 is not called wrong


@dataclass(frozen=True)
class Stairs:
    """What the steps of f are: how high, of which format if they are its last digit, and whether they are meant.

    `uncertain` if both readings are possible: a price in cents and a number printed with two digits look alike, and so do
    floor and float32 where all float32 are whole numbers.
    """

    height: float = 0.0
    note: str = ""
    unit: float = 0.0  # the last digit of 1 in the format of f, where that was recognised
    meant: bool = False
    uncertain: bool = False


NO_STAIRS = Stairs()


def stairs(step: float, values: Sequence[float]) -> Stairs:
    """What steps of this height are, if f has these values.

    >>> stairs(1.0, [12.0, 13.0]).meant, stairs(3.0, [3e7, 3e7 + 3.0]).uncertain, stairs(0.01, [12.34]).uncertain
    (True, True, True)
    >>> stairs(8.0, [7.9e7, 7.9e7 + 8.0]).note, stairs(1.0, [9e6, 9e6 + 1.0]).note
    ('f is computed in float32', 'f gives multiples of 1, as float32 may')
    """
    top, common = max(map(abs, values)), common_unit(values)
    if name := narrow_format(values, step):
        if not common or top >= 2.0 / FORMATS[name]:  # whole numbers between them are missing, so no floor gives those
            return Stairs(step, f"f is computed in {name}", FORMATS[name], False, not common and step > UNCERTAIN_STEP * top)
    elif common:  # 3 * float16(x) has no more digits than a float16, but is none
        name = narrow_format([value / common for value in values], step / common)
    if name:
        return Stairs(step, f"f gives multiples of {common:g}, as {name} may", FORMATS[name], False, True)
    meant = step > (WHOLE_STEP if common else REAL_STEP) * top
    return Stairs(step, f"f rises by steps of about {step:.0e}", 0.0, meant, bool(common) or step > UNCERTAIN_STEP * top)


def staircase(values: Sequence[float]) -> float:
    """The height of the steps if `values`, from left to right, stand on a few treads; else 0.

    >>> staircase([0.0, 0.0, 0.1, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3])
    0.1
    >>> staircase([0.0, 0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.4])
    0.0
    """
    moves = [b - a for a, b in pairwise(values)]
    standing = sum(not a or not b for a, b in pairwise([math.inf, *moves, math.inf]))
    jumps = sorted(abs(move) for move in moves if move)
    return jumps[len(jumps) // 2] if len(jumps) >= TREADS - 1 and standing >= 0.8 * len(values) else 0.0


def narrow_format(values: Iterable[float | None], step: float) -> str:
    """float16 or float32 if every number has no more digits than that, and steps are about its last one; else nothing.

    >>> narrow_format([0.5, 1.25], 1e-3), narrow_format([0.10000000149011612], 1e-8), narrow_format([0.1], 1e-8)
    ('float16', 'float32', '')
    """
    numbers = [value for value in values if value is not None]
    smallest, largest = min(map(abs, numbers)), max(map(abs, numbers))
    for (name, unit), code in zip(FORMATS.items(), "ef", strict=True):
        if smallest < 1.0 / unit and all(map(float.is_integer, numbers)):  # as floor gives them: the format has halves there
            continue
        with suppress(OverflowError):
            fits = all(struct.unpack(code, struct.pack(code, value))[0] == value for value in numbers)
            if fits and step <= 16.0 * unit * largest:
                return name
    return ""


def common_unit(numbers: Sequence[float]) -> float:
    """The largest number that all of them are multiples of, if they are whole numbers; else 0.

    >>> common_unit([30.0, 42.0]), common_unit([1.0, 0.5])
    (6.0, 0.0)
    """
    return float(math.gcd(*map(int, numbers))) if all(map(float.is_integer, numbers)) else 0.0
