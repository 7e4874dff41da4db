"""The rows of a layout as the interpreter reads them: four integers each, and lists of operands where they are many."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from ... import ops
from ..tape.rows import TABLE, code_of, op_of
from .interpreter_text import PYTHON, has_code, in_sum, known_operations
from .layout import Layout
from .llvm import Reading
from .llvm_text import ADDED, FOLDS


class InterpreterRows:
    """`rows` of an operation and three integers, `lists` that some of them point into, the slots of the `results`, and what is to
    be called in `python`.

    Slots are counted anew, as what is in between in an accumulation is nowhere stored.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.kept = np.flatnonzero(layout.accumulations.kept)
        self.place = np.zeros(layout.first + len(layout) + 1, dtype=np.int32)  # of each slot; the last one is for operand -1
        self.place[: layout.first] = np.arange(layout.first)
        self.place[layout.first + self.kept] = np.arange(layout.first, layout.first + len(self.kept))
        self.rows = np.zeros((len(self.kept), 4), dtype=np.int32)
        self.rows[:, 0] = numbers(len(TABLE))[layout.code[self.kept]]
        self.rows[:, 1:3] = self.place[np.stack((layout.a[self.kept], layout.b[self.kept]), axis=1)]
        self.results = self.place[layout.results]
        self.python: list[tuple[Callable[..., float], list[Reading]]] = []
        factors = self.place[layout.accumulations.factors].ravel()
        self.operands: list[int] = []  # of folds, listed after the factors
        self.write_three()
        self.write_others(len(factors))
        self.write_accumulations()
        self.lists = np.concatenate((factors, [*self.operands, 0])).astype(np.int32)
        del self.kept, self.place, self.operands  # which take as much memory as the rows

    def write_three(self) -> None:
        """The operands of rows that have three."""
        many = {int(self.place[self.layout.first + row]) - self.layout.first: slots for row, slots in self.layout.many.items()}
        rows = np.array([*many], dtype=np.int64)
        rows = rows[np.isin(self.rows[rows, 0], [PYTHON, *fold_numbers()], invert=True)]
        self.rows[rows, 1:] = self.place[np.array([many[row] for row in rows.tolist()], dtype=np.int64).reshape(-1, 3)]

    def write_others(self, listed: int) -> None:
        """Rows that are called in Python, and those with any number of operands, of which so many are listed before."""
        for i in np.flatnonzero(np.isin(self.rows[:, 0], [PYTHON, *fold_numbers()])).tolist():
            row = int(self.kept[i])
            operands = self.place[self.layout.operands(row)].tolist()
            if self.rows[i, 0] == PYTHON or not operands:
                self.rows[i] = PYTHON, 0, len(self.python), 0
                self.python.append((self.layout.op(row).forward, [(slot, 0, None) for slot in operands]))
            elif len(operands) == 1:
                self.rows[i] = known_operations()[ops.positive.name][0], operands[0], 0, 0
            else:
                self.rows[i, 1:] = operands[0], listed + len(self.operands), len(operands) - 1
                self.operands += operands[1:]

    def write_accumulations(self) -> None:
        """The rows of accumulations, whose factors are listed first of all."""
        found, first = self.layout.accumulations, self.layout.first
        product = np.zeros(len(TABLE), dtype=np.int32)
        for name in ADDED:
            product[code_of(op_of(name))] = known_operations()[in_sum(name)][0]
        listed = 2 * (np.cumsum(found.count) - found.count)
        columns = (product[found.product], self.place[found.start], listed, 2 * found.count)
        self.rows[self.place[first + found.rows] - first] = np.stack(columns, axis=1)


@functools.cache
def numbers(codes: int) -> np.ndarray:
    """The interpreter's number of the operation that each of so many codes stands for."""
    return np.array(
        [known_operations()[op.name][0] if op is not None and has_code(op) else PYTHON for op in TABLE[:codes]], dtype=np.int32
    )


@functools.cache
def fold_numbers() -> list[int]:
    """The interpreter's numbers of operations on any number of operands."""
    return [known_operations()[name][0] for name in FOLDS]
