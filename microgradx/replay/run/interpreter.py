"""A loop in machine code that walks the rows of any program, a few nanoseconds each; compiled once in a process (extra `native`).

A row is four small integers: the operation and the slots of its operands. There is nothing to compile for a program, and nothing
that it can be too long for. Every operation gives the bits of eager evaluation, for infinity and nan too, so this is the exact
path as well. What has no machine code is a call of Python.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from ctypes import c_int64, c_void_p
from typing import Any

import numpy as np

from ... import ops
from ...operation import OPS, Op
from ..tape.rows import PRIVATE, TABLE, op_of
from .array_program import Array
from .form import Form
from .layout import Layout
from .llvm import AVAILABLE, COMPILING, PythonRows, Reading, linked
from .llvm_text import FOLDS, WRITTEN_BY_HAND, Code, code, written_llvm

RUN_NS, ROW_NS, FUNCTION_NS, PYTHON_NS = 1500.0, 4.0, 8.0, 700.0  # measured: a run at all, a row, a C function, a call of Python
MAKING_NS, FIRST_MAKING_NS = 25.0, 7e7  # a row; once in a process LLVM is loaded and the interpreter compiled
PYTHON = 0  # the number of rows that have no machine code

_HEAD = """define void @run(ptr %code, ptr %slots, ptr %many, i64 %first, i64 %count, ptr %python) nounwind {
entry:
  br label %head
head:
  %i = phi i64 [0, %entry], [%following, %next]
  %at = getelementptr [4 x i32], ptr %code, i64 %i
  %a.at = getelementptr i32, ptr %at, i64 1
  %b.at = getelementptr i32, ptr %at, i64 2
  %c.at = getelementptr i32, ptr %at, i64 3
  %op = load i32, ptr %at
  %a = load i32, ptr %a.at
  %b = load i32, ptr %b.at
  %c = load i32, ptr %c.at
  %x.at = getelementptr double, ptr %slots, i32 %a
  %x = load double, ptr %x.at"""
TAIL = """  %row = add i64 %first, %i
  %to = getelementptr double, ptr %slots, i64 %row
  store double %result, ptr %to
  %following = add i64 %i, 1
  %done = icmp eq i64 %following, %count
  br i1 %done, label %end, label %head
end:
  ret void
}"""
FOLD = """  br label %fold{0}
fold{0}:
  %t{0} = phi i32 [0, %case{0}], [%following{0}, %fold{0}]
  %x{0} = phi double [%x, %case{0}], [{1}, %fold{0}]
  %j{0} = add i32 %b, %t{0}
  %m{0}.at = getelementptr i32, ptr %many, i32 %j{0}
  %m{0} = load i32, ptr %m{0}.at
  %y{0}.at = getelementptr double, ptr %slots, i32 %m{0}
  %y{0} = load double, ptr %y{0}.at"""
_FOLDED = """  %following{0} = add i32 %t{0}, 1
  %done{0} = icmp eq i32 %following{0}, %c
  br i1 %done{0}, label %next, label %fold{0}"""


@functools.cache
def known_operations() -> dict[str, tuple[int, Code]]:
    """The operations that the interpreter has code for, each with its number."""
    fixed = [op for op in [*OPS.values(), *PRIVATE.values()] if op.arity and (op in WRITTEN_BY_HAND or op.name in PRIVATE)]
    found = {op.name: written_llvm(op, op.arity or 0, exact=True) for op in fixed}
    found |= {name: code(f, 2) for name, f in FOLDS.items()}
    return {name: (i, code) for i, (name, code) in enumerate(found.items(), PYTHON + 1) if code is not None}


def has_code(op: Op) -> bool:
    """Whether the interpreter knows an operation; one of a user's own may have a name that it knows."""
    return op.name in known_operations() and (op in WRITTEN_BY_HAND or op is PRIVATE.get(op.name))


