"""The program of one sample, run for a chunk of samples at once: what differs from sample to sample becomes a row of numbers.

What depends on the parameters only is computed once per call. The derivative by a weight is a sum over samples of products, which
for a layer is one matrix product along the samples: per-sample gradients are never stored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import Any

import numpy as np

from ..regroup.columns import Columns
from ..regroup.group import group
from ..regroup.instructions import VARYING, View, refine
from ..regroup.matrix_products import factor, grid
from ..regroup.slots import Placer
from ..regroup.sums import flatten
from ..run.array_program import Array, Plan
from ..run.layout import Layout
from ..run.row_by_row import Loop
from ..run.runner import GuardFailed
from ..tape.gradient import depends
from ..tape.tape import Tape
from .buffers import Buffers
from .other_way import OtherWay
from .reuse import Reuse

Bound = Callable[[Sequence[Array], Array, Array], Array]


class BatchPlan:
    """The array program of one sample's rows `outputs`, run for many samples at once and added up over them.

    Of the rows `each` the numbers of every sample are kept. Branches on a sample's numbers are checked for every sample.
    """

    loop: Loop | None

    def __init__(
        self, tape: Tape, outputs: Sequence[int], per_sample: Sequence[Sequence[int]], each: Sequence[int] = ()
    ) -> None:
        self.tape, self.outputs, self.each = tape, list(outputs), list(each)
        marks = np.frombuffer(depends(tape, [row for rows in per_sample for row in rows]), dtype=np.bool_)[:-1]
        self.guards = {row: outcome for row, outcome in tape.guards if marks[row]}
        self.places = [np.flatnonzero(np.isin(tape.inputs, rows)) for rows in per_sample]
        self.is_sample = np.isin(np.arange(len(tape.inputs)), np.concatenate(self.places))
        columns = Columns(tape, [*outputs, *each, *self.guards])
        varying = np.zeros(len(columns.op), dtype=bool)
        varying[: len(marks)] = marks
        self.single = sorted({row for row in self.outputs if product_for(columns, row) and varying[row]})
        alone = set(self.single)
        kept = [row for row in self.outputs if row not in alone]
        factors = [*columns.a[self.single].tolist(), *columns.b[self.single].tolist()]
        inner = Columns(tape, [*kept, *factors, *each, *self.guards])
        sums = flatten(inner, 0)
        placer = Placer(inner, sums, group(inner, sums, varying), varying)
        placer.place()
        placer.emitter.varying = True
        placer.emitter.begin_level()
        self.reductions: list[tuple[str, np.ndarray, tuple[View, ...]]] = []
        self.add_products(placer, inner)
        self.add_rows(placer, [row for row in kept if varying[row]])
        self.kept = np.array([k for k, row in enumerate(each) if varying[row]], dtype=np.int64)
        self.kept_rows = self.views(placer, np.array(each, dtype=np.int64)[self.kept])
        self.guard_rows = self.views(placer, np.array(list(self.guards), dtype=np.int64))
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

    def add_products(self, placer: Placer, columns: Columns) -> None:
        """Outputs that are products: along the samples a matrix product where the factors form a grid."""
        rows = np.array(self.single, dtype=np.int64)
        if not len(rows):
            return
        f, s = placer.slot[columns.a[rows]], placer.slot[columns.b[rows]]
        f, s = np.maximum(f, s), np.minimum(f, s)
        both = s >= VARYING
        where: dict[int, int] = {}
        for i, out in enumerate(self.outputs):
            where.setdefault(out, i)
        for part in split_by_kind(placer, columns, rows, f, s, both):
            order, shape = grid(f[part][:, None], s[part][:, None])
            chosen = part[order]
            targets = np.array([where[row] for row in rows[chosen].tolist()])
            left, right = f[chosen], s[chosen]
            if both[part[0]] and shape is not None and shape[0] == 1 and (lines := factor(left[:, None], right[:, None], shape)):
                views = tuple(self.lines(placer, line.ravel()) for line in lines)
                self.reductions.append(("product", targets, views))
            else:
                self.reductions.append(("dot", targets, (self.lines(placer, left), self.lines(placer, right))))

    def add_rows(self, placer: Placer, rows: Sequence[int]) -> None:
        """All other outputs are added up along the samples."""
        wanted = set(rows)
        targets = np.array([i for i, row in enumerate(self.outputs) if row in wanted], dtype=np.int64)
        slots = placer.slot[np.array(self.outputs)[targets]]
        order = np.argsort(slots, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(slots[order]) != 1) + 1):
            if len(part):
                self.reductions.append(("sum", targets[part], (self.lines(placer, slots[part]),)))

    def views(self, placer: Placer, rows: np.ndarray) -> list[View]:
        """One view of these rows of samples, or none if there are none."""
        return [self.lines(placer, placer.slot[rows])] if len(rows) else []

    @staticmethod
    def lines(placer: Placer, slots: np.ndarray) -> View:
        """The slots as a list of rows of samples."""
        shape, (steps,) = refine([slots])
        if steps is None or len(shape) > 1:
            return placer.emitter.gather(slots)
        return placer.emitter.view(slots[0], shape, steps)

    def runner(self, inputs: Array, each: Array | None = None) -> Callable[[Sequence[Array], int], Array]:
        """A function from the samples of each argument (and the index of the first) to the sums of the outputs.

        The rows `each` are written to the array of that name, a row for each sample.
        """
        parameters = inputs[~self.is_sample]
        each = np.empty((0, 0)) if each is None else each

        def run(samples: Sequence[Array], start: int) -> Array:
            own = each[start : start + len(samples[0])]
            try:
                with np.errstate(over="raise", divide="raise", invalid="raise"):
                    found = self.bound(len(samples[0]))(samples, parameters, own)
                    if isfinite(found.dot(found)) and np.isfinite(own).all():
                        return found
            except (FloatingPointError, GuardFailed):
                pass
            return self.exact(inputs, samples, start, own)

        return run

    def bound(self, size: int) -> Bound:
        """This thread's program for chunks of `size` samples; the last two sizes are kept."""
        kept: dict[int, Bound] = self.local.__dict__.setdefault("bound", {})
        if size not in kept:
            while len(kept) > 1:
                del kept[next(iter(kept))]
            kept[size] = self.bind(size)
        return kept[size]

    def exact(self, inputs: Array, samples: Sequence[Array], start: int, each: Array) -> Array:
        """The sums by the exact path, sample by sample.

        Names the first sample that takes another way than the recorded one, or whose value or gradient is not finite.
        """
        with self.tape.lock:
            loop = self.loop = self.loop or Loop(Layout(self.tape, [*self.outputs, *self.each, *self.guards]))
        total, row, places = np.zeros(len(self.outputs)), inputs.copy(), np.concatenate(self.places)
        count = len(self.outputs) + len(self.each)
        for i, sample in enumerate(np.concatenate(samples, axis=1)):
            row[places] = sample
            found = np.array(loop.run(row.tolist()))
            found, outcomes = found[:count], found[count:].tolist()
            for (branch, recorded), outcome in zip(self.guards.items(), outcomes, strict=True):
                if outcome != recorded:
                    raise OtherWay(start + i, sample.tolist(), branch)
            if not np.isfinite(found).all():
                what = "value" if not np.isfinite(found[0]) else "gradient"
                raise FloatingPointError(
                    f"sample {start + i} gives a {what} that is not finite: its numbers are {sample.tolist()}"
                )
            total += found[: len(total)]
            if len(each):
                each[i] = found[len(total) :]
        return total

    def prepare(self) -> None:
        """What is not part of the data: bound programs and the exact loop."""
        self.local = threading.local()
        self.loop = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: x for name, x in self.__dict__.items() if name not in ("local", "loop")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
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
                arguments[:] = latest = parameters
                for function, operands in once:
                    function(*operands)
                result[: len(self.uniform)] = slots[self.uniform_slots] * size
            for room, part in zip(rooms, samples, strict=True):
                room[:] = part
            for function, operands in each:
                function(*operands)
            for rows in guards:
                if (rows != outcomes).any():
                    raise GuardFailed
            if len(own):
                own[:, self.alike] = slots[self.alike_slots]
                for columns in kept:
                    own[:, self.kept] = columns
            return result.take(order)

        return run


def product_for(columns: Columns, row: int) -> bool:
    """Whether an output is a product that nothing else needs."""
    return bool(columns.op[row] == columns.multiply and columns.uses[row] == 1 and columns.a[row] != columns.b[row])


def split_by_kind(
    placer: Placer, columns: Columns, rows: np.ndarray, f: np.ndarray, s: np.ndarray, both: np.ndarray
) -> Iterator[np.ndarray]:
    """Positions of rows whose factors were computed alike."""
    first, second = (placer.groups.role[side[rows]] for side in (columns.a, columns.b))
    kinds = np.stack((np.maximum(first, second), np.minimum(first, second)))
    _, number = np.unique(np.concatenate((kinds, both[None])), axis=1, return_inverse=True)
    for kind in range(int(number.max()) + 1):
        yield np.flatnonzero(number.ravel() == kind)
