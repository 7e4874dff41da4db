"""A function run under watch: which variable each value was bound to, in which round of a loop, and which line computed it."""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, TypeVar

from ...engine import Value, is_node
from ...modes import lines_noted, source_line
from ..wording import SourceLine

Outcome = TypeVar("Outcome")
PACKAGE = str(Path(__file__).parents[2])
_INSTALLED = {sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
NOT_THE_USERS = tuple(folder + os.sep for folder in (PACKAGE, *_INSTALLED))
"""Folders of code that is not the user's: this package, Python's own and what is installed; not one of a longer name."""
_OWN = os.path.join(PACKAGE, "demos", "")
"""An installed package carries the demos; they are written as users write."""


class Traced:
    """What was seen while a function ran: per variable and line the values bound there in turn, and the lists left at the end.

    >>> def tower(x):
    ...     for _ in range(3):
    ...         x = x * x
    ...     return x
    >>> seen, y = traced(lambda: tower(Value(1.5)))
    >>> sorted(name for name, value in seen.names().items() if value.op)
    ['x @ 1', 'x @ 2', 'x @ 3']
    """

    def __init__(self) -> None:
        self._bound: dict[tuple[CodeType, str, int], list[Value]] = {}
        self._holders: dict[str, object] = {}
        self._given: dict[str, Value] = {}
        self._frames: dict[FrameType, tuple[int, dict[str, Value]]] = {}

    def trace(self, outer: Any) -> Any:
        """The trace function to install; it passes on what `outer`, the one that was there before, is to see."""

        def entered(frame: FrameType, event: str, arg: object) -> Any:
            inner = _passed_on(outer, frame, event, arg)
            if not _is_users(frame.f_code):
                return inner
            given = {name: thing for name, thing in frame.f_locals.items() if is_node(thing)}
            self._frames[frame] = (frame.f_lineno, given)
            if frame.f_lineno == frame.f_code.co_firstlineno:  # not a generator that goes on
                self._given = {**given, **self._given}

            def within(frame: FrameType, event: str, arg: object) -> Any:
                nonlocal inner
                inner = _passed_on(inner, frame, event, arg)
                self._look(frame, event == "return")
                return within

            return within

        return entered

    def _look(self, frame: FrameType, leaving: bool) -> None:
        """What the line that has just been run bound in this frame."""
        line, known = self._frames[frame]
        for name, thing in frame.f_locals.items():
            if is_node(thing):
                if known.get(name) is not thing:
                    known[name] = thing
                    self._bound.setdefault((frame.f_code, name, line), []).append(thing)
            elif leaving and isinstance(thing, (list, tuple, dict)):
                self._holders[name] = thing
        self._frames[frame] = (frame.f_lineno, known)
        if leaving:
            del self._frames[frame]

    def names(self) -> dict[str, object]:
        """What each value and list is called: `h`, or `h @ 3` for what the third round bound, or `h (line 5)` for one of several.

        Where two functions have a variable of that name, the inner one's is called with the function, as in `cell.h`. What a
        function was given and did not bind itself is called by its parameter, if no better name is known.
        """
        codes: dict[str, list[CodeType]] = {}
        lines: dict[tuple[CodeType, str], list[int]] = {}
        for code, name, line in self._bound:
            lines.setdefault((code, name), []).append(line)
            if code not in codes.setdefault(name, []):
                codes[name].append(code)
        found: dict[str, object] = {}
        for (code, name, line), values in self._bound.items():
            full = name if code is codes[name][0] else f"{code.co_name}.{name}"
            once = [other for other in lines[code, name] if len(self._bound[code, name, other]) == 1]
            for place, value in enumerate(values, 1):
                told = f"{full} @ {place}" if len(values) > 1 else full if once == [line] else f"{full} (line {line})"
                found.setdefault(told if told not in found else f"{told} (line {line})", value)
        for further in (self._holders, self._given):
            found |= {name: thing for name, thing in further.items() if name not in found}
        return found


def traced(call: Callable[[], Outcome]) -> tuple[Traced, Outcome]:
    """What was seen while `call` ran, and what it gave.

    A debugger or a coverage tool that traces already sees all it would have seen, and stays; a debugger that is entered inside
    stays as well.
    """
    seen, before = Traced(), sys.gettrace()
    own = seen.trace(before)
    with lines_noted():
        sys.settrace(own)
        try:
            result = call()
        finally:
            if sys.gettrace() is own:
                sys.settrace(before)
    return seen, result


def lines_of(nodes: Iterable[Value]) -> dict[Value, SourceLine]:
    """The line that computed each value, of those of which it is known."""
    found = {}
    for node in nodes:
        if node.op and (written := source_line(node)):
            file, _, number = written.rpartition(":")
            found[node] = SourceLine(file, int(number), linecache.getline(file, int(number)).strip())
    return found


def _passed_on(to: Any, frame: FrameType, event: str, arg: object) -> Any:
    """What another trace function answers; one that installs itself when it is called, as that of coverage does, is put back."""
    if to is None:
        return None
    mine = sys.gettrace()
    answer = to(frame, event, arg)
    if sys.gettrace() is not mine:
        sys.settrace(mine)
    return answer


def _is_users(code: CodeType) -> bool:
    file = code.co_filename
    return file.startswith(_OWN) or not file.startswith((*NOT_THE_USERS, "<frozen"))
