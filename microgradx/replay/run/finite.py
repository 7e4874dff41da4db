"""A program whose results are checked: where one is not finite, it raises, and the exact path takes over."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import Context
from functools import partial

import numpy as np

from .array_program import Array


def finite(run: Callable[[Array], Array], flags: bool = False) -> Callable[[Array], Array]:
    """`run`, raising FloatingPointError where a result is not finite; with `flags`, where an input or a number on the way is not.

    numpy's flags are set once, in a context that nothing else enters: np.errstate round each run would cost it 1 us.
    """

    def checked(inputs: Array) -> Array:
        if not flags or math.isfinite(inputs.dot(inputs)):  # a fifth of the time of np.isfinite(inputs).all()
            results = run(inputs)
            if math.isfinite(results.dot(results)):
                return results
        raise FloatingPointError("a result is not finite")

    own = Context()
    own.run(lambda: np.seterr(**dict.fromkeys(("over", "divide", "invalid"), "raise" if flags else "ignore")))
    return partial(own.run, checked)  # type: ignore[call-arg]  # the inputs come with the call
