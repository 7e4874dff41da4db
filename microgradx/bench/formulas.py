"""Formulas as cases: a valley, least squares, gravity; and graphs in which nothing is regular, or nothing but a chain."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np

from ..replay.run.array_program import Array
from .case import Case, Scalars, sum_of


def rosenbrock(n: int = 1000, rng: int = 1) -> Case:
    """Rosenbrock's valley in n dimensions."""
    r = random.Random(rng)

    def f(x: Scalars) -> Any:
        return sum_of([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x)])

    def by_hand(x: Array) -> tuple[float, Array]:
        a = x[:-1]
        u, v = x[1:] - a * a, 1.0 - a
        gradient = np.zeros(n)
        gradient[1:] = 200.0 * u
        gradient[:-1] -= 400.0 * u * a + 2.0 * v
        return float(100.0 * (u @ u) + v @ v), gradient

    return Case(f, [r.gauss(0, 1) for _ in range(n)], by_hand)


def polynomial(n: int = 400, degree: int = 5, rng: int = 1) -> Case:
    """Least squares of a polynomial by powers."""
    r = random.Random(rng)
    xs, ys = [r.uniform(-1, 1) for _ in range(n)], [r.gauss(0, 1) for _ in range(n)]

    def f(c: Scalars) -> Any:
        return sum_of([(sum_of([ck * x**k for k, ck in enumerate(c)]) - y) ** 2 for x, y in zip(xs, ys, strict=True)])

    powers, targets = np.array(xs)[:, None] ** np.arange(degree + 1), np.array(ys)

    def by_hand(c: Array) -> tuple[float, Array]:
        e = powers @ c - targets
        return float(e @ e), 2.0 * (e @ powers)

    return Case(f, [r.gauss(0, 1) for _ in range(degree + 1)], by_hand)


def bodies(n: int = 50, rng: int = 1) -> Case:
    """Gravitational energy of n softened bodies."""
    r = random.Random(rng)

    def f(x: Scalars) -> Any:
        terms = []
        for i in range(n):
            for j in range(i):
                d = [x[3 * i + k] - x[3 * j + k] for k in range(3)]
                terms.append(-1.0 / (d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + 0.01).sqrt())
        return sum_of(terms)

    first, second = np.tril_indices(n, -1)

    def by_hand(x: Array) -> tuple[float, Array]:
        points = x.reshape(n, 3)
        d = points[first] - points[second]
        inverse = 1.0 / np.sqrt((d * d).sum(axis=1) + 0.01)
        force, gradient = d * (inverse**3)[:, None], np.zeros((n, 3))
        np.add.at(gradient, first, force)
        np.subtract.at(gradient, second, force)
        return float(-inverse.sum()), gradient.ravel()

    return Case(f, [r.gauss(0, 1) for _ in range(3 * n)], by_hand)


def random_graph(n: int, rng: int = 3) -> Case:
    """n random operations, each on two of the latest 2,000 results: nothing regular to find."""

    def f(x: Scalars) -> Any:
        r = random.Random(rng)
        made = list(x)
        for _ in range(n):
            a, b = r.choice(made[-2000:]), r.choice(made[-2000:])
            kind = r.randrange(5)
            if kind == 0:
                made.append((a + b) * 0.5)
            elif kind == 1:
                made.append((a - b) * 0.5)
            elif kind == 2:
                made.append((a * b).tanh())
            else:
                made.append(a.sin() if kind == 3 else a * 0.5 + b)
        return sum_of([y.tanh() for y in made[-50:]])

    start = random.Random(rng)
    return Case(f, [start.gauss(0, 1) for _ in range(50)])


def chain_case(n: int = 10_000) -> Case:
    """n operations, each on the result of the one before."""

    def f(x: Scalars) -> Any:
        h = x[0]
        for _ in range(n // 2):
            h = (h * x[1]).sin()
        return h

    return Case(f, [0.5, 1.1])
