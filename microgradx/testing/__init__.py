"""Derivative checks for anybody's functions: right, wrong, at a kink, or cannot tell, with a bound that holds."""

from .check_gradient import check_gradient
from .check_op import check_op
from .derivative_of import derivative_of
from .mutants import survivors
from .numeric import Numeric
from .points import points
from .report import DerivativeError, Partial, Report, UnresolvedDerivative, WrongDerivative

__all__ = [
    "DerivativeError",
    "Numeric",
    "Partial",
    "Report",
    "UnresolvedDerivative",
    "WrongDerivative",
    "check_gradient",
    "check_op",
    "derivative_of",
    "points",
    "survivors",
]
