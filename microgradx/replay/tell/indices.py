"""How that is written which a formula reads in its rounds, one after the other: `xs[k]`, `W[i][j + 1]`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .text import DIGITS, pattern

LETTERS_OF_ROUNDS = "kijlmn"
"""How a formula calls the round it is in, from the outermost loop on."""


def indexed(names: Sequence[str], place: np.ndarray, begin: Sequence[int] | None = None) -> str:
    """One name for those that are read in the rounds of some loops, each number of it told by the round, or not at all.

    >>> indexed(["x[3].a[0]", "x[4].a[0]", "x[5].a[0]"], np.array([2, 1, 0]))
    'x[-k + 5].a[0]'
    """
    if len({DIGITS.sub("#", name) for name in names}) > 1:
        return pattern(names)
    texts = []
    numbers = np.array([[int(digits) for digits in DIGITS.findall(name)] for name in names], dtype=np.int64)
    for column in numbers.T:
        texts.append(by_round(column[place], begin) or "..")
    words = DIGITS.sub("\x00", names[0]).split("\x00")
    return "".join(word + text for word, text in zip(words, [*texts, ""], strict=True))


def by_round(number: np.ndarray, begin: Sequence[int] | None = None) -> str:
    """A number by the round it is read in, such as `2k + 1`; "" where it is no such sum.

    >>> by_round(np.array([1, 3, 5])), by_round(np.array([[5, 5], [4, 4]])), by_round(np.array([0, 1, 0]))
    ('2k + 1', '-k + 5', '')

    It has an axis for each loop, whose rounds are by_round from 0, or as `begin` says.
    """
    start = int(number.flat[0])
    steps = np.minimum(np.eye(number.ndim, dtype=np.int64), np.array(number.shape, dtype=np.int64) - 1)  # none in a single round
    rises = [int(number[tuple(step)]) - start for step in steps.tolist()]
    if not (np.tensordot(rises, np.indices(number.shape), 1) + start == number).all():
        return ""
    start -= sum(map(int.__mul__, rises, begin or [0] * number.ndim))
    factors = {1: "", -1: "-"}
    terms = [factors.get(rise, str(rise)) + letter for rise, letter in zip(rises, LETTERS_OF_ROUNDS, strict=False) if rise]
    return " + ".join([*terms, *([str(start)] if start or not terms else [])]).replace(" + -", " - ")
