"""How each primitive is spelled: Python's operators, methods, and numpy's names for them.

What a spelling does is up to `apply`; `Value` replaces the commonest ones by quicker methods that do the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from . import callers, ops
from .operand import LeftGraph, Operand
from .operation import OPS, UFUNCS, Op
from .spelling import infix, method

if TYPE_CHECKING:
    from .signatures import Scalar

NAMES_IN_MATH = {"math.remainder": "ieee_remainder", "math.fsum": "sum"}
"""Functions of Python's math that mean something else than the operation of that name."""


def counterpart(name: str) -> str | None:
    """What to write for a function of Python or numpy that means an operation of the table; None where there is none.

    >>> counterpart("sin"), counterpart("fabs"), counterpart("frexp")
    ('write microgradx.sin(x)', 'write microgradx.absolute(x)', None)
    """
    op = OPS.get(name) or spellings().get(name, (None,))[0]
    return None if op is None or op.facts.inner else f"write microgradx.{op.written()}"


def instead_of(called: str | None) -> str | None:
    """What to write instead of calling the function that is written so; None where there is nothing.

    >>> instead_of("math.log"), instead_of("float")
    ('write microgradx.log(x) instead of math.log(...)', None)
    """
    remedy = counterpart(NAMES_IN_MATH.get(called, called).rpartition(".")[2]) if called else None
    return f"{remedy} instead of {called}(...)" if remedy else None


