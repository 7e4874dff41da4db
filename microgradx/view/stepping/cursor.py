"""A cursor on a recorded pass: where it stands, how it moves, what it stops at."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Self

from ...engine import Value
from ..questions.sweep import above
from ..trace import Contribution
from ..words.as_typed import as_typed
from ..words.names import UnknownValue
from .recorded import RecordedPass
from .step import Step
from .stops import Stop, Test, stops_at


class Cursor(RecordedPass):
    """A place in a recorded pass: `at` steps are done, and `part` contributions of the next. Moves return it."""

    def __init__(self, *recorded: Any) -> None:
        super().__init__(*recorded)
        self.at = 0
        self.part = 0
        self.note = ""
        self.sought: Value | None = None
        """The input whose gradient the last jump asked for, until the next move."""
        self._stops: list[Stop] = []
        self._keep: Callable[[Contribution], bool] | None = None
        self._visible: list[int] | None = None

    def _stand(self, at: int, note: str = "", part: int = 0, sought: Value | None = None) -> Self:
        self.at, self.part, self.note, self.sought = at, part, note, sought
        return self

    def _over(self) -> str:
        return f"the pass is over; {as_typed('commit')} writes the gradients" + " and moves the weights" * bool(self.plan)

    def goto(self, key: int | str | Value) -> Self:
        """Go to the end of step `k`, of the step that fires a value or completes an input, to a phase, or with 0 to the start."""
        if key == 0 and isinstance(key, int):
            return self._stand(0)
        place = self.place_of(key, self.phase(self.at))
        asked = isinstance(key, Value) or (isinstance(key, str) and (key not in self.starts or key in self.names.values()))
        node = self.find(key) if isinstance(key, (str, Value)) and asked else None
        if node and self._visible and place not in self._visible:  # completed elsewhere: the last one shown that sends to it
            sent = [k for k in self._visible if any(edge.operand is node for edge in self.at_place(k).contributions)]
            place = sent[-1] if sent else place
        return self._stand(place, sought=node if node and node.op is None and self.phase(place) == "backward" else None)

    def next(self, n: int = 1) -> Self:
        """Fire `n` steps; with `only`, of those that are shown."""
        return self._move(_whole("next", n))

    def prev(self, n: int = 1) -> Self:
        """Take `n` steps back; the contributions of a step that is not complete are the first of them."""
        return self._move(-_whole("prev", n))

    def _move(self, n: int) -> Self:
        if n < 0 and self.part:
            n, self.part = n + 1, 0
            if not n:
                return self._stand(self.at)
        places = range(1, len(self) + 1) if self._visible is None else self._visible
        ahead = [k for k in places if k > self.at] if n >= 0 else [k for k in reversed(places) if k < self.at] + [0]
        note = self._over() if n > 0 and len(ahead) < n else ""
        if n < 0 and self.at == 0:
            note = "this is the start of the pass"
        return self._stand(ahead[min(abs(n), len(ahead)) - 1] if ahead and n else self.at, note)

    def step(self, n: int = 1) -> Self:
        """Fire `n` single contributions, or with a negative `n` take so many back."""
        at, part, note = self.at, self.part, ""
        for _ in range(abs(_whole("step", n))):
            if n > 0 and at == len(self):
                note = self._over()
                break
            if n < 0 and not at and not part:
                note = "this is the start of the pass"
                break
            if n > 0:
                part += 1
                at, part = (at + 1, 0) if part >= self._sent(at + 1) else (at, part)
            else:
                at, part = (at, part - 1) if part else (at - 1, self._sent(at) - 1)
        return self._stand(at, note, part)

    def _sent(self, place: int) -> int:
        """How many single moves lead through a step."""
        step = self.at_place(place)
        return max(len(step.leaving), 1) if isinstance(step, Step) else 1

    def until(self, goal: str | Value | Test) -> Self:
        """Go forward to the step that fires (or completes) a value, or for which a test of the step holds."""
        if callable(goal) and not isinstance(goal, Value):
            return self._search([Stop("the test held", goal)])
        wanted = self.place_of(goal, self.phase(self.at))
        if wanted <= self.at:
            return self._stand(self.at, f"that was step {wanted}, behind us; {as_typed('goto', wanted)} goes there", self.part)
        return self.goto(goal)

    def finish(self) -> Self:
        """Go to the last step of the neuron we are in, or of the layer when stepping by neuron; else of the phase."""
        phase = self.phase(self.at)
        if phase != "backward" or not self.groups:
            return self.goto(min([start - 1 for start in self.starts.values() if start > self.at], default=len(self)))
        grain = {"node": "neuron", "neuron": "layer", "layer": "layer"}[self.by]
        around = {node: k for k, group in enumerate(self.trace.groups(grain)) for node in group.nodes}
        start = self.starts["backward"]
        here = around[self.groups[max(self.at - start, 1) - 1].head]
        last = max(k for k, group in enumerate(self.groups, 1) if around[group.head] == here)
        return self.goto(max(start + last, self.at))

    def break_on(
        self,
        goal: str | Value | Test | None = None,
        *,
        dead: bool = False,
        nonfinite: bool = False,
        nan: bool = False,
        abs_lt: float | None = None,
        abs_gt: float | None = None,
    ) -> Self:
        """Make `cont()` stop at a value or a test, or at a zero, bad, small or large contribution; alone: forget all stops.

        `dead` is a contribution of 0, `nonfinite` one that is nan or inf, `abs_lt` and `abs_gt` compare its size.
        """
        found = stops_at(dead, nonfinite, nan, abs_lt, abs_gt)
        if isinstance(goal, (str, Value)):
            node, backward = self.find(goal), self.place_of(goal)
            places = {backward, self.place_of(node, "forward") if self.how.forward else backward}
            found.append(Stop(f"reached {self.shared.names[node]}", lambda step: step.index in places))
        elif callable(goal):
            found.append(Stop("the test held", goal))
        elif goal is not None:
            raise TypeError(
                f"break_on({goal!r}): a stop is a value, its name, a test of the step such as lambda step: step.upstream < 0, or "
                f"a kind such as dead=True; s.goto({goal!r}) goes to a step"
            )
        self._stops = [*self._stops, *found] if found else []
        return self

    def cont(self, back: bool = False) -> Self:
        """Go on to the next step at which a `break_on` holds, else to the end; with `back` to the last one, else the start."""
        return self._search(self._stops, back)

    def _search(self, stops: list[Stop], back: bool = False) -> Self:
        for place in range(self.at - (not self.part), 0, -1) if back else range(self.at + 1, len(self) + 1):
            step = self.at_place(place)
            for stop in stops:
                if stop.test(step):
                    return self._stand(place, f"stopped: {stop.reason}")
        return self._stand(0, "this is the start of the pass") if back else self._stand(len(self), self._over())

    def only(
        self,
        *,
        path_to: str | Value | None = None,
        params: bool = False,
        zeros: bool = True,
        layer: int | str | None = None,
        sample: int | None = None,
    ) -> Self:
        """Move over, and list, only what passes every filter given; `only()` shows all again.

        `path_to` keeps contributions on a way to that value, `params` those into inputs and weights, `zeros=False`
        those that are not 0, `layer` those whose step lies in that layer (its number or its path), and `sample` those of one
        sample, counted from 0.
        """
        tests: list[Callable[[Contribution], bool]] = []
        if path_to is not None:
            below = above(self.trace, self.find(path_to))
            tests.append(lambda edge: edge.operand in below)
        if params:
            tests.append(lambda edge: edge.operand.op is None)
        if not zeros:
            tests.append(lambda edge: edge.contribution != 0.0)
        if layer is not None:
            inside = self._layer(layer)
            tests.append(lambda edge: edge.node in inside)
        if sample is not None:
            self._sampled(sample)
            samples = self.trace.samples
            tests.append(lambda edge: samples.get(edge.node, samples.get(edge.operand, sample)) == sample)
        self._keep, self._visible = None, None
        if tests:
            keep = self._keep = lambda edge: all(test(edge) for test in tests)
            self._visible = [s.index for s in self if not isinstance(s, Step) or any(map(keep, s.contributions))]
        return self

    def _sampled(self, sample: int) -> None:
        """Refuse a sample that is none of this pass."""
        count = len(set(self.trace.samples.values()))
        if not count:
            raise ValueError(f"sample={sample!r}: a sample is a call of a model, and no model was called in this graph")
        if isinstance(sample, bool) or not isinstance(sample, int) or not 0 <= sample < count:
            raise ValueError(f"sample={sample!r}, but there are {count}, counted from 0: write 0 to {count - 1}")

    def _layer(self, layer: int | str) -> set[Value]:
        path = f"L{layer}" if isinstance(layer, int) else re.sub(r"(^|\.)layers\[(\d+)\]", r"\1L\2", layer)
        layers = {group.name: group for group in self.trace.groups("layer") if group.name}
        matching = [g for name, g in layers.items() if name == path or name.endswith(f".{path}")]
        if not matching:
            raise UnknownValue(f"there is no layer {layer!r} in this pass; its layers are {', '.join(layers) or 'none'}")
        return {node for group in matching for node in group.nodes}


def _whole(move: str, n: object) -> int:
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"{move}({n!r}): write how many, such as {move}(3); s.goto({n!r}) goes to a value")
    return n


