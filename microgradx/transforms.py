"""Functions of functions: derivatives of ordinary Python functions, nested to any order and in both directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, SupportsIndex

from . import argument_hints, ops
from .keywords import keywords
from .operand import Operand, unboxed
from .structure import Fixed, Grid, Structure, filled, flat, laid_out, size, slopes
from .variables import Argnums, transform


@keywords(argument_hints.TRANSFORM, "grad(f)(x)")
def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that returns the gradient of `f`, shaped like the argument: a number, a list, a dict, an array.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
    (5.0, 2.0)

    `f` must return one Value; with `has_aux` a pair of one and of anything else, and then so is the result: (gradient, aux).
    Where what `f` gives depends on Values that are not its arguments, such as weights that it captured, or where it was called
    with Values, the result is Values connected to them, so that a loss made of derivatives can be trained.

    >>> from microgradx import Value
    >>> w = Value(2.0)
    >>> slope = grad(lambda x: w * x * x)(1.5)
    >>> slope.backward()
    >>> slope.data, w.grad
    (6.0, 3.0)

    Otherwise, and under `no_grad()`, it is plain numbers. All transforms do so.
    """

    _asked_of(f, "grad", argnums)

    def gradient_of_f(*args: Any, **kwargs: Any) -> Any:
        value, found = value_and_grad(f, argnums, has_aux)(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient_of_f


@keywords(argument_hints.TRANSFORM, "value_and_grad(f)(x)")
def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """The function that returns (f(...), gradient) from one pass.

    >>> value_and_grad(lambda v: v[0] * v[1])([3.0, 4.0])
    (12.0, [4.0, 3.0])
    >>> value_and_grad(lambda x: (x * x, [x, "more"]), has_aux=True)(3.0)
    ((9.0, [3.0, 'more']), 6.0)
    """

    _asked_of(f, "value_and_grad", argnums)

    def value_and_gradient_of_f(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        with transform() as here:
            chosen, variables = here.put(args, argnums)
            result = f(*variables, **kwargs)
            output, *more = _pair(result) if has_aux else (result,)
            output = _one_value(output, "grad")
            structure, aux = flat(more)
            here.reached([output, *aux])
            found = iter(here.gradient(output))
            found_by = tuple([slopes(like, found) for like in chosen])
            value, more = here.out(output), filled(structure, map(here.out, aux))
        return (value, *more) if has_aux else value, found_by if isinstance(argnums, Sequence) else found_by[0]

    return value_and_gradient_of_f


def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], **kwargs: Any
) -> tuple[Any, Any]:
    """(f(*primals), its directional derivative along `tangents`), pushed forward through the graph.

    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.5))
    (12.0, 5.5)

    Forward mode: one sweep for any number of outputs, by the same local derivatives as the backward pass. `primals` and
    `tangents` are sequences of one length, each tangent shaped like its primal; where it is None, the primal stays fixed, and so
    do arguments given by name.
    """
    _asked_of(f, "jvp")
    moved = moving(primals, tangents, "jvp")
    with transform() as here:
        chosen, args = here.put(primals, moved)
        speeds = [rate for k, like in zip(moved, chosen, strict=True) for rate in rates(tangents[k], like, k)]
        result, outputs = _outputs(f(*args, **kwargs), "jvp")
        here.reached([*outputs, *speeds])
        tilts = here.tangents(outputs, speeds)
        values = [here.out(y) for y in outputs]
    return filled(result, values), slopes(result, tilts)


