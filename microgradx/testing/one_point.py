"""One point of a check: every input measured alone, or several along one direction."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace

from .claimed import Coded
from .inputs import Inputs
from .joint_kinks import refuse_no_subgradient
from .line import Interval, Line
from .many_inputs import CULPRITS, judge_many
from .measured import measured_slope
from .numeric import Numeric
from .report import Partial
from .sixty_digits import complex_step, slope_in_digits
from .verdicts import Shape, Verdict

NEVER = 10**6
NEGLIGIBLE = 1e-3  # of what the input that matters most does to f: what noise hides below that is no loss
ALONE = 64  # up to so many inputs each gets its own ladder


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
            if not self.many or self.oracle in ("exact", "complex"):
                self.found += [self.alone(i) for i in every]
                refuse_no_subgradient(self, self.found)
                return self.found
            judge_many(self)
            refuse_no_subgradient(self, self.found)
        return self.found

    @property
    def many(self) -> bool:
        """Whether inputs are measured together, and alone only where that leaves a question."""
        return len(self.point) > self.few

    def alone(self, i: int, expected: float = math.nan) -> Partial:
        """The row of one input; off by `expected` it is as a direction has shown already, so no second opinion is asked for."""
        here = self.point[i]

        def f(x: float) -> float:
            return self.inputs.number([*self.point[:i], x, *self.point[i + 1 :]])

        line = Line(f, here, self.domains[i], self.coded.grain)
        numeric = measured_slope(line, abs(here) or 1.0, self.rtol, sparing=self.many)
        if self.coded.floors and self.coded.floors[i] > numeric.floor:
            numeric = replace(numeric, floor=self.coded.floors[i])
        if not abs(self.coded.slopes[i] - numeric.value - expected) <= 0.1 * abs(expected):
            numeric = self.heard(numeric, i)
        numeric = self.sharpened(i, numeric)
        if numeric.hidden and numeric.bound * self.scale(i) <= NEGLIGIBLE * self.largest():
            numeric = replace(numeric, hidden=False)
        self.evaluations += numeric.evaluations
        dropped = self.coded.dropped[i] if self.coded.dropped else ()
        row = Partial(self.inputs.paths[i], here, self.coded.slopes[i], numeric, slack=self.coded.slack[i], dropped=dropped)
        return self.judged(row)

    def largest(self) -> float:
        """By how much f would change if the input that matters most moved by its own size."""
        return max((abs(g) * self.scale(i) for i, g in enumerate(self.coded.slopes) if math.isfinite(g)), default=0.0)

    def heard(self, numeric: Numeric, i: int) -> Numeric:
        """The second opinion before an alarm, until ten of them on f have changed nothing."""
        coded, slack = self.coded.slopes[i], self.coded.slack[i]
        if self.confirmed >= CULPRITS:
            return numeric
        second = numeric.settled(coded, slack)
        if second is not numeric:
            self.confirmed += 1 if second.judged(coded, slack).fails == numeric.judged(coded, slack).fails else -NEVER
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
        return self.directional(moves, numeric)

    def _room(self, i: int, move: float) -> float:
        low, high = self.domains[i]
        return min(self.point[i] - low, high - self.point[i]) / abs(move)

    def directional(self, moves: dict[int, float], numeric: Numeric) -> Partial:
        """The row of a direction that was measured."""
        parts = [self.coded.slopes[i] * move for i, move in moves.items()]
        slack = math.fsum(self.coded.slack[i] * abs(move) for i, move in moves.items())
        first = next(iter(moves))
        return Partial(
            self.inputs.paths[first], self.point[first], math.fsum(parts), numeric, slack=slack,
            members=len(moves), smallest=min(map(abs, parts)),
        )
