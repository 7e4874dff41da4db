"""One sample recorded, any number replayed: arrays, files and iterators of samples, chunk by chunk.

The results of the chunks are added up in a fixed tree, so the sum does not depend on who computed which part.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..context import look
from .arguments import Call
from .batch_plan import BatchPlan
from .buffers import row_by_row
from .gradient import gradient
from .plan import Array
from .program import Spans, add_slopes
from .recording import Recording, Recordings, parted, spans_of

CHUNK = 1024  # samples at a time: half as many cost a third more calls, four times as many leave the cache and wake BLAS threads


class Batched:
    """A function of one sample, called with many: what `compile(f, batch=...)` returns."""

    def __init__(self, f: Callable[..., Any], batch: str | Sequence[str], reduce: str, chunk: int) -> None:
        names = (batch,) if isinstance(batch, str) else tuple(batch)
        known = list(inspect.signature(f).parameters)
        if not names:
            raise ValueError(f"batch={batch!r} names no argument: name those of {known} that differ from sample to sample")
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"batch names {unknown}, the function has the arguments {known}")
        if reduce not in ("mean", "sum"):
            raise ValueError(f"reduce={reduce!r}: write 'mean' or 'sum'")
        if not isinstance(chunk, int) or chunk < 1:
            raise ValueError(f"chunk={chunk!r}: a chunk is a whole number of samples, at least 1")
        self.f, self.chunk, self.mean = f, chunk, reduce == "mean"
        self.places = tuple(known.index(name) for name in names)
        self.names = names
        self.recordings = Recordings(f)
        self.lock = threading.RLock()
        functools.update_wrapper(self, f, updated=())

    def __call__(self, *args: Any) -> float:
        """The mean (or sum) of the function over the samples."""
        return float(self.total(args, None)[0][0])

    def value_and_grad(self, *args: Any, argnums: int | tuple[int, ...] = 0) -> tuple[float, Any]:
        """(value, gradient) of the mean or sum, the gradient by arguments that are the same for all samples."""
        found, _, call = self.total(args, argnums)
        return float(found[0]), parted(call, argnums, found[1:])

    def backward(self, *args: Any) -> float:
        """The value, after adding its gradient to the `.grad` of every Value that the function captured."""
        found, recording, _ = self.total(args, "captured")
        add_slopes(recording.program.captured, found[1:].tolist())
        return float(found[0])

    def total(self, args: Sequence[Any], wrt: Any) -> tuple[Array, Recording, Call]:
        """The reduced outputs of the program for `wrt`: the value, then its derivatives."""
        look("a function of batches was evaluated")
        last, name = max(zip(self.places, self.names, strict=True))
        if len(args) <= last:
            raise TypeError(f"got {len(args)} argument(s), and {name} is argument {last + 1}: pass all by place")
        blocks = Blocks([args[k] for k in self.places], self.names, self.chunk)
        call = self.call(args, [part[0] for part in blocks.first])
        recording, plan = self.plan(call, wrt)
        tree = Tree()
        count = sum_chunks(plan, recording.inputs(call), blocks, tree)
        return tree.total() / (count if self.mean else 1), recording, call

    def call(self, args: Sequence[Any], sample: Sequence[Any]) -> Call:
        """The arguments of one sample's call."""
        numbers = [np.asarray(x, dtype=np.float64) for x in sample]  # true and false too: alone they would count as structure
        return Call([numbers[self.places.index(k)] if k in self.places else x for k, x in enumerate(args)], {})

    def plan(self, call: Call, wrt: Any) -> tuple[Recording, BatchPlan]:
        """The recording of one sample of this structure and the program for its value, or value and gradient."""
        with self.lock:
            _, recording = self.recordings.replay(call, lambda known, inputs: known.scalar().check(inputs))
            if wrt not in recording.plans:
                program = recording.program
                inputs, spans = program.tape.inputs, call.spans()
                per_sample = [inputs[slice(*spans[k])] for k in self.places]
                end = ((program.arguments, len(inputs)),)
                rows = program.chosen(() if wrt is None else end if wrt == "captured" else self.shared(call, wrt))
                row = program.outputs[0]
                with program.tape.lock:
                    outputs = [row, *gradient(program.tape, row, rows)] if wrt is not None else [row]
                    recording.plans[wrt] = BatchPlan(program.tape, outputs, per_sample)
            return recording, recording.plans[wrt]

    def shared(self, call: Call, argnums: int | tuple[int, ...]) -> Spans:
        """The inputs that the arguments `argnums` are; they must be the same for all samples."""
        if taken := [self.names[self.places.index(k)] for k in call.chosen(argnums) if k in self.places]:
            raise ValueError(f"{taken} differ from sample to sample: a gradient is by the arguments that do not")
        return spans_of(call, argnums)


def sum_chunks(plan: BatchPlan, inputs: Array, blocks: Iterable[Sequence[Any]], tree: Tree, start: int = 0) -> int:
    """Add the sums of every chunk to the tree; give the index after the last sample. `start` is the index of the first."""
    run, widths = plan.runner(inputs), [len(places) for places in plan.places]
    with row_by_row():
        for block in blocks:
            samples = [np.asarray(part, dtype=np.float64).reshape(len(part), -1) for part in block]
            for part, width in zip(samples, widths, strict=True):
                if part.shape[1] != width:
                    raise ValueError(
                        f"sample {start} has {part.shape[1]} numbers, the first one has {width}: give all the same shape"
                    )
            tree.add(run(samples, start))
            start += len(samples[0])
    return start


class Blocks:
    """The samples of several arrays, or of iterators of arrays, side by side in chunks."""

    def __init__(self, data: Sequence[Any], names: Sequence[str], chunk: int) -> None:
        self.chunk = chunk
        streams = [hasattr(x, "__next__") for x in data]
        if any(streams) and not all(streams):
            raise TypeError(f"{', '.join(names)}: either all are iterators of chunks or none is")
        self.stream = zip(*data, strict=True) if all(streams) else iter([tuple(np.asanyarray(x) for x in data)])
        self.first: tuple[Any, ...] = next(self.stream, ())
        for name, part in zip(names, self.first, strict=False):
            if not np.ndim(part):
                raise TypeError(f"{name} is {part!r}, one number: pass an array with one sample per row")
        if not self.first or not len(self.first[0]):
            raise ValueError(f"{names[0]} has no samples: give at least one")
        self.names = names

    def __iter__(self) -> Iterator[list[Any]]:
        for block in itertools.chain([self.first], self.stream):
            lengths = [len(part) for part in block]
            if len(set(lengths)) > 1:
                raise ValueError(f"{', '.join(self.names)} have {lengths} samples: give one of each per sample")
            for start in range(0, lengths[0], self.chunk):
                yield [part[start : start + self.chunk] for part in block]


class Tree:
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
