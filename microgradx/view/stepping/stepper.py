"""A pass one step at a time, in both directions: record once, then move a cursor; change a number and compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...engine import Value
from ...hints import STEPPER, missing_name
from ...order import topological_order
from ...places import place_of
from ..drawing.subject import joined, outputs_of
from ..questions.explain import Explanation, explain_in
from ..questions.layers import Layers, layers_in
from ..questions.origin import Origin, origin_in
from ..questions.why import Why, why_in
from ..words.scope import caller_variables, scope_of_names
from ..words.terminal import Block, Part, at_a_terminal, paint
from .lessons import Guess, Naive, judged, naive
from .notebook import Frame, block_html
from .opening import formula_of
from .page.page import LIMIT, RATE, page_html, within, write_page
from .pen import Pen
from .recorded import How
from .steps import AnyStep, ByKey, Showing, by_key
from .traced import traced
from .training import Training
from .update import ByOptimizer, Descent, UpdateRule


def stepper(
    output: Value | Callable[..., Any],
    *args: object,
    by: str | None = None,
    fold: bool = False,
    names: Mapping[str, object] | None = None,
    forward: bool = False,
    update: object = None,
    lr: float | None = None,
    digits: int = 4,
    sample: int | None = None,
) -> Stepper:
    """Record one backward pass of `output` and return a cursor on it; no `.grad` is touched until `commit()`.

    >>> x = Value(1.0)
    >>> y = x + x
    >>> z = y + y
    >>> stepper(z).next(2)
    step 2/2   y = x + x                                          forward: 1 + 1 = 2
      dz/dy = 2   (2 of 2 in: may fire)
      into      upstream   local contribution dz/d(.)        in
      x [left]         2 x 1     =          2       0 -> 2   1 of 2
      x [right]        2 x 1     =          2       2 -> 4   2 of 2 final

    `by` is the grain: "node", "neuron" or "layer"; the last two take all samples of a batch together, unless one of them is
    meant, as `sample=7`. `fold` makes one step of a run of additions. With `forward` the forward
    pass comes first; with an optimizer as `update`, or a learning rate `lr` for plain gradient descent on the weights of models
    (where there is none, on every input), the update comes last.
    `digits` are shown of a number. Values are called by their label, else by the caller's variable, else by what `names` (say
    `globals()`) calls them.

    `stepper(f, 2.0, 3.0)` runs a function of yours and knows its variables, the rounds of its loops (`h @ 29`) and its lines; a
    compiled one is opened, where a call of it is a single node.
    """
    known, caller = dict(names or {}), caller_variables(1)
    if args or (callable(output) and not isinstance(output, Value)):
        function = output
        seen, outputs = traced(lambda: outputs_of(function, args, "stepper"))
        output, known = joined(outputs), known | seen.names()
    if not isinstance(output, Value):
        if isinstance(output, (list, tuple)) and any(isinstance(x, Value) for x in output):
            raise TypeError(
                f"stepper(L) walks back from one output, and this is a {type(output).__name__} of {len(output)}: write "
                "stepper(outputs[0]) for one of them, or stepper(mx.sum(outputs)) for all together"
            )
        raise TypeError(
            f"stepper(L) walks the graph that made a Value; {output!r} is a plain {type(output).__name__} and has none. "
            "Write the inputs as Value(...) before computing with them"
        )
    how = How(by, fold, forward, _rule(output, update, lr), digits, sample)
    walked = stepper_on(output, how, known, caller)
    return walked if sample is None else walked.only(sample=sample)


def stepper_on(
    output: Value,
    how: How,
    names: Mapping[str, object] | None,
    caller: Mapping[str, object],
) -> Stepper:
    """A stepper on a pass of `output`, whose values are called as `names` and then `caller` call them."""
    return Stepper(output, how, scope_of_names(names, caller), None, {})


def _rule(output: Value, update: object, lr: float | None) -> UpdateRule | None:
    """The rule of the update that was asked for."""
    if update is None:
        if lr is None:
            return None
        inputs = [node for node in topological_order(output) if node.op is None]
        return Descent([node for node in inputs if place_of(node) is not None] or inputs, lr)
    if lr is not None:
        raise ValueError(f"update={update!r} has a learning rate of its own: leave lr={lr!r} out")
    return ByOptimizer(update)


class Stepper(Training):
    """A recorded pass to walk through, made by `stepper(L)`; its repr is the block where it stands."""

    def _here(self) -> tuple[AnyStep, Showing]:
        """The step to be shown, and how."""
        part = self.part or None
        return self.at_place(self.at + 1 if part else self.at), Showing(part, False, self._keep, self.sought)

    def _text(self, look: Showing) -> str:
        step, pen = self._here()[0], Pen(self.shared)
        nodes, notes = [*step.mentioned(look), *self._watched], self._notes(pen)
        return "\n".join(pen.lines(nodes, lambda: [*step.parts(pen, look), *self.history(pen), *notes]))

    def _notes(self, pen: Pen) -> list[Part]:
        return [f"  {note}" for note in (self.note, self._changed(pen), self._asked()) if note]

    def _asked(self) -> str:
        """At the start of a what-if: how it is put beside the pass it was asked of."""
        return "a what-if t of a stepper s: s.diff(t) shows what changes" if self.copied and self.at == 0 else ""

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise missing_name("a stepper", name, STEPPER, dir(type(self)))

    def __str__(self) -> str:
        return self._text(self._here()[1])

    def __repr__(self) -> str:
        return str(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(paint(str(self)) if at_a_terminal() else str(self))  # a kernel forces colour, and stores the text

    def _repr_html_(self) -> str:
        step, look = self._here()
        return block_html(self, step, look, self._notes(Pen(self.shared)))

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.names.values())

    def full(self) -> Block:
        """The block of the current step with every contribution listed."""
        return Block(self._text(replace(self._here()[1], full=True)))

    def heading(self, room: int = 200) -> str:
        """`backward of L = (a*b + c) * f = -8`, without the formula where it has no room."""
        return f"{self._asked_of(room)} = {self._result()}"

    def _asked_of(self, room: int) -> str:
        return f"backward of {formula_of(self.shared, room)}"

    def _result(self) -> str:
        return Pen(self.shared).number(self.trace.recorded[self.output])

    def size(self) -> str:
        """How many nodes and steps the pass has."""
        nodes, steps = len(self.trace.order), len(self.groups)
        return f"{nodes} node{'s' * (nodes != 1)}, {steps} step{'s' * (steps != 1)}{self.shared.grain}"

    def to_html(self, path: str | Path, limit: int | None = LIMIT, theme: str = "auto") -> Path:
        """Write the pass as one self-contained page and return its path: graph, slider, keys, and the whole table.

        It is the backward pass; `lr` is the rate at which the page descends, and what else the stepper was given it says.

        Raises ValueError if the page would exceed `limit` bytes (5 MiB); `limit=None` insists. `theme` is one of those of `draw`;
        auto is that of the reader's system.
        """
        return write_page(self._page(theme), path, limit)

    def _page(self, theme: str = "auto") -> str:
        rule = self.how.rule
        left_out = ["the forward pass"] * self.how.forward + [f"the update {rule!r}"] * isinstance(rule, ByOptimizer)
        told = f"; not on this page: {' and '.join(left_out)}" if left_out else ""
        return page_html(self.shared, self._asked_of(200), self._result(), self.size(), told, theme, rule.lr if rule else RATE)

    def show(self, limit: int | None = LIMIT, theme: str = "auto") -> Frame:
        """The page to be shown in a notebook cell, where frames are removed a table; the options are those of `to_html`."""
        return Frame(within(self._page(theme), limit), self, theme)

    def guess(self, guesses: ByKey | None = None, /, *, signs: bool = False, **by_name: float) -> Guess:
        """Which of your own gradients are right: `s.guess(a=6, b=-4)`; other names, and Values, go in a dict.

        Nothing is told about values that were not guessed. A guess is right within a thousandth of the gradient; with `signs`
        only the sign counts.
        """
        asked = by_key(guesses, by_name)
        if not asked:
            raise ValueError("guess at least one gradient, for example s.guess(a=6)")
        return judged([(self.shared.names[self.find(key)], guess, self.gradient(key)) for key, guess in asked.items()], signs)

    def naive(self) -> Naive:
        """What plain recursion, without the topological order, would have computed, beside the right gradients."""
        return naive(self.trace, self.shared.names)

    def explain(self, wrt: str | Value, k: int = 5) -> Explanation:
        """The gradient of a value as the sum over its paths; see `explain`."""
        return explain_in(self.trace, self.shared.names, self.find(wrt), k)

    def why(self, wrt: str | Value) -> Why:
        """Why a gradient is zero, tiny or not finite; see `why`."""
        return why_in(self.trace, self.shared.names, self.find(wrt))

    def layers(self) -> Layers:
        """One line per layer; see `layers`."""
        return layers_in(self.trace)

    def origin(self) -> Origin:
        """The first number that is nan or inf; see `origin`."""
        return origin_in(self.trace, self.shared.names)

    def interact(self) -> None:
        """Open a prompt with these moves as commands; `quit` leaves it."""
        from .prompt import Prompt

        Prompt(self).cmdloop()
