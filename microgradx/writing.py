"""Writing into many Values as one act: whole or not at all, whoever interrupts; the one place where `.grad` is written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain, repeat, starmap
from typing import Any

from .stale import clock

Column = tuple[Iterable[Any], str, Iterable[Any]]
"""Some objects, an attribute that they all have, and what each of them gets for it."""


def commit(*columns: Column) -> None:
    """Set an attribute of many objects, column by column, with neither Ctrl-C nor another thread in between.

    >>> from microgradx import Value
    >>> a, b = Value(1.0), Value(2.0)
    >>> commit(*new_numbers([a, b], [3.0, 4.0]), new_gradients([a, b], [0.5, None]))
    >>> a.data, a.grad, b.data, b.reached
    (3.0, 0.5, 4.0, False)

    Compute first, then commit: all of it is one call into C, which Python does not leave to look for signals or other threads.
    So what is written must be there already, no generator, and the attributes slots or plain ones, no properties.
    """
    rows = [zip(objects, repeat(name), values) for objects, name, values in columns]
    deque(starmap(setattr, chain.from_iterable(rows)), maxlen=0)


def new_numbers(values: Sequence[Any], data: Sequence[float]) -> tuple[Column, Column]:
    """The columns that assign `.data`; one tick of the clock of assignments serves all."""
    return (values, "_number", data), (values, "_stamp", repeat(clock.tick()))


def new_gradients(values: Iterable[Any], grads: Iterable[float | None]) -> Column:
    """The column that assigns `.grad`; None makes a Value unreached."""
    return values, "_grad", grads


def add_gradients(adjoints: dict[Any, Any]) -> None:
    """What a backward pass found goes into `.grad`: leaves add it to what they carry, computed values are set afresh.

    `adjoints` is changed on the way.
    """
    carrying = [node for node in adjoints if node._grad is not None and node.op is None]
    adjoints.update({node: node._grad + adjoints[node] for node in carrying})
    commit(new_gradients(adjoints, adjoints.values()))
