"""The samples of a batch: whole arrays or iterators of arrays, side by side in chunks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...containers import plain_container
from ...operand import number


class Blocks:
    """The samples of several arrays, or of iterators of arrays, side by side; to be computed `chunk` at a time."""

    def __init__(self, data: Sequence[Any], names: Sequence[str], chunk: int) -> None:
        self.names, self.chunk = names, chunk
        streams = [hasattr(x, "__next__") for x in data]
        if any(streams) and not all(streams):
            raise TypeError(f"{', '.join(names)}: either all are iterators of chunks or none is")
        self.stream = self.together(data) if all(streams) else iter([self.rows(data)])
        self.first = next((rows for rows in self.stream if len(rows[0])), [])
        if not self.first:
            raise ValueError(f"{names[0]} has no samples: give at least one")

    def together(self, streams: Sequence[Iterator[Any]]) -> Iterator[list[np.ndarray]]:
        """The next array of each iterator, until all end."""
        end = object()
        for count in itertools.count():
            parts = [next(stream, end) for stream in streams]
            ended = [name for name, part in zip(self.names, parts, strict=True) if part is end]
            if len(ended) == len(parts):
                return
            if ended:
                raise ValueError(f"{', '.join(ended)} ended after {count} chunk(s) and another of them goes on: give all as many")
            yield self.rows(parts)

    def rows(self, parts: Sequence[Any]) -> list[np.ndarray]:
        """The same samples of each array."""
        found = [as_rows(name, part) for name, part in zip(self.names, parts, strict=True)]
        lengths = [len(part) for part in found]
        if len(set(lengths)) > 1:
            raise ValueError(f"{', '.join(self.names)} have {lengths} samples: give one of each per sample")
        return found

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        return itertools.chain([self.first], self.stream)


def as_rows(name: str, samples: Any) -> np.ndarray:
    """The samples of a batch argument as an array of numbers, one sample per row; a file of them stays one."""
    try:
        found: np.ndarray = plain_container(np.asanyarray(samples))
    except ValueError:
        raise ValueError(f"{name} has samples of different shapes: give all the same") from None
    if not found.ndim:
        raise TypeError(f"{name} is {samples!r}: pass an array with one sample per row")
    if found.dtype == object:
        return np.array([number(x) for x in found.flat]).reshape(found.shape)
    if found.dtype.kind not in "fiub":
        raise TypeError(f"{name} has samples such as {found.flat[0]!r}, which are no real numbers: convert it to floats")
    return found
