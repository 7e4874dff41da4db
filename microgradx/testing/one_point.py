"""One point of a check: every input measured alone, or many along one direction with bisection when that disagrees."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from .claimed import Coded
from .inputs import Inputs
from .joint_kinks import refuse_no_subgradient
from .line import SMALLEST_FLOAT, Interval, Line
from .measured import measured_slope
from .numeric import Numeric
from .report import Partial
from .sixty_digits import complex_step, slope_in_digits
from .verdicts import Shape, Verdict

ALONE = 64  # up to so many inputs each gets its own ladder
DECADES = 3.0  # inputs measured together have contributions within so many decades of each other
CULPRITS = 10  # after so many wrong inputs the search stops
SAME_NOISE = 4.0  # contributions within such a factor are hidden by the same noise
STEP_DOWN = 8  # a direction that bends is halved down to so many inputs, then they are measured alone
MOST_EVALUATIONS = 20_000  # after so many evaluations a direction that bends is not parted further


@dataclass
class Trial:
    """f near one point, the gradient it claims there, and how to judge it."""

    inputs: Inputs
    point: list[float]
    coded: Coded
    rtol: float
    domains: list[Interval]
    kinks: str
    oracle: str
    rng: random.Random
    evaluations: int = 0
    noise: float = 0.0  # rounding noise of f, as measured along the last bucket
    few: int = ALONE  # up to so many inputs each gets its own ladder
    confirmed: int = 0  # second opinions that said what the first did
    middle: float | None = None  # f at the point itself, as evaluated there
    found: list[Partial] = field(default_factory=list)

    def of(self, inputs: Inputs, coded: Coded) -> Trial:
        """The same point of another function of the inputs."""
        return Trial(inputs, self.point, coded, self.rtol, self.domains, self.kinks, self.oracle, self.rng)

    def run(self) -> list[Partial]:
        """Judge every input."""
        with self.inputs.restoring():
            every = range(len(self.point))
            if len(every) <= self.few or self.oracle in ("exact", "complex"):
                self.found += [self.alone(i) for i in every]
                refuse_no_subgradient(self, self.found)
                return self.found
            infinite = [i for i in every if not math.isfinite(self.coded.slopes[i])]
            edge = [i for i in every if self.point[i] in self.domains[i] and i not in infinite]
            self.found += [self.alone(i) for i in infinite[:CULPRITS] + edge]
            if len(infinite) > CULPRITS:
                nothing = Numeric(math.nan, math.inf, math.nan, math.nan, Shape.UNRESOLVED, 0)
                row = self._directional(dict.fromkeys(infinite[CULPRITS:], 1.0), nothing)
                row.verdict, row.hint = Verdict.WRONG, "these gradients are nan or infinite too; they were not measured"
                self.found.append(row)
            for bucket in self.buckets({*infinite, *edge}):
                self.together(bucket)
            refuse_no_subgradient(self, self.found)
        return self.found

    def alone(self, i: int, expected: float = math.nan) -> Partial:
        """The row of one input; off by `expected` it is as a direction has shown already, so no second opinion is asked for."""
        here = self.point[i]

        def f(x: float) -> float:
            return self.inputs.number([*self.point[:i], x, *self.point[i + 1 :]])

        line = Line(f, here, self.domains[i], self.coded.grain)
        numeric = measured_slope(line, abs(here) or 1.0, self.rtol)
        if self.coded.floors and self.coded.floors[i] > numeric.floor:
            numeric = replace(numeric, floor=self.coded.floors[i])
        if not abs(self.coded.slopes[i] - numeric.value - expected) <= 0.1 * abs(expected):
            numeric = self.heard(numeric, i)
        numeric = self.sharpened(i, numeric)
        self.evaluations += numeric.evaluations
        dropped = self.coded.dropped[i] if self.coded.dropped else ()
        row = Partial(self.inputs.paths[i], here, self.coded.slopes[i], numeric, slack=self.coded.slack[i], dropped=dropped)
        return self.judged(row)

    def heard(self, numeric: Numeric, i: int) -> Numeric:
        """The second opinion before an alarm, until ten of them on f have changed nothing."""
        coded, slack = self.coded.slopes[i], self.coded.slack[i]
        if self.confirmed >= CULPRITS:
            return numeric
        second = numeric.settled(coded, slack)
        if second is not numeric:
            self.confirmed += 1 if second.judged(coded, slack).fails == numeric.judged(coded, slack).fails else -MOST_EVALUATIONS
        return second

    def sharpened(self, i: int, numeric: Numeric) -> Numeric:
        """The same derivative by a sharper oracle, if one is asked for, or if rounding hides errors and there is one."""
        if numeric.bent or numeric.verdict is Shape.VERTICAL:
            return numeric
        doubtful = numeric.verdict is Shape.UNRESOLVED or numeric.weak(self.coded.slopes[i])
        if self.oracle == "exact" or (self.oracle == "auto" and doubtful):
            leaf, output = self.inputs.leaves[i], self.coded.output
            exact = slope_in_digits(self.inputs, i, self.point, leaf, output, numeric, required=self.oracle == "exact")
            coded, slack = self.coded.slopes[i], self.coded.slack[i]
            too_strict = self.oracle == "auto" and numeric.accepts(coded, slack) and not exact.accepts(coded, slack)
            return numeric if too_strict else exact  # the rounding of f that hides the slope is in the coded one as well
        if self.oracle == "complex":
            return complex_step(self.inputs, i, self.point, numeric)
        return numeric

    def judged(self, row: Partial) -> Partial:
        """The row with its verdict."""
        row.verdict = row.numeric.judged(row.coded, row.slack)
        if row.verdict is Verdict.KINK and self.kinks == "reject":
            row.verdict = Verdict.WRONG
        return row

    def scale(self, i: int) -> float:
        """What a nudge of input i is measured by: its size, or 1 at zero."""
        return abs(self.point[i]) or 1.0

    def buckets(self, odd: set[int]) -> Iterator[list[int]]:
        """The inputs in groups whose members contribute alike, so that none hides another; those with gradient 0 apart."""
        sizes = {i: self.scale(i) * abs(g) for i, g in enumerate(self.coded.slopes) if i not in odd}
        zero = [i for i, size in sizes.items() if size == 0.0]
        rest = sorted((i for i in sizes if sizes[i] > 0.0), key=sizes.__getitem__, reverse=True)
        start = 0
        for k in range(1, len(rest) + 1):
            if k == len(rest) or sizes[rest[k]] < sizes[rest[start]] * 10.0**-DECADES:
                yield rest[start:k]
                start = k
        if zero:
            yield zero

    def direction(self, members: Sequence[int]) -> dict[int, float]:
        """How far each member moves per unit of the direction: so far that all contribute alike, none beyond its own size."""
        moves = {}
        for i in members:
            weight = self.rng.uniform(0.5, 1.0) * self.rng.choice((-1.0, 1.0))
            moves[i] = weight / abs(self.coded.slopes[i]) if self.coded.slopes[i] else weight * self.scale(i)
        largest = max(abs(move) / self.scale(i) for i, move in moves.items())
        return {i: move / largest for i, move in moves.items()}

    def along(self, moves: dict[int, float], target: float, scale: float = 1.0, known: float = 0.0) -> Partial:
        """The row of one direction, measured to `target` relative to its slope; `known` is the noise of f, if it is."""

        def f(t: float) -> float:
            point = list(self.point)
            for i, move in moves.items():
                point[i] += t * move
            return self.inputs.number(point)

        reach = min(self._room(i, move) for i, move in moves.items())
        line = Line(f, 0.0, (-reach, reach), self.coded.grain, known)
        if known:  # a search: the lines through one point share what is known there
            line.seen[0.0] = self.middle
        numeric = measured_slope(line, scale, max(self.rtol, 8.0 * target), target, sparing=True)
        self.evaluations += numeric.evaluations
        self.noise, self.middle = known or line.noise, line.seen.get(0.0)
        return self._directional(moves, numeric)

    def _room(self, i: int, move: float) -> float:
        low, high = self.domains[i]
        return min(self.point[i] - low, high - self.point[i]) / abs(move)

    def _directional(self, moves: dict[int, float], numeric: Numeric) -> Partial:
        parts = [self.coded.slopes[i] * move for i, move in moves.items()]
        slack = math.fsum(self.coded.slack[i] * abs(move) for i, move in moves.items())
        first = next(iter(moves))
        return Partial(
            self.inputs.paths[first], self.point[first], math.fsum(parts), numeric, slack=slack,
            members=len(moves), smallest=min(map(abs, parts)),
        )

    def together(self, members: list[int]) -> None:
        """Judge a bucket along one direction, and name the wrong inputs in it if the direction disagrees."""
        target = min(1e-8, self.rtol / (8.0 * math.sqrt(len(members))))  # the slope of one is that much less than that of all
        row = self.along(moves := self.direction(members), target)
        if row.numeric.verdict in (Shape.UNRESOLVED, Shape.VERTICAL) or row.numeric.bent:
            self._halved(members, row)
        elif self._agrees(row):
            if row.coded != 0.0 and row.sensitivity > self.rtol:
                self._parted(members, row)
            else:
                row.verdict = Verdict.AGREES
                self.found.append(row)
        else:
            before = len(self.found)
            self.search(moves, row)
            if not any(found.verdict is Verdict.WRONG for found in self.found[before:]):  # then it may be the direction that errs
                numeric = row.numeric.settled(row.coded, row.slack)
                self.evaluations += numeric.evaluations - row.numeric.evaluations
                row = replace(row, numeric=numeric)
            self._rest(moves, row, self.found[before:])

    def _parted(self, members: list[int], row: Partial) -> None:
        """Part a direction in which an error in one would not show, unless rounding hides it in the one measured alone too."""
        sizes = {i: self.scale(i) * abs(self.coded.slopes[i]) for i in members}
        ranked = sorted(members, key=sizes.__getitem__)
        if any(found.verdict is Verdict.WRONG for found in self.found):  # then nobody asks how well the right ones agree
            row.verdict = Verdict.WEAK
            self.found.append(row)
            return
        if len(members) <= STEP_DOWN:
            self.found += [self.alone(i) for i in members]
            return
        alike = sizes[ranked[-1]] <= SAME_NOISE * sizes[ranked[0]]
        if self.evaluations > MOST_EVALUATIONS or (alike and self.alone(ranked[len(ranked) // 2]).verdict is Verdict.WEAK):
            row.verdict = Verdict.WEAK
            self.found.append(row)
            return
        self.together(ranked[: len(ranked) // 2])
        self.together(ranked[len(ranked) // 2 :])

    def _rest(self, moves: dict[int, float], row: Partial, named: list[Partial]) -> None:
        """The row of the members that were not named, whose slope is what the named ones leave of the whole."""
        places = {self.inputs.paths.index(found.path): found.numeric for found in named}
        rest = {i: move for i, move in moves.items() if i not in places}
        if not rest:
            return
        value = row.numeric.value - math.fsum(moves[i] * numeric.value for i, numeric in places.items())
        bound = row.numeric.bound + math.fsum(abs(moves[i]) * numeric.bound for i, numeric in places.items())
        left = self._directional(rest, replace(row.numeric, value=value, bound=bound, evaluations=0))
        left.verdict = Verdict.AGREES if self._agrees(left) else Verdict.WRONG
        if left.verdict is Verdict.WRONG:
            left.hint = f"among these are more wrong inputs; the search ends after {CULPRITS}"
        self.found.append(left)

    def _agrees(self, row: Partial) -> bool:
        return abs(row.coded - row.numeric.value) <= row.numeric.bound + row.slack

    def _halved(self, members: list[int], row: Partial) -> None:
        """Part a direction that bends or cannot be measured, so that what is wrong with few does not hide the many."""
        if self.evaluations > MOST_EVALUATIONS:
            kink = row.numeric.bent and row.numeric.accepts(row.coded, row.slack)
            row.verdict = Verdict.KINK if kink else Verdict.UNRESOLVED
            self.found.append(row)
        elif len(members) <= STEP_DOWN:
            self.found += [self.alone(i) for i in members]
        else:
            self.together(members[: len(members) // 2])
            self.together(members[len(members) // 2 :])

    def search(self, moves: dict[int, float], row: Partial) -> None:
        """Add a row for each wrong input among `moves`: measure one half, and know the other by subtraction.

        A half is measured just well enough to tell whether the disagreement is in it: by a short climb, from where the noise
        of f, known from the whole, is small beside that.
        """
        if sum(found.verdict is Verdict.WRONG for found in self.found) >= CULPRITS:
            return
        members = list(moves)
        if len(members) == 1:
            self.found.append(self.alone(members[0], (row.coded - row.numeric.value) / moves[members[0]]))
            return
        left = {i: moves[i] for i in members[: len(members) // 2]}
        right = {i: moves[i] for i in members[len(members) // 2 :]}
        room = max(0.1 * (abs(row.coded - row.numeric.value) - row.numeric.bound - row.slack), SMALLEST_FLOAT)
        slope = abs(math.fsum(self.coded.slopes[i] * move for i, move in left.items()))
        seen = self.along(left, max(1e-8, room / slope) if slope else 1e-8, outward(12.0 * self.noise / room), self.noise)
        if not self._agrees(seen):
            self.search(left, seen)
        rest = replace(
            row.numeric, value=row.numeric.value - seen.numeric.value, bound=row.numeric.bound + seen.numeric.bound, evaluations=0
        )
        unseen = self._directional(right, rest)
        if not self._agrees(unseen):
            self.search(right, unseen)


def outward(first: float) -> float:
    """The scale of a line whose climb starts at about the step `first`, within reason."""
    return min(1e3, max(1.0, 1e6 * first))
