"""`compile(f)`: record a function once, replay it as array instructions, and record again where a replay would be wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

from .. import argument_hints
from ..keywords import keywords
from .batch.batched import CHUNK, Batched
from .compiled import Compiled


@overload
def compile(f: Callable[..., Any], *, static: str | Sequence[str] = ()) -> Compiled: ...


@overload
def compile(
    f: Callable[..., Any], *, batch: str | Sequence[str], reduce: str | None = "mean", chunk: int = CHUNK, threads: int = 1
) -> Batched: ...


@keywords(argument_hints.COMPILED, "compile(f)")
def compile(
    f: Callable[..., Any],
    *,
    batch: str | Sequence[str] | None = None,
    reduce: str | None = "mean",
    chunk: int = CHUNK,
    threads: int = 1,
    static: str | Sequence[str] = (),
) -> Compiled | Batched:
    """`f` recorded at its first call and replayed as a few array instructions from then on.

    >>> import microgradx as mx
    >>> w = mx.Value(0.5)
    >>> loss = compile(lambda xs, ys: sum((w * x - y) ** 2 for x, y in zip(xs, ys)))
    >>> [loss([1.0, 2.0], [1.0, 2.0]).data, loss([1.0, 2.0], [2.0, 2.0]).data]
    [1.25, 3.25]

    Arguments are numbers, Values, and sequences, dicts, dataclasses, arrays and models of them; a new shape is recorded anew.
    Values that `f` captures, such as the parameters of a model, are read at each call, and the result is a Value connected to
    them: `.data` is its number, `float()` of it raises as of any Value. Where there are none, and under `no_grad()`, it is plain
    numbers. A captured Value that is computed is computed again from its leaves, so it is these that the result is connected to.
    **Plain numbers and arrays that `f` captures are constants**, as is which
    Values they are: after changing them, call `refresh()`, or pass them as arguments. Random numbers are drawn once. Comparisons
    are checked at each call, and another way through the branches is recorded anew; where two numbers differ by their last bits
    only, a branch may go either way. `x.data` is recorded as `x.detach()`; whatever else looks at a number while `f` is recorded
    (`float(x)`, print) is an error.

    A whole number may be an index or a count, and then the program holds for that one; `take(rows, i)` is recorded once for all.
    What stands in an argument that is `static` belongs to the program, as a string does anywhere.

    >>> power = compile(lambda x, n: x**n if n else 1.0, static="n")
    >>> power.grad(2.0, 3), power.grad(2.0, 4)
    (12.0, 32.0)

    Recording takes as long as four or five evaluations. Where the ways through `f` keep changing so that this does not pay, what
    is new is evaluated as it stands, and a warning says once what varies; `print` of what this returns shows the account.

    In a class, `@compile` makes a method. What its object holds is captured in the same way, but where a number, a string or a
    Value is assigned to an attribute of the object, the method is recorded anew. Recordings last as long as the object.

    With `batch`, `f` is a function of one sample: the arguments named there then hold one sample per row, or are iterators of
    such arrays, or dicts or dataclasses of either. The result is the mean (or sum) over all of them, `chunk` samples at a time;
    with `reduce=None` that of each sample, as arrays in the structure of what `f` gives. All are Values where `f` captured or got
    Values, but under `no_grad()`. With `threads`, so many chunks are computed at once, which pays for chunks of some thousand
    samples, and the result has the same bits.

    >>> each = compile(lambda w, x, y: (w * x - y) ** 2, batch=("x", "y"))
    >>> each.value_and_grad(0.5, [1.0, 2.0], [1.0, 2.0])
    (0.625, -2.5)
    >>> compile(lambda w, x, y: (w * x - y) ** 2, batch=("x", "y"), reduce=None)(0.5, [1.0, 2.0], [1.0, 2.0])
    array([0.25, 1.  ])
    """
    if batch is None:
        return Compiled(f, static)
    if static:
        raise TypeError(f"static={static!r} with batch: a batch has no static arguments, capture them in the function")
    return Batched(f, batch, reduce, chunk, threads)
