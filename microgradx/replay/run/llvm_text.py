"""What looks like numpy to the array form of an operation, and writes LLVM code instead of computing.

>>> from microgradx.operation import find
>>> print(written_llvm(find("softsign"), 1).lines)
  %r{0}.0 = call double @llvm.fabs.f64(double {1})
  %r{0}.1 = fadd double 0x3FF0000000000000, %r{0}.0
  %r{0}.2 = fdiv double {1}, %r{0}.1
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

from ... import ops, special
from ...operation import Op
from ...translate import Term, Writer
from ..tape.many_operands import below_of_arrays
from ..tape.rows import PRIVATE

C_NAMES = {
    "absolute": "llvm.fabs.f64", "abs": "llvm.fabs.f64", "sqrt": "llvm.sqrt.f64",  # single instructions
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "exp2", "expm1")},
    **{name: name for name in ("log", "log2", "log10", "log1p", "cbrt", "hypot", "fmod", "floor", "ceil", "trunc")},
    **{name: name for name in ("erf", "erfc")},  # which numpy lacks
}  # fmt: skip
"""The C functions that numpy's mean; Python's `math` calls the same ones, so the numbers are the same to the last bit."""


class LLVM(Writer):
    """numpy for what is written as LLVM code; a result is called after the row, {0}, and its place."""

    INFIX: ClassVar = {
        "+": "fadd double {}, {}", "-": "fsub double {}, {}", "*": "fmul double {}, {}", "/": "fdiv double {}, {}",
        ">": "fcmp ogt double {}, {}", ">=": "fcmp oge double {}, {}", "<": "fcmp olt double {}, {}",
        "<=": "fcmp ole double {}, {}", "==": "fcmp oeq double {}, {}", "!=": "fcmp une double {}, {}",
        "&": "and i1 {}, {}", "|": "or i1 {}, {}",
    }  # fmt: skip
    NEGATIVE, CHOICE = "fneg double {}", "select i1 {}, double {}, double {}"
    COUNTED, NOT_ZERO = "uitofp i1 {} to double", "fcmp une double {}, 0.0"
    LINE = "  {} = {}"
    FUNCTIONS = C_NAMES

    def __init__(self) -> None:
        super().__init__()
        self.functions: set[tuple[str, int]] = set()

    def name(self, place: int) -> str:
        """A register of its own for every instruction."""
        return f"%r{{0}}.{place}"

    def literal(self, number: float) -> str:
        """The number by its bits, as decimals might round."""
        return f"0x{struct.pack('>d', number).hex().upper()}"

    def called(self, function: str, numbers: Sequence[str]) -> str:
        """A call of a C function of doubles, or of one that LLVM makes an instruction of."""
        self.functions.add((function, len(numbers)))
        return f"call double @{function}({', '.join(f'double {x}' for x in numbers)})"

    def power(self, a: Any, b: Any) -> Any:
        """C's pow, but for squares, as eager evaluation has it."""
        return self.where(b == 2.0, a * a, self.call("pow", a, b))


class Code(NamedTuple):
    """The instructions of an operation with {0} for the row and {1}, {2}, ... for its operands."""

    lines: str
    result: str
    called: frozenset[tuple[str, int]]

    @property
    def instructions(self) -> int:
        """How many there are."""
        return len(self.lines.splitlines())

    @property
    def functions(self) -> int:
        """How many of them call a C function."""
        return self.lines.count("@") - self.lines.count("@llvm.")


def unless_zero(np: Any, a: Any, b: Any, product: Any, kept: Any) -> Any:
    """`kept`, but 0 where the product is nan though a factor is zero."""
    return np.where((product != product) & ((a == 0.0) | (b == 0.0)), 0.0, kept)


