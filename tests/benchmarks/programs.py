"""Realistic programs, written as plain loops, beside CasADi, JAX and numpy by hand: recurrences of growing length, sums, choices.

Run as `python tests/benchmarks/programs.py [PROGRAM ...]` with the bench extra installed, and JAX if it is to be compared. Times
are of public calls that give value and gradient for an array, medians of one run, all sides in one process and in turn; values
are checked against each other. JAX code is what its users write: `scan` for the steps, arrays for the samples. The last row
descends a loss whose branches move at every step, which is slower to record than to evaluate.

What a program costs in waiting and memory is measured in a process of its own, which does nothing else: the first call takes
`record s`, in which the function itself runs, and `build s`; a later one waits `form s` for the form in which the program ends.
Besides recording no call takes longer than the larger of these two. `peak MB` is the most memory that the process ever had, with
Python, numpy and LLVM.
"""

from __future__ import annotations

import json
import math
import random
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np
from casadi_side import by_casadi

import microgradx as mx
from microgradx.bench.case import Case
from microgradx.bench.measure import median
from microgradx.tables import table

COSTS = ("record s", "build s", "form s", "peak MB")
HEAD = ("program", *COSTS, "us", "numpy us", "casadi us", "jax s", "jax us", "vs casadi", "vs jax")
ALONE = "--alone"  # before the name of the one program that a process is to measure
LONGEST_CASADI = 3_000  # steps; it copies the graph of every step


class Program(NamedTuple):
    """Scalar code, where to evaluate it, the same for JAX (given jax and jax.numpy), and by hand in numpy where that is short."""

    f: Callable[[Sequence[Any]], Any]
    x: list[float]
    for_jax: Callable[[Any, Any], Callable[[Any], Any]]
    by_hand: Callable[[np.ndarray], tuple[float, np.ndarray]] | None = None
    steps: int = 1


def lotka(steps: int) -> Program:
    """Hares and foxes by Runge and Kutta's fourth order, `steps` steps of 0.01."""
    h = 0.01

    def step(x: Any, y: Any, p: Any) -> tuple[Any, Any]:
        def rate(x: Any, y: Any) -> tuple[Any, Any]:
            return p[0] * x - p[1] * x * y, p[2] * x * y - p[3] * y

        a, b = rate(x, y)
        c, d = rate(x + 0.5 * h * a, y + 0.5 * h * b)
        e, f = rate(x + 0.5 * h * c, y + 0.5 * h * d)
        k, m = rate(x + h * e, y + h * f)
        return x + h / 6.0 * (a + 2.0 * c + 2.0 * e + k), y + h / 6.0 * (b + 2.0 * d + 2.0 * f + m)

    def f(p: Any) -> Any:
        x, y = p[4], p[5]
        for _ in range(steps):
            x, y = step(x, y, p)
        return x * x + y * y

    def for_jax(jax: Any, jnp: Any) -> Any:
        def g(p: Any) -> Any:
            (x, y), _ = jax.lax.scan(lambda state, _: (step(*state, p), None), (p[4], p[5]), None, length=steps)
            return x * x + y * y

        return g

    return Program(f, [1.1, 0.4, 0.1, 0.4, 10.0, 5.0], for_jax, steps=steps)


def kalman(steps: int) -> Program:
    """Minus the log-likelihood of a level that drifts, seen with noise, by Kalman's filter."""
    r = random.Random(0)
    seen = [math.sin(0.05 * t) + r.gauss(0.0, 0.3) for t in range(steps)]

    def update(level: Any, spread: Any, total: Any, z: Any, p: Any, log: Any) -> tuple[Any, Any, Any]:
        spread = spread + p[0] * p[0]
        scale = spread + p[1] * p[1]
        error = z - p[2] * level
        gain = spread / scale
        return p[2] * level + gain * error, spread - gain * spread, total + error * error / scale + log(scale)

    def f(p: Any) -> Any:
        level, spread, total = p[3], 1.0, 0.0
        for z in seen:
            level, spread, total = update(level, spread, total, z, p, lambda a: a.log())
        return total

    def for_jax(jax: Any, jnp: Any) -> Any:
        def g(p: Any) -> Any:
            start = (p[3], jnp.float64(1.0), jnp.float64(0.0))
            (_, _, total), _ = jax.lax.scan(lambda s, z: (update(*s, z, p, jnp.log), None), start, jnp.array(seen))
            return total

        return g

    return Program(f, [0.1, 0.3, 0.99, 0.2], for_jax, steps=steps)


