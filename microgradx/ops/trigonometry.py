"""Sines, tangents, their hyperbolic kin and their inverses; angles are in radians."""

from __future__ import annotations

import math
from typing import Any

from .. import ieee, special, tails
from ..signatures import Binary, Unary
from ..statement import primitive
from .arithmetic import one_minus_square, reciprocal, square
from .choices import where
from .elementary import sqrt
from .reductions import norm


def twice_over_one_plus_square(small: Any) -> Any:
    """sech by way of e**-|x|."""
    return 2.0 * small / (1.0 + small * small)


sin: Unary = primitive(
    "sin", "sin({})", ieee.sin, lambda x, out: cos(x), numpy="sin", about="sine", convention="nan at either infinity"
)
cos: Unary = primitive(
    "cos", "cos({})", ieee.cos, lambda x, out: -sin(x), numpy="cos", about="cosine", convention="nan at either infinity"
)
tan: Unary = primitive(
    "tan", "tan({})", ieee.tan, lambda x, out: 1.0 + out * out, domain=(-1.2, 1.2), numpy="tan",
    about="tangent", convention="nan at either infinity",
)
asin: Unary = primitive(
    "asin", "asin({})", ieee.asin, lambda x, out: reciprocal(sqrt(one_minus_square(x))), domain=(-0.9, 0.9), numpy="arcsin",
    about="angle with that sine", convention="at -1 and 1 the slope is inf; beyond, both are nan",
)
acos: Unary = primitive(
    "acos", "acos({})", ieee.acos, lambda x, out: -reciprocal(sqrt(one_minus_square(x))), domain=(-0.9, 0.9), numpy="arccos",
    about="angle with that cosine", convention="at -1 and 1 the slope is -inf; beyond, both are nan",
)
atan: Unary = primitive(
    "atan", "atan({})", math.atan, lambda x, out: square(1.0 / hypot(1.0, x)), numpy="arctan",
    about="angle with that tangent",
)
hypot: Binary = primitive(
    "hypot", "hypot({}, {})", math.hypot,
    lambda a, b, out: where(out, a / out, 0.0),
    lambda a, b, out: where(out, b / out, 0.0),
    domain=((0.3, 3.0), (-3.0, 3.0)), numpy="hypot", further=norm,
    about="sqrt(a*a + b*b) without overflow; of more operands their norm",
    convention="at the origin both slopes are 0 (PyTorch: nan)",
    exact=lambda m, a, b: m.sqrt(a * a + b * b),
)
atan2: Binary = primitive(
    "atan2", "atan2({}, {})", math.atan2,
    lambda y, x, out: where(hypot(y, x), x / hypot(y, x) / hypot(y, x), 0.0),
    lambda y, x, out: where(hypot(y, x), -y / hypot(y, x) / hypot(y, x), 0.0),
    domain=((0.3, 3.0), (-3.0, 3.0)), numpy="arctan2",
    about="angle of the point (x, y), -pi to pi", convention="atan2(0, 0) is 0 with slope 0",
    exact=lambda m, y, x: m.atan2(y, x),
)
sinh: Unary = primitive("sinh", "sinh({})", ieee.sinh, lambda x, out: cosh(x), numpy="sinh", about="hyperbolic sine")
cosh: Unary = primitive("cosh", "cosh({})", ieee.cosh, lambda x, out: sinh(x), numpy="cosh", about="hyperbolic cosine")
sech: Unary = primitive(
    "sech", "sech({})", special.sech, lambda x, out: -out * tanh(x), saturates=True,
    array=lambda np, x: twice_over_one_plus_square(np.exp(-np.abs(x))),
    about="1 / cosh(x), hyperbolic secant",
)
tanh: Unary = primitive(  # 1 - tanh**2 would be 0 from 19.1 on; sech**2 is right until it underflows
    "tanh", "tanh({})", math.tanh, lambda x, out: square(sech(x)), numpy="tanh", saturates=True, activation=True,
    about="hyperbolic tangent", convention="the tails keep their digits: tanh'(20) is 1.7e-17 (PyTorch: 0)",
)
asinh: Unary = primitive(
    "asinh", "asinh({})", math.asinh, lambda x, out: 1.0 / hypot(1.0, x), numpy="arcsinh", about="inverse of sinh"
)
acosh: Unary = primitive(
    "acosh", "acosh({})", ieee.acosh, lambda x, out: reciprocal(sqrt(x - 1.0) * sqrt(x + 1.0)),
    domain=(1.2, 5.0), numpy="arccosh",
    about="inverse of cosh", convention="at 1 the slope is inf; below, both are nan (PyTorch: a slope)",
)
atanh: Unary = primitive(
    "atanh", "atanh({})", ieee.atanh, lambda x, out: 1.0 / one_minus_square(x), domain=(-0.9, 0.9), numpy="arctanh",
    about="inverse of tanh", convention="at -1 and 1 it is infinite with slope inf; beyond, nan, with the slope of the formula",
)
sinc: Unary = primitive(
    "sinc", "sinc({})", lambda x: tails.sinc_derivative(0.0, x), lambda x, out: sinc_derivative(1.0, x),
    about="sin(pi x) / (pi x), 1 at 0, as numpy's", convention="exact near 0 and at its zeros, of every order",
    exact=lambda m, x: m.sincpi(x),
)
sinc_derivative: Binary = primitive(
    "sinc_derivative", "sinc_derivative({}, {})", tails.sinc_derivative,
    float("nan"), lambda order, a, out: sinc_derivative(order + 1.0, a), domain=((1.0, 1.0), (-2.0, 2.0)), inner=True,
    about="derivative of sinc of that order", convention="the order counts derivatives, so it has no slope (nan)",
    exact=lambda m, order, a: m.quad(
        lambda t: (m.pi * t) ** order * m.cospi(a * t + order / 2), [0, 0.25, 0.5, 0.75, 1]
    ),
)
