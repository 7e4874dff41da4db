"""A narrow program as machine code, written as text for LLVM and linked into this process (extra `native`).

The rows lie in one buffer of numbers: inputs, constants, then results. They are cut into functions of a few hundred rows: inside
one a row is a register, or has a place on the stack, which a function of all rows would overflow; what others need is stored.

Numbers that are not finite need no rules of their own here. Inputs and constants are finite, and the first operation that makes
inf or nan of finite numbers raises a flag of the processor: then the results are thrown away, and the exact path has the word.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import itertools
import math
import os
import platform
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...operation import Op
from ..regroup.columns import operations
from ..tape.rows import Rows
from .array_program import Array
from .llvm_text import written

BLOCK = 200  # rows in a function; from 100 to 5,000 compile and run alike
FLAGS = {"x86_64": 0b1101, "aarch64": 0b0111, "arm64": 0b0111}  # invalid, division by zero, overflow; Windows has other numbers
AVAILABLE = importlib.util.find_spec("llvmlite") is not None and platform.machine() in FLAGS
NUMBERS = itertools.count()  # of the programs compiled, as no two may have one name
COMPILING = threading.RLock()  # held by whoever calls LLVM; a fork waits for it, as its locks would stay locked in the child
GONE: list[Any] = []  # machine code of programs that are gone
RUN_NS, INSTRUCTION_NS, FUNCTION_NS = 1000.0, 0.5, 12.0  # measured: a run at all, an instruction, a call of a C function

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=COMPILING.acquire, after_in_parent=COMPILING.release, after_in_child=COMPILING.release)


def native_ns(counts: dict[Op, int]) -> float:
    """About how long a run takes with so many rows of each operation; infinity if one of them has no code."""
    total = RUN_NS
    for op, count in counts.items():
        code = written(op, op.arity or 2)
        if code is None:
            return math.inf
        total += count * (INSTRUCTION_NS * code.instructions + FUNCTION_NS * code.functions)
    return total


@functools.cache
def compiler() -> Any:
    """LLVM's compiler and linker, one for the process: each would take 0.9 MB and 2 ms.

    Without optimisation: that takes a quarter of the time (10 us a row instead of 40) for code that runs a fifth longer, and
    leaves the operations and their order as they are written.
    """
    from llvmlite.binding import Target, create_lljit_compiler, initialize_native_asmprinter, initialize_native_target

    initialize_native_target()
    initialize_native_asmprinter()
    machine = Target.from_default_triple().create_target_machine(opt=0, codemodel="default", jit=True)
    return create_lljit_compiler(machine, use_jit_link=True)


def unload(linked: Any) -> None:
    """Give the memory of machine code back: at once, or with the next one if another thread calls LLVM or forks."""
    GONE.append(linked)
    if COMPILING.acquire(blocking=False):
        try:
            while GONE:
                GONE.pop().close()
        finally:
            COMPILING.release()


class Native:
    """The live rows of a tape as machine code; ValueError where an operation or a number has none."""

    def __init__(self, tape: Rows, outputs: Sequence[int]) -> None:
        self.inputs, self.constants = len(tape.inputs), list(tape.constants.values())
        self.slot = {row: place for place, row in enumerate([*tape.inputs, *tape.constants])}
        self.called = {("feclearexcept", 1), ("fetestexcept", 1)}
        code = "\n".join(self.module(tape, outputs))
        self.results = np.array([self.slot[row] for row in outputs], dtype=np.int64)
        self.size = len(self.slot)
        del self.slot
        self.link(code)

    def module(self, tape: Rows, outputs: Sequence[int]) -> Iterator[str]:
        """The program as LLVM code: the blocks, `run`, which calls one after the other, and what C provides."""
        steps = list(operations(tape, outputs))
        special = {row for row, value in tape.constants.items() if not math.isfinite(value)}
        if not all(special.isdisjoint(parents) for _, _, parents in steps):
            raise ValueError("a constant of the program is inf or nan")
        block_of = {row: place // BLOCK for place, (row, _, _) in enumerate(steps)}
        stored = {x for row, _, parents in steps for x in parents if block_of.get(x) != block_of[row]} | set(outputs)
        blocks = range(0, len(steps), BLOCK)
        for low in blocks:
            yield f"define internal void @block{low}(ptr %slots) nounwind {{"
            yield from self.block(steps[low : low + BLOCK], stored)
            yield "  ret void\n}"
        mask = FLAGS[platform.machine()]
        yield f"define i32 @run(ptr %slots) nounwind {{\n  call i32 @feclearexcept(i32 {mask})"
        yield from (f"  call void @block{low}(ptr %slots)" for low in blocks)
        yield f"  %flags = call i32 @fetestexcept(i32 {mask})\n  ret i32 %flags\n}}"
        for name, count in sorted(self.called):
            kind = "i32" if name.startswith("fe") else "double"
            yield f"declare {kind} @{name}({', '.join([kind] * count)}) nounwind"

    def block(self, steps: Sequence[tuple[int, Op, tuple[int, ...]]], stored: set[int]) -> Iterator[str]:
        """The rows of one function: each operand loaded once, each result stored if it is needed elsewhere."""
        name: dict[int, str] = {}
        for row, op, parents in steps:
            for x in parents:
                if x not in name:
                    name[x] = f"%v{x}"
                    yield f"  %from{x} = getelementptr double, ptr %slots, i64 {self.slot[x]}"
                    yield f"  %v{x} = load double, ptr %from{x}"
            code = written(op, len(parents))
            if code is None:
                raise ValueError(f"the array form of {op} is not one that can be written as machine code")
            self.called |= code.called
            operands = [name[x] for x in parents]
            yield code.lines.format(row, *operands)
            name[row] = code.result.format(row, *operands)
            if row in stored:
                self.slot[row] = len(self.slot)
                yield f"  %to{row} = getelementptr double, ptr %slots, i64 {self.slot[row]}"
                yield f"  store double {name[row]}, ptr %to{row}"

    def link(self, code: str) -> None:
        """Compile and bring into memory, until this object is gone."""
        from llvmlite.binding import JITLibraryBuilder

        library = JITLibraryBuilder().add_ir(code).export_symbol("run")
        provider = ctypes.CDLL(getattr(math, "__file__", None))  # where Python's own `math` finds its functions
        for name, _ in self.called:
            if not name.startswith("llvm."):
                library.import_symbol(name, ctypes.addressof(ctypes.c_char.in_dll(provider, name)))
        linked = library.link(compiler(), f"program{next(NUMBERS)}")
        weakref.finalize(self, unload, linked).atexit = False
        self.call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(linked["run"])

    def bind(self) -> Callable[[Array], Array]:
        """The program as a function from inputs to results; it owns its buffer, so each thread binds its own."""
        slots = np.zeros(self.size)
        slots[self.inputs : self.inputs + len(self.constants)] = self.constants
        arguments, take, results, address = slots[: self.inputs], slots.take, self.results, slots.ctypes.data

        def run(inputs: Array) -> Array:
            arguments[:] = inputs
            if self.call(address):
                raise FloatingPointError("a result on the way is not finite")
            return take(results)

        return run