def module() -> Iterator[str]:
    """The interpreter as LLVM code: a loop over the rows, and a case for each operation."""
    cases = {number: (name, code) for name, (number, code) in known_operations().items()}
    yield _HEAD
    yield f"  switch i32 %op, label %case{PYTHON} ["
    yield from (f"    i32 {number}, label %case{number}" for number in cases)
    yield f"  ]\ncase{PYTHON}:\n  %result{PYTHON} = call double %python(i32 %b, i64 0)\n  br label %next"
    ends = [f"[%result{PYTHON}, %case{PYTHON}]"]
    for number, (name, text) in cases.items():
        yield f"case{number}:"
        operands = ["%x"]
        if name in FOLDS:
            operands = [f"%x{number}", f"%y{number}"]
            yield FOLD.format(number, text.result.format(number, *operands))
        else:
            for letter, slot in [("y", "b"), ("z", "c")][: (op_of(name).arity or 0) - 1]:
                yield f"  %{letter}{number}.at = getelementptr double, ptr %slots, i32 %{slot}"
                yield f"  %{letter}{number} = load double, ptr %{letter}{number}.at"
                operands.append(f"%{letter}{number}")
        yield text.lines.format(number, *operands)
        yield _FOLDED.format(number) if name in FOLDS else "  br label %next"
        ends.append(f"[{text.result.format(number, *operands)}, %{'fold' if name in FOLDS else 'case'}{number}]")
    yield f"next:\n  %result = phi double {', '.join(ends)}"
    yield TAIL


class Walk:
    """The interpreter in memory, one for the process."""

    def __init__(self) -> None:
        called = {function for _, code in known_operations().values() for function in code.called}
        pointers = [c_void_p] * 3 + [c_int64] * 2 + [c_void_p]
        self.run = linked(self, "\n".join(module()), called, *pointers, opt=2)


@functools.cache
def _walk() -> Walk:
    """The interpreter, compiled at the first call."""
    with COMPILING:
        return Walk()


class Interpreter(Form):
    """The rows of a layout as the interpreter reads them."""

    name, exact = "interpreter", True
    said = "one by one (interpreter)"

    @classmethod
    def cost(cls, layout: Layout) -> float:
        """About how many ns a run takes; infinity without the extra `native`."""
        if not AVAILABLE:
            return float("inf")
        total = RUN_NS
        for (op, _), count in layout.counts.items():
            total += count * (ROW_NS + FUNCTION_NS * known_operations()[op.name][1].functions if has_code(op) else PYTHON_NS)
        return total

    @classmethod
    def making(cls, layout: Layout, closely: bool = True) -> float:
        """About how many ns it takes to make one."""
        return MAKING_NS * len(layout) + (0.0 if _walk.cache_info().currsize else FIRST_MAKING_NS)

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self.walk = _walk()
        known = known_operations()
        number = np.array([PYTHON if op is None or op.name not in known else known[op.name][0] for op in TABLE], dtype=np.int32)
        rows = np.zeros((max(1, len(layout)), 4), dtype=np.int32)
        rows[: len(layout), 0] = number[layout.code]
        rows[: len(layout), 1:3] = np.stack((layout.a, layout.b), axis=1)
        rows[rows < 0] = 0
        folds = [known[name][0] for name in FOLDS]
        codes = rows[list(layout.many), 0].tolist()
        three = [row for row, code in zip(layout.many, codes, strict=True) if code not in (PYTHON, *folds)]
        rows[three, 1:] = np.array([layout.many[row] for row in three], dtype=np.int32).reshape(-1, 3)
        many: list[int] = []
        for row in np.flatnonzero(np.isin(rows[: len(layout), 0], folds)).tolist():
            self.fold(rows[row], layout.operands(row), many)
        self.python: list[tuple[Callable[..., float], list[Reading]]] = []
        for row in np.flatnonzero(rows[: len(layout), 0] == PYTHON).tolist():
            rows[row, 1:3] = 0, len(self.python)
            self.python.append((layout.op(row).forward, [(slot, 0, None) for slot in layout.operands(row)]))
        self.rows, self.many = rows, np.array(many or [0], dtype=np.int32)

    def fold(self, row: np.ndarray, operands: list[int], many: list[int]) -> None:
        """Write the operands of a row that may have any number of them."""
        if not operands:
            row[0] = PYTHON
            return
        if len(operands) == 1:
            row[0] = known_operations()[ops.positive.name][0]
        row[1:] = operands[0], len(many), len(operands) - 1
        many += operands[1:]

    def bind(self) -> Callable[[Array], Array]:
        """The program as a function from inputs to results; it owns its buffer, so each thread binds its own."""
        slots = self.layout.buffer()
        arguments, take, results = slots[: self.layout.inputs], slots.take, self.layout.results
        first, count = self.layout.first, len(self.layout)
        python = PythonRows(self.python, slots) if self.python else None
        addresses: tuple[Any, ...] = self.rows.ctypes.data, slots.ctypes.data, self.many.ctypes.data
        where = python and python.address

        def run(inputs: Array) -> Array:
            arguments[:] = inputs
            if count:
                self.walk.run(*addresses, first, count, where)  # which keeps the rows and the code in memory
            if python is not None:
                python.check()
            return take(results)

        return run
