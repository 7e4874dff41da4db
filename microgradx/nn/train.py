"""Training: `fit` runs a model over its data, measures, differentiates and updates, and says what happened."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..chain import topological_order
from ..engine import Value
from .clipping import clip_gradients, gradient_norm
from .history import History
from .losses import CLASSIFYING, LOSSES, Loss, cross_entropy, plain_numbers
from .optimizer import Optimizer
from .right_answers import accuracy as share_of_right_answers
from .schedules import Schedule

if TYPE_CHECKING:
    from .compiled_batch import Replay

Callback = Callable[[int, "Model", History], object]
Batch = tuple[list[Any], list[Any]]

WORTH_RECORDING = 10  # epochs; recording a batch and regrouping it takes as long as a few ordinary updates


class Model(Protocol):
    """What can be trained: an `MLP`, or a `Module` of your own that can be called on one row of inputs."""

    def __call__(self, x: list[float]) -> Any:
        """The output for one row."""

    def named_parameters(self) -> Iterable[tuple[str, Value]]:
        """Every parameter with its place in the model."""

    def parameters(self) -> list[Value]:
        """Every parameter."""


def fit(
    model: Model,
    X: Any,
    y: Any,
    *,
    loss: str | Loss,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,
    schedule: Schedule | None = None,
    callbacks: Sequence[Callback] = (),
    accuracy: Callable[[Any, Any], float] | None = None,
    clip: float | None = None,
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
    is the longest gradient allowed. An optimizer made with some of the parameters moves only those.

    `accuracy(outputs, targets)`, of plain numbers, is measured for the classifying losses, or by the function given. A
    callback is called as `callback(epoch, model, history)` after each epoch and ends the training by returning True; Ctrl-C
    ends it too, and the history so far comes back. `progress=None` shows a bar on a terminal and in a notebook, if tqdm is
    installed.

    Updates by all rows are recorded once and replayed as a few array instructions; losses then agree to 1e-14 or so with
    those of `replay=False`, which computes node by node and is needed where a model or a loss has numbers of its own that
    vary from call to call, such as noise. Where a slope is 0 but for rounding, optimizers that divide by its size, such as
    Adagrad and Adam, enlarge that rounding: losses then agree to 1e-8 or so. `history.eager` says why if something cannot be
    recorded.

    FloatingPointError: a loss or a slope is not finite; the model holds the weights from before that update.
    """
    rows, targets = _checked_data(X, y)
    _check_settings(optimizer, epochs, batch_size, schedule, callbacks, clip)
    measure = _known_loss(loss)
    if accuracy is None and measure in CLASSIFYING:
        accuracy = share_of_right_answers
    if not _is_part(optimizer.parameters, model.parameters()):
        optimizer.bind(model.parameters())
    run = _Run(model, measure, accuracy, optimizer, clip)
    history = History()
    batches = _batches(rows, targets, batch_size, seed)
    bar = _bar(epochs, progress)
    epoch = 0
    try:
        if replay and batch_size is None and epochs >= WORTH_RECORDING:
            history.eager = run.record((rows, targets))
        for epoch in range(epochs):
            if schedule is not None:
                optimizer.lr = _rate(schedule, epoch)
            seen = [run.update(batch, epoch, number) for number, batch in enumerate(next(batches))]
            history.add(
                loss=_mean([(before.loss, before.rows) for before in seen]),
                accuracy=None if accuracy is None else _mean([(before.accuracy, before.rows) for before in seen]),
                learning_rate=optimizer.lr,
                gradient_norms=seen[-1].gradient_norms,
            )
            bar(history)
            if any(callback(epoch, model, history) is True for callback in callbacks):
                history.stopped = f"stopped by a callback after epoch {epoch}"
                break
    except KeyboardInterrupt:
        history.stopped = f"interrupted in epoch {epoch}"
    finally:
        bar(None)
    return history


@dataclass
class _Before:
    """What was measured on one batch before its update."""

    loss: float
    accuracy: float
    gradient_norms: dict[str, float]
    rows: int


