"""Write array instructions: where an operand is read (a view, a constant or gathered) and where a result goes.

An operand arrives as the slots of its elements. If those slots run in even steps along a few axes, numpy can read them in
place through a strided view; otherwise they are collected first, all such operands of one level by a single `take`.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


class View(NamedTuple):
    """A strided view: `space` is a buffer ("slots", "gathered", "scratch", "constants"); offset and strides count elements.

    In a batch program the `WIDE` spaces hold a row of samples per element.
    """

    space: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def places(self) -> np.ndarray:
        """The places in its buffer that the view shows, in its shape."""
        steps = np.ogrid[tuple(slice(length) for length in self.shape)]
        found: np.ndarray = sum((step * places for step, places in zip(self.strides, steps, strict=True)), np.array(self.offset))
        return found

    def reach(self) -> tuple[int, int]:
        """The lowest place, and the one after the highest."""
        ends = [(length - 1) * step for length, step in zip(self.shape, self.strides, strict=True)]
        return self.offset + sum(min(0, x) for x in ends), self.offset + sum(max(0, x) for x in ends) + 1


WIDE = ("varying", "gathered varying", "scratch varying")
VARYING = 1 << 40  # slots from here on hold one number per sample, in the buffer "varying"


@dataclass
class Instruction:
    """One call: `name` of an operation, the views it reads, the view it writes, the rows it helps to compute and how many scalar
    operations it stands for; `index` is what a `take` collects."""

    name: str
    reads: tuple[View, ...]
    write: View
    rows: np.ndarray
    nodes: int
    index: np.ndarray | None = None


def contiguous(space: str, offset: int, shape: tuple[int, ...]) -> View:
    """A view of consecutive elements."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return View(space, offset, shape, tuple(reversed(strides)))


def runs(index: np.ndarray, cuts: tuple[int, ...] = ()) -> list[tuple[int, int]] | None:
    """Nested even steps of a flat index as (length, step), innermost first; None if there are none.

    >>> runs(np.array([7, 8, 9, 27, 28, 29]))
    [(3, 1), (2, 20)]
    """
    axes: list[tuple[int, int]] = []
    while len(index) > 1:
        step = int(index[1] - index[0])
        uneven = np.flatnonzero(np.diff(index) != step)
        length = int(uneven[0]) + 1 if len(uneven) else len(index)
        if len(index) % length or len(axes) == 4:
            return None
        if length < len(index):
            rows = index.reshape(-1, length)
            if not (rows == rows[:, :1] + step * np.arange(length)).all():
                return None
        axes.append((length, step))
        index = index[::length]
    return axes


def split(axes: list[tuple[int, int]], cuts: list[int]) -> tuple[int, ...] | None:
    """The steps of `axes` once the flat index is cut into nested blocks of sizes `cuts` (innermost first)."""
    steps, size, position = [], 1, 0
    inner = 1
    for cut in cuts:
        if position == len(axes):
            steps.append(0)
            continue
        length, step = axes[position]
        steps.append(step * inner)
        inner *= cut // size
        size = cut
        if inner == length:
            position, inner = position + 1, 1
        elif length % inner:
            return None
    return tuple(steps)


