"""A narrow program as machine code, written as text for LLVM and linked into this process (extra `native`).

The numbers lie in the slots of one buffer. Rows are cut into functions of a few hundred: inside one a row is a register; what
others need is stored. Steps that repeat are one function with a loop, however many they are.

Products of a gradient are written as plain ones here, so where a zero factor meets infinity the results are not finite: then they
are thrown away, and the exact path has the word. All else has the bits of eager evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from ctypes import c_int, c_void_p
from typing import Any

import numpy as np

from ..regroup.steps import Segment
from .array_program import Array
from .finite import in_own_context
from .form import Form
from .interpreter import FUNCTION_NS, PYTHON_NS
from .layout import Layout
from .llvm import AVAILABLE, COMPILING, PythonRows, Reading, linked
from .llvm_text import written_llvm
from .storage import Storage

ROWS_IN_ONE = 200  # rows in a function; from 100 to 5,000 compile and run alike
CODE_RUN_NS, INSTRUCTION_NS = 1000.0, 0.5  # measured: a run at all, an instruction
CODE_ROW_NS, CARE_NS, START_NS = 16_000.0, 50_000.0, 5e6  # compiling a row, one with all of LLVM's care, compiling at all
LOOKING_NS = 700.0  # looking at a row for repeats
LONGEST_CODE = 100_000  # rows to compile; no run waits longer than 2 s for its machine code
FEW = 4_000  # rows; so few are compiled with all care

_RESULTS = """  br label %result
result:
  %k = phi i64 [0, %entry], [%following, %result]
  %before = phi i1 [false, %entry], [%infinite, %result]
  %index = getelementptr i32, ptr %tables, i64 %k
  %slot = load i32, ptr %index
  %from = getelementptr double, ptr %slots, i32 %slot
  %number = load double, ptr %from
  %place = add i64 %k, {0}
  %to = getelementptr double, ptr %slots, i64 %place
  store double %number, ptr %to
  %nothing = fmul double %number, 0.0
  %odd = fcmp uno double %nothing, 0.0
  %infinite = or i1 %before, %odd
  %following = add i64 %k, 1
  %done = icmp uge i64 %following, {1}
  br i1 %done, label %end, label %result
