"""What CasADi takes for the value and gradient of scalar code, by its buffers and without Python's numbers."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from microgradx.bench.case import Case
from microgradx.bench.measure import median


def by_casadi(case: Case) -> tuple[float, float] | None:
    """Seconds to build and to run the value and gradient as a CasADi SX function with preallocated buffers."""
    import casadi

    for name, formula in {
        "relu": lambda a: casadi.fmax(a, 0),
        "tanh": casadi.tanh,
        "sin": casadi.sin,
        "sqrt": casadi.sqrt,
        "exp": casadi.exp,
        "softplus": lambda a: casadi.fmax(a, 0) + casadi.log1p(casadi.exp(-casadi.fabs(a))),
    }.items():
        setattr(casadi.SX, name, formula)
    start = perf_counter()
    x = casadi.SX.sym("x", len(case.x))
    try:
        y = case.f([x[i] for i in range(len(case.x))])
    except (TypeError, AttributeError, NotImplementedError, ValueError, RecursionError):
        return None
    function = casadi.Function("f", [x], [y, casadi.gradient(y, x)])
    built = perf_counter() - start
    buffer, evaluate = function.buffer()
    point, value, gradient = np.array(case.x), np.zeros(1), np.zeros(len(case.x))
    buffer.set_arg(0, memoryview(point))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(gradient))
    return built, median(evaluate)
