"""The forms in which a narrow program runs, and when it changes from one to the next."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from .array_program import Array
from .form import Form
from .interpreter import Interpreter
from .layout import Layout
from .machine_code import Native
from .python_source import Source
from .row_by_row import Loop, Steps

FORMS: list[type[Form]] = [Loop, Interpreter, Source, Native]
WORTH = 0.25  # of the time must be saved, as costs are estimates
SPENT_NS = 480.0  # a row that recording took, with its gradient: what takes less is made at once
_AT_ONCE = 1.0  # runs that lose as much time as making a better form takes: rather make it first, and the fastest of those


class Tiered:
    """A narrow program in the form that is due.

    It starts in the form that is there at once, and climbs to one that saves a quarter of the time or more once it has lost about
    as much as that one takes to make. As all give the same bits, a change is seen in the time alone. Where it is `exact`, every
    form is right for every number; a `doubted` one raises FloatingPointError where results are not finite whatever its form.
    """

    def __init__(self, layout: Layout, exact: bool = False, doubted: bool = False) -> None:
        self.layout, self.doubted = layout, doubted
        self.kind: type[Form] = Loop if layout.written_out else Steps
        self.forms = [form for form in FORMS if (form.exact or not exact) and (form.in_loops or layout.written_out)]
        self.local = threading.local()
        self.made: Form | None = None
        self.runs = 0
        self.wanted: type[Form] | None = None
        self.look(closely=False)
        while self.wanted is not None and self.patience <= _AT_ONCE:
            self.climb()

    def look(self, closely: bool) -> None:
        """Choose the form to climb to, and after how many runs in the present one."""
        self.closely, self.wanted, self.patience = closely, None, math.inf
        now, least = self.kind.cost(self.layout), 0.0
        for form in self.forms:
            cost = form.cost(self.layout)
            if now - cost > WORTH * now:
                making = form.making(self.layout, closely)
                patience = _AT_ONCE if making < SPENT_NS * len(self.layout) else max(_AT_ONCE, making / (now - cost))
                if (patience, cost) < (self.patience, least):
                    self.wanted, self.patience, least = form, patience, cost

    def climb(self) -> None:
        """Change to the form that is wanted, now."""
        if self.wanted is not None:
            try:
                self.made, self.kind = self.wanted(self.layout), self.wanted
            except (ImportError, RuntimeError, ValueError):  # an old llvmlite, a C function that is missing, no executable memory
                self.forms = [form for form in self.forms if form is not self.wanted]
            self.runs = 0
            self.look(closely=False)
            self.local = threading.local()  # other threads bind the new form when they come by

    def due(self) -> None:
        """Climb, if that is worth it on a closer look."""
        with self.layout.tape.lock:
            if not self.closely:
                self.look(closely=True)
            if self.runs > self.patience:
                self.climb()

    def settle(self) -> None:
        """Change to the last form at once."""
        with self.layout.tape.lock:
            self.look(closely=True)
            while self.wanted is not None:
                self.climb()
                self.look(closely=True)

    def run(self, inputs: Array) -> Array:
        """The results, in this thread's copy of the program."""
        if self.wanted is not None:
            self.runs += 1
            if self.runs > self.patience:
                self.due()
        local = self.local
        run: Callable[[Array], Array] | None = getattr(local, "run", None)
        if run is None:
            made = self.made = self.made or self.kind(self.layout)
            run = local.run = made.bind() if made.exact and not self.doubted else made.bind_checked()
        return run(inputs)
