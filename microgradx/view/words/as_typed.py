"""How a move is written to the reader: a method in Python, `s.goto(3)`, a command at the prompt, `goto 3`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

Where = Literal["python", "prompt", "shell"]

_where: ContextVar[Where] = ContextVar("where moves are written", default="python")


@contextmanager
def spoken_to(where: Where) -> Iterator[None]:
    """Write moves as they are typed there: in Python, at the stepper's prompt, or in a shell, where `-i` opens that prompt."""
    before = _where.set(where)
    try:
        yield
    finally:
        _where.reset(before)


def as_typed(name: str, *arguments: object, **numbers: float) -> str:
    """A move as the reader would write it.

    >>> as_typed("goto", "total"), as_typed("what_if", a=3.0)
    ("s.goto('total')", 's.what_if(a=3.0)')
    >>> with spoken_to("prompt"):
    ...     as_typed("goto", "total"), as_typed("what_if", a=3.0)
    ('goto total', 'whatif a=3.0')
    >>> with spoken_to("shell"):
    ...     as_typed("commit")
    'commit (-i)'
    """
    named = [f"{key}={number!r}" for key, number in numbers.items()]
    if _where.get() == "python":
        return f"s.{name}({', '.join([*map(repr, arguments), *named])})"
    words = " ".join([name.replace("_", ""), *map(str, arguments), *named])
    return words if _where.get() == "prompt" else f"{words} (-i)"


def option(name: str, value: object) -> str:
    """An argument that changes an answer, as the reader would write it: `k=20` in Python, elsewhere `-k 20`.

    >>> with spoken_to("shell"):
    ...     option("detail", "full")
    '--detail full'
    """
    if _where.get() == "python":
        return f"{name}={value!r}"
    return f"{'-' if len(name) == 1 else '--'}{name} {value}"
