"""The program of one sample, run for a chunk of samples at once: what differs from sample to sample becomes a row of numbers.

What depends on the parameters only is computed once per call. The derivative by a weight is a sum over samples of products, which
for a layer is one matrix product along the samples: per-sample gradients are never stored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Any

import numpy as np

from ... import ops
from ..regroup.columns import Columns
from ..regroup.group import group
from ..regroup.slots import Placer
from ..regroup.sums import flatten
from ..run.array_program import Array, Plan
from ..run.layout import Layout
from ..run.runner import GuardFailed
from ..run.tiers import Tiered
from ..tape.dependence import depends
from ..tape.lookup import with_lookups
from ..tape.rows import code_of
from ..tape.tape import Tape
from .buffers import Buffers
from .other_way import OtherWay
from .reductions import product_for, reductions, sample_rows
from .reuse import Reuse

Bound = Callable[[Sequence[Array], Array, Array], Array]
AsEager = Callable[[], tuple[Tape, list[int], list[int]]]


class BatchPlan:
    """The array program of one sample's rows `outputs`, run for many samples at once and added up over them.

    Of the rows `each` the numbers of every sample are kept. Branches on a sample's numbers are checked for every sample.
    The first `values` outputs are no derivatives, as messages tell. `as_eager` gives the rows of a derivative of derivatives on a
    tape that tells zeros that were made from others.
    """

    form: Tiered | None

    def __init__(
        self,
        tape: Tape,
        outputs: Sequence[int],
        per_sample: Sequence[Sequence[int]],
        each: Sequence[int] = (),
        values: int = 1,
        as_eager: AsEager | None = None,
    ) -> None:
        self.tape, self.outputs, self.each, self.as_eager = tape, list(outputs), list(each), as_eager
        self.values = values
        read = with_lookups(tape)
        marks = np.frombuffer(depends(tape, [row for rows in per_sample for row in rows]), dtype=np.bool_)[:-1]
        self.guards = {row: outcome for row, outcome in tape.guards if marks[row]}
        self.places = [np.flatnonzero(np.isin(tape.inputs, rows)) for rows in per_sample]
        self.is_sample = np.isin(np.arange(len(tape.inputs)), np.concatenate(self.places))
        layout = Layout(tape, [*outputs, *each, *self.guards])
        self.flags = layout.loses or code_of(ops.heaviside) in layout.code  # for which arrays have a comparison
        columns = Columns(read, [*outputs, *each, *self.guards])
        varying = np.zeros(len(columns.op), dtype=bool)
        varying[: len(marks)] = marks
        single = sorted({row for row in self.outputs if product_for(columns, row) and varying[row]})
        alone = set(single)
        kept = [row for row in self.outputs if row not in alone]
        factors = [*columns.a[single].tolist(), *columns.b[single].tolist()]
        inner = Columns(read, [*kept, *factors, *each, *self.guards])
        sums = flatten(inner, 0)
        placer = Placer(inner, sums, group(inner, sums, varying), varying)
        placer.place()
        placer.emitter.varying = True
        placer.emitter.begin_level()
        self.reductions = reductions(placer, self.outputs, single, [row for row in kept if varying[row]])
        self.kept = np.array([k for k, row in enumerate(each) if varying[row]], dtype=np.int64)
        self.kept_rows = [sample_rows(placer, placer.slot[np.array(each)[self.kept]])] if len(self.kept) else []
        self.guard_rows = [sample_rows(placer, placer.slot[list(self.guards)])] if self.guards else []
        placer.emitter.end_level()
        self.uniform = np.array([i for i, row in enumerate(self.outputs) if not varying[row]], dtype=np.int64)
        self.uniform_slots = placer.slot[np.array(self.outputs, dtype=np.int64)[self.uniform]]
        self.alike = np.array([k for k, row in enumerate(each) if not varying[row]], dtype=np.int64)
        self.alike_slots = placer.slot[np.array(each, dtype=np.int64)[self.alike]]
        self.plan = Plan(placer, [])
        self.reuse()
        self.prepare()

    def reuse(self) -> None:
        """Move the rows of samples together."""
        plan = self.plan
        results = [*(v for *_, views in self.reductions for v in views), *self.kept_rows, *self.guard_rows]
        moves = Reuse(plan.instructions, results, int(self.is_sample.sum()))
        plan.instructions = [moves.instruction(step) for step in plan.instructions]
        plan.sizes["varying"] = moves.size
        self.reductions = [(kind, targets, tuple([moves.moved(v) for v in views])) for kind, targets, views in self.reductions]
        self.kept_rows, self.guard_rows = ([moves.moved(v) for v in views] for views in (self.kept_rows, self.guard_rows))

    def runner(self, inputs: Array) -> Callable[[Sequence[Array], int, Array], Array]:
        """A function from the samples of each argument (and the index of the first) to the sums of the outputs.

        The rows `each` are written to the array that it is given, a row for each sample.
        """
        parameters = inputs[~self.is_sample]
        handling = dict.fromkeys(("over", "divide", "invalid"), "raise" if self.flags else "ignore")

        def run(samples: Sequence[Array], start: int, own: Array) -> Array:
            which = None
            try:
                if not self.flags or all(np.isfinite(x).all() for x in (inputs, *samples)):
                    with np.errstate(**handling):  # type: ignore[arg-type]
                        found = self.bound(len(samples[0]))(samples, parameters, own)
                        if isfinite(found.dot(found)) and (not self.each or np.isfinite(own).all()):
                            return found
                    which = None if self.outputs else np.flatnonzero(~np.isfinite(own).all(axis=1))
            except (FloatingPointError, GuardFailed):
                pass
            return self.exact(inputs, samples, start, own, which)

        return run

    def bound(self, size: int) -> Bound:
        """This thread's program for chunks of `size` samples; the last two sizes are kept."""
        kept: dict[int, Bound] = self.local.__dict__.setdefault("bound", {})
        if size not in kept:
            while len(kept) > 1:
                del kept[next(iter(kept))]
            kept[size] = self.bind(size)
        return kept[size]

    def exact(
        self, inputs: Array, samples: Sequence[Array], start: int, each: Array, which: Iterable[int] | None = None
    ) -> Array:
        """The sums by the exact path, sample by sample; those of some, where there is nothing to add up.

        Names the first sample that takes another way than the recorded one, or whose numbers cannot be added up as they are not
        finite; what is kept of a sample may be.
        """
        form, first, last = self.one_by_one(), len(self.outputs), len(self.outputs) + len(self.each)
        total, row, places = np.zeros(len(self.outputs)), inputs.copy(), np.concatenate(self.places)
        together = np.concatenate(samples, axis=1)
        for i in range(len(together)) if which is None else which:
            row[places] = sample = together[i]
            found = form.run(row)
            added, kept, outcomes = found[:first], found[first:last], found[last:].tolist()
            for (branch, recorded), outcome in zip(self.guards.items(), outcomes, strict=True):
                if outcome != recorded:
                    raise OtherWay(start + i, sample.tolist(), branch)
            if not np.isfinite(added).all():
                what = "gradient" if np.isfinite(added[: self.values]).all() else "value"
                raise FloatingPointError(
                    f"sample {start + i} gives a {what} that is not finite: its numbers are {sample.tolist()}"
                )
            total += added
            each[i] = kept
        return total

    def one_by_one(self) -> Tiered:
        """All rows one by one, those of eager evaluation."""
        with self.tape.lock:
            if self.form is None:
                tape, outputs, each = self.as_eager() if self.as_eager else (self.tape, self.outputs, self.each)
                self.form = Tiered(Layout(tape, [*outputs, *each, *self.guards]), exact=True)
        return self.form

    def prepare(self) -> None:
        """What is not part of the data: bound programs and the exact form."""
        self.local = threading.local()
        self.form = None

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: x for name, x in self.__dict__.items() if name not in ("local", "form")}
        return kept | {"as_eager": self.as_eager and self.as_eager()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        eager = state["as_eager"]
        self.__dict__.update(state | {"as_eager": eager and (lambda: eager)})
        self.prepare()

    def bind(self, size: int) -> Bound:
        """The program for chunks of `size` samples: from (samples, parameters) to the sums of the outputs, with `each` filled."""
        buffers = Buffers(self.plan, size)
        slots, (once, each) = buffers.slots, buffers.calls()
        result, low = np.empty(len(self.outputs)), len(self.uniform)
        for kind, targets, views in self.reductions:
            each.append(buffers.reduction(kind, views, result[low : low + len(targets)]))
            low += len(targets)
        order = np.argsort(np.concatenate((self.uniform, *(targets for _, targets, _ in self.reductions))))
        first_rows = [int(self.is_sample[: places[0]].sum()) if len(places) else 0 for places in self.places]
        rooms = [buffers.wide["varying"][low : low + len(x)].T for low, x in zip(first_rows, self.places, strict=True)]
        kept = [buffers.view(view).reshape(len(self.kept), size).T for view in self.kept_rows]
        outcomes = np.array([list(self.guards.values())]).T
        guards = [buffers.view(view).reshape(len(outcomes), size) for view in self.guard_rows]
        arguments, latest = slots[: self.plan.inputs], None

        def run(samples: Sequence[Array], parameters: Array, own: Array) -> Array:
            nonlocal latest
            if parameters is not latest:
                arguments[:], latest = parameters, None  # until all is computed: a number that is not finite raises
                for function, operands in once:
                    function(*operands)
                result[: len(self.uniform)] = slots[self.uniform_slots] * size
                latest = parameters
            for room, part in zip(rooms, samples, strict=True):
                room[:] = part
            for function, operands in each:
                function(*operands)
            for rows in guards:
                if (rows != outcomes).any():
                    raise GuardFailed
            if own.size:
                own[:, self.alike] = slots[self.alike_slots]
                for columns in kept:
                    own[:, self.kept] = columns
            return result.take(order)

        return run
