"""Training on as many rows as the digits data set has, 64-32-10: seconds to the first epoch, for each further one, and memory.

Run as a script: `python tests/benchmarks/training.py`. Beside microgradx stand the same network, loss (softmax cross-entropy) and
optimizer (Adam) written by hand in numpy, and torch and scikit-learn where they are installed. Each row is measured in a process
of its own on one thread; seconds of an epoch are medians, memory is what the process grew by after the imports.
"""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np

from microgradx import nn
from microgradx.tables import table

ROWS, INPUTS, HIDDEN, CLASSES, RATE = 1797, 64, 32, 10, 0.01
HEAD = ("job", "first epoch s", "epoch ms", "MB", "final loss", "vs numpy")
Epochs = Iterator[float]


def data() -> tuple[np.ndarray, np.ndarray]:
    """Rows like the digits: ten classes, each a pattern of 64 grey values with noise."""
    stream = np.random.RandomState(0)
    y = stream.randint(0, CLASSES, ROWS)
    patterns = stream.rand(CLASSES, INPUTS) > 0.6
    return np.clip(patterns[y] + stream.normal(0, 0.6, (ROWS, INPUTS)), 0, 1), y


def plain() -> nn.MLP:
    """The network of the table."""
    return nn.MLP(INPUTS, [HIDDEN, CLASSES], rng=0, init="he")


def normalised() -> nn.Sequential:
    """The same network with batch statistics and dropout in between."""
    first, last = (nn.Layer(*size, "linear", rng=0, init="he") for size in ((INPUTS, HIDDEN), (HIDDEN, CLASSES)))
    return nn.Sequential(first, nn.BatchNorm(HIDDEN), "relu", nn.Dropout(0.1), last)


def by_fit(
    epochs: int, batch: int | None, loss: object = "cross_entropy", make: Callable[[], nn.Module] = plain, **options: object
) -> Epochs:
    """`nn.fit`; yields the time at the end of each epoch."""
    X, y = data()
    model, ends = make(), []
    history = nn.fit(
        model, X, y, loss=loss, optimizer=nn.Adam(lr=RATE), epochs=epochs, batch_size=batch,
        callbacks=[lambda *_: ends.append(time.perf_counter())], **options,
    )  # fmt: skip
    yield from ends
    yield history.loss[-1]


def by_hand(epochs: int, batch: int | None) -> Epochs:
    """The same in numpy, forward, backward and Adam written out."""
    X, y = data()
    stream = np.random.RandomState(0)
    weights = [stream.randn(INPUTS, HIDDEN) * (2 / INPUTS) ** 0.5, np.zeros(HIDDEN)]
    weights += [stream.randn(HIDDEN, CLASSES) * (2 / HIDDEN) ** 0.5, np.zeros(CLASSES)]
    means, squares = ([np.zeros_like(w) for w in weights] for _ in range(2))
    updates = 0
    for _ in range(epochs):
        losses = []
        order = np.arange(ROWS) if batch is None else stream.permutation(ROWS)
        for start in range(0, ROWS, batch or ROWS):
            rows = order[start : start + (batch or ROWS)]
            x, t = X[rows], y[rows]
            hidden = np.maximum(x @ weights[0] + weights[1], 0.0)
            z = hidden @ weights[2] + weights[3]
            e = np.exp(z - z.max(axis=1, keepdims=True))
            share = e / e.sum(axis=1, keepdims=True)
            losses.append(-np.log(share[np.arange(len(t)), t]).sum())
            share[np.arange(len(t)), t] -= 1.0
            share /= len(t)
            back = share @ weights[2].T * (hidden > 0.0)
            slopes = [x.T @ back, back.sum(axis=0), hidden.T @ share, share.sum(axis=0)]
            updates += 1
            for w, g, m, s in zip(weights, slopes, means, squares, strict=True):
                m += 0.1 * (g - m)
                s += 0.001 * (g * g - s)
                w -= RATE * m / (1 - 0.9**updates) / (np.sqrt(s / (1 - 0.999**updates)) + 1e-8)
        yield time.perf_counter()
    yield sum(losses) / ROWS


