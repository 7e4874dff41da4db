"""Powers, roots, exponentials and logarithms."""

from __future__ import annotations

import math

from .. import ieee
from ..signatures import Binary, Unary
from ..statement import primitive
from .choices import step, where

LN2 = 0.6931471805599453
LN10 = 2.302585092994046

power: Binary = primitive(
    "power", "{} ** {}", ieee.power,
    lambda a, b, out: where(b, b * power(a, b - 1.0), 0.0),
    lambda a, b, out: where(where(a, 1.0, 1.0 - step(b)), out * log(a), 0.0),  # 0**b is flat in b for b >= 0
    domain=((0.3, 3.0), (-2.0, 3.0)), numpy="power",
    about="`a` to the power of `b`", exact=lambda m, a, b: a**b,
    convention="x**0 is 1 with slope 0 for every x, nan too; a root of a negative number is nan, never complex; 0**b has slope 0 "
    "in b >= 0, else -inf; (-2)**3 has slope 12 in the base, nan in the exponent (which a constant is never asked for)",
)
exp: Unary = primitive(
    "exp", "exp({})", ieee.exp, lambda x, out: out, numpy="exp", saturates=True,
    about="e to the power of the number", convention="beyond 709.78 it is inf, below -745.13 it is 0",
)
exp2: Unary = primitive(
    "exp2", "exp2({})", ieee.exp2, lambda x, out: out * LN2, numpy="exp2", saturates=True,
    about="2 to the power of the number", exact=lambda m, x: m.mpf(2) ** x,
)
expm1: Unary = primitive(
    "expm1", "expm1({})", ieee.expm1, lambda x, out: exp(x), numpy="expm1", saturates=True,
    about="exp(x) - 1, exact near 0",
)
log: Unary = primitive(
    "log", "log({})", ieee.log, lambda x, out: 1.0 / x, domain=(0.1, 5.0), numpy="log",
    about="natural logarithm", convention="log(0) is -inf with slope inf; below 0 nan, with the slope of the formula",
)
log2: Unary = primitive(
    "log2", "log2({})", ieee.log2, lambda x, out: 1.0 / LN2 / x, domain=(0.1, 5.0), numpy="log2",
    about="logarithm to base 2", convention="as log", exact=lambda m, x: m.log(x) / m.log(2),
)
log10: Unary = primitive(
    "log10", "log10({})", ieee.log10, lambda x, out: 1.0 / LN10 / x, domain=(0.1, 5.0), numpy="log10",
    about="logarithm to base 10", convention="as log", exact=lambda m, x: m.log(x) / m.log(10),
)
log1p: Unary = primitive(
    "log1p", "log1p({})", ieee.log1p, lambda x, out: 1.0 / (1.0 + x), domain=(-0.9, 5.0), numpy="log1p",
    about="log(1 + x), exact near 0", convention="at -1 it is -inf with slope inf; below, nan",
)
sqrt: Unary = primitive(
    "sqrt", "sqrt({})", ieee.sqrt, lambda x, out: 0.5 / out, domain=(0.1, 5.0), numpy="sqrt",
    about="square root", convention="at 0 the slope is inf; below, both are nan",
)
cbrt: Unary = primitive(
    "cbrt", "cbrt({})", math.cbrt, lambda x, out: 1.0 / (3.0 * out * out), domain=(0.1, 5.0), numpy="cbrt",
    about="cube root, also of negative numbers", convention="at 0 the slope is inf",
)
