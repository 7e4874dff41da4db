"""`play`: one page on one's own model and data, with the runs of training that it shows."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np

from ...containers import parameters
from ...engine import Value
from ...parts import walk
from ...view.html_page import HtmlPage, document
from ...view.stepping.page.recomputed import CannotRecompute, recomputed
from ...view.theme import SERIES, page_colours, theme_named
from ...view.trace import Trace
from ...view.wording import Pass
from ...view.words.names import name_nodes
from ..losses import LOSSES, Loss, binary_cross_entropy, cross_entropy, hinge, plain_numbers
from ..optimizer import Optimizer
from ..samples import Samples
from ..settings import count
from ..units import layer_of, watched_units
from .recorded_runs import RecordedRun, named_loss, recorded_runs

_LIMIT = 3 * 2**20
_SHOWN = 400
"""Samples that the page computes with: of more, every second, third, ... is taken."""


class Playground(HtmlPage):
    """The page: `save` writes it, a notebook shows it."""

    HEIGHT = 760
    FILE = "play.html"


def play(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: str | Loss | None = None,
    optimizer: Optimizer | None = None,
    epochs: int = 100,
    against: Any = None,
    plane: tuple[int, int] = (0, 1),
    title: str = "",
    theme: str = "auto",
) -> Playground:
    """A page on which the training of `model` on these data is watched, asked about, and gone on with.

    >>> from microgradx import nn
    >>> page = nn.play(nn.MLP(2, [4, 1], activation="tanh", rng=0), *nn.data.moons(60), epochs=40, against=nn.SGD(lr=1.0))
    >>> page
    <page of ... KiB, shown in a notebook; .save('play.html') writes it to a file>

    Copies are trained, by full batches; the model stays as it is. Without `loss` it is the usual one for such targets, without
    `optimizer` Adam with a rate of 0.05. `against` is a second run beside the first: another optimizer from the same start,
    another model of the same shape, or both as a pair. Of more than two inputs `plane` says which two are drawn; the others are
    held at their means. The page computes with the model's own operations, written as JavaScript, and asks no network for
    anything. `theme` is one of `draw`'s: auto is that of the reader's system.
    """
    theme_named(theme)  # before anything is trained
    samples = Samples(X, y)
    if samples.x.shape[1] < 2 or len(set(plane)) != 2 or not all(0 <= k < samples.x.shape[1] for k in plane):
        wide = samples.x.shape[1]
        raise ValueError(f"plane={plane!r} of rows of {wide} inputs: a page draws over two of them, such as (0, 1)")
    measure = named_loss(loss, model, samples)
    runs = recorded_runs(model, samples, measure, optimizer, count("epochs", epochs, "training needs at least 1"), against)
    heading = title or f"{type(model).__name__} on {len(samples)} samples"
    html = _page(model, samples, measure, runs, plane, heading, theme)
    if len(html.encode()) > _LIMIT:
        raise ValueError(f"the page would have {len(html) / 2**20:.1f} MiB, more than 3: take a smaller model or fewer epochs")
    return Playground(html)


def _page(
    model: Any, samples: Samples, measure: Loss, runs: list[RecordedRun], plane: tuple[int, int], title: str, theme: str
) -> str:
    """The text of the page."""
    graph, script, places = _graph(model, samples, measure)
    step = -(-len(samples) // _SHOWN)
    x, t = samples.x[::step], samples.t[::step]
    answer = np.atleast_1d(plain_numbers(model(samples.rows[0])))
    data = places | {
        "runs": [_shortened(run) for run in runs],
        "x": _short(x), "t": _short(t), "plane": list(plane), "means": _short(samples.x.mean(axis=0)),
        "kind": _kind(measure, answer.size, t), "series": list(SERIES), "loss": getattr(measure, "__name__", "loss"),
    }  # fmt: skip
    style, code = page_colours(theme) + _file("playground.css"), '"use strict";\n' + script
    engine = (files("microgradx.view.stepping.page") / "graph.js").read_text(encoding="utf-8")
    code += engine + "".join(map(_file, ("canvas.js", "playground.js")))
    parts = {
        "title": escape(title),
        "graph": graph, "data": json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
        "last": str(len(runs[0].epochs) - 1), "samples": str(len(x) - 1),
    }  # fmt: skip
    return document(title, Template(_file("playground.html")).substitute(parts), style, code)


def _graph(model: Any, samples: Samples, measure: Loss) -> tuple[str, str, dict[str, Any]]:
    """The model and its loss on one row as data and script, and where in it parameters, inputs, targets and neurons are."""
    row = [Value(number, f"x{k + 1}") for k, number in enumerate(samples.x[0].tolist())]
    targets = [Value(number, "target" if len(samples.t[0]) == 1 else f"t{k}") for k, number in enumerate(samples.t[0].tolist())]
    with watched_units() as seen:
        answer = model(row)
    outputs = answer if isinstance(answer, list) else [answer]
    one = not hasattr(samples.targets[0], "__len__")
    total = measure([answer], [targets[0] if one else targets])
    if not isinstance(total, Value):
        raise TypeError(f"the loss gave {total!r}, not one number made from the outputs")
    trace = Trace(total)
    names = name_nodes(trace.order, {}, None).shown
    try:
        found = recomputed(Pass(trace, names, [], {}))
    except CannotRecompute as error:
        raise ValueError(f"a page cannot compute this model: {error}") from error
    place = {node: k for k, node in enumerate(trace.order)}
    held = dict(parameters(model))
    index: dict[Value, int] = {}
    for parameter in held.values():
        index.setdefault(parameter, len(index))
    labels: dict[int, str] = {}
    parts = walk(model).parameters
    for parameter, part in parts.items():
        labels.setdefault(index[parameter], part.short)
    owner = {parameter: layer_of(part) for parameter, part in parts.items()}
    neurons = [
        {
            "node": place[out],
            "layer": owner[neuron.w[0]],
            "weights": [index[w] for w in neuron.w],
            "bias": None if neuron.b is None else index[neuron.b],
        }
        for neuron, _, out in seen
        if out in place
    ]
    return found.data, found.script, {
        "leaves": [place.get(parameter, -1) for parameter in index],
        "names": [labels[k] for k in range(len(labels))],
        "inputs": [place.get(leaf, -1) for leaf in row],
        "targets": [place.get(leaf, -1) for leaf in targets],
        "outputs": [place[out] for out in outputs],
        "neurons": neurons,
    }  # fmt: skip


def _kind(measure: Loss, width: int, targets: Any) -> str:
    """How outputs are shown: two classes by a score of one, several classes, or a number."""
    if measure is cross_entropy or (measure not in LOSSES.values() and width > 1):
        return "classes"
    labels = set(np.unique(targets).tolist())
    two = measure in (binary_cross_entropy, hinge) or (measure not in LOSSES.values() and labels <= {-1.0, 0.0, 1.0})
    return "two" if two and width == 1 else "number"


def _shortened(run: RecordedRun) -> dict[str, Any]:
    """A run as the page holds it: six digits of each number, and at most 300 losses."""
    step = -(-len(run.losses) // 300)
    return {
        "name": run.name, "rate": run.rate, "epochs": run.epochs, "weights": [_short(weights) for weights in run.weights],
        "losses": _short(np.array(run.losses[::step])), "every": step,
    }  # fmt: skip


def _short(numbers: Any) -> Any:
    """Six digits of each number, as a list; what is not finite is null."""
    if np.ndim(numbers):
        return [_short(part) for part in numbers]
    return float(f"{numbers:.6g}") if np.isfinite(numbers) else None


def _file(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
