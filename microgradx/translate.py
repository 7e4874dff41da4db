"""An operation written in another language: its array form and its derivatives, called with a look-alike of numpy.

So the one statement of each operation is its machine code and its JavaScript too, as it is its numbers, its graph and its arrays.
A `Writer` is the look-alike; it says how its language writes things. Arithmetic on a `Term` writes the next line.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

from .operand import Operand
from .operation import Op

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


class Term(Operand):
    """A name in the text that is being written, for a number or for a truth."""

    __slots__ = ("name", "truth", "writer")
    __array_ufunc__ = None  # numpy itself refuses it

    def __init__(self, writer: Writer, name: str, truth: bool = False) -> None:
        self.writer = writer
        self.name = name
        self.truth = truth

    def apply(self, op: Op, operands: Sequence[Any]) -> Any:
        """What the operation writes, as a rule asks for it that calls other operations."""
        return self.writer.applied(op, operands)

    def __bool__(self) -> bool:
        raise TypeError("the outcome is known only when the code runs: write np.where(condition, a, b) in an array form")

    @staticmethod
    def _infix(sign: str, swapped: bool = False) -> Any:
        """A method that writes the operator `sign` between a term and another operand."""

        def method(self: Term, other: Any) -> Term:
            a, b = (other, self) if swapped else (self, other)
            return self.writer.infix(sign, a, b)

        return method

    __add__, __radd__ = _infix("+"), _infix("+", swapped=True)
    __sub__, __rsub__ = _infix("-"), _infix("-", swapped=True)
    __mul__, __rmul__ = _infix("*"), _infix("*", swapped=True)
    __truediv__, __rtruediv__ = _infix("/"), _infix("/", swapped=True)
    __gt__, __ge__, __lt__, __le__ = _infix(">"), _infix(">="), _infix("<"), _infix("<=")
    __eq__, __ne__ = _infix("=="), _infix("!=")
    __and__, __or__ = _infix("&"), _infix("|")
    __rand__, __ror__ = _infix("&", swapped=True), _infix("|", swapped=True)
    __hash__ = None  # type: ignore[assignment]  # equality is written down, too

    def __neg__(self) -> Term:
        return self.writer.write(self.writer.NEGATIVE.format(self.writer.number(self)))


class Writer:
    """The namespace that an array form is called with in place of numpy; a subclass gives the words of one language.

    Comparisons and choices do with nan and ties what numpy does; zeros of either sign count as equal.
    """

    nan, inf, pi = math.nan, math.inf, math.pi

    INFIX: ClassVar[dict[str, str]]  # how each operator between numbers, and & and | between truths, is written
    NEGATIVE: ClassVar[str]
    CHOICE: ClassVar[str]  # {0} ? {1} : {2}
    COUNTED: ClassVar[str]  # a truth as 1 or 0
    NOT_ZERO: ClassVar[str]  # a number as a truth
    LINE: ClassVar[str]  # {0} = {1}
    FUNCTIONS: ClassVar[dict[str, str]]  # what numpy's functions are called

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in self.FUNCTIONS:
            return functools.partial(self.call, self.FUNCTIONS[name])
        try:
            return OPERATORS[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no word for numpy.{name}") from None

    def applied(self, op: Op, operands: Sequence[Any]) -> Any:
        """What an operation on terms and numbers writes."""
        return op.array(self, *operands)

    def name(self, place: int) -> str:
        """What the result of the line at that place is called."""
        raise NotImplementedError

    def literal(self, number: float) -> str:
        """A plain number."""
        raise NotImplementedError

    def called(self, function: str, numbers: Sequence[str]) -> str:
        """A call of a function on numbers."""
        raise NotImplementedError

    def write(self, text: str, truth: bool = False) -> Term:
        """Append a line; the term for its result."""
        term = Term(self, self.name(len(self.lines)), truth)
        self.lines.append(self.LINE.format(term.name, text))
        return term

    def number(self, x: Any) -> str:
        """An operand that is a number, truths becoming 1 and 0."""
        if not isinstance(x, Term):
            return self.literal(float(x))
        return self.write(self.COUNTED.format(x.name)).name if x.truth else x.name

    def truth(self, x: Any) -> str:
        """An operand that is a truth; of numbers all but 0 are true."""
        if not isinstance(x, Term):
            return "true" if x else "false"
        return x.name if x.truth else self.write(self.NOT_ZERO.format(x.name), truth=True).name

    def infix(self, sign: str, a: Any, b: Any) -> Term:
        """Arithmetic and comparison of numbers, logic of truths, as far as numpy means the same by them."""
        truths = [x.truth if isinstance(x, Term) else isinstance(x, bool) for x in (a, b)]
        if sign in "&|":
            if not all(truths):
                raise TypeError(f"{sign} needs two booleans")
            return self.write(self.INFIX[sign].format(self.truth(a), self.truth(b)), truth=True)
        if all(truths):
            raise TypeError("numpy treats arithmetic on two booleans differently from numbers")
        a, b = self.number(a), self.number(b)
        return self.write(self.INFIX[sign].format(a, b), truth=sign not in "+-*/")

    def call(self, function: str, *operands: Any) -> Term:
        """Call a function of numbers."""
        return self.write(self.called(function, [self.number(x) for x in operands]))

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """`a` where the condition holds, else `b`."""
        if not isinstance(condition, Term):
            return a if condition else b
        a, b = self.number(a), self.number(b)
        return self.write(self.CHOICE.format(self.truth(condition), a, b))

    def maximum(self, a: Any, b: Any) -> Any:
        """The larger; nan if either is nan."""
        return self.where((a >= b) | self.isnan(a), a, b)

    def minimum(self, a: Any, b: Any) -> Any:
        """The smaller; nan if either is nan."""
        return self.where((a <= b) | self.isnan(a), a, b)

    def sign(self, a: Any) -> Any:
        """-1, 0 or 1; nan for nan."""
        return self.where(self.isnan(a), a, 1.0 * (a > 0.0) - (a < 0.0))

    def heaviside(self, a: Any, at_zero: Any) -> Any:
        """0, `at_zero` or 1; nan for nan."""
        return self.where(a == 0.0, at_zero, self.where(self.isnan(a), a, a > 0.0))

    def logaddexp(self, a: Any, b: Any) -> Any:
        """log(e**a + e**b)."""
        return self.maximum(a, b) + self.log1p(self.exp(-self.abs(a - b)))

    def remainder(self, a: Any, b: Any) -> Any:
        """The rest of a / b, with the sign of `b`."""
        rest = self.fmod(a, b)
        rest = self.where(self.other_side(rest, b), rest + b, rest)
        return self.where(rest == 0.0, self.where(b < 0.0, -0.0, 0.0), rest)

    def floor_divide(self, a: Any, b: Any) -> Any:
        """a / b rounded down, from the rest, which is exact."""
        rest = self.fmod(a, b)
        quotient = (a - rest) / b
        quotient = self.where(self.other_side(rest, b), quotient - 1.0, quotient)
        whole = self.floor(quotient)
        whole = self.where(quotient - whole > 0.5, whole + 1.0, whole)
        none = self.where(a / b == 0.0, a / b, 0.0)  # with the sign of a zero
        return self.where(b == 0.0, a / b, self.where(whole == 0.0, none, whole))

    def other_side(self, rest: Any, b: Any) -> Any:
        """Whether the rest, which has the sign of a, is not on the side of `b`."""
        return (rest < 0.0) & (b > 0.0) | (rest > 0.0) & (b < 0.0)


SPECIAL = frozenset({
    "gaussian", "normal_pdf", "normal_cdf", "erf", "erfc", "lgamma", "polygamma", "gelu", "round",
    "logaddexp", "logsumexp", "softmax_share", "log_softmax_share",
    "log_normal_cdf", "inverse_mills", "mills_gap", "erfinv", "gamma", "sinc", "sinc_derivative",
})  # fmt: skip
"""Operations that special.js has, which a page brings along."""


class JavaScript(Writer):
    """numpy for what is written as JavaScript."""

    INFIX: ClassVar = {sign: f"{{}} {sign} {{}}" for sign in ("+", "-", "*", "/", ">", ">=", "<", "<=")} | {
        "==": "{} === {}", "!=": "{} !== {}", "&": "{} && {}", "|": "{} || {}",
    }  # fmt: skip
    NEGATIVE, CHOICE, COUNTED, NOT_ZERO = "-{}", "{} ? {} : {}", "Number({})", "{} !== 0"
    LINE = "const {} = {};"
    FUNCTIONS: ClassVar = {
        "absolute": "abs", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
        "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
        **{name: name for name in ("abs", "sqrt", "cbrt", "hypot", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
        **{name: name for name in ("exp", "expm1", "log", "log2", "log10", "log1p", "floor", "ceil", "trunc")},
    }  # fmt: skip

    def applied(self, op: Op, operands: Sequence[Any]) -> Any:
        """The operation's array form, or a call of what special.js has for it."""
        if op.name in SPECIAL:
            return self.write(f"special.{op.name}({', '.join([self.number(x) for x in operands])})")
        return op.array(self, *operands)

    def vectorize(self, forward: Callable[..., Any], otypes: Any) -> Callable[..., Any]:
        """An operation without array form is its function of numbers, if that does no more than arithmetic."""
        return forward

    def name(self, place: int) -> str:
        """A constant of its own for every line."""
        return f"t{place}"

    def literal(self, number: float) -> str:
        """The shortest decimals that give the number."""
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(number), repr(number))

    def called(self, function: str, numbers: Sequence[str]) -> str:
        """A function of `Math`."""
        return f"Math.{function}({', '.join(numbers)})"

    def power(self, a: Any, b: Any) -> Any:
        """1 for 1**nan and (-1)**inf, where JavaScript has nan."""
        found = self.write(self.called("pow", [self.number(a), self.number(b)]))
        one = (self.abs(a) == 1.0) & (self.abs(b) == self.inf)
        return self.where((a == 1.0) | one, 1.0, found)

    def exp2(self, a: Any) -> Any:
        """2**a."""
        return self.write(self.called("pow", ["2", self.number(a)]))

    def fmod(self, a: Any, b: Any) -> Any:
        """C's rest is JavaScript's %."""
        return self.write(f"{self.number(a)} % {self.number(b)}")


