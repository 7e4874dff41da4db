"""Local derivatives as rows of a tape: a rule is asked once, and what it wrote is written again for other operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from ...operation import Op
from ...rules import local_derivative
from .number import Number
from .rows import CONSTANT, Constant
from .tape import Tape


def standing_for(tape: Tape, row: int) -> Number | Constant:
    """What a rule is given for a row: of a constant the number, so that it may choose and calculate by it."""
    constants = tape.constants
    return Constant(constants[row], row) if row in constants else Number(tape, row)


MOST_PATTERNS = 100  # where each row has constants of its own, none of them comes again
_Places = tuple[int, ...]


class Pattern(NamedTuple):
    """What a rule wrote: rows as (operation, places of what they read), what some of them stand for, and the place of the result.

    Places count what the rule was given, the rows that are `fixed` (constants, and -1 for no operand), and what is written.
    """

    fixed: tuple[int, ...]
    lines: list[tuple[int, _Places]]
    wholes: list[tuple[int, Op, _Places]]
    result: int


class LocalDerivatives:
    """What rules give for the rows of a tape.

    A rule cannot see the numbers that it is given, unless they are constants: so it writes the same for all others.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.patterns: dict[_Places, Pattern | None] = {}  # by rule and constants; None where it must be asked each time

    def of(self, rule: Callable[..., Any], operands: Sequence[int], out: int) -> int | float:
        """The local derivative by the operand whose rule this is: a row, or a plain number."""
        constants, given = self.tape.constants, [*operands, out]
        key: _Places = (id(rule),)
        if not constants.keys().isdisjoint(given):
            key += tuple([row if row in constants else -1 for row in given])
        pattern = self.patterns.get(key)
        if pattern is not None:
            return self.written(pattern, given)
        rows, shared = len(self.tape), len(self.tape.shared)
        found = self.asked(rule, given)
        if key not in self.patterns and len(self.patterns) < MOST_PATTERNS and len({*given}) == len(given):
            wrote_rows = isinstance(found, int) and len(self.tape.shared) == shared
            self.patterns[key] = self.pattern(rows, given, int(found)) if wrote_rows else None
        return found

    def of_all(self, op: Op, operands: Sequence[int], out: int, wanted: Sequence[bool]) -> list[int | float]:
        """The local derivatives by the operands that are wanted (0.0 by the others)."""
        if op.arity is not None:
            rules = [rule if wants else 0.0 for rule, wants in zip(op.partials, wanted, strict=True)]
            return [rule if isinstance(rule, float) else self.of(rule, operands, out) for rule in rules]
        given = [standing_for(self.tape, row) for row in operands]
        slopes = op.local_derivatives(given, standing_for(self.tape, out), wanted)
        slopes = [x if wants else 0.0 for x, wants in zip(slopes, wanted, strict=True)]
        return [x if type(x) is float else self.tape.slot(x) for x in slopes]

    def asked(self, rule: Callable[..., Any], given: Sequence[int]) -> int | float:
        """What the rule gives when it is called."""
        found = local_derivative(rule, *[standing_for(self.tape, row) for row in given])
        return found if type(found) is float else self.tape.slot(found)

    def pattern(self, first: int, given: list[int], found: int) -> Pattern | None:
        """That of the rows from `first` on; None where they read another row, as of a Value that the rule captured."""
        tape = self.tape
        new = [row for row in range(first, len(tape)) if tape.op[row] > CONSTANT]
        reads = [(tape.a[row], tape.b[row]) if tape.a[row] >= 0 else tape.more[row] for row in new]
        wholes = [(row, *tape.wholes[row]) for row in new if row in tape.wholes]
        ends = {found, *chain(*reads, *[operands for _, _, operands in wholes])}
        fixed = (-1, *sorted(ends & tape.constants.keys()))
        place = {row: k for k, row in enumerate([*given, *fixed, *new])}
        if not ends <= place.keys():
            return None
        lines = [(tape.op[row], tuple([place[x] for x in read])) for row, read in zip(new, reads, strict=True)]
        stands_for = [(place[row], op, tuple([place[x] for x in operands])) for row, op, operands in wholes]
        return Pattern(fixed, lines, stands_for, place[found])

    def written(self, pattern: Pattern, given: list[int]) -> int:
        """The same rows once more, for others."""
        tape, rows = self.tape, [*given, *pattern.fixed]
        for code, read in pattern.lines:
            if len(read) == 2:
                rows.append(tape.row(code, rows[read[0]], rows[read[1]]))
            else:
                rows.append(tape.row(code))
                tape.more[rows[-1]] = tuple([rows[x] for x in read])
        for row, op, operands in pattern.wholes:
            tape.wholes[rows[row]] = op, tuple([rows[x] for x in operands])
        return rows[pattern.result]
