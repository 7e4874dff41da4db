"""What is said where a command fails: what to do, and which line of the user's own code it was."""

from __future__ import annotations

import os
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

from .. import missing

_EXPECTED = (ValueError, TypeError, KeyError, AttributeError, OSError, RuntimeError, ImportError)
"""Errors that this package raises, with a message that says what to do; another one is a fault of its own."""

_HERE = str(Path(__file__).parents[1]) + os.sep
_PYTHON = tuple(os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "purelib", "platlib"))


def said_of(error: BaseException, command: str) -> str:
    """What to print for an error: its message, after the line of the user's code that raised it; else the whole traceback.

    >>> said_of(ValueError("x=0 is not positive: write x=1"), "microgradx step")
    'microgradx: x=0 is not positive: write x=1'
    """
    if isinstance(error, SyntaxError):
        return f"microgradx: {_short(error.filename or '')}:{error.lineno}: {type(error).__name__}: {error.msg}"
    own = list(_own_lines(error))
    said = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if isinstance(error, OSError) and error.strerror and error.filename:  # without its number
        said = f"{error.strerror}: {str(error.filename)!r}"
    if isinstance(error, ImportError) and (extra := missing.told(error, own[-1] if own else command)) != said:
        return f"microgradx: {extra}"
    if own:
        return f"microgradx: {own[-1]}: {type(error).__name__}{': ' if said else ''}{said}"
    if isinstance(error, _EXPECTED):
        return f"microgradx: {said}"
    return "".join(traceback.format_exception(error)).rstrip()


def _own_lines(error: BaseException) -> Iterator[str]:
    """The lines of the user's code that were running, the innermost last."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = os.path.realpath(frame.f_code.co_filename)
        if os.path.isfile(file) and not file.startswith((_HERE, *_PYTHON)):
            yield f"{_short(file)}:{line}"


def _short(file: str) -> str:
    """A path as it is written from the working directory, if it lies below."""
    here = Path.cwd().resolve()
    return str(Path(file).relative_to(here)) if Path(file).is_relative_to(here) else file
