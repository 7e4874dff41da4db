"""What a call of a compiled function takes over the program that it runs: reading the arguments, and making lists of the results.

Run as `python tests/benchmarks/calls.py`. In short rounds that take turns, the public call and the program alone, given an array;
`over` is the median of their differences, in microseconds, and `least` the difference of the shortest times, which a busy machine
disturbs less.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from programs import arm

import microgradx as mx
from microgradx.replay.arguments import Call
from microgradx.tables import table

HEAD = ("arguments", "program us", "call us", "over us", "least us")
ROUNDS, ROUND_SECONDS = 60, 0.002

Pair = tuple[Callable[[], Any], Callable[[], Any]]


def pair(f: Callable[..., Any], *args: Any, argnums: Any = 0, value: bool = False) -> Pair:
    """The program alone and the public call, in the form in which they end."""
    c = mx.compile(f)

    def public() -> Any:
        return c(*args) if value else c.value_and_grad(*args, argnums=argnums)

    public()
    ((recording,),) = c.recordings.values()
    (runner,) = recording.program.runners.values()
    runner.settle()
    public()
    inputs = recording.inputs(Call(args, {}))
    return lambda: runner.run(inputs), public


def squares(v: Any) -> Any:
    """The sum of the squares."""
    return mx.sum([x * x for x in v])


def first_rows(layers: Any, letters: Any) -> Any:
    """The sum of the first rows of some arrays, each times its letter."""
    return mx.sum([x * k for layer, k in zip(layers.values(), letters, strict=True) for x in layer[0]])


def pairs() -> dict[str, Pair]:
    """By the kind of arguments."""
    many = np.linspace(0.1, 1.0, 1000)
    layers = {f"layer {k}": np.full((28, 16), 0.1) for k in range(9)}
    reach = arm()
    return {
        "two floats, value": pair(lambda x, y: x * y + 1.0, 1.5, 2.5, value=True),
        "two floats": pair(lambda x, y: x * y + 1.0, 1.5, 2.5),
        "two floats, by both": pair(lambda x, y: x * y + 1.0, 1.5, 2.5, argnums=(0, 1)),
        "list of 2 and float": pair(lambda w, x: (w[0] * x + w[1]) ** 2, [1.0, 2.0], 3.0),
        "dict": pair(lambda p: (p["w"][0] * p["b"] + p["w"][1]) ** 2, {"w": [1.0, 2.0], "b": 3.0}),
        "list of 6, an arm": pair(reach.f, reach.x),
        "array of 6, an arm": pair(reach.f, np.array(reach.x)),
        "array of 1,000": pair(squares, many),
        "9 arrays, list of 9 ints": pair(first_rows, layers, list(range(9))),
        "list of 1,000, value": pair(squares, many.tolist(), value=True),
        "list of 1,000": pair(squares, many.tolist()),
    }


def timed(call: Callable[[], Any], times: int) -> float:
    """Microseconds for one call."""
    start = perf_counter()
    for _ in range(times):
        call()
    return 1e6 * (perf_counter() - start) / times


def measured(program: Callable[[], Any], public: Callable[[], Any]) -> list[str]:
    """The cells of a row."""
    counts = [max(3, int(1e6 * ROUND_SECONDS / timed(call, 20))) for call in (program, public)]
    rounds = [(timed(program, counts[0]), timed(public, counts[1])) for _ in range(ROUNDS)]
    bare, whole = zip(*rounds, strict=True)
    over = statistics.median([b - a for a, b in rounds])
    return [f"{x:.1f}" for x in (statistics.median(bare), statistics.median(whole), over, min(whole) - min(bare))]


if __name__ == "__main__":
    for row in (list(HEAD), *([name, *measured(*two)] for name, two in pairs().items())):
        print(table([row], "<" + ">" * (len(HEAD) - 1), width=None, least=(25, *[10] * (len(HEAD) - 1)))[0], flush=True)
