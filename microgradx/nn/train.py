"""Training: `fit` runs a model over its data, measures, differentiates and updates, and says what happened."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .. import argument_hints
from ..engine import Value
from ..keywords import keywords
from .diagnosis import at_first, at_last
from .history import History
from .lookup import known
from .losses import LOSSES, Loss
from .mistakes import refuse_mismatch
from .node_by_node import Model
from .optim import OPTIMIZERS
from .optimizer import Optimizer
from .progress import bar
from .right_answers import judge, unjudged
from .samples import Batches, Samples, batch_size_checked, held_out
from .schedules import ByUpdate, Schedule
from .settings import count, positive_number
from .training_run import Seen, TrainingRun, checked_targets

Callback = Callable[[int, "Model", History], object]


@keywords(argument_hints.FIT, 'nn.fit(model, X, y, loss="mse", optimizer=nn.Adam(lr=0.01), epochs=100)')
def fit(
    model: Model,
    X: Any,
    y: Any,
    *,
    loss: str | Loss,
    optimizer: str | Optimizer,
    epochs: int,
    batch_size: int | None = None,
    schedule: Schedule | None = None,
    callbacks: Sequence[Callback] = (),
    accuracy: Callable[[Any, Any], float] | None = None,
    clip: float | None = None,
    validation: Any = None,
    patience: int | None = None,
    keep_best: bool = False,
    history: History | None = None,
    seed: int = 0,
    progress: bool | None = None,
    replay: bool = True,
) -> History:
    """Train `model` on the rows of `X` and their targets `y`; gives the history of the run.

    >>> from microgradx import nn
    >>> model = nn.MLP(2, [4, 1], rng=1)
    >>> history = nn.fit(model, *nn.data.xor(), loss="binary_cross_entropy", optimizer=nn.Adam(lr=0.1), epochs=100)
    >>> history.accuracy[-1]
    1.0

    `loss` is called with all outputs and all targets of a batch; a penalty is added in a function of your own:
    `lambda outputs, y: nn.hinge(outputs, y) + nn.l2(model.parameters(), 1e-4)`. Without `batch_size` an epoch is one
    update by all rows; with it the rows are shuffled anew in each epoch, by `seed`. `schedule(epoch)` sets the rate; `clip`
    is the longest gradient allowed. An optimizer made with some of the parameters moves only those; frozen ones stay. Its name,
    such as "adam", stands for one with the usual rate.

    `accuracy(outputs, targets)`, of plain numbers, is measured for the losses for classes, for a sigmoid, tanh or softmax before
    another loss whose targets are labels, or by the function given. A
    callback is called as `callback(epoch, model, history)` after each epoch and ends the training by returning True; Ctrl-C
    ends it too, and the history so far comes back. `progress=None` shows a bar on a terminal and in a notebook, if tqdm is
    installed.

    `validation=(X, y)`, or the share of the rows to hold out, such as 0.2, is measured after each epoch. Training ends when its
    loss has not become smaller for `patience` epochs; `keep_best` leaves the model and the optimizer as they were when it was
    smallest. `history=` is that of an earlier run, or of a file, which this one goes on.

    The model is recorded for one row, and batches of any size are replayed as a few array instructions; losses then agree to
    1e-14 or so with those of `replay=False`, which computes node by node. Where a slope is 0 but for rounding, optimizers that
    divide by its size, such as Adagrad and Adam, enlarge that rounding: losses then agree to 1e-8 or so. A model that answers
    differently when asked again, and short runs, are computed node by node; `history.eager` says why if something cannot be
    recorded. Numbers that change inside your own loss need `replay=False`.

    FloatingPointError: a loss or a slope is not finite. Whatever is raised, model and optimizer are those of the last whole
    epoch.
    """
    samples, validated = held_out(Samples(X, y), validation, seed)
    size = batch_size_checked(batch_size)
    epochs = count("epochs", epochs, "training needs at least 1")
    patience = None if patience is None else count("patience", patience, "training goes on for at least 1 epoch")
    if isinstance(optimizer, str):
        optimizer = known("optimizer", optimizer, OPTIMIZERS, "an optimizer such as nn.Adam(lr=0.01)")()
    _check(optimizer, schedule, callbacks, clip, validated is not None, patience, keep_best)
    measure = _known_loss(loss)
    if not _is_part(optimizer.parameters, model.parameters()):
        optimizer.bind(model.parameters())
    history = History() if history is None else history
    history.stopped = None
    done = len(history.loss)
    show, epoch = bar(epochs, progress), done
    try:
        run, answer, untold = _started(model, samples, measure, accuracy, optimizer, clip)
        rows = len(samples) if size is None else min(size, len(samples))
        _refuse_single(run, len(samples), rows)
        updates = math.ceil(len(samples) / rows)
        if replay:
            history.eager = run.record(updates * epochs, rows)
        batches = Batches(len(samples), size, seed, done)
        best = _Best(run)
        for epoch in range(done, done + epochs):
            with run.whole(history):
                seen = run.epoch(batches.epoch(), seed, epoch, _rates(schedule, epoch, updates))
                checked = None if validated is None else run.validated(validated)
                _note(history, run, seen, checked)
            if epoch == done:
                history.notes = first = [*at_first(run, answer), *untold]
            show(history)
            if keep_best and history.best == epoch:
                best.keep()
            history.stopped = _stop(epoch, model, history, callbacks, patience)
            if history.stopped is not None:
                break
        history.notes = first + at_last(run, history, updates * rows * epochs // 20)
        if keep_best:
            best.restore()
    except KeyboardInterrupt:
        history.stopped = f"interrupted in epoch {epoch}"
    finally:
        show(None)
    return history


def _started(
    model: Model, samples: Samples, measure: Loss, accuracy: Any, optimizer: Optimizer, clip: float | None
) -> tuple[TrainingRun, Any, list[str]]:
    """The run, if nothing speaks against it; the answer to its first row, and what is said of a loss that cannot be judged."""
    answer = model(samples.rows[0])
    refuse_mismatch(measure, answer, samples)
    untold = unjudged(measure, answer, samples.t) if accuracy is None else []
    accuracy = judge(measure, answer, samples.t) if accuracy is None else accuracy
    checked_targets(measure, model, samples)
    return TrainingRun(model, samples, measure, accuracy, optimizer, clip), answer, untold


def _stop(epoch: int, model: Model, history: History, callbacks: Sequence[Callback], patience: int | None) -> str | None:
    """Why the training ends after this epoch; None if it goes on."""
    if any(callback(epoch, model, history) is True for callback in callbacks):
        return f"stopped by a callback after epoch {epoch}"
    if patience is not None and history.best is not None and epoch - history.best >= patience:
        return f"stopped after epoch {epoch}: the validation loss was smallest in epoch {history.best}"
    return None


class _Best:
    """The weights of the best epoch, and what the optimizer remembered then."""

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        self.keep()

    def keep(self) -> None:
        self.weights, self.memories = self.run.weights, self.run.optimizer._memories

    def restore(self) -> None:
        self.run.restore(self.weights)
        self.run.optimizer._memories = self.memories


def _note(history: History, run: TrainingRun, seen: Sequence[Seen], checked: Seen | None) -> None:
    """One more epoch in the history."""
    judged = run.accuracy is not None
    history.add(
        loss=_mean([(before.loss, before.rows) for before in seen]),
        accuracy=_mean([(before.accuracy, before.rows) for before in seen]) if judged else None,
        learning_rate=run.optimizer.lr,
        gradient_norms=run.norms(),
        validation_loss=None if checked is None else checked.loss,
        validation_accuracy=checked.accuracy if judged and checked is not None else None,
    )


def _refuse_single(run: TrainingRun, rows: int, size: int) -> None:
    """Raise if a batch of one row were to be normalised."""
    if run.state.norms and 1 in (size, rows % size):
        raise ValueError(
            f"batches of {size} of {rows} rows leave one of a single row, which has no variance: batch statistics need at "
            "least 2 rows; choose another batch_size"
        )


def _rates(schedule: Schedule | None, epoch: int, updates: int) -> Callable[[int], float | None]:
    """The rate for each update of an epoch; None leaves the optimizer's own."""

    def rate(number: int) -> float | None:
        if schedule is None or (number and not isinstance(schedule, ByUpdate)):
            return None
        time = epoch * updates + number if isinstance(schedule, ByUpdate) else epoch
        found = schedule(time)
        if not isinstance(found, (int, float)) or not 0.0 <= found < math.inf:
            raise ValueError(f"schedule({time}) gave {found!r}: a learning rate must be a finite number, 0 or more")
        return found

    return rate


