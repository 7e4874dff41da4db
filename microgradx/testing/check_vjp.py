"""`check_vjp`: whether a coded backward product, a vector times the Jacobian, is right."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from .check_gradient import refuse_misuse
from .claimed import Coded, floors
from .concluded import concluded
from .domains import Domain, domain_of, refuse_unknown_domains
from .inputs import Inputs, Patterns
from .judging import judge_point
from .one_point import Trial
from .outputs import Outputs, called
from .products import dot_of
from .report import Report

FEW_INPUTS = 8  # up to so many inputs each is measured alone


def check_vjp(
    f: Callable[..., Any],
    at: Any,
    vjp: Callable[..., Any],
    *,
    wrt: Patterns | None = None,
    directions: int = 2,
    rtol: float = 1e-6,
    domain: Domain = None,
    seed: int = 0,
    strict: bool = False,
) -> Report:
    """The report on `vjp(*inputs, vector)`, which gives vector @ J shaped like the inputs; WrongDerivative if it is wrong.

    >>> check_vjp(lambda v: [v[0] * v[1], v[0]], [2.0, 3.0], lambda v, u: [u[0] * v[1] + u[1], u[0] * v[0]]).summary()
    '4 partial derivatives: 4 right'

    The vector, shaped like what f gives, is drawn at random; its product is the gradient of one number. Many inputs are measured
    together, and a wrong one among them is searched for and named.
    """
    __tracebackhide__ = True
    refuse_misuse(rtol=rtol, samples=directions)
    inputs, rng = Inputs(f, at, False, wrt), random.Random(seed)
    refuse_unknown_domains(domain, inputs.paths)
    domains = [domain_of(path, domain) for path in inputs.paths]
    report = Report(f"check_vjp({called(f)})", [], called(vjp), rtol, seed=seed, strict=strict)
    with inputs.restoring():
        outputs = Outputs(inputs.call, f, inputs.start)
        for _ in range(directions):
            vector = [rng.uniform(0.5, 1.0) * rng.choice((-1.0, 1.0)) for _ in outputs.start]
            slopes = inputs.flat(inputs.call(inputs.start, vjp, outputs.shaped(vector)), called(vjp))
            part = inputs.again(f)
            part.values = lambda point, vector=vector: dot_of(vector, outputs.all(point))
            coded = Coded(slopes, [0.0] * len(slopes), floors=floors(slopes, inputs.start))
            trial = Trial(part, list(inputs.start), coded, rtol, domains, "subgradient", "ladder", rng, few=FEW_INPUTS)
            judge_point(trial, report)
    options = {"wrt": wrt, "directions": directions, "rtol": rtol, "domain": domain, "seed": seed, "strict": strict}
    return concluded(report, check_vjp, {"f": f, "at": at, "vjp": vjp}, options)
