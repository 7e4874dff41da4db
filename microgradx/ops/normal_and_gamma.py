"""The normal distribution, the error function, the gamma function and its kin."""

from __future__ import annotations

import math
from typing import Any

from .. import special
from ..signatures import Binary, Unary
from ..statement import composed, primitive
from .choices import where

TWO_OVER_SQRT_PI = special.TWO_OVER_SQRT_PI

gaussian: Unary = primitive(
    "gaussian", "exp(-{}**2)", special.gaussian, lambda x, out: where(out, -2.0 * x * out, 0.0), saturates=True,
    inner=True, about="exp(-x*x), exact in the tails", exact=lambda m, x: m.exp(-x * x),
)
normal_pdf: Unary = primitive(
    "normal_pdf", "normal_pdf({})", special.normal_pdf, lambda x, out: where(out, -x * out, 0.0), saturates=True,
    about="density of the standard normal distribution", exact=lambda m, x: m.npdf(x),
)
normal_cdf: Unary = primitive(
    "normal_cdf", "normal_cdf({})", special.normal_cdf, lambda x, out: normal_pdf(x), saturates=True,
    about="chance that a standard normal number is below", exact=lambda m, x: m.erfc(-x / m.sqrt(2)) / 2,
)
erf: Unary = primitive(
    "erf", "erf({})", math.erf, lambda x, out: TWO_OVER_SQRT_PI * gaussian(x), saturates=True, about="error function"
)
erfc: Unary = primitive(
    "erfc", "erfc({})", math.erfc, lambda x, out: -TWO_OVER_SQRT_PI * gaussian(x), saturates=True,
    about="1 - erf(x), exact in the right tail",
)
lgamma: Unary = primitive(
    "lgamma", "lgamma({})", special.lgamma, lambda x, out: polygamma(0.0, x), domain=(0.3, 5.0),
    about="logarithm of |gamma(x)|", convention="inf at 0 and at negative whole numbers, where the slope is nan",
    exact=lambda m, x: m.log(abs(m.gamma(x))),
)
polygamma: Binary = primitive(
    "polygamma", "polygamma({}, {})", special.polygamma, float("nan"), lambda order, a, out: polygamma(order + 1.0, a),
    domain=((1.0, 1.0), (0.5, 5.0)),
    about="derivative of digamma of that order; order 0 is digamma",
    convention="the order counts derivatives, 0 to 170, so it has no slope (nan)",
    exact=lambda m, order, a: m.polygamma(int(order), a),
)


@composed
def digamma(x: Any) -> Any:
    """The derivative of lgamma."""
    return polygamma(0.0, x)
