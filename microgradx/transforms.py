"""Functions of functions: derivatives of ordinary Python functions, nested to any order and in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Real
from operator import index
from typing import Any, SupportsIndex

from . import modes, observers, ops
from .chain import edges, topological_order
from .engine import Value, gradient, itself, product
from .operation import Operand, unboxed
from .structure import Fixed, Grid, Structure, by_numbers, filled, flat, laid_out, owned, slopes

Argnums = SupportsIndex | Sequence[SupportsIndex]
"""The place of an argument, or several."""

_inside: ContextVar[bool] = ContextVar("inside", default=False)


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that returns the gradient of `f`, shaped like the argument: a number, a list, or an array.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
    (5.0, 2.0)

    `f` must return one Value. Called with plain numbers it returns plain numbers; called with Values, or inside another
    transform, it returns Values that can be differentiated again.
    """

    def gradient_of_f(*args: Any, **kwargs: Any) -> Any:
        return value_and_grad(f, argnums)(*args, **kwargs)[1]

    return gradient_of_f


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., tuple[Any, Any]]:
    """The function that returns (f(...), gradient) from one pass.

    >>> value_and_grad(lambda v: v[0] * v[1])([3.0, 4.0])
    (12.0, [4.0, 3.0])
    """

    def value_and_gradient_of_f(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        with _transform() as plain_out:
            chosen, args, nested = _variables(args, argnums)
            output = _one_value(f(*args, **kwargs), "grad")
            leaves = [leaf for _, leaves in chosen for leaf in leaves]
            found = iter(_gradient(output, leaves, nested or not plain_out))
            found_by = tuple([slopes(structure, found) for structure, _ in chosen])
            value = _out(output, nested or not plain_out)
        return value, found_by if isinstance(argnums, Sequence) else found_by[0]

    return value_and_gradient_of_f


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(f(*primals), its directional derivative along `tangents`), pushed forward through the graph.

    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.5))
    (12.0, 5.5)

    Forward mode: one sweep for any number of outputs, by the same local derivatives as the backward pass. `primals` and
    `tangents` are sequences of one length, each tangent shaped like its primal.
    """
    _in_a_row(primals, tangents, "jvp")
    if len(primals) != len(tangents):
        raise ValueError(f"jvp needs one tangent for each primal, got {len(primals)} primals and {len(tangents)} tangents")
    with _transform() as plain_out:
        chosen, args, nested = _variables(tuple(primals), tuple(range(len(primals))))
        moved: dict[Any, Any] = {}
        for k, ((structure, leaves), tangent) in enumerate(zip(chosen, tangents, strict=True)):
            rates = laid_out(tangent, structure, f"tangent {k}")
            if len(rates) != len(leaves):
                raise ValueError(f"tangent {k} has {len(rates)} numbers, its primal has {len(leaves)}: shape it like the primal")
            moved.update(zip(leaves, rates, strict=True))
            nested = nested or any(isinstance(t, Operand) for t in rates)
        keep = nested or not plain_out
        result, outputs = _outputs(f(*args), "jvp")
        push_forward([y for y in outputs if isinstance(y, Value)], moved, keep)
        values = [_out(y, keep) for y in outputs]
        rates = [_out(moved.get(y, 0.0) if isinstance(y, Value) else 0.0, keep) for y in outputs]
    return filled(result, values), slopes(result, rates)


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


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """(f(*primals), pull): `pull(cotangent)` gives one gradient for each primal.

    >>> value, pull = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> value, pull([1.0, 0.0]), pull([0.0, 1.0])
    ([12.0, 7.0], (4.0, 3.0), (1.0, 1.0))

    `cotangent` is shaped like the value.
    """
    with _transform() as plain_out:
        chosen, args, nested = _variables(primals, tuple(range(len(primals))))
        result, outputs = _outputs(f(*args), "vjp")
        keep = nested or not plain_out
        value = filled(result, [_out(y, keep) for y in outputs])

    def pull(cotangent: Any) -> tuple[Any, ...]:
        weights = laid_out(cotangent, result, "the cotangent")
        if len(weights) != len(outputs):
            raise ValueError(f"the cotangent has {len(weights)} numbers, the value has {len(outputs)}: shape it like the value")
        graph = keep or _inside.get() or any(isinstance(w, Operand) for w in weights)
        with modes.recording():
            total = ops.dot(weights, outputs) if outputs else Value(0.0)
            leaves = [leaf for _, leaves in chosen for leaf in leaves]
            found = iter(_gradient(total if isinstance(total, Value) else Value(total), leaves, graph))
        return tuple([slopes(structure, found) for structure, _ in chosen])

    return value, pull


def jacobian(f: Callable[..., Any], argnum: SupportsIndex = 0) -> Callable[..., Any]:
    """The function that returns d(output i)/d(input j): rows for outputs, columns for inputs.

    >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]

    For an array argument the result is an array of shape output shape + input shape. One backward pass for each output.
    """

    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        with _transform() as plain_out:
            if isinstance(argnum, Sequence):
                raise TypeError(f"argnum={argnum!r} must be the place of one argument: write 0, and one call for each")
            ((structure, leaves),), args, nested = _variables(args, argnum)
            result, outputs = _outputs(f(*args, **kwargs), "jacobian")
            keep = nested or not plain_out
            rows = [slopes(structure, _gradient(_as_value(y), leaves, keep)) for y in outputs]
        return _stacked(result, rows)

    return jacobian_of_f


def hessian(f: Callable[..., Any], argnum: SupportsIndex = 0) -> Callable[..., Any]:
    """The function that returns the second derivatives of a scalar `f`: the jacobian of its gradient.

    >>> hessian(lambda v: v[0] ** 2 * v[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnum), argnum)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of scalar `f` times the vector `tangents`, without building the Hessian: forward over reverse.

    >>> hvp(lambda v: v[0] ** 2 * v[1], ([3.0, 4.0],), ([1.0, 0.0],))
    [8.0, 6.0]

    One primal gives one result shaped like it, several give a tuple.
    """
    _in_a_row(primals, tangents, "hvp")
    every: int | tuple[int, ...] = 0 if len(primals) == 1 else tuple(range(len(primals)))
    return jvp(grad(f, every), primals, tangents)[1]


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


@contextmanager
def _transform() -> Iterator[bool]:
    """The inside of a transform: recording is on; yields whether this is the outermost one, which may return plain numbers."""
    outermost = not _inside.get()
    token = _inside.set(True)
    try:
        with modes.recording():
            yield outermost
    finally:
        _inside.reset(token)


def _variables(
    args: tuple[Any, ...], argnums: Argnums
) -> tuple[list[tuple[Structure, list[Any]]], tuple[Any, ...], bool]:
    """For the chosen arguments (structure, fresh variables), all arguments with those put in, and whether any was a Value.

    A Value gets a new node on top, so that only what the function does with its own argument is differentiated; a model keeps
    its parameters.
    """
    replaced, chosen, nested = list(args), [], False
    for k in places(argnums, len(args)):
        structure, numbers = flat(args[k])
        by_numbers(structure, f"argument {k}")
        nested = nested or any(isinstance(x, Operand) for x in _not_recorded(numbers))
        leaves = [
            x if own else ops.positive(x) if isinstance(x, Operand) else Value(x)
            for x, own in zip(numbers, owned(structure), strict=True)
        ]
        replaced[k] = filled(structure, leaves)
        chosen.append((structure, leaves))
    return chosen, tuple(replaced), nested


def _not_recorded(flat: list[Any]) -> list[Any]:
    """The same numbers; those of a function that is being compiled are refused, as they are in no graph to differentiate."""
    if observers.observer() is not None and any(isinstance(x, Operand) and not isinstance(x, Value) for x in flat):
        raise TypeError(
            "the derivative of a function that is being recorded was asked for inside the recording: compile the function itself "
            "and ask that for its derivatives, as compile(f).grad(x) instead of compile(grad(f))(x)"
        )
    return flat


def _stacked(result: Structure, rows: list[Any]) -> Any:
    """One row for each number of `result`, in its structure: arrays join into one array of both shapes."""
    if isinstance(result, Grid) and rows and all(hasattr(row, "shape") for row in rows):
        import numpy

        return numpy.stack(rows).reshape(result[0] + rows[0].shape)
    return filled(result, rows)


def _gradient(output: Value, leaves: Sequence[Value], keep: bool) -> list[Any]:
    return gradient(output, leaves, create_graph=True) if keep else gradient(output, leaves)


def _out(x: Any, keep: bool) -> Any:
    return _as_value(x) if keep else x.data if isinstance(x, Value) else x


def _in_a_row(primals: Any, tangents: Any, transform: str) -> None:
    for given in (primals, tangents):
        if not hasattr(given, "__len__"):
            raise TypeError(
                f"{transform} takes one sequence of primals and one of tangents, got {given!r}: "
                f"write {transform}(f, (3.0,), (1.0,))"
            )


def _outputs(result: Any, transform: str) -> tuple[Structure, list[Any]]:
    """The structure of a function's result and its numbers, one Value among them at least."""
    structure, outputs = flat(result)
    if (outputs or isinstance(structure, Fixed)) and not any(isinstance(y, Operand) for y in _not_recorded(outputs)):
        raise _left_the_graph(result, transform)
    return structure, outputs


def _as_value(x: Any) -> Value:
    return x if isinstance(x, Value) else Value(x)


def _one_value(x: Any, transform: str) -> Value:
    [x] = _not_recorded([unboxed(x)])
    if isinstance(x, Value):
        return x
    if x is None:
        raise TypeError(f"the function under {transform} returned None: does it lack a return?")
    if isinstance(x, Real):
        raise _left_the_graph(x, transform)
    raise TypeError(f"{transform} needs a function that returns one number, got {type(x).__name__}: use jacobian for several")


def _left_the_graph(result: Any, transform: str) -> TypeError:
    return TypeError(
        f"the function under {transform} returned {result!r}, which is in no graph, so its gradient is lost: "
        "does it read .data? A constant is written Value(3.0)"
    )
