"""Python's arithmetic and elementary functions as IEEE 754 and C have them: every float gets an answer, none an exception.

>>> log(0.0), divide(-1.0, 0.0), power(-8.0, 1 / 3), exp(1000.0)
(-inf, -inf, nan, inf)
"""

import math

INF = math.inf
NAN = math.nan
LN2 = 0.6931471805599453


def log(a: float) -> float:
    """Natural logarithm; log(0) is -inf, below that nan."""
    try:
        return math.log(a)
    except ValueError:
        return -INF if a == 0.0 else NAN


def log2(a: float) -> float:
    """Logarithm to base 2; log2(0) is -inf, below that nan."""
    try:
        return math.log2(a)
    except ValueError:
        return -INF if a == 0.0 else NAN


def log10(a: float) -> float:
    """Logarithm to base 10; log10(0) is -inf, below that nan."""
    try:
        return math.log10(a)
    except ValueError:
        return -INF if a == 0.0 else NAN


def log1p(a: float) -> float:
    """log(1 + a) without rounding 1 + a; log1p(-1) is -inf, below that nan."""
    try:
        return math.log1p(a)
    except ValueError:
        return -INF if a == -1.0 else NAN


def sqrt(a: float) -> float:
    """Square root; nan below zero."""
    try:
        return math.sqrt(a)
    except ValueError:
        return NAN


def exp(a: float) -> float:
    """e**a; inf when too large."""
    try:
        return math.exp(a)
    except OverflowError:
        return INF


def exp2(a: float) -> float:
    """2**a; inf when too large."""
    try:
        return math.exp2(a)
    except OverflowError:
        return INF


def expm1(a: float) -> float:
    """e**a - 1 without cancellation; inf when too large."""
    try:
        return math.expm1(a)
    except OverflowError:
        return INF


def sin(a: float) -> float:
    """Sine; nan at either infinity."""
    try:
        return math.sin(a)
    except ValueError:
        return NAN


def cos(a: float) -> float:
    """Cosine; nan at either infinity."""
    try:
        return math.cos(a)
    except ValueError:
        return NAN


def tan(a: float) -> float:
    """Tangent; nan at either infinity."""
    try:
        return math.tan(a)
    except ValueError:
        return NAN


def asin(a: float) -> float:
    """Inverse sine; nan outside -1 ... 1."""
    try:
        return math.asin(a)
    except ValueError:
        return NAN


def acos(a: float) -> float:
    """Inverse cosine; nan outside -1 ... 1."""
    try:
        return math.acos(a)
    except ValueError:
        return NAN


def acosh(a: float) -> float:
    """Inverse hyperbolic cosine; nan below 1."""
    try:
        return math.acosh(a)
    except ValueError:
        return NAN


def atanh(a: float) -> float:
    """Inverse hyperbolic tangent; atanh(1) is inf, atanh(-1) is -inf, beyond them nan."""
    try:
        return math.atanh(a)
    except ValueError:
        return math.copysign(INF, a) if abs(a) == 1.0 else NAN


def sinh(a: float) -> float:
    """Hyperbolic sine; inf of the sign of `a` when too large."""
    try:
        return math.sinh(a)
    except OverflowError:
        return math.copysign(INF, a)


def cosh(a: float) -> float:
    """Hyperbolic cosine; inf when too large."""
    try:
        return math.cosh(a)
    except OverflowError:
        return INF


def divide(a: float, b: float) -> float:
    """a / b; by a zero it is inf of the product of both signs, and 0 / 0 is nan."""
    try:
        return a / b
    except ZeroDivisionError:
        return NAN if a == 0.0 or a != a else math.copysign(1.0, a) * math.copysign(INF, b)


def floor_divide(a: float, b: float) -> float:
    """a // b, rounded down; by a zero what `divide` gives."""
    try:
        return a // b
    except ZeroDivisionError:
        return divide(a, b)


def remainder(a: float, b: float) -> float:
    """a % b with the sign of b, as Python has it; by a zero nan."""
    try:
        return a % b
    except ZeroDivisionError:
        return NAN


def power(a: float, b: float) -> float:
    """a ** b as C's pow: a real number or nan, never complex; 0 ** -1 is inf and (-0.0) ** -1 is -inf.

    a ** 2 is a * a, which is rounded once; C's pow misses that in 1 of 1,000 cases.
    """
    if b == 2.0:
        return a * a
    try:
        return math.pow(a, b)
    except (OverflowError, ValueError):
        if a < 0.0 and not b.is_integer():
            return NAN
        odd = abs(math.fmod(b, 2.0)) == 1.0
        return math.copysign(INF, a) if odd else INF


