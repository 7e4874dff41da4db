"""A regrouped program as data, and bound to buffers: a flat list of numpy calls on views that are made once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from ..regroup.instructions import WIDE, Instruction, View
from ..regroup.slots import Placer
from ..tape.rows import op_of
from .few_numbers import as_python, in_runs
from .written_over import WrittenOver

CALL_NS, ELEMENT_NS = 600.0, 0.6  # measured: one numpy call with its share of gathers, one number that it writes

Array = np.ndarray[Any, np.dtype[np.float64]]
NumpyCall = tuple[Callable[..., Any], tuple[Any, ...]]


class Plan:
    """Array instructions, the constants they read and where the results lie: index arrays only, no code.

    Slots 0, 1, ... hold the inputs, then come the constants, then each group of results.
    """

    def __init__(self, placer: Placer, outputs: Sequence[int]) -> None:
        emitter = placer.emitter
        self.instructions: list[Instruction] = emitter.instructions
        self.inputs = emitter.constant_from
        self.input_rows = placer.columns.inputs.tolist()
        self.constants = placer.columns.constant_values
        self.indices = np.concatenate(emitter.constant_index) if emitter.constant_index else np.zeros(0, dtype=np.int64)
        self.sizes = {
            **dict.fromkeys(("gathered", "scratch", "constants"), 0),
            **emitter.sizes,
            "slots": placer.size,
            "varying": placer.varying_size,
        }
        self.results = placer.slot[np.array(outputs, dtype=np.int64)]

    @property
    def cost(self) -> float:
        """About how many ns a run takes."""
        return cost_of(len(self.instructions), sum(math.prod(step.write.shape) for step in self.instructions))

    @property
    def bytes(self) -> int:
        """The memory that one bound copy of the program needs."""
        return 8 * sum(self.sizes.values())

    def flat(self) -> dict[str, Array]:
        """Buffers of one number a place, the constants in theirs."""
        spaces = {name: np.zeros(max(1, size)) for name, size in self.sizes.items() if name not in WIDE}
        slots = spaces["slots"]
        slots[self.inputs : self.inputs + len(self.constants)] = self.constants
        spaces["constants"][: len(self.indices)] = slots[self.indices]
        return spaces

    def bind(self) -> Callable[[Array], Array]:
        """The program as a function from inputs to results; it owns its buffers, so each thread binds its own."""
        spaces = self.flat()
        slots = spaces["slots"]

        @cache  # operations in place are faster on one array than on two views of the same memory
        def view(v: View) -> Array:
            return window(v, spaces[v.space])

        moves = WrittenOver(self.instructions, self.results)
        calls: list[NumpyCall] = []
        for small, steps in in_runs(moves.instructions(self.instructions)):
            if small:
                calls.append((as_python(steps, spaces), ()))
            else:
                calls += [call(step, [view(v) for v in step.reads], view(step.write), slots) for step in steps]
        arguments, take, results = slots[: self.inputs], slots.take, moves.slots(self.results)

        def run(inputs: Array) -> Array:
            arguments[:] = inputs
            for function, operands in calls:
                function(*operands)
            return take(results)

        return run


def cost_of(calls: int, numbers: int) -> float:
    """About how many ns so many calls take that write so many numbers in all."""
    return CALL_NS * calls + ELEMENT_NS * numbers


def window(v: View, space: Array) -> Array:
    """What a view shows of its buffer."""
    return np.ndarray(v.shape, np.float64, space, 8 * v.offset, tuple(8 * step for step in v.strides))


def call(step: Instruction, reads: list[Array], write: Array, slots: Array) -> NumpyCall:
    """One instruction as a function and its positional arguments: a keyword costs a fifth of a small call."""
    if step.name == "take":
        return slots.take, (step.index, None, write, "clip")
    if step.name == "matmul":
        return np.dot if write.ndim == 2 else np.matmul, (*reads, write)
    if step.name == "reduce":
        return np.add.reduce, (reads[0], 0, None, write)
    op = op_of(step.name)
    if op.numpy is not None:
        function = getattr(np, op.numpy)
        if op.numpy in ("maximum", "minimum"):  # their third positional argument is deprecated
            return partial(function, out=write), tuple(reads)
        if function.nin == len(reads):  # numpy's rint knows no digits
            return function, (*reads, write)

    def general(*arrays: Array) -> None:
        write[...] = op.array(np, *arrays)

    return general, tuple(reads)
