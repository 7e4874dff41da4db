"""Float functions that Python's `math` lacks or rounds badly: every one answers every float, as IEEE 754 does.

Where a formula cancels or rounds an exponent, the lost part is computed and put back, so that results stay within a few
units of the last place. Sources: A&S is Abramowitz & Stegun, DLMF is dlmf.nist.gov.

>>> lgamma(2.0), log_softmax_share(50.0, 0.0)
(0.0, -1.9287498479639178e-22)
"""

import math
from functools import reduce
from operator import add, mul

from .ieee import INF, NAN, maximum, minimum, power

SPLITTER = 134217729.0  # 2**27 + 1 cuts a float into two halves of 26 bits (Veltkamp)
SQRT_HALF, SQRT_HALF_REST = 0.7071067811865476, -4.833646656726457e-17
TWO_OVER_SQRT_PI = 1.1283791670955126
ONE_OVER_SQRT_TAU = 0.3989422804014327
ONE_MINUS_EULER = 0.42278433509846713
DIGAMMA_ROOT, DIGAMMA_ROOT_REST = 1.4616321449683622, 9.549995429965697e-17  # the only positive one
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)  # B2, B4, ... B16
DIGAMMA_SERIES = (0.0, *(b / (2 * j + 2) for j, b in enumerate(BERNOULLI)))  # of log x - 1/2x - psi(x), in 1 / x**2


def sigmoid(a: float) -> float:
    """1 / (1 + e**-a), from e**-|a| so that neither tail overflows or is lost."""
    if a >= 0.0:
        return 1.0 / (1.0 + math.exp(-a))
    small = math.exp(a)
    return small / (1.0 + small)


def sech(a: float) -> float:
    """1 / cosh(a), from e**-|a|: it neither overflows nor vanishes early."""
    small = math.exp(-abs(a))
    return 2.0 * small / (1.0 + small * small)


def softplus(a: float) -> float:
    """log(1 + e**a), from e**-|a|: exact in both tails, no cut-off."""
    return a + math.log1p(math.exp(-a)) if a > 0.0 else math.log1p(math.exp(a))


def elu(a: float, alpha: float) -> float:
    """`a` above zero, else alpha * (e**a - 1)."""
    return a if a > 0.0 else alpha * math.expm1(a)


def product_rest(a: float, b: float) -> float:
    """What a * b lost in rounding (Dekker's two-product)."""
    a_high, b_high = SPLITTER * a, SPLITTER * b
    a_high, b_high = a_high - (a_high - a), b_high - (b_high - b)
    a_low, b_low = a - a_high, b - b_high
    return a_low * b_low - (((a * b - a_high * b_high) - a_low * b_high) - a_high * b_low)


def gaussian(a: float) -> float:
    """e**-(a * a); what a * a rounds away (up to 5e-14 of the result) is put back as a factor."""
    if abs(a) > 28.0:  # e**-784 is 0
        return 0.0
    return math.exp(-a * a) * (1.0 - product_rest(a, a))


def normal_pdf(a: float) -> float:
    """Density of the standard normal distribution, e**(-a * a / 2) / sqrt(2 pi) (A&S 26.2.1)."""
    if abs(a) > 40.0:
        return 0.0
    return ONE_OVER_SQRT_TAU * math.exp(-0.5 * a * a) * (1.0 - 0.5 * product_rest(a, a))


def normal_cdf(a: float) -> float:
    """Chance that a standard normal is below `a`: erfc(-a / sqrt 2) / 2 (A&S 26.2.29).

    erfc multiplies a relative error of its argument by up to 1500 in the far tail, so the rounding of a / sqrt 2 is
    followed to first order: erfc'(t) = -2 / sqrt(pi) * e**-(t * t).
    """
    if abs(a) > 40.0:
        return 0.0 if a < 0.0 else 1.0
    t = -a * SQRT_HALF
    rest = product_rest(-a, SQRT_HALF) - a * SQRT_HALF_REST
    return 0.5 * (math.erfc(t) - TWO_OVER_SQRT_PI * math.exp(-t * t) * rest)


def gelu(a: float) -> float:
    """a * normal_cdf(a), the exact form; -0.0 at -inf, where the product alone would be nan."""
    return a * normal_cdf(a) if a > -40.0 or a != a else -0.0


def _polynomial(coefficients: tuple[float, ...], x: float) -> float:
    """c0 + c1 * x + c2 * x**2 + ... by Horner's rule."""
    total = 0.0
    for c in reversed(coefficients):
        total = total * x + c
    return total


def _gamma_over_power(m: float, x: float) -> float:
    """(m - 1)! / x**m for whole m; the power in two halves, so that it can neither overflow nor vanish early."""
    half = m // 2.0
    return power(x, -half) * math.gamma(m) * power(x, half - m)


