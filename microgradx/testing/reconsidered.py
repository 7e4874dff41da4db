"""What is believed when two methods have measured a slope: the climb, the windows, or the one with the doubt of the other."""

from __future__ import annotations

from dataclasses import replace

from .line import EPS, SMALLEST_FLOAT, Line
from .numeric import Numeric
from .second_opinion import NARROWEST_WINDOW, Fit, Opinion, opinion
from .stairs import NO_STAIRS, Stairs, stairs
from .surroundings import hides_slopes, jumps, noise_at, steepest_beside
from .verdicts import Shape

INNERMOST_WINDOW = 2.0**-40  # where f wiggles within the narrowest one
NOISIEST = 1e-2  # of f: what is noisier has no slope to speak of
MUCH_MORE = 64.0  # times the noise that a climb has seen


def reconsidered(quick: Numeric, line: Line, scale: float) -> Numeric:
    """What windows say of f, unless the climb is sharper and assumed no less noise than they find."""
    for narrowest in (NARROWEST_WINDOW, INNERMOST_WINDOW):
        found = opinion(line, scale, narrowest)
        fit, shape = _joined(found, quick)
        quick = replace(quick, evaluations=line.evaluations)
        if fit is not None and _noise_is_real(line, quick, found, fit):
            break
        if quick.verdict is not Shape.UNRESOLVED:
            return quick
    else:
        return quick
    if found.stairs.height and line.grain:  # a graph tells its rounding, so its steps are those of an operation such as floor
        return quick
    agreed = fit.noise <= 2.0 * quick.noise and abs(fit.value - quick.value) <= fit.bound + quick.bound
    if quick.verdict.has_slope and agreed and quick.bound <= fit.bound and not quick.hidden:
        rougher = quick.reach > scale and noise_at(line, quick.reach) > 2.0 * quick.noise
        return replace(quick, doubt=fit.bound + abs(fit.value - quick.value)) if rougher else quick
    steps, bound = found.stairs, fit.bound + 8.0 * found.stairs.unit * abs(fit.value)
    if not steps.height and abs(fit.value) <= fit.bound:
        steps, bound = _one_tread(line, bound)
    noise = max(fit.noise, 0.5 * steps.height)
    note = steps.note if steps.height > 8.0 * EPS * line.height() else ""
    return replace(
        quick, value=fit.value, bound=bound, left=fit.value, right=fit.value, verdict=shape, note=note, noise=fit.noise,
        oracle="windows", constant=False, ledge=steps.uncertain,
        beside=steepest_beside(line, scale, fit.value, max(quick.floor, bound), noise),
        hidden=hides_slopes(line, fit.value, bound, noise),
    )  # fmt: skip


def _noise_is_real(line: Line, quick: Numeric, found: Opinion, fit: Fit) -> bool:
    """Whether what a fit leaves over is noise: little beside f, and seen by a climb, as stairs or between neighbours too."""
    if fit.noise > NOISIEST * fit.top + 4.0 * SMALLEST_FLOAT:
        return False
    known = fit.noise <= MUCH_MORE * max(quick.noise, EPS * fit.top, SMALLEST_FLOAT)
    return known or bool(found.stairs.height) or jumps(line, fit.noise)


def _one_tread(line: Line, bound: float) -> tuple[Stairs, float]:
    """What is known of an f that is the same all around: if a step of few digits lies farther out, no more than that step."""
    distance, height = line.first_change()
    steps = stairs(height, [value for value in line.seen.values() if value is not None]) if height else NO_STAIRS
    return (steps, max(bound, height / distance)) if steps.unit and not steps.uncertain else (NO_STAIRS, bound)


def _joined(found: Opinion, quick: Numeric) -> tuple[Fit | None, Shape]:
    """The sharpest fit if both sides have the same slope, and whether f has both sides."""
    both, left, right = found.both, found.left, found.right
    if left is None or right is None:
        one = None if quick.bent or quick.verdict is Shape.VERTICAL else left or right
        return (both, Shape.SMOOTH) if both is not None else (one, Shape.ONE_SIDED)
    meet = abs(left.value - right.value) <= 2.0 * (left.bound + right.bound)
    if not meet or (both is None and quick.bent):
        return None, Shape.KINK
    if both is not None and not (both.value and left.value and right.value):  # that one side is flat farther out says little
        return both, Shape.SMOOTH
    return min((fit for fit in (both, left, right) if fit is not None), key=lambda fit: fit.bound), Shape.SMOOTH
