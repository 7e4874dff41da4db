"""Why a number cannot be looked at while it is recorded."""

from __future__ import annotations

from ...callers import calling_line


def refusal(what: str) -> str:
    """The text of the error, with the line that looked."""
    return (
        f"{what} at {calling_line()}: this function is being recorded to be replayed with other numbers, so what it reads now "
        "would stay in the program for ever. Calculate with the value itself, branch with `if x > 0` or where(x > 0, a, b), "
        "and look at numbers outside the compiled function"
    )
