"""`compile(f)`: record a function once, replay it as array instructions, and record again where a replay would be wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, SupportsIndex, overload

from ..observers import observer
from ..structure import Grid
from ..variables import Argnums
from .arguments import Call, Chosen, shaped
from .batch.batched import CHUNK, Batched
from .function import Function
from .program import Program, add_slopes
from .run.array_program import Array
from .specialization import Recording


class Compiled(Function):
    """What `compile` returns. Called like the function, it gives plain numbers; its methods give derivatives."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """f(*args, **kwargs) as plain numbers; with Values among the arguments, what `f` itself makes of them."""
        if observer() is not None or (call := Call(args, kwargs)).values:
            return self.f(*args, **kwargs)
        found, recording = self.replay(call, lambda recording, inputs: recording.program.run(inputs))
        return shaped(recording.result, found)

    def value_and_grad(self, *args: Any, argnums: Argnums = 0, **kwargs: Any) -> tuple[float, Any]:
        """(value, gradient), the gradient shaped like argument `argnums`; a tuple of argnums gives a tuple.

        >>> f = compile(lambda w, x: (w[0] * x + w[1]) ** 2)
        >>> f.value_and_grad([2.0, 1.0], 3.0)
        (49.0, [42.0, 14.0])
        """
        call = Call(args, kwargs)
        by = Chosen(call, argnums)
        (value, slopes), _ = self.replay(call, lambda recording, inputs: recording.scalar().run_gradient(inputs, by.spans))
        return value, by.shaped(slopes)

    def grad(self, *args: Any, argnums: Argnums = 0, **kwargs: Any) -> Any:
        """The gradient alone, shaped like argument `argnums`."""
        return self.value_and_grad(*args, argnums=argnums, **kwargs)[1]

    def hvp(self, *args: Any, vector: Any, argnums: Argnums = 0, **kwargs: Any) -> Any:
        """The matrix of second derivatives times `vector` (shaped like argument `argnums`), without building the matrix.

        >>> compile(lambda v: v[0] ** 2 * v[1]).hvp([3.0, 4.0], vector=[1.0, 0.0])
        [8.0, 6.0]
        """
        call = Call(args, kwargs)
        by = Chosen(call, argnums)
        direction = by.laid_out(vector)
        count = sum(high - low for low, high in by.spans)
        if count != len(direction):
            raise ValueError(f"vector has {len(direction)} numbers, argument {argnums} has {count}: shape it like the argument")
        products, _ = self.replay(call, lambda recording, inputs: recording.scalar().run_hvp(inputs, by.spans, direction))
        return by.shaped(products)

    def jacobian(self, *args: Any, argnum: SupportsIndex = 0, **kwargs: Any) -> Array:
        """d(output i)/d(input j) as an array of shape (outputs, *shape of the argument); one row for a single output.

        >>> compile(lambda v: [v[0] * v[1], v[0] + v[1]]).jacobian([3.0, 4.0])
        array([[4., 3.],
               [1., 1.]])
        """
        if isinstance(argnum, Sequence):
            raise TypeError(f"argnum={argnum!r} must be the place of one argument: write 0, and one call for each")
        call = Call(args, kwargs)
        by = Chosen(call, argnum)
        matrix, recording = self.replay(call, lambda recording, inputs: recording.program.run_jacobian(inputs, by.spans))
        [part] = by.parts
        inner = part[0] if isinstance(part, Grid) else matrix.shape[1:]
        outer = recording.result[0] if isinstance(recording.result, Grid) else matrix.shape[:1]
        return matrix.reshape((*outer, *inner))

    def backward(self, *args: Any, **kwargs: Any) -> float:
        """The value, after adding d(value)/d(leaf) to the `.grad` of every Value that the function captured.

        >>> from microgradx import Value
        >>> w = Value(3.0)
        >>> compile(lambda x: (w * x) ** 2).backward(2.0), w.grad
        (36.0, 24.0)
        """

        def run(recording: Recording, inputs: Array) -> tuple[float, Array]:
            program = recording.scalar()
            return program.run_gradient(inputs, ((program.arguments, len(inputs)),))

        (value, slopes), recording = self.replay(Call(args, kwargs), run)
        add_slopes(recording.program.captured, slopes.tolist())
        return value

    def program(self, *args: Any, **kwargs: Any) -> Program:
        """The program that a call with these arguments would run: print it to see its instructions."""
        return self.replay(Call(args, kwargs), lambda recording, inputs: recording.program.run(inputs))[1].program


@overload
def compile(f: Callable[..., Any]) -> Compiled: ...


@overload
def compile(f: Callable[..., Any], *, batch: str | Sequence[str], reduce: str = "mean", chunk: int = CHUNK) -> Batched: ...


def compile(
    f: Callable[..., Any], *, batch: str | Sequence[str] | None = None, reduce: str = "mean", chunk: int = CHUNK
) -> Compiled | Batched:
    """`f` recorded at its first call and replayed as a few array instructions from then on.

    >>> import microgradx as mx
    >>> w = mx.Value(0.5)
    >>> loss = compile(lambda xs, ys: sum((w * x - y) ** 2 for x, y in zip(xs, ys)))
    >>> loss([1.0, 2.0], [1.0, 2.0]), loss([1.0, 2.0], [2.0, 2.0])
    (1.25, 3.25)

    Arguments are numbers, sequences, dicts and arrays of numbers; a new shape is recorded anew. Values that `f` captures, such as
    the parameters of a model, are read at each call. A computed one is computed again from its leaves.
    **Plain numbers and arrays that `f` captures are constants**, as is which
    Values they are: after changing them, call `refresh()`, or pass them as arguments. Random numbers are drawn once. Comparisons
    are checked at each call, and another way through the branches is recorded anew; where two numbers differ by their last bits
    only, a branch may go either way. Whatever else looks at a number while `f` is recorded (`float(x)`, `x.data`, print) is an
    error.

    In a class, `@compile` makes a method. What its object holds is captured in the same way, but where a number, a string or a
    Value is assigned to an attribute of the object, the method is recorded anew. Recordings last as long as the object.

    With `batch`, `f` is a function of one sample: the arguments named there then hold one sample per row, or are iterators of
    such arrays, and the result is the mean (or sum) over all of them, `chunk` samples at a time.

    >>> each = compile(lambda w, x, y: (w * x - y) ** 2, batch=("x", "y"))
    >>> each.value_and_grad(0.5, [1.0, 2.0], [1.0, 2.0])
    (0.625, -2.5)
    """
    return Compiled(f) if batch is None else Batched(f, batch, reduce, chunk)