def _hurwitz(n: float, x: float) -> float:
    """n! * sum over k >= 0 of 1 / (x + k)**(n + 1) for x > 0 and whole n >= 1 (Hurwitz zeta, DLMF 25.11.1).

    The first terms are added up, the rest is Euler and Maclaurin's asymptotic series (A&S 6.4.11), smallest first.
    """
    terms = max(0, math.ceil(10.0 + 2.0 * n - x)) if x < INF else 0
    y = x + terms
    series, factor = 0.0, 1.0
    for j, bernoulli in enumerate(BERNOULLI):
        factor *= (n + 2 * j) / y * ((n + 2 * j + 1) / y) / ((2 * j + 1) * (2 * j + 2))
        series += bernoulli * factor
    total = _gamma_over_power(n, y) * (1.0 + (n / (2.0 * y) + series))
    for k in reversed(range(terms)):
        total += _gamma_over_power(n + 1.0, x + k)
    return total


def _digamma(x: float) -> float:
    """Derivative of log gamma, for x > 0.

    From 10 on the asymptotic series (A&S 6.3.18). Below, psi(x) - psi(root) as a sum of differences that all have the
    sign of x - root (DLMF 5.7.6), so nothing cancels near the root; beyond ten terms the difference of two
    asymptotic series, with x - root taken out of each term.
    """
    if x >= 10.0:
        return math.log(x) - 0.5 / x - _polynomial(DIGAMMA_SERIES, 1.0 / x / x)
    d = (x - DIGAMMA_ROOT) - DIGAMMA_ROOT_REST
    z, w = x + 10.0, DIGAMMA_ROOT + 10.0
    u, v = 1.0 / (z * z), 1.0 / (w * w)
    value = slope = 0.0
    for c in reversed(DIGAMMA_SERIES):  # Horner's rule for the series at v and for its slope between u and v
        slope = slope * u + value
        value = value * v + c
    total = d * (z + w) * u * v * slope + d / (2.0 * z * w) + math.log1p(d / w)
    for n in reversed(range(10)):
        total += d / (DIGAMMA_ROOT + n) / (x + n)
    return total


def polygamma(n: float, x: float) -> float:
    """Derivative number n + 1 of log gamma at x; n is whole, 0 ... 170 (nan otherwise, as n! is then no float).

    At a pole: odd n inf; even n inf at -0.0, -inf at 0.0 and nan at negative whole numbers, where both sides differ.
    Negative x by reflection (A&S 6.3.7, 6.4.7) about the nearest pole, whose distance is exact. Near a negative root
    (even n only) the error stays small beside the terms that cancel, not beside the result.
    """
    if not (0.0 <= n <= 170.0 and n.is_integer()) or x == -INF or x != x:
        return NAN
    if x > 0.0:
        return _digamma(x) if n == 0.0 else _hurwitz(n, x) if n % 2.0 else -_hurwitz(n, x)
    f = math.remainder(x, 1.0)
    if f == 0.0 and n % 2.0 == 0.0:
        return NAN if x else -math.copysign(INF, x)
    if n == 0.0:
        return _digamma(1.0 - x) - math.pi / math.tan(math.pi * f)
    parity = 1.0 if n % 2.0 else -1.0
    others = _hurwitz(n, 1.0 + f) + parity * (_hurwitz(n, 1.0 - f) - _hurwitz(n, 1.0 - x))
    return parity * (_gamma_over_power(n + 1.0, f) + others)


# log gamma(2 + z) / z as a power series in z (DLMF 5.7.3): 1 - Euler, then (-1)**k * (zeta(k) - 1) / k
LGAMMA_AT_2 = (ONE_MINUS_EULER, *((-1) ** k * _hurwitz(k - 1.0, 2.0) / math.factorial(k) for k in range(2, 27)))


def lgamma(a: float) -> float:
    """log |gamma(a)|; inf at zero, at negative whole numbers and at both infinities.

    Gamma is stepped to within 1/2 of 2 by gamma(a + 1) = a * gamma(a) (A&S 6.1.15) and a series taken there:
    `math.lgamma` loses every digit near its zeros at 1 and 2. Near the negative zeros (two between whole numbers
    from -2 down) the error stays small beside 1, not beside the result.
    """
    if not -10.0 < a < 10.0:  # beyond, and for nan, math's own is right
        try:
            return math.lgamma(a)
        except (OverflowError, ValueError):
            return INF
    nearest = round(a)
    above = math.prod(a - k for k in range(1, nearest - 1))
    below = math.prod(a + k for k in range(2 - nearest))
    z = a - nearest
    return INF if below == 0.0 else z * _polynomial(LGAMMA_AT_2, z) + math.log(above) - math.log(abs(below))


