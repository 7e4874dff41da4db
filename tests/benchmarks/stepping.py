"""What stepping costs beside one backward pass: recording, the first block, a move, and explaining one weight.

Run as a script: `python tests/benchmarks/stepping.py`. Medians of seven runs in milliseconds of processor time, each beside the
median of `backward()` on the same graph, measured in turns with it.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable

from microgradx import Value, explain, stepper, topological_order
from microgradx.nn import MLP

RUNS = 7


def network(samples: int) -> tuple[Value, Value]:
    """The loss of a 2-16-16-1 network with every sum a node of its own, and its first weight."""
    model = MLP(2, [16, 16, 1], rng=3, expand=True)
    loss = sum(((model([k / samples, 0.5]) - 1.0) ** 2 for k in range(samples)), Value(0.0))
    return loss, model.parameters()[0]


def doublings(times: int) -> tuple[Value, Value]:
    """2**times paths in as many nodes."""
    y = x = Value(1.0)
    for _ in range(times):
        y = y + y
    return y, x


def medians(*actions: Callable[[], object]) -> list[float]:
    """Milliseconds of each action, taken in turns so that a busy machine slows all alike."""
    times: list[list[float]] = [[] for _ in actions]
    for _ in range(RUNS):
        for action, taken in zip(actions, times, strict=True):
            start = time.process_time()
            action()
            taken.append(1e3 * (time.process_time() - start))
    return [statistics.median(taken) for taken in times]


def main() -> None:
    """Print one line per graph."""
    print(f"Python {platform.python_version()}, ms of processor time, medians of {RUNS}; in brackets: times one backward()\n")
    print(f"{'graph':<22}{'nodes':>8}{'backward':>10}{'stepper(L)':>17}{'first block':>17}{'next':>8}{'explain(L, w)':>18}")
    graphs = [("2-16-16-1, 1 sample", *network(1)), ("the same, 101 samples", *network(101)), ("2^40 paths", *doublings(40))]
    for name, loss, weight in graphs:
        s = stepper(loss)
        str(s.next())
        backward, record, block, move, paths = medians(
            loss.backward,
            lambda loss=loss: stepper(loss),
            lambda loss=loss: str(stepper(loss)),
            lambda s=s: str(s.goto(0).next()),
            lambda loss=loss, weight=weight: explain(loss, weight),
        )
        cells = "".join(f"{taken:>10.2f} ({taken / backward:4.1f})" for taken in (record, block))
        cells += f"{move:>8.2f}{paths:>11.2f} ({paths / backward:4.1f})"
        print(f"{name:<22}{len(topological_order(loss)):>8}{backward:>10.2f}{cells}")


if __name__ == "__main__":
    main()
