"""A recorded pass: its phases and their steps, and what its values are called; nothing in it moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import overload

from ...engine import Value
from ..trace import GRAINS, Group, Trace
from ..wording import Pass, SourceLine
from ..words.names import Names, UnknownValue, displayed, find_node, name_nodes
from ..words.scope import Scope
from .forward_step import ForwardStep
from .opening import ForwardOpening, Seed
from .step import Step
from .steps import AnyStep
from .traced import lines_of
from .update import UpdateOpening, UpdatePlan, UpdateRule, UpdateStep

_MANY = 1500
"""From so many nodes on, a graph that modules made is stepped by neuron unless asked otherwise."""
PHASES = ("forward", "backward", "update")


@dataclass(frozen=True)
class How:
    """How a pass is stepped through: its grain, whether runs of sums are one step, its phases, and how many digits are shown."""

    by: str | None = None
    fold: bool = False
    forward: bool = False
    rule: UpdateRule | None = None
    digits: int = 4
    sample: int | None = None

    def __post_init__(self) -> None:
        if self.by is not None and self.by not in GRAINS:
            raise ValueError(f"a pass is stepped by one of {', '.join(GRAINS)}; got by={self.by!r}")
        if isinstance(self.digits, bool) or not isinstance(self.digits, int) or not 1 <= self.digits <= 17:
            raise ValueError(f"digits={self.digits!r}: a number is shown in 1 to 17 digits")


class RecordedPass:
    """One pass of `output`: a forward pass if asked for, the backward pass, an update if there is a rule for one.

    A place in it is a count: 0 is the start of the first phase, and each further phase has a place for its start as well.
    """

    def __init__(
        self,
        output: Value,
        how: How,
        scope: Scope,
        lines: Mapping[Value, SourceLine] | None,
        copied: Mapping[Value, Value],
    ) -> None:
        self.output, self.how = output, how
        self.trace = Trace(output, scope.roots)
        # only what names this graph: a stepper must not keep the caller's other data alive
        self.scope = scope.within(self.trace.adjoints)
        self._lines = lines
        self.copied = copied
        """Of a copy, what each value is a copy of."""

    @cached_property
    def by(self) -> str:
        """The grain: as it was asked for, else by neuron in a large graph; by node where no module has made a value."""
        if not any(map(self.trace.gives, self.trace.order)):
            return "node"
        return self.how.by or ("neuron" if len(self.trace.order) > _MANY else "node")

    @cached_property
    def lines(self) -> Mapping[Value, SourceLine]:
        """The line of the program that computed each value, of those of which it is known."""
        known = lines_of(self.trace.order) if self._lines is None else self._lines
        return {node: line for node, line in known.items() if node in self.trace.adjoints}

    @cached_property
    def groups(self) -> list[Group]:
        """What each step of the backward pass fires."""
        together = self.by == "neuron" and self.how.sample is None and len(set(self.trace.samples.values())) > 1
        return self.trace.groups(self.by, self.how.fold, together)

    @cached_property
    def names(self) -> Names:
        """The unique name of every value of the pass."""
        return name_nodes(self.trace.order, self.scope, owners=self.trace.owners)

    @cached_property
    def shared(self) -> Pass:
        """What every step of the backward pass shares."""
        fired_in = {node: k for k, group in enumerate(self.groups, 1) for node in group.nodes}
        grain = f" by {self.by}" if self.by != "node" else ""
        if self.how.by not in (None, self.by):
            grain = f" by node, as no {self.how.by} is known here"
        names = displayed(self.names)
        return Pass(self.trace, names, self.groups, fired_in, digits=self.how.digits, grain=grain, lines=self.lines)

    @cached_property
    def _phases(self) -> list[tuple[str, int, Pass]]:
        """Each phase with the place where it starts, and what its steps share."""
        lengths = {"forward": len(self.groups) if self.how.forward else None, "backward": len(self.groups)}
        lengths["update"] = len(self.plan.moves) if self.plan else None
        phases, start = [], 0
        several = self.how.forward or self.plan is not None
        for name in PHASES:
            if (length := lengths[name]) is not None:
                phases.append((name, start, replace(self.shared, start=start, word=name if several else "step")))
                start += length + 1
        return phases

    @cached_property
    def plan(self) -> UpdatePlan | None:
        """What the update does to each weight, if the pass has an update."""
        return UpdatePlan(self.how.rule, self.trace.adjoints, self.shared.names) if self.how.rule else None

    def forget_plan(self) -> None:
        """Ask the rule again what it would do: its memory or a gradient may have changed since."""
        for name in ("plan", "_phases"):
            self.__dict__.pop(name, None)

    @property
    def starts(self) -> dict[str, int]:
        """The place where each phase starts."""
        return {name: start for name, start, _ in self._phases}

    def phase(self, place: int) -> str:
        """The phase that a place lies in."""
        return [name for name, start, _ in self._phases if start <= place][-1]

    def at_place(self, place: int) -> AnyStep:
        """The step that ends at a place, or the opening of the phase that starts there."""
        name, start, of = [found for found in self._phases if found[1] <= place][-1]
        number = place - start
        if name == "backward":
            return Step(number, of) if number else Seed(of)
        if name == "forward":
            return ForwardStep(number, of) if number else ForwardOpening(of)
        assert self.plan is not None
        return UpdateStep(number, of, self.plan) if number else UpdateOpening(of, self.plan)

    def __len__(self) -> int:
        updates = 1 + len(self.plan.moves) if self.plan else 0
        return len(self.groups) * (1 + self.how.forward) + self.how.forward + updates

    def __iter__(self) -> Iterator[AnyStep]:
        return (self.at_place(place) for place in range(1, len(self) + 1))

    @overload
    def __getitem__(self, key: int | str | Value) -> AnyStep: ...
    @overload
    def __getitem__(self, key: slice) -> list[AnyStep]: ...
    def __getitem__(self, key: int | str | Value | slice) -> AnyStep | list[AnyStep]:
        """Step `k`, the step that fires a value (for an input: completes it), or for `s[3:7]` steps 3 to 6.

        Steps count from 1, since 0 is the seed; `s[-1]` is the last.
        """
        if isinstance(key, slice):
            return [self.at_place(place) for place in range(len(self) + 1)[key] if place]
        return self.at_place(self.place_of(key))

    def find(self, key: str | Value) -> Value:
        """The value of that name in this pass; an unknown name raises and lists the nearest ones."""
        if isinstance(key, Value) and key in self.trace.recorded:
            return key
        return find_node(key, self.names, self.shared.symbol)

    def value(self, key: str | Value) -> float:
        """The number of a value in this pass, whatever has been assigned since."""
        return self.trace.recorded[self.find(key)]

    def gradient(self, key: str | Value) -> float:
        """The gradient of the output by a value: what the whole pass gives, wherever the cursor stands.

        >>> from microgradx import stepper
        >>> x = Value(3.0)
        >>> s = stepper(x * x)
        >>> s.value("x"), s.gradient("x"), x.grad
        (3.0, 6.0, 0.0)
        """
        return self.trace.adjoints.get(self.find(key), 0.0)

    def place_of(self, key: int | str | Value, phase: str = "backward") -> int:
        """The place that a number, a name or a value means; a value's in that phase if it has one there, else backward."""
        if isinstance(key, int) and not isinstance(key, bool):
            return self._counted(key)
        if not isinstance(key, (str, Value)):
            raise TypeError(f"a step is found by number, name or Value, not by {key!r}")
        if isinstance(key, str) and key in self.starts and key not in self.names.values():
            return self.starts[key]
        node, fired_in = self.find(key), self.shared.fired_in
        if phase == "update" and self.plan and node in self.plan.places:
            return self.starts["update"] + self.plan.places[node]
        if phase == "forward" and node in fired_in:
            return len(self.groups) + 1 - fired_in[node]
        if node in fired_in:
            return self.starts["backward"] + fired_in[node]
        if node not in self.trace.into:
            raise UnknownValue(f"{self.names[node]!r} is the output itself and an input too: its pass has no steps")
        return self.starts["backward"] + max(fired_in[self.trace[place].node] for place in self.trace.into[node])

    def _counted(self, key: int) -> int:
        last = len(self)
        if -last <= key < 0:
            return last + 1 + key
        if 1 <= key <= last:
            return key
        start = "start" if len(self.starts) > 1 else "seed"
        nearest = f"the nearest is {1 if key < 1 else last}" if last else "it has no steps"
        raise IndexError(f"there is no step {key} in this pass of {last} steps; {nearest} (0 is the {start})")

    def at_line(self, number: int, file: str = "") -> list[AnyStep]:
        """The steps of the values that a line of your program computed; `file` is the end of its path, if there are several.

        Lines are known of `stepper(f, *args)`; the list is empty where nothing was computed.
        """
        if not self.lines:
            raise ValueError("the lines of this graph are not known: write stepper(f, *args), which runs f and sees its lines")
        wanted = {node for node, line in self.lines.items() if line.number == number and line.file.endswith(file)}
        return [step for step in self if step.number and not wanted.isdisjoint(step.nodes)]