def exp_difference(a: float, b: float) -> float:
    """e**(a - b), with what a - b loses in rounding (Knuth's two-sum) put back as a factor; nan for equal infinities."""
    d = a - b
    if d < -746.0:
        return 0.0
    if d > 709.0:
        return math.exp(d) if d < 709.7 else INF
    shift = d - a
    value = math.exp(d)
    return value + value * ((a - (d - shift)) - (b + shift))


def _weights(xs: tuple[float, ...]) -> tuple[int, list[float]]:
    """Where the largest x is, and e**(x - largest) of each; all nan for any nan, for two inf and for only -inf."""
    top = reduce(maximum, xs)
    at = 0 if top != top else xs.index(top)
    if math.isfinite(top):
        return at, [exp_difference(x, top) for x in xs]
    if top != top or top < 0.0 or xs.count(top) > 1:
        return at, [NAN] * len(xs)
    return at, [1.0 if x == top else 0.0 for x in xs]


def logsumexp(*xs: float) -> float:
    """log of the sum of e**x, from the largest one: max + log1p(the others), so nothing overflows or is lost.

    inf if any is inf, -inf if all are. Where the result is near 0 its error is that of max, about 1e-16.
    """
    _need_operand("logsumexp", xs)
    top = max_(*xs)
    if not math.isfinite(top):
        return top
    at, weights = _weights(xs)
    del weights[at]
    return top + math.log1p(math.fsum(weights))


def softmax_share(first: float, *others: float) -> float:
    """e**first / sum of all e**x; one inf takes everything, two inf or only -inf give nan."""
    _, weights = _weights((first, *others))
    return weights[0] / math.fsum(weights)


def softmax_shares(*xs: float) -> list[float]:
    """`softmax_share` of each x against the others, all from one sum."""
    _, weights = _weights(xs)
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def log_softmax_share(first: float, *others: float) -> float:
    """log of softmax_share: (first - max) - log1p(all but the max), two numbers of one sign, so nothing cancels."""
    at, weights = _weights((first, *others))
    if weights[0] != weights[0]:
        return NAN
    top = (first, *others)[at]
    del weights[at]
    return (0.0 if at == 0 else first - top) - math.log1p(math.fsum(weights))


def _need_operand(name: str, xs: tuple[float, ...]) -> None:
    """Refuse to answer where nothing was given and no answer is right."""
    if not xs:
        raise ValueError(f"{name}() of no operands has no answer; give it at least one number")


def sum_(*xs: float) -> float:
    """The sum, left to right from the first one (Python's own sum compensates since 3.12); of nothing 0."""
    total: float = reduce(add, xs) if xs else 0.0
    return total


def prod_(*xs: float) -> float:
    """The product, left to right from the first one; of nothing 1."""
    total: float = reduce(mul, xs) if xs else 1.0
    return total


def dot(*ws_then_xs: float) -> float:
    """w1 * x1 + w2 * x2 + ..., left to right, given as all ws, then all xs; of nothing 0."""
    half = len(ws_then_xs) // 2
    if 2 * half < len(ws_then_xs):
        raise ValueError(f"dot() got {len(ws_then_xs)} operands, which cannot be paired; give as many xs as ws")
    total = ws_then_xs[0] * ws_then_xs[half] if half else 0.0
    for i in range(1, half):  # quicker than zip, and than mul and add from C
        total += ws_then_xs[i] * ws_then_xs[half + i]
    return total


def mean(*xs: float) -> float:
    """The sum divided by how many there are."""
    _need_operand("mean", xs)
    return sum_(*xs) / len(xs)


def var(*xs: float) -> float:
    """The mean of the squared distances from the mean; measured from the first one, so that a common part is not squared."""
    _need_operand("var", xs)
    distances = [x - xs[0] for x in xs]
    middle = sum_(*distances) / len(xs)
    return sum_(*[(d - middle) * (d - middle) for d in distances]) / len(xs)


def std(*xs: float) -> float:
    """The root of `var`, which neither overflows nor vanishes where the squares would."""
    _need_operand("std", xs)
    distances = [x - xs[0] for x in xs]
    middle = sum_(*distances) / len(xs)
    return math.hypot(*[d - middle for d in distances]) / math.sqrt(len(xs))


def max_(*xs: float) -> float:
    """The largest one; nan if any is nan."""
    _need_operand("max", xs)
    return reduce(maximum, xs)


def min_(*xs: float) -> float:
    """The smallest one; nan if any is nan."""
    _need_operand("min", xs)
    return reduce(minimum, xs)
