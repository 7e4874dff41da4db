"""Numbers that a page can recognise and a reader of its source cannot see: three digits of each, salted and hashed."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..slips import TOLERANCE

MASK = 0xFFFFFFFF


def hashed(text: str) -> int:
    """A number of 53 bits for a text, the same as in exercise.js: it hides from the eye, not from a program that tries all.

    >>> hashed("a/6.00e+0") == hashed("a/6.00e+0") != hashed("a/6.01e+0")
    True
    """
    first, second = 0xDEADBEEF, 0x41C6CE57
    for letter in text.encode("utf-16-le")[::2]:
        first = (first ^ letter) * 2654435761 & MASK
        second = (second ^ letter) * 1597334677 & MASK
    first, second = (
        (first ^ first >> 16) * 2246822507 & MASK ^ (second ^ second >> 13) * 3266489909 & MASK,
        (second ^ second >> 16) * 2246822507 & MASK ^ (first ^ first >> 13) * 3266489909 & MASK,
    )
    return 4294967296 * (2097151 & second) + first


def digits(number: float) -> str:
    """Three digits of a number, written as JavaScript's toExponential does.

    >>> digits(6.0), digits(-0.00012345)
    ('6.00e+0', '-1.23e-4')
    """
    if number == 0.0:
        return "0"
    mantissa, _, exponent = f"{number:.2e}".partition("e")
    return f"{mantissa}e{int(exponent):+d}"


def spellings_near(number: float) -> Iterator[str]:
    """The digits of every answer that counts as this number.

    >>> list(spellings_near(6.0))
    ['5.97e+0', '5.98e+0', '5.99e+0', '6.00e+0', '6.01e+0', '6.02e+0', '6.03e+0']
    """
    if number == 0.0:
        yield "0"
        return
    step = 10.0 ** (math.floor(math.log10(abs(number))) - 2)
    wide = TOLERANCE * abs(number)
    seen = set()
    for place in range(math.floor((number - wide) / step), math.ceil((number + wide) / step) + 1):
        if abs(place * step - number) <= wide + 1e-9 * step or digits(place * step) == digits(number):
            seen.add(place)
    yield from dict.fromkeys(digits(place * step) for place in sorted(seen))