end:
  %answer = zext i1 %infinite to i32
  ret i32 %answer
}}"""
"""The end of a run: the results side by side after slot {0}, all {1} of them, and whether one of them is infinity or nan."""


class Native(Form):
    """The rows of a layout as machine code."""

    name = "native"
    said = "as machine code (native)"
    in_loops = True
    arrays = 2.0

    @classmethod
    def cost(cls, layout: Layout) -> float:
        """About how many ns a run takes; infinity without the extra `native`."""
        if not AVAILABLE:
            return float("inf")
        total = CODE_RUN_NS
        for (op, width), count in layout.counts.items():
            code = written_llvm(op, width)
            each = PYTHON_NS if code is None else INSTRUCTION_NS * code.instructions + FUNCTION_NS * code.functions
            total += count * each
        return total

    @classmethod
    def making(cls, layout: Layout, closely: bool = True) -> float:
        """About how many ns it takes to make it, infinity where there is too much to compile; else at least how many."""
        if not closely and layout.written_out:
            return START_NS + LOOKING_NS * len(layout)
        rows = sum(segment.period for segment in layout.segments)
        return START_NS + (CARE_NS if rows <= FEW else CODE_ROW_NS) * rows if rows <= LONGEST_CODE else float("inf")

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self.called: set[tuple[str, int]] = set()
        self.python: list[tuple[Callable[..., float], list[Reading]]] = []
        called = {op for op, width in layout.counts if written_llvm(op, width) is None}
        parts = list(pieces(layout))
        stored = layout.needed_elsewhere(parts, called)
        storage = Storage(layout.first, parts, stored)
        self.end = storage.size  # of what is stored; after it the results lie once more, side by side
        self.tables: list[np.ndarray] = [np.append(storage.at(layout.results), 0).astype(np.int32)]  # one at least
        text = "\n".join(self.module([_Block(self, storage, k, stored) for k in range(len(parts))]))
        self.table = np.concatenate(self.tables)
        del self.tables
        vars(layout).pop("segments", None)  # nobody needs them again
        few = sum(piece.period for piece in parts) <= FEW
        with COMPILING:
            self.call = linked(self, text, self.called, c_void_p, c_void_p, c_void_p, gives=c_int, opt=2 if few else 0)

    def module(self, blocks: Sequence[_Block]) -> Iterator[str]:
        """The program as LLVM code: the blocks, and `run`, which calls one after the other."""
        for block in blocks:
            yield f"define internal void @block{block.piece.low}(ptr %slots, ptr %tables, ptr %python) nounwind {{"
            yield from block.lines()
            yield "  ret void\n}"
        yield "define i32 @run(ptr %slots, ptr %tables, ptr %python) nounwind {\nentry:"
        yield from (f"  call void @block{block.piece.low}(ptr %slots, ptr %tables, ptr %python)" for block in blocks)
        yield _RESULTS.format(self.end, len(self.layout.results))

    def bind(self) -> Callable[[Array], Array]:
        """The program as a function from inputs to results; it owns its buffer, so each thread binds its own."""
        return self.bound(check=False)

    def bind_checked(self) -> Callable[[Array], Array]:
        """The same, raising where a result is not finite, which the machine code tells: numpy takes as long as a small run."""
        return in_own_context(self.bound(check=True))

    def bound(self, check: bool) -> Callable[[Array], Array]:
        """The program with a buffer of its own."""
        layout, count = self.layout, len(self.layout.results)
        slots = np.zeros(self.end + count + 1)
        slots[layout.inputs : layout.first] = layout.constants
        arguments, results = slots[: layout.inputs], slots[self.end : self.end + count]
        python = PythonRows(self.python, slots) if self.python else None
        addresses: tuple[Any, ...] = slots.ctypes.data, self.table.ctypes.data, python and python.address

        def run(inputs: Array) -> Array:
            arguments[:] = inputs
            infinite = self.call(*addresses)
            if python is not None:
                python.check()
            if infinite and check:
                raise FloatingPointError("a result is not finite")
            return results.copy()

        return run


def pieces(layout: Layout) -> Iterator[Segment]:
    """The segments as functions: straight ones cut into blocks."""
    starts = layout.flat()[0]
    for segment in layout.segments:
        if segment.repeats > 1:
            yield segment
        else:
            for low in range(0, segment.period, ROWS_IN_ONE):
                yield segment.cut(starts, low, min(low + ROWS_IN_ONE, segment.period))


class _Block:
    """One function: rows that follow each other, or the rows of one step in a loop."""

    def __init__(self, program: Native, storage: Storage, place: int, stored: np.ndarray) -> None:
        self.program, self.layout, self.stored = program, program.layout, stored
        self.piece, self.moved = storage.parts[place], storage.moved(place)  # its operands by slots, and by places
        self.own, self.width = storage.own(place), int(storage.width[place])
        self.known: dict[tuple[int, int, int], str] = {}  # operands that were loaded
        self.bases: dict[int, str] = {0: "%slots"}  # the buffer as a step sees it that is so many slots further each time
        self.text: list[str] = []

    def lines(self) -> Iterator[str]:
        """The function's body."""
        piece, looped = self.piece, self.piece.repeats > 1
        if looped:
            yield "entry:\n  br label %step\nstep:\n  %k = phi i64 [0, %entry], [%following, %step]"
            for stride in sorted({*self.moved.stride.tolist(), self.width} - {0}):
                self.bases[stride] = name = f"%base{len(self.bases)}"
                yield f"  {name}.by = mul i64 %k, {stride}\n  {name} = getelementptr double, ptr %slots, i64 {name}.by"
        operand = 0
        for row in piece.rows:
            operand += self.row(row, operand)
        yield from self.text
        if looped:
            yield f"  %following = add i64 %k, 1\n  %done = icmp eq i64 %following, {piece.repeats}"
            yield "  br i1 %done, label %end, label %step\nend:"

    def row(self, row: int, operand: int) -> int:
        """The instructions of one row: its operands, its operation, and the store if others need it; how many operands."""
        op, width = self.layout.op(row), len(self.layout.operands(row))
        code = written_llvm(op, width)
        if code is None:
            result = self.python_row(row, operand, width)
        else:
            self.program.called |= code.called
            names = [self.load(operand + i) for i in range(width)]
            self.text.append(code.lines.format(row, *names))
            result = code.result.format(row, *names)
        slot = self.layout.first + self.piece.low + row - self.piece.like
        stride = self.piece.period if self.piece.repeats > 1 else 0
        self.known[slot, stride, -1] = result
        if self.stored[row]:
            base, place = self.bases[self.width if stride else 0], self.own[row - self.piece.like]
            self.text.append(f"  %to{row} = getelementptr double, ptr {base}, i64 {place}")
            self.text.append(f"  store double {result}, ptr %to{row}")
        return width

    def python_row(self, row: int, operand: int, width: int) -> str:
        """A call of Python, whose operands must be in their slots."""
        number, piece = len(self.program.python), self.moved
        lines = slice(operand, operand + width)
        tables = [None if k < 0 else piece.tables[k].tolist() for k in piece.table[lines].tolist()]
        operands = list(zip(piece.start[lines].tolist(), piece.stride[lines].tolist(), tables, strict=True))
        self.program.python.append((self.layout.op(row).forward, operands))
        self.text.append(f"  %r{row} = call double %python(i32 {number}, i64 {'%k' if piece.repeats > 1 else 0})")
        return f"%r{row}"

    def load(self, operand: int) -> str:
        """The register that holds an operand of the block, loaded if it is not known yet."""
        piece = self.piece
        start, stride, table = int(piece.start[operand]), int(piece.stride[operand]), int(piece.table[operand])
        key = (start, stride, -1) if table < 0 else (operand, 0, table)
        if key in self.known:
            return self.known[key]
        name = self.known[key] = f"%v{operand}"
        if table < 0:
            base, place = self.bases[int(self.moved.stride[operand])], int(self.moved.start[operand])
            self.text.append(f"  {name}.at = getelementptr double, ptr {base}, i64 {place}")
        else:
            begin = sum(map(len, self.program.tables))
            self.program.tables.append(self.moved.tables[table].astype(np.int32))
            self.text.append(
                f"  {name}.line = getelementptr i32, ptr %tables, i64 {begin}\n"
                f"  {name}.index = getelementptr i32, ptr {name}.line, i64 %k\n"
                f"  {name}.slot = load i32, ptr {name}.index\n"
                f"  {name}.at = getelementptr double, ptr %slots, i32 {name}.slot"
            )
        self.text.append(f"  {name} = load double, ptr {name}.at")
        return name