class Script(NamedTuple):
    """An operation as two JavaScript functions: of its operands, and of its operands and its result."""

    value: str
    slopes: str  # a list of the local derivatives


@functools.cache
def javascript(op: Op, count: int) -> Script | None:
    """An operation on `count` operands for a page; None where its array form or rule asks for more than there is here.

    >>> from microgradx.operation import OPS
    >>> javascript(OPS["tanh"], 1).value
    '(x0) => { const t0 = Math.tanh(x0); return t0; }'
    >>> javascript(OPS["multiply"], 2).slopes
    '(x0, x1, out) => { return [x1, x0]; }'
    """
    names = [f"x{i}" for i in range(count)]
    try:
        value, slopes = JavaScript(), JavaScript()
        result = value.number(value.applied(op, [Term(value, name) for name in names]))
        local = op.local_derivatives([Term(slopes, name) for name in names], Term(slopes, "out"))
        found = f"[{', '.join([slopes.number(x) for x in local])}]"
    except Exception:  # an array form may do anything at all with what it takes for arrays
        return None
    return Script(arrow(names, value, result), arrow([*names, "out"], slopes, found))


def arrow(names: Sequence[str], writer: JavaScript, result: str) -> str:
    """A function of these names that gives the result."""
    return f"({', '.join(names)}) => {{ {' '.join([*writer.lines, f'return {result};'])} }}"
