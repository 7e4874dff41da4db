"""The derivative table: every primitive is one statement that gives its name, its value and one local derivative per operand.

Conventions: IEEE 754 and PyTorch's float64. Nothing raises, nothing turns complex.

    kinks              relu'(0) = abs'(0) = 0; leaky_relu, elu: the left slope; at a bound hard_tanh' = 0, clip' = 1
    ties               k equal operands of max, min, maximum, minimum have 1 / k each; where bounds cross, the upper wins
    flat steps         floor ceil trunc round sign step compare heaviside //: 0, also at a jump; x % y: 1 and -(x // y)
    poles              1 / 0, log'(0), sqrt'(0) are inf; log(-1) is nan, log'(-1) = -1, the formula
    powers             x**0 is 1 with slope 0 for every x, nan too; 0**y has slope 0 in y >= 0, else -inf;
                       (-2)**3 has slope 12 in the base, nan in the exponent (which a constant is never asked for)
    at the origin      atan2(0, 0) = 0 with slope 0
    second order       at a kink, of the side whose slope is taken: elu''(0) = alpha (PyTorch: 0)

Where PyTorch differs:

    nan                stays nan, in value and slope (PyTorch: sign(nan) = 0, relu'(nan) = 1, ...)
    tails              tanh'(20) = 1.7e-17, sigmoid'(40) = 4.2e-18 (PyTorch: 0); softplus is exact beyond 20
    infinities         the limit: silu, mish, logsumexp, softmax where one operand is inf (PyTorch: nan)
    hypot(0, 0)        slope 0 (PyTorch: nan)
    acosh              slope nan left of 1, as the value (PyTorch: 1 / sqrt(x**2 - 1))
    round to digits    Python's, exact: round(0.15, 1) = 0.1 (PyTorch: 0.2)
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

from . import ieee, special
from .operation import Op, primitive

INF, NAN = float("inf"), float("nan")
LN2 = 0.6931471805599453
LN10 = 2.302585092994046
TWO_OVER_SQRT_PI = 1.1283791670955126
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, fixed point of mean 0, variance 1

add: Op = primitive("add", "{} + {}", operator.add, 1.0, 1.0, numpy="add")
subtract: Op = primitive("subtract", "{} - {}", operator.sub, 1.0, -1.0, numpy="subtract")
multiply: Op = primitive("multiply", "{} * {}", operator.mul, lambda a, b, out: b, lambda a, b, out: a, numpy="multiply")
divide: Op = primitive(
    "divide", "{} / {}", ieee.divide,
    lambda a, b, out: 1.0 / b,
    lambda a, b, out: -out / b,
    domain=((-3.0, 3.0), (0.5, 2.0)), numpy="divide",
)
power: Op = primitive(
    "power", "{} ** {}", ieee.power,
    lambda a, b, out: where(b, b * power(a, b - 1.0), 0.0),
    lambda a, b, out: where(where(a, 1.0, 1.0 - step(b)), out * log(a), 0.0),  # 0**b is flat in b for b >= 0
    domain=((0.3, 3.0), (-2.0, 3.0)), numpy="power",
)
negative: Op = primitive("negative", "-{}", operator.neg, -1.0, numpy="negative")
positive: Op = primitive("positive", "+{}", lambda a: a, 1.0, numpy="positive")
absolute: Op = primitive("absolute", "abs({})", abs, lambda a, out: sign(a), numpy="absolute")
floor_divide: Op = primitive(
    "floor_divide", "{} // {}", ieee.floor_divide, 0.0, 0.0, domain=((-5.0, 5.0), (0.7, 2.0)), numpy="floor_divide"
)
remainder: Op = primitive(
    "remainder", "{} % {}", ieee.remainder, 1.0, lambda a, b, out: -floor_divide(a, b),
    domain=((-5.0, 5.0), (0.7, 2.0)), numpy="remainder",
)

exp: Op = primitive("exp", "exp({})", ieee.exp, lambda a, out: out, numpy="exp")
exp2: Op = primitive("exp2", "exp2({})", ieee.exp2, lambda a, out: out * LN2, numpy="exp2")
expm1: Op = primitive("expm1", "expm1({})", ieee.expm1, lambda a, out: exp(a), numpy="expm1")
log: Op = primitive("log", "log({})", ieee.log, lambda a, out: 1.0 / a, domain=(0.1, 5.0), numpy="log")
log2: Op = primitive("log2", "log2({})", ieee.log2, lambda a, out: 1.0 / LN2 / a, domain=(0.1, 5.0), numpy="log2")
log10: Op = primitive("log10", "log10({})", ieee.log10, lambda a, out: 1.0 / LN10 / a, domain=(0.1, 5.0), numpy="log10")
log1p: Op = primitive("log1p", "log1p({})", ieee.log1p, lambda a, out: 1.0 / (1.0 + a), domain=(-0.9, 5.0), numpy="log1p")
sqrt: Op = primitive("sqrt", "sqrt({})", ieee.sqrt, lambda a, out: 0.5 / out, domain=(0.1, 5.0), numpy="sqrt")
cbrt: Op = primitive("cbrt", "cbrt({})", math.cbrt, lambda a, out: 1.0 / (3.0 * out * out), domain=(0.1, 5.0), numpy="cbrt")
square: Op = primitive("square", "{}**2", lambda a: a * a, lambda a, out: 2.0 * a, numpy="square")
reciprocal: Op = primitive(
    "reciprocal", "1 / {}", lambda a: ieee.divide(1.0, a), lambda a, out: -out * out, domain=(0.4, 3.0), numpy="reciprocal"
)
one_minus_square: Op = primitive(  # its value keeps its digits near 1, its derivative (that of the product would not) near 0
    "one_minus_square", "1 - {}**2", lambda a: (1.0 - a) * (1.0 + a), lambda a, out: -2.0 * a,
    array=lambda np, a: (1.0 - a) * (1.0 + a),
)

sin: Op = primitive("sin", "sin({})", ieee.sin, lambda a, out: cos(a), numpy="sin")
cos: Op = primitive("cos", "cos({})", ieee.cos, lambda a, out: -sin(a), numpy="cos")
tan: Op = primitive("tan", "tan({})", ieee.tan, lambda a, out: 1.0 + out * out, domain=(-1.2, 1.2), numpy="tan")
asin: Op = primitive(
    "asin", "asin({})", ieee.asin, lambda a, out: reciprocal(sqrt(one_minus_square(a))), domain=(-0.9, 0.9), numpy="arcsin"
)
acos: Op = primitive(
    "acos", "acos({})", ieee.acos, lambda a, out: -reciprocal(sqrt(one_minus_square(a))), domain=(-0.9, 0.9), numpy="arccos"
)
atan: Op = primitive("atan", "atan({})", math.atan, lambda a, out: 1.0 / (1.0 + a * a), numpy="arctan")
atan2: Op = primitive(
    "atan2", "atan2({}, {})", math.atan2,
    lambda a, b, out: where(hypot(a, b), b / hypot(a, b) / hypot(a, b), 0.0),
    lambda a, b, out: where(hypot(a, b), -a / hypot(a, b) / hypot(a, b), 0.0),
    domain=((0.3, 3.0), (-3.0, 3.0)), numpy="arctan2",
)
sinh: Op = primitive("sinh", "sinh({})", ieee.sinh, lambda a, out: cosh(a), numpy="sinh")
cosh: Op = primitive("cosh", "cosh({})", ieee.cosh, lambda a, out: sinh(a), numpy="cosh")
tanh: Op = primitive(  # 1 - tanh**2 would be 0 from 19.1 on; 1 / cosh**2 is right until it underflows
    "tanh", "tanh({})", math.tanh, lambda a, out: square(1.0 / cosh(a)), numpy="tanh"
)
asinh: Op = primitive("asinh", "asinh({})", math.asinh, lambda a, out: 1.0 / hypot(1.0, a), numpy="arcsinh")
acosh: Op = primitive(
    "acosh", "acosh({})", ieee.acosh, lambda a, out: reciprocal(sqrt(a - 1.0) * sqrt(a + 1.0)),
    domain=(1.2, 5.0), numpy="arccosh",
)
atanh: Op = primitive(
    "atanh", "atanh({})", ieee.atanh, lambda a, out: 1.0 / one_minus_square(a), domain=(-0.9, 0.9), numpy="arctanh"
)
hypot: Op = primitive(
    "hypot", "hypot({}, {})", math.hypot,
    lambda a, b, out: where(out, a / out, 0.0),
    lambda a, b, out: where(out, b / out, 0.0),
    domain=((0.3, 3.0), (-3.0, 3.0)), numpy="hypot",
)

gaussian: Op = primitive("gaussian", "exp(-{}**2)", special.gaussian, lambda a, out: where(out, -2.0 * a * out, 0.0))
normal_pdf: Op = primitive("normal_pdf", "normal_pdf({})", special.normal_pdf, lambda a, out: where(out, -a * out, 0.0))
normal_cdf: Op = primitive("normal_cdf", "normal_cdf({})", special.normal_cdf, lambda a, out: normal_pdf(a))
erf: Op = primitive("erf", "erf({})", math.erf, lambda a, out: TWO_OVER_SQRT_PI * gaussian(a))
erfc: Op = primitive("erfc", "erfc({})", math.erfc, lambda a, out: -TWO_OVER_SQRT_PI * gaussian(a))
lgamma: Op = primitive("lgamma", "lgamma({})", special.lgamma, lambda a, out: polygamma(0.0, a), domain=(0.3, 5.0))
polygamma: Op = primitive(  # the order counts derivatives, so there is no derivative with respect to it
    "polygamma", "polygamma({}, {})", special.polygamma, float("nan"), lambda n, a, out: polygamma(n + 1.0, a),
    domain=((1.0, 1.0), (0.5, 5.0)),
)

floor: Op = primitive("floor", "floor({})", ieee.floor, 0.0, numpy="floor")
ceil: Op = primitive("ceil", "ceil({})", ieee.ceil, 0.0, numpy="ceil")
trunc: Op = primitive("trunc", "trunc({})", ieee.trunc, 0.0, numpy="trunc")
round_: Op = primitive(
    "round", "round({}, {})", ieee.round_half_even, 0.0, 0.0, domain=((-3.0, 3.0), (1.0, 1.0)), numpy="rint",
    array=lambda np, a, digits: np.vectorize(ieee.round_half_even, otypes=[float])(a, digits), defaults=(0.0,),
)
sign: Op = primitive("sign", "sign({})", ieee.sign, 0.0, numpy="sign")
step: Op = primitive("step", "step({})", ieee.step, 0.0, array=lambda np, a: np.heaviside(a, 1.0))
heaviside: Op = primitive(
    "heaviside", "heaviside({}, {})", ieee.heaviside, 0.0, lambda a, at_zero, out: 1.0 - absolute(sign(a)), numpy="heaviside"
)
compare: Op = primitive(  # 1, 0 or -1 as the first is greater, equal or less; sign(a - b) would be nan for two equal infinities
    "compare", "compare({}, {})", ieee.compare, 0.0, 0.0,
    array=lambda np, a, b: np.where(np.isnan(a) | np.isnan(b), np.nan, 1.0 * np.greater(a, b) - np.less(a, b)),
)

relu: Op = primitive(
    "relu", "relu({})", ieee.relu, lambda a, out: heaviside(a, 0.0), array=lambda np, a: np.maximum(a, 0.0)
)
leaky_relu: Op = primitive(
    "leaky_relu", "leaky_relu({}, {})", lambda a, slope: a if a > 0.0 else slope * a,
    lambda a, slope, out: where(heaviside(a, 0.0), heaviside(a, 0.0), slope),  # not 1: of nan it is nan
    lambda a, slope, out: where(heaviside(a, 0.0), 1.0 - heaviside(a, 0.0), a),
    array=lambda np, a, slope: np.where(a > 0.0, a, slope * a), defaults=(0.01,),
)
elu: Op = primitive(
    "elu", "elu({}, {})", special.elu,
    lambda a, alpha, out: where(heaviside(a, 0.0), heaviside(a, 0.0), alpha * exp(a)),
    lambda a, alpha, out: where(heaviside(a, 0.0), 1.0 - heaviside(a, 0.0), expm1(a)),
    array=lambda np, a, alpha: np.where(a > 0.0, a, alpha * np.expm1(np.minimum(a, 0.0))), defaults=(1.0,),
)
gelu: Op = primitive("gelu", "gelu({})", special.gelu, lambda a, out: normal_cdf(a) + a * normal_pdf(a))
sigmoid: Op = primitive(  # out * (1 - out) would be 0 from 36.8 on
    "sigmoid", "sigmoid({})", special.sigmoid, lambda a, out: out * sigmoid(-a),
    array=lambda np, a: np.where(a >= 0.0, 1.0, np.exp(-np.abs(a))) / (1.0 + np.exp(-np.abs(a))),
)
softplus: Op = primitive(
    "softplus", "softplus({})", special.softplus, lambda a, out: sigmoid(a),
    array=lambda np, a: np.maximum(a, 0.0) + np.log1p(np.exp(-np.abs(a))),
)
softsign: Op = primitive(
    "softsign", "softsign({})", lambda a: a / (1.0 + abs(a)), lambda a, out: square(1.0 / (1.0 + absolute(a))),
    array=lambda np, a: a / (1.0 + np.abs(a)),
)
hard_tanh: Op = primitive(
    "hard_tanh", "hard_tanh({})", lambda a: ieee.minimum(ieee.maximum(a, -1.0), 1.0),
    lambda a, out: heaviside(1.0 - absolute(a), 0.0),
    array=lambda np, a: np.minimum(np.maximum(a, -1.0), 1.0),
)

maximum: Op = primitive(  # a tie shares one half and one half
    "maximum", "maximum({}, {})", ieee.maximum,
    lambda a, b, out: 0.5 + 0.5 * compare(a, b),
    lambda a, b, out: 0.5 - 0.5 * compare(a, b), numpy="maximum",
)
minimum: Op = primitive(
    "minimum", "minimum({}, {})", ieee.minimum,
    lambda a, b, out: 0.5 - 0.5 * compare(a, b),
    lambda a, b, out: 0.5 + 0.5 * compare(a, b), numpy="minimum",
)
clip: Op = primitive(  # at a bound the slope is 1, and the upper bound wins where the two cross, as in PyTorch's clamp
    "clip", "clip({}, {}, {})", lambda a, low, high: ieee.minimum(ieee.maximum(a, low), high),
    lambda a, low, high, out: step(compare(a, low)) * step(compare(high, a)),
    lambda a, low, high, out: (1.0 - step(compare(a, low))) * (1.0 - step(compare(low, high))),
    lambda a, low, high, out: 1.0 - step(compare(high, a)) * step(compare(high, low)),
    domain=((-3.0, 3.0), (-1.5, -0.5), (0.5, 1.5)),
    array=lambda np, a, low, high: np.minimum(np.maximum(a, low), high),
)
where: Op = primitive(  # chooses the second operand where the first is not 0 (nan is not 0), else the third
    "where", "where({}, {}, {})", lambda condition, a, b: a if condition else b,
    0.0,
    lambda condition, a, b, out: where(condition, 1.0, 0.0),
    lambda condition, a, b, out: where(condition, 0.0, 1.0),
    array=lambda np, condition, a, b: np.where(condition != 0.0, a, b),
)
logaddexp: Op = primitive(
    "logaddexp", "logaddexp({}, {})", special.logsumexp,
    lambda a, b, out: softmax_share(a, b),
    lambda a, b, out: softmax_share(b, a), numpy="logaddexp",
)


def _items(*operands: Any) -> Sequence[Any]:
    """The operands of a reduction: one sequence, or several numbers, as for Python's `max`."""
    if len(operands) == 1 and isinstance(operands[0], Iterable):
        return tuple(operands[0])
    return operands