def vjp(f: Callable[..., Any], *primals: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """(f(*primals), pull): `pull(cotangent)` gives one gradient for each primal.

    >>> value, pull = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> value, pull([1.0, 0.0]), pull([0.0, 1.0])
    ([12.0, 7.0], (4.0, 3.0), (1.0, 1.0))

    `cotangent` is shaped like the value.
    """
    _asked_of(f, "vjp")
    with transform() as here:
        chosen, args = here.put(primals, tuple(range(len(primals))))
        result, outputs = _outputs(f(*args, **kwargs), "vjp")
        here.reached(outputs)
        value = filled(result, [here.out(y) for y in outputs])

    def pull(cotangent: Any) -> tuple[Any, ...]:
        weights = laid_out(cotangent, result, "the cotangent")
        if len(weights) != len(outputs):
            raise ValueError(f"the cotangent has {len(weights)} numbers, the value has {len(outputs)}: shape it like the value")
        with transform(here) as now:
            now.reached(weights)
            found = iter(now.gradient(ops.dot(weights, outputs) if outputs else 0.0))
        return tuple([slopes(structure, found) for structure in chosen])

    return value, pull


def jacobian(f: Callable[..., Any], argnum: SupportsIndex = 0) -> Callable[..., Any]:
    """The function that returns d(output i)/d(input j): rows for outputs, columns for inputs.

    >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]

    For an array argument the result is an array of shape output shape + input shape. One backward pass for each output.
    """

    _asked_of(f, "jacobian", argnum)

    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        with transform() as here:
            (structure,), variables = here.put(args, one_place(argnum))
            result, outputs = _outputs(f(*variables, **kwargs), "jacobian")
            here.reached(outputs)
            rows = [slopes(structure, here.gradient(y)) for y in outputs]
        return stacked(result, rows)

    return jacobian_of_f


def hessian(f: Callable[..., Any], argnum: SupportsIndex = 0) -> Callable[..., Any]:
    """The function that returns the second derivatives of a scalar `f`: the jacobian of its gradient.

    >>> hessian(lambda v: v[0] ** 2 * v[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    _asked_of(f, "hessian", argnum)
    return jacobian(grad(f, argnum), argnum)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], **kwargs: Any) -> Any:
    """The Hessian of scalar `f` times the vector `tangents`, without building the Hessian: forward over reverse.

    >>> hvp(lambda v: v[0] ** 2 * v[1], ([3.0, 4.0],), ([1.0, 0.0],))
    [8.0, 6.0]

    One primal gives one result shaped like it, several give a tuple, with None for those whose tangent is None: they stay fixed.
    """
    found = iter(jvp(grad(f, moving(primals, tangents, "hvp")), primals, tangents, **kwargs)[1])
    products = tuple([None if tangent is None else next(found) for tangent in tangents])
    return products if len(products) > 1 else products[0]


def _asked_of(f: Any, transform: str, argnums: Any = 0) -> None:
    """Refuse what is not a function, and arguments of f where the places of arguments belong."""
    if not callable(f):
        of_a_value = f"write gradient(y, [x]) for the slopes of a Value, or {transform}(f)(x)"
        raise TypeError(f"{transform} takes a function, got {f!r}: {of_a_value}")
    for k in argnums if isinstance(argnums, Sequence) else (argnums,):
        if isinstance(k, Operand) or not hasattr(k, "__index__"):
            raise TypeError(
                f"argnums={argnums!r} must be the place of an argument or a tuple of places: write 0 or (0, 1), and the "
                f"arguments of f behind it: {transform}(f)(x)"
            )


def one_place(argnum: Any) -> SupportsIndex:
    """`argnum`, if it is a single place."""
    if isinstance(argnum, Sequence):
        raise TypeError(f"argnum={argnum!r} must be the place of one argument: write 0, and one call for each")
    return argnum  # type: ignore[no-any-return]


def stacked(result: Structure, rows: list[Any]) -> Any:
    """One row for each number of `result`, in its structure: arrays join into one array of both shapes."""
    if isinstance(result, Grid) and rows and all(hasattr(row, "shape") for row in rows):
        import numpy

        return numpy.stack(rows).reshape(result[0] + rows[0].shape)
    return slopes(result, rows)


def moving(primals: Any, tangents: Any, transform: str) -> tuple[int, ...]:
    """The places of the primals that have a tangent."""
    for given in (primals, tangents):
        if not hasattr(given, "__len__"):
            raise TypeError(
                f"{transform} takes one sequence of primals and one of tangents, got {given!r}: "
                f"write {transform}(f, (3.0,), (1.0,))"
            )
    if len(primals) != len(tangents):
        raise ValueError(
            f"{transform} needs one tangent for each primal, got {len(primals)} primals and {len(tangents)} tangents"
        )
    places = tuple([k for k, tangent in enumerate(tangents) if tangent is not None])
    if not places:
        raise ValueError(f"{transform} needs a primal that moves, and all tangents {tangents!r} are None: write 0.0 for one")
    return places


def rates(tangent: Any, like: Structure, place: int) -> list[Any]:
    """The numbers of a tangent in the order of those of its primal."""
    found = laid_out(tangent, like, f"tangent {place}")
    if len(found) != size(like):
        raise ValueError(f"tangent {place} has {len(found)} numbers, its primal has {size(like)}: shape it like the primal")
    return found


def _outputs(result: Any, transform: str) -> tuple[Structure, list[Any]]:
    """The structure of a function's result and its numbers, one Value among them at least."""
    structure, outputs = flat(result)
    if (outputs or isinstance(structure, Fixed)) and not any(isinstance(y, Operand) for y in outputs):
        raise _left_the_graph(result, transform)
    return structure, outputs


def _pair(result: Any) -> Sequence[Any]:
    """What a function with `has_aux` gave."""
    if isinstance(result, (tuple, list)) and len(result) == 2:
        return result
    raise TypeError(f"with has_aux=True the function must return a pair (value, anything else), got {result!r}")


def _one_value(x: Any, transform: str) -> Any:
    x = unboxed(x)
    if isinstance(x, Operand):
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
