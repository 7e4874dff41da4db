"""The backward pass one step at a time, in both directions: record once, then move a cursor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...engine import Value
from ...tables import WIDTH, clip
from ..drawing.subject import joined, outputs_of
from ..questions.explain import Explanation, above, explain_in
from ..questions.layers import Layers, layers_in
from ..questions.origin import Origin, origin_in
from ..questions.why import Why, why_in
from ..trace import Contribution
from ..words.names import caller_variables, formula
from ..words.notation import number
from ..words.terminal import Block, ends, paint
from .cursor import Cursor
from .lessons import Guess, Naive, judged, naive
from .page.page import LIMIT, Frame, page_html, table_html, write_page
from .step import Step


def stepper(
    output: Value | Callable[..., Any],
    *args: object,
    by: str | None = None,
    fold: bool = False,
    names: Mapping[str, object] | None = None,
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

    `by` is the grain: "node", "neuron" or "layer". `fold` makes one step of a run of additions. Values are called by their
    label, else by the caller's variable, else by what `names` (say `globals()`) calls them.

    `stepper(f, 2.0, 3.0)` steps through what a function gives; a compiled one is opened, where a call of it is a single node.
    """
    if args or (callable(output) and not isinstance(output, Value)):
        output = joined(outputs_of(output, args, "stepper"))
    if not isinstance(output, Value):
        raise TypeError(
            f"stepper(L) walks the graph that made a Value; {output!r} is a plain {type(output).__name__} and has none. "
            "Write the inputs as Value(...) before computing with them"
        )
    return Stepper(output, by, fold, names, caller_variables(1))


