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

from typing import TYPE_CHECKING

from ..operation import OPS
from ..statement import COMPOSED, OWN
from .activations import *  # noqa: F403
from .arithmetic import *  # noqa: F403
from .choices import *  # noqa: F403
from .elementary import *  # noqa: F403
from .normal_and_gamma import *  # noqa: F403
from .reductions import *  # noqa: F403
from .trigonometry import *  # noqa: F403

OWN.update(OPS)

if not TYPE_CHECKING:  # who checks types takes what the files define
    __all__ = [name for name, op in OPS.items() if not op.facts.inner and name in globals()]  # `sum_` and its like are not
    __all__ += ["dist", "log_softmax", "softmax"]  # noqa: F405
    __all__ += list(COMPOSED)
