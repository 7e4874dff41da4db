"""Seconds from a graph to its SVG, warm, beside micrograd's way of drawing through the `dot` program where there is one.

Run as a script: `python tests/benchmarks/drawing.py`. Medians of up to 5 runs; the first drawing of a process and the first one
ever (an empty compilation cache) are timed in processes of their own.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from microgradx import Value, draw, gradient, topological_order
from microgradx.nn import MLP
from microgradx.nn.data import moons

PATIENCE = 20  # seconds for the `dot` program

FIRST = """
import time; start = time.perf_counter()
from microgradx import Value, draw
x = Value(2.0); y = x * x; y.backward(); draw(y).svg()
print(time.perf_counter() - start)
"""


def leaf() -> Value:
    return Value(3.0)


def neuron() -> Value:
    return MLP(10, [1], activation="tanh", rng=1, expand=True)([0.5] * 10)


def fifty() -> Value:
    return MLP(2, [4, 1], activation="tanh", rng=1, expand=True)([0.5, -0.5])


def squares() -> Value:
    x = Value(2.0)
    return x * x


def broken() -> Value:
    x = Value(0.0)
    return x.log() * x


def loop() -> Value:
    w, b, y = Value(0.5), Value(0.1), Value(1.0)
    for _ in range(100):
        y = y * w + b
    return y


def network(points: int, sizes: list[int]) -> Value:
    model = MLP(2, sizes, activation="tanh", rng=1, expand=True)
    xs, labels = moons(points)
    misses = [(model(x) - (2.0 * label - 1.0)) ** 2 for x, label in zip(xs, labels, strict=True)]
    return sum(misses[1:], misses[0])


def chain() -> Value:
    y = Value(1.0)
    for _ in range(1_000):
        y = (y * 1.001).tanh()
    return y


def second() -> Value:
    x = Value(2.0)
    return gradient((x**3).tanh() * x, [x], create_graph=True)[0]


CASES: dict[str, Callable[[], Value]] = {
    "leaf": leaf,
    "x*x": squares,
    "log(0)": broken,
    "second order": second,
    "neuron": neuron,
    "MLP 2-4-1": fifty,
    "loop of 100": loop,
    "chain of 2,000": chain,
    "MLP 2-16-16-1": lambda: network(2, [16, 16, 1]),
    "2,000, unfolded": lambda: network(4, [12, 12, 1]),
    "batch of 100": lambda: network(100, [16, 16, 1]),
}


def naive_dot(output: Value) -> str:
    """The DOT text micrograd's notebook writes: a record per value, an oval per operation."""
    order = topological_order(output)
    place = {node: k for k, node in enumerate(order)}
    lines = ["digraph { rankdir=LR"]
    for k, node in enumerate(order):
        lines.append(f'n{k} [label="{{ data {node.data:.4f} | grad {node.grad or 0.0:.4f} }}" shape=record]')
        if node.op:
            lines.append(f'o{k} [label="{node.op.name}"] o{k} -> n{k}')
            lines += [f"n{place[parent]} -> o{k}" for parent in node.parents if isinstance(parent, Value)]
    return "\n".join([*lines, "}"])


def seconds(action: Callable[[], object], runs: int = 5, budget: float = 6.0) -> float:
    times: list[float] = []
    while len(times) < runs and sum(times) < budget:
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def through_dot(output: Value) -> float | None:
    try:
        return seconds(
            lambda: subprocess.run(["dot", "-Tsvg"], input=naive_dot(output).encode(), capture_output=True, timeout=PATIENCE), 3
        )
    except subprocess.TimeoutExpired:
        return None


def first(environment: dict[str, str]) -> float:
    done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, check=True, env=os.environ | environment)
    return float(done.stdout)


def report(name: str, output: Value, has_dot: bool) -> None:
    output.backward()
    values, detail = len(topological_order(output)), "values" if "unfolded" in name else "auto"
    drawn = draw(output, detail=detail, seconds=60)
    cards = len(re.findall(r"^\tn\w+ \[", drawn.source, re.MULTILINE)) - 1
    drawing, layout = seconds(lambda: draw(output, detail=detail)), seconds(drawn.svg)
    naive = through_dot(output) if has_dot and values < 10_000 else None
    beside = f"{naive:.3f} s, {naive / (drawing + layout):.1f} times ours" if naive else "over 20 s, or not run"
    print(f"{name:18}{values:8,}{cards:8,}{drawing:9.3f}{layout:9.3f}{drawing + layout:10.3f}   {beside if has_dot else ''}")


def main() -> None:
    draw(leaf()).svg()
    has_dot = shutil.which("dot") is not None
    print(f"{'graph':18}{'values':>8}{'cards':>8}{'draw':>9}{'layout':>9}{'together':>10}   micrograd's through dot")
    for name, build in CASES.items():
        report(name, build(), has_dot)
    print(f"first drawing of a process, import included: {statistics.median(first({}) for _ in range(3)):.2f} s")
    with tempfile.TemporaryDirectory() as empty:
        print(f"first drawing ever, with an empty cache: {first({'XDG_CACHE_HOME': empty, 'HOME': empty}):.2f} s")


if __name__ == "__main__":
    main()
