"""The update at the end of a training step: what a rule makes of every weight, shown before it is done and done by commit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...engine import Value
from ...writing import commit, new_numbers
from ..wording import Pass
from ..words.as_typed import as_typed
from ..words.terminal import Ends, Part, Rounded, TableRows, fitted
from .opening import Opening
from .pen import Pen
from .steps import AnyStep, Keep, Showing


class Move(NamedTuple):
    """What an update does to one weight; `before` and `after` are what the rule remembers of it."""

    weight: Value
    old: float
    gradient: float
    new: float
    before: Mapping[str, float]
    after: Mapping[str, float]


class Descent:
    """Gradient descent on some weights: each moves by `lr` times its gradient, against it."""

    def __init__(self, weights: Sequence[Value], lr: float) -> None:
        if isinstance(lr, bool) or not isinstance(lr, (int, float)) or not math.isfinite(lr):
            raise ValueError(f"lr={lr!r} is not a learning rate: write a number, such as lr=0.1")
        self.parameters, self.lr = list(weights), float(lr)
        self.name = repr(self)

    def __repr__(self) -> str:
        return f"new = old - {self.lr:g} x gradient"

    def moves(self, gradients: Mapping[Value, float]) -> list[Move]:
        """What the update does, given the gradients that the weights will have."""
        return [Move(w, w.data, g, w.data - self.lr * g, {}, {}) for w in self.parameters if (g := gradients.get(w)) is not None]

    def perform(self) -> None:
        """Move every weight that has a gradient."""
        moves = self.moves({w: w.grad for w in self.parameters if w.reached})
        commit(*new_numbers([move.weight for move in moves], [move.new for move in moves]))

    def of_copies(self, copies: Mapping[Value, Value]) -> Descent:
        """The same rule for the copies of its weights."""
        return Descent([copies[w] for w in self.parameters if w in copies], self.lr)

    def state(self) -> dict[str, Any]:
        """What the rule remembers: nothing."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Remember what was remembered then."""


class ByOptimizer:
    """The update that an optimizer of `microgradx.nn` makes, asked for in advance."""

    def __init__(self, optimizer: Any) -> None:
        if not all(callable(getattr(optimizer, name, None)) for name in ("moved", "step", "memory", "keeps")):
            raise TypeError(
                f"update={optimizer!r} is not an optimizer: write update=nn.SGD(model.parameters(), lr=0.1), or lr=0.1 for plain "
                "gradient descent on every input"
            )
        if not optimizer.parameters:
            raise ValueError(f"this {type(optimizer).__name__} has nothing to move: pass model.parameters() when making it")
        self.optimizer, self.lr = optimizer, float(optimizer.lr)
        self.name = f"{type(optimizer).__name__}, lr {self.lr:g}"
        self.parameters: list[Value] = list(optimizer.parameters)

    def __repr__(self) -> str:
        return repr(self.optimizer)

    def moves(self, gradients: Mapping[Value, float]) -> list[Move]:
        """What the update does, given the gradients that the weights will have."""
        import numpy as np

        own = self.optimizer.parameters
        moving = [(k, w) for k, w in enumerate(self.parameters) if w in gradients and not self.optimizer.keeps(own[k])]
        places = np.array([k for k, _ in moving], dtype=int)
        slopes = [gradients[w] for _, w in moving]
        new, memories = self.optimizer.moved(np.array([w.data for _, w in moving]), np.array(slopes), places)
        return [
            Move(w, w.data, slope, to, self.optimizer.memory(own[k]), memories.at(k))
            for (k, w), slope, to in zip(moving, slopes, new.tolist(), strict=True)
        ]

    def perform(self) -> None:
        """One step of the optimizer."""
        self.optimizer.step()

    def of_copies(self, copies: Mapping[Value, Value]) -> ByOptimizer:
        """The same rule, with what it remembers, for the copies of its weights."""
        other = ByOptimizer(self.optimizer)
        other.parameters = [copies.get(w, w) for w in self.parameters]
        return other

    def state(self) -> dict[str, Any]:
        """What the optimizer remembers."""
        return dict(vars(self.optimizer))

    def restore(self, state: dict[str, Any]) -> None:
        """Remember what was remembered then."""
        vars(self.optimizer).clear()
        vars(self.optimizer).update(state)


