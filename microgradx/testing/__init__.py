"""Derivative checks for anybody's functions: right, wrong, at a kink, or cannot tell, with a bound that holds."""

from .audit import Audit, Finding, audit
from .check_gradient import check_gradient
from .check_hvp import check_hvp
from .check_jvp import check_jvp
from .check_module import check_module
from .check_op import check_op
from .check_vjp import check_vjp
from .derivative_of import derivative_of
from .mutants import survivors
from .numeric import Numeric
from .pairs import Pair
from .points import points_in
from .report import DerivativeError, Partial, Report, UnresolvedDerivative, WrongDerivative

__all__ = [
    "Audit",
    "DerivativeError",
    "Finding",
    "Numeric",
    "Pair",
    "Partial",
    "Report",
    "UnresolvedDerivative",
    "WrongDerivative",
    "audit",
    "check_gradient",
    "check_hvp",
    "check_jvp",
    "check_module",
    "check_op",
    "check_vjp",
    "derivative_of",
    "points_in",
    "survivors",
]