def by_torch(epochs: int, batch: int | None) -> Epochs:
    """The same in torch, float64."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    X, y = (torch.tensor(part) for part in data())
    model = torch.nn.Sequential(torch.nn.Linear(INPUTS, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES)).double()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    for _ in range(epochs):
        order = torch.arange(ROWS) if batch is None else torch.randperm(ROWS)
        for rows in order.split(batch or ROWS):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
        yield time.perf_counter()
    yield loss.item()


def by_sklearn(epochs: int, batch: int | None) -> Epochs:
    """The same in scikit-learn."""
    from sklearn.neural_network import MLPClassifier

    X, y = data()
    model = MLPClassifier([HIDDEN], batch_size=batch or ROWS, learning_rate_init=RATE, random_state=0)
    for _ in range(epochs):
        model.partial_fit(X, y, classes=np.arange(CLASSES))
        yield time.perf_counter()
    yield model.loss_


def own_loss(outputs: object, targets: object) -> object:
    """A loss of the user's own."""
    return nn.cross_entropy(outputs, targets) * 1.0


JOBS: dict[str, tuple[Callable[..., Epochs], int, int | None, dict[str, object]]] = {
    "numpy by hand, full batch": (by_hand, 100, None, {}),
    "microgradx, full batch": (by_fit, 100, None, {}),
    "microgradx, full batch, validation": (by_fit, 100, None, {"validation": 0.2, "keep_best": True}),
    "microgradx, full batch, own loss": (by_fit, 20, None, {"loss": own_loss}),
    "torch, full batch": (by_torch, 100, None, {}),
    "scikit-learn, full batch": (by_sklearn, 100, None, {}),
    "numpy by hand, batches of 32": (by_hand, 8, 32, {}),
    "microgradx, batches of 32": (by_fit, 8, 32, {}),
    "microgradx, batches of 32, validation": (by_fit, 8, 32, {"validation": 0.2}),
    "microgradx, batches of 32, batch norm and dropout": (by_fit, 8, 32, {"make": normalised}),
    "torch, batches of 32": (by_torch, 8, 32, {}),
    "scikit-learn, batches of 32": (by_sklearn, 8, 32, {}),
}


def memory() -> float:
    """The most memory this process has used, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def measured(name: str) -> tuple[float, float, float, float]:
    """(seconds to the end of the first epoch, seconds of a further one, MB, final loss) of one job."""
    make, epochs, batch, options = JOBS[name]
    before = memory()
    list(make(1, batch, **options))  # imports and caches; what is recorded is recorded anew
    start = time.perf_counter()
    *ends, loss = make(epochs, batch, **options)
    times = [b - a for a, b in itertools.pairwise(ends)]
    return ends[0] - start, statistics.median(times), memory() - before, loss


def predicted(name: str) -> tuple[float, float]:
    """Seconds to answer all rows, by `predict` and by calling the model on each."""
    X, _ = data()
    model = plain()
    start = time.perf_counter()
    model.predict(X)
    middle = time.perf_counter()
    for row in X:
        model(row)
    return middle - start, time.perf_counter() - middle


def drawn() -> float:
    """Seconds to draw the boundary of a network at 300 x 300 points."""
    if find_spec("matplotlib") is None:
        return math.nan
    X, y = nn.data.moons(200, noise=0.1)
    model = nn.MLP(2, [16, 16, 1], rng=0)
    nn.plots.decision_boundary(model, X, y, points=20)  # imports
    start = time.perf_counter()
    nn.plots.decision_boundary(model, X, y, points=300)
    return time.perf_counter() - start


def main() -> None:
    """Measure every job in a process of its own and print the table."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    rows, hand = [HEAD], math.nan
    context = multiprocessing.get_context("spawn")
    for name, (make, *_) in JOBS.items():
        library = {by_torch: "torch", by_sklearn: "sklearn"}.get(make)
        if library and find_spec(library) is None:
            continue
        with context.Pool(1) as pool:
            first, each, mb, loss = pool.apply(measured, (name,))
        hand = each if make is by_hand else hand
        rows.append((name, f"{first:.3f}", f"{1e3 * each:.2f}", f"{mb:.0f}", f"{loss:.4f}", f"{each / hand:.1f}x"))
    print("\n".join(table(rows, "<>>>>>", width=None, gap="  ")))
    with context.Pool(1) as pool:
        fast, slow = pool.apply(predicted, ("predict",))
        boundary = pool.apply(drawn)
    print(f"{ROWS} rows answered: predict {1e3 * fast:.0f} ms with its recording, row by row {1e3 * slow:.0f} ms")
    print(f"a decision boundary at 300 x 300 points: {boundary:.2f} s")


if __name__ == "__main__":
    main()