def normal_cdf_of_c(np: Any, a: Any) -> Any:
    """The standard normal distribution, with C's erfc."""
    t = -a * special.SQRT_HALF
    rest = special.product_rest(-a, special.SQRT_HALF) - a * special.SQRT_HALF_REST
    inner = 0.5 * (np.erfc(t) - special.TWO_OVER_SQRT_PI * np.exp(-t * t) * rest)
    return np.where(np.abs(a) > 40.0, np.where(a < 0.0, 0.0, 1.0), inner)


OWN_FORMS: dict[str, Callable[..., Any]] = {
    "relu": lambda np, a: np.where((a > 0.0) | np.isnan(a), a, 0.0),  # gives zeros their sign, which the array form does not
    "erf": lambda np, a: np.erf(a),
    "erfc": lambda np, a: np.erfc(a),
    "gaussian": lambda np, a: np.where(np.abs(a) > 28.0, 0.0, np.exp(-a * a) * (1.0 - special.product_rest(a, a))),
    "normal_pdf": lambda np, a: np.where(
        np.abs(a) > 40.0, 0.0, special.ONE_OVER_SQRT_TAU * np.exp(-0.5 * a * a) * (1.0 - 0.5 * special.product_rest(a, a))
    ),
    "normal_cdf": normal_cdf_of_c,
    "gelu": lambda np, a: np.where((a > -40.0) | np.isnan(a), a * normal_cdf_of_c(np, a), -0.0),
}
"""Forms of operations that have no array form, or another one."""

EXACT: dict[str, Callable[..., Any]] = {
    "chain": lambda np, a, b: unless_zero(np, a, b, a * b, a * b),
    "kept": lambda np, a, b: unless_zero(np, a, b, a * b, a),
    "exp_below": lambda np, x, largest: np.where(
        largest == math.inf, np.where(x == math.inf, 1.0, 0.0), below_of_arrays(np, x, largest)
    ),
}
"""Forms that are right for every number, where the array form is so for finite results only."""

FOLDS: dict[str, Callable[..., Any]] = {
    "sum": lambda np, a, b: a + b,
    "prod": lambda np, a, b: a * b,
    "max": lambda np, a, b: np.maximum(a, b),
    "min": lambda np, a, b: np.minimum(a, b),
    "summit": lambda np, a, b: np.where((a == math.inf) & (b == math.inf), math.nan, np.maximum(a, b)),
}
"""Operations on any number of operands as a step from what the operands so far give to what one more gives."""

ADDED: dict[str, Callable[..., Any]] = {
    "multiply": lambda np, total, a, b: total + a * b,
    "chain": lambda np, total, a, b: total + unless_zero(np, a, b, a * b, a * b),
}
"""Products as a step of their accumulation, from the total so far to what one product more gives."""

OTHER_DIGITS = frozenset({"hypot", "logaddexp", "logsumexp", "log_softmax_share", "norm", "std", "total", "ieee_remainder"})
"""Operations whose array form rounds otherwise than their function of numbers."""

WRITTEN_BY_HAND = frozenset(op for op in vars(ops).values() if isinstance(op, Op))


@functools.cache
def written_llvm(op: Op, count: int, exact: bool = False) -> Code | None:
    """The code of an operation on `count` operands that gives the bits of its function of numbers, for infinities and nan too if
    `exact`; None where there is none, as of operations that are not the package's own.
    """
    if op.name in OTHER_DIGITS or not (op in WRITTEN_BY_HAND or op is PRIVATE.get(op.name)):
        return None
    form = OWN_FORMS.get(op.name, op.array)
    return code(EXACT.get(op.name, form) if exact else form, count)


def code(form: Callable[..., Any], count: int) -> Code | None:
    """What an array form writes; None where it asks for more than is here."""
    writer = LLVM()
    try:
        result = writer.number(form(writer, *[Term(writer, f"{{{i + 1}}}") for i in range(count)]))
    except Exception:  # an array form may do anything at all with what it takes for arrays
        return None
    return Code("\n".join(writer.lines), result, frozenset(writer.functions))
