"""The recordings of one function that are kept: the latest ways through it, for the latest structures of arguments."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

from ..callers import warn
from .specialization import Recording, named
from .tell.what_varied import varied

CACHED = 8  # programs kept for one structure of arguments: one for each way through the branches
STRUCTURES = 256  # kept: sequences of so many lengths are recorded once each, and small programs take 9 KB each
ROWS = 4_000_000  # kept in all programs of a function, at 100 to 160 bytes each: half a gigabyte
FEW = 4  # structures kept whatever their size: training and validation, and the last batch of either


class Recordings(dict[Any, list[Recording]]):
    """The recordings by the structure of the arguments: the ways through the branches, latest first.

    The structures that were not used for longest are forgotten where there are too many, or their programs too large.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clock = itertools.count()
        self.overflowed = False

    def used(self, known: list[Recording], recording: Recording) -> None:
        """Note that `recording` gave a result: of those `known` for its structure it is the first to be tried from now on."""
        recording.used = next(self.clock)
        if known[0] is not recording:
            with self.lock:
                if recording in known:
                    known.remove(recording)
                    known.insert(0, recording)

    def keep(self, f: Callable[..., Any], key: Any, recording: Recording) -> None:
        """Put a new recording of `f` in front; the eldest way goes where there are too many, and so do other structures."""
        with self.lock:
            recording.used = next(self.clock)
            known = self.setdefault(key, [])
            known.insert(0, recording)
            if len(known) > CACHED:
                known.pop()
                warn(
                    f"{named(f)} has taken more than {CACHED} ways through its branches and is recorded again for each: "
                    "write where(condition, a, b) instead of `if` on numbers that vary"
                )
            self.shrink(f, key)

    def shrink(self, f: Callable[..., Any], latest: Any) -> None:
        """Forget the structures that were not used for longest, where there are too many beside `latest`."""
        order = sorted(self, key=lambda key: self[key][0].used)
        rows = [sum(len(way.program.tape) for way in self[key]) for key in order]
        left = sum(rows)
        for key, count in zip(order[:-1], rows, strict=False):
            if len(self) <= STRUCTURES and (len(self) <= FEW or left <= ROWS):
                return
            del self[key]
            left -= count
            if not self.overflowed:
                self.overflowed = True
                before = [other for other in order if other != latest][-1]
                warn(
                    f"{named(f)} is recorded for more structures of arguments than are kept, and again for those that were "
                    f"forgotten: {varied(f, before, latest)}"
                )

    def forget(self) -> None:
        """Forget all."""
        with self.lock:
            self.clear()
