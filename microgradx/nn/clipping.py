"""The length of a gradient, and a gradient made shorter."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..engine import Value
from .settings import positive


def gradient_norm(parameters: Iterable[Value]) -> float:
    """The length of the gradient, the square root of the sum of all squared slopes; a missing gradient counts as 0.

    >>> x, y = Value(3.0), Value(4.0)
    >>> (x * x / 2 + y * y / 2).backward()
    >>> gradient_norm([x, y])
    5.0
    """
    return math.hypot(*(parameter.grad or 0.0 for parameter in parameters))


def clip_gradients(parameters: Iterable[Value], max_norm: float) -> float:
    """Shorten the gradient to length `max_norm` if it is longer, keeping its direction; gives the length it had.

    >>> x, y = Value(3.0), Value(4.0)
    >>> (x * x / 2 + y * y / 2).backward()
    >>> clip_gradients([x, y], max_norm=1.0), round(x.grad, 3), round(y.grad, 3)
    (5.0, 0.6, 0.8)

    The length is inf where it is beyond every float; the direction is kept then too. FloatingPointError if a slope is inf or
    nan: such a gradient has no direction.
    """
    limit = positive("max_norm", max_norm, "a length to clip to")
    reached = [parameter for parameter in parameters if parameter.grad is not None]
    slopes = [parameter.grad or 0.0 for parameter in reached]
    for place, slope in enumerate(slopes):
        if not math.isfinite(slope):
            raise FloatingPointError(
                f"the gradient of {reached[place].label or f'parameter {place}'} is {slope!r}: it has no direction to keep; "
                "ask origin(loss) where it comes from"
            )
    norm = math.hypot(*slopes)
    if norm > limit:
        largest = max(map(abs, slopes))
        factor = limit / largest / math.hypot(*(slope / largest for slope in slopes)) if math.isinf(norm) else limit / norm
        for parameter, slope in zip(reached, slopes, strict=True):
            parameter.grad = slope * factor
    return norm
