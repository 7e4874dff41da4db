"""The normal distribution, the error function, the gamma function and its kin."""

from __future__ import annotations

import math
from typing import Any

from .. import ieee, special, tails
from ..signatures import Binary, Unary
from ..statement import composed, primitive
from .choices import where

TWO_OVER_SQRT_PI, HALF_SQRT_PI = special.TWO_OVER_SQRT_PI, tails.HALF_SQRT_PI

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
log_normal_cdf: Unary = primitive(
    "log_normal_cdf", "log_normal_cdf({})", tails.log_normal_cdf, lambda x, out: inverse_mills(x), saturates=True,
    about="log of normal_cdf, also where that is 0 as a float", exact=lambda m, x: m.log(m.erfc(-x / m.sqrt(2)) / 2),
)
inverse_mills: Unary = primitive(
    "inverse_mills", "inverse_mills({})", tails.inverse_mills, lambda x, out: -out * mills_gap(x), inner=True, saturates=True,
    about="normal_pdf(x) / normal_cdf(x), also where both are 0 as floats",
    exact=lambda m, x: 2 * m.npdf(x) / m.erfc(-x / m.sqrt(2)),
)
mills_gap: Unary = primitive(
    "mills_gap", "mills_gap({})", tails.mills_gap, lambda x, out: 1.0 - inverse_mills(x) * out, inner=True,
    about="x + inverse_mills(x) without cancellation", exact=lambda m, x: x + 2 * m.npdf(x) / m.erfc(-x / m.sqrt(2)),
)
erf: Unary = primitive(
    "erf", "erf({})", math.erf, lambda x, out: TWO_OVER_SQRT_PI * gaussian(x), saturates=True, about="error function"
)
erfc: Unary = primitive(
    "erfc", "erfc({})", math.erfc, lambda x, out: -TWO_OVER_SQRT_PI * gaussian(x), saturates=True,
    about="1 - erf(x), exact in the right tail",
)
erfinv: Unary = primitive(
    "erfinv", "erfinv({})", tails.erfinv, lambda x, out: HALF_SQRT_PI / gaussian(out), domain=(-0.95, 0.95),
    about="inverse of erf", convention="at -1 and 1 it is infinite with slope inf; beyond, both are nan",
)
gamma: Unary = primitive(
    "gamma", "gamma({})", ieee.gamma, lambda x, out: out * polygamma(0.0, x), domain=(0.3, 5.0),
    about="the gamma function: (x - 1)! at whole numbers", convention="infinite at 0; at negative whole numbers both are nan",
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
