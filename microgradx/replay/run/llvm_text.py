"""What looks like numpy to the array form of an operation, and writes LLVM code instead of computing.

So the one statement of each operation is its machine code too, as it is its numbers, its graph and its arrays.

>>> from microgradx.operation import find
>>> print(written(find("softsign"), 1).lines)
  %r{0}.0 = call double @llvm.fabs.f64(double {1})
  %r{0}.1 = fadd double 0x3FF0000000000000, %r{0}.0
  %r{0}.2 = fdiv double {1}, %r{0}.1
"""

from __future__ import annotations

import functools
import operator
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from ...operation import Op

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negative": operator.neg,
    "positive": lambda a: a,
    "square": lambda a: a * a,
    "reciprocal": lambda a: 1.0 / a,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "isnan": lambda a: a != a,
}
"""numpy's names for what Python writes as operators."""

C_NAMES = {
    "absolute": "llvm.fabs.f64", "abs": "llvm.fabs.f64", "sqrt": "llvm.sqrt.f64",  # single instructions
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "power": "pow",
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "exp2", "expm1")},
    **{name: name for name in ("log", "log2", "log10", "log1p", "cbrt", "hypot", "fmod", "floor", "ceil", "trunc")},
}  # fmt: skip
"""The C functions that numpy's mean; Python's `math` calls the same ones, so the numbers are the same to the last bit or so."""


class Register:
    """The result of an instruction: a number (`double`) or a truth (`i1`). Arithmetic on it writes the next instruction."""

    __slots__ = ("kind", "name", "writer")
    __array_ufunc__ = None  # numpy itself refuses it

    def __init__(self, writer: Writer, name: str, kind: str) -> None:
        self.writer = writer
        self.name = name
        self.kind = kind

    def __bool__(self) -> bool:
        raise TypeError("the outcome is known only when the code runs: write np.where(condition, a, b) in an array form")

    @staticmethod
    def _infix(instruction: str, swapped: bool = False) -> Any:
        """A method that writes `instruction` for a register and another operand."""

        def method(self: Register, other: Any) -> Register:
            a, b = (other, self) if swapped else (self, other)
            return self.writer.infix(instruction, a, b)

        return method

    __add__, __radd__ = _infix("fadd"), _infix("fadd", swapped=True)
    __sub__, __rsub__ = _infix("fsub"), _infix("fsub", swapped=True)
    __mul__, __rmul__ = _infix("fmul"), _infix("fmul", swapped=True)
    __truediv__, __rtruediv__ = _infix("fdiv"), _infix("fdiv", swapped=True)
    __gt__, __ge__ = _infix("fcmp ogt"), _infix("fcmp oge")
    __lt__, __le__ = _infix("fcmp olt"), _infix("fcmp ole")
    __eq__, __ne__ = _infix("fcmp oeq"), _infix("fcmp une")
    __and__, __or__ = _infix("and"), _infix("or")
    __hash__ = None  # type: ignore[assignment]  # equality is an instruction

    def __neg__(self) -> Register:
        return self.writer.write(f"fneg double {self.writer.number(self)}")


