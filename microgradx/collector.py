"""Python's cyclic garbage collector, which looks through graphs again and again for cycles that they never have."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

LARGE = 10_000  # nodes; a step on fewer is over before Python looks through all objects
RARE = 300_000  # new objects between two looks through all of them, if graphs are not larger than that
_NOBODYS = {10}  # third thresholds that the program did not choose: Python's own, up to 3.14 at least, and those set here


def rarer_full_collections(nodes: int) -> None:
    """Have the collector look through all objects once, not seven times, while a graph of so many `nodes` is built again.

    A training step on 65,000 nodes would pay for one such look each time, a third of building its graph.

    >>> rarer_full_collections(2_000_000)
    >>> youngest, middle, oldest = gc.get_threshold()
    >>> youngest * middle * (oldest + 1) > 2_000_000
    True

    It raises the third threshold of `gc.set_threshold` and never lowers it. What this delays is the cyclic garbage of the rest of
    the program, by no more than 300,000 objects, or as many as the graph has. A third threshold that the program chose, other
    than 10, stays as it is, and so does another Python's collector that has no thresholds, as PyPy's.
    """
    if not hasattr(gc, "get_threshold"):
        return
    youngest, middle, oldest = gc.get_threshold()
    if oldest in _NOBODYS and youngest * middle > 0:
        wanted = max(nodes, RARE) // (youngest * middle)  # collections of the middle generation, one for every so many objects
        if wanted > oldest:
            _NOBODYS.add(wanted)
            gc.set_threshold(youngest, middle, wanted)


@contextmanager
def collector_off() -> Iterator[None]:
    """Without the cyclic collector, where a graph is recorded that only this library holds (half the time)."""
    enabled = gc.isenabled()
    try:
        gc.disable()  # inside: Ctrl-C must not leave it off
        yield
    finally:
        if enabled:
            gc.enable()
