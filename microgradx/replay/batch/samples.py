"""The samples of a batch: whole arrays or iterators of arrays, side by side in chunks."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import Any

import numpy as np

from ...containers import opened, plain_container
from ...operand import Operand, number


class BatchArgument:
    """An argument that differs from sample to sample: an array, or a dict, dataclass or named tuple of such, at their `paths`.

    >>> argument = BatchArgument({"a": [1.0, 2.0], "b": [[3.0, 4.0], [5.0, 6.0]]})
    >>> argument.paths, argument.sample(iter([np.array([1.0, 2.0]), np.array([[3.0, 4.0], [5.0, 6.0]])]))
    (['["a"]', '["b"]'], {'a': array(1.), 'b': array([3., 4.])})
    """

    def __init__(self, x: Any, path: str = "") -> None:
        found = None if type(x) in (np.ndarray, list, tuple) else opened(x)
        self.parts: list[BatchArgument] = []
        self.paths, self.arrays = [path], [x]
        if found is not None:
            self.container, self.keys, items = found
            self.parts = [
                BatchArgument(item, path + self.container.suffix(key)) for key, item in zip(self.keys, items, strict=True)
            ]
            self.paths = [path for part in self.parts for path in part.paths]
            self.arrays = [array for part in self.parts for array in part.arrays]

    def sample(self, rows: Iterator[np.ndarray], place: int = 0) -> Any:
        """The argument of one sample, given the rows of each array."""
        if self.paths and not self.parts:
            return np.asarray(next(rows)[place], dtype=np.float64)  # true and false too: alone they would count as structure
        return self.container.made(self.keys, [part.sample(rows, place) for part in self.parts])

    def like(self, primal: BatchArgument, name: str) -> list[Any]:
        """The arrays in the order of another argument with the same paths."""
        if sorted(self.paths) != sorted(primal.paths):
            raise ValueError(f"{name} has samples at {self.paths}, its primal at {primal.paths}: shape it like the primal")
        found = dict(zip(self.paths, self.arrays, strict=True))
        return [found[path] for path in primal.paths]


class Blocks:
    """The samples of several arrays, or of iterators of arrays, side by side; to be computed `chunk` at a time."""

    def __init__(self, data: Sequence[Any], names: Sequence[str], chunk: int) -> None:
        self.names, self.chunk = names, chunk
        streams = [hasattr(x, "__next__") for x in data]
        if any(streams) and not all(streams):
            raise TypeError(f"{', '.join(names)}: either all are iterators of chunks or none is")
        self.once = bool(streams) and all(streams)  # whether they can be read once only
        self.stream: Iterable[list[np.ndarray]] = self.together(data) if self.once else iter([self.rows(data)])
        self.first = next((rows for rows in self.stream if rows and len(rows[0])), [])
        if not self.first:
            raise ValueError(f"{names[0] if names else 'the batch'} has no samples: give at least one")

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

    def copied(self) -> Blocks:
        """The same samples, to be read once more whatever becomes of these arrays; files stay files."""
        other = copy(self)
        other.first = [] if self.once else [x if getattr(x, "filename", None) else x.copy() for x in self.first]
        other.stream = ()
        return other

    def beside(self, rows: np.ndarray, name: str) -> Blocks:
        """The same samples, each with a row more."""
        other = copy(self)
        other.names, other.first = [*self.names, name], [*self.first, rows]
        return other

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        if not self.first:
            raise TypeError(
                f"{', '.join(self.names)} were iterators of chunks, which can be read once only, and a backward pass reads them "
                "again: pass arrays, np.memmap for those in files, or call .backward(...) or .value_and_grad(...) of the "
                "compiled function, which read them once"
            )
        return itertools.chain([self.first], self.stream)


def in_parts(name: str, sample: Any) -> str:
    """What to say of samples that are dicts, dataclasses or named tuples each."""
    held = opened(sample)
    assert held is not None
    return f"{name} has samples such as {sample!r}: pass {held[0].words(held[1])} that holds arrays, with all samples in each"


def as_rows(name: str, samples: Any) -> np.ndarray:
    """The samples of a batch argument as an array of numbers, one sample per row; a file of them stays one."""
    if isinstance(samples, (list, tuple)) and samples and hasattr(samples[0], "_fields"):
        raise TypeError(in_parts(name, samples[0]))
    try:
        found: np.ndarray = plain_container(np.asanyarray(samples))
    except ValueError:
        raise ValueError(f"{name} has samples of different shapes: give all the same") from None
    if not found.ndim:
        raise TypeError(f"{name} is {samples!r}: pass an array with one sample per row")
    if found.dtype == object:
        if opened(found.flat[0]) is not None:
            raise TypeError(in_parts(name, found.flat[0]))
        if any(isinstance(x, Operand) for x in found.flat):
            raise TypeError(
                f"{name} has Values among its samples, and a batch is connected to what all samples share: pass their .data; "
                f"derivatives by {name} are .grad(..., argnums=...) of the compiled function"
            )
        return np.array([number(x) for x in found.flat]).reshape(found.shape)
    if found.dtype.kind not in "fiub":
        raise TypeError(f"{name} has samples such as {found.flat[0]!r}, which are no real numbers: convert it to floats")
    return found