class _Run:
    """A model with all that trains it."""

    def __init__(
        self,
        model: Model,
        measure: Loss,
        accuracy: Callable[[Any, Any], float] | None,
        optimizer: Optimizer,
        clip: float | None,
    ) -> None:
        self.model, self.measure, self.accuracy, self.optimizer, self.clip = model, measure, accuracy, optimizer, clip
        self.parameters = dict(model.named_parameters())
        self.layers: dict[str, list[Value]] = {}
        for name, parameter in self.parameters.items():
            self.layers.setdefault(name.split(".")[0], []).append(parameter)
        self.replay: Replay | None = None

    def record(self, batch: Batch) -> str | None:
        """Replay this batch, the only one, from now on; if that cannot be, say why not."""
        rows, targets = batch

        try:
            from .compiled_batch import Replay

            self.replay = Replay(lambda: self.loss_and_outputs(rows, targets), list(self.parameters.values()))
        except Exception as error:  # whatever a model or a loss of your own does: run it as it is
            return f"{type(error).__name__}: {error}"
        return None

    def update(self, batch: Batch, epoch: int, number: int) -> _Before:
        """Measure the batch, differentiate, and move the parameters once, unless something is not finite."""
        rows, targets = batch
        for parameter in self.parameters.values():
            parameter.grad = 0.0
        loss, outputs = (self.replay and self.replay.differentiate()) or self.differentiate(
            rows, targets, f"epoch {epoch}, batch {number}" if number else f"epoch {epoch}"
        )
        right = math.nan if self.accuracy is None else self.accuracy(outputs, targets)
        norms = {layer: gradient_norm(parameters) for layer, parameters in self.layers.items()}
        if self.clip is not None:
            clip_gradients(self.optimizer.parameters, self.clip)
        self.optimizer.step()
        return _Before(loss, right, norms, len(rows))

    def loss_and_outputs(self, rows: list[Any], targets: list[Any]) -> tuple[Any, list[Any]]:
        """What the model answers to each row, and how wrong it is."""
        outputs = [self.model(row) for row in rows]
        if self.measure is cross_entropy and not hasattr(outputs[0], "__len__"):  # it would take the batch for one row
            raise ValueError(
                "cross_entropy needs an output for each class, the model gives one number: write MLP(..., [..., classes]), "
                "or loss='binary_cross_entropy' for two classes"
            )
        return self.measure(outputs, targets), outputs

    def differentiate(self, rows: list[Any], targets: list[Any], when: str) -> tuple[float, list[Any]]:
        """The loss and the outputs as plain numbers, with each slope in the `.grad` of its parameter."""
        total, outputs = self.loss_and_outputs(rows, targets)
        if not isinstance(total, Value):
            raise TypeError(f"the loss gave {total!r}: it must give one Value made from the outputs of the model")
        if not math.isfinite(total.data):
            bad = _first_not_finite(total)
            raise FloatingPointError(f"the loss of {when} is {total.data!r}: {bad}; {self._advice()}")
        total.backward()
        for name, parameter in self.parameters.items():
            if parameter.grad is not None and not math.isfinite(parameter.grad):
                raise FloatingPointError(
                    f"the loss of {when} is {total.data!r}, but its slope at {name} is {parameter.grad!r}; "
                    + self._advice()
                )
        return total.data, [plain_numbers(output) for output in outputs]

    def _advice(self) -> str:
        rate = self.optimizer.lr
        return f"lower the learning rate (now {rate:g}), clip the gradient (clip=1.0), or start from smaller weights"


def _is_part(held: Sequence[Value], parameters: Sequence[Value]) -> bool:
    """Whether an optimizer was given parameters of this model already, all of them or those to be trained."""
    return bool(held) and {id(parameter) for parameter in held} <= {id(parameter) for parameter in parameters}


def _first_not_finite(total: Value) -> str:
    """What in the graph stopped being finite first, with the numbers it was made from."""
    for node in topological_order(total):
        if not math.isfinite(node.data):
            if node.op is None:
                return f"{node.label or 'a leaf'} is {node.data!r} itself"
            numbers = ", ".join(
                f"{parent.data if isinstance(parent, Value) else parent:.6g}" for parent in node.parents[:4]
            )
            more = ", ..." if len(node.parents) > 4 else ""
            name = f"{node.label} = " if node.label else ""
            return f"the first bad value is {name}{node.op.name}({numbers}{more}) = {node.data!r}"
    return "every value below it is finite"


def _mean(seen: Sequence[tuple[float, int]]) -> float:
    """The mean over the rows of an epoch, from (mean, rows) of each batch; of a single batch its own, to the last bit."""
    if len(seen) == 1:
        return seen[0][0]
    return math.fsum(mean * rows for mean, rows in seen) / sum(rows for _, rows in seen)


