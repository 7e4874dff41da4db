"""`check_hvp`: whether a coded product of the Hessian with a vector is right."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from ..transforms import grad as grad_of
from .check_gradient import refuse_misuse
from .concluded import concluded
from .frameworks import own_gradient
from .inputs import Inputs, Patterns
from .outputs import Outputs, called
from .products import dot_of, judge_along, random_vector
from .report import Report


def check_hvp(
    f: Callable[..., Any],
    at: Any,
    hvp: Callable[..., Any],
    grad: Callable[..., Any] | None = None,
    *,
    wrt: Patterns | None = None,
    directions: int = 2,
    rtol: float = 1e-6,
    seed: int = 0,
    strict: bool = False,
) -> Report:
    """The report on `hvp(*inputs, *vector)`, which gives H @ vector shaped like the inputs; WrongDerivative if it is wrong.

    >>> check_hvp(lambda v: v[0] ** 2 * v[1], [2.0, 3.0], lambda v, d: [2 * v[1] * d[0] + 2 * v[0] * d[1], 2 * v[0] * d[0]]).ok
    True

    The gradient is differenced along vectors drawn at random: that of the engine or of torch or jax, or `grad` for other code.
    Between the vectors the product must be symmetric.
    """
    __tracebackhide__ = True
    refuse_misuse(rtol=rtol, samples=directions)
    inputs, rng = Inputs(f, at, False, wrt), random.Random(seed)
    report = Report(f"check_hvp({called(f)})", [], called(hvp), rtol, seed=seed, strict=strict)
    gradient = grad or _gradient_of(f, at, inputs)
    with inputs.restoring():
        slopes = Outputs(lambda point: inputs.flat(inputs.call(point, gradient), "the gradient"), gradient, inputs.start)
        slopes.paths = [f"d/d{path}" for path in inputs.paths]
        known: list[tuple[list[float], list[float]]] = []
        for d in range(directions):
            vector = random_vector(inputs.start, rng)

            def flat(*args: Any, **named: Any) -> list[float]:
                return inputs.flat(hvp(*args, **named), called(hvp))

            known.append((vector, judge_along(inputs, slopes, flat, vector, f"vector {d}", report)))
    report.faults += _uneven(known)
    options = {"wrt": wrt, "directions": directions, "rtol": rtol, "seed": seed, "strict": strict}
    return concluded(report, check_hvp, {"f": f, "at": at, "hvp": hvp, "grad": grad}, options)


def _gradient_of(f: Callable[..., Any], at: Any, inputs: Inputs) -> Callable[..., Any]:
    own = own_gradient(f, at)
    if own is not None:
        return lambda *args, **named: own[1](*args, **named)[0][0]
    return grad_of(f, argnums=tuple(range(len(at)))) if inputs.several else grad_of(f)


def _uneven(known: list[tuple[list[float], list[float]]]) -> list[str]:
    """A message if u . (H v) is not v . (H u)."""
    for k, (u, hu) in enumerate(known):
        for v, hv in known[:k]:
            here, there = dot_of(u, hv), dot_of(v, hu)
            room = 1e-9 * (dot_of(map(abs, u), map(abs, hv)) + dot_of(map(abs, v), map(abs, hu)))  # type: ignore[arg-type]
            if abs(here - there) > room:
                return [f"u . (H v) is {here:.10g} and v . (H u) is {there:.10g}: the product is not that of a symmetric Hessian"]
    return []
