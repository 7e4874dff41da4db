"""A recorded program written into another tape, where a function that is being recorded captured a call of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .number import Number
from .rows import INPUT, TABLE, Rows
from .tape import Tape


def inlined(tape: Tape, other: Rows, outputs: Sequence[int], inputs: Sequence[Any]) -> list[Number]:
    """Write the rows of `other` into `tape`, with `inputs` for its inputs, and its guards too; the numbers of its `outputs`."""
    numbers: list[Any] = []
    given = iter(inputs)
    last = max([*outputs, *[row for row, _ in other.guards]], default=-1)
    last = max([last, *[x for row, (_, of) in other.wholes.items() if row <= last for x in of]])  # constants come later, too
    for row in range(last + 1):
        op = TABLE[other.op[row]]
        if op is not None:
            numbers.append(tape.append(op, [numbers[x] for x in other.operands(row)]))
        else:
            x = next(given) if other.op[row] == INPUT else other.constants[row]
            numbers.append(x if isinstance(x, Number) else Number(tape, tape.slot(x)))
    tape.guards += [(numbers[row].slot, outcome) for row, outcome in other.guards]
    for row, (op, of) in other.wholes.items():
        if row < len(numbers):
            tape.wholes[numbers[row].slot] = op, tuple([numbers[x].slot for x in of])
    return [numbers[row] for row in outputs]
