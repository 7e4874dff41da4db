"""The rate at which the rows of a tape change, forward over them, by the rules of the one derivative table.

As in the backward sweep the parts of a rate are added up in the order in which eager evaluation adds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ... import ops
from ...chain import contribution
from .dependence import CUT, depends
from .gradient import NONE, SEED, VARIADIC, arrival, chain_step, rules_of
from .local_derivatives import LocalDerivatives
from .rows import code_of
from .stand_ins import second_operands
from .tape import Tape


class _Push:
    """One forward pass over a tape that appends the rows of the rates."""

    def __init__(self, tape: Tape, moved: dict[int, int], last: int, again: bool) -> None:
        tape.values = None  # from here on rows are written, not evaluated
        tape.interned = {}  # numbers that rules bring in share no row with numbers of the program
        self.tape, tape.again = tape, again
        self.rates = [NONE] * len(tape)
        for row, rate in moved.items():
            self.rates[row] = rate
        self.rules: dict[int, tuple[object, ...]] = {}
        self.local = LocalDerivatives(tape)
        self.times, self.plus, self.minus = code_of(chain_step), code_of(arrival), code_of(ops.negative)
        active, self.seconds = depends(tape, list(moved)), second_operands(tape)
        for row in range(min(moved), last + 1):
            if active[row] and row not in moved and tape.op[row] not in CUT:
                self.rates[row] = self.rate(row)

    def rate(self, row: int) -> int:
        """The row of the rate at which a row changes; NONE where it does not."""
        total, rates = NONE, self.rates
        for operand, local in self.slopes(row):
            if (rate := rates[operand]) != NONE and (part := self.product(rate, local)) != NONE:
                total = part if total == NONE else self.tape.row(self.plus, total, part)
        return total

    def slopes(self, row: int) -> Iterator[tuple[int, object]]:
        """The operands of a row that move, each with its local derivative: a row, SEED for 1, a number or a recorded one."""
        tape, code, a, b = self.tape, self.tape.op[row], self.tape.a[row], self.tape.b[row]
        local = self.rules.get(code) or self.rules.setdefault(code, rules_of(tape, code))
        if a < 0 or local is VARIADIC or row in tape.wholes:
            op, many = tape.made(row)
            wanted = [self.rates[x] != NONE for x in many]
            slopes = self.local.of_all(op, many, row, wanted)
            yield from ((x, slope) for x, slope, wants in zip(many, slopes, wanted, strict=True) if wants)
            return
        places, operands = (a, b, SEED, row), (a, b) if b >= 0 else (a,)
        for operand, rule in zip(operands, local[: len(operands)], strict=True):
            if self.rates[operand] == NONE:
                continue
            if type(rule) is int:
                yield operand, places[rule]
            elif not callable(rule):
                yield operand, rule
            else:
                yield operand, self.local.of(rule, operands, row)

    def product(self, rate: int, local: object) -> int:
        """The row of rate * local as the chain rule has it; a multiplication by 1 is not written, and one by 0 counts nothing."""
        tape, constants = self.tape, self.tape.constants
        if type(local) is float and local == 0.0 and not tape.again:
            return NONE
        if type(local) is float and local == -1.0 and rate not in constants:
            return tape.row(self.minus, rate)
        factor = local if isinstance(local, int) else SEED if type(local) is float and local == 1.0 else tape.slot(local)
        if factor == SEED or constants.get(factor) == 1.0:
            return rate
        if rate in constants and factor in constants:
            return tape.constant(contribution(constants[rate], constants[factor]))
        return factor if constants.get(rate) == 1.0 else tape.row(self.times, rate, factor)


def tangent_rows(tape: Tape, outputs: Sequence[int], moved: dict[int, int], again: bool = False) -> list[int]:
    """Append how fast rows change where those of `moved` do at the rates in the rows beside them; the rows of the rates.

    Say `again` where these are to be differentiated again, backward.
    """
    if not moved or not outputs:
        return [tape.constant(0.0) for _ in outputs]
    rates = _Push(tape, moved, max(*outputs, *moved), again).rates
    return [rates[row] if rates[row] != NONE else tape.constant(0.0) for row in outputs]
