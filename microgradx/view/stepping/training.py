"""What can be done with a pass: other numbers put in, another pass held beside it, its gradients and its update written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

from ...operand import number
from ..words.as_typed import as_typed
from ..words.scope import Scope
from .commit import Commit
from .difference import Difference, difference
from .pen import Pen
from .steps import ByKey, by_key
from .surroundings import Surroundings
from .what_if import computed_again


class Training(Surroundings):
    """A recorded pass that can be played with and written into the graph."""

    def __init__(self, *recorded: Any) -> None:
        super().__init__(*recorded)
        self._commit: Commit | None = None

    def what_if(self, numbers: ByKey | None = None, /, **by_name: float) -> Self:
        """The same pass with other numbers: `s.what_if(d=100.0)`, or in a dict as in `s.what_if({"w[0]": 0.0})`.

        >>> from microgradx import Value, stepper
        >>> a, b = Value(2.0), Value(3.0)
        >>> h = a * b
        >>> L = h + a
        >>> t = stepper(L).what_if(h=100.0)
        >>> t.output.data, t.gradient("h"), t.gradient("a"), L.data
        (102.0, 1.0, 1.0, 8.0)

        It is a stepper on a copy, computed as if it had been built so: your graph stays as it is. A computed value that is given
        a number is held: it is an input of the copy, and what it was made of no longer reaches it.
        """
        held = {self.find(key): number(x) for key, x in by_key(numbers, by_name).items()}
        if not held:
            raise ValueError(f"nothing is asked: name a value and its other number, for example {as_typed('what_if', a=3.0)}")
        copies = computed_again(self.trace, held)
        called = {node: name for node, name in self.names.items() if self.trace.owners.get(node) is None} | self.scope.values
        return type(self)(
            copies[self.output],
            replace(self.how, by=self.by, rule=self.how.rule and self.how.rule.of_copies(copies)),
            Scope(
                {copies[node]: name for node, name in called.items()},
                self.scope.roots,
                {name: copies[node] for name, node in self.scope.aliases.items()},
                {copies[node]: way for node, way in self.scope.ways.items()},
            ),
            {copies[node]: line for node, line in self.lines.items()},
            {copy: self.copied.get(node, node) for node, copy in copies.items()},
        )

    def diff(self, other: Training | None = None, **numbers: float) -> Difference:
        """What changes from this pass to another one: before -> after of values and gradients, the largest change first.

        >>> from microgradx import Value, stepper
        >>> a, b = Value(2.0), Value(3.0)
        >>> s = stepper(a * b)
        >>> s.diff(s.what_if(a=5.0)).rows[0]
        Change(name='out', value=6.0, new_value=15.0, gradient=1.0, new_gradient=1.0)

        The other may be a what-if of this one, or a pass of the same model: after an update, in another epoch, of another sample.
        """
        if numbers:
            asked = ", ".join(f"{name}={x!r}" for name, x in numbers.items())
            raise TypeError(f"diff compares two steppers, and {asked} is a number to put in: write s.diff(s.what_if({asked}))")
        if not isinstance(other, Training):
            got = "none" if other is None else repr(other)
            raise TypeError(f"diff compares two steppers, got {got}: write s.diff(stepper(L)), or s.diff(s.what_if(a=3.0))")
        return difference(self, other)

    def commit(self) -> None:
        """Write the recorded gradients into `.grad`, bit for bit what `backward()` writes: leaves add, computed values are set.

        If the pass has an update, it is performed as well, bit for bit as `optimizer.step()` does it. All is done or nothing, and
        `uncommit()` takes it back. Raises RuntimeError if a number of the graph has changed since the pass was recorded.
        """
        if self.copied:
            raise RuntimeError("this pass is a what-if on a copy, in which nothing is yours: commit the stepper it was made from")
        if changed := self._changed(Pen(self.shared)):
            raise RuntimeError(f"{changed}; the recorded gradients are old: record again with stepper(...)")
        self.forget_plan()
        plan = self.plan
        if plan and plan.refused:
            raise FloatingPointError(plan.refused)
        self._commit = Commit(self.trace, self.how.rule)

    def uncommit(self) -> None:
        """Take back what `commit()` wrote, to the bit: gradients, weights, and what the optimizer remembers.

        Raises RuntimeError if nothing was committed, or if a later pass or an assignment has changed it since.
        """
        if self._commit is None:
            raise RuntimeError("nothing was committed by this stepper, so there is nothing to take back")
        self._commit.take_back()
        self._commit = None

    def again(self) -> Self:
        """The next pass of the same graph: its gradients zeroed, its numbers computed again in place from the inputs as they are.

        >>> from microgradx import Value, stepper
        >>> w = Value(1.0, "w")
        >>> s = stepper(w * w, lr=0.25)
        >>> s.commit()
        >>> s = s.again()
        >>> s.value("w"), s.output.data
        (0.5, 0.25)

        Raises RuntimeError while an update of this pass has not been committed.
        """
        if self.plan and self._commit is None:
            then = f"{as_typed('commit')} does it, then {as_typed('again')} goes on"
            raise RuntimeError(f"the update of this pass has not been performed: {then}")
        if self.copied:
            raise RuntimeError("this pass is a what-if on a copy: go on with the stepper it was made from")
        if self._commit:
            self._commit.zero_grad()
        self.output.forward()
        return type(self)(self.output, replace(self.how, by=self.by), self.scope, self.lines, self.copied)

    def _changed(self, pen: Pen) -> str:
        """Which value has another number than when this pass was recorded, or nothing."""
        if self._commit and self._commit.moved():
            return f"committed: the weights have moved; {as_typed('again')} goes on, {as_typed('uncommit')} takes it back"
        changed = self.trace.changed()
        if not changed:
            return ""
        node, then = changed[0]
        more = f", and {len(changed) - 1} more changed" if len(changed) > 1 else ""
        return f"{pen.names[node]} was {pen.number(then)} when this pass was recorded, now {pen.number(node.data)}{more}"
