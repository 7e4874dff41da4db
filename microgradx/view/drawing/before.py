"""An earlier pass beside the one that is drawn: what each gradient was then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, runtime_checkable

from ...engine import Value
from ..trace import Trace
from ..words.notation import exact, number
from ..words.signed import unnamed
from .flow import Flow, short
from .stored import Note


@runtime_checkable
class _Recorded(Protocol):
    """A pass that was kept, such as `s = stepper(loss)` made before an optimizer's step."""

    trace: Trace

    @property
    def names(self) -> Mapping[Value, str]:
        """The name of every value of the pass."""


def before_notes(flow: Flow, before: object, kept: Iterable[int]) -> tuple[dict[int, Note], str]:
    """A note for each value that was in an earlier pass too, by itself or by its name, and a sentence about all of them.

    >>> from microgradx import stepper
    >>> from microgradx.view.drawing.flow import snapshot
    >>> w = Value(2.0, "w")
    >>> kept = stepper(w * w)
    >>> w.data = 3.0
    >>> before_notes(snapshot(w * w), kept, [0])[0]
    {0: Note(short='was 4', whole='before: value 2, gradient 4')}
    """
    if not isinstance(before, _Recorded):
        raise TypeError(f"before={before!r} is not a recorded pass: keep one with s = stepper(loss) and write before=s")
    then = before.trace.recorded
    named = {name: node for node, name in before.names.items()}
    notes = {}
    for place in kept:
        node = flow.nodes[place] if flow.nodes[place] in then else None
        if node is None and not unnamed(flow.names[place]):
            node = named.get(flow.names[place])
        if node is not None:
            grad = before.trace.adjoints[node]
            notes[place] = Note(f"was {number(grad)}", f"before: value {exact(then[node])}, gradient {exact(grad)}")
    if not notes:
        raise ValueError(f"before={before!r} has no value in common with the graph of {short(flow, flow.output)}")
    return notes, "was: the gradient in the pass before."
