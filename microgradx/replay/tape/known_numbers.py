"""The numbers of recorded rows, calculated when somebody asks, as a branch or the text of an error does."""

from __future__ import annotations

from .rows import INPUT, TABLE, Rows

LOOKED_UP = 50  # rows that are looked up one from the other before all rows so far are calculated


class KnownNumbers:
    """What is known of the numbers of a tape: those of all its `first` rows, and of rows after them that were asked for `alone`.

    A number that needs few others is calculated with these alone. Once one needed many, as the branches of a loop do, all so far
    are calculated, and later on those since then.
    """

    __slots__ = ("alone", "first", "rarely")

    def __init__(self) -> None:
        self.first: list[float] = []
        self.alone: dict[int, float] = {}
        self.rarely = True

    def number(self, tape: Rows, row: int) -> float:
        """The number of a row."""
        if row >= len(self.first) and row not in self.alone and not self.looked_up(tape, row):
            self.calculate(tape, row)
        return self.known(row)

    def looked_up(self, tape: Rows, row: int) -> bool:
        """Whether few numbers were enough for that of this row, which is known then."""
        if not self.rarely or row - len(self.first) <= LOOKED_UP:
            return False
        needed = self.made_of(tape, row)
        if needed is None:
            self.rarely = False
            return False
        for made in needed:
            op = TABLE[tape.op[made]]
            self.alone[made] = leaf(tape, made) if op is None else op.forward(*map(self.known, tape.operands(made)))
        return True

    def calculate(self, tape: Rows, row: int) -> None:
        """Find the numbers of all rows up to this one."""
        first = self.first
        for made in range(len(first), row + 1):
            op = TABLE[tape.op[made]]
            first.append(leaf(tape, made) if op is None else op.forward(*[first[x] for x in tape.operands(made)]))

    def known(self, row: int) -> float:
        """The number of a row that was asked for before."""
        return self.first[row] if row < len(self.first) else self.alone[row]

    def made_of(self, tape: Rows, row: int) -> list[int] | None:
        """The rows that one needs, in order, but those whose number is known; None if they are so many that it may be all."""
        needed, pending = set[int](), [row]
        while pending:
            made = pending.pop()
            if made >= len(self.first) and made not in self.alone and made not in needed:
                needed.add(made)
                pending += tape.operands(made)
                if len(needed) > LOOKED_UP:
                    return None
        return sorted(needed)


def leaf(tape: Rows, row: int) -> float:
    """The number of an input or a constant."""
    return tape.given[row] if tape.op[row] == INPUT else tape.constants[row]
