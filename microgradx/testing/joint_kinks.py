"""Kinks that inputs share: a gradient at a tie must fit f along directions through all of them, not along each input alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from .report import Partial
from .verdicts import Shape, Verdict

if TYPE_CHECKING:
    from .one_point import Trial

PAIRS = 30  # so many differences of two kinked inputs are tried
RANDOM_DIRECTIONS = 3  # and so many directions drawn at random through all of them
Kinked = dict[int, Partial]
Moves = dict[int, float]


def refuse_no_subgradient(trial: Trial, rows: Sequence[Partial]) -> None:
    """Call rows wrong that agree at a kink one by one, but not together: (1, 1) for the maximum of two equal numbers."""
    kinked = {trial.inputs.paths.index(row.path): row for row in rows if row.members == 1 and row.verdict is Verdict.KINK}
    if len(kinked) < 2:
        return
    for moves in _directions(trial, kinked):
        seen = trial.along(moves, 1e-8)
        if seen.numeric.verdict in (Shape.UNRESOLVED, Shape.VERTICAL, Shape.JUMP):
            continue
        if seen.numeric.judged(seen.coded, seen.slack) is not Verdict.WRONG or _apart(seen, moves, kinked):
            continue
        low, high = sorted((seen.numeric.left, seen.numeric.right))
        along = " ".join(_written(trial.inputs.paths[i], move, k) for k, (i, move) in enumerate(moves.items()))
        for i in moves:
            kinked[i].verdict = Verdict.WRONG
            kinked[i].hint = (
                f"no subgradient: along {along} f has the slopes {low:.6g} and {high:.6g}, the coded gradient {seen.coded:.6g}: "
                "at a tie its parts must add up to one choice, such as 1/2 and 1/2"
            )
        return


def _directions(trial: Trial, kinked: Kinked) -> Iterator[Moves]:
    """All kinked inputs together, the difference of each two, and a few directions drawn at random."""
    yield dict.fromkeys(kinked, 1.0)
    for (a, b), _ in zip(combinations(kinked, 2), range(PAIRS), strict=False):
        yield {a: 1.0, b: -1.0}
    if len(kinked) > 2:
        for _ in range(RANDOM_DIRECTIONS):
            yield {i: trial.rng.uniform(-1.0, 1.0) for i in kinked}


def _apart(seen: Partial, moves: Moves, kinked: Kinked) -> bool:
    """Whether the kinks have nothing to do with each other: then the slopes of the sides add up, and so do the choices."""
    numerics = {i: kinked[i].numeric for i in moves}
    ahead = math.fsum(move * (numerics[i].right if move > 0 else numerics[i].left) for i, move in moves.items())
    behind = math.fsum(move * (numerics[i].left if move > 0 else numerics[i].right) for i, move in moves.items())
    room = 1e-4 * math.fsum(abs(move) * max(abs(numerics[i].left), abs(numerics[i].right)) for i, move in moves.items())
    return abs(ahead - seen.numeric.right) <= room and abs(behind - seen.numeric.left) <= room


def _written(path: str, move: float, place: int) -> str:
    sign = "-" if move < 0 else "+" if place else ""
    return f"{sign} {path}".strip() if abs(move) == 1.0 else f"{sign} {abs(move):.3g} {path}".strip()
