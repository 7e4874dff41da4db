"""Run a tape in the form that is cheapest for it, check its guards, and hand over to the exact path where numbers overflow."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from typing import Any

import numpy as np

from ..regroup.columns import Columns
from ..regroup.group import group
from ..regroup.slots import Placer
from ..regroup.sums import flatten
from ..tape.rows import CONSTANT, TABLE, find
from ..tape.tape import Tape
from .array_program import Array, Plan
from .machine_code import AVAILABLE, COMPILING, Native, native_ns
from .python_source import source
from .row_by_row import Loop

# measured on the cases of the benchmark, wide and narrow, which these get right within about a factor of two
CALL_NS, ELEMENT_NS = 600.0, 0.6  # one numpy call with its share of gathers, one number that it writes
ROW_NS = {"loop": 100.0, "source": 25.0}  # one row; machine code counts its instructions
COMPILE_NS = {"source": 9_000.0, "native": 12_000.0}  # compiling one row
START_NS = 1e6  # compiling at all; loading llvmlite, 30 to 80 ms once in a process, is not counted
LONGEST_SOURCE = 60_000  # rows; Python compiles longer functions ever more slowly
LONGEST_NATIVE = 1_000_000  # rows; at 8 us and 0.6 kB each, no run waits longer than 10 s for its machine code
PATIENCE = 1.0  # a form is changed once the time lost by the present one is so many times what the change costs


class GuardFailed(RuntimeError):
    """A branch that the recorded program took would be taken otherwise for these inputs."""

    def __str__(self) -> str:
        return (
            "for these numbers the function takes another way through its branches than this program has recorded: "
            "call the compiled function itself, which records every way"
        )


def flagged(run: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """`run`, raising FloatingPointError where an input, a number on the way or a result is not finite.

    numpy's flags are set once, in a context that nothing else enters: np.errstate round each run would cost it 1 us.
    """

    def finite(inputs: Array) -> Array:
        if math.isfinite(inputs.dot(inputs)):  # a fifth of the time of np.isfinite(inputs).all()
            results = run(inputs)
            if math.isfinite(results.dot(results)):
                return results
        raise FloatingPointError("not all numbers are finite")

    own = Context()
    own.run(lambda: np.seterr(over="raise", divide="raise", invalid="raise"))
    return partial(own.run, finite)  # type: ignore[call-arg]  # the inputs come with the call


class Runner:
    """Some rows of a tape as a function of its inputs.

    `form` is "array" (numpy calls) for good where that is fast. Else it is "loop" (row by row) at first, then "source" (generated
    Python) or "native" (machine code) where that is expected to be at least twice as fast, after so many runs that it would have
    paid to have it from the start. These three give the bits of eager evaluation; arrays add up in another order, so a program
    never changes from arrays to anything else: its digits do not depend on how often it was called.
    `as_eager` gives the same rows on a tape whose operations are those of eager evaluation, for the exact path.
    """

    def __init__(
        self, tape: Tape, outputs: Sequence[int], as_eager: Callable[[], tuple[Tape, list[int]]] | None = None
    ) -> None:
        self.tape = tape
        self.as_eager = as_eager
        self.outputs = list(outputs)
        self.rows = self.outputs + [row for row, _ in tape.guards]
        self.guards = np.array([outcome for _, outcome in tape.guards]).tobytes()
        self.plan = self.build(any_width=False)
        self.first = "array" if self.plan else "loop"
        if self.prospect(self.compiled)[0] != self.first:
            self.first = "loop"
        self.prepare()

    def array_plan(self) -> Plan:
        """The array program, also where another form is faster here."""
        if self.plan is None:
            with self.tape.lock:
                self.plan = self.plan or self.build(any_width=True)
        assert self.plan is not None
        return self.plan

    def build(self, any_width: bool) -> Plan | None:
        """Regroup, unless there is so little to group that it cannot pay (and `any_width` is false).

        A group takes 0.1 ms to place, so it must hold enough rows for a run at least twice as fast as row by row.
        """
        columns = Columns(self.tape, self.rows)
        codes, counts = np.unique(columns.op[columns.live & (columns.op > CONSTANT)], return_counts=True)
        self.counts = {op.name: int(count) for code, count in zip(codes, counts, strict=True) if (op := TABLE[code])}
        self.rows_live = int(counts.sum())
        most = math.inf if any_width else min(self.run_ns("loop") / 2, self.run_ns("source")) / CALL_NS
        sums = flatten(columns, deepest=most)
        if sums.depth > most:  # a level is at least one group, a group at least one call
            return None
        groups = group(columns, sums)
        if len(groups.start) - 1 > most:
            return None
        placer = Placer(columns, sums, groups)
        placer.place()
        return Plan(placer, self.rows) if len(placer.emitter.instructions) <= most else None

    def prepare(self) -> None:
        """What is not part of the data: bound programs, compiled code, the exact loop."""
        self.local = threading.local()
        self.loops: dict[bool, Loop] = {}
        self.source: Callable[[Sequence[float]], tuple[float, ...]] | None = None
        self.native: Native | None = None
        self.runs = 0
        self.form = self.first
        self.final, self.patience = (self.first, math.inf) if self.first == "array" else self.prospect(self.compiled)

    @property
    def compiled(self) -> Sequence[str]:
        """The forms that a program may change to here, best first."""
        return ["native", "source"] if AVAILABLE else ["source"]

    def prospect(self, forms: Sequence[str]) -> tuple[str, float]:
        """The first of `forms` that is worth changing to, and after how many runs."""
        now = self.run_ns(self.first)
        for form in forms:
            saved = now - self.run_ns(form)
            if saved > now / 2:
                return form, PATIENCE * (START_NS + COMPILE_NS[form] * self.rows_live) / saved
        return self.first, math.inf

    def run_ns(self, form: str) -> float:
        """About how long a run takes in that form; infinity where the program cannot have it."""
        if form == "array":
            steps = self.array_plan().instructions
            return CALL_NS * len(steps) + ELEMENT_NS * sum(math.prod(step.write.shape) for step in steps)
        if self.rows_live > {"native": LONGEST_NATIVE, "source": LONGEST_SOURCE}.get(form, math.inf):
            return math.inf
        if form == "native":
            return native_ns({find(name): count for name, count in self.counts.items()})
        return ROW_NS[form] * self.rows_live

    def run(self, inputs: Array) -> Array:
        """The outputs; raises GuardFailed where the recorded branches do not hold."""
        if self.tape.exact:
            return self.exact(inputs)
        try:
            results = self.bound()(inputs)
        except (ArithmeticError, ValueError, RuntimeError):  # the last if a run is entered again, as from a signal's handler
            return self.exact(inputs)
        return self.checked(results)

    def exact(self, inputs: Array) -> Array:
        """The outputs by the exact path."""
        return self.checked(np.array(self.loop(exact=True).run(inputs.tolist()), dtype=np.float64))

    def checked(self, results: Array) -> Array:
        """The outputs, if every comparison came out as it was recorded."""
        if not self.guards:
            return results
        count = len(self.outputs)
        if results[count:].tobytes() != self.guards:
            raise GuardFailed
        return results[:count]

    def bound(self) -> Callable[[Array], Array]:
        """This thread's copy of the program, in the form that is due."""
        if self.form != self.final:
            self.runs += 1
            if self.runs > self.patience:
                self.settle()
        local = self.local  # another thread may change the form, and then puts a new one here
        run: Callable[[Array], Array] | None = getattr(local, "run", None)
        if run is None:
            run = local.run = flagged(self.bind())
        return run

    def settle(self) -> None:
        """Change to the final form at once."""
        with COMPILING, self.tape.lock:
            if self.form != self.final == "native":
                try:
                    self.native = Native(self.tape, self.rows)
                except (ImportError, RuntimeError, ValueError):  # no code for a row, an old llvmlite, no executable memory
                    self.final, self.patience = self.prospect(["source"])
            if self.form != self.final == "source":
                self.source = source(self.tape, self.rows)
            if self.form != self.final:
                self.form, self.local = self.final, threading.local()

    def bind(self) -> Callable[[Array], Array]:
        """The present form as a function from inputs to results."""
        if self.native is not None:
            return self.native.bind()
        if self.form == "array":
            return self.array_plan().bind()
        scalar = self.source or (self.loop(exact=False).run_finite if self.as_eager else self.loop(exact=True).run)
        return lambda inputs: np.array(scalar(inputs.tolist()))

    def loop(self, exact: bool) -> Loop:
        """The rows one by one, made when first needed; those of eager evaluation for the `exact` path alone."""
        eager = exact and self.as_eager is not None
        with self.tape.lock:
            if eager not in self.loops:
                tape, outputs = self.as_eager() if eager and self.as_eager else (self.tape, self.outputs)
                self.loops[eager] = Loop(tape, outputs + [row for row, _ in tape.guards])
            return self.loops[eager]

    def __getstate__(self) -> dict[str, object]:
        kept = ("tape", "outputs", "rows", "guards", "plan", "first", "counts", "rows_live")
        return {name: getattr(self, name) for name in kept} | {"eager": self.as_eager and self.as_eager()}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        eager: Any = state["eager"]
        self.as_eager = eager and (lambda: eager)
        self.prepare()