def lstm(steps: int, width: int = 4) -> Program:
    """Long short-term memory, `width` wide, that reads a wave and answers at the end."""
    r = random.Random(1)
    inputs, each = [math.sin(0.3 * t) for t in range(steps)], width + 2
    start = [r.gauss(0.0, 0.4) for _ in range(4 * width * each)]

    def f(p: Any) -> Any:
        rows = [p[k * each : (k + 1) * each] for k in range(4 * width)]
        h, c = [0.0] * width, [0.0] * width
        for x in inputs:
            z = [sum(w * a for w, a in zip(row, [*h, x, 1.0], strict=True)) for row in rows]
            forget, write, show = (
                [1.0 / (1.0 + (-a).exp()) for a in z[k * width : (k + 1) * width]] for k in range(3)
            )
            c = [a * b + s * t.tanh() for a, b, s, t in zip(forget, c, write, z[3 * width :], strict=True)]
            h = [s * a.tanh() for s, a in zip(show, c, strict=True)]
        return sum(a * a for a in h)

    def for_jax(jax: Any, jnp: Any) -> Any:
        def g(p: Any) -> Any:
            W = p.reshape(4 * width, each)

            def step(state: Any, x: Any) -> Any:
                h, c = state
                z = W @ jnp.concatenate([h, jnp.array([x, 1.0])])
                gates = 1.0 / (1.0 + jnp.exp(-z[: 3 * width])).reshape(3, width)
                c = gates[0] * c + gates[1] * jnp.tanh(z[3 * width :])
                return (gates[2] * jnp.tanh(c), c), None

            (h, _), _ = jax.lax.scan(step, (jnp.zeros(width), jnp.zeros(width)), jnp.array(inputs))
            return h @ h

        return g

    return Program(f, start, for_jax, steps=steps)


def black_scholes(paths: int) -> Program:
    """The price of a call by drawing `paths` ends of its share, and its greeks."""
    draws = np.random.default_rng(0).normal(size=paths)
    z = draws.tolist()

    def f(v: Any) -> Any:
        share, strike, rate, sigma, time = v
        drift, spread = (rate - 0.5 * sigma * sigma) * time, sigma * time.sqrt()
        return (-rate * time).exp() * sum((share * (drift + spread * a).exp() - strike).relu() for a in z) / paths

    def by_hand(v: np.ndarray) -> tuple[float, np.ndarray]:
        share, strike, rate, sigma, time = v.tolist()
        root = math.sqrt(time)
        growth = np.exp((rate - 0.5 * sigma * sigma) * time + sigma * root * draws)
        inside = growth * share > strike
        off, paid = math.exp(-rate * time), growth * inside
        hit, count, by_draw = float(paid.sum()) / paths, float(inside.sum()) / paths, float(paid @ draws) / paths
        price = off * (share * hit - strike * count)
        slopes = [
            off * hit,
            -off * count,
            -time * price + off * share * time * hit,
            off * share * (root * by_draw - sigma * time * hit),
            -rate * price + off * share * ((rate - 0.5 * sigma * sigma) * hit + 0.5 * sigma / root * by_draw),
        ]
        return price, np.array(slopes)

    def for_jax(jax: Any, jnp: Any) -> Any:
        def g(v: Any) -> Any:
            share, strike, rate, sigma, time = v
            growth = jnp.exp((rate - 0.5 * sigma * sigma) * time + sigma * jnp.sqrt(time) * draws)
            return jnp.exp(-rate * time) * jnp.maximum(share * growth - strike, 0.0).mean()

        return g

    return Program(f, [100.0, 105.0, 0.03, 0.2, 1.5], for_jax, by_hand)


def arm(links: int = 6) -> Program:
    """How far the hand of an arm of so many links is from where it should be."""

    def f(v: Any) -> Any:
        angle, x, y = 0.0, 0.0, 0.0
        for k in range(links):
            angle = angle + v[k]
            x, y = x + (1.0 - 0.1 * k) * angle.cos(), y + (1.0 - 0.1 * k) * angle.sin()
        return (x - 2.0) ** 2 + (y - 1.5) ** 2

    def for_jax(jax: Any, jnp: Any) -> Any:
        def g(v: Any) -> Any:
            angles, lengths = jnp.cumsum(v), 1.0 - 0.1 * jnp.arange(links)
            return (lengths @ jnp.cos(angles) - 2.0) ** 2 + (lengths @ jnp.sin(angles) - 1.5) ** 2

        return g

    return Program(f, [0.1 * (k + 1) for k in range(links)], for_jax)


def where_log(count: int = 1000) -> Program:
    """Logarithms of the numbers that have one."""

    def f(v: Any) -> Any:
        return sum(mx.where(a > 0.0, a.log(), 0.0) for a in v)

    def for_jax(jax: Any, jnp: Any) -> Any:
        return lambda v: jnp.where(v > 0.0, jnp.log(jnp.where(v > 0.0, v, 1.0)), 0.0).sum()

    return Program(f, np.linspace(-1.0, 1.0, count).tolist(), for_jax)


PROGRAMS: dict[str, Callable[[], Program]] = {
    **{f"lotka {n:,}": lambda n=n: lotka(n) for n in (1_000, 10_000, 100_000)},
    **{f"kalman {n:,}": lambda n=n: kalman(n) for n in (200, 2_000, 20_000)},
    **{f"lstm {n}": lambda n=n: lstm(n) for n in (30, 300)},
    **{f"black-scholes {n:,}": lambda n=n: black_scholes(n) for n in (1_000, 10_000)},
    "arm": arm,
    "where-log": where_log,
}


