"""Eager graphs beside micrograd and a tuple engine: a step on 100 moons (forward, backward, freeing), no_grad, bytes, growth.

Run as `python tests/benchmarks/eager.py` with the bench extra installed. The collector is on, as users run it. All sides run
the same scalar loops, in turn, each in a process of its own: micrograd's graphs are cyclic garbage, and in one process the
collector would free them on our time.
"""

from __future__ import annotations

import contextlib
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import microgradx as mx
from microgradx import nn

POINTS, LABELS = (array.tolist() for array in nn.data.moons(100, noise=0.1, seed=1337))
WIDTHS = [2, 16, 16, 1]


class Tuples:
    """The quickest engine that stays simple: each node keeps its operands and its local derivatives in two tuples."""

    __slots__ = ("children", "data", "grad", "slopes")

    def __init__(self, data: float, children: tuple[Tuples, ...] = (), slopes: tuple[float, ...] = ()) -> None:
        self.data, self.grad, self.children, self.slopes = data, 0.0, children, slopes

    def __add__(self, other: Any) -> Tuples:
        other = other if isinstance(other, Tuples) else Tuples(other)
        return Tuples(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Tuples:
        other = other if isinstance(other, Tuples) else Tuples(other)
        return Tuples(self.data * other.data, (self, other), (other.data, self.data))

    __radd__, __rmul__ = __add__, __mul__

    def relu(self) -> Tuples:
        return Tuples(max(0.0, self.data), (self,), (float(self.data > 0.0),))

    def backward(self) -> None:
        order, seen = [], set()

        def place(node: Tuples) -> None:
            if node not in seen:
                seen.add(node)
                for child in node.children:
                    place(child)
                order.append(node)

        place(self)
        self.grad = 1.0
        for node in reversed(order):
            upstream = node.grad
            for child, slope in zip(node.children, node.slopes, strict=False):  # strict would cost this engine some time
                child.grad += slope * upstream


def weights(value: Callable[[float], Any]) -> list[list[list[Any]]]:
    """Layers of neurons of [weight, ..., bias] in either engine."""
    draw = random.Random(1337).uniform
    return [[[*(value(draw(-1, 1)) for _ in range(m)), value(0.0)] for _ in range(n)] for m, n in pairwise(WIDTHS)]


def scalar_loss(layers: list[list[list[Any]]], times: int = 1) -> Any:
    """Hinge loss and L2 term of the 2-16-16-1 net over all points, `times` over, every product and every sum a node."""
    losses = []
    for point, label in zip(POINTS * times, LABELS * times, strict=True):
        x = point
        for k, layer in enumerate(layers):
            outputs = []
            for neuron in layer:
                total = neuron[-1]
                for weight, value in zip(neuron, x, strict=False):
                    total = total + weight * value
                outputs.append(total.relu() if k < 2 else total)
            x = outputs
        losses.append((1 + (1 - 2 * label) * x[0]).relu())
    total = losses[0]
    for loss in losses[1:]:
        total = total + loss
    penalty = None
    for layer in layers:
        for neuron in layer:
            for weight in neuron:
                penalty = weight * weight if penalty is None else penalty + weight * weight
    return total * (1.0 / len(losses)) + 1e-4 * penalty


def mlp_loss(model: nn.MLP) -> mx.Value:
    """The same loss by the MLP, whose weighted sums are one `dot` node each."""
    margins = [(1.0 + (1.0 - 2.0 * label) * model(point)).relu() for point, label in zip(POINTS, LABELS, strict=True)]
    return mx.mean(margins) + 1e-4 * mx.dot(parameters := model.parameters(), parameters)


def step(loss: Callable[[], Any]) -> float:
    """Build, differentiate and drop one graph; the processor seconds of differentiating."""
    graph = loss()
    start = time.process_time()
    graph.backward()
    return time.process_time() - start


def ours(times: int = 1) -> Callable[[], Any]:
    """Our scalar loops."""
    layers = weights(mx.Value)
    return lambda: scalar_loss(layers, times)


def theirs() -> Callable[[], Any]:
    """micrograd's scalar loops."""
    import micrograd.engine

    layers = weights(micrograd.engine.Value)
    return lambda: scalar_loss(layers)


def tuples() -> Callable[[], Any]:
    """The scalar loops of the tuple engine."""
    layers = weights(Tuples)
    return lambda: scalar_loss(layers)


def of_dot_nodes() -> Callable[[], Any]:
    """Our MLP."""
    model = nn.MLP(2, WIDTHS[1:], activation="relu", rng=random.Random(1337))
    return lambda: mlp_loss(model)


def chain(nodes: int) -> Callable[[], Any]:
    """A chain of so many binary nodes."""

    def build() -> mx.Value:
        x = y = mx.Value(1.000001)
        for _ in range(nodes // 2):
            y = y * x + 0.5
        return y

    return build


def without_collector(loss: Callable[[], Any]) -> Callable[[], Any]:
    """The same side with Python's cyclic collector switched off for good."""
    import gc

    gc.disable()
    return loss


def seconds(side: str, steps: int) -> tuple[float, float]:
    """Processor seconds of a step and of its backward pass, in a process whose collector runs for this side's garbage only."""
    command = [sys.executable, __file__, side, str(steps)]
    whole, backward = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(whole), float(backward)


def time_steps(side: str, steps: int) -> tuple[float, float]:
    """The inside of that process: the means over `steps` steps, after one to warm up; of no steps, the one to warm up."""
    loss = eval(side)
    start = time.process_time()
    backward = step(loss)
    if steps == 0:
        return time.process_time() - start, backward
    start, backward = time.process_time(), 0.0
    for _ in range(steps):
        backward += step(loss)
    return (time.process_time() - start) / steps, backward / steps


def time_no_grad(loss: str, rounds: int = 9) -> float:
    """How many times what recording takes the same numbers take inside `no_grad`: medians of processor time, in turn."""
    build, recorded, silent = eval(loss), [], []
    for _ in range(rounds + 1):
        for times, block in ((recorded, contextlib.nullcontext()), (silent, mx.no_grad())):
            with block:
                start = time.process_time()
                build()
                times.append(time.process_time() - start)
    return statistics.median(silent[1:]) / statistics.median(recorded[1:])


def tanh_chains(length: int) -> Callable[[], None]:
    """Chains of so many nodes, 30,000 nodes in all."""

    def build() -> None:
        for _ in range(30_000 // length):
            x = mx.Value(0.5)
            for _ in range(length // 2):
                x = (x * 1.01).tanh()

    return build


def bytes_per_node(nodes: int = 100_000) -> tuple[float, float]:
    """tracemalloc's bytes for each binary node, as built and after a backward pass."""
    x = y = mx.Value(1.000001)
    tracemalloc.start()
    for _ in range(nodes):
        y = y * x
    built = tracemalloc.get_traced_memory()[0]
    y.backward()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return built / nodes, after / nodes


def main(rounds: int = 5) -> None:
    """Print the tables."""
    print(f"Python {sys.version.split()[0]}, collector on, medians of {rounds} processes for each side in turn\n")
    sides = {
        "micrograd, scalar loops": "theirs()",
        "tuple engine, scalar loops": "tuples()",
        "microgradx, scalar loops": "ours()",
        "microgradx, MLP of dot nodes": "of_dot_nodes()",
    }
    times = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            times[name].append(seconds(side, 5))
    medians = {name: [statistics.median(column) for column in zip(*taken, strict=True)] for name, taken in times.items()}
    base, _ = medians["micrograd, scalar loops"]
    other, _ = medians["tuple engine, scalar loops"]
    print(f"{'100 moons: forward + backward + freeing':42}{'ms':>9}{'backward':>10}{'x micrograd':>13}{'x tuple engine':>16}")
    for name, (whole, backward) in medians.items():
        print(f"{name:42}{1e3 * whole:9.1f}{1e3 * backward:10.1f}{base / whole:13.1f}{other / whole:16.2f}")
    print(f"\nnodes of the scalar graph: {len(mx.topological_order(ours()())):,}")
    print("bytes a binary node: {:.0f} built, {:.0f} after backward".format(*bytes_per_node()))
    print("\ninside no_grad, times what recording takes")
    for name, side in {
        "chains of 600 nodes": "tanh_chains(600)",
        "chains of 6,000 nodes": "tanh_chains(6000)",
        "scalar loops on 100 moons": "ours()",
        "MLP of dot nodes on 100 moons": "of_dot_nodes()",
    }.items():
        print(f"{name:42}{time_no_grad(side):9.2f}")
    growth = {}
    for collector in ("on", "off"):
        print(f"\nchain of nodes, collector {collector:5}{'ms':>10}{'times the row above':>22}")
        for nodes in (1_000, 10_000, 100_000, 1_000_000):
            side = f"chain({nodes})" if collector == "on" else f"without_collector(chain({nodes}))"
            growth[nodes] = statistics.median(seconds(side, max(1, 100_000 // nodes))[0] for _ in range(rounds))
            above = f"{growth[nodes] / growth[nodes // 10]:22.1f}" if nodes > 1_000 else ""
            print(f"{nodes:29,}{1e3 * growth[nodes]:10.1f}{above}")
    wide = len(mx.topological_order(ours(10)()))
    first, later = (statistics.median(seconds("ours(10)", steps)[0] for _ in range(rounds)) / wide for steps in (0, 2))
    print(f"\nscalar loops on 1,000 moons, {wide:,} nodes: {1e6 * first:.2f} us a node in the first step, then {1e6 * later:.2f}")


if __name__ == "__main__":
    sys.setrecursionlimit(100_000)  # micrograd recurses
    if len(sys.argv) == 3:
        print(*time_steps(sys.argv[1], int(sys.argv[2])))
    else:
        main()
