"""The account of a compiled function: what its recordings cost and how often they were used."""

from __future__ import annotations

from dataclasses import dataclass

ON_CREDIT = 8  # recordings that need not have paid, as for the lengths of the first few samples
WAYS_ON_CREDIT = 2  # and those of one structure of arguments, as both ways of a branch
FEW_OPERATIONS = 300  # operations of floats take Python 3 to 10 us, which is what a replay takes
PAYS_AFTER = 4  # replays that a recording costs: it takes as long as four or five evaluations, forward and back


@dataclass
class Ledger:
    """How often a function was recorded and replayed.

    >>> ledger = Ledger(recorded=8, seconds=0.25, replayed=1)
    >>> ledger.counts(), ledger.affords_another()
    ('recorded 8 times and replayed once', False)

    Whether another recording is worth its time is decided by these counts, not by a clock, so that it is decided in the same way
    from run to run.
    """

    recorded: int = 0
    seconds: float = 0.0
    """Spent on recording and making programs."""
    replayed: int = 0
    declined: int = 0
    """Calls evaluated as they stand, as no recording fitted and another was not affordable."""
    operations: int = 0
    """Those that the replayed recordings hold, for each replay: what eager Values would have had to do forward."""
    plain: int = 0
    """Replays for a value alone, made of plain numbers alone, which the function would have found without Values."""

    def affords_another(self, on_credit: int = ON_CREDIT) -> bool:
        """Whether the recordings have paid for themselves, those `on_credit` aside."""
        return self.recorded < on_credit + self.replayed // PAYS_AFTER

    def counts(self) -> str:
        """How often, in words."""
        return f"recorded {times(self.recorded)} and replayed {times(self.replayed)}"

    def __str__(self) -> str:
        if not self.recorded:
            return "not recorded yet"
        spent = f"recorded {times(self.recorded)} in {duration(self.seconds)}, replayed {times(self.replayed)}"
        if not self.replayed:
            return spent
        told = f"{spent}, in place of {self.operations:,} operations on eager Values"
        few = 2 * self.plain > self.replayed and self.operations < FEW_OPERATIONS * self.replayed
        return told + "; for values alone the function as it stands, called with floats, may be faster" * few


def times(count: int) -> str:
    """How often: once, 2 times, 4,210 times."""
    return "once" if count == 1 else f"{count:,} times"


def duration(seconds: float) -> str:
    """So many seconds, in the unit that keeps the number short.

    >>> duration(0.0000042), duration(0.025), duration(3.14)
    ('4.2 us', '25 ms', '3.1 s')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:,.{0 if seconds >= 10 * size else 1}f} {unit}"
    return f"{1e6 * seconds:.1f} us"
