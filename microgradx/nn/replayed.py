"""The loss of a batch and its slopes by replay: the model is recorded for one row, and any number of rows is an array program.

A loss of this package is recorded with the model, as it is a mean or a sum over samples. Of a loss of the user's own nothing is
known: it is recorded on the outputs of a whole batch, and its slopes at these are sent back through the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import ops
from ..engine import Value
from ..operand import Operand
from ..replay.arguments import Call
from ..replay.batch.batch_program import BatchPlan
from ..replay.batch.batched import CHUNK
from ..replay.batch.buffers import row_by_row
from ..replay.batch.chunks import PairwiseSum
from ..replay.compile import compile
from ..replay.derivatives import rows
from ..replay.specialization import Recording
from ..structure import One, filled, flat
from .in_training import InTraining
from .losses import LOSSES, Loss, half_squared_error
from .node_by_node import BatchPass
from .samples import Array, Places, Samples


class Recorded:
    """A function of one row that gives [number to differentiate, *outputs of the model], replayed for many rows.

    >>> w = Value(3.0)
    >>> squares = Recorded(lambda x, t: [(w * x[0] - t) ** 2, w * x[0]], [np.array([1.0]), np.array(0.0)], [w])
    >>> totals, outputs = squares.run([np.array([[1.0], [2.0]]), np.array([[0.0], [1.0]])], squares.slopes, np.array([3.0]))
    >>> totals.tolist(), outputs.tolist()
    ([34.0, 26.0], [[3.0], [6.0]])
    """

    def __init__(self, f: Callable[..., Any], sample: Sequence[Any], parameters: Sequence[Value]) -> None:
        call = Call(sample, {})
        self.recording = Recording(f, call)
        self.program = program = self.recording.program
        self.template = self.recording.inputs(call)
        self.tape, (self.row, *self.outputs) = program.tape, program.outputs
        self.per_sample = [self.tape.inputs[slice(*span)] for span in call.spans()]
        place = {id(value): k for k, value in enumerate(program.captured)}
        self.read = np.array([k for k, p in enumerate(parameters) if id(p) in place], dtype=np.int64)
        self.slots = np.array([program.arguments + place[id(parameters[k])] for k in self.read], dtype=np.int64)
        own = {id(parameters[k]) for k in self.read}
        captured = enumerate(program.captured, program.arguments)
        self.others = [(slot, value) for slot, value in captured if id(value) not in own]  # not trained, but may be assigned
        self.plans: dict[bool, BatchPlan] = {}

    @property
    def slopes(self) -> BatchPlan:
        """The program for the sum of the first number, its slopes at the parameters that are read, and the outputs."""
        return self._plan(True)

    @property
    def values(self) -> BatchPlan:
        """The program for the sum of the first number and the outputs alone."""
        return self._plan(False)

    def _plan(self, slopes: bool) -> BatchPlan:
        if slopes not in self.plans:
            inputs = [self.tape.inputs[slot] for slot in self.slots]
            found = rows(self.tape, [self.row], "slopes", inputs) if slopes else []
            self.plans[slopes] = BatchPlan(self.tape, [self.row, *found], self.per_sample, self.outputs)
        return self.plans[slopes]

    def run(self, samples: Sequence[Array], plan: BatchPlan, weights: Array) -> tuple[Array, Array]:
        """(sums over the samples, what the model answers to each) for these weights of all parameters.

        GuardFailed where a branch goes another way than it was recorded, FloatingPointError where a number is not finite.
        """
        inputs = self.template.copy()
        for slot, value in self.others:
            inputs[slot] = value._number
        inputs[self.slots] = weights[self.read]
        self.program.check(inputs)
        outputs, tree = np.empty((len(samples[0]), len(self.outputs))), PairwiseSum()
        run = plan.runner(inputs)
        with row_by_row():
            for start in range(0, len(outputs), CHUNK):
                chunk = slice(start, start + CHUNK)
                tree.add(run([part[chunk] for part in samples], start, outputs[chunk]))
        return tree.total(), outputs


class Replayed:
    """A model and a loss, recorded for one row and replayed for any batch."""

    def __init__(
        self, model: Callable[..., Any], measure: Loss, parameters: Sequence[Value], samples: Samples, state: InTraining
    ) -> None:
        self.model, self.parameters, self.measure, self.state = model, parameters, measure, state
        self.structure, numbers = flat(model(samples.rows[0]))
        self.single, self.width = isinstance(self.structure, One), len(numbers)
        self.one_target = not hasattr(samples.targets[0], "__len__")
        self.known = measure in LOSSES.values()
        self.sample = [np.array(samples.x[0]), np.array(samples.t[0]) if self.known else np.zeros(self.width)]
        self.recorded = self._recorded(True)
        if not self.known:
            self.loss = compile(self._one_number)

    @cached_property
    def answering(self) -> Recorded:
        """The model as it answers: that of training, unless it works otherwise then."""
        return self._recorded(False) if self.state.differs else self.recorded

    def _recorded(self, in_training: bool) -> Recorded:
        """The model on one row: its loss, or the outputs times what comes from a loss of one's own; and the outputs."""

        def row(x: Any, t: Any, noise: Sequence[Any] = ()) -> list[Any]:
            outputs, seen = self.state.call(self.model, list(x), noise) if in_training else (self.model(list(x)), [])
            numbers = flat(outputs)[1]
            if self.known:
                total = self._one_number([outputs], [t[0] if self.one_target else list(t)])
            else:
                total = ops.dot(list(t), numbers)
            if seen:
                total = ops.sum_([total, *self.state.shares(seen)])
            return [total, *numbers, *seen]

        noise = [np.ones(self.state.count)] if in_training and self.state.count else []
        return Recorded(row, [*self.sample, *noise], [*self.parameters, *(self.state.leaves if in_training else [])])

    def _one_number(self, outputs: Any, targets: Any) -> Any:
        found = self.measure(outputs, targets)
        if not isinstance(found, Operand):
            raise TypeError(f"the loss gave {found!r}, not one number made from the outputs")
        return found

    def differentiate(self, samples: Samples, places: Places | None, weights: Array, noise: Array) -> BatchPass:
        """The loss of these rows, the outputs, and the slope at each parameter that is read."""
        x, t = (samples.x, samples.t) if places is None else (samples.x[places], samples.t[places])
        given = [x, t if self.known else np.zeros((len(x), self.width)), *([noise] if self.state.count else [])]
        self.state.forget()
        for place in range(len(self.state.norms)):
            self.state.measure(place, self._run(given, weights)[:, self.width :])
        if self.known:
            totals, slopes, outputs = self._sent_back(given, weights)
            divisor = self._divisor(len(x))
            return BatchPass(totals / divisor, self._shaped(outputs), slopes / divisor, self._read())
        outputs = self._run(given, weights)[:, : self.width]
        loss, given[1], captured = self._own_loss(outputs, samples.taken(places)[1], weights)
        _, slopes, outputs = self._sent_back(given, weights)
        reached = self._read()
        for k, parameter in enumerate(self.parameters):
            if id(parameter) in captured:
                slopes[k] += captured[id(parameter)]
                reached[k] = True
        return BatchPass(loss, self._shaped(outputs), slopes, reached)

    def _sent_back(self, given: Sequence[Array], weights: Array) -> tuple[float, Array, Array]:
        """(total, its slopes at the parameters, outputs): once for the rows, and once more for each normalisation in them."""
        found, slopes = [], np.zeros(len(weights) + len(self.state.leaves))
        for place in reversed(range(len(self.state.norms) + 1)):
            totals, outputs = self.recorded.run(given, self.recorded.slopes, self._all(weights))
            found.append(float(totals[0]))
            slopes[self.recorded.read] = totals[1:]
            if place:
                self.state.send_back(place - 1, slopes[len(weights) :].reshape(-1, 4), len(outputs))
        return found[0], slopes[: len(weights)], outputs[:, : self.width]

    def _read(self) -> NDArray[np.bool_]:
        """Which parameters the recorded row reads."""
        reached = np.zeros(len(self.parameters) + len(self.state.leaves), dtype=bool)
        reached[self.recorded.read] = True
        return reached[: len(self.parameters)]

    def _run(self, given: Sequence[Array], weights: Array) -> Array:
        """What the model in training answers to each row, and what is normalised in it."""
        return self.recorded.run(given, self.recorded.values, self._all(weights))[1]

    def _all(self, weights: Array) -> Array:
        """The numbers of the parameters and of the batch's statistics."""
        return np.concatenate([weights, self.state.numbers()]) if self.state.leaves else weights

    def measured(self, samples: Samples, weights: Array) -> tuple[float, Any]:
        """The loss of all samples and the outputs."""
        answering = self.answering
        if self.known:
            totals, outputs = answering.run([samples.x, samples.t], answering.values, weights)
            return float(totals[0]) / self._divisor(len(samples)), self._shaped(outputs[:, : self.width])
        nothing = np.zeros((len(samples), self.width))
        outputs = answering.run([samples.x, nothing], answering.values, weights)[1][:, : self.width]
        return self._own_loss(outputs, samples.targets, weights)[0], self._shaped(outputs)

    def _divisor(self, rows: int) -> int:
        return rows if self.known and self.measure is not half_squared_error else 1

    def _own_loss(self, outputs: Array, targets: list[Any], weights: Array) -> tuple[float, Array, dict[int, float]]:
        """The user's loss on the outputs of a batch, its slopes at them, and at the parameters that it reads itself."""
        if self.single:
            rows: list[Any] = outputs[:, 0].tolist()
        else:
            rows = [filled(self.structure, row) for row in outputs.tolist()]
        call = Call([rows, targets], {})
        low, high = call.spans()[0]
        places = {id(parameter): k for k, parameter in enumerate(self.parameters)}

        def run(recording: Recording, inputs: Array) -> tuple[float, Array]:
            captured = recording.program.captured
            for k, value in enumerate(captured, recording.program.arguments):
                if id(value) in places:
                    inputs[k] = weights[places[id(value)]]
            return recording.scalar().run_gradient(inputs, ((low, high), (recording.program.arguments, len(inputs))))

        (loss, slopes), recording = self.loss.recordings.replay(self.loss.f, call, run)
        upstream = slopes[: high - low].reshape(len(outputs), -1)
        captured = zip(recording.program.captured, slopes[high - low :].tolist(), strict=True)
        return loss, upstream, {id(value): slope for value, slope in captured}

    def _shaped(self, outputs: Array) -> Array:
        return outputs[:, 0] if self.single else outputs
