"""Why a number cannot be looked at while it is recorded."""

from __future__ import annotations

from ...callers import calling_line

INDEX = "a number was used as an index or a count"
REMEDIES = {
    INDEX: (
        "An index must be a whole number of its own among the arguments: look up by take(rows, i), or choose by "
        "where(i == 2, a, b)"
    ),
    "a number was turned into a plain float": (
        "Calculate with the value itself, by mx.sin(x) and not math.sin(x); x.detach() cuts it off"
    ),
}
OTHERWISE = "Calculate with the value itself, branch with `if x > 0` or where(x > 0, a, b)"


def unreadable(what: str) -> str:
    """The text of the error, with the line that looked."""
    return (
        f"{what} at {calling_line()}: this function is being recorded to be replayed with other numbers, so what it reads now "
        f"would stay in the program for ever. {REMEDIES.get(what, OTHERWISE)}, and look at numbers outside the compiled function"
    )