def floor(a: float) -> float:
    """Largest whole number not above `a`; keeps -0.0, inf and nan."""
    return math.copysign(float(math.floor(a)), a) if math.isfinite(a) else a


def ceil(a: float) -> float:
    """Smallest whole number not below `a`; keeps inf and nan, ceil(-0.5) is -0.0."""
    return math.copysign(float(math.ceil(a)), a) if math.isfinite(a) else a


def trunc(a: float) -> float:
    """`a` without its fraction; keeps inf and nan, trunc(-0.5) is -0.0."""
    return math.copysign(float(math.trunc(a)), a) if math.isfinite(a) else a


def round_half_even(a: float, digits: float = 0.0) -> float:
    """`a` to so many decimal digits, ties to the even one, as Python's round; keeps the sign of a zero."""
    try:
        return round(a, int(digits))
    except OverflowError:  # the rounded number is too large, or there are infinitely many digits
        return a if digits == INF else 0.0 * a if digits == -INF else math.copysign(INF, a)
    except ValueError:  # digits is nan
        return NAN


def sign(a: float) -> float:
    """-1, 0 or 1; nan for nan."""
    return 1.0 if a > 0.0 else -1.0 if a < 0.0 else 0.0 if a == 0.0 else a


def heaviside(a: float, at_zero: float) -> float:
    """0 below zero, `at_zero` at zero, 1 above; nan for nan."""
    return 1.0 if a > 0.0 else 0.0 if a < 0.0 else at_zero if a == 0.0 else a


def step(a: float) -> float:
    """1 from zero on, 0 below; nan for nan."""
    return 1.0 if a >= 0.0 else 0.0 if a < 0.0 else a


def compare(a: float, b: float) -> float:
    """-1 where a < b, 0 where they are equal, 1 where a > b; nan if either is nan."""
    return 1.0 if a > b else -1.0 if a < b else 0.0 if a == b else NAN


def maximum(a: float, b: float) -> float:
    """The larger one, the first of equal ones; nan if either is nan (Python's max depends on their order)."""
    return a if a >= b or a != a else b


def minimum(a: float, b: float) -> float:
    """The smaller one, the first of equal ones; nan if either is nan."""
    return a if a <= b or a != a else b


def relu(a: float) -> float:
    """`a` above zero, else 0; nan for nan."""
    return a if a > 0.0 or a != a else 0.0


def fmod(a: float, b: float) -> float:
    """What a / b leaves when cut towards zero, with the sign of `a`; nan by a zero and of an infinity."""
    try:
        return math.fmod(a, b)
    except ValueError:
        return NAN


def ieee_remainder(a: float, b: float) -> float:
    """What a / b leaves when rounded to the nearest whole number, ties to even; nan by a zero and of an infinity."""
    try:
        return math.remainder(a, b)
    except ValueError:
        return NAN


def gamma(a: float) -> float:
    """The gamma function; inf of its sign at the zeros, nan at negative whole numbers and at -inf."""
    try:
        return math.gamma(a)
    except OverflowError:
        return math.copysign(INF, a)
    except ValueError:
        return math.copysign(INF, a) if a == 0.0 else NAN


def xlogy(a: float, b: float) -> float:
    """a * log(b), and 0 where `a` is 0, also of log(0); nan if either is nan."""
    return 0.0 if a == 0.0 and b == b else a * log(b)


def log_base(a: float, base: float) -> float:
    """Logarithm of `a` to any base; those to 2 and to 10 are exact at their powers."""
    return log2(a) if base == 2.0 else log10(a) if base == 10.0 else divide(log(a), log(base))


def logit(a: float) -> float:
    """log(a / (1 - a)), near 1/2 as twice the atanh of 2a - 1, which is exact there; infinite at 0 and 1, beyond nan."""
    return 2.0 * atanh(2.0 * a - 1.0) if abs(a - 0.5) <= 0.25 else log(divide(a, 1.0 - a))


def log1mexp(a: float) -> float:
    """log(1 - e**-a) for a > 0, in the form that keeps its digits on either side of log 2 (Maechler 2012)."""
    return log(-expm1(-a)) if a < LN2 else log1p(-exp(-a))
