"""What an optimizer remembers: a column of numbers for each name, with a row for each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..replay.run.array_program import Array as Array
from .settings import real

ParameterPlaces = NDArray[np.int64]


class Memories:
    """The memories of `count` parameters, all empty.

    >>> memories = Memories(2)
    >>> memories.put(np.array([1]), {"velocity": 0.5})
    >>> memories.at(0), memories.at(1)
    ({}, {'velocity': 0.5})

    A row that remembers nothing under a name holds nan there: what is remembered is always finite.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.columns: dict[str, Array] = {}

    def copy(self) -> Memories:
        """Another one that remembers the same."""
        other = Memories(self.count)
        other.columns = {name: column.copy() for name, column in self.columns.items()}
        return other

    def alike(self, places: ParameterPlaces) -> list[NDArray[np.bool_]]:
        """Which of `places` remember nothing yet, and which do: an update of arrays takes those that began together."""
        blank = np.ones(len(places), dtype=bool)
        for column in self.columns.values():
            blank &= np.isnan(column[places])
        return [which for which in (blank, ~blank) if which.any()]

    def get(self, places: ParameterPlaces) -> dict[str, Array]:
        """The columns of rows that remember under the same names."""
        found = {name: column[places] for name, column in self.columns.items()}
        return {name: column for name, column in found.items() if not np.isnan(column).all()}

    def put(self, places: ParameterPlaces, memory: Mapping[str, Any]) -> None:
        """Remember this for these rows, and nothing else."""
        for name, numbers in memory.items():
            if not isinstance(numbers, np.ndarray):
                numbers = real(f"memory[{name!r}]", numbers, low=-np.inf)
            if name not in self.columns:
                self.columns[name] = np.full(self.count, np.nan)
            self.columns[name][places] = numbers
        for name in self.columns.keys() - memory.keys():
            self.columns[name][places] = np.nan

    def at(self, place: int) -> dict[str, float]:
        """What one row remembers."""
        return {name: float(column[place]) for name, column in self.columns.items() if not np.isnan(column[place])}
