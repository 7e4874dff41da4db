"""Functions with points for judging derivative checkers: ordinary, stress, cancelling, low precision, joins, minima, random."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np

Known = tuple[Callable[[float], Any], float, float]
"""A function, a point, and the true derivative there."""

Case = tuple[str, float]
"""An expression in x and m, where m is the math module or mpmath, and a point."""

ORDINARY: dict[str, tuple[float, float]] = {
    "x*x": (-3, 3), "x**3 - 2*x": (-3, 3), "1/(1+x*x)": (-3, 3), "x**5": (-2, 2), "1/x": (0.3, 4), "m.sqrt(x)": (0.2, 9),
    "x**1.5": (0.3, 5), "x**-2.5": (0.4, 4), "m.exp(x)": (-3, 3), "m.exp(-x*x)": (-2, 2), "m.expm1(x)": (-2, 2),
    "m.log(x)": (0.2, 8), "m.log1p(x)": (-0.7, 5), "x*m.log(x)": (0.2, 5), "x**x": (0.3, 3), "2**x": (-3, 3),
    "m.sin(x)": (-4, 4), "m.cos(x)": (-4, 4), "m.tan(x)": (-1.2, 1.2), "m.asin(x)": (-0.9, 0.9), "m.acos(x)": (-0.9, 0.9),
    "m.atan(x)": (-4, 4), "m.sinh(x)": (-3, 3), "m.cosh(x)": (-3, 3), "m.tanh(x)": (-3, 3), "m.asinh(x)": (-4, 4),
    "m.acosh(x)": (1.2, 6), "m.atanh(x)": (-0.9, 0.9), "m.erf(x)": (-2, 2), "m.gamma(x)": (0.5, 5),
    "m.log(m.gamma(x))": (2.5, 8), "1/(1+m.exp(-x))": (-5, 5), "m.log(1+m.exp(x))": (-5, 5), "x/(1+m.exp(-x))": (-5, 5),
    "x*m.tanh(m.log(1+m.exp(x)))": (-4, 4), "m.sin(x)/x": (0.2, 6), "m.sin(x*x)": (-2, 2), "m.exp(m.sin(x))": (-3, 3),
    "m.cos(m.exp(x))": (-1, 1.5), "m.sqrt(1+x*x)": (-4, 4), "m.hypot(x, 2)": (-4, 4), "m.atan2(x, 2)": (-4, 4),
    "x*m.exp(-x)": (-1, 4), "m.sin(3*x)*m.exp(-x/2)": (-2, 3), "(x-1)*(x-2)*(x-3)": (-1, 5), "(x*x-1)/(x*x+1)": (-3, 3),
    "m.log(x*x+1)": (-3, 3), "0.5*x*(1+m.erf(x/m.sqrt(2)))": (-3, 3), "m.exp(x)/(m.exp(x)+m.exp(1)+1)": (-3, 3),
    "m.sqrt(x+m.sqrt(x))": (0.2, 5), "m.log(m.exp(x)+m.exp(2*x))": (-3, 3),
}

STRESS: list[Case] = [
    # the edge of the domain
    ("m.sqrt(x)", 1e-5), ("m.sqrt(x)", 1e-8), ("m.sqrt(x)", 1e-12), ("m.log(x)", 1e-5), ("m.log(x)", 1e-7), ("m.log(x)", 1e-12),
    ("1/x", 1e-6), ("1/x", 1e-9), ("1/x", 1e9), ("x**-3", 1e-4), ("m.acos(x)", 0.9999999), ("m.asin(x)", 0.99999),
    ("m.asin(x)", -0.999999), ("m.acosh(x)", 1.000001), ("m.atanh(x)", 0.999999), ("m.log(1-x)", 0.9999999),
    ("m.sqrt(1-x*x)", 0.9999), ("x**x", 1e-6), ("x**0.3", 1e-7), ("m.log1p(x)", -0.999999),
    # saturation
    ("m.tanh(x)", 5.0), ("m.tanh(x)", 10.0), ("1/(1+m.exp(-x))", 20.0), ("1/(1+m.exp(-x))", -20.0), ("m.erf(x)", 4.0),
    ("m.log(1+m.exp(x))", -20.0), ("m.log(1+m.exp(x))", 30.0), ("m.exp(-x*x)", 5.0), ("m.atan(x)", 1e6), ("m.exp(x)", -300.0),
    # scale
    ("m.sin(x*1e9)", 1e-9), ("m.sin(x*1e-9)", 1e9), ("m.exp(x*1e6)", 1e-6), ("m.exp(x*1e-6)", 1e6), ("x*x", 1e-9), ("x*x", 1e9),
    ("x**3", 1e-9), ("m.sin(x)*1e-9", 1.0), ("m.sin(x)*1e9", 1.0), ("m.exp(x)", 200.0), ("m.exp(x)", 700.0), ("1e-12*x", 3.0),
    ("1e12*x", 3.0),
    # offset
    ("1e6+m.sin(x)", 1.0), ("1e6+x", 1.0), ("m.sin(x)+1e6*x", 1.0), ("m.cos(x)-1e6", 0.5), ("m.log(x+1e6)", 1.0),
    ("m.sqrt(x*x+1e6)", 1e-3), ("(x+1e6)**2", 1.0),
    # steep and oscillating
    ("m.sin(1e6*x)", 1.0), ("m.sin(1e3*x)", 1.0), ("m.sin(100*x)", 50.0), ("m.sin(x)", 1e6), ("m.sin(x)", 1e9),
    ("m.cos(1e4*x)*m.exp(-x)", 2.0), ("m.tanh(1e4*(x-1))", 1.0001), ("m.exp(-1e6*(x-1)**2)", 1.001), ("m.sin(1/x)", 0.01),
    ("m.sin(1/x)", 0.001), ("m.tan(x)", 1.5707), ("x**50", 1.3), ("m.exp(1e3*x)", 0.5),
]

CANCELLING = (
    "m.log(1+x*x)", "(1+x)**2-1", "1-m.cos(x)", "m.sqrt(1+x*x)-1", "m.exp(x)-1-x", "x-m.tanh(x)", "x-m.sin(x)", "m.exp(x)-1",
    "m.log(1+x)", "1/(1+x)-1", "m.sqrt(1+x)-1", "x-m.atan(x)", "m.cosh(x)-1", "(m.exp(x)-m.exp(-x))/2", "1-1/(1+x*x)",
    "(1+x)**3-1-3*x",
)  # fmt: skip
"""Formulas that subtract nearly equal numbers where x is small."""

LOW_PRECISION = (
    "x*x", "np.sin(x)", "np.exp(x)", "np.tanh(x)", "np.log(x)", "1/x", "np.sqrt(x)", "x**3 - 2*x", "np.exp(-x*x)", "x/(1+x*x)",
    "np.log1p(np.exp(x))", "np.sin(3*x)*x",
)

UNARY = (
    "m.sin({})", "m.cos({})", "m.tanh({})", "m.exp({})", "m.log({})", "m.sqrt({})", "({})**2", "({})**3", "1/({})", "m.atan({})",
    "m.sinh({})", "m.cosh({})", "m.asinh({})", "m.log1p({})", "m.expm1({})", "m.erf({})", "-({})", "1/(1+m.exp(-({})))",
)
BINARY = ("({} + {})", "({} - {})", "({})*({})", "({})/({})")


def ordinary() -> list[Case]:
    """51 functions at 7 points each."""
    return [(text, low + (high - low) * (k + 0.5) / 7.0) for text, (low, high) in ORDINARY.items() for k in range(7)]


def randomly(count: int, seed: int = 2026) -> list[Case]:
    """Random expressions up to six operations deep, at points where they are finite."""
    rng = random.Random(seed)
    cases: list[Case] = []
    while len(cases) < count:
        text, x = _expression(rng, 6), rng.uniform(-3.0, 3.0)
        if "x" in text.replace("exp", "") and finite(function(text), x):
            cases.append((text, x))
    return cases


def cancelling(count: int) -> list[Case]:
    """Each cancelling formula at so many points between 1e-7 and 1e-1."""
    return [(text, 10.0 ** (-7.0 + 6.0 * (k + 0.37) / count)) for text in CANCELLING for k in range(count)]


def low_precision(count: int, kind: Any = np.float32) -> Iterator[Known]:
    """Functions that compute in float32 or float16 inside, each at so many points between 0.3 and 3."""
    for text in LOW_PRECISION:
        narrow = eval(f"lambda x: float({text})", {"np": np})
        exact = eval(f"lambda x: {text}", {"np": mpmath.mp})
        for k in range(count):
            x = 0.3 + 2.7 * (k + 0.41) / count
            with mpmath.workdps(40):
                true = float(mpmath.diff(exact, mpmath.mpf(x)))
            yield np.errstate(all="ignore")(lambda x, narrow=narrow: narrow(kind(x))), x, true


def joins(count: int) -> Iterator[Known]:
    """Functions whose second derivative jumps exactly where they are checked."""
    for k in range(count):
        d = 0.37 * (k + 1)
        yield lambda x, d=d: 0.5 * x * x if abs(x) < d else d * (abs(x) - 0.5 * d), d, d  # Huber
        yield lambda x, d=d: (x - d) * abs(x - d) + math.sin(x), d, math.cos(d)
        yield lambda x, d=d: max(0.0, x - d) ** 2 + 0.3 * x, d, 0.3  # squared hinge, one-sided penalty
        yield lambda x, d=d: max(0.0, d - x) ** 2, d, 0.0
        yield lambda x, d=d: math.exp(x) if x < d else math.exp(d) * (1.0 + (x - d) - (x - d) ** 2), d, math.exp(d)
        yield lambda x, d=d: 0.0 if x < d else (x - d) ** 2 * (3.0 - 2.0 * (x - d)), d, 0.0  # smoothstep
        yield lambda x, d=d: math.log(x) if x < d else math.log(d) + (x - d) / d, d, 1.0 / d
        yield lambda x, d=d: x**3 if x < d else d**3 + 3.0 * d * d * (x - d), d, 3.0 * d * d


def minima(count: int) -> Iterator[Known]:
    """Functions at a stationary point, where the coded derivative is 0 and the float function leans by rounding."""
    for k in range(count):
        d = 0.17 * (k + 1)
        a = np.array([0.1, 0.2, 0.3]) * (1.0 + 0.1 * k)
        yield lambda x, a=a, d=d: float(np.sum((a * x - a * d) ** 2)), d, 0.0
        yield lambda x, d=d: (x / 3.0 - d / 3.0) ** 2, d, 0.0
        yield lambda x, d=d: (x - d) ** 2 * math.exp(x), d, 0.0
        yield lambda x, d=d: math.cosh(3.0 * x - 3.0 * d), d, 0.0
        yield lambda x, d=d: (x - d) ** 4 + 2.0, d, 0.0
        yield lambda x, d=d: math.log(1.0 + (x * d - d * d) ** 2) + 1e3, d, 0.0
        yield lambda x, d=d: (math.sin(x) - math.sin(d)) ** 2 * 1e6, d, 0.0


Tie = tuple[Callable[[Any], float], list[float], list[list[float]], list[list[float]]]
"""A function, a point where several inputs share a kink, subgradients there, and vectors that are none."""


def joint_kinks() -> list[Tie]:
    """Ties of maxima, minima, norms and absolute values."""
    ties: list[Tie] = []
    for n in (2, 3, 4):
        units = [[float(i == k) for i in range(n)] for k in range(n)]
        even = [1.0 / n] * n
        bad = [[1.0] * n, [0.0] * n, [0.3] * n, [0.9, *[0.0] * (n - 1)]]
        ties.append((lambda v: float(max(v)), [1.5] * n, [*units, even], bad))
        ties.append((lambda v: float(min(v)), [-0.7] * n, [*units, even], bad))
        short = [0.8 / math.sqrt(n)] * n
        ties.append((lambda v: math.hypot(*v), [0.0] * n, [[0.0] * n, short, units[0]], [[0.95] * n, [-0.9, *[0.9] * (n - 1)]]))
    wrong = [[1.0, 1.0], [0.5, 0.5], [1.0, 0.0]]
    ties.append((lambda v: abs(v[0] - v[1]), [2.0, 2.0], [[0.0, 0.0], [1.0, -1.0], [-0.4, 0.4]], wrong))
    ties.append((lambda v: max(v[0] + v[1], 0.0), [1.0, -1.0], [[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]], [[1.0, 0.0], [0.2, 0.8]]))
    ties.append((lambda v: max(v[0], v[1]) + v[2] ** 2, [1.0, 1.0, 0.5], [[1.0, 0.0, 1.0], [0.5, 0.5, 1.0]], [[1.0, 1.0, 1.0]]))
    return ties


def _expression(rng: random.Random, depth: int) -> str:
    if depth <= 0 or rng.random() < 0.12:
        return "x" if rng.random() < 0.75 else repr(round(rng.uniform(-3.0, 3.0), 2))
    if rng.random() < 0.62:
        return rng.choice(UNARY).format(_expression(rng, depth - 1))
    return rng.choice(BINARY).format(_expression(rng, depth - 1), _expression(rng, depth - 1))


def function(text: str) -> Callable[[float], Any]:
    """The expression as a function of floats."""
    return eval(f"lambda x, m=m: {text}", {"m": math})  # type: ignore[no-any-return]  # the texts stand above


def finite(f: Callable[[float], Any], x: float) -> bool:
    """Whether f(x) is a finite real number."""
    try:
        value = f(x)
    except (ValueError, ArithmeticError):
        return False
    return not isinstance(value, complex) and math.isfinite(value)


def judged(cases: list[Case], faithful: bool = False) -> Iterator[Known]:
    """(f, x, true derivative) for each case, from central differences with 60 digits; cases without one are left out.

    With `faithful` so are those that floats cannot follow: whose value has lost all digits, such as the sine of 1e19 with a
    rounding error in it, and those whose slope is quite another one at the next float.
    """
    for text, x in cases:
        exact = eval(f"lambda x, m=m: {text}", {"m": mpmath})
        with mpmath.workdps(60):
            try:
                value, slope, beside = exact(mpmath.mpf(x)), _slope(exact, x), _slope(exact, math.nextafter(x, math.inf))
            except (ValueError, ArithmeticError, TypeError):
                continue
            if isinstance(slope, mpmath.mpc) or not math.isfinite(float(slope)):
                continue
            left = abs(value) / (abs(x) or 1.0) * mpmath.mpf(10) ** -30 or mpmath.mpf(10) ** -60  # of a zero
            lost = abs(function(text)(x) - float(value)) > 1e-6 * abs(value) or abs(beside - slope) > 1e-3 * abs(slope) + left
            if faithful and lost:
                continue
            true = float(slope) if abs(slope) > left else 0.0
        yield function(text), x, true


def _slope(exact: Callable[[Any], Any], x: float) -> Any:
    """The central difference over 1e-20 of x, in the digits that mpmath works with."""
    here = mpmath.mpf(x)
    h = mpmath.mpf(10) ** -20 * (abs(here) or 1)
    return (exact(here + h) - exact(here - h)) / (2 * h)
