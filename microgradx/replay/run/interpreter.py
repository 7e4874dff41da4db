"""A loop in machine code that walks the rows of any program, a few nanoseconds each (extra `native`).

There is nothing to compile for a program, and nothing that it can be too long for. Every operation gives the bits of eager
evaluation, for infinity and nan too, so this is the exact path as well. What has no machine code is a call of Python.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from ctypes import c_int64, c_void_p

import numpy as np

from .array_program import Array
from .form import Form
from .interpreter_rows import InterpreterRows
from .interpreter_text import PYTHON, has_code, known_operations, module
from .layout import Layout
from .llvm import AVAILABLE, COMPILING, PythonRows, linked

RUN_NS, ROW_NS, FUNCTION_NS, PYTHON_NS = 1500.0, 4.0, 8.0, 700.0  # measured: a run at all, a row, a C function, a call of Python
ADDED_NS = 1.5  # a product of an accumulation
MAKING_NS, FIRST_MAKING_NS = 25.0, 5e7  # a row; once in a process LLVM is loaded and the interpreter compiled


class Walk:
    """The interpreter in memory, with code for the operations of these numbers."""

    def __init__(self, numbers: Collection[int]) -> None:
        self.numbers = frozenset(numbers)
        called = {function for number, code in known_operations().values() if number in numbers for function in code.called}
        pointers = [c_void_p] * 3 + [c_int64] * 2 + [c_void_p]
        self.run = linked(self, "\n".join(module(self.numbers)), called, *pointers, opt=2)


WALKS: list[Walk] = []
"""The interpreters of this process: two at most."""


def walk_for(numbers: Collection[int]) -> Walk:
    """An interpreter with code for the operations of these numbers.

    The first one has code for these and for single instructions, which takes a third of the time; the second one has all.
    """
    with COMPILING:
        for walk in WALKS:
            if walk.numbers.issuperset(numbers):
                return walk
        single = {number for number, code in known_operations().values() if WALKS or code.instructions <= 1}
        WALKS.append(Walk(single.union(numbers)))
        return WALKS[-1]


class Interpreter(Form):
    """The rows of a layout as the interpreter reads them."""

    name, exact = "interpreter", True
    said = "one by one (interpreter)"

    @classmethod
    def cost(cls, layout: Layout) -> float:
        """About how many ns a run takes; infinity without the extra `native`."""
        if not AVAILABLE:
            return float("inf")
        known, products = known_operations(), len(layout.accumulations.factors)
        total = RUN_NS + ADDED_NS * products - 2 * ROW_NS * (products - len(layout.accumulations.rows))
        for (op, _), count in layout.counts.items():
            total += count * (ROW_NS + FUNCTION_NS * known[op.name][1].functions if has_code(op) else PYTHON_NS)
        return total

    @classmethod
    def making(cls, layout: Layout, closely: bool = True) -> float:
        """About how many ns it takes to make one."""
        return MAKING_NS * len(layout) + (0.0 if WALKS else FIRST_MAKING_NS)

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self.table = InterpreterRows(layout)
        self.walk = walk_for({*np.flatnonzero(np.bincount(self.table.rows[:, 0])).tolist()} - {PYTHON})

    def bind(self) -> Callable[[Array], Array]:
        """The program as a function from inputs to results; it owns its buffer, so each thread binds its own."""
        slots, table = self.layout.buffer(), self.table
        arguments, take, results = slots[: self.layout.inputs], slots.take, table.results
        first, count = self.layout.first, len(table.rows)
        python = PythonRows(table.python, slots) if table.python else None
        addresses = table.rows.ctypes.data, slots.ctypes.data, table.lists.ctypes.data
        where = python and python.address

        def run(inputs: Array) -> Array:
            arguments[:] = inputs
            if count:
                self.walk.run(*addresses, first, count, where)  # which keeps the rows and the code in memory
            if python is not None:
                python.check()
            return take(results)

        return run
