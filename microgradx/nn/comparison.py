"""Published figures and reproduced ones side by side, with a verdict at the end."""

from __future__ import annotations

import math
from typing import Any


class Comparison:
    """A table that prints itself row by row, and at the end says whether every figure was reproduced.

    >>> table = Comparison()
    >>> table.row("loss before training", 0.2425, 0.24251985734837728, within=1e-3)
    loss before training                    0.2425                  0.24251985734837728     equal to 4 digits
    >>> table.verdict("The loss is the published one.")
    <BLANKLINE>
    VERDICT: 1 of 1 figures reproduced. The loss is the published one.

    Two numbers agree if they differ by at most `within`, as a share of the published one (of 1 where that is 0); other things
    must be equal. A figure that is not reproduced ends the program with exit status 1.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.failures: list[str] = []

    def section(
        self, title: str, *notes: str, what: str = "", reference: str = "published", here: str = "reproduced"
    ) -> None:
        """A heading above the rows to come, lines of explanation, and where the two figures of each row come from."""
        print("", title, *notes, f"{what:38}  {reference:22}  {here}", sep="\n")

    def row(self, what: str, published: Any, here: Any, within: float = 1e-14) -> None:
        """One figure: what it is, the published one, the one computed here, and how well they agree."""
        self.rows += 1
        number = isinstance(published, (int, float)) and isinstance(here, (int, float))
        difference = _difference(published, here) if number else float(published != here) and math.inf
        if difference > within or math.isnan(difference):
            self.failures.append(what)
        said = (
            "equal"
            if difference == 0
            else f"equal to {-math.log10(difference):.0f} digits"
            if what not in self.failures
            else "DIFFERS"
        )
        print(f"{what:38}  {_shown(published):22}  {_shown(here):22}  {said}")

    def verdict(self, meaning: str) -> None:
        """The last line: how many figures were reproduced and what that shows."""
        print(f"\nVERDICT: {self.rows - len(self.failures)} of {self.rows} figures reproduced. {meaning}")
        if self.failures:
            raise SystemExit(f"not reproduced: {'; '.join(self.failures)}")


def _difference(published: float, here: float) -> float:
    if published == here:
        return 0.0
    return abs(here - published) / (abs(published) or 1.0)


def _shown(figure: Any) -> str:
    return repr(float(figure)) if isinstance(figure, float) else str(figure)
