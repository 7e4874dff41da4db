"""A compiled function: called as the function is, and differentiated by methods, each of them a replay of what was recorded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, SupportsIndex

import numpy as np

from .. import modes, transforms
from ..engine import Value
from ..observers import look
from ..structure import laid_out, size
from ..variables import Argnums
from ..writing import add_gradients
from .answers import Answer
from .arguments import Call, Chosen
from .cache import NotWorthRecording, with_names
from .eager import evaluated
from .function import CompiledFunction, places_and_names
from .program import Program
from .run.array_program import Array
from .shortcut import like_before
from .specialization import Recording


class Compiled(CompiledFunction):
    """What `compile` returns: called like the function, it gives what the function gives; its methods give derivatives.

    Methods take and give what the functions of the same names in `transforms` do, where these are called with `f` in front.
    """

    def __init__(self, f: Callable[..., Any], static: str | Sequence[str] = ()) -> None:
        super().__init__(f, static)
        if static:
            self.fixed = places_and_names(f, static)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """f(*args, **kwargs): Values where it captured or got Values, plain numbers otherwise and under `no_grad()`.

        >>> from microgradx import Value, compile
        >>> w = Value(3.0)
        >>> y = compile(lambda x: w * x)(2.0)
        >>> y.backward()
        >>> y.data, w.grad
        (6.0, 2.0)

        Such a Value is one node, whose backward pass is one replay; a list of results has one node for each number, and all
        share one replay. `float()` of one raises, as of any Value.
        """
        found, read = like_before(self, "value", args, kwargs)
        if found is not None:
            return found
        answer = Answer(self, "value", args, kwargs, read=read)
        if answer.found is None:
            return evaluated(self._unrecorded(), *args, **kwargs)
        return answer.result(answer.found)

    def value_and_grad(self, *args: Any, argnums: Argnums = 0, has_aux: bool = False, **kwargs: Any) -> tuple[Any, Any]:
        """(value, gradient), the gradient shaped like argument `argnums`; a tuple of argnums gives a tuple.

        >>> from microgradx import compile
        >>> f = compile(lambda w, x: (w[0] * x + w[1]) ** 2)
        >>> f.value_and_grad([2.0, 1.0], 3.0)
        (49.0, [42.0, 14.0])

        With `has_aux` the function returns a pair of the value and anything else, and this gives ((value, aux), gradient).
        """
        question = "aux" if has_aux else "gradient"
        found, read = like_before(self, question, args, kwargs, argnums)
        if found is not None:
            return found  # type: ignore[no-any-return]
        answer = Answer(self, question, args, kwargs, argnums, read=read)
        found = answer.found
        if found is None:
            return transforms.value_and_grad(self._unrecorded(), argnums, has_aux)(*args, **kwargs)
        if has_aux:
            count = answer.count()
            return answer.pair(found[:count]), answer.by.shaped(found[count:])
        if type(found) is np.ndarray:
            return found.item(0), answer.by.arrange(found[1:])
        return found[0], answer.by.shaped(found[1:])

    def grad(self, *args: Any, argnums: Argnums = 0, has_aux: bool = False, **kwargs: Any) -> Any:
        """The gradient alone, shaped like argument `argnums`; with `has_aux` (gradient, aux)."""
        value, slopes = self.value_and_grad(*args, argnums=argnums, has_aux=has_aux, **kwargs)
        return (slopes, value[1]) if has_aux else slopes

    def jvp(self, primals: Sequence[Any], tangents: Sequence[Any], **kwargs: Any) -> tuple[Any, Any]:
        """(value, its directional derivative along `tangents`).

        >>> from microgradx import compile
        >>> compile(lambda x, y: [x * y, x]).jvp((3.0, 4.0), (1.0, 0.5))
        ([12.0, 3.0], [5.5, 1.0])
        """
        moving = transforms.moving(primals, tangents, "jvp")
        answer = Answer(self, "jvp", primals, kwargs, moving, tangents)
        if answer.found is None:
            return transforms.jvp(self._unrecorded(), primals, tangents, **kwargs)
        count = len(answer.found) // 2
        return answer.result(answer.found[:count]), answer.result(answer.found[count:])

    def vjp(self, *primals: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
        """(value, pull): `pull(cotangent)` gives one gradient for each primal.

        >>> from microgradx import compile
        >>> value, pull = compile(lambda x, y: [x * y, x + y]).vjp(3.0, 4.0)
        >>> value, pull([1.0, 0.0])
        ([12.0, 7.0], (4.0, 3.0))
        """
        answer = Answer(self, "value", primals, kwargs)
        if answer.found is None:
            return transforms.vjp(self._unrecorded(), *primals, **kwargs)
        call, every = answer.call, tuple(range(len(primals)))
        Chosen(call, every)  # refuses what there is no derivative by

        def pull(cotangent: Any) -> tuple[Any, ...]:
            weights = laid_out(cotangent, answer.recording.result, "the cotangent")
            if len(weights) != len(answer.found):
                raise ValueError(
                    f"the cotangent has {len(weights)} numbers, the value has {len(answer.found)}: shape it like the value"
                )
            look("a compiled function was differentiated")
            pulled = Answer(self, "pulled", primals, kwargs, every, earlier=call, more=weights)
            found: tuple[Any, ...] = pulled.by.shaped(pulled.found)
            return found

        return answer.result(answer.found), pull

    def hvp(self, primals: Sequence[Any], tangents: Sequence[Any], **kwargs: Any) -> Any:
        """The matrix of second derivatives times the vector `tangents`, without building the matrix.

        >>> from microgradx import compile
        >>> compile(lambda v: v[0] ** 2 * v[1]).hvp(([3.0, 4.0],), ([1.0, 0.0],))
        [8.0, 6.0]

        One primal gives one result shaped like it, several give a tuple. A primal whose tangent is None stays fixed.
        """
        moving = transforms.moving(primals, tangents, "hvp")
        answer = Answer(self, "hvp", primals, kwargs, moving, tangents)
        if answer.found is None:
            return transforms.hvp(self._unrecorded(), primals, tangents, **kwargs)
        found = iter(answer.by.shaped(answer.found))
        products = tuple([None if tangent is None else next(found) for tangent in tangents])
        return products if len(products) > 1 else products[0]

    def jacobian(self, *args: Any, argnum: SupportsIndex = 0, **kwargs: Any) -> Any:
        """d(output i)/d(input j): rows for outputs, columns for inputs; arrays of an array by an array.

        >>> from microgradx import compile
        >>> compile(lambda v: [v[0] * v[1], v[0] + v[1]]).jacobian([3.0, 4.0])
        [[4.0, 3.0], [1.0, 1.0]]
        """
        return self._matrix("jacobian", argnum, args, kwargs)

    def hessian(self, *args: Any, argnum: SupportsIndex = 0, **kwargs: Any) -> Any:
        """The matrix of second derivatives.

        >>> from microgradx import compile
        >>> compile(lambda v: v[0] ** 2 * v[1]).hessian([3.0, 4.0])
        [[8.0, 6.0], [6.0, 0.0]]
        """
        return self._matrix("hessian", argnum, args, kwargs)

    def _matrix(self, question: str, argnum: SupportsIndex, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        one = transforms.one_place(argnum)
        answer = Answer(self, question, args, kwargs, one)
        if answer.found is None:
            return getattr(transforms, question)(self._unrecorded(), one)(*args, **kwargs)
        [part] = answer.by.parts
        count = size(part)
        starts = range(0, len(answer.found), max(count, 1))
        rows = [answer.by.shaped(answer.found[start : start + count]) for start in starts]
        return transforms.stacked(part if question == "hessian" else answer.recording.result, rows)

    def backward(self, *args: Any, **kwargs: Any) -> float:
        """The value, after adding d(value)/d(leaf) to the `.grad` of every Value that the function captured or got.

        >>> from microgradx import Value, compile
        >>> w = Value(3.0)
        >>> compile(lambda x: (w * x) ** 2).backward(2.0), w.grad
        (36.0, 24.0)
        """
        call = Call(args, kwargs, self.fixed, self.read(args, kwargs))
        if call.values:
            with modes.recording():
                whole = self(*args, **kwargs)
            whole.backward()
            return whole.data  # type: ignore[no-any-return]

        def run(recording: Recording, inputs: Array) -> tuple[float, Array]:
            program = recording.scalar()
            return program.run_gradient(inputs, ((program.arguments, len(inputs)),))

        with suppress(NotWorthRecording):
            (value, slopes), recording = self.recordings.replay(self.f, call, run, decline=True)
            add_gradients(dict(zip(recording.program.captured, slopes.tolist(), strict=True)))
            return value
        with modes.recording():
            whole = self._unrecorded()(*args, **kwargs)
        if isinstance(whole, Value):
            whole.backward()
            return whole.data
        return float(whole)

    def program(self, *args: Any, **kwargs: Any) -> Program:
        """The program that a call with these arguments would run: print it to see its instructions."""
        with suppress(ValueError):  # a function written in C may tell nothing of its arguments
            try:
                inspect.signature(self.f).bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"program() takes the arguments of a call: f.program(...); {error}") from None
        call = Call(args, kwargs, self.fixed)
        known = self.recordings.replay(self.f, call, lambda known, inputs: known.program.run(inputs))[1]
        return with_names(known.program, self.f, call)
