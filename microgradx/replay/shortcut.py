"""A call like an earlier one, with plain arguments: what was looked up for that one is not looked up again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import modes, observers
from ..variables import Argnums
from .cache import Recordings, Ways
from .function import CompiledFunction
from .plain_arguments import Plain
from .run.array_program import Array
from .run.runner import GuardFailed
from .specialization import Inquiry, Recording

ASKED_OFTEN = ("value", "gradient")
"""The questions that are asked often of small programs."""


def like_before(
    function: CompiledFunction, question: str, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums = 0
) -> tuple[Any, Plain | None]:
    """What a call gives, or None if it is not like an earlier one; and then its arguments as they were read, if plain."""
    read = function.read(args, kwargs)
    known = function.recordings.shortcuts
    if read is None or not known:
        return None, read
    again = known.get(kind := kind_of_call(question, argnums, kwargs, read))
    if again is not None and not observers.observers and not (modes.watching and modes.checking()):
        try:
            return again(read[1]), None
        except GuardFailed:
            known.pop(kind, None)
    return None, read


def kind_of_call(question: str, argnums: Argnums, kwargs: dict[str, Any], read: Plain) -> tuple[Any, ...]:
    """What calls have in common that are answered alike."""
    return question, argnums if type(argnums) is int else repr(argnums), tuple(kwargs), read[0]


def remember(recordings: Recordings, kind: tuple[Any, ...], key: Any, recording: Recording, inquiry: Inquiry) -> None:
    """Let later calls of this kind be answered by `recording`, if no other way through the function is known under their key."""
    with recordings.lock:
        if (ways := recordings.get(key)) == [recording] and inquiry.name in ASKED_OFTEN:
            recordings.shortcuts[kind] = shortcut(recordings, ways, recording, inquiry)


def shortcut(recordings: Recordings, ways: Ways, recording: Recording, inquiry: Inquiry) -> Callable[[Array], Any]:
    """From the plain numbers of a call to what it gives, for later calls like one that this recording answered."""
    run, finish, used = inquiry.runner(recording).run, inquiry.finish(recording), recordings.clock.__next__
    ledger, own, operations, value = recordings.ledger, ways.ledger, recording.operations, inquiry.name == "value"

    def again(numbers: Array) -> Any:
        found = run(numbers)
        recording.used = used()
        ledger.replayed += 1
        ledger.operations += operations
        ledger.plain += value
        own.replayed += 1
        return finish(found)

    return again