def _pairs(left: Iterable[Any], right: Iterable[Any]) -> Sequence[Any]:
    lefts, rights = tuple(left), tuple(right)
    if len(lefts) != len(rights):
        raise ValueError(f"dot needs two sequences of one length, got {len(lefts)} and {len(rights)}")
    return lefts + rights


def _products_of_others(factors: Sequence[Any], out: Any) -> list[Any]:
    """For each factor the product of all the others, without dividing, so that zeros are exact."""
    before: list[Any] = [1.0]
    after: list[Any] = [1.0]
    for left, right in zip(factors[:-1], factors[:0:-1], strict=True):
        before.append(before[-1] * left)
        after.append(after[-1] * right)
    return [a * b for a, b in zip(before, reversed(after), strict=True)]


def _shared_among_winners(operands: Sequence[Any], out: Any) -> list[Any]:
    """1/k for each of the k operands that equal the extreme value, 0 for the others."""
    winners = [1.0 - absolute(compare(operand, out)) for operand in operands]
    count = sum_(winners)
    return [winner / count for winner in winners]


def _share_slopes(operands: Sequence[Any], out: Any) -> list[Any]:
    """Local derivatives of log(e**first / total): one minus the first share, then minus the other shares."""
    others = softmax(operands)[1:]
    return [sum_(others), *(-share for share in others)]


