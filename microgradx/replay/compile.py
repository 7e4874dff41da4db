"""`compile(f)`: record a function once, replay it as array instructions, and record again where a replay would be wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, SupportsIndex, overload

from .. import modes, transforms
from ..observers import observer
from ..structure import laid_out, size
from ..variables import Argnums
from .answers import Answer
from .arguments import Call, Chosen
from .batch.batched import CHUNK, Batched
from .function import Function
from .program import Program, add_slopes
from .run.array_program import Array
from .specialization import Recording


class Compiled(Function):
    """What `compile` returns: called like the function, it gives what the function gives; its methods give derivatives.

    Methods take and give what the functions of the same names in `transforms` do, where these are called with `f` in front.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """f(*args, **kwargs): Values where it captured or got Values, plain numbers otherwise and under `no_grad()`.

        >>> from microgradx import Value
        >>> w = Value(3.0)
        >>> y = compile(lambda x: w * x)(2.0)
        >>> y.backward()
        >>> y.data, w.grad
        (6.0, 2.0)

        Such a Value is one node, whose backward pass is one replay; a list of results has one node for each number, and all
        share one replay. `float()` of one raises, as of any Value.
        """
        if observer() is not None:
            return self.f(*args, **kwargs)
        answer = Answer(self, Call(args, kwargs), "value")
        return answer.result(answer.found)

    def value_and_grad(self, *args: Any, argnums: Argnums = 0, has_aux: bool = False, **kwargs: Any) -> tuple[Any, Any]:
        """(value, gradient), the gradient shaped like argument `argnums`; a tuple of argnums gives a tuple.

        >>> f = compile(lambda w, x: (w[0] * x + w[1]) ** 2)
        >>> f.value_and_grad([2.0, 1.0], 3.0)
        (49.0, [42.0, 14.0])

        With `has_aux` the function returns a pair of the value and anything else, and this gives ((value, aux), gradient).
        """
        if observer() is not None:
            return transforms.value_and_grad(self.f, argnums, has_aux)(*args, **kwargs)
        call = Call(args, kwargs)
        by = Chosen(call, argnums)
        answer = Answer(self, call, "aux" if has_aux else "gradient", by.spans, scalar=not has_aux)
        count = answer.count() if has_aux else 1
        value = answer.pair(answer.found[:count]) if has_aux else answer.one(answer.found[0])
        return value, by.shaped(answer.found[count:])

    def grad(self, *args: Any, argnums: Argnums = 0, has_aux: bool = False, **kwargs: Any) -> Any:
        """The gradient alone, shaped like argument `argnums`; with `has_aux` (gradient, aux)."""
        value, slopes = self.value_and_grad(*args, argnums=argnums, has_aux=has_aux, **kwargs)
        return (slopes, value[1]) if has_aux else slopes

    def jvp(self, primals: Sequence[Any], tangents: Sequence[Any], **kwargs: Any) -> tuple[Any, Any]:
        """(value, its directional derivative along `tangents`).

        >>> compile(lambda x, y: [x * y, x]).jvp((3.0, 4.0), (1.0, 0.5))
        ([12.0, 3.0], [5.5, 1.0])
        """
        moving = transforms.moving(primals, tangents, "jvp")
        if observer() is not None:
            return transforms.jvp(self.f, primals, tangents, **kwargs)
        call = Call(primals, kwargs)
        by = Chosen(call, moving)
        answer = Answer(self, call, "jvp", by.spans, by.rates(tangents))
        count = len(answer.found) // 2
        return answer.result(answer.found[:count]), answer.result(answer.found[count:])

    def vjp(self, *primals: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
        """(value, pull): `pull(cotangent)` gives one gradient for each primal.

        >>> value, pull = compile(lambda x, y: [x * y, x + y]).vjp(3.0, 4.0)
        >>> value, pull([1.0, 0.0])
        ([12.0, 7.0], (4.0, 3.0))
        """
        if observer() is not None:
            return transforms.vjp(self.f, *primals, **kwargs)
        call = Call(primals, kwargs)
        by = Chosen(call, tuple(range(len(primals))))
        answer = Answer(self, call, "value")

        def pull(cotangent: Any) -> tuple[Any, ...]:
            weights = laid_out(cotangent, answer.recording.result, "the cotangent")
            if len(weights) != len(answer.found):
                raise ValueError(
                    f"the cotangent has {len(weights)} numbers, the value has {len(answer.found)}: shape it like the value"
                )
            found: tuple[Any, ...] = by.shaped(Answer(self, call, "pulled", by.spans, weights).found)
            return found

        return answer.result(answer.found), pull

    def hvp(self, primals: Sequence[Any], tangents: Sequence[Any], **kwargs: Any) -> Any:
        """The matrix of second derivatives times the vector `tangents`, without building the matrix.

        >>> compile(lambda v: v[0] ** 2 * v[1]).hvp(([3.0, 4.0],), ([1.0, 0.0],))
        [8.0, 6.0]

        One primal gives one result shaped like it, several give a tuple. A primal whose tangent is None stays fixed.
        """
        moving = transforms.moving(primals, tangents, "hvp")
        if observer() is not None:
            return transforms.hvp(self.f, primals, tangents, **kwargs)
        call = Call(primals, kwargs)
        by = Chosen(call, moving)
        found = iter(by.shaped(Answer(self, call, "hvp", by.spans, by.rates(tangents), scalar=True).found))
        products = tuple([None if tangent is None else next(found) for tangent in tangents])
        return products if len(products) > 1 else products[0]

    def jacobian(self, *args: Any, argnum: SupportsIndex = 0, **kwargs: Any) -> Any:
        """d(output i)/d(input j): rows for outputs, columns for inputs; arrays of an array by an array.

        >>> compile(lambda v: [v[0] * v[1], v[0] + v[1]]).jacobian([3.0, 4.0])
        [[4.0, 3.0], [1.0, 1.0]]
        """
        return self.matrix("jacobian", argnum, args, kwargs)

    def hessian(self, *args: Any, argnum: SupportsIndex = 0, **kwargs: Any) -> Any:
        """The matrix of second derivatives.

        >>> compile(lambda v: v[0] ** 2 * v[1]).hessian([3.0, 4.0])
        [[8.0, 6.0], [6.0, 0.0]]
        """
        return self.matrix("hessian", argnum, args, kwargs)

    def matrix(self, question: str, argnum: SupportsIndex, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """`jacobian` or `hessian`: one row of derivatives for each output, or for each number of the argument."""
        one = transforms.one_place(argnum)
        if observer() is not None:
            return getattr(transforms, question)(self.f, one)(*args, **kwargs)
        call = Call(args, kwargs)
        by = Chosen(call, one)
        answer = Answer(self, call, question, by.spans, scalar=question == "hessian")
        [part] = by.parts
        count = size(part)
        rows = [by.shaped(answer.found[start : start + count]) for start in range(0, len(answer.found), max(count, 1))]
        return transforms.stacked(part if question == "hessian" else answer.recording.result, rows)

    def backward(self, *args: Any, **kwargs: Any) -> float:
        """The value, after adding d(value)/d(leaf) to the `.grad` of every Value that the function captured or got.

        >>> from microgradx import Value
        >>> w = Value(3.0)
        >>> compile(lambda x: (w * x) ** 2).backward(2.0), w.grad
        (36.0, 24.0)
        """
        call = Call(args, kwargs)
        if call.values:
            with modes.recording():
                whole = self(*args, **kwargs)
            whole.backward()
            return whole.data  # type: ignore[no-any-return]

        def run(recording: Recording, inputs: Array) -> tuple[float, Array]:
            program = recording.scalar()
            return program.run_gradient(inputs, ((program.arguments, len(inputs)),))

        (value, slopes), recording = self.replay(call, run)
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
    >>> [loss([1.0, 2.0], [1.0, 2.0]).data, loss([1.0, 2.0], [2.0, 2.0]).data]
    [1.25, 3.25]

    Arguments are numbers, Values, and sequences, dicts, dataclasses, arrays and models of them; a new shape is recorded anew.
    Values that `f` captures, such as the parameters of a model, are read at each call, and the result is a Value connected to
    them: `.data` is its number, `float()` of it raises as of any Value. Where there are none, and under `no_grad()`, it is plain
    numbers. A captured Value that is computed is computed again from its leaves, so it is these that the result is connected to.
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
