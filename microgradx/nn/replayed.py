"""The loss of a batch and its slopes by replay: the model is recorded for one row, and any number of rows is an array program.

A loss of this package is recorded with the model, as it is a mean or a sum over samples. Of a loss of the user's own nothing is
known: it is recorded on the outputs of a whole batch, and its slopes at these are sent back through the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..engine import Value
from ..operation import Operand
from ..replay.arguments import Call
from ..replay.batch.batch_program import BatchPlan
from ..replay.batch.batched import CHUNK, Tree
from ..replay.batch.buffers import row_by_row
from ..replay.compile import compile
from ..replay.specialization import Recording
from ..replay.tape.gradient import gradient
from ..structure import filled, flat
from .losses import LOSSES, Loss, half_squared_error
from .node_by_node import Pass
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
            rows = gradient(self.tape, self.row, inputs) if slopes else []
            self.plans[slopes] = BatchPlan(self.tape, [self.row, *rows], self.per_sample, self.outputs)
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
        outputs, tree = np.empty((len(samples[0]), len(self.outputs))), Tree()
        run = plan.runner(inputs, outputs)
        with row_by_row():
            for start in range(0, len(outputs), CHUNK):
                tree.add(run([part[start : start + CHUNK] for part in samples], start))
        return tree.total(), outputs


class Replayed:
    """A model and a loss, recorded for one row and replayed for any batch."""

    def __init__(self, model: Callable[..., Any], measure: Loss, parameters: Sequence[Value], samples: Samples) -> None:
        self.parameters, self.measure = parameters, measure
        self.single = False  # whether the model gives a number and not a row
        self.structure: Any = None
        x, t = np.array(samples.x[0]), np.array(samples.t[0])
        self.one_target = not hasattr(samples.targets[0], "__len__")

        def with_loss(x: Any, t: Any) -> Any:
            outputs = model(list(x))
            found = measure([outputs], [t[0] if self.one_target else list(t)])
            if not isinstance(found, Operand):
                raise TypeError(f"the loss gave {found!r}, not one number made from the outputs")
            return [found, *self._numbers(outputs)]

        def with_upstream(x: Any, u: Any) -> Any:
            numbers = self._numbers(model(list(x)))
            return [ops.dot(list(u)[: len(numbers)], numbers), *numbers]

        self.known = measure in LOSSES.values()
        if self.known:
            self.recorded = Recorded(with_loss, [x, t], parameters)
            return
        width = len(flat(model(samples.rows[0]))[1])
        self.recorded = Recorded(with_upstream, [x, np.zeros(width)], parameters)
        self.loss = compile(self._one_number)

    def _numbers(self, outputs: Any) -> list[Any]:
        self.single = isinstance(outputs, Operand)
        self.structure, numbers = flat(outputs)
        return numbers

    def _one_number(self, outputs: Any, targets: Any) -> Any:
        found = self.measure(outputs, targets)
        if not isinstance(found, Operand):
            raise TypeError(f"the loss gave {found!r}, not one number made from the outputs")
        return found

    def differentiate(self, samples: Samples, places: Places | None, weights: Array) -> Pass:
        """The loss of these rows, the outputs, and the slope at each parameter that is read."""
        x, t = (samples.x, samples.t) if places is None else (samples.x[places], samples.t[places])
        reached = np.zeros(len(self.parameters), dtype=bool)
        reached[self.recorded.read] = True
        slopes = np.zeros(len(self.parameters))
        if self.known:
            totals, outputs = self.recorded.run([x, t], self.recorded.slopes, weights)
            totals /= self._divisor(len(x))
            slopes[self.recorded.read] = totals[1:]
            return Pass(float(totals[0]), self._shaped(outputs), slopes, reached)
        _, outputs = self.recorded.run([x, np.zeros((len(x), len(self.recorded.outputs)))], self.recorded.values, weights)
        loss, upstream, captured = self._own_loss(outputs, samples.taken(places)[1], weights)
        totals, _ = self.recorded.run([x, upstream], self.recorded.slopes, weights)
        slopes[self.recorded.read] = totals[1:]
        for k, parameter in enumerate(self.parameters):
            if id(parameter) in captured:
                slopes[k] += captured[id(parameter)]
                reached[k] = True
        return Pass(loss, self._shaped(outputs), slopes, reached)

    def measured(self, samples: Samples, weights: Array) -> tuple[float, Any]:
        """The loss of all samples and the outputs."""
        if self.known:
            totals, outputs = self.recorded.run([samples.x, samples.t], self.recorded.values, weights)
            return float(totals[0]) / self._divisor(len(samples)), self._shaped(outputs)
        nothing = np.zeros((len(samples), len(self.recorded.outputs)))
        _, outputs = self.recorded.run([samples.x, nothing], self.recorded.values, weights)
        return self._own_loss(outputs, samples.targets, weights)[0], self._shaped(outputs)

    def _divisor(self, rows: int) -> int:
        return 1 if self.measure is half_squared_error else rows

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

        (loss, slopes), recording = self.loss.replay(call, run)
        upstream = slopes[: high - low].reshape(len(outputs), -1)
        captured = zip(recording.program.captured, slopes[high - low :].tolist(), strict=True)
        return loss, upstream, {id(value): slope for value, slope in captured}

    def _shaped(self, outputs: Array) -> Array:
        return outputs[:, 0] if self.single else outputs