def _log_softmax_shares(np: Any, *operands: Any) -> Any:
    """(first - largest) - log1p(all but one of the largest), as for numbers; nan for several inf or only -inf."""
    largest = functools.reduce(np.maximum, operands)
    below = [np.less(x, largest) for x in operands]
    others = [np.where(less, np.exp(x - largest), 0.0) for less, x in zip(below, operands, strict=True)]
    ties = functools.reduce(np.add, [np.where(less, 0.0, 1.0) for less in below]) - 1.0
    lead = np.where(below[0], operands[0] - largest, 0.0)
    undecided = np.isnan(largest) | (np.absolute(largest) == INF) & ((ties > 0.0) | (largest < 0.0))
    return np.where(undecided, NAN, lead - np.log1p(functools.reduce(np.add, others) + ties))


sum_: Op = primitive(
    "sum", "sum({})", special.sum_, lambda operands, out: [1.0] * len(operands), gather=_items,
    array=lambda np, *arrays: functools.reduce(np.add, arrays),
)
prod: Op = primitive(
    "prod", "prod({})", special.prod_, _products_of_others, domain=(0.5, 2.0), gather=_items,
    array=lambda np, *arrays: functools.reduce(np.multiply, arrays),
)
dot: Op = primitive(  # the operands are all the left factors, then all the right ones
    "dot", "dot({})", special.dot,
    lambda operands, out: [*operands[len(operands) // 2 :], *operands[: len(operands) // 2]], gather=_pairs,
    array=lambda np, *arrays: functools.reduce(
        np.add, map(np.multiply, arrays[: len(arrays) // 2], arrays[len(arrays) // 2 :])
    ),
)
mean: Op = primitive(
    "mean", "mean({})", special.mean, lambda operands, out: [1.0 / len(operands)] * len(operands), gather=_items,
    array=lambda np, *arrays: functools.reduce(np.add, arrays) / len(arrays),
)
max_: Op = primitive(
    "max", "max({})", special.max_, _shared_among_winners, gather=_items,
    array=lambda np, *arrays: functools.reduce(np.maximum, arrays),
)
min_: Op = primitive(
    "min", "min({})", special.min_, _shared_among_winners, gather=_items,
    array=lambda np, *arrays: functools.reduce(np.minimum, arrays),
)
logsumexp: Op = primitive(
    "logsumexp", "logsumexp({})", special.logsumexp, lambda operands, out: softmax(operands), gather=_items,
    array=lambda np, *arrays: functools.reduce(np.logaddexp, arrays),
)
softmax_share: Op = primitive(  # e**first / (sum of e**operand)
    "softmax_share", "softmax_share({})", special.softmax_share,
    lambda operands, out: [out * slope for slope in _share_slopes(operands, out)], gather=_items,
)
log_softmax_share: Op = primitive(
    "log_softmax_share", "log_softmax_share({})", special.log_softmax_share, _share_slopes, gather=_items,
    array=_log_softmax_shares,
)


def softmax(operands: Iterable[Any]) -> list[Any]:
    """e**x / (sum of all e**x) for each x, one node each.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    row = list(operands)
    if row and all(type(x) is float for x in row):
        return special.softmax_shares(*row)
    return [softmax_share(*first_to_front) for first_to_front in _each_in_front(row)]


def log_softmax(operands: Iterable[Any]) -> list[Any]:
    """The logarithms of the softmax, accurate also where a share is nearly 0 or nearly 1.

    >>> log_softmax([1000.0, 0.0])
    [0.0, -1000.0]
    """
    return [log_softmax_share(*first_to_front) for first_to_front in _each_in_front(operands)]


def _each_in_front(operands: Iterable[Any]) -> list[list[Any]]:
    row = list(operands)
    return [[row[i], *row[:i], *row[i + 1 :]] for i in range(len(row))]


def selu(a: Any) -> Any:
    """The self-normalising exponential linear unit, scale * elu(a, alpha) (Klambauer et al. 2017)."""
    return SELU_SCALE * elu(a, SELU_ALPHA)


def silu(a: Any) -> Any:
    """a * sigmoid(a), also called swish."""
    return a * sigmoid(a)


def log_sigmoid(a: Any) -> Any:
    """log(sigmoid(a)), which is -softplus(-a) and so finite for every finite a."""
    return -softplus(-a)


def mish(a: Any) -> Any:
    """a * tanh(softplus(a)) (Misra 2019)."""
    return a * tanh(softplus(a))


def digamma(a: Any) -> Any:
    """The derivative of lgamma."""
    return polygamma(0.0, a)
