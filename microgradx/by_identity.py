"""What is known of things by who they are, while they live: no Python runs as a thing goes, in which Ctrl-C would be lost."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Generic, TypeVar
from weakref import ref

Known = TypeVar("Known")


class ByIdentity(Generic[Known]):
    """Something known of each of some things, which it does not keep.

    >>> class Thing: pass
    >>> thing, colours = Thing(), ByIdentity[str]()
    >>> colours.setdefault(thing, "red"), colours.setdefault(thing, "blue"), thing in colours
    ('red', 'red', True)
    >>> del thing
    >>> len(colours)
    0

    The reference that watches a thing takes its entry away by a call into C alone. A finalizer in Python, as weakref's own
    dictionaries have, is where Ctrl-C, a tracer or a profiler could strike: what they raise is printed there and lost.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[ref[Any], Known]] = {}

    def setdefault(self, thing: Any, known: Known) -> Known:
        """What is known of a thing; this, if nothing was."""
        key = id(thing)
        return self._known.setdefault(key, (ref(thing, partial(self._known.pop, key)), known))[1]

    def get(self, thing: Any) -> Known | None:
        """What is known of a thing, if anything is."""
        found = self._known.get(id(thing))
        return found and found[1]

    def forget(self, things: Iterable[Any]) -> None:
        """Know nothing of these things any more."""
        for thing in things:
            self._known.pop(id(thing), None)

    def __contains__(self, thing: Any) -> bool:
        return id(thing) in self._known

    def __len__(self) -> int:
        return len(self._known)