class Operators(Operand):
    """Every spelling of every operation, for whatever `apply` means to a subclass."""

    __slots__ = ()

    if TYPE_CHECKING:  # Python's own protocols, such as that of `abs`, ask for functions

        def __add__(self, other: Self | Scalar, /) -> Self: ...
        def __radd__(self, other: Scalar, /) -> Self: ...
        def __sub__(self, other: Self | Scalar, /) -> Self: ...
        def __rsub__(self, other: Scalar, /) -> Self: ...
        def __mul__(self, other: Self | Scalar, /) -> Self: ...
        def __rmul__(self, other: Scalar, /) -> Self: ...
        def __truediv__(self, other: Self | Scalar, /) -> Self: ...
        def __rtruediv__(self, other: Scalar, /) -> Self: ...
        def __floordiv__(self, other: Self | Scalar, /) -> Self: ...
        def __rfloordiv__(self, other: Scalar, /) -> Self: ...
        def __mod__(self, other: Self | Scalar, /) -> Self: ...
        def __rmod__(self, other: Scalar, /) -> Self: ...
        def __pow__(self, other: Self | Scalar, /) -> Self: ...
        def __rpow__(self, other: Scalar, /) -> Self: ...
        def __neg__(self) -> Self: ...
        def __pos__(self) -> Self: ...
        def __abs__(self) -> Self: ...
        def __round__(self, digits: int = 0, /) -> Self: ...
        def __floor__(self) -> Self: ...
        def __ceil__(self) -> Self: ...
        def __trunc__(self) -> Self: ...

    else:
        __add__, _radd = infix(ops.add)

        def __radd__(self, other):
            """other + self; the 0 that Python's `sum` starts from is no operand."""
            return self if type(other) is int and other == 0 else self._radd(other)

        __sub__, __rsub__ = infix(ops.subtract)
        __mul__, __rmul__ = infix(ops.multiply)
        __truediv__, __rtruediv__ = infix(ops.divide)
        __floordiv__, __rfloordiv__ = infix(ops.floor_divide)
        __mod__, __rmod__ = infix(ops.remainder)
        __pow__, __rpow__ = infix(ops.power)
        __neg__ = method(ops.negative)
        __pos__ = method(ops.positive)
        __abs__ = method(ops.absolute)
        __round__ = method(ops.round_)
        __floor__ = method(ops.floor)
        __ceil__ = method(ops.ceil)
        __trunc__ = method(ops.trunc)

    add = method(ops.add)
    subtract = method(ops.subtract)
    multiply = method(ops.multiply)
    divide = true_divide = method(ops.divide)
    power = pow = method(ops.power)
    negative = method(ops.negative)
    positive = method(ops.positive)
    absolute = abs = fabs = method(ops.absolute)
    floor_divide = method(ops.floor_divide)
    remainder = mod = method(ops.remainder)
    fmod = method(ops.fmod)
    ieee_remainder = method(ops.ieee_remainder)
    degrees = rad2deg = method(ops.degrees)
    radians = deg2rad = method(ops.radians)

    exp = method(ops.exp)
    exp2 = method(ops.exp2)
    expm1 = method(ops.expm1)
    log = method(ops.log)
    log2 = method(ops.log2)
    log10 = method(ops.log10)
    log1p = method(ops.log1p)
    log_base = method(ops.log_base)
    log1mexp = method(ops.log1mexp)
    logit = method(ops.logit)
    xlogy = method(ops.xlogy)
    power_log = method(ops.power_log)
    product_or_zero = method(ops.product_or_zero)
    sqrt = method(ops.sqrt)
    cbrt = method(ops.cbrt)
    square = method(ops.square)
    reciprocal = method(ops.reciprocal)
    one_minus_square = method(ops.one_minus_square)

    sin = method(ops.sin)
    cos = method(ops.cos)
    tan = method(ops.tan)
    asin = arcsin = method(ops.asin)
    acos = arccos = method(ops.acos)
    atan = arctan = method(ops.atan)
    atan2 = arctan2 = method(ops.atan2)
    sinh = method(ops.sinh)
    cosh = method(ops.cosh)
    tanh = method(ops.tanh)
    asinh = arcsinh = method(ops.asinh)
    acosh = arccosh = method(ops.acosh)
    atanh = arctanh = method(ops.atanh)
    hypot = method(ops.hypot)
    sech = method(ops.sech)
    sinc = method(ops.sinc)

    gaussian = method(ops.gaussian)
    normal_pdf = method(ops.normal_pdf)
    normal_cdf = method(ops.normal_cdf)
    erf = method(ops.erf)
    log_normal_cdf = method(ops.log_normal_cdf)
    inverse_mills = method(ops.inverse_mills)
    mills_gap = method(ops.mills_gap)
    erfc = method(ops.erfc)
    erfinv = method(ops.erfinv)
    gamma = method(ops.gamma)
    lgamma = method(ops.lgamma)

    floor = method(ops.floor)
    ceil = method(ops.ceil)
    trunc = method(ops.trunc)
    round = rint = method(ops.round_)
    sign = method(ops.sign)
    copysign = method(ops.copysign)
    isnan = method(ops.isnan)
    isinf = method(ops.isinf)
    isfinite = method(ops.isfinite)
    step = method(ops.step)
    heaviside = method(ops.heaviside)
    compare = method(ops.compare)

    relu = method(ops.relu)
    leaky_relu = method(ops.leaky_relu)
    elu = method(ops.elu)
    gelu = method(ops.gelu)
    sigmoid = method(ops.sigmoid)
    softplus = method(ops.softplus)
    softsign = method(ops.softsign)
    hard_tanh = method(ops.hard_tanh)

    maximum = method(ops.maximum)
    minimum = method(ops.minimum)
    clip = method(ops.clip)
    where = method(ops.where)
    logaddexp = method(ops.logaddexp)

    def polygamma(self, order: Scalar) -> Self:
        """The derivative of that order of digamma, at this value."""
        return ops.polygamma(order, self)

    def sinc_derivative(self, order: Scalar) -> Self:
        """The derivative of that order of sinc, at this value."""
        return ops.sinc_derivative(order, self)

    def digamma(self) -> Self:
        """The derivative of lgamma."""
        return ops.digamma(self)

    def selu(self) -> Self:
        """The self-normalising exponential linear unit."""
        return ops.selu(self)

    def silu(self) -> Self:
        """self * sigmoid(self)."""
        return ops.silu(self)

    def log_sigmoid(self) -> Self:
        """log(sigmoid(self)), finite for every finite value."""
        return ops.log_sigmoid(self)

    def mish(self) -> Self:
        """self * tanh(softplus(self))."""
        return ops.mish(self)

    def conjugate(self) -> Self:
        """The value itself, which is real: numpy's `std`, `var`, `vdot` and `norm` ask for it."""
        return self

    real = property(conjugate, doc="The value itself.")
    imag = 0.0

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __array_ufunc__(self, ufunc: Any, how: str, *inputs: Any, **options: Any) -> Any:
        """What numpy's functions and its numbers do with one: `np.exp(x)`, `np.float64(2) * x`, `array * x`."""
        import numpy

        if any(isinstance(x, Operand) for x in options.get("out", ())):
            raise TypeError(f"numpy.{ufunc.__name__} cannot write into a node: leave out= away and use what it returns")
        if how == "__call__" and not options and not any(getattr(x, "shape", ()) for x in inputs):
            op = UFUNCS.get(ufunc.__name__)
            if op is not None:
                return op(*inputs)
        boxed = []
        for x in inputs:
            if isinstance(x, Operand):
                box = numpy.empty((), dtype=object)
                box[()] = x
                x = box
            boxed.append(x)
        try:
            return getattr(ufunc, how)(*boxed, **options)
        except TypeError as error:
            if ufunc.__name__ in UFUNCS:
                raise
            remedy = counterpart(ufunc.__name__)
            remedy = remedy or "write .data for the plain number, or define the operation with microgradx.primitive"
            raise TypeError(f"numpy.{ufunc.__name__} is not an operation on Values: {remedy}") from error

    def __float__(self) -> float:
        raise self._stays(callers.called_function())

    def __int__(self) -> int:
        raise self._stays(callers.called_function())

    def _stays(self, called: str | None) -> LeftGraph:
        """The error for whoever wants a plain number: `called` is the function that asked for it, as the caller wrote it."""
        remedy = instead_of(called)
        text = f"{self!r} does not turn into a plain number, its gradient would be lost in silence: "
        text += f"{remedy}, or .data for the number" if remedy else "write .data for the number"
        return LeftGraph(text, called, remedy)


def spellings() -> dict[str, tuple[Op, bool | None]]:
    """The operation behind each method; for an operator also whether its operands are swapped, else None."""
    return {
        name: (attribute.op, attribute.swapped) for name, attribute in vars(Operators).items() if hasattr(attribute, "op")
    }
