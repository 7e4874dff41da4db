"""The variables of one transform, and derivatives by them: of Values, or on the tape of a function that is being recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from operator import index
from typing import Any, SupportsIndex

from . import modes, observers, ops
from .chain import edges
from .derivatives import gradient, itself, product, unsigned
from .engine import Value, is_node
from .operand import Operand
from .operation import Op
from .order import topological_order, unreached
from .stale import clock
from .structure import Structure, by_numbers, filled, flat, owned

Argnums = SupportsIndex | Sequence[SupportsIndex]
"""The place of an argument, or several."""

variable = object.__new__(Op)
"""`positive` once more, whose results are variables: who captures one takes it as a leaf, whatever it was made from."""
for _name in Op.__slots__:
    setattr(variable, _name, getattr(ops.positive, _name))

_inside: ContextVar[bool] = ContextVar("inside", default=False)


class Variables:
    """Fresh variables in place of a function's arguments, and what is found by them.

    What is found stays connected to the graph where that has to be recorded (not under `no_grad` outside) and anything is in it
    that is not one of the variables: Values given as arguments, Values that the function captured, an outer transform's.
    """

    def __init__(self, of: Variables | None, recorded: bool, inside: bool) -> None:
        self.tape = observers.observer()
        self.recorded = recorded
        self.began = clock.now if inside else clock.tick()
        self.connected: bool = inside or (of is not None and of.connected)
        self.leaves: list[Any] = of.leaves if of is not None else []

    def put(self, args: Sequence[Any], argnums: Argnums) -> tuple[list[Structure], list[Any]]:
        """The structures of the chosen arguments, and all arguments with variables put into those.

        A Value gets a new node on top, so that only what the function does with its own argument is differentiated; a model
        keeps its parameters.
        """
        replaced, chosen = list(args), []
        for k in places(argnums, len(args)):
            structure, numbers = flat(args[k])
            by_numbers(structure, f"argument {k}")
            leaves = [self.variable(x, own) for x, own in zip(numbers, owned(structure), strict=True)]
            replaced[k] = filled(structure, leaves)
            chosen.append(structure)
            self.leaves += leaves
        return chosen, replaced

    def variable(self, x: Any, own: bool) -> Any:
        """What stands for the number `x`, which is a parameter of a model if it is its `own`."""
        if self.tape is not None:
            return self.tape.number(x) if own else self.tape.variable(x)
        if not isinstance(x, Operand):
            return Value(x)
        self.connected = True
        return x if own else variable(x)

    def reached(self, outputs: Sequence[Any]) -> None:
        """Note what `outputs` are made of besides the variables, unless who records sees that."""
        values = [y for y in outputs if is_node(y)]
        if self.tape is None and not self.connected and values:
            own = dict.fromkeys(self.leaves)
            below = unreached(*values, placed=own.copy())
            self.connected = any(node.op is None and node._stamp < self.began and node not in own for node in below)

    def out(self, x: Any) -> Any:
        """A number of the result: part of the graph, or a plain one."""
        if self.tape is not None:
            return self.tape.number(x)
        if self.connected and self.recorded:
            return x if isinstance(x, Value) else Value(x)
        return x.data if isinstance(x, Value) else x

    def gradient(self, output: Any) -> list[Any]:
        """d(output)/d(variable) for each of them."""
        if self.tape is not None:
            return self.tape.gradient(output, self.leaves)
        output = output if isinstance(output, Value) else Value(output)
        if self.connected and self.recorded:
            return gradient(output, self.leaves, create_graph=True)
        return gradient(output, self.leaves)

    def tangents(self, outputs: Sequence[Any], rates: Sequence[Any]) -> list[Any]:
        """How fast each output changes where the variables change at these `rates`."""
        if self.tape is not None:
            return self.tape.tangents(outputs, self.leaves, rates)
        moved = dict(zip(self.leaves, rates, strict=True))
        values = [y for y in outputs if isinstance(y, Value)]
        push_forward(values, moved, self.connected and self.recorded)
        return [self.out(unsigned(moved.get(y, 0.0)) if isinstance(y, Value) else 0.0) for y in outputs]


@contextmanager
def transform(of: Variables | None = None) -> Iterator[Variables]:
    """The inside of a transform, in which everything is recorded; its variables are new, or those of an earlier one."""
    here = Variables(of, modes.is_recording(), _inside.get())
    before = _inside.get()
    try:
        _inside.set(True)  # inside: Ctrl-C must not leave it set
        with modes.recording():
            yield here
    finally:
        _inside.set(before)


def places(argnums: Argnums, count: int) -> tuple[int, ...]:
    """The places of the arguments `argnums` among `count` positional ones; negative ones count from the last."""
    try:
        named = [index(k) for k in (argnums if isinstance(argnums, Sequence) else (argnums,))]
    except TypeError:
        raise TypeError(f"argnums={argnums!r} must be the place of an argument or a tuple of places: write 0 or (0, 1)") from None
    for k in named:
        if not -count <= k < count:
            raise ValueError(f"argnums names argument {k}, but the function was called with {count} positional argument(s)")
    if len({k % count for k in named}) < len(named):
        raise ValueError(f"argnums={argnums!r} names an argument twice: each place of {count} stands in it once")
    return tuple([k % count for k in named])


def push_forward(outputs: Sequence[Value], tangents: dict[Any, Any], create_graph: bool = False) -> None:
    """Carry `tangents` (node -> its rate of change) from the leaves up to `outputs`, adding an entry for each node that moves.

    >>> x = Value(3.0); y = x * x
    >>> tangents = {x: 1.0}
    >>> push_forward([y], tangents)
    >>> tangents[y]
    6.0
    """
    for node in topological_order(*outputs):
        if node.op is None or node in tangents:
            continue
        total: Any = None
        for _, parent, local in edges(node, itself) if create_graph else edges(node):
            if (tangent := tangents.get(parent)) is None:
                continue
            part = product(tangent, local)
            total = part if total is None else total + part
        if total is not None:
            modes.check_tangent(node, total)
            tangents[node] = total
