"""`check_jvp`: whether a coded forward product, the Jacobian times a vector, is right."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from .check_gradient import refuse_misuse
from .concluded import concluded
from .inputs import Inputs, Patterns
from .outputs import Outputs, called
from .products import judge_along, random_vector
from .report import Report


def check_jvp(
    f: Callable[..., Any],
    at: Any,
    jvp: Callable[..., Any],
    *,
    wrt: Patterns | None = None,
    directions: int = 3,
    rtol: float = 1e-6,
    seed: int = 0,
    strict: bool = False,
) -> Report:
    """The report on `jvp(*inputs, *vector)`, which gives J @ vector shaped like what f gives; WrongDerivative if it is wrong.

    >>> check_jvp(lambda x, y: [x * y, x + y], (2.0, 3.0), lambda x, y, dx, dy: [y * dx + x * dy, dx + dy]).summary()
    '6 partial derivatives: 6 right'

    It is compared with f along `directions` vectors drawn at random, one row for each output, at about 16 evaluations a
    direction however many inputs and outputs there are.
    """
    __tracebackhide__ = True
    refuse_misuse(rtol=rtol, samples=directions)
    inputs, rng = Inputs(f, at, False, wrt), random.Random(seed)
    report = Report(f"check_jvp({called(f)})", [], called(jvp), rtol, seed=seed, strict=strict)
    with inputs.restoring():
        outputs = Outputs(inputs.call, f, inputs.start)
        for d in range(directions):
            judge_along(inputs, outputs, jvp, random_vector(inputs.start, rng), f"vector {d}", report)
    options = {"wrt": wrt, "directions": directions, "rtol": rtol, "seed": seed, "strict": strict}
    return concluded(report, check_jvp, {"f": f, "at": at, "jvp": jvp}, options)