class Stepper(Cursor):
    """A recorded backward pass to walk through, made by `stepper(L)`; its repr is the block where it stands."""

    def __str__(self) -> str:
        block = self._overview() if not self.at and not self.part else self._current().block(self.part or None, keep=self._keep)
        notes = [clip(f"  {note}", WIDTH) for note in (self.note, self._changed()) if note]
        return "\n".join([block, *self._history(), *notes])

    def __repr__(self) -> str:
        return paint(str(self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        return table_html(self.shared, self.heading(), self.size())

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.names.values())

    def _current(self) -> Step:
        return Step(self.at + 1 if self.part else self.at, self.shared)

    def full(self) -> Block:
        """The block of the current step with every contribution listed."""
        return Block(self._overview() if not self.at and not self.part else self._current().block(self.part or None, True))

    def heading(self, room: int = 200) -> str:
        """`backward of L = (a*b + c) * f = -8`, without the formula where it has no room."""
        title = formula(self.output, caller=self._caller) if 1 < len(self.trace.order) <= 60 else ""
        if not title or "\n" in title or len(title) > room:
            title = self.shared.symbol
        return f"backward of {title} = {number(self.output.data)}"

    def size(self) -> str:
        """How many nodes and steps the pass has."""
        nodes, steps = len(self.trace.order), len(self)
        told = f"{nodes} node{'s' * (nodes != 1)}, {steps} step{'s' * (steps != 1)}"
        return told + (f" by {self.by}" if self.by != "node" else "")

    def to_html(self, path: str | Path, limit: int | None = LIMIT, theme: str = "auto") -> Path:
        """Write the pass as one self-contained page and return its path: graph, slider, keys, and the whole table.

        Raises ValueError if the page would exceed `limit` bytes (5 MiB); `limit=None` insists. `theme` is light, dark, or auto
        for that of the reader's system.
        """
        return write_page(self._page(theme), path, limit)

    def _page(self, theme: str = "auto") -> str:
        return page_html(self.shared, self.heading(), self.size(), theme)

    def show(self) -> Frame:
        """The page to be shown in a notebook cell."""
        return Frame(self._page())

    def _overview(self) -> str:
        """What the pass is about: the formula, its size, the seed, and what fires first."""
        lines = ends(self.heading(WIDTH - 20), f"{self.size()}, at 0: the seed")
        seed = f"  {self.shared.slope(self.output)} = 1"
        if not len(self):
            sentence = f"{self.shared.symbol} is an input: nothing was computed, so the seed is the whole pass"
            return "\n".join([*lines, *ends(seed, ""), clip(f"  {sentence}", WIDTH)])
        lines += ends(f"{seed}   .grad is untouched until s.commit()", f"next: {Step(1, self.shared).title(28)}")
        for node, old in list(self.trace.carried.items())[:3]:
            name = clip(self.shared.names[node], 20)
            lines.append(f"  * carried in: {name}.grad is {number(old)} from before (no zero_grad?)")
        return "\n".join(lines)

    def so_far(self, key: str | Value) -> float:
        """The gradient of a value as far as the cursor has come: the contributions that have arrived by now.

        >>> a = Value(2.0, label="a")
        >>> s = stepper(a * a)
        >>> s.so_far("a"), s.step().so_far("a"), s.step().so_far("a")
        (0.0, 2.0, 4.0)
        """
        node = self.find(key)
        arrived = [edge.after for edge, _ in self._writes(node)]
        return arrived[-1] if arrived else float(node is self.output)

    def _writes(self, node: Value) -> list[tuple[Contribution, int]]:
        """The contributions that have reached a node by now, each with the number of its step."""
        done = []
        coming = Step(self.at + 1, self.shared) if self.part else None
        begun = [p for p in coming.group.edges if coming.leaves(self.trace[p])][: self.part] if coming else []
        for place in self.trace.into.get(node, ()):
            k = self.shared.fired_in[self.trace[place].node]
            if k <= self.at or place in begun:
                done.append((self.trace[place], k))
        return done

    def watch(self, *keys: str | Value) -> Stepper:
        """Show from now on, under every block, how the gradients of these values grew; without a name, of none."""
        self._watched = [*self._watched, *map(self.find, keys)] if keys else []
        return self

    def _history(self) -> list[str]:
        lines = []
        for node in self._watched:
            writes = self._writes(node)
            told = "".join(f" -> {number(edge.after)} (step {k})" for edge, k in writes[-4:])
            start = "0" if len(writes) <= 4 else f"{len(writes) - 4} earlier, ..."
            lines.append(clip(f"  watch {self.shared.slope(node, 20)}: {start}{told}", WIDTH))
        return lines

    def last_write(self, key: str | Value) -> Step | None:
        """The step that last changed the gradient of a value before here, or None if none has."""
        writes = self._writes(self.find(key))
        return Step(writes[-1][1], self.shared) if writes else None

    def where(self) -> Block:
        """The way from the output down to the node that fires here, by the largest contributions."""
        if not self.at and not self.part:
            return Block(f"at the seed: {self.shared.slope(self.output)} = 1")
        way = [self._current().node]
        while places := self.trace.into.get(way[-1]):
            way.append(self.trace[max(places, key=lambda place: abs(self.trace[place].contribution))].node)
        names = [self.shared.names[node] for node in reversed(way)]
        return Block(clip(" > ".join([self.shared.symbol, *names[1:]]), WIDTH))

    def list(self, around: int = 4) -> Block:
        """The steps around here, one line each, `->` before the current one."""
        first = max(1, min(self.at - around, len(self) - 2 * around))
        lines = [] if first > 1 else [f"{'->' if not self.at else '  '} seed: {self.shared.slope(self.output)} = 1"]
        for k in range(first, min(first + 2 * around, len(self)) + 1):
            lines.append(clip(f"{'->' if k == self.at else '  '} {repr(Step(k, self.shared))[1:-1]}", WIDTH))
        return Block("\n".join(lines))

    def only(
        self,
        *,
        path_to: str | Value | None = None,
        params: bool = False,
        zeros: bool = True,
        layer: int | str | None = None,
    ) -> Stepper:
        """Move over, and list, only what passes every filter given; `only()` shows all again.

        `path_to` keeps contributions on a way to that value, `params` those into inputs and weights, `zeros=False`
        those that are not 0, and `layer` those whose step lies in that layer (its number or its path).
        """
        tests: list[Callable[[Contribution], bool]] = []
        if path_to is not None:
            goal = self.find(path_to)
            below = above(self.trace, goal)
            tests.append(lambda edge: edge.operand in below)
        if params:
            tests.append(lambda edge: edge.operand.op is None)
        if not zeros:
            tests.append(lambda edge: edge.contribution != 0.0)
        if layer is not None:
            inside = self._layer(layer)
            tests.append(lambda edge: edge.node in inside)
        self._keep = (lambda edge: all(test(edge) for test in tests)) if tests else None
        keep = self._keep
        self._visible = None if keep is None else [s.index for s in self if any(map(keep, s.contributions))]
        return self

    def _layer(self, layer: int | str) -> set[Value]:
        path = f"layers[{layer}]" if isinstance(layer, int) else layer
        layers = {group.name: group for group in self.trace.groups("layer") if group.name}
        matching = [g for name, g in layers.items() if name == path or name.endswith(f".{path}")]
        if not matching:
            raise KeyError(f"there is no layer {layer!r} in this pass; its layers are {', '.join(layers) or 'none'}")
        return {node for group in matching for node in group.nodes}

    def commit(self) -> None:
        """Write the recorded gradients into `.grad`, bit for bit what `backward()` writes: leaves add, computed values are set.

        Raises RuntimeError if a number of the graph has changed since the pass was recorded.
        """
        if changed := self._changed():
            raise RuntimeError(f"{changed}; the recorded gradients are old: record again with stepper(...)")
        for node, adjoint in self.trace.adjoints.items():
            node.grad = adjoint if node.op is not None or node.grad is None else node.grad + adjoint

    def _changed(self) -> str:
        """Which value has another number than when this pass was recorded, or nothing."""
        changed = self.trace.changed()
        if not changed:
            return ""
        node, then = changed[0]
        name = clip(self.shared.names[node], 24)
        more = f", and {len(changed) - 1} more changed" if len(changed) > 1 else ""
        return f"{name} was {number(then)} when this pass was recorded, now {number(node.data)}{more}"

    def guess(self, guesses: Mapping[str, float] | None = None, /, *, signs: bool = False, **by_name: float) -> Guess:
        """Which of your own gradients are right: `s.guess(a=6, b=-4)`; other names go in a dict.

        Nothing is told about values that were not guessed. With `signs` only the sign counts.
        """
        numbers = {**(guesses or {}), **by_name}
        if not numbers:
            raise ValueError("guess at least one gradient, for example s.guess(a=6)")
        return judged(numbers, {name: self.trace.adjoints[self.find(name)] for name in numbers}, signs)

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
