"""Choices and steps: which operand is taken, on which side of a number one is, and rounding."""

from __future__ import annotations

import math

from .. import ieee
from ..signatures import Binary, Settled, Ternary, Unary
from ..statement import primitive

where: Ternary = primitive(
    "where", "where({}, {}, {})", lambda condition, a, b: a if condition else b,
    0.0,
    lambda condition, a, b, out: where(condition, 1.0, 0.0),
    lambda condition, a, b, out: where(condition, 0.0, 1.0),
    array=lambda np, condition, a, b: np.where(condition != 0.0, a, b),
    about="`a` where the condition is not 0, else `b`", choice=True,
    convention="nan is not 0, so it chooses `a`; the condition has slope 0, and what is not chosen gets exactly 0",
)
sign: Unary = primitive(
    "sign", "sign({})", ieee.sign, 0.0, numpy="sign",
    about="-1, 0 or 1", convention="flat, also at 0; nan stays nan (PyTorch: 0)",
)
absolute: Unary = primitive(
    "absolute", "abs({})", abs, lambda x, out: sign(x), numpy="absolute",
    kink=True, about="the number without its sign", convention="at 0 the slope is 0", exact=lambda m, x: abs(x),
)
step: Unary = primitive(
    "step", "step({})", ieee.step, 0.0, array=lambda np, x: np.heaviside(x, 1.0),
    about="1 from 0 on, 0 below", convention="flat, also at the jump", exact=lambda m, x: m.mpf(x >= 0), activation=True,
)
heaviside: Binary = primitive(
    "heaviside", "heaviside({}, {})", ieee.heaviside, 0.0, lambda a, at_zero, out: 1.0 - absolute(sign(a)), numpy="heaviside",
    about="0 below 0, `at_zero` at 0, 1 above", convention="flat in `a`, also at the jump",
    exact=lambda m, a, at_zero: m.mpf(a > 0) if a else at_zero,
)
compare: Binary = primitive(  # sign(a - b) would be nan for two equal infinities
    "compare", "compare({}, {})", ieee.compare, 0.0, 0.0,
    array=lambda np, a, b: np.where(np.isnan(a) | np.isnan(b), np.nan, 1.0 * np.greater(a, b) - np.less(a, b)),
    inner=True, about="1, 0 or -1 as the first is greater, equal or less", convention="flat, also where both are equal",
    exact=lambda m, a, b: m.sign(a - b),
)
floor: Unary = primitive(
    "floor", "floor({})", ieee.floor, 0.0, numpy="floor",
    about="the largest whole number not above", convention="flat, also at whole numbers",
)
ceil: Unary = primitive(
    "ceil", "ceil({})", ieee.ceil, 0.0, numpy="ceil",
    about="the smallest whole number not below", convention="flat, also at whole numbers",
)
trunc: Unary = primitive(
    "trunc", "trunc({})", ieee.trunc, 0.0, numpy="trunc",
    about="the number without its fraction", convention="flat, also at whole numbers",
    exact=lambda m, x: m.floor(x) if x >= 0 else m.ceil(x),
)
round_: Settled = primitive(
    "round", "round({}, {})", ieee.round_half_even, 0.0, 0.0, domain=((-3.0, 3.0), (1.0, 1.0)), numpy="rint",
    array=lambda np, a, digits: np.vectorize(ieee.round_half_even, otypes=[float])(a, digits), defaults=(0.0,),
    about="rounded to so many decimal digits, ties to the even one",
    convention="flat, also at ties; exact as Python's round: round(0.15, 1) is 0.1 (PyTorch: 0.2)",
    exact=lambda m, a, digits: m.nint(a * 10**digits) / 10**digits,
)
maximum: Binary = primitive(
    "maximum", "maximum({}, {})", ieee.maximum,
    lambda a, b, out: 0.5 + 0.5 * compare(a, b),
    lambda a, b, out: 0.5 - 0.5 * compare(a, b), numpy="maximum",
    about="the larger one", convention="a tie shares one half and one half; nan if either is nan", choice=True,
    exact=lambda m, a, b: max(a, b),
)
minimum: Binary = primitive(
    "minimum", "minimum({}, {})", ieee.minimum,
    lambda a, b, out: 0.5 - 0.5 * compare(a, b),
    lambda a, b, out: 0.5 + 0.5 * compare(a, b), numpy="minimum",
    about="the smaller one", convention="a tie shares one half and one half; nan if either is nan", choice=True,
    exact=lambda m, a, b: min(a, b),
)
clip: Settled = primitive(  # as PyTorch's clamp
    "clip", "clip({}, {}, {})", lambda a, low, high: ieee.minimum(ieee.maximum(a, low), high),
    lambda a, low, high, out: step(compare(a, low)) * step(compare(high, a)),
    lambda a, low, high, out: (1.0 - step(compare(a, low))) * (1.0 - step(compare(low, high))),
    lambda a, low, high, out: 1.0 - step(compare(high, a)) * step(compare(high, low)),
    domain=((-3.0, 3.0), (-1.5, -0.5), (0.5, 1.5)), defaults=(-ieee.INF, ieee.INF),
    array=lambda np, a, low, high: np.minimum(np.maximum(a, low), high),
    about="`a` kept between two bounds", choice=True,
    convention="at a bound the slope is 1; where the bounds cross, the upper one wins",
    exact=lambda m, a, low, high: min(max(a, low), high),
)
copysign: Binary = primitive(
    "copysign", "copysign({}, {})", math.copysign, lambda a, b, out: sign(a) * copysign(1.0, b), 0.0, numpy="copysign",
    array=lambda np, a, b: np.where((b < 0.0) | (b == 0.0) & (1.0 / b < 0.0), -np.abs(a), np.abs(a)),
    kink=True, about="`a` with the sign of `b`", convention="at a = 0 the slope is 0; flat in `b`; the sign of a zero counts",
    exact=lambda m, a, b: abs(a) if b >= 0 else -abs(a),
)
isnan: Unary = primitive(
    "isnan", "isnan({})", lambda x: 1.0 if x != x else 0.0, 0.0, numpy="isnan", array=lambda np, x: 1.0 * np.isnan(x),
    about="1 for nan, else 0", convention="flat", exact=lambda m, x: m.mpf(x != x),
)
isinf: Unary = primitive(
    "isinf", "isinf({})", lambda x: 1.0 if abs(x) == ieee.INF else 0.0, 0.0, numpy="isinf",
    array=lambda np, x: 1.0 * (np.abs(x) == ieee.INF),
    about="1 for either infinity, else 0", convention="flat", exact=lambda m, x: m.mpf(m.isinf(x)),
)
isfinite: Unary = primitive(
    "isfinite", "isfinite({})", lambda x: 1.0 if abs(x) < ieee.INF else 0.0, 0.0, numpy="isfinite",
    array=lambda np, x: 1.0 * (np.abs(x) < ieee.INF),
    about="0 for nan and either infinity, else 1", convention="flat", exact=lambda m, x: m.mpf(m.isfinite(x)),
)
