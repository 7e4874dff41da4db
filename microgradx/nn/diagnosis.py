"""What is wrong with a run of training, in words: what the first loss says, which units and layers do not learn, and why."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..places import Place
from .history import History
from .losses import Loss, binary_cross_entropy, cross_entropy, half_squared_error, mse
from .samples import Array, Samples
from .units import LayerUnits, units

if TYPE_CHECKING:
    from .training_run import TrainingRun

ROWS = 64
"""Rows on which units are looked at."""

OFF, SATURATED, FLAT = 0.25, 0.5, 0.05
"""Told: a share of units that never fire; a share of slopes that are below this part of the steepest."""

_FAST, USUAL = 0.1, "about 0.1 % is usual"
"""Told: a layer that moves by more than this part of its size in an update."""


def at_first(run: TrainingRun, answer: Any) -> list[str]:
    """What the first update shows."""
    assert run.last is not None
    return [*_first_loss(run.last.loss, run.measure, answer, run.samples), *_equal_neurons(run)]


def at_last(run: TrainingRun, history: History, budget: int) -> list[str]:
    """What the end shows; units are looked at on no more rows than `budget`."""
    notes = [*_course(history), *_without_gradient(history), *_moves(run, history), *_gap(history)]
    rows = run.samples.rows[:: max(1, len(run.samples) // ROWS)][: min(ROWS, budget)]
    return notes + _asleep(units(run.model, rows), len(rows), len(run.samples)) if len(rows) > 1 else notes


def _first_loss(loss: float, measure: Loss, answer: Any, samples: Samples) -> list[str]:
    """The loss before any training against that of a guess."""
    if measure is cross_entropy:
        guess, said = math.log(len(answer)), f"guessing evenly among {len(answer)} classes gives ln({len(answer)})"
    elif measure is binary_cross_entropy:
        guess, said = math.log(2.0), "guessing one half gives ln(2)"
    elif measure in (mse, half_squared_error):
        squares = np.square(samples.t - samples.t.mean(axis=0))
        guess = float(squares.mean() if measure is mse else squares.sum() / 2.0)
        said = "always answering the mean of y gives"
    else:
        return []
    if not loss > 2.0 * guess + 0.1:
        return []
    of = " =" if measure in (cross_entropy, binary_cross_entropy) else ""
    return [
        f"the first loss is {loss:.3g}, and {said}{of} {guess:.3g}: the answers start too large; scale the inputs to about 1, or "
        "choose starting weights that shrink with the width, such as init='he' (relu) or init='xavier' (tanh, sigmoid)"
    ]


def _equal_neurons(run: TrainingRun) -> list[str]:
    """Neurons of a layer with the same weights, which get the same gradient for ever."""
    assert run.last is not None
    equal: list[str] = []
    for name, places in run.layers.items():
        rows = _by_neuron(run, places)
        if rows is not None and len(rows) > 1:
            both = np.hstack([run.before[rows], run.last.slopes[rows]])
            if len(np.unique(both, axis=0)) == 1:
                equal.append(f"all {len(rows)} neurons of {name}")
    return [
        f"{note} have equal weights and get the same gradient, so they stay one neuron: start them apart, as with init='he'"
        for note in _joined(equal)
    ]


def _joined(names: Sequence[str]) -> list[str]:
    """Several names as one, none as none."""
    return [f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]] if names else []


def _by_neuron(run: TrainingRun, places: Sequence[int]) -> Any:
    """The places of a layer's parameters as rows, one for each neuron; None for what has no neurons."""
    rows: dict[Place, list[int]] = {}
    for place in places:
        if place not in run.places or not run.places[place].module.is_unit:
            return None
        rows.setdefault(run.places[place].module, []).append(place)
    return np.array(list(rows.values())) if len({len(row) for row in rows.values()}) == 1 else None


def _course(history: History) -> list[str]:
    """Where the loss went."""
    losses = history.loss
    if len(losses) < 10:
        return []
    rises = sum(b > a * (1.0 + 1e-9) for a, b in itertools.pairwise(losses))
    if losses[-1] >= losses[0] * 0.999 and losses[0] > 1e-9:
        return [f"the loss has not fallen: {losses[0]:.4g} at first, {losses[-1]:.4g} after {len(losses)} epochs"]
    if rises > 0.4 * len(losses):
        return [f"the loss rose in {rises} of {len(losses) - 1} epochs: the learning rate may be too large"]
    return []


def _without_gradient(history: History) -> list[str]:
    """Layers that nothing reaches."""
    by_time: dict[str, list[str]] = {}
    for layer, norms in history.gradient_norms.items():
        since = max((k for k, norm in enumerate(norms, 1) if norm != 0.0), default=0)
        if norms and since < len(norms):
            by_time.setdefault("in any epoch" if since == 0 else f"since epoch {since}", []).append(layer)
    return [
        f"{names} got no gradient {time}: layers(loss) shows where it stops, why(loss, parameter) the cause"
        for time, layers in by_time.items()
        for names in _joined(layers)
    ]


def _moves(run: TrainingRun, history: History) -> list[str]:
    """Layers whose last update was large for their size."""
    notes = []
    for name, places in run.layers.items():
        size = float(np.linalg.norm(run.before[places]))
        moved = float(np.linalg.norm(run.weights[places] - run.before[places]))
        if size and moved > _FAST * size and history.loss[-1] > 1e-6:
            notes.append(
                f"{name} moved by {100.0 * moved / size:.0f} % of its size in the last update ({USUAL}): lower the learning rate"
            )
    return notes


def _gap(history: History) -> list[str]:
    """Validation against training."""
    best = history.best
    if best is None or len(history.validation_loss) < 5:
        return []
    smallest, last = min(history.validation_loss), history.validation_loss[-1]
    if last > 1.2 * smallest and history.loss[-1] < history.loss[best]:
        return [
            f"the validation loss was smallest in epoch {best} ({smallest:.4g}) and is {last:.4g} now, while the loss went on "
            "falling: the model learns its samples by heart; use patience= and keep_best=True, or train on more of them"
        ]
    if last > 3.0 * history.loss[-1] and last > 0.1 * history.loss[0]:
        return [f"the validation loss is {last:.4g}, the loss {history.loss[-1]:.4g}: train on more samples, or a smaller model"]
    return []


def _asleep(layers: dict[str, LayerUnits], rows: int, known: int) -> list[str]:
    """Units that never fire, or sit where their activation is flat."""
    off, flat = [], []
    for name, layer in layers.items():
        slopes: Array = np.abs(layer.slopes)
        count, steepest = slopes.shape[1], layer.steepest
        never = int((slopes == 0.0).all(axis=0).sum())
        asleep = float((slopes < FLAT * steepest).mean()) if steepest else 0.0
        if never >= max(1.0, OFF * count):
            off.append(f"{never} of {count} units of {name}")
        elif asleep > SATURATED:
            flat.append(f"{name} ({100.0 * asleep:.0f} %)")
    looked = f"{rows} rows" if rows == known else f"the {rows} rows that were looked at, of {known}"
    return [
        f"{names} never fire on {looked}, so they do not learn: a smaller learning rate, other starting weights or "
        "activation='leaky_relu'"
        for names in _joined(off)
    ] + [
        f"the units of {names} are saturated, which means that the slope is below a twentieth of the steepest: smaller starting "
        "weights, or a smaller learning rate"
        for names in _joined(flat)
    ]
