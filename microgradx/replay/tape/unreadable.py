"""Why a number cannot be looked at while it is recorded."""

from __future__ import annotations

from ...callers import called_function, calling_line
from ...operators import instead_of

INDEX = "a number was used as an index or a count"
MADE_INT = "a number was turned into an int"
MADE_FLOAT = "a number was turned into a plain float"
BATCHES = "a function of batches was evaluated"
OTHERWISE = "Calculate with the value itself, branch with `if x > 0` or where(x > 0, a, b)"
STATIC = 'write compile(f, static="n"), which records a program for each n'
REMEDIES = {
    INDEX: (
        "An index must be a whole number of its own among the arguments: look up by take(rows, i), or choose by "
        f"where(i == 2, a, b); for what is calculated from one, as rows[n - 1], range(n - 1) or rows[: n // 2], {STATIC}"
    ),
    MADE_INT: f"{OTHERWISE}; for an index or a count {STATIC}",
    BATCHES: "Compile the function of one sample without batch and call that here, sample by sample",
    ".grad was assigned": "Clear gradients before or after the call",
    MADE_FLOAT: "Calculate with the value itself, by mx.sin(x) and not math.sin(x); x.detach() cuts it off",
}
OVER = (
    "a number of a recording that is over was used: a compiled function kept it in an object, list or dict, of which its replays "
    "know nothing. Return what is to be kept, and pass it as an argument of the next call"
)


def unreadable(what: str) -> str:
    """The text of the error, with the line that looked, for a method of a number that asks the tape to refuse."""
    remedy = REMEDIES.get(what, OTHERWISE)
    if what == MADE_FLOAT:
        called = called_function(3)  # by whom the method was called, whom the tape, whom this
        if called == "float":
            remedy = "Leave float(...) out and give the value itself; x.detach() cuts it off"
        if by_value := instead_of(called):
            remedy = f"W{by_value[1:]}; x.detach() cuts it off"
    recorded = f"{what} at {calling_line()}: this function is being recorded to be replayed with other numbers"
    if what.endswith("assigned"):
        return f"{recorded}, and a replay assigns nothing. {remedy}, and assign outside the compiled function"
    return (
        f"{recorded}, so what it reads now would stay in the program for ever. {remedy}, "
        "and look at numbers outside the compiled function"
    )
