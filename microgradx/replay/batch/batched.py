"""One sample recorded, any number replayed: arrays, files and iterators of samples, chunk by chunk."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from ... import transforms
from ...engine import Value
from ...hints import missing_name
from ...modes import is_recording
from ...observers import look
from ...stale import clock
from ...structure import size
from ...variables import Argnums
from ...writing import add_gradients
from ..arguments import Call, Chosen
from ..cache import with_names
from ..connected import number_of, values_read
from ..derivatives import Spans
from ..function import CompiledFunction
from ..program import Program
from ..specialization import ONE_RESULT, Recording, function_name
from ..tape.unreadable import BATCHES
from .asked import BatchAnswer, grids
from .other_way import OtherWay, error_of, with_sample
from .over_samples import OverSamples
from .samples import BatchArgument, Blocks

CHUNK = 1024  # samples at a time: half as many cost a third more calls, four times as many leave the cache and wake BLAS threads

VJP = (
    "a cotangent is a weight of each sample, as in "
    'compile(lambda w, x, c: c * f(w, x), batch=("x", "c"), reduce="sum").grad(w, xs, cotangents)'
)


class Batched(CompiledFunction):
    """A function of one sample, called with many: what `compile(f, batch=...)` returns.

    Where the function captured or got Values, it and its methods give Values: what is added up as nodes of an eager graph, what
    is kept for each sample as arrays of them. Otherwise, and under `no_grad()`, they give plain numbers. A backward pass through
    such a Value runs over the samples once more, so they are copied: `backward` of a batch needs neither node nor copy.
    """

    def __init__(
        self, f: Callable[..., Any], batch: str | Sequence[str], reduce: str | None, chunk: int, threads: int = 1
    ) -> None:
        super().__init__(f, batch, reduce, chunk, threads)
        names = (batch,) if isinstance(batch, str) else tuple(batch) if isinstance(batch, Iterable) else ()
        self.signature = inspect.signature(f)
        by_name = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
        known = [name for name, parameter in self.signature.parameters.items() if parameter.kind not in by_name]
        if not names:
            raise ValueError(f"batch={batch!r} names no argument: name those of {known} that differ from sample to sample")
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"batch names {unknown}, the function has the arguments {known} by place")
        if reduce not in ("mean", "sum", None):
            raise ValueError(f"reduce={reduce!r}: write 'mean', 'sum', or None for the result of each sample")
        if not isinstance(chunk, int) or chunk < 1:
            raise ValueError(f"chunk={chunk!r}: a chunk is a whole number of samples, at least 1")
        if not isinstance(threads, int) or threads < 1:
            raise ValueError(f"threads={threads!r}: that is how many chunks are computed at once, a whole number, at least 1")
        self.chunk, self.reduce, self.threads = chunk, reduce, threads
        self.places = tuple(known.index(name) for name in names)
        self.names = names

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function gives, in its structure: the mean or sum over the samples, or arrays with the result of each.

        >>> from microgradx import compile
        >>> both = compile(lambda w, x: (w * x, w + x), batch="x", reduce=None)
        >>> both(2.0, [1.0, 5.0])
        (array([ 2., 10.]), array([3., 7.]))

        Values where it captured or got Values, so that it can be part of a loss; the samples themselves are numbers.

        >>> from microgradx import Value
        >>> w, each = Value(2.0), compile(lambda w, x: w * x, batch="x")
        >>> (each(w, [1.0, 5.0]) + w * w).backward()
        >>> w.grad
        7.0
        """
        now = clock.now
        call, blocks = self._read(args, kwargs)
        return self._computed(call, blocks, self._recording(call), "value", (), now).result()

    def value_and_grad(self, *args: Any, argnums: Argnums = 0, has_aux: bool = False, **kwargs: Any) -> tuple[Any, Any]:
        """(value, gradient): of the mean or sum, or arrays with those of each sample.

        >>> from microgradx import compile
        >>> f = compile(lambda w, x: w * x * x, batch="x")
        >>> f.value_and_grad(2.0, [1.0, 3.0]), f.value_and_grad(2.0, [1.0, 3.0], argnums=1)
        ((10.0, 5.0), (10.0, array([2., 6.])))
        >>> compile(lambda w, x: w * x * x, batch="x", reduce=None).value_and_grad(2.0, [1.0, 3.0])
        (array([ 2., 18.]), array([1., 9.]))

        A gradient by an argument of the batch has its samples as first axis, whatever is added up. With `has_aux` the function
        returns a pair of the value and anything else, and this gives ((value, aux), gradient), with an aux of each sample.
        """
        answer, by = self._answer("aux" if has_aux else "gradient", args, kwargs, argnums)
        if not has_aux:
            return answer.value(), answer.slopes(by, argnums, 1)
        beside = answer.recording.beside()
        return (answer.value(), answer.aux(beside)), answer.slopes(by, argnums, 1 + size(beside))

    def grad(self, *args: Any, argnums: Argnums = 0, has_aux: bool = False, **kwargs: Any) -> Any:
        """The gradient alone; with `has_aux` (gradient, aux)."""
        value, slopes = self.value_and_grad(*args, argnums=argnums, has_aux=has_aux, **kwargs)
        return (slopes, value[1]) if has_aux else slopes

    def jacobian(self, *args: Any, argnum: SupportsIndex = 0, **kwargs: Any) -> Any:
        """d(output i)/d(input j) of the mean or sum, or arrays with that of each sample.

        >>> from microgradx import compile
        >>> f = compile(lambda w, x: [w * x, w * w], batch="x", reduce=None)
        >>> f.jacobian(2.0, [1.0, 3.0])
        [array([1., 3.]), array([4., 4.])]
        """
        answer, by = self._answer("jacobian", args, kwargs, transforms.one_place(argnum))
        return answer.matrix(by.parts[0], answer.recording.result)

    def hessian(self, *args: Any, argnum: SupportsIndex = 0, **kwargs: Any) -> Any:
        """The matrix of second derivatives of the mean or sum, or arrays with that of each sample.

        >>> from microgradx import compile
        >>> compile(lambda w, x: w[0] ** 2 * w[1] * x, batch="x").hessian([3.0, 4.0], [1.0, 3.0])
        [[16.0, 12.0], [12.0, 0.0]]
        """
        answer, by = self._answer("hessian", args, kwargs, transforms.one_place(argnum))
        return answer.matrix(by.parts[0], by.parts[0])

    def jvp(self, primals: Sequence[Any], tangents: Sequence[Any], **kwargs: Any) -> tuple[Any, Any]:
        """(value, its directional derivative along `tangents`); the tangent of an argument of the batch has its samples too.

        >>> from microgradx import compile
        >>> compile(lambda w, x: w * x * x, batch="x").jvp((2.0, [1.0, 3.0]), (1.0, None))
        (10.0, 5.0)
        """
        answer, _ = self._along("jvp", primals, tangents, kwargs)
        return answer.result(), answer.result(size(answer.recording.result))

    def hvp(self, primals: Sequence[Any], tangents: Sequence[Any], **kwargs: Any) -> Any:
        """The second derivatives of the mean or sum, or of each sample, times the vector `tangents`, without the matrix of them.

        >>> from microgradx import compile
        >>> compile(lambda w, x: w**3 * x, batch="x").hvp((2.0, [1.0, 3.0]), (1.0, None))
        (24.0, None)

        One result for each primal, shaped like it, and None for those whose tangent is None: they stay fixed.
        """
        answer, by = self._along("hvp", primals, tangents, kwargs)
        found = iter(answer.slopes(by, by.places, 0))
        products = tuple([None if tangent is None else next(found) for tangent in tangents])
        return products if len(products) > 1 else products[0]

    def backward(self, *args: Any, **kwargs: Any) -> float:
        """The value, after adding its gradient to the `.grad` of every Value that the function captured or got."""
        if self.reduce is None:
            raise ValueError("backward starts from one number, and reduce=None gives one for each sample: write reduce='mean'")
        call, blocks = self._read(args, kwargs)
        recording = self._recording(call)
        captured = recording.program.arguments, len(recording.program.tape.inputs)
        places = tuple([(place, place + 1) for place in call.values])
        slopes: list[float]
        value, *slopes = self._computed(call, blocks, recording, "gradient", (captured, *places), None).sums.tolist()
        reached: dict[Value, float] = {}
        for leaf, slope in zip([*recording.program.captured, *call.values.values()], slopes, strict=True):
            reached[leaf] = reached.get(leaf, 0.0) + slope
        add_gradients(reached)
        return float(value)

    def program(self, *args: Any, **kwargs: Any) -> Program:
        """The program of the first sample, run for that alone: print it to see its instructions."""
        call, _ = self._read(args, kwargs)
        recording = self._recording(call)
        recording.program.run(recording.inputs(call))
        return with_names(recording.program, self.f, call)

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise missing_name("a function of batches", name, {"vjp": VJP}, dir(type(self)))

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, over batches of {', '.join(self.names)}>"

    def _answer(
        self, name: str, args: Sequence[Any], kwargs: dict[str, Any], argnums: Argnums
    ) -> tuple[BatchAnswer, Chosen]:
        """What a question gives, with derivatives by the arguments `argnums`, and these."""
        now = clock.now
        call, blocks = self._read(args, kwargs)
        by = Chosen(call, argnums)
        return self._computed(call, blocks, self._recording(call), name, by.spans, now), by

    def _along(
        self, name: str, primals: Sequence[Any], tangents: Sequence[Any], kwargs: dict[str, Any]
    ) -> tuple[BatchAnswer, Chosen]:
        """What a question about a direction gives, and the arguments that move."""
        now, moved = clock.now, transforms.moving(primals, tangents, name)
        call, blocks = self._read(primals, kwargs, {k: tangents[k] for k in moved if k in self.places})
        by, rates = Chosen(call, moved), list[Any]()
        for k, part in zip(by.places, by.parts, strict=True):  # those of samples come with the samples
            rates += [0.0] * size(part) if k in self.places else transforms.rates(tangents[k], part, k)
        return self._computed(call, blocks, self._recording(call), name, by.spans, now, rates), by

    def _read(self, args: Sequence[Any], kwargs: dict[str, Any], tangents: dict[int, Any] | None = None) -> tuple[Call, Blocks]:
        """The arguments of the first sample, and the samples of those that differ, with tangents of these."""
        look(BATCHES)
        args, kwargs = self._placed(args, kwargs)
        given = [BatchArgument(args[k]) for k in self.places]
        names = [name + path for name, x in zip(self.names, given, strict=True) for path in x.paths]
        arrays, moved = [array for x in given for array in x.arrays], []
        for k, tangent in (tangents or {}).items():
            primal = given[self.places.index(k)]
            moved += [names.index(self.names[self.places.index(k)] + path) for path in primal.paths]
            arrays += BatchArgument(tangent).like(primal, f"tangent {k}")
        blocks = Blocks(arrays, [*names, *(f"the tangent of {names[place]}" for place in moved)], self.chunk)
        for place, tilt in zip(moved, blocks.first[len(names) :], strict=True):
            shape = blocks.first[place].shape
            if tilt.shape != shape:
                seen = f"the tangent of {names[place]} has the shape {tilt.shape}, its primal {shape}"
                raise ValueError(f"{seen}: shape it like the primal")
        return self._call(args, kwargs, given, blocks.first), blocks

    def _placed(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Sequence[Any], dict[str, Any]]:
        """The arguments by place, and those that can only be given by name."""
        if kwargs:
            try:
                bound = self.signature.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{error}: the function of one sample is {function_name(self.f)}{self.signature}") from None
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        last, name = max(zip(self.places, self.names, strict=True))
        if len(args) <= last:
            raise TypeError(f"got {len(args)} argument(s), and {name} is argument {last + 1}: pass all up to it")
        return args, kwargs

    def _call(
        self, args: Sequence[Any], kwargs: dict[str, Any], given: Sequence[BatchArgument], rows: Sequence[Any], first: int = 0
    ) -> Call:
        """The arguments of the call for the sample `first` of these rows, those of each array that was given."""
        every, arrays = list(args), iter(rows)
        for k, argument in zip(self.places, given, strict=True):
            every[k] = argument.sample(arrays, first)
        return Call(every, kwargs)

    def _recording(self, call: Call) -> Recording:
        """The recording of one sample of this structure that takes the way of the first one."""
        with self.recordings.lock:
            try:
                return self.recordings.replay(self.f, call, lambda known, inputs: known.program.check(inputs))[1]
            except (LookupError, ArithmeticError, ValueError) as error:  # for the numbers of this sample
                raise with_sample(error, 0) from None

    def _computed(
        self,
        call: Call,
        blocks: Blocks,
        recording: Recording,
        name: str,
        wrt: Spans,
        now: int | None,
        more: Sequence[Any] = (),
        kind: type[OverSamples] = OverSamples,
    ) -> BatchAnswer:
        """The answer to a question, from all samples, with the numbers of a direction if it takes one.

        It is connected to the Values that were read, after the time `now`; for None it is numbers.
        """
        program, plans = recording.scalar() if name in ONE_RESULT else recording.program, recording.plans
        if (varying := plans.get("varying")) is None:
            spans = call.spans()
            varying = plans["varying"] = [(spans[k], grids(call.parts[k])) for k in self.places]
        over = kind(program, blocks, varying, self.reduce is None, self.reduce == "mean", self.threads, plans)
        inputs = recording.inputs(call)
        inputs = np.concatenate((inputs, list(map(number_of, more)))) if more else inputs
        try:
            sums, each = over.answer(name, wrt, inputs)
        except OtherWay as way:
            raise error_of(way, self.f, call, self.places, over.inquiry(name, wrt).plan.tape) from None
        if now is not None and is_recording() and (values := values_read(call.values, recording.program, more)):
            sums, each = over.connected(function_name(self.f), name, wrt, inputs, values, sums, each, now)
        return BatchAnswer(over.inquiry(name, wrt), recording, sums, each)
