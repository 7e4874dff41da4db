"""The program of one sample with all samples of a call: asked as a program is, it adds up over them, or keeps each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...engine import Value
from ..connected import nodes
from ..derivatives import Spans
from ..program import Program
from ..run.array_program import Array
from ..tape.inline import inlined
from ..tape.number import Number
from ..tape.tape import Tape
from .asked import BatchInquiry, Varying
from .batch_program import BatchPlan
from .chunks import PairwiseSum, sum_chunks, workers
from .samples import Blocks

MOST_INLINED = 1_000_000  # that a function which captured a call of a batch is recorded with: 5 seconds
TOO_MANY_ROWS = (
    "a compiled function captured a call over {}, and would be recorded with a row for every operation of each: give it the "
    "result of that call as an argument"
)


class OverSamples:
    """What a call of a batch is as a node of an eager graph: what `Program` is for a call of a compiled function.

    Inputs are those of one sample's program, where those that differ from sample to sample are taken from the samples. An answer
    has what is added up over these, then what is kept of each, sample by sample. `kept` says it of every output of the program.
    """

    def __init__(
        self, program: Program, blocks: Blocks, varying: Varying, kept: bool, mean: bool, threads: int, plans: dict[Any, Any]
    ) -> None:
        self.program, self.blocks, self.varying = program, blocks, varying
        self.kept = [kept] * len(program.outputs)
        self.mean, self.threads, self.plans = mean, threads, plans
        self.undivided = 0  # of those kept, how many are no share of a mean
        self.added: list[Sequence[int]] = []  # the places of inputs behind the arguments that each sample has numbers for
        self.path: tuple[Any, ...] = ()  # the questions that led here

    @property
    def recorded(self) -> int:
        """How many rows the function of one sample has."""
        return self.program.recorded

    @property
    def keeps(self) -> bool:
        """Whether it keeps anything for each sample."""
        return any(self.kept)

    def inquiry(self, question: str, spans: Spans) -> BatchInquiry:
        """The program for a question, with derivatives by the inputs low..high of each span."""
        key = (*self.path, question, spans)
        found: BatchInquiry | None = self.plans.get(key)
        if found is None:
            with self.program.tape.lock:
                asked = BatchInquiry(self.program, question, spans, self.varying, self.kept, self.undivided, self.added)
                found = self.plans.setdefault(key, asked)
        return found

    def answer(self, question: str, spans: Spans, inputs: Array, blocks: Blocks | None = None) -> tuple[Array, Array]:
        """The sums or means over the samples, and a row of what is kept for each of them."""
        asked = self.inquiry(question, spans)
        sums, each = self.added_up(asked.plan, inputs, blocks or self.blocks)
        if self.mean:
            sums = sums / len(each)
        slopes = [sums[asked.values - asked.beside :]]
        if each.size:
            slopes.append(each[:, asked.beside :])
            if self.mean:
                shares = each[:, asked.undivided :]
                shares /= len(each)  # in place: there may be a million samples
        for numbers in slopes:
            if numbers.size:
                numbers += 0.0  # a derivative that is -0.0 becomes 0.0, as in eager evaluation
        return sums, each

    def added_up(self, plan: BatchPlan, inputs: Array, blocks: Blocks) -> tuple[Array, Array]:
        """The sums over the samples, and what is kept of each."""
        tree = PairwiseSum()
        rooms = sum_chunks(plan, inputs, blocks, tree, pool=workers(self.threads))
        return tree.total(), rooms[0] if len(rooms) == 1 else np.concatenate(rooms)

    def asked(self, question: str, wrt: Spans, inputs: Array) -> Array:
        """The numbers that answer a question, all in one array."""
        self.program.check(inputs[: len(self.program.tape.inputs)])
        blocks = self.blocks
        if question == "pulled" and self.keeps:
            inputs, blocks = self.weighted(inputs)
        sums, each = self.answer(question, wrt, inputs, blocks)
        return np.concatenate((sums, each.ravel())) if each.size else sums

    def weighted(self, inputs: Array) -> tuple[Array, Blocks]:
        """The inputs with a weight for each output, where those of what is kept for each sample stand among the samples."""
        kept, first = np.array(self.kept), len(self.program.tape.inputs)
        weights, count = np.zeros(len(kept)), int(kept.sum())
        of_sums, of_each = np.split(inputs[first:], [len(kept) - count])
        weights[~kept] = of_sums
        own = of_each.reshape(-1, count)
        if self.mean:  # all is divided by their number at last
            own[:, : self.undivided] *= len(own)
        return np.concatenate((inputs[:first], weights)), self.blocks.beside(own, "the gradient")

    def part(self, question: str, wrt: Spans) -> OverSamples:
        """The same for an answer, so that it can be differentiated in turn."""
        if question == "value":
            return self
        asked, other = self.inquiry(question, wrt), object.__new__(type(self))
        other.__dict__ = self.__dict__ | {
            "program": self.program.part(question, wrt),
            "kept": asked.kept,
            "undivided": asked.undivided,
            "added": [*self.added, *asked.added],
            "path": (*self.path, question, wrt),
        }
        return other

    def inlined(self, tape: Tape, inputs: Sequence[Any]) -> list[Number]:
        """The rows of an answer, those of every sample, written into the tape of a function that captured the call."""
        places = [place for span, _ in self.varying for place in range(*span)] + [k for added in self.added for k in added]
        (block,) = self.blocks
        samples = np.concatenate([part.reshape(len(part), -1) for part in block], axis=1, dtype=np.float64)
        if len(samples) * len(self.program.tape) > MOST_INLINED:
            raise TypeError(TOO_MANY_ROWS.format(f"{len(samples):,} samples"))
        given, sums, each = list(inputs), [], list[Number]()
        for sample in samples:
            for place, x in zip(places, sample.tolist(), strict=True):
                given[place] = x
            found = inlined(tape, self.program.tape, self.program.outputs, given)
            sums.append([x for x, keep in zip(found, self.kept, strict=True) if not keep])
            own = [x for x, keep in zip(found, self.kept, strict=True) if keep]
            each += own[: self.undivided]
            each += [x / len(samples) for x in own[self.undivided :]] if self.mean else own[self.undivided :]
        return [(ops.mean if self.mean else ops.sum_)(list(column)) for column in zip(*sums, strict=True)] + each

    def connected(
        self, name: str, question: str, spans: Spans, inputs: Array, values: dict[int, Value], sums: Array, each: Array, now: int
    ) -> tuple[Array, Array]:
        """An answer as arrays of Values, for which the samples are kept as they are now."""
        numbers, made = np.concatenate((sums, each.ravel())), np.empty(sums.size + each.size, dtype=object)
        if len(numbers):
            self.blocks = self.blocks.copied()
            made[:] = nodes(name, self, question, spans, inputs, values, numbers, now)
        return made[: sums.size], made[sums.size :].reshape(each.shape)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"plans": {}}