UpdateRule = Descent | ByOptimizer


class UpdatePlan:
    """The moves of an update with the gradients that commit would write, or why the rule refuses to make them."""

    def __init__(self, rule: UpdateRule, adjoints: Mapping[Value, float], names: Mapping[Value, str]) -> None:
        self.rule, self.refused = rule, ""
        gradients = {}
        for weight in rule.parameters:
            if weight.reached or weight in adjoints:
                gradients[weight] = weight.grad + adjoints.get(weight, 0.0)
        try:
            self.moves = rule.moves(gradients)
        except FloatingPointError as error:
            self.moves, self.refused = [], str(error)
        self.places = {move.weight: k for k, move in enumerate(self.moves, 1)}
        self.names = {
            move.weight: names.get(move.weight) or move.weight.label or f"parameter {k}" for k, move in enumerate(self.moves)
        }


class UpdateOpening(Opening):
    """The start of the update: the rule, and how many weights it moves."""

    phase, word = "update", "update"

    def __init__(self, of: Pass, plan: UpdatePlan) -> None:
        super().__init__(of)
        self.plan = plan

    def _start(self, pen: Pen) -> str:
        return repr(self.plan.rule)

    def parts(self, pen: Pen, look: Showing) -> list[Part]:
        """The block: the rule and what moves first."""
        moves = self.plan.moves
        parts: list[Part] = [Ends(f"update: {self.plan.rule!r}", f"{len(moves)} weight{'s' * (len(moves) != 1)}, at 0: the rule")]
        if self.plan.refused:
            return [*parts, f"  * refused: {self.plan.refused}"]
        told = f".data is untouched until {as_typed('commit')}" if moves else "no weight has a gradient, so none moves"
        return [*parts, Ends(f"  {told}", f"next: {self.plan.names[moves[0].weight]}" if moves else "")]


class UpdateStep(AnyStep):
    """The step that moves one weight."""

    phase = "update"

    def __init__(self, number: int, of: Pass, plan: UpdatePlan) -> None:
        super().__init__(number, of)
        self.plan, self.move = plan, plan.moves[number - 1]

    @property
    def node(self) -> Value:
        """The weight."""
        return self.move.weight

    @property
    def name(self) -> str:
        """What the weight is called."""
        return self.plan.names[self.node]

    def _moved(self, number: Rounded) -> str:
        move, lr = self.move, self.plan.rule.lr
        if move.new == move.old:
            return f"{number(move.old)} stays; gradient {number(move.gradient)}"
        if move.new == move.old - lr * move.gradient:
            factor = f"({number(move.gradient)})" if move.gradient < 0.0 else number(move.gradient)
            return f"{number(move.old)} - {number(lr)} x {factor} = {number(move.new)}"
        moved = f"{number(move.old)} -> {number(move.new)}, moved by {number(move.new - move.old)}"
        return f"{moved}; gradient {number(move.gradient)}"

    def told(self, width: int, keep: Keep | None = None) -> str:
        """The step in one line, such as `update 1/4: a: 2 - 0.1 x 6 = 1.4`."""
        told = f": {self._moved(Rounded(self.of.digits))}"
        head = f"update {self.number}/{len(self.plan.moves)}: "
        return head + fitted(self.name, max(width - len(head) - len(told), 8)) + told

    def announced(self, width: int) -> str:
        """Which weight will move."""
        return fitted(f"update {self.number}/{len(self.plan.moves)}: {self.name}", width)

    def mentioned(self, look: Showing) -> list[Value]:
        """Nothing of the graph is named but the weight, in its title."""
        return []

    def parts(self, pen: Pen, look: Showing) -> list[Part]:
        """The block: the move, and what the rule remembers of this weight, before and after."""
        move, number = self.move, pen.number
        title = fitted(f"update {self.number}/{len(self.plan.moves)}   {self.name}", pen.width)
        parts: list[Part] = [Ends(title, self.plan.rule.name), f"  {self._moved(number)}"]
        rows = [
            (f"  {name}", number(move.before[name]) if name in move.before else "", "->", number(move.after[name]))
            for name in move.after
        ]
        return [*parts, TableRows([("  remembers", "before", "", "after"), *rows], "<><<")] if rows else parts
