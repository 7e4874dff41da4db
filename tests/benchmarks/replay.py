"""Replay beside hand-written numpy, CasADi and eager evaluation; a batch of a million samples; graphs of a million nodes.

Run as `python tests/benchmarks/replay.py [CASE ...]` with the bench extra installed. All sides of a row run in one process, in
turn; medians. The case's compiled gradient is checked before it is timed. CasADi builds its graph from the same scalar code.
Without a case, the programs of `programs.py` follow.
"""

from __future__ import annotations

import functools
import resource
import sys
from time import perf_counter
from typing import Any

import numpy as np
import programs
from casadi_side import by_casadi

from microgradx.bench.case import sum_of
from microgradx.bench.cases import CASES
from microgradx.bench.measure import HEAD, measure, measured_row, median, report_line
from microgradx.bench.networks import layers_case, matrices, moons_case
from microgradx.collector import collector_off
from microgradx.replay.arguments import Call
from microgradx.replay.compile import compile
from microgradx.replay.specialization import Recording

SIZES = [2, 16, 16, 1]


def table(names: list[str]) -> None:
    """One line for each case."""
    print(report_line([*HEAD, "casadi ms", "casadi us", "vs casadi"]))
    for name, make in CASES.items():
        if names and not any(name.startswith(wanted) for wanted in names):
            continue
        case = make()
        figures = measure(case)
        other = by_casadi(case) if name != "moons 1000" else None
        extra = ["-", "-", "-"]
        if other:
            extra = [f"{1e3 * other[0]:.0f}", f"{1e6 * other[1]:.0f}", f"{other[1] / figures['replay']:.1f}x"]
        print(report_line([*measured_row(name, figures), *extra]), flush=True)


def sample_loss(p: Any, x: Any, y: Any) -> Any:
    """Hinge loss of the moons network on one sample."""
    first, second, last = layers_case(p, SIZES)
    h = [sum_of([w * v for w, v in zip(ws, x, strict=True)] + [b]).relu() for ws, b in first]
    h = [sum_of([w * v for w, v in zip(ws, h, strict=True)] + [b]).relu() for ws, b in second]
    return (1.0 - y * sum_of([w * v for w, v in zip(last[0][0], h, strict=True)] + [last[0][1]])).relu()


def chunks_by_hand(p: np.ndarray, X: np.ndarray, y: np.ndarray, rows: int = 1024) -> np.ndarray:
    """The same mean gradient in hand-written numpy, 1,024 rows at a time (its fastest)."""
    A, B, C = matrices(p, SIZES)
    gradient = np.zeros(len(p))
    gA, gB, gC = matrices(gradient, SIZES)
    for low in range(0, len(X), rows):
        x, t = X[low : low + rows], y[low : low + rows]
        za = x @ A[:, :-1].T + A[:, -1]
        a = np.maximum(za, 0.0)
        zb = a @ B[:, :-1].T + B[:, -1]
        b = np.maximum(zb, 0.0)
        m = 1.0 - t * (b @ C[0, :-1] + C[0, -1])
        d = np.where(m > 0.0, -t, 0.0)
        gC[0, :-1] += d @ b
        gC[0, -1] += d.sum()
        db = np.outer(d, C[0, :-1]) * (zb > 0.0)
        gB[:, :-1] += db.T @ a
        gB[:, -1] += db.sum(axis=0)
        da = (db @ B[:, :-1]) * (za > 0.0)
        gA[:, :-1] += da.T @ x
        gA[:, -1] += da.sum(axis=0)
    return gradient / len(X)


def batches(n: int = 1_000_000) -> None:
    """A million samples of the moons network from a recording of one."""
    r = np.random.default_rng(0)
    p, X, y = r.uniform(-1, 1, 337), r.normal(size=(n, 2)), r.choice([-1.0, 1.0], size=n)
    f = compile(sample_loss, batch=("x", "y"))
    slopes, by_hand = f.value_and_grad(p, X, y)[1], chunks_by_hand(p, X, y)
    assert np.abs(slopes - by_hand).max() < 1e-12 * np.abs(by_hand).max()
    ours = median(lambda: f.value_and_grad(p, X, y), 2.0)
    hand = median(lambda: chunks_by_hand(p, X, y), 2.0)
    print(f"batch of {n:,}: {1e9 * ours / n:.0f} ns a sample, by hand {1e9 * hand / n:.0f}, ratio {ours / hand:.2f}")


def deep(steps: int = 1_000_000) -> None:
    """A chain of so many products and sums, as narrow as programs are: its first gradient and first Hessian-vector product."""
    f = compile(lambda v: functools.reduce(lambda x, _: x * v[1] + 0.5, range(steps), v[0]))
    point, seconds = [0.3, 0.7], []
    for call in (lambda: f.value_and_grad(point), lambda: f.hvp((point,), ([1.0, 0.5],))):
        start = perf_counter()
        call()
        seconds.append(perf_counter() - start)
        f.refresh()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"chain of {steps:,} steps: first gradient {seconds[0]:.1f} s, first hvp {seconds[1]:.1f} s, {peak:.2f} GB at the peak")


def million() -> None:
    """A loss of about a million nodes: time to record and to build value and gradient, and the memory it takes."""
    case = moons_case(1546)
    start = perf_counter()
    with collector_off():
        program = Recording(case.f, Call((case.x,), {})).program
        program.gradient_runner()
    seconds = perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"loss of {program.recorded:,} nodes: recorded and built in {seconds:.1f} s, {peak:.2f} GB at the peak of this process")


if __name__ == "__main__":
    if not sys.argv[1:]:
        million()
        deep()
        batches()
    table(sys.argv[1:])
    if not sys.argv[1:]:
        programs.show()