def _batches(rows: list[Any], targets: list[Any], batch_size: int | None, seed: int) -> Iterator[Iterable[Batch]]:
    """Epoch after epoch, the batches of it."""
    if batch_size is None:
        while True:
            yield [(rows, targets)]
    import numpy as np

    from .data import minibatches

    stream = np.random.RandomState(seed)
    places = np.arange(len(rows))
    while True:
        chosen = [batch.tolist() for batch, _ in minibatches(places, places, batch_size, stream)]
        yield [([rows[place] for place in batch], [targets[place] for place in batch]) for batch in chosen]


def _checked_data(X: Any, y: Any) -> Batch:
    """X as rows of floats and y as a list, both finite and equally long."""
    for name, data in (("X", X), ("y", y)):
        if not isinstance(data, Iterable) or getattr(data, "shape", None) == ():
            raise TypeError(f"{name}={data!r} is no list and no array: each row of X needs one entry of y")
    rows = [list(row) if hasattr(row, "__len__") else [row] for row in (X.tolist() if hasattr(X, "tolist") else X)]
    targets = list(y.tolist() if hasattr(y, "tolist") else y)
    if not rows or len(rows) != len(targets):
        raise ValueError(
            f"X has {len(rows)} rows and y {len(targets)} targets: each row needs one target, and at least 1 row"
        )
    for place, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(f"X[{place}] has {len(row)} numbers, X[0] has {len(rows[0])}: every row needs as many")
    for name, items in (("X", rows), ("y", targets)):
        for place, item in enumerate(items):
            for number in item if hasattr(item, "__len__") else [item]:
                if not _is_finite(number):
                    raise ValueError(
                        f"{name}[{place}] holds {number!r}: every number must be finite; leave that sample out or fill it in"
                    )
    return [[float(number) for number in row] for row in rows], targets


def _check_settings(
    optimizer: Any, epochs: Any, batch_size: Any, schedule: Any, callbacks: Any, clip: Any
) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"optimizer={optimizer!r} is no optimizer: write for example nn.SGD(lr=0.1) or nn.Adam(lr=0.001)"
        )
    for name, count in (("epochs", epochs), ("batch_size", batch_size)):
        if not hasattr(count, "__index__") and (name, count) != ("batch_size", None):
            raise TypeError(f"{name}={count!r} is no whole number")
    if epochs < 1:
        raise ValueError(f"epochs={epochs!r}: training needs at least 1")
    if clip is not None and not (_is_finite(clip) and clip > 0.0):
        raise ValueError(f"clip={clip!r}: the longest gradient allowed must be a finite number above 0, or None")
    if schedule is not None and not callable(schedule):
        raise TypeError(f"schedule={schedule!r} is no function of the epoch: write nn.schedules.constant(0.1)")
    if not isinstance(callbacks, (list, tuple)) or not all(map(callable, callbacks)):
        raise TypeError(f"callbacks={callbacks!r} is no list of functions: write callbacks=[function]")
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"batch_size={batch_size!r}: a batch needs at least 1 row; None takes all rows at once")


def _is_finite(number: Any) -> bool:
    try:
        return math.isfinite(number)
    except (TypeError, OverflowError):  # no number, or a whole one beyond every float
        return False


def _rate(schedule: Schedule, epoch: int) -> float:
    rate = schedule(epoch)
    if not _is_finite(rate) or rate < 0.0:
        raise ValueError(f"schedule({epoch}) gave {rate!r}: a learning rate must be a finite number, 0 or more")
    return rate


def _known_loss(loss: str | Loss) -> Loss:
    known = ", ".join(LOSSES)
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise ValueError(f"loss={loss!r} is not known: write one of {known}, or a function of outputs and targets")
        return LOSSES[loss]
    if not callable(loss):
        raise TypeError(f"loss={loss!r} is neither a name nor a function: write one of {known}, or a function")
    return loss


def _bar(epochs: int, progress: bool | None) -> Callable[[History | None], None]:
    """A function that shows one more epoch, or closes the bar when handed None."""
    if progress is False or (progress is None and not (sys.stderr.isatty() or "ipykernel" in sys.modules)):
        return lambda history: None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        if progress:
            raise ImportError("progress=True needs tqdm: pip install 'microgradx[progress]'") from None
        return lambda history: None
    bar = tqdm(total=epochs, unit="epoch")

    def show(history: History | None) -> None:
        if history is None:
            bar.close()
        else:
            bar.set_postfix_str(f"loss {history.loss[-1]:.6g}", refresh=False)
            bar.update()

    return show
