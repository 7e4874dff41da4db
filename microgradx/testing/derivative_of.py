"""`derivative_of`: the derivative of a function of one number, measured, to compare with as with `pytest.approx`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from .c_functions import refuse_undeclared, refuse_undeclared_inside, told_call
from .inputs import Inputs
from .line import EVERYWHERE, Interval, Line
from .measured import measured_slope
from .numeric import Numeric
from .outputs import one_number
from .sixty_digits import complex_step, slope_in_digits
from .verdicts import Shape


def derivative_of(
    f: Callable[[float], Any],
    *,
    rtol: float = 1e-6,
    domain: Interval = EVERYWHERE,
    oracle: Literal["ladder", "exact", "complex"] = "ladder",
) -> Callable[[float], Numeric]:
    """The derivative of any function of one number, measured with a bound that holds.

    >>> import math
    >>> derivative_of(math.sin)(1.0) == math.cos(1.0)
    True
    >>> derivative_of(math.sin)(1.0) == math.cos(1.0) * (1 + 1e-6)
    False
    >>> derivative_of(abs)(0.0)
    kink with slopes -1 (left) and 1 (right)

    An error of `rtol` or more is not equal, unless rounding of f hides it (then `weak` is true). f is called only inside
    `domain`, and a ValueError or ArithmeticError ends it. With `oracle` the measured value is sharpened: "complex" calls f with
    complex numbers, "exact" with mpmath's numbers of 60 digits.
    """

    def derivative(x: float) -> Numeric:
        __tracebackhide__ = True
        refuse_undeclared(f)
        if not hasattr(x, "__float__") or getattr(x, "size", 1) != 1:
            raise TypeError(f"derivative_of takes one number, not {x!r}: for several write check_gradient(f, at, grad)")
        try:
            return measured(float(x))
        except Exception as error:
            if (told := told_call(f, error, [float(x)], graph=False)) is error:
                raise
            raise told from error

    def measured(x: float) -> Numeric:
        numeric = measured_slope(Line(lambda point: one_number(f(point), f), x, domain), abs(x) or 1.0, rtol)
        if numeric.whole:
            refuse_undeclared_inside(f)
        if oracle == "ladder" or numeric.bent or numeric.verdict is Shape.VERTICAL:
            return numeric
        inputs = Inputs(f, x, graph=False)
        if oracle == "complex":
            return complex_step(inputs, 0, inputs.start, numeric)
        return slope_in_digits(inputs, 0, inputs.start, None, None, numeric, required=True)

    if oracle not in ("ladder", "exact", "complex"):
        raise ValueError(f"oracle={oracle!r} is none of 'ladder', 'exact', 'complex'")
    return derivative

