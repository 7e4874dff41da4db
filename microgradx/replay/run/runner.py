"""Run rows of a tape: as arrays where that is fast, else row by row; guards are checked, what is not finite is run exactly."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import ops
from ..regroup.columns import Columns
from ..regroup.group import group
from ..regroup.slots import Placer
from ..regroup.sums import flatten
from ..tape.rows import code_of
from ..tape.tape import Tape
from .array_program import CALL_NS, Array, Plan, cost_of
from .finite import finite
from .layout import Layout
from .tiers import FORMS, Tiered

BEGINNING = 50_000  # rows that are enough to tell a recurrence that is too deep for arrays


class GuardFailed(RuntimeError):
    """A branch that the recorded program took would be taken otherwise for these inputs."""

    def __str__(self) -> str:
        return (
            "for these numbers the function takes another way through its branches than this program has recorded: "
            "call the compiled function itself, which records every way"
        )


class Arrays:
    """An array program, of which each thread has a copy of its own."""

    def __init__(self, plan: Plan, flags: bool) -> None:
        self.plan, self.flags, self.local = plan, flags, threading.local()

    def run(self, inputs: Array) -> Array:
        """The results."""
        run: Callable[[Array], Array] | None = getattr(self.local, "run", None)
        if run is None:
            run = self.local.run = finite(self.plan.bind(), self.flags)
        return run(inputs)


def beginnings(count: int, values: int) -> Array | None:
    """What is added to the results of which the first `values` are values and the others derivatives; None for values alone.

    In eager evaluation a derivative is never -0.0; a value may be, and that is what -0.0 changes nothing of.
    """
    return None if values >= count else np.array([-0.0] * values + [0.0] * (count - values))


class Runner:
    """Some rows of a tape as a function of its inputs.

    `form` is "array" (numpy calls) for good where that is fast, else that of the tier that is due (see `Tiered`), and all tiers
    give the bits of eager evaluation. Arrays add up in another order, so a program never changes between the two: its digits do
    not depend on how often it was called.

    `as_eager` gives the rows of a derivative of derivatives on a tape that tells zeros that were made from others, for the exact
    path. The first `values` of the outputs are values, the others derivatives.
    """

    def __init__(
        self,
        tape: Tape,
        outputs: Sequence[int],
        as_eager: Callable[[], tuple[Tape, list[int]]] | None = None,
        values: int = 0,
    ) -> None:
        self.tape = tape
        self.as_eager = as_eager
        self.outputs = list(outputs)
        self.begin = beginnings(len(self.outputs), values)
        self.rows = self.outputs + [row for row, _ in tape.guards]
        self.guards = np.array([outcome for _, outcome in tape.guards]).tobytes()
        layout = Layout(tape, self.rows)
        self.rows_live, self.loses = len(layout), layout.loses
        self.flags = self.loses or code_of(ops.heaviside) in layout.code  # for which arrays have a comparison
        self.plan = self.build(min(form.arrays * form.cost(layout) for form in FORMS) / CALL_NS, layout.live)
        self.wide = self.plan is not None
        self.prepare()
        if not self.wide and not (self.loses and as_eager):
            self.narrow[self.loses] = Tiered(layout, self.loses, as_eager is not None)

    def prepare(self) -> None:
        """What is not part of the data: bound programs, compiled code."""
        self.narrow: dict[bool, Tiered] = {}
        self.usual: Arrays | Tiered | None = None
        self.repeated = 0  # runs that the exact path had to repeat

    @property
    def full(self) -> Runner:
        """The runner of all rows."""
        return self

    def array_plan(self) -> Plan:
        """The array program, also where another form is faster here."""
        if self.plan is None:
            with self.tape.lock:
                self.plan = self.plan or self.build(math.inf)
        assert self.plan is not None
        return self.plan

    def build(self, most: float, live: np.ndarray | None = None) -> Plan | None:
        """Regroup, unless that takes as long as `most` array calls: then it is left off as soon as that is known.

        The `live` rows may be given, where they are known.
        """
        long = self.rows_live > 4 * BEGINNING and most < math.inf
        if long and flatten(Columns(*self.tape.beginning(BEGINNING)), deepest=most).depth > most:
            return None  # a long recurrence: its first steps tell
        columns = Columns(self.tape, self.rows, live)
        sums = flatten(columns, deepest=most)
        if sums.depth > most:  # a level is at least one group, a group at least one call
            return None
        most_groups = most - cost_of(sums.depth // 2, len(sums.rows)) / CALL_NS  # of every other level a call that gathers
        groups = group(columns, sums, most=most_groups)
        if len(groups) > most_groups:
            return None
        placer = Placer(columns, sums, groups)
        placer.place()
        plan = Plan(placer, self.rows)
        return plan if plan.cost <= most * CALL_NS else None

    @property
    def form(self) -> str:
        """The name of the form that is due."""
        return "array" if self.wide else self.tiered(self.loses).kind.name

    @property
    def said(self) -> str:
        """The form in words."""
        return "as arrays" if self.wide else self.tiered(self.loses).kind.said

    def settle(self) -> None:
        """Change to the final form at once."""
        if not self.wide:
            self.tiered(self.loses).settle()

    def run(self, inputs: Array) -> Array:
        """The outputs; raises GuardFailed where the recorded branches do not hold."""
        if self.tape.exact:
            results = self.exact(inputs)
        else:
            try:
                results = (self.usual or self.chosen()).run(inputs)
            except (ArithmeticError, ValueError, RuntimeError):  # the last if a run is entered again, as from a signal's handler
                self.repeated += 1
                results = self.exact(inputs)
        return self.begun(results)

    def chosen(self) -> Arrays | Tiered:
        """What runs where nothing speaks for the exact path, from now on."""
        self.usual = Arrays(self.array_plan(), self.flags) if self.wide else self.tiered(exact=self.loses)
        return self.usual

    def exact(self, inputs: Array) -> Array:
        """The outputs by the exact path, and the comparisons."""
        return self.tiered(exact=True).run(inputs)

    def begun(self, results: Array) -> Array:
        """The outputs as eager evaluation gives them, whose derivatives begin at 0, if every comparison came out as recorded."""
        if self.guards:
            results = self.guarded(results)
        return results if self.begin is None else np.add(results, self.begin, results)

    def guarded(self, results: Array) -> Array:
        """The outputs, if every comparison came out as it was recorded."""
        count = len(results) - len(self.guards) // results.itemsize
        if results[count:].tobytes() != self.guards:
            raise GuardFailed
        return results[:count]

    def tiered(self, exact: bool) -> Tiered:
        """The rows one by one, made when first needed; for the exact path those of eager evaluation."""
        if exact not in self.narrow:
            with self.tape.lock:
                if exact not in self.narrow:
                    tape, outputs = self.as_eager() if exact and self.as_eager else (self.tape, self.outputs)
                    layout = Layout(tape, outputs + [row for row, _ in tape.guards])
                    self.narrow[exact] = Tiered(layout, exact, not exact and self.as_eager is not None)
        return self.narrow[exact]

    def __getstate__(self) -> dict[str, object]:
        kept = ("tape", "outputs", "rows", "guards", "plan", "wide", "loses", "flags", "rows_live", "begin")
        return {name: getattr(self, name) for name in kept} | {"eager": self.as_eager and self.as_eager()}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        eager: Any = state["eager"]
        self.as_eager = eager and (lambda: eager)
        self.prepare()
