"""Run a long recurrence whose steps were never written out, neither as rows nor as code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...collector import collector_off
from ..tape.tape import Tape
from .array_program import CALL_NS, Array, Plan
from .fewer_steps import LooksOnly, Recurrence
from .runner import Runner, beginnings
from .stretched import Ask, Stretched
from .tiers import FORMS, Tiered


class LongRunner(Runner):
    """An answer about a recurrence as a function of its inputs; `in_full` makes the runner of all its rows.

    That one has the word where a derivative of a derivative is not finite; all else that is not finite is run again step by step.
    """

    def __init__(
        self,
        tape: Tape,
        recurrence: Recurrence,
        layout: Stretched,
        in_full: Callable[[], Runner],
        doubted: bool,
        values: int,
    ) -> None:
        self.tape, self.in_full, self.doubted = tape, in_full, doubted
        self.begin = beginnings(len(layout.results) - len(recurrence.outcomes), values)
        self.plan, self.wide, self.loses, self.rows_live = None, False, False, len(layout)
        self.made: Runner | None = None
        self.prepare()
        self.narrow = {False: Tiered(layout, doubted=doubted), True: Tiered(layout, exact=True)}
        self.guards = recurrence.outcomes.tobytes()
        self.given, self.constants = recurrence.inputs, recurrence.constants
        self.slots = np.concatenate([np.zeros(0, dtype=np.int64), *recurrence.per_step])
        every = self.slots.min(initial=self.given) >= self.given  # the same in every run
        self.fixed = self.constants[self.slots - self.given] if every else None

    def run(self, inputs: Array) -> Array:
        """The outputs; raises GuardFailed where the recorded branches do not hold."""
        try:
            results = self.narrow[False].run(self.spread(inputs))
        except (ArithmeticError, ValueError, RuntimeError):  # as of any runner
            self.repeated += 1
            if self.doubted:
                return self.full.begun(self.full.exact(inputs))
            results = self.narrow[True].run(self.spread(inputs))
        return self.begun(results)

    def spread(self, inputs: Array) -> Array:
        """The inputs, and after those that are given the ones for each step."""
        if not len(self.slots):
            return inputs
        given = inputs[: self.given]
        steps = np.concatenate((given, self.constants))[self.slots] if self.fixed is None else self.fixed
        return np.concatenate((given, steps, inputs[self.given :]))

    def array_plan(self) -> Plan:
        """The array program of all rows."""
        return self.full.array_plan()

    @property
    def full(self) -> Runner:
        """The runner of all rows, made when it is first asked for."""
        with self.tape.lock, collector_off():
            self.made = self.made or self.in_full()
            return self.made


def long_runner(
    tape: Tape,
    recurrence: Recurrence | None,
    ask: Ask,
    places: Sequence[int],
    in_full: Callable[[], Runner],
    doubted: bool,
    values: int = 0,
) -> LongRunner | None:
    """The runner of a long recurrence, where its steps repeat in the answer, too, and arrays have nothing to hold.

    Derivatives by the inputs at `places` must not be by one that is another in each step.
    """
    if recurrence is None or any(np.isin(line, places).any() for line in recurrence.per_step):
        return None
    try:
        layout = Stretched(recurrence, ask)
    except LooksOnly:
        return None
    most = min(form.arrays * form.cost(layout) for form in FORMS if form.in_loops) / CALL_NS
    if layout.loses or layout.depth <= most:
        return None
    return LongRunner(tape, recurrence, layout, in_full, doubted, values)