class Writer:
    """The namespace that an array form is called with in place of numpy.

    Comparisons and choices do with nan and ties what numpy does; zeros of either sign count as equal.
    """

    nan, inf = float("nan"), float("inf")

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.called: set[tuple[str, int]] = set()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in C_NAMES:
            return functools.partial(self.call, C_NAMES[name])
        try:
            return OPERATORS[name]
        except KeyError:
            raise AttributeError(f"there is no machine code for numpy.{name}") from None

    def write(self, instruction: str, kind: str = "double") -> Register:
        """Append an instruction; its result is called after the row, {0}, and its place."""
        name = f"%r{{0}}.{len(self.lines)}"
        self.lines.append(f"  {name} = {instruction}")
        return Register(self, name, kind)

    def number(self, x: Any) -> str:
        """An operand of type double, truths becoming 1 and 0; literals by their bits, as decimals might round."""
        if not isinstance(x, Register):
            return f"0x{struct.pack('>d', x).hex().upper()}"
        return x.name if x.kind == "double" else self.write(f"uitofp i1 {x.name} to double").name

    def truth(self, x: Any) -> str:
        """An operand of type i1; of numbers all but 0 are true."""
        return str(x.name) if x.kind == "i1" else self.write(f"fcmp une double {x.name}, 0.0", "i1").name

    def infix(self, instruction: str, a: Any, b: Any) -> Register:
        """Arithmetic and comparison of numbers, logic of truths, as far as numpy means the same by them."""
        truths = [isinstance(x, Register) and x.kind == "i1" for x in (a, b)]
        if instruction in ("and", "or"):
            if not all(truths):
                raise TypeError(f"{instruction} needs two truths")
            return self.write(f"{instruction} i1 {a.name}, {b.name}", "i1")
        if all(truths):
            raise TypeError("numpy calculates with two truths by other rules than with numbers")
        a, b = self.number(a), self.number(b)
        return self.write(f"{instruction} double {a}, {b}", "i1" if instruction.startswith("fcmp") else "double")

    def call(self, function: str, *operands: Any) -> Register:
        """Call a C function of doubles, or one that LLVM makes an instruction of."""
        self.called.add((function, len(operands)))
        numbers = [f"double {self.number(x)}" for x in operands]
        return self.write(f"call double @{function}({', '.join(numbers)})")

    def where(self, condition: Any, a: Any, b: Any) -> Register:
        """`a` where the condition holds, else `b`."""
        a, b = self.number(a), self.number(b)
        return self.write(f"select i1 {self.truth(condition)}, double {a}, double {b}")

    def maximum(self, a: Any, b: Any) -> Register:
        """The larger; nan if either is nan."""
        return self.where((a >= b) | self.isnan(a), a, b)

    def minimum(self, a: Any, b: Any) -> Register:
        """The smaller; nan if either is nan."""
        return self.where((a <= b) | self.isnan(a), a, b)

    def sign(self, a: Any) -> Register:
        """-1, 0 or 1; nan for nan."""
        return self.where(self.isnan(a), a, 1.0 * (a > 0.0) - (a < 0.0))

    def heaviside(self, a: Any, at_zero: Any) -> Register:
        """0, `at_zero` or 1; nan for nan."""
        return self.where(a == 0.0, at_zero, self.where(self.isnan(a), a, a > 0.0))

    def logaddexp(self, a: Any, b: Any) -> Any:
        """log(e**a + e**b)."""
        return self.maximum(a, b) + self.log1p(self.exp(-self.abs(a - b)))

    def remainder(self, a: Any, b: Any) -> Register:
        """The rest of a / b, with the sign of `b`."""
        rest = self.fmod(a, b)
        return self.where(self.other_side(rest, b), rest + b, rest)

    def floor_divide(self, a: Any, b: Any) -> Register:
        """a / b rounded down, from the rest, which is exact."""
        rest = self.fmod(a, b)
        quotient = (a - rest) / b
        quotient = self.where(self.other_side(rest, b), quotient - 1.0, quotient)
        whole = self.floor(quotient)
        return self.where(quotient - whole > 0.5, whole + 1.0, whole)

    def other_side(self, rest: Any, b: Any) -> Any:
        """Whether C's rest, which has the sign of a, is not on the side of `b`."""
        return (rest < 0.0) & (b > 0.0) | (rest > 0.0) & (b < 0.0)


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


@functools.cache
def written(op: Op, count: int) -> Code | None:
    """The code of an operation on `count` operands; None where its array form asks for more than is here, or it has none."""
    writer = Writer()
    try:
        result = writer.number(op.array(writer, *[Register(writer, f"{{{i + 1}}}", "double") for i in range(count)]))
    except Exception:  # an array form may do anything at all with what it takes for arrays
        return None
    return Code("\n".join(writer.lines), result, frozenset(writer.called))
