"""One run of training: the weights between two epochs, the updates of an epoch, and the way back if one of them fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from ..modes import checking, no_grad
from ..parts import walk
from ..replay.batch.other_way import OtherWay
from ..replay.run.runner import GuardFailed
from ..replay.specialization import drawn
from ..writing import commit, new_gradients, new_numbers
from .assignment import assign
from .clipping import clipped
from .gradients import frozen
from .history import History
from .in_training import InTraining
from .losses import LOSSES, Loss, plain_numbers
from .node_by_node import BatchPass, Model, NodeByNode
from .optimizer import Optimizer
from .replayed import Replayed
from .samples import Array, Places, Samples
from .units import layer_of

WORTH_RECORDING = 200
"""Samples in a whole run from which on it is recorded: recording takes as long as computing 180 of them in the smallest model,
50 in larger ones. Fixed numbers and no clock, as replay has other last bits: the same run gives the same bits every time."""

WORTH_REPLAYING = 100
"""Rows of the program times rows of the batch from which on it is replayed: with fewer, numpy's calls take longer."""


class Seen(NamedTuple):
    """What was measured on one batch before its update."""

    loss: float
    accuracy: float
    rows: int


class TrainingRun:
    """A model with all that trains it. The weights are an array; the model's parameters get them at the end of an epoch."""

    def __init__(
        self,
        model: Model,
        samples: Samples,
        measure: Loss,
        accuracy: Callable[[Any, Any], float] | None,
        optimizer: Optimizer,
        clip: float | None,
    ) -> None:
        self.model, self.samples, self.measure, self.accuracy = model, samples, measure, accuracy
        self.optimizer, self.clip = optimizer, clip
        names = dict(model.named_parameters())
        self.state = InTraining(model, samples.rows[0])
        self.eager = NodeByNode(model, measure, names, self._advice, self.state)
        self.parameters = self.eager.parameters
        self.place = place = {id(parameter): k for k, parameter in enumerate(self.parameters)}
        self.held = np.array([place[id(parameter)] for parameter in optimizer.parameters], dtype=np.int64)
        self.layers: dict[str, list[int]] = {}
        parts = walk(model).parameters
        for name, parameter in names.items():
            layer = layer_of(parts[parameter]) if parameter in parts else name
            self.layers.setdefault(layer, []).append(place[id(parameter)])
        self.names = {place[id(parameter)]: name for name, parameter in names.items()}
        self.places = {place[id(parameter)]: part for parameter, part in parts.items()}
        self.replayed: Replayed | None = None
        self.weights = self.before = self._read()
        self.last: BatchPass | None = None

    def record(self, updates: int, rows: int) -> str | None:
        """Record the model if that pays for so many updates by so many rows; if it cannot be, say why not."""
        if updates * rows < WORTH_RECORDING:
            return None
        if checking():
            return "detect_anomaly looks at every operation"
        row = self.samples.rows[0]
        noise, before, answers = [1.0] * self.state.count, drawn(), []
        for _ in range(2):
            with no_grad():
                answers.append(plain_numbers(self.state.call(self.model, row, noise)[0]))
        if drawn() != before or repr(answers[0]) != repr(answers[1]):
            return "the model gives another answer to the same row when it is asked again"
        try:
            self.replayed = Replayed(self.model, self.measure, self.parameters, self.samples, self.state)
            if len(self.replayed.recorded.tape) * rows < WORTH_REPLAYING:
                self.replayed = None
            else:
                few = np.arange(min(rows, len(self.samples)))
                self.replayed.differentiate(self.samples, few, self.weights, self.state.draw(len(few)))
        except OtherWay as way:  # whatever the weights
            self.replayed = None
            return str(way)
        except (GuardFailed, FloatingPointError):  # the recording stands, for other weights
            pass
        except Exception as error:  # whatever a model or a loss of your own does: run it as it is
            self.replayed = None
            return f"{type(error).__name__}: {error}"
        return None

    def whole(self, history: History) -> Undone:
        """A block after which weights, optimizer and history are those from before it, should anything be raised in it."""
        return Undone(self, history)

    def epoch(self, batches: Sequence[Places | None], seed: int, epoch: int, rate: Callable[[int], float | None]) -> list[Seen]:
        """Update by each batch; at the end the model gets the weights."""
        self.weights = self._read()
        self.state.draw_from(seed, epoch)
        seen = []
        for number, places in enumerate(batches):
            if (lr := rate(number)) is not None:
                self.optimizer.lr = lr
            seen.append(self._update(places, f"epoch {epoch}, batch {number}" if number else f"epoch {epoch}"))
        self._write()
        return seen

    def _update(self, places: Places | None, when: str) -> Seen:
        """Measure a batch, differentiate, and move the weights once, unless something is not finite."""
        rows = len(self.samples) if places is None else len(places)
        noise = self.state.draw(rows)
        found = self._replay(places, noise)
        if found is None:
            assign(self.parameters, self.weights.tolist())
            found = self.eager.differentiate(self.samples, places, when, noise)
        targets = self.samples.taken(places)[1]
        right = math.nan if self.accuracy is None else self.accuracy(found.outputs, targets)
        moving = np.flatnonzero(found.reached[self.held])
        if frozen:
            moving = np.array([k for k in moving if self.optimizer.parameters[k] not in frozen], dtype=np.int64)
        slopes = found.slopes[self.held[moving]]
        if self.clip is not None:
            slopes = np.array(clipped(slopes.tolist(), self.clip)[0])
        weights = self.weights.copy()
        weights[self.held[moving]], self.optimizer._memories = self.optimizer.moved(weights[self.held[moving]], slopes, moving)
        self.state.followed(self.place, weights, rows)
        self.before, self.weights, self.last = self.weights, weights, found
        return Seen(found.loss, right, rows)

    def _replay(self, places: Places | None, noise: Array) -> BatchPass | None:
        """The pass by replay; None where the graph itself has to judge: another branch, or a number that is not finite."""
        if self.replayed is None:
            return None
        try:
            found = self.replayed.differentiate(self.samples, places, self.weights, noise)
        except (GuardFailed, FloatingPointError):
            return None
        return found if math.isfinite(found.loss) and np.isfinite(found.slopes).all() else None

    def validated(self, samples: Samples) -> Seen:
        """The loss and the accuracy on other samples, with the weights as they are."""
        loss, outputs = None, None
        if self.replayed is not None:
            with suppress(GuardFailed, FloatingPointError):
                loss, outputs = self.replayed.measured(samples, self.weights)
        if loss is None:
            loss, outputs = self.eager.measured(samples)
        return Seen(loss, math.nan if self.accuracy is None else self.accuracy(outputs, samples.targets), len(samples))

    def norms(self) -> dict[str, float]:
        """The length of the gradient of each layer in the last update, before it was clipped."""
        assert self.last is not None
        slopes = self.last.slopes
        return {layer: math.hypot(*slopes[places].tolist()) for layer, places in self.layers.items()}

    def restore(self, weights: Array) -> None:
        """Put these weights into the model."""
        assign(self.parameters, weights.tolist())
        self.weights = weights

    def _read(self) -> Array:
        return np.array([parameter._number for parameter in self.parameters])

    def _write(self) -> None:
        """The model gets the weights, and each parameter the slope of the last update."""
        columns = new_numbers(self.parameters, self.weights.tolist())
        if self.last is None:
            commit(*columns)
            return
        pairs = zip(self.last.slopes.tolist(), self.last.reached.tolist(), strict=True)
        commit(*columns, new_gradients(self.parameters, [slope if reached else None for slope, reached in pairs]))

    def _advice(self) -> str:
        rate = self.optimizer.lr
        return f"lower the learning rate (now {rate:g}), clip the gradient (clip=1.0), or start from smaller weights"


class Undone:
    """Puts a run and its history back where they were, unless the block ends well."""

    def __init__(self, run: TrainingRun, history: History) -> None:
        self.run, self.history = run, history
        self.weights, self.memories, self.lr = run._read(), run.optimizer._memories, run.optimizer.lr
        self.lengths = [(column, len(column)) for column in history.columns()]

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is not None:
            self.run.optimizer._memories, self.run.optimizer.lr = self.memories, self.lr
            self.run.restore(self.weights)
            for column, length in self.lengths:
                del column[length:]


def checked_targets(measure: Loss, model: Model, samples: Samples) -> None:
    """Raise as the loss does where a target is not of its kind: a recorded loss cannot look at one."""
    if measure in LOSSES.values():
        answer = plain_numbers(model(samples.rows[0]))
        measure([answer] * len(samples), samples.targets)
