"""Chunks of samples, one after the other or several at once; their sums are added up in a fixed tree.

So a sum does not depend on who computed which part.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from ..run.array_program import Array
from .batch_program import BatchPlan
from .buffers import row_by_row
from .samples import Blocks

WAITING = 2  # chunks that wait for each thread
ChunkTask = tuple[Sequence[Array], int, Array]  # samples, the index of the first, and the room for what is kept of each


def sum_chunks(
    plan: BatchPlan, inputs: Array, blocks: Blocks, tree: PairwiseSum, start: int = 0, pool: ThreadPoolExecutor | None = None
) -> list[Array]:
    """Add the sums of every chunk to the tree; give what is kept of each sample, one array for each array of samples.

    `start` is the index of the first sample. The threads of a `pool` compute chunks at the same time, and their sums are added in
    the order of the chunks.
    """
    run, widths, rooms = plan.runner(inputs), [len(places) for places in plan.places], list[Array]()

    def total(task: ChunkTask) -> Array:
        with row_by_row():
            return run(*task)

    def tasks() -> Iterator[ChunkTask]:
        nonlocal start
        for block in blocks:
            rooms.append(np.empty((len(block[0]), len(plan.each))))
            for low in range(0, len(block[0]), blocks.chunk):
                samples = [np.asarray(part[low : low + blocks.chunk], dtype=np.float64) for part in block]
                samples = [part.reshape(len(part), -1) for part in samples]
                for part, width in zip(samples, widths, strict=True):
                    if part.shape[1] != width:
                        raise ValueError(
                            f"sample {start} has {part.shape[1]} numbers, the first one has {width}: give all the same shape"
                        )
                yield samples, start, rooms[-1][low : low + blocks.chunk]
                start += len(samples[0])

    if pool is None:
        for task in tasks():
            tree.add(total(task))
        return rooms
    ahead: deque[Future[Array]] = deque()
    try:
        for task in tasks():
            ahead.append(pool.submit(total, task))
            if len(ahead) > WAITING * pool._max_workers:
                tree.add(ahead.popleft().result())
        while ahead:
            tree.add(ahead.popleft().result())
    finally:
        for future in ahead:  # after an error or Ctrl-C
            future.cancel()
    return rooms


@functools.cache
def workers(count: int) -> ThreadPoolExecutor | None:
    """So many threads, which keep the buffers of the programs that they ran; None for the calling one alone."""
    return ThreadPoolExecutor(count, "microgradx batch") if count > 1 else None


class PairwiseSum:
    """A sum of arrays in pairs of pairs: part 2k is added to part 2k + 1 before anything else, whoever computed them."""

    def __init__(self) -> None:
        self.levels: list[Array | None] = []

    def add(self, part: Array) -> None:
        """Append the next part."""
        for level, waiting in enumerate(self.levels):
            if waiting is None:
                self.levels[level] = part
                return
            part, self.levels[level] = waiting + part, None
        self.levels.append(part)

    def total(self, rest: Array | None = None) -> Array:
        """The sum of all parts so far; `rest` is the sum of a last part that is smaller than the others."""
        found = rest
        for part in self.levels:
            if part is not None:
                found = part if found is None else part + found
        assert found is not None
        return found
