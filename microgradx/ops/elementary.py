"""Powers, roots, exponentials and logarithms."""

from __future__ import annotations

import math

from .. import ieee
from ..signatures import Binary, Unary
from ..statement import primitive
from .choices import where

LN2 = ieee.LN2
LN10 = 2.302585092994046

product_or_zero: Binary = primitive(
    "product_or_zero", "product_or_zero({}, {})", lambda a, b: a * b if a else 0.0,
    lambda a, b, out: b,
    lambda a, b, out: a,
    array=lambda np, a, b: np.where(a == 0.0, 0.0, a * b), inner=True,
    kink=True, about="a * b, and 0 where `a` is 0, whatever `b` is",
)
power_log: Binary = primitive(  # its slope in `a` is written as that of the other slope of power in `b`: the Hessian is symmetric
    "power_log", "power_log({}, {})", lambda a, b: 0.0 if a == 0.0 and b >= 0.0 else ieee.power(a, b) * ieee.log(a),
    lambda a, b, out: power(a, b - 1.0) + product_or_zero(b, power_log(a, b - 1.0)),
    lambda a, b, out: where(out, out * log(a), 0.0),
    domain=((0.3, 3.0), (-2.0, 3.0)), inner=True,
    array=lambda np, a, b: np.where((a == 0.0) & (b >= 0.0), 0.0, np.power(a, b) * np.log(a)),
    about="a**b * log(a), and 0 where a is 0 and b is not negative", exact=lambda m, a, b: a**b * m.log(a),
)
power: Binary = primitive(
    "power", "{} ** {}", ieee.power,
    lambda a, b, out: product_or_zero(b, power(a, b - 1.0)),
    lambda a, b, out: power_log(a, b),
    domain=((0.3, 3.0), (-2.0, 3.0)), numpy="power",
    about="`a` to the power of `b`", exact=lambda m, a, b: a**b,
    convention="x**0 is 1 with slope 0 for every x, nan too; a root of a negative number is nan, never complex; 0**b has slope 0 "
    "in b >= 0, else -inf; (-2)**3 has slope 12 in the base, nan in the exponent (which a constant is never asked for)",
)
exp: Unary = primitive(
    "exp", "exp({})", ieee.exp, lambda x, out: out, numpy="exp", saturates=True,
    about="e to the power of the number", convention="beyond 709.78 it is inf, below -745.13 it is 0",
)
exp2: Unary = primitive(  # not LN2 * out, which is infinite one step too early
    "exp2", "exp2({})", ieee.exp2, lambda x, out: 2.0 * LN2 * exp2(x - 1.0), numpy="exp2", saturates=True,
    about="2 to the power of the number", exact=lambda m, x: m.mpf(2) ** x,
)
expm1: Unary = primitive(
    "expm1", "expm1({})", ieee.expm1, lambda x, out: exp(x), numpy="expm1", saturates=True,
    about="exp(x) - 1, exact near 0",
)
log_base: Binary = primitive(
    "log_base", "log_base({}, {})", ieee.log_base,
    lambda x, base, out: 1.0 / (x * log(base)),
    lambda x, base, out: -out / (base * log(base)),
    domain=((0.1, 5.0), (1.5, 12.0)),
    array=lambda np, x, base: np.where(
        base == 2.0, np.log2(x), np.where(base == 10.0, np.log10(x), np.log(x) / np.log(base))
    ),
    about="logarithm to a base; exact at powers of 2 and of 10", convention="as log",
    exact=lambda m, x, base: m.log(x) / m.log(base),
)
log: Unary = primitive(
    "log", "log({})", ieee.log, lambda x, out: 1.0 / x, domain=(0.1, 5.0), numpy="log", further=log_base,
    about="natural logarithm; log(x, base) to that base",
    convention="log(0) is -inf with slope inf; below 0 nan, with the slope of the formula",
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
xlogy: Binary = primitive(
    "xlogy", "xlogy({}, {})", ieee.xlogy,
    lambda a, b, out: log(b),
    lambda a, b, out: where(a, a / b, 0.0),
    domain=((-2.0, 2.0), (0.1, 5.0)), array=lambda np, a, b: np.where((a == 0.0) & (b == b), 0.0, a * np.log(b)),
    about="a * log(b), 0 where a is 0", convention="xlogy(0, 0) is 0, with slope -inf in a and 0 in b",
    exact=lambda m, a, b: a * m.log(b) if a else m.mpf(0),
)
logit: Unary = primitive(
    "logit", "logit({})", ieee.logit, lambda x, out: 1.0 / (x * (1.0 - x)), domain=(0.05, 0.95),
    array=lambda np, x: np.where(np.abs(x - 0.5) <= 0.25, 2.0 * np.arctanh(2.0 * x - 1.0), np.log(x / (1.0 - x))),
    about="log(x / (1 - x)), the inverse of sigmoid", convention="at 0 and 1 it is infinite with slope inf; beyond, nan",
    exact=lambda m, x: m.log(x / (1 - x)),
)
log1mexp: Unary = primitive(
    "log1mexp", "log1mexp({})", ieee.log1mexp, lambda x, out: exp(-x) / -expm1(-x), domain=(0.1, 5.0),
    array=lambda np, x: np.where(x < LN2, np.log(-np.expm1(-x)), np.log1p(-np.exp(-x))), saturates=True,
    about="log(1 - exp(-x)), exact for tiny and for large x", convention="at 0 it is -inf with slope inf; below, nan",
    exact=lambda m, x: m.log(-m.expm1(-x)),
)
