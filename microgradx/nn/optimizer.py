"""What every optimizer does: it takes charge of parameters, remembers, and moves all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self, TypeVar

import numpy as np

from .. import argument_hints
from ..engine import Value
from ..keywords import keywords
from ..observers import look
from ..operand import number
from ..places import name_of
from ..writing import commit, new_numbers
from .gradients import clear, frozen, moves
from .memories import Array, Memories, ParameterPlaces
from .parameter_list import ParameterList
from .settings import real

Memory = dict[str, float]
Update = TypeVar("Update", bound=Callable[..., Any])


def elementwise(update: Update) -> Update:
    """Mark an `update` that moves arrays of weights as it moves one: all parameters are then moved at once.

    >>> class Descent(Optimizer):
    ...     @elementwise
    ...     def update(self, weight, gradient, memory):
    ...         return weight - self.lr * gradient
    >>> w = Value(1.0); w.grad = 2.0
    >>> Descent([w], lr=0.1).step(); w.data
    0.8
    """
    update.elementwise = True  # type: ignore[attr-defined]  # a function takes any attribute
    return update


class Optimizer:
    """Moves parameters by a rule; `SGD(parameters, lr=0.1)`, or `SGD(lr=0.1)` for `fit` to bind to the model it trains.

    A rule of your own is a subclass with one method, `update(weight, gradient, memory)`, that returns the new weight.
    `memory` is a dict of that parameter's own, empty at the first update, kept from one update to the next.
    """

    def __init__(self, parameters: Iterable[Value] | None = None, lr: float = 0.01, *, weight_decay: float = 0.0) -> None:
        self.lr = real("lr", lr)
        self.weight_decay = real("weight_decay", weight_decay)
        self.parameters: list[Value] = []
        self._memories = Memories(0)
        if parameters is not None:
            self.bind(parameters)

    def bind(self, parameters: Iterable[Value]) -> Self:
        """Take charge of these parameters, each once, with an empty memory unless they are the ones held already."""
        chosen = self._leaves(parameters)
        if list(map(id, chosen)) != list(map(id, self.parameters)):
            vars(self).update(self.bound(chosen))
        return self

    def bound(self, parameters: Iterable[Value], memories: Sequence[Memory] = ()) -> dict[str, Any]:
        """The attributes of an optimizer that moves these parameters and remembers this of them."""
        chosen = self._leaves(parameters)
        held = Memories(len(chosen))
        for place, memory in enumerate(memories):
            held.put(np.array(place), memory)
        return {"parameters": ParameterList(chosen), "_memories": held}

    def _leaves(self, parameters: Iterable[Value]) -> list[Value]:
        """Each of the parameters once, if they are what can be moved."""
        if isinstance(parameters, (int, float)):
            alone = f"{type(self).__name__}(lr={parameters!r}) for nn.fit"
            raise TypeError(
                f"an optimizer moves Values, got {parameters!r}: write {self._call()}, or {alone}, which hands them over"
            )
        if not isinstance(parameters, Iterable):
            raise TypeError(f"an optimizer moves Values, got {parameters!r}: write {self._call()}")
        chosen = list({id(parameter): parameter for parameter in parameters}.values())
        for parameter in chosen:
            if not isinstance(parameter, Value):
                raise TypeError(f"an optimizer moves Values, got {parameter!r}: write {self._call()}")
            if parameter.op is not None:
                raise TypeError(
                    f"{parameter!r} is computed by {parameter.op.name}: an optimizer moves the leaves it is made from"
                )
        if not chosen:
            raise ValueError("no parameters to move: pass model.parameters()")
        return chosen

    def step(self) -> None:
        """Move every parameter once, all of them by gradients taken before the move; one that no gradient
        reached stays, and so does a frozen one.

        All of them or none: FloatingPointError if a gradient or a new weight is not finite, and nothing has moved then, nor after
        an error in a rule of your own or Ctrl-C.
        """
        if not self.parameters:
            raise RuntimeError(f"this {type(self).__name__} has no parameters: write {self._call()}")
        places = [place for place, parameter in enumerate(self.parameters) if moves(parameter)]
        moving = [self.parameters[place] for place in places]
        slopes = np.array([parameter.grad for parameter in moving])
        weights, memories = self.moved(np.array([parameter.data for parameter in moving]), slopes, np.array(places, dtype=int))
        look(".data was assigned")
        commit(([self], "_memories", [memories]), *new_numbers(moving, weights.tolist()))

    def moved(self, weights: Array, gradients: Array, places: ParameterPlaces) -> tuple[Array, Memories]:
        """Where one step takes the parameters at these places, and what is remembered then; nothing is changed yet."""
        self._refuse("the gradient of {} is {!r}", gradients, places)
        memories, moved = self._memories.copy(), np.empty(len(places))
        if getattr(type(self).update, "elementwise", False):
            for which in memories.alike(places):
                memory = memories.get(places[which])
                with np.errstate(all="ignore"):  # what is not finite is refused below, by name
                    moved[which] = self.update(weights[which], gradients[which], memory)  # type: ignore[arg-type]
                for name, column in memory.items():
                    self._refuse(f"the {name} remembered for {{}} would be {{!r}}", column, places[which])
                memories.put(places[which], memory)
        else:
            for row, (place, weight, gradient) in enumerate(zip(places, weights.tolist(), gradients.tolist(), strict=True)):
                own = memories.at(place)
                moved[row] = number(self.update(weight, gradient, own))
                memories.put(place, own)
        self._refuse("the step would move {} to {!r}", moved, places)
        return moved, memories

    def memory(self, parameter: Value) -> Memory:
        """What the rule remembers of a parameter, as `update` would get it: a copy, empty before the first update.

        >>> w = Value(1.0); w.grad = 2.0
        >>> from microgradx.nn import SGD
        >>> optimizer = SGD([w], lr=0.1, momentum=0.9); optimizer.step()
        >>> optimizer.memory(w)
        {'velocity': 2.0}
        """
        for place, known in enumerate(self.parameters):
            if known is parameter:
                return self._memories.at(place)
        raise ValueError(f"{parameter!r} is not one of the {len(self.parameters)} parameters that this optimizer moves")

    def keeps(self, parameter: Value) -> bool:
        """Whether a step leaves this parameter as it is whatever its gradient, since it is frozen."""
        return parameter in frozen

    def memories(self) -> list[Memory]:
        """What the rule remembers of each parameter, in their order."""
        return [self._memories.at(place) for place in range(len(self.parameters))]

    @keywords(argument_hints.ZERO_GRAD, "optimizer.zero_grad()")
    def zero_grad(self) -> None:
        """Make every parameter unreached, as gradients add up from one backward pass to the next."""
        clear(self.parameters)

    def update(self, weight: float, gradient: float, memory: Memory) -> float:
        """The new weight."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a method update(weight, gradient, memory): the new weight"
        )

    def settings(self) -> dict[str, Any]:
        """What was chosen when it was made: the rate and its kin."""
        return {name: value for name, value in vars(self).items() if name != "parameters" and not name.startswith("_")}

    def _refuse(self, what: str, numbers: Array, places: ParameterPlaces) -> None:
        """Raise by name if one of the numbers, each of the parameter in its place, is not finite."""
        bad = np.flatnonzero(~np.isfinite(numbers))
        if len(bad):
            parameter = self.parameters[places[bad[0]]]
            name = name_of(parameter) or f"parameter {places[bad[0]]}"
            raise FloatingPointError(
                f"{what.format(name, float(numbers[bad[0]]))}, and nothing has moved: lower the learning rate "
                f"(now {self.lr:g}), clip the gradient, or ask origin(loss) what stopped being finite"
            )

    def _call(self) -> str:
        return f"{type(self).__name__}(model.parameters(), lr=...)"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.settings().items())})"
