"""A cursor on a recorded pass: where it stands, how it moves, what it stops at."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Self, overload

from ...engine import Value
from ..trace import GRAINS, NEURON, Contribution, Group, Trace
from ..wording import Pass
from ..words.names import displayed, find_node, name_nodes, variables_of
from .step import Step

MANY = 1500
"""From so many nodes on, a graph whose neurons are labelled is stepped by neuron unless asked otherwise."""
OVER = "the pass is over; s.commit() writes the gradients"

Test = Callable[[Step], bool]


class Cursor:
    """A place in one recorded backward pass: `at` steps are done, and `part` contributions of the next. Moves return it."""

    def __init__(
        self,
        output: Value,
        by: str | None,
        fold: bool,
        names: Mapping[str, object] | None,
        caller: Mapping[str, object],
    ) -> None:
        self.output = output
        self.trace = Trace(output)
        if by is None:
            labelled = len(self.trace.order) > MANY and any(n.label and NEURON.fullmatch(n.label) for n in self.trace.order)
            by = "neuron" if labelled else "node"
        if by not in GRAINS:
            raise ValueError(f"a pass is stepped by one of {', '.join(GRAINS)}; got by={by!r}")
        self.by = by
        self._fold = fold
        self.at = 0
        self.part = 0
        self.note = ""
        given = variables_of({**(names or {}), **{name: thing for name, thing in caller.items() if name not in (names or {})}})
        # only what names this graph: a stepper must not keep the caller's other data alive
        self._caller = {name: node for node, name in given.items() if node in self.trace.adjoints}
        self._stops: list[tuple[str, Test]] = []
        self._watched: list[Value] = []
        self._keep: Callable[[Contribution], bool] | None = None
        self._visible: list[int] | None = None

    @cached_property
    def groups(self) -> list[Group]:
        """What each step fires."""
        return self.trace.groups(self.by, self._fold)

    @cached_property
    def names(self) -> dict[Value, str]:
        """The unique name of every node of the pass."""
        return name_nodes(self.trace.order, self._caller)

    @cached_property
    def shared(self) -> Pass:
        """What every step of the pass shares."""
        fired_in = {node: k for k, group in enumerate(self.groups, 1) for node in group.nodes}
        return Pass(self.trace, displayed(self.names), self.groups, fired_in)

    def __len__(self) -> int:
        return len(self.groups)

    def __iter__(self) -> Iterator[Step]:
        return (Step(k, self.shared) for k in range(1, len(self) + 1))

    @overload
    def __getitem__(self, key: int | str | Value) -> Step: ...
    @overload
    def __getitem__(self, key: slice) -> list[Step]: ...
    def __getitem__(self, key: int | str | Value | slice) -> Step | list[Step]:
        """Step `k`, the step that fires a value (for an input: completes it), or for `s[3:7]` steps 3 to 6.

        Steps count from 1, since 0 is the seed; `s[-1]` is the last.
        """
        if isinstance(key, slice):
            return [Step(k, self.shared) for k in range(len(self) + 1)[key] if k]
        return Step(self._index(key), self.shared)

    def find(self, key: str | Value) -> Value:
        """The value of that name in this pass; an unknown name raises and lists the nearest ones."""
        return find_node(key, self.names, self.shared.symbol)

    def _index(self, key: int | str | Value) -> int:
        """The number of the step a key means."""
        if isinstance(key, int) and not isinstance(key, bool):
            if -len(self) <= key < 0:
                return len(self) + 1 + key
            if not 1 <= key <= len(self):
                nearest = "it has no steps" if not self.groups else f"the nearest is {1 if key < 1 else len(self)}"
                raise IndexError(f"there is no step {key} in this pass of {len(self)} steps; {nearest} (0 is the seed)")
            return key
        if not isinstance(key, (str, Value)):
            raise TypeError(f"a step is found by number, name or Value, not by {key!r}")
        node = self.find(key)
        if node in self.shared.fired_in:
            return self.shared.fired_in[node]
        if node not in self.trace.into:
            raise KeyError(f"{self.names[node]!r} is the output itself and an input too: its pass has no steps")
        return self.shared.fired_in[self.trace[self.trace.into[node][-1]].node]

    def goto(self, key: int | str | Value) -> Self:
        """Go to the end of step `k`, of the step that fires a value, or with 0 to the seed."""
        self.at, self.part, self.note = (0 if key == 0 and isinstance(key, int) else self._index(key)), 0, ""
        return self

    def next(self, n: int = 1) -> Self:
        """Fire `n` steps; with `only`, of those that are shown."""
        return self._move(n)

    def prev(self, n: int = 1) -> Self:
        """Take `n` steps back."""
        return self._move(-n)

    def _move(self, n: int) -> Self:
        places = self._visible if self._visible is not None else range(1, len(self) + 1)
        ahead = [k for k in places if k > self.at] if n >= 0 else [k for k in reversed(places) if k < self.at] + [0]
        self.part, self.note = 0, ""
        if n > 0 and len(ahead) < n:
            self.note = OVER
        if n < 0 and self.at == 0:
            self.note = "this is the start of the pass"
        if ahead and n:
            self.at = ahead[min(abs(n), len(ahead)) - 1]
        return self

    def step(self, n: int = 1) -> Self:
        """Fire `n` single contributions."""
        self.note = ""
        for _ in range(n):
            if self.at == len(self):
                self.note = OVER
                break
            coming = Step(self.at + 1, self.shared)
            self.part += 1
            if self.part >= sum(map(coming.leaves, coming.contributions)):
                self.at, self.part = self.at + 1, 0
        return self

    def until(self, goal: str | Value | Test) -> Self:
        """Go forward to the step that fires (or completes) a value, or for which a test of the step holds."""
        if callable(goal) and not isinstance(goal, Value):
            return self._search([("the test held", goal)])
        wanted = self._index(goal)
        if wanted <= self.at:
            self.note = f"that was step {wanted}, behind us; s.goto({wanted}) goes there"
            return self
        return self.goto(wanted)

    def finish(self) -> Self:
        """Go to the last step of the neuron we are in, or of the layer when stepping by neuron."""
        grain = {"node": "neuron", "neuron": "layer", "layer": "layer"}[self.by]
        around = {node: k for k, group in enumerate(self.trace.groups(grain)) for node in group.nodes}
        here = around[self.groups[max(self.at, 1) - 1].head] if self.groups else None
        last = max((k for k, group in enumerate(self.groups, 1) if around[group.head] == here), default=0)
        return self.goto(max(last, self.at))

    def break_on(
        self,
        goal: str | Value | Test | None = None,
        *,
        dead: bool = False,
        nonfinite: bool = False,
        abs_lt: float | None = None,
    ) -> Self:
        """Make `cont()` stop at a value or a test, at a zero or a non-finite or a small contribution; alone: forget all."""
        if goal is None and not dead and not nonfinite and abs_lt is None:
            self._stops.clear()
        if isinstance(goal, (str, Value)):
            wanted = self._index(goal)
            self._stops.append((f"reached {self.names[self.find(goal)]}", lambda step: step.index == wanted))
        elif goal is not None:
            self._stops.append(("the test held", goal))
        if dead:
            self._stops.append(("a contribution is 0", lambda step: any(e.contribution == 0 for e in step.contributions)))
        if nonfinite:
            self._stops.append(("a contribution is not finite", _nonfinite))
        if abs_lt is not None:
            small = abs_lt
            self._stops.append(
                (
                    f"a contribution is below {small:g}",
                    lambda s: any(abs(e.contribution) < small for e in s.contributions),
                )
            )
        return self

    def cont(self) -> Self:
        """Go on to the next step at which a `break_on` holds, else to the end."""
        return self._search(self._stops)

    def _search(self, stops: list[tuple[str, Test]]) -> Self:
        for k in range(self.at + 1, len(self) + 1):
            step = Step(k, self.shared)
            for reason, test in stops:
                if test(step):
                    self.at, self.part, self.note = k, 0, f"stopped: {reason}"
                    return self
        self.at, self.part, self.note = len(self), 0, OVER
        return self


def _nonfinite(step: Step) -> bool:
    return not all(math.isfinite(edge.contribution) for edge in step.contributions)
