"""The buffers of a batch program for one size of chunk: a row of numbers, one per sample, where a plan has one number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np

from ..regroup.instructions import WIDE, Instruction, View
from ..run.array_program import Array, NumpyCall, Plan, call, window
from ..tape.lookup import looked_up

FEW_WEIGHTS = 64
"""Weights up to which every row is added up by itself, all in one order, so that neurons with equal weights stay equal to the
last bit. For larger matrices BLAS is several times faster; it adds up rows at the edge of a block in another order."""


class Buffers:
    """`flat` buffers hold numbers that are the same for all samples, `wide` ones a row of samples for each."""

    def __init__(self, plan: Plan, size: int) -> None:
        self.plan, self.size = plan, size
        self.flat = plan.flat()
        self.wide = {name: np.zeros((max(1, plan.sizes.get(name, 0)), size)) for name in WIDE}
        self.slots = self.flat["slots"]

    def view(self, v: View) -> Array:
        """A strided view; what varies has one more axis, that of the samples."""
        if v.space in self.wide:
            strides = (*(8 * self.size * step for step in v.strides), 8)
            return np.ndarray((*v.shape, self.size), np.float64, self.wide[v.space], 8 * self.size * v.offset, strides)
        return window(v, self.flat[v.space])

    def beside(self, v: View, name: str) -> Array:
        """An operand of an elementwise operation on samples."""
        found = self.view(v)
        if v.space in self.wide:
            return found
        place = v.offset - self.plan.inputs
        if name in ("maximum", "minimum") and v.space == "slots" and not any(v.strides) and 0 <= place < len(self.plan.constants):
            # for a row and a number numpy has no vector instructions here: twice the time
            return np.full(self.size, self.plan.constants[place])
        return found[..., None]

    def calls(self) -> tuple[list[NumpyCall], list[NumpyCall]]:
        """The instructions on what is the same for all samples, and those on samples.

        What the former collect gets a buffer of its own each time, as the latter read it when all of the former are done.
        """
        once: list[NumpyCall] = []
        each: list[NumpyCall] = []
        for step in self.plan.instructions:
            wide = step.write.space in self.wide
            if step.index is not None and not wide:
                self.flat[step.write.space] = np.zeros(len(step.index))
            (each if wide else once).append(self.call(step))
        return once, each

    def call(self, step: Instruction) -> NumpyCall:
        """One instruction as a function and its operands."""
        write, reads = self.view(step.write), [self.view(v) for v in step.reads]
        if write.ndim == len(step.write.shape):
            return call(step, reads, write, self.slots)
        if step.name == looked_up.name:
            return self.lookup(step.reads[0], step.reads[1:], write)
        if step.name == "take":
            return self.wide["varying"].take, (step.index, 0, write, "clip")
        if step.name == "matmul" and reads[0].size <= FEW_WEIGHTS:
            out = write.reshape(len(write), -1)
            return partial(np.einsum, "ij,js->is", out=out), (reads[0], reads[1].reshape(len(reads[1]), -1))
        if step.name == "matmul":
            return np.dot, (reads[0], reads[1].reshape(len(reads[1]), -1), write.reshape(len(write), -1))
        reads = [self.beside(v, step.name) for v in step.reads]
        if step.name == "reduce":  # which alone does not stretch what is the same for all samples
            reads = [np.broadcast_to(reads[0], (*reads[0].shape[:-1], self.size))]
        return call(step, reads, write, self.slots)

    def lookup(self, place: View, column: Sequence[View], write: Array) -> NumpyCall:
        """A lookup: in a table where it lies, if its rows follow each other in even steps."""
        places, first, count = self.beside(place, looked_up.name), column[0], len(column)
        steps = np.unique(np.diff([v.offset for v in column]))
        together = len(steps) == 1 and len({v._replace(offset=0) for v in column}) == 1
        if together:
            rows = self.beside(View(first.space, first.offset, (count, *first.shape), (int(steps[0]), *first.strides)), "table")
        else:
            parts = [self.beside(v, looked_up.name) for v in column]

        def look() -> None:
            here = np.where((places >= 0.0) & (places < count), places, 0.0).astype(np.intp)  # a guard refuses all others
            table = rows if together else np.stack(np.broadcast_arrays(*parts))
            write[...] = np.take_along_axis(table, here[None], 0)[0]

        return look, ()

    def reduction(self, kind: str, views: Sequence[View], out: Array) -> NumpyCall:
        """A sum over the samples: of products of every left with every right row, of pairs of rows, or of rows."""
        rows = [self.beside(v, kind) for v in views]
        if kind == "product" and len(rows[0]) * len(rows[1]) <= FEW_WEIGHTS:
            return partial(np.einsum, "is,js->ij", out=out.reshape(len(rows[0]), -1)), (rows[0], rows[1])
        if kind == "product":
            return np.dot, (rows[0], rows[1].T, out.reshape(len(rows[0]), -1))
        if kind == "dot":
            return partial(np.einsum, "ij,ij->i", out=out), tuple(np.broadcast_arrays(*rows))
        return np.add.reduce, (rows[0], -1, None, out)


@contextmanager
def row_by_row() -> Iterator[None]:
    """Let numpy work on whole rows of samples.

    Where an operand is broadcast, numpy joins rows by copying them to a buffer as long as two rows fit into it (8,192 numbers
    unless told otherwise): three times the time for rows of 1,024.
    """
    before = np.setbufsize(1024)
    try:
        yield
    finally:
        np.setbufsize(before)
