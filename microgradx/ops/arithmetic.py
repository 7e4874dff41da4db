"""Python's arithmetic: sums, products, quotients, whole division."""

from __future__ import annotations

import math
import operator
from typing import Any

from .. import ieee
from ..signatures import Binary, Unary
from ..statement import primitive

DEGREE, RADIAN = 57.29577951308232, 0.017453292519943295

add: Binary = primitive("add", "{} + {}", operator.add, 1.0, 1.0, numpy="add", about="the sum of two")
subtract: Binary = primitive("subtract", "{} - {}", operator.sub, 1.0, -1.0, numpy="subtract", about="the difference")
multiply: Binary = primitive(
    "multiply", "{} * {}", operator.mul, lambda a, b, out: b, lambda a, b, out: a, numpy="multiply", about="the product of two"
)
divide: Binary = primitive(
    "divide", "{} / {}", ieee.divide,
    lambda a, b, out: 1.0 / b,
    lambda a, b, out: -out / b,
    domain=((-3.0, 3.0), (0.5, 2.0)), numpy="divide",
    about="the quotient", convention="1 / 0 is inf, 0 / 0 is nan: nothing raises", exact=lambda m, a, b: a / b,
)
negative: Unary = primitive("negative", "-{}", operator.neg, -1.0, numpy="negative", about="the number with the other sign")
positive: Unary = primitive(
    "positive", "+{}", lambda x: x, 1.0, numpy="positive", inner=True, about="the number itself, as a new node"
)
floor_divide: Binary = primitive(
    "floor_divide", "{} // {}", ieee.floor_divide, 0.0, 0.0, domain=((-5.0, 5.0), (0.7, 2.0)), numpy="floor_divide",
    about="the quotient rounded down", convention="flat, also at a jump", exact=lambda m, a, b: m.floor(a / b),
)
remainder: Binary = primitive(
    "remainder", "{} % {}", ieee.remainder, 1.0, lambda a, b, out: -floor_divide(a, b),
    domain=((-5.0, 5.0), (0.7, 2.0)), numpy="remainder",
    kink=True, about="what whole division leaves, with the sign of `b`: Python's %, which is not `math.remainder`",
    convention="the slopes are 1 and -(a // b), also at a jump",
    exact=lambda m, a, b: a - b * m.floor(a / b),
)
fmod: Binary = primitive(
    "fmod", "fmod({}, {})", ieee.fmod, 1.0, lambda a, b, out: (out - a) / b,
    domain=((-5.0, 5.0), (0.7, 2.0)), numpy="fmod",
    kink=True, about="what a division cut towards zero leaves, with the sign of `a`, as C's fmod",
    convention="the slopes are 1 and minus the quotient that was cut, also at a jump",
    exact=lambda m, a, b: a - b * (m.floor(a / b) if a / b >= 0 else m.ceil(a / b)),
)
ieee_remainder: Binary = primitive(
    "ieee_remainder", "ieee_remainder({}, {})", ieee.ieee_remainder, 1.0, lambda a, b, out: (out - a) / b,
    domain=((-5.0, 5.0), (0.7, 2.0)), array=lambda np, a, b: nearest_rest(np, a, b),
    kink=True, about="what a division rounded to the nearest leaves: `math.remainder` (`remainder` is Python's %)",
    convention="the slopes are 1 and minus the rounded quotient, also at a jump",
    exact=lambda m, a, b: a - b * m.nint(a / b),
)
square: Unary = primitive(
    "square", "{}**2", lambda x: x * x, lambda x, out: 2.0 * x, numpy="square", about="the number times itself"
)
reciprocal: Unary = primitive(
    "reciprocal", "1 / {}", lambda x: ieee.divide(1.0, x), lambda x, out: -out * out, domain=(0.4, 3.0), numpy="reciprocal",
    about="one divided by the number", convention="at 0 it is inf with slope -inf", exact=lambda m, x: 1 / x,
)
one_minus_square: Unary = primitive(  # its value keeps its digits near 1, its derivative (that of the product would not) near 0
    "one_minus_square", "1 - {}**2", lambda x: (1.0 - x) * (1.0 + x), lambda x, out: -2.0 * x,
    array=lambda np, x: (1.0 - x) * (1.0 + x),
    inner=True, about="one minus the square, exact near 1",
)
degrees: Unary = primitive(
    "degrees", "degrees({})", math.degrees, DEGREE, numpy="degrees", array=lambda np, x: x * DEGREE,
    about="an angle in degrees, given in radians",
)
radians: Unary = primitive(
    "radians", "radians({})", math.radians, RADIAN, numpy="radians", array=lambda np, x: x * RADIAN,
    about="an angle in radians, given in degrees",
)


def nearest_rest(np: Any, a: Any, b: Any) -> Any:
    """`math.remainder` on arrays: the rest by 2b says which multiple of b is nearest, and which is the even one at a tie."""
    size = np.abs(b)
    rest = np.fmod(np.abs(a), 2.0 * size)
    beyond = rest - size
    rest = np.where(2.0 * rest > size, np.where(2.0 * beyond >= size, beyond - size, beyond), rest)
    return np.where(a < 0.0, -rest, rest)
