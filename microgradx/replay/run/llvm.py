"""LLVM in this process (extra `native`): text is compiled and linked, and given back when nobody needs it."""

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
from collections.abc import Callable, Iterable
from typing import Any

AVAILABLE = importlib.util.find_spec("llvmlite") is not None and platform.machine() in ("x86_64", "AMD64", "aarch64", "arm64")
NUMBERS = itertools.count()  # of the programs compiled, as no two may have one name
COMPILING = threading.RLock()  # held by whoever calls LLVM; a fork waits for it, as its locks would stay locked in the child
GONE: list[Any] = []  # machine code of programs that are gone

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=COMPILING.acquire, after_in_parent=COMPILING.release, after_in_child=COMPILING.release)


@functools.cache
def compiler(opt: int) -> Any:
    """LLVM's compiler and linker, one for the process: each would take 0.9 MB and 2 ms.

    No optimisation changes a digit, as none may that LLVM does unasked. Without any (0), compiling takes a quarter of the time
    (10 us a row instead of 40) for code that runs a fifth longer.
    """
    from llvmlite.binding import Target, create_lljit_compiler, initialize_native_asmprinter, initialize_native_target

    initialize_native_target()
    initialize_native_asmprinter()
    machine = Target.from_default_triple().create_target_machine(opt=opt, reloc="pic", codemodel="default", jit=True)
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


def linked(
    owner: Any, text: str, called: Iterable[tuple[str, int]], *kinds: Any, gives: Any = None, opt: int = 0
) -> Callable[..., Any]:
    """The function `run` of LLVM code, in memory until `owner` is gone; `kinds` are the ctypes of its arguments.

    The C functions that it has `called` are declared here and come from where Python's own `math` finds them.
    """
    from llvmlite.binding import JITLibraryBuilder

    declared = [f"declare double @{name}({', '.join(['double'] * count)}) nounwind" for name, count in sorted(called)]
    library = JITLibraryBuilder().add_ir("\n".join([text, *declared])).export_symbol("run")
    provider = ctypes.CDLL(getattr(math, "__file__", None))
    for name, _ in called:
        if not name.startswith("llvm."):
            library.import_symbol(name, ctypes.addressof(ctypes.c_char.in_dll(provider, name)))
    found = library.link(compiler(opt), f"program{next(NUMBERS)}")
    weakref.finalize(owner, unload, found).atexit = False
    return ctypes.CFUNCTYPE(gives, *kinds)(found["run"])


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.c_int64)

Reading = tuple[int, int, Any]
"""Where a row reads a number in step k: in slot start + k * stride, or in the k-th slot of a table if there is one."""


class PythonRows:
    """The rows of a program that have no machine code, called by their number and step while it runs on the buffer `slots`.

    What one of them raises, as Ctrl-C may, must not get lost in machine code: it is kept, and raised once the run is over.
    """

    def __init__(self, rows: list[tuple[Callable[..., float], list[Reading]]], slots: Any) -> None:
        view = memoryview(slots)
        self.raised: BaseException | None = None

        def call(number: int, k: int) -> float:
            forward, operands = rows[number]
            try:
                return forward(*[view[start + k * stride if table is None else table[k]] for start, stride, table in operands])
            except BaseException as error:
                self.raised = error
                return math.nan

        self.pointer = CALLBACK(call)
        self.address = ctypes.cast(self.pointer, ctypes.c_void_p)

    def check(self) -> None:
        """Raise what was kept."""
        if self.raised is not None:
            raised, self.raised = self.raised, None
            raise raised
