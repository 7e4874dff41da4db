"""Numbers written into many Values at once: all of them or none."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine import Value
from ..observers import look
from ..writing import commit, new_numbers


def assign(values: Sequence[Value], numbers: Sequence[float]) -> None:
    """Set `.data` of each leaf to the float in its place; Ctrl-C comes before all of it or after.

    >>> a, b = Value(1.0), Value(2.0)
    >>> assign([a, b], [3.0, 4.0])
    >>> a.data, b.data
    (3.0, 4.0)
    """
    look(".data was assigned")
    commit(*new_numbers(values, numbers))
