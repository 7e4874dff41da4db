"""One sample recorded, any number replayed: arrays, files and iterators of samples, chunk by chunk.

The results of the chunks are added up in a fixed tree, so the sum does not depend on who computed which part.
"""

from __future__ import annotations

import functools
import inspect
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from ...observers import look
from ...variables import Argnums
from ...writing import add_gradients
from ..arguments import Call, Chosen
from ..derivatives import Spans
from ..function import CompiledFunction
from ..program import Program
from ..run.array_program import Array
from ..specialization import Recording, function_name
from ..tape.gradient import gradient_rows
from .batch_program import BatchPlan
from .buffers import row_by_row
from .other_way import OtherWay, error_of, with_sample
from .samples import Blocks

WAITING = 2  # chunks that wait for each thread
CHUNK = 1024  # samples at a time: half as many cost a third more calls, four times as many leave the cache and wake BLAS threads
Wrt = Callable[[Call, Program], Spans]  # which inputs the derivatives are by


class Batched(CompiledFunction):
    """A function of one sample, called with many: what `compile(f, batch=...)` returns."""

    def __init__(self, f: Callable[..., Any], batch: str | Sequence[str], reduce: str, chunk: int, threads: int = 1) -> None:
        super().__init__(f, batch, reduce, chunk, threads)
        names = (batch,) if isinstance(batch, str) else tuple(batch) if isinstance(batch, Iterable) else ()
        self.signature = inspect.signature(f)
        by_name = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
        known = [name for name, parameter in self.signature.parameters.items() if parameter.kind not in by_name]
        if not names:
            raise ValueError(f"batch={batch!r} names no argument: name those of {known} that differ from sample to sample")
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"batch names {unknown}, the function has the arguments {known} by place")
        if reduce not in ("mean", "sum"):
            raise ValueError(f"reduce={reduce!r}: write 'mean' or 'sum'")
        if not isinstance(chunk, int) or chunk < 1:
            raise ValueError(f"chunk={chunk!r}: a chunk is a whole number of samples, at least 1")
        if not isinstance(threads, int) or threads < 1:
            raise ValueError(f"threads={threads!r}: that is how many chunks are computed at once, a whole number, at least 1")
        self.chunk, self.mean, self.threads = chunk, reduce == "mean", threads
        self.places = tuple(known.index(name) for name in names)
        self.names = names

    def __call__(self, *args: Any, **kwargs: Any) -> float:
        """The mean (or sum) of the function over the samples, as a plain number: `backward` is what reaches captured Values."""
        return float(self._total(args, kwargs, nothing)[0][0])

    def value_and_grad(self, *args: Any, argnums: Argnums = 0, **kwargs: Any) -> tuple[float, Any]:
        """(value, gradient) of the mean or sum, the gradient by arguments that are the same for all samples.

        Plain numbers, also where the function captured Values: these are reached by `backward`, and by a call of the function
        of one sample, compiled without `batch`.
        """
        found, _, call = self._total(args, kwargs, self._shared(argnums))
        return float(found[0]), Chosen(call, argnums).shaped(found[1:])

    def backward(self, *args: Any, **kwargs: Any) -> float:
        """The value, after adding its gradient to the `.grad` of every Value that the function captured."""
        found, recording, _ = self._total(args, kwargs, captured)
        add_gradients(dict(zip(recording.program.captured, found[1:].tolist(), strict=True)))
        return float(found[0])

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, over batches of {', '.join(self.names)}>"

    def _total(self, args: Sequence[Any], kwargs: dict[str, Any], wrt: Wrt) -> tuple[Array, Recording, Call]:
        """The reduced outputs: the value, then its derivatives by the inputs `wrt`."""
        look("a function of batches was evaluated")
        args, kwargs = self._placed(args, kwargs)
        blocks = Blocks([args[k] for k in self.places], self.names, self.chunk)
        call = self._call(args, kwargs, [part[0] for part in blocks.first])
        recording, plan = self._plan(call, wrt)
        tree = PairwiseSum()
        try:
            count = sum_chunks(plan, recording.inputs(call), blocks, tree, pool=workers(self.threads))
        except OtherWay as way:
            raise error_of(way, self.f, call, self.places, plan.tape) from None
        return tree.total() / (count if self.mean else 1), recording, call

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

    def _call(self, args: Sequence[Any], kwargs: dict[str, Any], sample: Sequence[Any]) -> Call:
        """The arguments of one sample's call."""
        numbers = [np.asarray(x, dtype=np.float64) for x in sample]  # true and false too: alone they would count as structure
        return Call([numbers[self.places.index(k)] if k in self.places else x for k, x in enumerate(args)], kwargs)

    def _plan(self, call: Call, wrt: Wrt) -> tuple[Recording, BatchPlan]:
        """The recording of one sample of this structure and the program for its value and the derivatives by `wrt`."""
        with self.recordings.lock:
            try:
                _, recording = self.recordings.replay(self.f, call, lambda known, inputs: known.scalar().check(inputs))
            except (LookupError, ArithmeticError, ValueError) as error:  # for the numbers of this sample
                raise with_sample(error, 0) from None
            chosen = wrt(call, recording.program)
            if chosen not in recording.plans:
                program, spans = recording.program, call.spans()
                per_sample = [program.tape.inputs[slice(*spans[k])] for k in self.places]
                row = program.outputs[0]
                with program.tape.lock:
                    outputs = [row, *gradient_rows(program.tape, row, program.chosen(chosen))]
                    recording.plans[chosen] = BatchPlan(program.tape, outputs, per_sample)
            return recording, recording.plans[chosen]

    def _shared(self, argnums: Argnums) -> Wrt:
        """The inputs that the arguments `argnums` are; they must be the same for all samples."""

        def wrt(call: Call, program: Program) -> Spans:
            by = Chosen(call, argnums)
            if taken := [self.names[self.places.index(k)] for k in by.places if k in self.places]:
                raise ValueError(f"{taken} differ from sample to sample: a gradient is by the arguments that do not")
            return by.spans

        return wrt


