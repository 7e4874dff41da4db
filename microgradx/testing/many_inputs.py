"""Many inputs: measured together along one direction, which is parted where it disagrees until the wrong ones are named."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .line import SMALLEST_FLOAT
from .numeric import Numeric
from .report import Partial
from .verdicts import Shape, Verdict

if TYPE_CHECKING:
    from .one_point import Trial

DECADES = 3.0  # inputs measured together have contributions within so many decades of each other
CULPRITS = 10  # after so many wrong inputs the search stops
SAME_NOISE = 4.0  # contributions within such a factor are hidden by the same noise
STEP_DOWN = 8  # a direction that bends is halved down to so many inputs, then they are measured alone
MOST_EVALUATIONS = 20_000  # after so many evaluations a direction that bends is not parted further


def judge_many(trial: Trial) -> None:
    """Judge all inputs: those with a gradient that is not finite or at an edge alone, the others in groups."""
    every = range(len(trial.point))
    infinite = [i for i in every if not math.isfinite(trial.coded.slopes[i])]
    edge = [i for i in every if trial.point[i] in trial.domains[i] and i not in infinite]
    trial.found += [trial.alone(i) for i in infinite[:CULPRITS] + edge]
    if len(infinite) > CULPRITS:
        nothing = Numeric(math.nan, math.inf, math.nan, math.nan, Shape.UNRESOLVED, 0)
        row = trial.directional(dict.fromkeys(infinite[CULPRITS:], 1.0), nothing)
        row.verdict, row.hint = Verdict.WRONG, "these gradients are nan or infinite too; they were not measured"
        trial.found.append(row)
    for bucket in buckets(trial, {*infinite, *edge}):
        measure_together(trial, bucket)


def buckets(trial: Trial, odd: set[int]) -> Iterator[list[int]]:
    """The inputs in groups whose members contribute alike, so that none hides another; those with gradient 0 apart."""
    sizes = {i: trial.scale(i) * abs(g) for i, g in enumerate(trial.coded.slopes) if i not in odd}
    zero = [i for i, size in sizes.items() if size == 0.0]
    rest = sorted((i for i in sizes if sizes[i] > 0.0), key=sizes.__getitem__, reverse=True)
    start = 0
    for k in range(1, len(rest) + 1):
        if k == len(rest) or sizes[rest[k]] < sizes[rest[start]] * 10.0**-DECADES:
            yield rest[start:k]
            start = k
    if zero:
        yield zero


def direction(trial: Trial, members: Sequence[int]) -> dict[int, float]:
    """How far each member moves per unit of the direction: so far that all contribute alike, none beyond its own size."""
    moves = {}
    for i in members:
        weight = trial.rng.uniform(0.5, 1.0) * trial.rng.choice((-1.0, 1.0))
        moves[i] = weight / abs(trial.coded.slopes[i]) if trial.coded.slopes[i] else weight * trial.scale(i)
    largest = max(abs(move) / trial.scale(i) for i, move in moves.items())
    return {i: move / largest for i, move in moves.items()}


def measure_together(trial: Trial, members: list[int]) -> None:
    """Judge a bucket along one direction, and name the wrong inputs in it if the direction disagrees."""
    target = min(1e-8, trial.rtol / (8.0 * math.sqrt(len(members))))  # the slope of one is that much less than that of all
    row = trial.along(moves := direction(trial, members), target)
    idle = not any(trial.coded.slopes[i] for i in members)
    if idle and _agrees(row):  # that f does not depend on them at all is looked at twice
        row = _heard(trial, row)
    if row.numeric.verdict in (Shape.UNRESOLVED, Shape.VERTICAL) or row.numeric.bent:
        _halved(trial, members, row)
    elif _agrees(row):
        if idle:
            row.verdict = row.numeric.judged(0.0, row.slack)
            trial.found.append(row)
        elif row.coded != 0.0 and row.sensitivity > trial.rtol:
            _parted(trial, members, row)
        else:
            row.verdict = Verdict.AGREES
            trial.found.append(row)
    else:
        before = len(trial.found)
        search(trial, moves, row)
        if not any(found.verdict is Verdict.WRONG for found in trial.found[before:]):  # then it may be the direction that errs
            row = _heard(trial, row)
        _rest(trial, moves, row, trial.found[before:])


def _heard(trial: Trial, row: Partial) -> Partial:
    """The row with a second opinion on its direction, where there is doubt."""
    numeric = row.numeric.settled(row.coded, row.slack)
    trial.evaluations += numeric.evaluations - row.numeric.evaluations
    return replace(row, numeric=numeric)


def _parted(trial: Trial, members: list[int], row: Partial) -> None:
    """Part a direction in which an error in one would not show, unless rounding hides it in the one measured alone too."""
    sizes = {i: trial.scale(i) * abs(trial.coded.slopes[i]) for i in members}
    ranked = sorted(members, key=sizes.__getitem__)
    if any(found.verdict is Verdict.WRONG for found in trial.found):  # then nobody asks how well the right ones agree
        row.verdict = Verdict.WEAK
        trial.found.append(row)
        return
    if len(members) <= STEP_DOWN:
        trial.found += [trial.alone(i) for i in members]
        return
    alike = sizes[ranked[-1]] <= SAME_NOISE * sizes[ranked[0]]
    if trial.evaluations > MOST_EVALUATIONS or (alike and trial.alone(ranked[len(ranked) // 2]).verdict is Verdict.WEAK):
        row.verdict = Verdict.WEAK
        trial.found.append(row)
        return
    measure_together(trial, ranked[: len(ranked) // 2])
    measure_together(trial, ranked[len(ranked) // 2 :])


def _rest(trial: Trial, moves: dict[int, float], row: Partial, named: list[Partial]) -> None:
    """The row of the members that were not named, whose slope is what the named ones leave of the whole."""
    places = {trial.inputs.paths.index(found.path): found.numeric for found in named}
    rest = {i: move for i, move in moves.items() if i not in places}
    if not rest:
        return
    value = row.numeric.value - math.fsum(moves[i] * numeric.value for i, numeric in places.items())
    bound = row.numeric.bound + math.fsum(abs(moves[i]) * numeric.bound for i, numeric in places.items())
    left = trial.directional(rest, replace(row.numeric, value=value, bound=bound, evaluations=0))
    left.verdict = Verdict.AGREES if _agrees(left) else Verdict.WRONG
    if left.verdict is Verdict.WRONG:
        left.hint = f"among these are more wrong inputs; the search ends after {CULPRITS}"
    trial.found.append(left)


def _agrees(row: Partial) -> bool:
    return abs(row.coded - row.numeric.value) <= row.numeric.bound + row.slack


def _halved(trial: Trial, members: list[int], row: Partial) -> None:
    """Part a direction that bends or cannot be measured, so that what is wrong with few does not hide the many."""
    if trial.evaluations > MOST_EVALUATIONS:
        kink = row.numeric.bent and row.numeric.accepts(row.coded, row.slack)
        row.verdict = Verdict.KINK if kink else Verdict.UNRESOLVED
        trial.found.append(row)
    elif len(members) <= STEP_DOWN:
        trial.found += [trial.alone(i) for i in members]
    else:
        measure_together(trial, members[: len(members) // 2])
        measure_together(trial, members[len(members) // 2 :])


def search(trial: Trial, moves: dict[int, float], row: Partial) -> None:
    """Add a row for each wrong input among `moves`: measure one half, and know the other by subtraction.

    A half is measured just well enough to tell whether the disagreement is in it: by a short climb, from where the noise
    of f, known from the whole, is small beside that.
    """
    if sum(found.verdict is Verdict.WRONG for found in trial.found) >= CULPRITS:
        return
    members = list(moves)
    if len(members) == 1:
        trial.found.append(trial.alone(members[0], (row.coded - row.numeric.value) / moves[members[0]]))
        return
    left = {i: moves[i] for i in members[: len(members) // 2]}
    right = {i: moves[i] for i in members[len(members) // 2 :]}
    room = max(0.1 * (abs(row.coded - row.numeric.value) - row.numeric.bound - row.slack), SMALLEST_FLOAT)
    slope = abs(math.fsum(trial.coded.slopes[i] * move for i, move in left.items()))
    seen = trial.along(left, max(1e-8, room / slope) if slope else 1e-8, outward(12.0 * trial.noise / room), trial.noise)
    if not _agrees(seen):
        search(trial, left, seen)
    rest = replace(
        row.numeric, value=row.numeric.value - seen.numeric.value, bound=row.numeric.bound + seen.numeric.bound, evaluations=0
    )
    unseen = trial.directional(right, rest)
    if not _agrees(unseen):
        search(trial, right, unseen)


def outward(first: float) -> float:
    """The scale of a line whose climb starts at about the step `first`, within reason."""
    return min(1e3, max(1.0, 1e6 * first))
