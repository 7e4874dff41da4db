"""A sample that takes another way through the branches than the one that was recorded, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...structure import filled
from ..arguments import Call
from ..run.runner import GuardFailed
from ..specialization import Recording, function_name
from ..tape.tape import Tape
from ..tell.what_varied import without_branch


class OtherWay(GuardFailed):
    """Raised for a sample: which one it is, its numbers, and the row of the comparison that comes out otherwise."""

    def __init__(self, sample: int, numbers: list[float], row: int) -> None:
        super().__init__(sample, numbers, row)
        self.sample, self.numbers, self.row = sample, numbers, row

    def __str__(self) -> str:
        return f"the function branches on a number of the sample, and sample {self.sample} goes another way than the first one"


def error_of(way: OtherWay, f: Callable[..., Any], call: Call, places: Sequence[int], tape: Tape) -> Exception:
    """What `f` itself raises for that sample, as an index out of reach; else the line at which the samples part.

    `call` is that of the first sample, and its arguments at `places` are those that differ.
    """
    arguments, numbers = list(call.arguments), iter(way.numbers)
    for place in places:
        arguments[place] = filled(call.parts[place], numbers)
    names = dict(zip(call.names, arguments[call.positional :], strict=True))
    try:
        Recording(f, Call(arguments[: call.positional], names))
    except Exception as error:
        return with_sample(error, way.sample)
    line = tape.branches.get(way.row, "a branch")
    return TypeError(
        f"sample {way.sample} takes another way through {function_name(f)} than the first one, at {line}, and one program runs "
        f"for all samples of a batch: write {without_branch(line)}"
    )


def with_sample(error: Exception, sample: int) -> Exception:
    """The same error, which says for which sample it was raised."""
    if len(error.args) == 1 and isinstance(error.args[0], str):
        error.args = (f"sample {sample}: {error.args[0]}",)
    else:
        error.add_note(f"raised for sample {sample}")
    return error
