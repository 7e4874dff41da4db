"""How an operation becomes a method and an operator, with the types, the parameters and the help that these show.

What calling one does is up to `apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from .operand import Operand
from .operation import Op
from .signatures import Binary, Settled, Ternary, Unary

S = TypeVar("S", bound=Operand)
F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:
    from .signatures import Scalar

    class Alone(Protocol):
        """A method without arguments, as type checkers see it: it gives another one of the kind it is asked of."""

        def __get__(self, value: S, kind: type[S]) -> Callable[[], S]: ...

    class Beside(Protocol):
        """A method with one more operand."""

        def __get__(self, value: S, kind: type[S]) -> Callable[[S | Scalar], S]: ...

    class Among(Protocol):
        """A method with two more operands."""

        def __get__(self, value: S, kind: type[S]) -> Callable[[S | Scalar, S | Scalar], S]: ...

    class Setting(Protocol):
        """A method whose further operands have defaults."""

        def __get__(self, value: S, kind: type[S]) -> Callable[..., S]: ...


class Called:
    """How the method of an operation is called, worked out when it is asked for: importing the package asks for none.

    >>> from microgradx import clip
    >>> Called(clip).__signature__
    <Signature (self, low=-inf, high=inf)>
    """

    def __init__(self, op: Op) -> None:
        self.op = op

    @property
    def __signature__(self) -> Any:
        signature = self.op.__signature__
        first, *others = signature.parameters.values()
        return signature.replace(parameters=[first.replace(name="self"), *others])


@overload
def method(op: Unary) -> Alone: ...
@overload
def method(op: Binary) -> Beside: ...
@overload
def method(op: Ternary) -> Among: ...
@overload
def method(op: Settled) -> Setting: ...


def method(op: Op) -> Any:
    """`op` as a method: the object is the first operand."""

    def spelled(self: Operand, *others: Any, out: None = None, **named: Any) -> Any:  # numpy.clip says out=None
        operands = (self, *others) if len(others) + 1 == op.arity and not named else op.completed((self, *others), named)
        return self.apply(op, operands)

    spelled.op, spelled.swapped = op, None  # type: ignore[attr-defined]  # read by `spellings`
    spelled.__wrapped__ = Called(op)  # type: ignore[attr-defined]  # where `inspect.signature` looks for the parameters
    return named(op, spelled)


def infix(op: Binary) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`op` as a binary operator and as its reflection, for an object on the left and on the right."""

    def left(self: Operand, other: Any) -> Any:
        return self.apply(op, (self, other)) if fits(other) else NotImplemented

    def right(self: Operand, other: Any) -> Any:
        return self.apply(op, (other, self)) if fits(other) else NotImplemented

    left.op, left.swapped = op, False  # type: ignore[attr-defined]
    right.op, right.swapped = op, True  # type: ignore[attr-defined]
    return named(op, left), named(op, right)


def named(op: Op, function: F) -> F:
    """`function` under the name of `op`, as help() and Python's own errors show it."""
    names, facts = op.operands, op.facts
    about = f": {facts.about}" if facts.about else ""
    lines = [f"{op.template.format(*names)} as a new node, with this value as `{names[0]}`{about}."]
    if facts.convention:
        lines.append(f"Convention: {facts.convention}.")
    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = "\n\n".join([*lines, f"help(microgradx.{op.name}) shows the derivative."])
    return function


def fits(other: Any) -> bool:
    """Whether `other` can stand beside a value in an expression: an operand, a number, or a numpy scalar."""
    if isinstance(other, (Operand, int, float, Real)):
        return True
    kind = getattr(getattr(other, "dtype", None), "kind", "f")  # numpy's letter: b, i, u and f are real numbers, O may be
    return getattr(other, "shape", None) == () and hasattr(other, "item") and kind in "biufO"
