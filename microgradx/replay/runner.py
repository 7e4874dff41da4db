"""Run a tape in the form that is cheapest for it, check its guards, and hand over to the exact path where numbers overflow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

import numpy as np

from .columns import Columns
from .exact import Loop
from .group import group
from .place import Placer
from .plan import Array, Plan
from .record import Tape
from .rows import CONSTANT
from .source import source
from .sums import flatten

CALL_NS, ROW_NS = 600.0, 34.0  # measured: one numpy call with its share of gathers, one row of generated source
LONGEST_SOURCE = 60_000  # rows; Python compiles longer functions ever more slowly
PATIENCE = 50  # runs in the plain loop before source is worth its compilation


class GuardFailed(RuntimeError):
    """A branch that the recorded program took would be taken otherwise for these inputs."""

    def __str__(self) -> str:
        return (
            "for these numbers the function takes another way through its branches than this program has recorded: "
            "call the compiled function itself, which records every way"
        )


class Runner:
    """Some rows of a tape as a function of its inputs.

    `form` is "array" (numpy calls), "loop" (row by row) or "source" (generated Python), whichever is expected to be fastest.
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
        self.length = len(tape)
        self.plan: Plan | None = None
        self.form = "array"
        self.runs = 0
        self.build(any_width=False)
        self.prepare()

    def array_plan(self) -> Plan:
        """The array program, also where another form is faster here."""
        if self.plan is None:
            self.build(any_width=True)
        assert self.plan is not None
        return self.plan

    def build(self, any_width: bool) -> None:
        """Regroup, unless there is so little to group that the loop or source must win (and `any_width` is false)."""
        columns = Columns(self.tape, self.rows)
        sums = flatten(columns)
        groups = group(columns, sums)
        self.operations = len(groups.rows)
        scalar = self.rows_live = int((columns.live & (columns.op > CONSTANT)).sum())
        most = scalar * ROW_NS / CALL_NS if scalar <= LONGEST_SOURCE and not any_width else np.inf
        if len(groups.start) - 1 <= most:  # a group is at least one call
            placer = Placer(columns, sums, groups)
            placer.place()
            if len(placer.emitter.instructions) <= most:
                self.plan = Plan(placer, self.rows)
                return
        self.form = "loop"

    def prepare(self) -> None:
        """What is not part of the data: bound programs, the exact loop."""
        self.local = threading.local()
        self.loop: Loop | None = None
        self.source: Callable[[Sequence[float]], tuple[float, ...]] | None = None

    def run(self, inputs: Array) -> Array:
        """The outputs; raises GuardFailed where the recorded branches do not hold."""
        if self.tape.exact:
            return self.exact(inputs)
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                if not isfinite(inputs.dot(inputs)):  # a fifth of the time of np.isfinite(inputs).all()
                    return self.exact(inputs)
                results = self.bound()(inputs) if self.form == "array" else np.array(self.scalar()(inputs.tolist()))
                if not isfinite(results.dot(results)):
                    return self.exact(inputs)
        except (ArithmeticError, ValueError):
            return self.exact(inputs)
        return self.checked(results)

    def exact(self, inputs: Array) -> Array:
        """The outputs by the exact path."""
        return self.checked(np.array(self.exact_loop().run(inputs.tolist()), dtype=np.float64))

    def checked(self, results: Array) -> Array:
        """The outputs, if every comparison came out as it was recorded."""
        if not self.guards:
            return results
        count = len(self.outputs)
        if results[count:].tobytes() != self.guards:
            raise GuardFailed
        return results[:count]

    def bound(self) -> Callable[[Array], Array]:
        """This thread's copy of the array program."""
        run: Callable[[Array], Array] | None = getattr(self.local, "run", None)
        if run is None:
            assert self.plan is not None
            run = self.local.run = self.plan.bind()
        return run

    def scalar(self) -> Callable[[Sequence[float]], Sequence[float]]:
        """The loop at first, then generated source."""
        self.runs += 1
        if self.source is None and self.runs > PATIENCE:
            with self.tape.lock:
                if self.source is None:
                    self.source = source(self.tape, self.rows)
                    self.form = "source"
        return self.source or self.exact_loop().run

    def exact_loop(self) -> Loop:
        """The exact path, made when it is first needed."""
        if self.loop is None:
            with self.tape.lock:
                if self.loop is None:
                    tape, outputs = self.as_eager() if self.as_eager else (self.tape, self.outputs)
                    self.loop = Loop(tape, outputs + [row for row, _ in tape.guards])
        return self.loop

    def __getstate__(self) -> dict[str, object]:
        kept = ("tape", "outputs", "rows", "guards", "length", "plan", "form", "runs", "operations", "rows_live")
        return {name: getattr(self, name) for name in kept} | {"eager": self.as_eager and self.as_eager()}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        eager: Any = state["eager"]
        self.as_eager = eager and (lambda: eager)
        if self.form == "source":
            self.form = "loop"
        self.prepare()
