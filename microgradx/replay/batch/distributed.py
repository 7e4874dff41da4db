"""The same batch program on many machines: Dask carries the program and the sums, the numbers are those of one machine.

Chunks of samples are the leaves of a fixed tree of sums. A worker gets whole subtrees and sends their sums back, so the result
has the same bits whatever the number of workers. Programs travel as index arrays. Rows of a `np.memmap` are read where they are
needed; a lost worker's tasks are run again by Dask on another one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from ...stale import clock
from ...variables import Argnums
from ..arguments import Chosen
from ..run.array_program import Array
from .asked import BatchAnswer
from .batch_program import BatchPlan
from .batched import Batched
from .chunks import PairwiseSum, sum_chunks
from .over_samples import TOO_MANY_ROWS, OverSamples
from .samples import BatchArgument, Blocks, as_rows

if TYPE_CHECKING:
    from distributed import Client


class Spread:
    """A batch function whose samples live on the workers of a Dask cluster.

    `data` holds the batch arguments in their order. Worthwhile above some 30 ms of work per worker and call: a task costs 10 ms.
    """

    def __init__(self, f: Batched, client: Client, *data: Any) -> None:
        if f.reduce is None:
            raise ValueError("a cluster sends back sums, not the result of each sample: write reduce='mean' or reduce='sum'")
        if len(data) != len(f.names):
            raise ValueError(f"the function has the batch arguments {', '.join(f.names)}, got {len(data)} arrays")
        self.f, self.client = f, client
        self.given = [BatchArgument(x) for x in data]
        names = [name + path for name, x in zip(f.names, self.given, strict=True) for path in x.paths]
        arrays = [array for x in self.given for array in x.arrays]
        self.arrays = Blocks([as_rows(*pair) for pair in zip(names, arrays, strict=True)], names, f.chunk).first
        self.count = len(self.arrays[0])
        self.workers = max(1, len(client.scheduler_info()["workers"]))
        self.subtree, self.parts = shares(self.count, f.chunk, self.workers)
        sources = [[_described(x, low, high) for x in self.arrays] for low, high in self.parts]
        self.rows = [client.submit(load_rows, source, pure=False) for source in sources]
        self.programs: WeakKeyDictionary[BatchPlan, Any] = WeakKeyDictionary()  # forgotten with the recording it is of

    def __call__(self, *args: Any, rows: Any = None) -> Any:
        """The mean (or sum) over all samples; `args` are the arguments that are the same for all of them.

        With `rows`, an array of their numbers or a mask, it is that of a minibatch, with the bits of one machine's
        `f(..., X[rows], y[rows])`: workers send each other the chosen rows, and nothing else is copied.
        """
        return self._answer("value", args, (), rows)[0].result()

    def value_and_grad(self, *args: Any, argnums: Argnums = 0, rows: Any = None) -> tuple[Any, Any]:
        """(value, gradient) by arguments that are the same for all samples; `argnums` counts all, those of the batch too."""
        answer, by = self._answer("gradient", args, argnums, rows)
        return answer.value(), answer.slopes(by, argnums, 1)

    def _answer(self, name: str, args: Sequence[Any], argnums: Argnums, rows: Any) -> tuple[BatchAnswer, Chosen]:
        """The answer to a question from the sums over the samples, and the arguments that derivatives are by."""
        now, rest = clock.now, iter(args)
        known = len(args) + len(self.f.places)
        if known <= max(self.f.places):
            raise TypeError(f"got {len(args)} argument(s) besides {', '.join(self.f.names)}: pass all that stand before them")
        every = [None if k in self.f.places else next(rest) for k in range(known)]
        blocks = OnCluster(self, None if rows is None else self._numbers(rows))
        call = self.f._call(every, {}, self.given, self.arrays, 0 if blocks.chosen is None else blocks.chosen[0])
        by, recording = Chosen(call, argnums), self.f._recording(call)
        if taken := [self.f.names[self.f.places.index(k)] for k in by.places if k in self.f.places]:
            raise ValueError(f"{taken} differ from sample to sample: a gradient on a cluster is by the arguments that do not")
        return self.f._computed(call, blocks, recording, name, by.spans, now, kind=OverCluster), by

    def _sums(self, plan: BatchPlan, inputs: Array, chosen: np.ndarray | None) -> Array:
        """The sums over the samples, all or those that are chosen: one task per worker, one small array back from each."""
        program = self.programs.get(plan)
        if program is None:
            program = self.programs[plan] = self.client.submit(same_plan, plan, pure=False)
        if chosen is None:
            subtree, parts, sources = self.subtree, self.parts, self.rows
        else:
            subtree, parts = shares(len(chosen), self.f.chunk, self.workers)
            sources = [self._collected(chosen[low:high]) for low, high in parts]
        tasks = [
            self.client.submit(work, program, inputs, source, low, subtree, self.f.chunk, pure=False)
            for source, (low, _) in zip(sources, parts, strict=True)
        ]
        tree = PairwiseSum()
        found: list[tuple[list[Array], Array | None]] = self.client.gather(tasks)
        for whole, _ in found:
            for part in whole:
                tree.add(part)
        return tree.total(found[-1][1])

    def _numbers(self, rows: Any) -> np.ndarray:
        """The numbers of the samples that an index array or a mask chooses."""
        found = np.asarray(rows)
        if found.dtype == bool and found.shape == (self.count,):
            found = np.flatnonzero(found)
        if found.ndim != 1 or (len(found) and found.dtype.kind not in "iu"):
            raise TypeError(f"rows={rows!r}: pass an array of the numbers of samples, or a mask of all {self.count}")
        if not len(found):
            raise ValueError(f"rows={rows!r} chooses no samples: give at least one")
        found = found.astype(np.int64)
        beyond = (found < -self.count) | (found >= self.count)
        if beyond.any():
            raise IndexError(f"rows has {found[beyond][0]}, and the samples are 0 to {self.count - 1}")
        return np.where(found < 0, found + self.count, found)

    def _collected(self, numbers: np.ndarray) -> Any:
        """The rows of these samples on one worker, from wherever they are."""
        pieces, places = [], []
        for source, (low, high) in zip(self.rows, self.parts, strict=True):
            here = np.flatnonzero((numbers >= low) & (numbers < high))
            if len(here):
                pieces.append(self.client.submit(picked, source, numbers[here] - low, pure=False))
                places.append(here)
        return self.client.submit(put_together, pieces, places, pure=False)


class OnCluster(Blocks):
    """The samples of a cluster, or those that are chosen."""

    def __init__(self, spread: Spread, chosen: np.ndarray | None) -> None:
        self.spread, self.chosen = spread, chosen
        self.names, self.count = spread.f.names, spread.count if chosen is None else len(chosen)

    def copied(self) -> Blocks:
        """The same: they are with the workers."""
        return self

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        raise TypeError(TOO_MANY_ROWS.format("the samples of a cluster"))


class OverCluster(OverSamples):
    """The program of one sample over those of a cluster."""

    blocks: OnCluster

    def added_up(self, plan: BatchPlan, inputs: Array, blocks: Blocks) -> tuple[Array, Array]:
        """The sums over the samples; nothing is kept of each."""
        return self.blocks.spread._sums(plan, inputs, self.blocks.chosen), np.empty((self.blocks.count, 0))


def shares(count: int, chunk: int, workers: int) -> tuple[int, list[tuple[int, int]]]:
    """How many chunks a subtree of the sum has, and the samples low..high of each worker, whole subtrees as far as they go.

    >>> shares(10_000, 1000, 2)
    (4, [(0, 8000), (8000, 10000)])
    """
    subtree: int = 1 << max(0, (-(-count // chunk) // workers).bit_length() - 1)
    rows = subtree * chunk
    subtrees = -(-count // rows)
    bounds = [round(i * subtrees / workers) * rows for i in range(workers + 1)]
    return subtree, [(low, min(high, count)) for low, high in itertools.pairwise(bounds) if low < min(high, count)]


def same_plan(plan: BatchPlan) -> BatchPlan:
    """On a worker: the program; as the result of a task Dask sends it on, and makes it again if it is lost."""
    return plan


def _described(x: np.ndarray, low: int, high: int) -> Any:
    """Rows low..high: of a file as its description, so that the worker reads them same_plan, else the rows."""
    if isinstance(x, np.memmap) and x.filename is not None and x.flags.c_contiguous:
        start = x.offset + low * x.strides[0]
        return str(x.filename), x.dtype.str, (high - low, *x.shape[1:]), start
    return x[low:high]


def load_rows(sources: Sequence[Any]) -> list[np.ndarray]:
    """On a worker: the rows that `described` tells."""
    return [np.memmap(x[0], dtype=x[1], mode="r", shape=x[2], offset=x[3]) if isinstance(x, tuple) else x for x in sources]


def picked(rows: Sequence[np.ndarray], places: np.ndarray) -> list[np.ndarray]:
    """On a worker: some of the rows that it has."""
    return [x[places] for x in rows]


def put_together(pieces: Sequence[Sequence[np.ndarray]], places: Sequence[np.ndarray]) -> list[np.ndarray]:
    """On a worker: the rows that several have picked, each at its place."""
    order = np.argsort(np.concatenate(places))
    return [np.concatenate(parts)[order] for parts in zip(*pieces, strict=True)]


def work(
    plan: BatchPlan, inputs: Array, arrays: Sequence[np.ndarray], start: int, subtree: int, chunk: int
) -> tuple[list[Array], Array | None]:
    """On a worker: the sums of its whole subtrees, and of a last one that is not whole (None if there is none)."""
    whole: list[Array] = []
    rows, count = subtree * chunk, len(arrays[0])
    for low in range(0, count, rows):
        tree = PairwiseSum()
        blocks = Blocks([x[low : low + rows] for x in arrays], [""] * len(arrays), chunk)
        sum_chunks(plan, inputs, blocks, tree, start + low)
        if low + rows > count and -(-(count - low) // chunk) < subtree:
            return whole, tree.total()
        whole.append(tree.total())
    return whole, None
