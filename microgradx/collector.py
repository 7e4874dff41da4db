"""Python's cyclic garbage collector, which looks through graphs again and again for cycles that they never have."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

LARGE = 70_000  # nodes; for fewer, Python's own thresholds are high enough
_NOBODYS = {10}  # third thresholds that the program did not choose: Python's own, up to 3.14 at least, and those set here


def rarer_full_collections(nodes: int) -> None:
    """Have the collector look through all objects once, not seven times, while a graph of so many `nodes` is built again.

    >>> rarer_full_collections(2_000_000)
    >>> youngest, middle, oldest = gc.get_threshold()
    >>> youngest * middle * (oldest + 1) > 2_000_000
    True

    It raises the third threshold of `gc.set_threshold` and never lowers it. What this delays is the cyclic garbage of the rest of
    the program, by no more objects than the graph has. A third threshold that the program chose, other than 10, stays as it is.
    """
    youngest, middle, oldest = gc.get_threshold()
    if oldest in _NOBODYS and youngest * middle > 0:
        wanted = nodes // (youngest * middle)  # collections of the middle generation, one for every so many new objects
        if wanted > oldest:
            _NOBODYS.add(wanted)
            gc.set_threshold(youngest, middle, wanted)


@contextmanager
def collector_off() -> Iterator[None]:
    """Without the cyclic collector, where a graph is recorded that only this library holds (half the time)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
