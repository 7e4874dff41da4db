"""What every part of a model can do: its parameters by name, frozen or trained, its answers to a table, its copies."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any, Self

from .. import argument_hints, hints
from ..containers import attributes, parameters
from ..engine import Value
from ..keywords import keywords
from ..module_calls import placed
from ..parts import walk
from ..places import NOWHERE
from .gradients import clear, freeze, frozen
from .parameter_list import ParameterList


class Module:
    """Something with parameters: every Value reachable through its attributes, lists, tuples, dicts and modules within.

    What a module gives, and its parameters, are known as its parts (see `places`) in drawings, steps and tables: a class of your
    own is a layer as any other.
    """

    _place = NOWHERE

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if isinstance(call := cls.__dict__.get("__call__"), FunctionType):
            cls.__call__ = placed(call)  # type: ignore[method-assign]  # whatever it takes

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter with its place, such as `layers[0].neurons[1].w[2]`, in the order of the attributes."""
        yield from parameters(self)

    def parameters(self) -> list[Value]:
        """Every parameter once, in the order of `named_parameters`, which names one that is tied to two places twice.

        `p in model.parameters()` asks for this very parameter, whatever the numbers of others are (see `ParameterList`).
        """
        walk(self)
        return ParameterList({id(parameter): parameter for _, parameter in self.named_parameters()}.values())

    @keywords(argument_hints.ZERO_GRAD, "model.zero_grad()")
    def zero_grad(self) -> None:
        """Make every parameter unreached, so that the next backward pass does not add to the last one."""
        clear(self.parameters())

    def freeze(self) -> Self:
        """Keep these parameters as they are: no optimizer moves them, nor lets them decay, until `unfreeze()`; gives the module.

        >>> from microgradx.nn import MLP
        >>> model = MLP(2, [3, 1], rng=0)
        >>> model.layers[0].freeze()
        Layer(3 x Neuron(2 inputs, relu))
        >>> len(model.parameters()), len(model.trainable())
        (13, 4)

        They stay in `parameters()`, and gradients still pass through them and reach them.
        """
        freeze(self.parameters())
        return self

    def unfreeze(self) -> Self:
        """Let optimizers move these parameters again; gives the module."""
        frozen.forget(self.parameters())
        return self

    def trainable(self) -> list[Value]:
        """The parameters that are not frozen."""
        return ParameterList(parameter for parameter in self.parameters() if parameter not in frozen)

    def predict(self, X: Any) -> Any:
        """The answers to the rows of a table as an array of plain numbers; a long table is replayed, see `nn.prediction`.

        >>> from microgradx.nn import MLP
        >>> MLP(2, [3, 2], rng=0).predict([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).shape
        (3, 2)
        """
        from .prediction import predict

        if not callable(self):
            raise TypeError(f"{type(self).__name__} cannot be called on a row: give it a method __call__(self, x)")
        return predict(self, X)

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if hasattr(type(self), name):  # a property of your own that raised
                return object.__getattribute__(self, name)
            raise hints.missing_name(f"a {type(self).__name__}", name, hints.MODEL, [*dir(type(self)), *vars(self)])

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, and which parameters are frozen: a copy keeps them so."""
        return {**attributes(self), "_frozen": [parameter for parameter in self.parameters() if parameter in frozen]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        freeze(state.pop("_frozen"))
        for name, thing in state.items():
            setattr(self, name, thing)