def refine(operands: list[np.ndarray], block: int = 1) -> tuple[tuple[int, ...], list[tuple[int, ...] | None]]:
    """One shape in which as many flat operands as possible are strided; steps per operand, or None where it is not.

    `block` is a block size that the shape must keep as a boundary (of the inner axes).
    """
    size = len(operands[0])
    cuts = {size, block} - {1}
    found: list[list[tuple[int, int]] | None] = []
    for operand in operands:
        axes = runs(operand)
        if axes is not None:
            edges, edge = set(), 1
            for length, _ in axes:
                edge *= length
                edges.add(edge)
            merged = sorted(cuts | edges)
            if all(high % low == 0 for low, high in itertools.pairwise(merged)) and len(merged) < 6:
                cuts |= edges
            else:
                axes = None
        found.append(axes)
    ladder = sorted(cuts)
    shape = tuple(high // low for low, high in zip([1, *ladder], ladder, strict=False))
    steps = [None if axes is None else split(axes, ladder) for axes in found]
    return shape[::-1] or (1,), [None if s is None else s[::-1] or (0,) for s in steps]


def strided(index: np.ndarray) -> tuple[int, ...] | None:
    """The steps of an index array along each of its own axes, or None if they are uneven."""
    steps = []
    expected = np.full((1,) * index.ndim, index.flat[0])
    for axis, length in enumerate(index.shape):
        step = int(index[tuple(1 if i == axis else 0 for i in range(index.ndim))] - index.flat[0]) if length > 1 else 0
        steps.append(step)
        expected = expected + (step * np.arange(length)).reshape(tuple(length if i == axis else 1 for i in range(index.ndim)))
    return tuple(steps) if np.array_equal(expected, index) else None


@dataclass
class Emitter:
    """Collects instructions; the slots from `constant_from` up to `constant_to` hold constants, those below inputs."""

    constant_from: int
    constant_to: int
    instructions: list[Instruction] = field(default_factory=list)
    constant_index: list[np.ndarray] = field(default_factory=list)
    pending: dict[str, list[np.ndarray]] = field(default_factory=dict)
    known: dict[bytes, int] = field(default_factory=dict)
    level_start: int = 0
    sizes: Counter[str] = field(default_factory=Counter)
    varying: bool = False

    def begin_level(self) -> None:
        """Start a level: its gathers will be done by one `take` before its first instruction."""
        self.level_start = len(self.instructions)
        self.pending, self.known = {}, {}

    def end_level(self) -> None:
        """Write the `take` of the level, if anything was asked for (in a batch program one per kind of buffer)."""
        for space, indices in self.pending.items():
            index = np.concatenate(indices)
            write = contiguous(space, 0, (len(index),))
            self.instructions.insert(self.level_start, Instruction("take", (), write, np.zeros(0, dtype=np.int64), 0, index))
            self.sizes[space] = max(self.sizes[space], len(index))

    def all_constant(self, slots: np.ndarray) -> bool:
        """Whether all of these slots hold constants."""
        return bool(((slots >= self.constant_from) & (slots < self.constant_to)).all())

    def gather(self, index: np.ndarray) -> View:
        """A contiguous copy of the elements at `index`: made once if they are constants, else at each level."""
        flat = index.ravel()
        if self.all_constant(flat):
            self.constant_index.append(flat)
            self.sizes["constants"] += len(flat)
            return contiguous("constants", self.sizes["constants"] - len(flat), index.shape)
        key = flat.tobytes()
        space = "gathered"
        if flat[0] >= VARYING:
            space, flat = "gathered varying", flat - VARYING
        if key not in self.known:
            before = self.pending.setdefault(space, [])
            self.known[key] = sum(map(len, before))
            before.append(flat)
        return contiguous(space, self.known[key], index.shape)

    def scratch(self, shape: tuple[int, ...], offset: int = 0) -> View:
        """Working space of one instruction sequence."""
        space = "scratch varying" if self.varying else "scratch"
        self.sizes[space] = max(self.sizes[space], offset + int(np.prod(shape)))
        return contiguous(space, offset, shape)

    def view(self, slot: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> View:
        """A strided view whose first element is `slot`."""
        space, offset = ("slots", int(slot)) if slot < VARYING else ("varying", int(slot) - VARYING)
        return View(space, offset, shape, strides)

    def emit(self, name: str, reads: list[View], write: View, rows: np.ndarray, each: int = 1) -> None:
        """Append one instruction that does `each` scalar operations for each of `rows`."""
        self.instructions.append(Instruction(name, tuple(reads), write, rows, each * len(rows)))

    def elementwise(self, name: str, operands: list[np.ndarray], write: View, rows: np.ndarray, block: int = 0) -> None:
        """Apply an operation element by element; `operands` are flat indices as long as `write` (which is contiguous)."""
        shape, steps = refine(operands, block or 1)
        reads = [
            self.gather(x.reshape(shape)) if s is None else self.view(x[0], shape, s)
            for x, s in zip(operands, steps, strict=True)
        ]
        each = len(operands[0]) // block if block else 1
        self.emit(name, reads, contiguous(write.space, write.offset, shape), rows, each)

    def matrix(self, index: np.ndarray) -> View:
        """A stack of matrices that BLAS can read: in place if one of the last two axes has step 1, else a copy."""
        steps = strided(index)
        if steps is not None and min(steps) >= 0:
            rows, cols = index.shape[-2:]
            down, along = steps[-2:]
            if self.varying and index.flat[0] >= VARYING:  # the samples follow each element: the columns must be contiguous
                if along == 1 or cols == 1:
                    return self.view(index.flat[0], index.shape, steps)
                return self.gather(index)
            if (along == 1 or cols == 1) and (down >= cols or rows == 1):
                return self.view(index.flat[0], index.shape, steps)
            if (down == 1 or rows == 1) and (along >= rows or cols == 1):
                return self.view(index.flat[0], index.shape, steps)
        return self.gather(index)

    def reduce(self, planes: np.ndarray, write: View, rows: np.ndarray) -> None:
        """Add up the first axis of a matrix of slots."""
        steps = strided(planes)
        if steps is not None:
            view = self.view(planes.flat[0], planes.shape, steps)
        else:
            shape, (found,) = refine([planes.ravel()], planes.shape[1])
            if found is not None and shape[0] == planes.shape[0]:
                view = self.view(planes.flat[0], shape, found)
                write = contiguous(write.space, write.offset, shape[1:])
            else:
                view = self.gather(planes)
        self.emit("reduce", [view], write, rows, planes.shape[0] - 1)
