"""Writing a recorded pass into the user's graph, whole or not at all, and taking it back."""

from __future__ import annotations

from itertools import repeat

from ...stale import clock
from ...writing import add_gradients, commit, new_gradients
from ..trace import Trace
from .update import UpdateRule


class Commit:
    """What a commit wrote, and what was there before: gradients, and with a rule the weights and what the rule remembers.

    >>> from microgradx import Value
    >>> x = Value(3.0)
    >>> done = Commit(Trace(x * x), None)
    >>> x.grad
    6.0
    >>> done.take_back()
    >>> x.reached
    False
    """

    def __init__(self, trace: Trace, rule: UpdateRule | None) -> None:
        self._rule = rule
        self._weights = rule.parameters if rule else []
        self._nodes = list(dict.fromkeys([*trace.order, *self._weights]))
        self._before, self._remembered = self._state(), rule.state() if rule else {}
        try:
            add_gradients(dict(trace.adjoints))
            if rule:
                rule.perform()
            self._after = self._state()
        except BaseException:
            self._restore()
            raise

    def _state(self) -> list[tuple[float | None, float, int]]:
        return [(node._grad, node.data, node._stamp) for node in self._nodes]

    def _restore(self) -> None:
        grads, data, stamps = zip(*self._before, strict=True)
        clock.tick()  # whoever is computing with these numbers meanwhile is stale
        commit(new_gradients(self._nodes, grads), (self._nodes, "_number", data), (self._nodes, "_stamp", stamps))
        if self._rule:
            self._rule.restore(self._remembered)

    def moved(self) -> bool:
        """Whether the numbers of weights were changed."""
        return any(now[2] != then[2] for now, then in zip(self._after, self._before, strict=True))

    def zero_grad(self) -> None:
        """Make every value that was written unreached again."""
        commit(new_gradients(self._nodes, repeat(None)))

    def take_back(self) -> None:
        """Put back what was there; RuntimeError if somebody has written since, whose work would be lost."""
        for node, now, (grad, data, _) in zip(self._nodes, self._state(), self._after, strict=True):
            if (now[0] is not grad and now[0] != grad) or (now[1] != data and data == data):
                what = "gradient" if now[1] == data else "number"
                raise RuntimeError(
                    f"the {what} of {node!r} has changed since the commit, by a later pass or by hand: taking the commit back "
                    "would lose that"
                )
        self._restore()
