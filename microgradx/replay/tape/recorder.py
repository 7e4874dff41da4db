"""A tape on which a function is being recorded: it also writes down the derivatives that the function asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ... import ops
from .gradient import gradient_rows
from .number import Number
from .rows import code_of
from .stand_ins import begun
from .tangents import tangent_rows
from .tape import Tape
from .unreadable import OVER


class Recorder(Tape):
    """The tape of a function that may use transforms of its own, as `compile(grad(f))` does.

    A transform asks it instead of the graph. What it answers are rows as any others, so transforms nest in any order.
    """

    def over(self) -> Recorder:
        """The same tape, but for the numbers that somebody kept: whatever these are used for, it is refused from now on."""
        other = object.__new__(type(self))
        other.__dict__ = self.__dict__ | {"shared": {}}
        self.__dict__ = {}
        self.__class__ = Over  # type: ignore[assignment]
        return other

    def variable(self, x: Any) -> Number:
        """A row of its own for `x`, so that only what is made of this one is differentiated."""
        return self.append(ops.positive, (x,))

    def number(self, x: Any) -> Number:
        """The row of `x`."""
        return x if isinstance(x, Number) else Number(self, self.slot(x))

    def gradient(self, output: Any, variables: Sequence[Any]) -> list[Any]:
        """The derivative of `output` by each variable, backward over the rows."""
        row = self.slot(output)
        with self.written():
            slopes = gradient_rows(self, row, [variable.slot for variable in variables], again=True)
            found = [self.begun(slope) for slope in slopes]
        return [Number(self, slope) for slope in found]

    def begun(self, slope: int) -> int:
        """The row of a derivative as eager evaluation gives it, which begins to add up at 0: -0.0 becomes 0.0."""
        constant = self.constants.get(slope)
        return self.row(code_of(begun), slope) if constant is None else self.constant(constant or 0.0)

    def tangents(self, outputs: Sequence[Any], variables: Sequence[Any], rates: Sequence[Any]) -> list[Any]:
        """The rate of change of each output, forward over the rows."""
        moved = {variable.slot: self.slot(rate) for variable, rate in zip(variables, rates, strict=True)}
        rows = [self.slot(output) for output in outputs]
        with self.written():
            found = [self.begun(rate) for rate in tangent_rows(self, rows, moved, again=True)]
        return [Number(self, rate) for rate in found]

    @contextmanager
    def written(self) -> Iterator[None]:
        """Rows are written inside, whose rules ask for no numbers and share no row with numbers of the function.

        Derivatives of derivatives tell products that were made zero from others, see `without_kept`.
        """
        values, interned = self.values, self.interned
        self.values, self.interned, self.whole = None, {}, True
        yield
        self.values, self.interned, self.whole = values, interned, False


class Over:
    """What is left of a tape when the recording is over."""

    def __getattr__(self, name: str) -> Any:
        raise TypeError(OVER)
