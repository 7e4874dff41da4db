"""How operations are called, with one, two, three or any number of operands: what type checkers and the clock see.

Plain floats and what stands for them are answered first: a rule calls with them on every edge of a backward pass. Of the
overloads, too, the first that fits holds, so plain numbers alone give a float: what mypy calls an overlap is meant.
"""

# mypy: disable-error-code="overload-overlap,overload-cannot-match"

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol, overload

from .operand import Operand, V
from .operation import Op

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy
    from numpy.typing import NDArray

    Scalar: TypeAlias = float | numpy.floating[Any] | numpy.integer[Any]
    Array: TypeAlias = NDArray[Any]

LEFT_OUT: Any = object()


def given(*operands: Any) -> tuple[Any, ...]:
    """The operands that were not left out."""
    return tuple([x for x in operands if x is not LEFT_OUT])


class Unary(Op):
    """An operation on one number."""

    __slots__ = ()

    @overload
    def __call__(self, x: Scalar, /) -> float: ...
    @overload
    def __call__(self, x: V, /) -> V: ...
    @overload
    def __call__(self, x: Array, /) -> Array: ...

    def __call__(self, x: Any = LEFT_OUT, /, *more: Any, **named: Any) -> Any:
        """The operation applied to `x`."""
        if not more and not named:
            if type(x) is float:
                return self.forward(x)
            if isinstance(x, Operand):
                return x.apply(self, (x,))
        return super().__call__(*given(x), *more, **named)


class Binary(Op):
    """An operation on two numbers."""

    __slots__ = ()

    @overload
    def __call__(self, a: Scalar, b: Scalar, /) -> float: ...
    @overload
    def __call__(self, a: V | Scalar, b: V | Scalar, /) -> V: ...
    @overload
    def __call__(self, a: Array | V | Scalar, b: Array | V | Scalar, /) -> Array: ...

    def __call__(self, a: Any = LEFT_OUT, b: Any = LEFT_OUT, /, *more: Any, **named: Any) -> Any:
        """The operation applied to `a` and `b`."""
        if b is not LEFT_OUT and not more and not named:
            if isinstance(a, Operand):
                return a.apply(self, (a, b))
            if type(a) is float:
                if type(b) is float:
                    return self.forward(a, b)
                if isinstance(b, Operand):
                    return b.apply(self, (a, b))
        return super().__call__(*given(a, b), *more, **named)


class Ternary(Op):
    """An operation on three numbers."""

    __slots__ = ()

    @overload
    def __call__(self, a: Scalar, b: Scalar, c: Scalar, /) -> float: ...
    @overload
    def __call__(self, a: V | Scalar, b: V | Scalar, c: V | Scalar, /) -> V: ...
    @overload
    def __call__(self, a: Array | V | Scalar, b: Array | V | Scalar, c: Array | V | Scalar, /) -> Array: ...

    def __call__(self, a: Any = LEFT_OUT, b: Any = LEFT_OUT, c: Any = LEFT_OUT, /, *more: Any, **named: Any) -> Any:
        """The operation applied to `a`, `b` and `c`."""
        if c is not LEFT_OUT and not more and not named:
            if isinstance(a, Operand):
                return a.apply(self, (a, b, c))
            if type(a) is float and type(b) is float and type(c) is float:
                return self.forward(a, b, c)
        return super().__call__(*given(a, b, c), *more, **named)


if TYPE_CHECKING:

    class Settled(Op):
        """An operation on one number whose further operands have defaults, and are written by name."""

        @overload
        def __call__(self, a: Scalar, /, *settings: Scalar, **named: Scalar) -> float: ...
        @overload
        def __call__(self, a: V | Scalar, /, *settings: V | Scalar, **named: V | Scalar) -> V: ...
        @overload
        def __call__(self, a: Array | V | Scalar, /, *settings: Array | V | Scalar, **named: Array | V | Scalar) -> Array: ...
        def __call__(self, a: Any, /, *settings: Any, **named: Any) -> Any:
            """The operation applied to the operands."""

    class Reduction(Op):
        """An operation on any number of numbers: one sequence, or several operands."""

        @overload
        def __call__(self, operands: Array, /, *, axis: int | None) -> Any: ...
        @overload
        def __call__(self, operands: Iterable[Scalar], /) -> float: ...
        @overload
        def __call__(self, operands: Iterable[V | Scalar], /) -> V: ...
        @overload
        def __call__(self, operands: Iterable[Operand | Scalar], /) -> Any: ...  # for mypy, which gives up on [Value, 1.0]
        @overload
        def __call__(self, *operands: Scalar) -> float: ...
        @overload
        def __call__(self, *operands: V | Scalar) -> V: ...
        def __call__(self, *operands: Any, **named: Any) -> Any:
            """The operation applied to the operands."""

    class Dot(Op):
        """The operation on two rows of one length."""

        @overload
        def __call__(self, left: Iterable[Scalar], right: Iterable[Scalar], /) -> float: ...
        @overload
        def __call__(self, left: Iterable[V | Scalar], right: Iterable[V | Scalar], /) -> V: ...
        @overload
        def __call__(self, left: Iterable[Operand | Scalar], right: Iterable[Operand | Scalar], /) -> Any: ...
        def __call__(self, *operands: Any, **named: Any) -> Any:
            """The operation applied to the operands."""

else:
    Settled = Reduction = Dot = Op


class OfOne(Protocol):
    """A function of one number that is made of operations."""

    __name__: str
    __module__: str

    @overload
    def __call__(self, x: Scalar, /) -> float: ...
    @overload
    def __call__(self, x: V, /) -> V: ...
    @overload
    def __call__(self, x: Array, /) -> Array: ...


KINDS: dict[int | None, type[Op]] = {1: Unary, 2: Binary, 3: Ternary}
"""The class of an operation by its number of operands, where it has one of its own."""
