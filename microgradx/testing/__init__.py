"""Derivative checks for anybody's functions: right, wrong, at a kink, or cannot tell, with a bound that holds."""

from .check import check_gradient
from .contract import check_op
from .derivative import derivative_of
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