def _is_part(held: Sequence[Value], parameters: Sequence[Value]) -> bool:
    """Whether an optimizer was given parameters of this model already, all of them or those to be trained."""
    return bool(held) and {id(parameter) for parameter in held} <= {id(parameter) for parameter in parameters}


def _mean(seen: Sequence[tuple[float, int]]) -> float:
    """The mean over the rows of an epoch, from (mean, rows) of each batch; of a single batch its own, to the last bit."""
    if len(seen) == 1:
        return seen[0][0]
    return math.fsum(mean * rows for mean, rows in seen) / sum(rows for _, rows in seen)


def _check(
    optimizer: Any, schedule: Any, callbacks: Any, clip: Any, validated: bool, patience: int | None, keep_best: bool
) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer={optimizer!r} is not an optimizer: write for example nn.SGD(lr=0.1) or nn.Adam(lr=0.001)")
    if clip is not None:
        positive_number("clip", clip, "the longest gradient allowed (None for any)")
    if schedule is not None and not callable(schedule):
        raise TypeError(f"schedule={schedule!r} is not a function of the epoch: write nn.schedules.constant(0.1)")
    if not isinstance(callbacks, (list, tuple)) or not all(map(callable, callbacks)):
        raise TypeError(f"callbacks={callbacks!r} is not a list of functions: write callbacks=[function]")
    if not validated and (patience is not None or keep_best):
        name = "patience" if patience is not None else "keep_best"
        raise ValueError(f"{name} watches a loss on samples that are not trained on: write validation=(X, y), or validation=0.2")


def _known_loss(loss: str | Loss) -> Loss:
    if isinstance(loss, str):
        return known("loss", loss, LOSSES, "a function of outputs and targets")
    if not callable(loss):
        raise TypeError(f"loss={loss!r} is neither a name nor a function: write one of {', '.join(LOSSES)}, or a function")
    return loss
