"""A tape on which a function is being recorded: it also writes down the derivatives that the function asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ... import ops
from .gradient import chain_step, depends, gradient_rows
from .rows import Constant
from .tape import Number, Tape


class Recorder(Tape):
    """The tape of a function that may use transforms of its own, as `compile(grad(f))` does.

    A transform asks it instead of the graph. What it answers are rows as any others, so transforms nest in any order.
    """

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
            found = gradient_rows(self, row, [variable.slot for variable in variables])
        return [Number(self, slope) for slope in found]

    def tangents(self, outputs: Sequence[Any], variables: Sequence[Any], rates: Sequence[Any]) -> list[Any]:
        """The rate of change of each output, forward over the rows."""
        rows = [self.slot(output) for output in outputs]
        moved = {variable.slot: rate for variable, rate in zip(variables, rates, strict=True)}
        if not moved or not rows:
            return [self.number(0.0) for _ in rows]
        with self.written():
            active = depends(self, list(moved))
            for row in range(min(moved), max(rows) + 1):
                if active[row] and row not in moved:
                    moved[row] = self.tangent(row, moved)
        return [self.number(moved.get(row, 0.0)) for row in rows]

    def tangent(self, row: int, moved: dict[int, Any]) -> Any:
        """The rate at which a row changes, from those of its operands."""
        op, made_of = self.made(row)
        wanted = [x in moved for x in made_of]
        slopes = op.local_derivatives([self.symbol(x) for x in made_of], self.symbol(row), wanted)
        parts = [self.product(moved[x], slope) for x, slope in zip(made_of, slopes, strict=True) if x in moved]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def product(self, rate: Any, local: Any) -> Any:
        """rate * local as the chain rule has it; nothing is written for a multiplication by 1."""
        if type(local) is float and local == 1.0:
            return rate
        if type(rate) is float and rate == 1.0:
            return local
        return self.append(chain_step, (rate, local))

    def symbol(self, row: int) -> Number | Constant:
        """What a rule is given for a row."""
        return Constant(self.constants[row], row) if row in self.constants else Number(self, row)

    @contextmanager
    def written(self) -> Iterator[None]:
        """Rows are written inside, whose rules ask for no numbers and share no row with numbers of the function."""
        values, interned = self.values, self.interned
        self.values, self.interned = None, {}
        yield
        self.values, self.interned = values, interned
