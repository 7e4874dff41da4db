"""Networks as cases: layers on points, a convolution, attention, a recurrent network; loops, and three by hand."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..replay.run.array_program import Array
from .case import Case, Scalars, sum_of


def layers_case(p: Scalars, sizes: Sequence[int]) -> list[list[tuple[Scalars, Any]]]:
    """Flat parameters as layers of neurons (weights, bias)."""
    numbers = iter(p)
    return [
        [([next(numbers) for _ in range(inputs)], next(numbers)) for _ in range(units)]
        for inputs, units in itertools.pairwise(sizes)
    ]


def matrices(p: Array, sizes: Sequence[int]) -> list[Array]:
    """The same as one matrix per layer, the bias in the last column."""
    ends = np.cumsum([0, *((a + 1) * b for a, b in itertools.pairwise(sizes))])
    return [p[low:high].reshape(b, -1) for low, high, b in zip(ends, ends[1:], sizes[1:], strict=False)]


def two_layers_by_hand(
    X: Array, sizes: Sequence[int], end: Callable[[Array], tuple[float, Array]]
) -> Callable[[Array], tuple[float, Array]]:
    """Value and gradient of a loss of two relu layers and an output; `end` gives the loss and its derivatives by the outputs."""

    def by_hand(p: Array) -> tuple[float, Array]:
        (A, B, C), gradient = matrices(p, sizes), np.empty(len(p))
        gA, gB, gC = matrices(gradient, sizes)
        za = X @ A[:, :-1].T + A[:, -1]
        a = np.maximum(za, 0.0)
        zb = a @ B[:, :-1].T + B[:, -1]
        b = np.maximum(zb, 0.0)
        value, d = end(b @ C[0, :-1] + C[0, -1])
        gC[0, :-1], gC[0, -1] = d @ b, d.sum()
        db = np.outer(d, C[0, :-1]) * (zb > 0.0)
        gB[:, :-1], gB[:, -1] = db.T @ a, db.sum(axis=0)
        da = (db @ B[:, :-1]) * (za > 0.0)
        gA[:, :-1], gA[:, -1] = da.T @ X, da.sum(axis=0)
        return value, gradient

    return by_hand


def moons_case(n: int = 100, rng: int = 1, shuffled: bool = False) -> Case:
    """Hinge loss of a 2-16-16-1 network with relu on n points, plus an L2 term."""
    r = random.Random(rng)
    sizes = [2, 16, 16, 1]
    points = [[r.gauss(0, 1), r.gauss(0, 1)] for _ in range(n)]
    labels = [r.choice([-1.0, 1.0]) for _ in range(n)]
    start = [r.uniform(-1, 1) for _ in range(337)]

    def neuron(weights: Scalars, bias: Any, inputs: Scalars) -> Any:
        terms = [w * x for w, x in zip(weights, inputs, strict=True)] + [bias]
        if shuffled:
            r.shuffle(terms)
        return sum_of(terms)

    def f(p: Scalars) -> Any:
        first, second, last = layers_case(p, sizes)
        losses = []
        for point, label in zip(points, labels, strict=True):
            h = [neuron(w, b, point).relu() for w, b in first]
            h = [neuron(w, b, h).relu() for w, b in second]
            losses.append((1.0 - label * neuron(*last[0], h)).relu())
        return sum_of(losses) * (1.0 / n) + 1e-4 * sum_of([q * q for q in p])

    X, y = np.array(points), np.array(labels)

    def hinge(z: Array) -> tuple[float, Array]:
        m = 1.0 - y * z
        return np.maximum(m, 0.0).sum() / n, np.where(m > 0.0, -y / n, 0.0)

    network = two_layers_by_hand(X, sizes, hinge)

    def by_hand(p: Array) -> tuple[float, Array]:
        value, gradient = network(p)
        gradient += 2e-4 * p
        return float(value + 1e-4 * (p @ p)), gradient

    return Case(f, start, by_hand)


def circles_case(n: int = 300, rng: int = 1) -> Case:
    """Mean cross-entropy on the logit of a 2-10-5-1 network with relu."""
    r = random.Random(rng)
    sizes = [2, 10, 5, 1]
    points = [[r.gauss(0, 1), r.gauss(0, 1)] for _ in range(n)]
    labels = [float(x * x + y * y < 1.4) for x, y in points]
    start = [r.gauss(0, 0.5) for _ in range(91)]

    def f(p: Scalars) -> Any:
        first, second, last = layers_case(p, sizes)
        losses = []
        for point, label in zip(points, labels, strict=True):
            h = [sum_of([w * x for w, x in zip(ws, point, strict=True)] + [b]).relu() for ws, b in first]
            h = [sum_of([w * x for w, x in zip(ws, h, strict=True)] + [b]).relu() for ws, b in second]
            z = sum_of([w * x for w, x in zip(last[0][0], h, strict=True)] + [last[0][1]])
            losses.append(z.softplus() - label * z)
        return sum_of(losses) / float(n)

    X, y = np.array(points), np.array(labels)

    def cross_entropy(z: Array) -> tuple[float, Array]:
        e = np.exp(-np.abs(z))
        value = float((np.maximum(z, 0.0) + np.log1p(e) - y * z).sum() / n)
        return value, (np.where(z >= 0.0, 1.0, e) / (1.0 + e) - y) / n

    return Case(f, start, two_layers_by_hand(X, sizes, cross_entropy))


def conv1d(rng: int = 1) -> Case:
    """Energy after a convolution of 2 to 4 channels, width 5, with relu, on 8 signals of length 64."""
    r = random.Random(rng)
    signals = [[[r.gauss(0, 1) for _ in range(64)] for _ in range(2)] for _ in range(8)]

    def f(p: Scalars) -> Any:
        weights = [[p[(o * 2 + c) * 5 : (o * 2 + c) * 5 + 5] for c in range(2)] for o in range(4)]
        energy = []
        for signal in signals:
            for o in range(4):
                for t in range(60):
                    z = sum_of([weights[o][c][j] * signal[c][t + j] for c in range(2) for j in range(5)]) + p[40 + o]
                    h = z.relu()
                    energy.append(h * h)
        return sum_of(energy)

    return Case(f, [r.gauss(0, 1) for _ in range(44)])


def attention(rng: int = 1) -> Case:
    """Energy of single-head attention on 4 sequences of 12 vectors of width 8."""
    r = random.Random(rng)
    width, length = 8, 12
    batch = [[[r.gauss(0, 1) for _ in range(width)] for _ in range(length)] for _ in range(4)]

    def f(p: Scalars) -> Any:
        maps = [[p[(m * width + j) * width : (m * width + j + 1) * width] for j in range(width)] for m in range(3)]
        energy = []
        for rows in batch:
            q, k, v = ([[sum_of([w * x for w, x in zip(ws, row, strict=True)]) for ws in one] for row in rows] for one in maps)
            for i in range(length):
                scores = [sum_of([a * b for a, b in zip(q[i], k[j], strict=True)]) * width**-0.5 for j in range(length)]
                weights = [score.exp() for score in scores]
                whole = sum_of(weights)
                mixed = [sum_of([weight / whole * v[j][d] for j, weight in enumerate(weights)]) for d in range(width)]
                energy.append(sum_of([m * m for m in mixed]))
        return sum_of(energy)

    return Case(f, [r.gauss(0, 0.3) for _ in range(3 * width * width)])


def rnn(steps: int = 100, width: int = 8, rng: int = 1) -> Case:
    """Energy of the states of a tanh network over a sequence."""
    r = random.Random(rng)
    xs = [[r.gauss(0, 1), r.gauss(0, 1)] for _ in range(steps)]

    def f(p: Scalars) -> Any:
        rows = [p[i * (width + 3) : (i + 1) * (width + 3)] for i in range(width)]
        h: Scalars = [0.0] * width
        energy = []
        for x in xs:
            h = [(sum_of([w * v for w, v in zip(row, (*x, *h), strict=False)]) + row[-1]).tanh() for row in rows]
            energy.append(sum_of([v * v for v in h]))
        return sum_of(energy)

    X = np.array(xs)

    def by_hand(p: Array) -> tuple[float, Array]:
        M, gradient = p.reshape(width, width + 3), np.zeros((width, width + 3))
        U, W = M[:, :2], M[:, 2:-1]
        H = np.zeros((steps + 1, width))
        Z = X @ U.T + M[:, -1]
        for t in range(steps):
            H[t + 1] = np.tanh(Z[t] + W @ H[t])
        D, slope, back = np.empty((steps, width)), 1.0 - H[1:] ** 2, np.zeros(width)
        for t in range(steps - 1, -1, -1):
            D[t] = (2.0 * H[t + 1] + back) * slope[t]
            back = D[t] @ W
        gradient[:, :2], gradient[:, 2:-1], gradient[:, -1] = D.T @ X, D.T @ H[:-1], D.sum(axis=0)
        return float((H * H).sum()), gradient.ravel()

    return Case(f, [r.gauss(0, 0.4) for _ in range(width * (width + 3))], by_hand)
