"""A program whose results are checked: where one is not finite, it raises, and the exact path takes over."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import Context
from functools import partial

import numpy as np

from .array_program import Array


def finite(run: Callable[[Array], Array], flags: bool = False) -> Callable[[Array], Array]:
    """`run`, raising FloatingPointError where a result is not finite, with `flags` where an input or one on the way is not."""

    def checked(inputs: Array) -> Array:
        if not flags or math.isfinite(inputs.dot(inputs)):  # a fifth of the time of np.isfinite(inputs).all()
            results = run(inputs)
            if math.isfinite(results.dot(results)):
                return results
        raise FloatingPointError("a result is not finite")

    return in_own_context(checked, flags)


def in_own_context(run: Callable[[Array], Array], flags: bool = False) -> Callable[[Array], Array]:
    """`run` in a context that nothing else enters, so that it is not entered again before it ends.

    numpy's flags are set in there, once: np.errstate round each run would cost it 1 us.
    """
    own = Context()
    own.run(lambda: np.seterr(**dict.fromkeys(("over", "divide", "invalid"), "raise" if flags else "ignore")))
    return partial(own.run, run)  # type: ignore[call-arg]  # the inputs come with the call
