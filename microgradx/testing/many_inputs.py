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
LEAST_WEIGHT = 0.5  # how far an input moves in a direction is drawn between this and 1
STEP_DOWN = 8  # a direction is parted down to so many inputs, then they are measured alone
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
        weight = trial.rng.uniform(LEAST_WEIGHT, 1.0) * trial.rng.choice((-1.0, 1.0))
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
        _agreed(trial, members, row)
    else:
        before = len(trial.found)
        left = search(trial, moves, row)
        named = trial.found[before:]
        if not left and not any(found.verdict is Verdict.WRONG for found in named):  # then it may be the direction that errs
            row = _heard(trial, row)
        _rest(trial, moves, row, named, left)


def _heard(trial: Trial, row: Partial) -> Partial:
    """The row with a second opinion on its direction, where there is doubt."""
    numeric = row.numeric.settled(row.coded, row.slack)
    trial.evaluations += numeric.evaluations - row.numeric.evaluations
    return replace(row, numeric=numeric)


def _agreed(trial: Trial, members: list[int], row: Partial) -> None:
    """Add the row of a direction that agrees, if an error of `rtol` in any one member would have shown."""
    if not any(trial.coded.slopes[i] for i in members):
        row.verdict = row.numeric.judged(0.0, row.slack)
        trial.found.append(row)
    elif row.sensitivity > trial.rtol:
        _parted(trial, members, row)
    else:
        row.verdict = Verdict.AGREES
        trial.found.append(row)


def _parted(trial: Trial, members: list[int], row: Partial) -> None:
    """Part a direction in which an error in one would not show, unless rounding hides it in the one measured alone too.

    Measured without the small ones the others contribute more, and the same bound is sharp enough for them.
    """
    if len(members) <= STEP_DOWN:
        trial.found += [trial.alone(i) for i in members]
        return
    sizes = {i: trial.scale(i) * abs(trial.coded.slopes[i]) for i in members}
    ranked = sorted(members, key=sizes.__getitem__)
    enough = row.sensitivity / trial.rtol * row.smallest / LEAST_WEIGHT
    small = sum(size < enough for size in sizes.values())
    if trial.evaluations > MOST_EVALUATIONS or (small == len(ranked) and trial.alone(ranked[-1]).verdict is Verdict.WEAK):
        row.verdict = Verdict.WEAK
        trial.found.append(row)
        return
    cut = len(ranked) // 2 if small == len(ranked) else max(small, len(ranked) // STEP_DOWN)
    measure_together(trial, ranked[:cut])
    measure_together(trial, ranked[cut:])


def _rest(trial: Trial, moves: dict[int, float], row: Partial, named: list[Partial], left: set[int]) -> None:
    """Judge the members that were not named, whose slope is what the named ones leave of the whole, but for those `left`."""
    places = {trial.inputs.paths.index(found.path): found.numeric for found in named}
    value = row.numeric.value - math.fsum(moves[i] * numeric.value for i, numeric in places.items())
    bound = row.numeric.bound + math.fsum(abs(moves[i]) * numeric.bound for i, numeric in places.items())
    numeric = replace(row.numeric, value=value, bound=bound, evaluations=0)
    rest = {i: move for i, move in moves.items() if i not in places and i not in left}
    if left:
        unseen = trial.directional({i: moves[i] for i in moves if i in left}, replace(numeric, value=math.nan, bound=math.inf))
        unseen.verdict = Verdict.UNRESOLVED
        unseen.hint = f"among those measured together with it are more wrong inputs; the search ends after {CULPRITS}"
        trial.found.append(unseen)
        if rest:
            measure_together(trial, list(rest))
    elif rest:
        remaining = trial.directional(rest, numeric)
        if _agrees(remaining):
            _agreed(trial, list(rest), remaining)
        else:
            remaining.verdict = Verdict.WRONG
            trial.found.append(remaining)


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


def search(trial: Trial, moves: dict[int, float], row: Partial) -> set[int]:
    """Add a row for each wrong input among `moves`: measure one half, and know the other by subtraction.

    A half is measured just well enough to tell whether the disagreement is in it: by a short climb, from where the noise
    of f, known from the whole, is small beside that. What comes back are the halves that it was not looked for in, because
    enough are named.
    """
    if sum(found.verdict is Verdict.WRONG for found in trial.found) >= CULPRITS:
        return set(moves)
    members = list(moves)
    if len(members) == 1:
        trial.found.append(trial.alone(members[0], (row.coded - row.numeric.value) / moves[members[0]]))
        return set()
    left = {i: moves[i] for i in members[: len(members) // 2]}
    right = {i: moves[i] for i in members[len(members) // 2 :]}
    room = max(0.1 * (abs(row.coded - row.numeric.value) - row.numeric.bound - row.slack), SMALLEST_FLOAT)
    slope = abs(math.fsum(trial.coded.slopes[i] * move for i, move in left.items()))
    seen = trial.along(left, max(1e-8, room / slope) if slope else 1e-8, outward(12.0 * trial.noise / room), trial.noise)
    rest = replace(
        row.numeric, value=row.numeric.value - seen.numeric.value, bound=row.numeric.bound + seen.numeric.bound, evaluations=0
    )
    halves = ((left, seen), (right, trial.directional(right, rest)))
    return {i for half, part in halves if not _agrees(part) for i in search(trial, half, part)}


def outward(first: float) -> float:
    """The scale of a line whose climb starts at about the step `first`, within reason."""
    return min(1e3, max(1.0, 1e6 * first))
