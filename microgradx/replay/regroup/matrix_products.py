"""Find the grids in index arrays: which members are alike, and in what order they pair every left line with every right line."""

from __future__ import annotations

import itertools

import numpy as np

from .group import dense, mix

GATHER_NS, SMALL_CALL_NS = 3.0, 400.0  # measured: one element collected by a `take`, one call on few elements


def distinct_lines(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The distinct lines of a matrix in order of appearance: their first indices, each line's number among them, how many."""
    number = identify(lines)
    _, index = np.unique(number, return_index=True)
    if not np.array_equal(lines[index][number], lines):  # two lines with one hash: keep all apart
        index = number = np.arange(len(lines))
    return index, number, len(index)


def identify(lines: np.ndarray) -> np.ndarray:
    """Number the lines of a matrix by content, in order of appearance (by a 64-bit hash: check before relying on it)."""
    weights = mix(np.arange(1, lines.shape[1] + 1)) | np.uint64(1)
    hashed = (mix(lines) * weights).sum(axis=1, dtype=np.uint64)
    _, index, number = np.unique(hashed, return_index=True, return_inverse=True)
    rank = np.empty(len(index), dtype=np.int64)
    rank[np.argsort(index, kind="stable")] = np.arange(len(index))
    found: np.ndarray = rank[number.ravel()]
    return found


def cut(likeness: np.ndarray, borders: list[int]) -> list[tuple[int, int]]:
    """Columns of equal likeness as (low, high); columns in which the members differ stand together."""
    width = likeness.shape[1]
    uniform = (likeness == likeness[0]).all(axis=0)
    mark = np.where(uniform, likeness[0], -1)
    edges = {0, width, *borders, *(np.flatnonzero(np.diff(mark)) + 1).tolist()}
    ladder = sorted(edges)
    return [(low, high) for low, high in itertools.pairwise(ladder) if low < high]


def merged(runs: list[tuple[int, int]], f: np.ndarray, s: np.ndarray, numbers: int) -> list[np.ndarray]:
    """The columns of each run of terms; runs that pair the members' lines in the same way become one where that is cheaper.

    A recurrent network has a run for every step: to collect their factors takes less time than a hundred small products. Each
    slot holds so many `numbers`.
    """
    if len(runs) < 2:
        return [np.arange(*run) for run in runs]
    alike: dict[tuple[bytes, bytes], list[np.ndarray]] = {}
    for low, high in runs:
        key = identify(f[:, low:high]).tobytes(), identify(s[:, low:high]).tobytes()
        alike.setdefault(key, []).append(np.arange(low, high))
    found = []
    for key, columns in alike.items():
        lines = sum(int(np.frombuffer(side, dtype=np.int64).max()) + 1 for side in key)
        cheaper = numbers * lines * sum(map(len, columns)) * GATHER_NS < (len(columns) - 1) * SMALL_CALL_NS
        found += [np.concatenate(columns)] if cheaper else columns
    return sorted(found, key=len, reverse=True)


def grid(f: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, tuple[int, int, int] | None]:
    """An order of the members in which they are (batch, left, right) and that shape; or their order by slots and None."""
    left, right = identify(f), identify(s)
    lefts, rights, count = left.max() + 1, right.max() + 1, len(left)
    natural = np.lexsort((s[:, 0], f[:, 0]))
    f_rank, s_rank = rank_by(f[:, 0], left), rank_by(s[:, 0], right)
    if lefts * rights == count:
        order = np.lexsort((s_rank, f_rank))
        shape = (1, int(lefts), int(rights))
        return (order, shape) if factor(f[order], s[order], shape) else (natural, None)
    if f.shape[1] == 1:
        return natural, None  # single products: element by element
    block = rank_by(f[:, 0], components(left, right))
    blocks = block.max() + 1
    if count % blocks or blocks == count:
        return natural, None
    order = np.lexsort((s_rank, f_rank, block))
    inner = count // blocks
    rows = inner // max(1, int((f_rank[order][:inner] == f_rank[order][0]).sum()))
    shape = (int(blocks), int(rows), int(inner // rows))
    if rows * shape[2] == inner and factor(f[order], s[order], shape):
        return order, shape
    return natural, None


def rank_by(slots: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Renumber classes by the lowest slot among their members (classes that tie keep their order)."""
    lowest = np.full(number.max() + 1, slots.max())
    np.minimum.at(lowest, number, slots)
    rank = np.empty(len(lowest), dtype=np.int64)
    rank[np.argsort(lowest, kind="stable")] = np.arange(len(lowest))
    found: np.ndarray = rank[number]
    return found


def components(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Number the connected components of the graph in which member i joins left[i] and right[i]."""
    label = np.arange(len(left))
    while True:
        before = label
        for side in (left, right):
            least = np.full(side.max() + 1, len(label))
            np.minimum.at(least, side, label)
            label = least[side]
        if np.array_equal(label, before):
            return dense(label)


def factor(f: np.ndarray, s: np.ndarray, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray] | None:
    """The left lines and right lines of a grid in which member (b, i, j) pairs left (b, i) with right (b, j), checked exactly."""
    length = f.shape[1]
    f, s = f.reshape(*shape, length), s.reshape(*shape, length)
    for left, right in ((f, s), (s, f)):
        if (left == left[:, :, :1]).all() and (right == right[:, :1]).all():
            return left[:, :, 0], right[:, 0]
    return None
