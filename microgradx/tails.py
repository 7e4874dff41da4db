"""Tails and inverses of the normal distribution, and sinc with its derivatives, for every float.

>>> log_normal_cdf(-40.0), erfinv(0.5), sinc_derivative(0.0, 0.5)
(-804.6084420137538, 0.4769362762044699, 0.6366197723675814)
"""

import math

from .ieee import INF, NAN, divide, log
from .special import SQRT_HALF, TWO_OVER_SQRT_PI, normal_cdf, normal_pdf, product_rest

SQRT_TWO_OVER_PI = 0.7978845608028654
HALF_SQRT_PI = 0.886226925452758
ERFINV = (  # Giles 2010, single precision: where Halley's steps start
    1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-06, -3.5233877e-06, 3.43273939e-07,
    2.81022636e-08,
)  # fmt: skip


def _erfcx(x: float) -> float:
    """e**(x*x) * erfc(x) for x >= 0: from 25 on the asymptotic series (DLMF 7.12.1), whose eight terms reach 1e-17."""
    if x < 25.0:
        return math.exp(x * x) * (1.0 + product_rest(x, x)) * math.erfc(x)
    t, total = 0.5 / x / x, 1.0
    for k in range(8, 0, -1):
        total = 1.0 - (2 * k - 1) * t * total
    return 0.5 * TWO_OVER_SQRT_PI * total / x


def inverse_mills(x: float) -> float:
    """normal_pdf(x) / normal_cdf(x), also where both are 0 as floats: the slope of log_normal_cdf."""
    if x > -1.0 or x != x:
        return normal_pdf(x) / normal_cdf(x)
    return divide(SQRT_TWO_OVER_PI, _erfcx(-x * SQRT_HALF))


def mills_gap(x: float) -> float:
    """x + inverse_mills(x) without cancellation: Laplace's continued fraction (A&S 26.2.14) below -2."""
    if x > -2.0 or x != x:
        return x + inverse_mills(x)
    below = 0.0
    for k in range(100, 1, -1):
        below = k / (below - x)
    return 1.0 / (below - x)


def log_normal_cdf(x: float) -> float:
    """log of the chance that a standard normal is below `x`; right where that chance is no float any more."""
    if x > 0.0:
        return math.log1p(-normal_cdf(-x))
    if x > -1.0 or x != x:
        return math.log(normal_cdf(x))
    return log(0.5 * _erfcx(-x * SQRT_HALF)) - 0.5 * x * x


def erfinv(x: float) -> float:
    """The number whose erf is `x`; infinite at -1 and 1, nan beyond. Near 1 the complement is matched, which is exact."""
    a = abs(x)
    if not a < 1.0:
        return math.copysign(INF, x) if a == 1.0 else NAN
    w = -math.log((1.0 - a) * (1.0 + a))
    if w < 5.0:
        y = 0.0
        for c in reversed(ERFINV):
            y = y * (w - 2.5) + c
        y *= a
    else:  # from erfc(y) = e**(-y*y) / (y sqrt pi)
        y = math.sqrt(-math.log((1.0 - a) * 2.0 * HALF_SQRT_PI * math.sqrt(-math.log(1.0 - a))))
    for _ in range(2):  # Halley's steps, each of which triples the digits
        off = math.erf(y) - a if a < 0.5 else (1.0 - a) - math.erfc(y)
        step = HALF_SQRT_PI * off * math.exp(y * y)
        y -= step / (1.0 + y * step)
    return math.copysign(y, x)


def sinc_derivative(n: float, x: float) -> float:
    """Derivative number n of sin(pi x) / (pi x), n whole; near 0 its power series, else the recurrence over n.

    sin(pi x) and cos(pi x) are taken from the distance to the nearest whole number, so that the zeros are exact.
    """
    if not (0.0 <= n <= 100.0 and n.is_integer()) or x != x:
        return NAN
    if math.isinf(x):
        return 0.0
    y = math.pi * x
    if abs(y) <= n + 1.0:
        return math.pow(math.pi, n) * _sinc_series(int(n), y)
    nearest = math.remainder(x, 1.0)
    sign = -1.0 if math.fmod(x - nearest, 2.0) else 1.0
    sine, cosine = sign * math.sin(math.pi * nearest), sign * math.sin(math.pi * (0.5 - abs(nearest)))
    value = sine / y
    for k in range(1, int(n) + 1):
        value = ((sine, cosine, -sine, -cosine)[k % 4] - k * value) / y
    return math.pow(math.pi, n) * value


def _sinc_series(n: int, y: float) -> float:
    """Derivative number n of sin(y) / y: the sum of (-1)**k * y**m / m! / (2k + 1) over m = 2k - n >= 0."""
    m, total = n % 2, 0.0
    power = y if m else 1.0
    while True:
        k = (n + m) // 2
        term = (-power if k % 2 else power) / (2 * k + 1)
        total += term
        if abs(term) <= 1e-18 * abs(total) or m > 200:
            return total
        power *= y * y / ((m + 1) * (m + 2))
        m += 2
