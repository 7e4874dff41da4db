"""Known values and reproduced ones side by side, with a verdict at the end."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from microgradx.files import temporary_file

EXPLANATION = (
    "Reproduced: computed by this library. Before it, the known value; from a separate formula: by plain numpy code without it.",
    "Last digits can differ: the two round in a different order. Equal to N digits: both are the same when rounded to N digits.",
)

ROWS: list[dict[str, Any]] = []
"""Every row that was printed, for `microgradx demo --json`."""


def free(name: str) -> Path:
    """Where a demo writes a picture: here if nothing of that name is and this place can be written, else in a new folder."""
    if not Path(name).exists() and os.access(".", os.W_OK):
        return Path(name)
    return temporary_file(name)


class Comparison:
    """A table that prints itself row by row, and at the end says whether every value was reproduced.

    >>> table = Comparison()
    >>> table.row("loss before training", 0.2425, 0.24251985734837728, within=1e-3)
    loss before training                            0.2425                  0.24251985734837728     equal to 4 digits
    >>> table.verdict("The loss is the published one.")
    <BLANKLINE>
    VERDICT: 1 of 1 values reproduced. The loss is the published one.

    Two numbers agree if they differ by at most `within`, as a share of the known one (of 1 where that is 0); other things must
    be equal. "Equal to N digits" says that both, rounded to N significant digits, are the same number. A value that is not
    reproduced ends the program with exit status 1. `notes` are printed once, above the first heading.
    """

    def __init__(self, *notes: str) -> None:
        self.notes = [*EXPLANATION, *notes]
        self.rows = 0
        self.failures: list[str] = []

    def section(self, title: str, *notes: str, what: str = "", reference: str = "published", here: str = "reproduced") -> None:
        """A heading above the rows to come, lines of explanation, and where the two values of each row come from."""
        if self.notes:
            print("", *self.notes, sep="\n")
            self.notes = []
        print("", title, *notes, f"{what:46}  {reference:22}  {here}", sep="\n")

    def row(self, what: str, published: Any, here: Any, within: float = 1e-14) -> None:
        """One value: what it is, the known one, the one computed here, and how well they agree."""
        self.rows += 1
        number = isinstance(published, (int, float)) and isinstance(here, (int, float))
        difference = _difference(published, here) if number else float(published != here) and math.inf
        if difference > within or math.isnan(difference):
            self.failures.append(what)
        said = (
            "equal"
            if difference == 0
            else f"equal to {_digits(published, here)} digits"
            if what not in self.failures
            else "DIFFERS"
        )
        ROWS.append({"what": what, "known": published, "here": here, "said": said})
        print(f"{what:46}  {_shown(published):22}  {_shown(here):22}  {said}")

    def picture(self, path: str, draw: Callable[[str], object]) -> None:
        """A picture of what was shown: `draw(path)` writes it where nothing else is, if what it needs is installed."""
        place = free(path)
        try:
            draw(str(place))
            print(f"Picture: {place}")
        except ImportError as missing:
            print(f"No {path}: {missing}")

    def verdict(self, meaning: str) -> None:
        """The last line: how many values were reproduced and what that shows."""
        print(f"\nVERDICT: {self.rows - len(self.failures)} of {self.rows} values reproduced. {meaning}")
        if self.failures:
            raise SystemExit(f"not reproduced: {'; '.join(self.failures)}")


def _difference(published: float, here: float) -> float:
    if published == here:
        return 0.0
    return abs(here - published) / (abs(published) or 1.0)


def _digits(published: float, here: float) -> int:
    """The largest number of significant digits, up to 17, to which both round to the same number."""
    return next((count for count in range(17, 0, -1) if f"{published:.{count - 1}e}" == f"{here:.{count - 1}e}"), 0)


def _shown(value: Any) -> str:
    return repr(float(value)) if isinstance(value, float) else str(value)
