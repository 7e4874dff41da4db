"""The length of a gradient, and a gradient made shorter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ..engine import Value
from ..places import name_of
from ..writing import commit, new_gradients
from .gradients import moves
from .settings import positive_number


def gradient_norm(parameters: Iterable[Value]) -> float:
    """The length of the gradient, the square root of the sum of all squared slopes; one that was not reached counts as 0.

    >>> x, y = Value(3.0), Value(4.0)
    >>> (x * x / 2 + y * y / 2).backward()
    >>> gradient_norm([x, y])
    5.0
    """
    return math.hypot(*(parameter.grad for parameter in parameters))


def clip_gradients(parameters: Iterable[Value], max_norm: float) -> float:
    """Shorten the gradient to length `max_norm` if it is longer, keeping its direction; gives the length it had.

    >>> x, y = Value(3.0), Value(4.0)
    >>> (x * x / 2 + y * y / 2).backward()
    >>> clip_gradients([x, y], max_norm=1.0), round(x.grad, 3), round(y.grad, 3)
    (5.0, 0.6, 0.8)

    The length is inf where it is beyond every float; the direction is kept then too. FloatingPointError if a slope is inf or
    nan: such a gradient has no direction.
    """
    reached = [parameter for parameter in parameters if moves(parameter)]
    try:
        slopes, norm = clipped([parameter.grad for parameter in reached], max_norm)
    except NoDirection as error:
        name = name_of(reached[error.place]) or f"parameter {error.place}"
        raise FloatingPointError(f"the gradient of {name} is {error}") from None
    commit(new_gradients(reached, slopes))
    return norm


class NoDirection(FloatingPointError):
    """A gradient of which one slope, at `place`, is inf or nan."""

    def __init__(self, place: int, slope: float) -> None:
        super().__init__(f"{slope!r}: it has no direction to keep; ask origin(loss) where it comes from")
        self.place = place


def clipped(slopes: Sequence[float], max_norm: float) -> tuple[list[float], float]:
    """(the slopes as a gradient of length `max_norm` at most, the length they have)."""
    limit = positive_number("max_norm", max_norm, "a length to clip to")
    for place, slope in enumerate(slopes):
        if not math.isfinite(slope):
            raise NoDirection(place, slope)
    norm = math.hypot(*slopes)
    if not norm > limit:
        return list(slopes), norm
    if math.isinf(norm):
        largest = max(map(abs, slopes))
        factor = limit / largest / math.hypot(*(slope / largest for slope in slopes))
    else:
        factor = limit / norm
    return [slope * factor for slope in slopes], norm
