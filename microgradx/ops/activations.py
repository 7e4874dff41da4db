"""What neurons put their sums through."""

from __future__ import annotations

from typing import Any

from .. import ieee, special
from ..signatures import Settled, Unary
from ..statement import neuron_function, primitive
from .arithmetic import square
from .choices import absolute, heaviside, where
from .elementary import exp, expm1
from .normal_and_gamma import normal_cdf, normal_pdf
from .trigonometry import sech, tanh

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, fixed point of mean 0, variance 1

relu: Unary = primitive(
    "relu", "relu({})", ieee.relu, lambda x, out: heaviside(x, 0.0), array=lambda np, x: np.maximum(x, 0.0),
    about="the number above 0, else 0", convention="at 0 the slope is 0", choice=True, activation=True,
    exact=lambda m, x: max(x, m.mpf(0)),
)
leaky_relu: Settled = primitive(
    "leaky_relu", "leaky_relu({}, {})", lambda a, slope: a if a > 0.0 else slope * a,
    lambda a, slope, out: where(heaviside(a, 0.0), heaviside(a, 0.0), slope),  # not 1: of nan it is nan
    lambda a, slope, out: where(heaviside(a, 0.0), 1.0 - heaviside(a, 0.0), a),
    array=lambda np, a, slope: np.where(a > 0.0, a, slope * a), defaults=(0.01,),
    kink=True, about="the number above 0, below it `slope` times as much", convention="at 0 the slope is that of the left side",
    activation=True, exact=lambda m, a, slope: a if a > 0 else slope * a,
)
elu: Settled = primitive(
    "elu", "elu({}, {})", special.elu,
    lambda a, alpha, out: where(heaviside(a, 0.0), heaviside(a, 0.0), alpha * exp(a)),
    lambda a, alpha, out: where(heaviside(a, 0.0), 1.0 - heaviside(a, 0.0), expm1(a)),
    array=lambda np, a, alpha: np.where(a > 0.0, a, alpha * np.expm1(np.minimum(a, 0.0))), defaults=(1.0,),
    about="the number above 0, below it alpha * (exp(a) - 1)", saturates=True, activation=True,
    convention="at 0 slope and second derivative are those of the left side (PyTorch: second derivative 0)",
    exact=lambda m, a, alpha: a if a > 0 else alpha * m.expm1(a),
)
gelu: Unary = primitive(
    "gelu", "gelu({})", special.gelu, lambda x, out: normal_cdf(x) + x * normal_pdf(x), saturates=True, activation=True,
    about="x * normal_cdf(x), the exact form", exact=lambda m, x: x * m.erfc(-x / m.sqrt(2)) / 2,
)
sigmoid: Unary = primitive(  # out * (1 - out) would be 0 from 36.8 on, and its derivative would cancel near 0
    "sigmoid", "sigmoid({})", special.sigmoid, lambda x, out: square(0.5 * sech(0.5 * x)), saturates=True, activation=True,
    array=lambda np, x: np.where(x >= 0.0, 1.0, np.exp(-np.abs(x))) / (1.0 + np.exp(-np.abs(x))),
    about="1 / (1 + exp(-x))", convention="the tails keep their digits: sigmoid'(40) is 4.2e-18 (PyTorch: 0)",
    exact=lambda m, x: 1 / (1 + m.exp(-x)),
)
softplus: Unary = primitive(
    "softplus", "softplus({})", special.softplus, lambda x, out: sigmoid(x), saturates=True, activation=True,
    array=lambda np, x: np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))),
    about="log(1 + exp(x))", convention="exact in both tails, also beyond 20 (PyTorch: x itself)",
    exact=lambda m, x: m.log1p(m.exp(x)),
)
softsign: Unary = primitive(
    "softsign", "softsign({})", lambda x: x / (1.0 + abs(x)), lambda x, out: square(1.0 / (1.0 + absolute(x))),
    array=lambda np, x: x / (1.0 + np.abs(x)), saturates=True, activation=True,
    about="x / (1 + |x|)", exact=lambda m, x: x / (1 + abs(x)),
)
hard_tanh: Unary = primitive(
    "hard_tanh", "hard_tanh({})", lambda x: ieee.minimum(ieee.maximum(x, -1.0), 1.0),
    lambda x, out: heaviside(1.0 - absolute(x), 0.0),
    array=lambda np, x: np.minimum(np.maximum(x, -1.0), 1.0), saturates=True, activation=True,
    kink=True, about="the number kept between -1 and 1", convention="at a bound the slope is 0 (of clip it is 1)",
    exact=lambda m, x: min(max(x, m.mpf(-1)), m.mpf(1)),
)


@neuron_function
def selu(x: Any) -> Any:
    """The self-normalising exponential linear unit, scale * elu(x, alpha) (Klambauer et al. 2017)."""
    return SELU_SCALE * elu(x, SELU_ALPHA)


@neuron_function
def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish."""
    return x * sigmoid(x)


@neuron_function
def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)), which is -softplus(-x) and so finite for every finite x."""
    return -softplus(-x)


@neuron_function
def mish(x: Any) -> Any:
    """x * tanh(softplus(x)) (Misra 2019)."""
    return x * tanh(softplus(x))
