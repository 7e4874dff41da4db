"""Products of a Jacobian with vectors drawn at random, measured: what they cost does not grow with its size."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from .blame import hint
from .inputs import Inputs
from .line import Line
from .measured import measured_slope
from .outputs import Outputs, output_numbers
from .report import Partial, Report
from .verdicts import Verdict


def random_vector(start: Sequence[float], rng: random.Random) -> list[float]:
    """A direction in which every input moves, by about its own size."""
    return [rng.uniform(0.5, 1.0) * rng.choice((-1.0, 1.0)) * (abs(x) or 1.0) for x in start]


def judge_along(
    inputs: Inputs, outputs: Outputs, jvp: Callable[..., Any], vector: list[float], name: str, report: Report
) -> list[float]:
    """Add one row for each output, with its slope along `vector`; what the code gives for them comes back."""
    result = inputs.call(inputs.start, jvp, *inputs.shaped(vector))
    coded = [float(x) for x in output_numbers(result, jvp)[1]]
    if len(coded) != len(outputs):
        raise ValueError(f"{report.coded_by} gave {len(coded)} number(s) for {len(outputs)} output(s): give one for each")
    before = len(report.rows)
    lines: list[Line] = []
    for k, claimed in enumerate(coded):

        def f(t: float, k: int = k) -> float:
            return outputs.all([x + t * move for x, move in zip(inputs.start, vector, strict=True)])[k]  # type: ignore[no-any-return]

        lines.append(Line(f))
        numeric = measured_slope(lines[-1], 1.0, report.rtol).settled(claimed)
        row = Partial(f"{outputs.paths[k]} along {name}", 0.0, claimed, numeric, numeric.judged(claimed))
        report.rows.append(row)
    report.evaluations += max(line.evaluations for line in lines)  # the outputs share what f gave
    rows = report.rows[before:]
    for row in rows:
        if row.verdict is Verdict.WRONG:
            row.hint = hint(row, rows, report.coded_by, True)
        elif row.verdict is Verdict.UNRESOLVED:
            row.hint = f"{row.numeric.note}: move the point away from the edge or the wiggle"
    return coded


def dot_of(a: Sequence[float], b: Sequence[float]) -> float:
    """The sum of the products of two vectors of numbers."""
    return math.fsum(x * y for x, y in zip(a, b, strict=True))
