"""Second derivatives: the gradient is differenced, and the Hessian must be symmetric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..derivatives import gradient
from ..engine import Value
from ..modes import recording
from ..ops import dot
from .claimed import Coded, floors, from_backward
from .inputs import Inputs
from .judging import judge_point
from .one_point import Trial
from .outputs import Outputs, called
from .report import Report

SECOND = 12  # up to so many inputs every second derivative is checked; beyond, the Hessian times random vectors
UNEVEN = 64.0  # a coded Hessian may be uneven by so many roundings of its largest entry


def of_graph(trial: Trial, report: Report) -> None:
    """Check d(gradient . u)/dx for unit vectors u, or for random ones where there are many inputs, and the symmetry."""
    inputs, n = trial.inputs, len(trial.point)
    vectors = [{i: 1.0} for i in range(n)] if n <= SECOND else [
        {i: trial.rng.uniform(-1.0, 1.0) for i in range(n)} for _ in range(2)
    ]
    columns = []
    for vector in vectors:
        second = inputs.again(_slope_along(vector, inputs))
        coded = from_backward(second, trial.point)
        name = inputs.paths[next(iter(vector))] if len(vector) == 1 else "(gradient . u)"
        second.paths = [f"d2/d{name} d{path}" for path in inputs.paths]
        judge_point(trial.of(second, coded), report)
        columns.append(coded)
    if n <= SECOND:
        report.faults += _uneven(inputs, columns)


def _slope_along(vector: dict[int, float], inputs: Inputs) -> Callable[..., Value]:
    """A function of the arguments of f: the weighted sum of its slopes, as a graph."""
    leaves = [leaf for leaf in inputs.leaves if leaf is not None]

    def slope(*args: Any, **named: Any) -> Value:
        with recording():  # the line of steps asks under no_grad
            slopes = gradient(inputs.f(*args, **named), leaves, create_graph=True)
            return dot(list(vector.values()), [slopes[i] for i in vector])

    return slope


def of_code(trial: Trial, grad: Any, hess: Any, report: Report) -> None:
    """Check a coded Hessian against slopes of the coded gradient; without one, only whether those slopes are symmetric.

    A difference of gradients has five digits more than a second difference of values.
    """
    inputs = trial.inputs
    slopes = Outputs(lambda point: inputs.flat(inputs.call(point, grad), called(grad)), grad, trial.point)
    coded_hess = inputs.call(trial.point, hess) if callable(hess) else hess
    rows = _hessian_rows(inputs, coded_hess) if hess is not None else []
    name_of_hess = called(hess) if callable(hess) else "hess"
    columns = []
    for i, name in enumerate(inputs.paths):
        second = inputs.again(inputs.f)
        second.values = lambda point, i=i: slopes.all(point)[i]
        second.paths = [f"d2/d{name} d{path}" for path in inputs.paths]
        if rows:
            coded = Coded(rows[i], [0.0] * len(rows[i]), floors=floors(rows[i], trial.point))
            judge_point(trial.of(second, coded), report, coded_by=name_of_hess)
            columns.append(coded)
        else:
            columns.append(_measured(trial.of(second, Coded([0.0] * len(inputs.paths), [0.0] * len(inputs.paths))), report))
    uneven = _uneven(inputs, columns)
    report.faults += uneven
    if not rows and not uneven:
        symmetric = "slopes of the gradient are symmetric"
        report.besides = symmetric if len(columns) > 1 else "of one input there is no mixed derivative"


def _hessian_rows(inputs: Inputs, hess: Any) -> list[list[float]]:
    n = len(inputs.paths)
    try:
        return inputs.jacobian(hess, "hess", n)
    except ValueError as error:
        raise ValueError(f"{str(error).partition(' for ')[0]}, but a Hessian by {n} inputs has {n} x {n} entries") from None


def _measured(trial: Trial, report: Report) -> Coded:
    """Measured slopes in the place of coded ones, with their bounds as room."""
    found = [trial.alone(i).numeric for i in range(len(trial.point))]
    report.evaluations += trial.evaluations
    known = [numeric.verdict.has_slope for numeric in found]
    return Coded(
        [numeric.value if fine else 0.0 for numeric, fine in zip(found, known, strict=True)],
        [2.0 * numeric.bound if fine else float("inf") for numeric, fine in zip(found, known, strict=True)],
    )


def _uneven(inputs: Inputs, columns: list[Coded]) -> list[str]:
    """A message for the first pair of inputs whose mixed second derivatives differ by more than rounding."""
    largest = max((abs(x) for column in columns for x in column.slopes), default=0.0)
    for i, column in enumerate(columns):
        for j in range(i):
            here, there = column.slopes[j], columns[j].slopes[i]
            room = 1e-12 * max(abs(here), abs(there)) + UNEVEN * 2.0**-52 * largest + column.slack[j] + columns[j].slack[i]
            if abs(here - there) > room:
                a, b = inputs.paths[i], inputs.paths[j]
                return [f"the mixed second derivatives of {a} and {b} differ: {here:.10g} and {there:.10g}"]
    return []