def nothing(call: Call, program: Program) -> Spans:
    """No inputs, for the value alone."""
    return ()


def captured(call: Call, program: Program) -> Spans:
    """The inputs that are captured Values."""
    return ((program.arguments, len(program.tape.inputs)),)


def sum_chunks(
    plan: BatchPlan,
    inputs: Array,
    blocks: Iterable[Sequence[Any]],
    tree: PairwiseSum,
    start: int = 0,
    pool: ThreadPoolExecutor | None = None,
) -> int:
    """Add the sums of every chunk to the tree; give the index after the last sample. `start` is the index of the first.

    The threads of a `pool` compute chunks at the same time, and their sums are added in the order of the chunks.
    """
    run, widths = plan.runner(inputs), [len(places) for places in plan.places]

    def total(samples: Sequence[Array], start: int) -> Array:
        with row_by_row():
            return run(samples, start)

    def tasks() -> Iterator[tuple[Sequence[Array], int]]:
        nonlocal start
        for block in blocks:
            samples = [np.asarray(part, dtype=np.float64).reshape(len(part), -1) for part in block]
            for part, width in zip(samples, widths, strict=True):
                if part.shape[1] != width:
                    raise ValueError(
                        f"sample {start} has {part.shape[1]} numbers, the first one has {width}: give all the same shape"
                    )
            yield samples, start
            start += len(samples[0])

    if pool is None:
        for task in tasks():
            tree.add(total(*task))
        return start
    ahead: deque[Future[Array]] = deque()
    try:
        for task in tasks():
            ahead.append(pool.submit(total, *task))
            if len(ahead) > WAITING * pool._max_workers:
                tree.add(ahead.popleft().result())
        while ahead:
            tree.add(ahead.popleft().result())
    finally:
        for future in ahead:  # after an error or Ctrl-C
            future.cancel()
    return start


@functools.cache
def workers(count: int) -> ThreadPoolExecutor | None:
    """So many threads, which keep the buffers of the programs that they ran; None for the calling one alone."""
    return ThreadPoolExecutor(count, "microgradx batch") if count > 1 else None


class PairwiseSum:
    """A sum of arrays in pairs of pairs: part 2k is added to part 2k + 1 before anything else, whoever computed them."""

    def __init__(self) -> None:
        self.levels: list[Array | None] = []

    def add(self, part: Array) -> None:
        """Append the next part."""
        for level, waiting in enumerate(self.levels):
            if waiting is None:
                self.levels[level] = part
                return
            part, self.levels[level] = waiting + part, None
        self.levels.append(part)

    def total(self, rest: Array | None = None) -> Array:
        """The sum of all parts so far; `rest` is the sum of a last part that is smaller than the others."""
        found = rest
        for part in self.levels:
            if part is not None:
                found = part if found is None else part + found
        assert found is not None
        return found