def alone(name: str) -> list[float]:
    """What the calls of a program wait for, and the memory they take, in a process in which nothing else was done."""
    program = PROGRAMS[name]()
    c, x = mx.compile(program.f), np.array(program.x)
    start = perf_counter()
    c.value_and_grad(x)
    first = perf_counter() - start
    ((recording,),) = c.recordings.values()
    start = perf_counter()
    recording.program.gradient_runner(((0, len(x)),)).settle()  # as it would after some more calls
    form = perf_counter() - start
    c.value_and_grad(x)
    return [recording.seconds, first - recording.seconds, form, peak_megabytes()]


def peak_megabytes() -> float:
    """The most memory that this process had; what the system calls `maxrss` would count what its parent had."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else math.nan


def measured(name: str) -> Iterator[str]:
    """The cells of a row."""
    told = subprocess.run([sys.executable, __file__, ALONE, name], check=True, capture_output=True, text=True).stdout
    record, build, form, peak = json.loads(told)
    yield from (f"{record:.2f}", f"{build:.2f}", f"{form:.2f}", f"{peak:.0f}")
    program = PROGRAMS[name]()
    c, x = mx.compile(program.f), np.array(program.x)
    value, slopes = c.value_and_grad(x)
    c.program(x).gradient_runner(((0, len(x)),)).settle()
    ours = median(lambda: c.value_and_grad(x), 1.0)
    yield f"{1e6 * ours:,.1f}"
    if program.by_hand is not None:
        expected, by_hand = program.by_hand(x)
        assert abs(value - expected) < 1e-9 * abs(expected)
        assert np.abs(slopes - by_hand).max() < 1e-9 * np.abs(by_hand).max()
        yield f"{1e6 * median(lambda: program.by_hand(x)):,.1f}"  # type: ignore[misc]
    else:
        yield "-"
    other = by_casadi(Case(program.f, program.x)) if program.steps <= LONGEST_CASADI else None
    yield f"{1e6 * other[1]:,.1f}" if other else "-"
    theirs = by_jax(program, x, value, slopes)
    yield from (f"{theirs[0]:.2f}", f"{1e6 * theirs[1]:,.1f}") if theirs else ("-", "-")
    yield f"{other[1] / ours:.1f}x" if other else "-"
    yield f"{theirs[1] / ours:.1f}x" if theirs else "-"


def by_jax(program: Program, x: np.ndarray, value: float, slopes: np.ndarray) -> tuple[float, float] | None:
    """Seconds to compile and to run value and gradient by JAX, if it is installed."""
    try:
        import jax
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    g, y = jax.jit(jax.value_and_grad(program.for_jax(jax, jax.numpy))), jax.numpy.array(x)
    start = perf_counter()
    expected = jax.block_until_ready(g(y))
    built = perf_counter() - start
    assert abs(value - expected[0]) < 1e-6 * abs(expected[0])
    assert np.abs(slopes - np.asarray(expected[1])).max() < 1e-6 * np.abs(slopes).max()
    return built, median(lambda: jax.block_until_ready(g(y)), 1.0)


def moving_branches(steps: int = 300) -> str:
    """A quantile's loss descended: each step takes another way through its 500 branches."""
    r = random.Random(0)
    xs = [r.gauss(0.0, 1.0) for _ in range(500)]
    ys = [2.0 * x + 1.0 + r.gauss(0.0, 1.0) for x in xs]

    def loss(w: Sequence[Any]) -> Any:
        total = 0.0
        for x, y in zip(xs, ys, strict=True):
            error = y - (w[0] * x + w[1])
            total = total + (0.9 * error if error > 0.0 else -0.1 * error)
        return total / len(xs)

    def descend(value_and_grad: Callable[[list[float]], tuple[float, list[float]]]) -> float:
        w, start = [0.0, 0.0], process_time()
        for _ in range(steps):
            w = [a - 0.05 * slope for a, slope in zip(w, value_and_grad(w)[1], strict=True)]
        return process_time() - start

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = [(descend(mx.compile(loss).value_and_grad), descend(mx.value_and_grad(loss))) for _ in range(3)]
    ours, eager = (min(side) for side in zip(*pairs, strict=True))
    return f"moving branches, {steps} steps: compiled {ours:.2f} s, eager {eager:.2f} s, {ours / eager:.2f} times as long"


def rows(wanted: Sequence[str]) -> Iterator[list[str]]:
    """The head and a line for each program, as soon as it is measured."""
    yield list(HEAD)
    for name in PROGRAMS:
        if not wanted or any(name.startswith(word) for word in wanted):
            yield [name, *measured(name)]


def show(wanted: Sequence[str] = ()) -> None:
    """Print the line of each program, or of those that are wanted."""
    for row in rows(wanted):
        least = (20, *[9] * (len(HEAD) - 1))
        print(table([row], "<" + ">" * (len(HEAD) - 1), width=None, least=least)[0], flush=True)
    if not wanted or "moving" in wanted:
        print(moving_branches())


if __name__ == "__main__":
    if sys.argv[1:2] == [ALONE]:
        print(json.dumps(alone(sys.argv[2])))
    else:
        show(sys.argv[1:])
