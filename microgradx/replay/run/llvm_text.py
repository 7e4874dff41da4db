"""What looks like numpy to the array form of an operation, and writes LLVM code instead of computing.

>>> from microgradx.operation import find
>>> print(written(find("softsign"), 1).lines)
  %r{0}.0 = call double @llvm.fabs.f64(double {1})
  %r{0}.1 = fadd double 0x3FF0000000000000, %r{0}.0
  %r{0}.2 = fdiv double {1}, %r{0}.1
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from ...operation import Op
from ...translate import Term, Writer

C_NAMES = {
    "absolute": "llvm.fabs.f64", "abs": "llvm.fabs.f64", "sqrt": "llvm.sqrt.f64",  # single instructions
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "exp2", "expm1")},
    **{name: name for name in ("log", "log2", "log10", "log1p", "cbrt", "hypot", "fmod", "floor", "ceil", "trunc")},
}  # fmt: skip
"""The C functions that numpy's mean; Python's `math` calls the same ones, so the numbers are the same to the last bit or so."""


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


OTHER_DIGITS = frozenset({"hypot", "logaddexp", "logsumexp", "log_softmax_share", "norm", "std", "total"})
"""Operations whose array form rounds otherwise than their function of numbers."""


@functools.cache
def written(op: Op, count: int) -> Code | None:
    """The code of an operation on `count` operands; None where its array form asks for more than is here, or it has none."""
    if op.name in OTHER_DIGITS:
        return None
    writer = LLVM()
    try:
        result = writer.number(op.array(writer, *[Term(writer, f"{{{i + 1}}}") for i in range(count)]))
    except Exception:  # an array form may do anything at all with what it takes for arrays
        return None
    return Code("\n".join(writer.lines), result, frozenset(writer.functions))
