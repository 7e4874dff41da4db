"""The GPT of demos/gpt.py trained by an engine of tuples, as such programs bring along, by eager evaluation and compiled.

Run as `python tests/benchmarks/gpt.py [STEPS]`. All three learn from the same names in turn, with the same
updates, in one process.
"""

from __future__ import annotations

import math
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np

import microgradx as mx

sys.path.insert(0, str(Path(__file__).parents[2] / "demos"))
from gpt import SHAPES, example, loss, train


class Number:
    """A number with the numbers it was made from and its local derivatives by them, as two tuples."""

    __slots__ = ("data", "grad", "locals", "parents")

    def __init__(self, data: float, parents: tuple[Number, ...] = (), locals: tuple[float, ...] = ()) -> None:
        self.data, self.grad, self.parents, self.locals = data, 0.0, parents, locals

    def __add__(self, other: Any) -> Number:
        other = other if isinstance(other, Number) else Number(other)
        return Number(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Number:
        other = other if isinstance(other, Number) else Number(other)
        return Number(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, power: float) -> Number:
        return Number(self.data**power, (self,), (power * self.data ** (power - 1.0),))

    def __neg__(self) -> Number:
        return self * -1.0

    def __sub__(self, other: Any) -> Number:
        return self + -other

    def __truediv__(self, other: Any) -> Number:
        return self * other**-1

    __radd__, __rmul__ = __add__, __mul__

    def exp(self) -> Number:
        return Number(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self) -> Number:
        return Number(math.log(self.data), (self,), (1.0 / self.data,))

    def relu(self) -> Number:
        return Number(max(0.0, self.data), (self,), (float(self.data > 0.0),))

    def backward(self) -> None:
        order, seen, pending = [], set(), [(self, False)]
        while pending:
            node, done = pending.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                pending.append((node, True))
                pending += [(parent, False) for parent in node.parents]
        self.grad = 1.0
        for node in reversed(order):
            for parent, local in zip(node.parents, node.locals, strict=True):
                parent.grad += local * node.grad


def by_tuples(p: dict[str, np.ndarray], letters: list[int]) -> tuple[float, dict[str, np.ndarray]]:
    """Value and gradient of the loss by the engine of tuples."""
    numbers = {name: np.array([[Number(w) for w in row] for row in rows.tolist()], dtype=object) for name, rows in p.items()}
    found = loss(numbers, letters)
    found.backward()
    return found.data, {name: np.array([[w.grad for w in row] for row in rows]) for name, rows in numbers.items()}


def main(steps: int = 1000, few: int = 20) -> None:
    """One row for each engine, and the factors between them."""
    print(f"{sum(rows * n for rows, n in SHAPES.values()):,} parameters, {steps} names of {len(example(0)) - 1} letters")
    expected, _, seconds = train(by_tuples, few, steps)
    tuples = statistics.median(seconds)
    eager_losses, _, seconds = train(mx.value_and_grad(loss), few, steps)
    eager = statistics.median(seconds)
    compiled = mx.compile(loss)
    losses, _, seconds = train(compiled.value_and_grad, steps, steps)
    off = max(abs(a - b) for other in (expected, eager_losses) for a, b in zip(losses, other, strict=False))
    assert off < 1e-9, off
    print(f"an engine of tuples         {1e3 * tuples:8.2f} ms a step")
    print(f"eager                       {1e3 * eager:8.2f} ms a step   {tuples / eager:4.1f} times as fast as the tuples")
    for name, each in (("compiled, with recording", sum(seconds) / steps), ("once recorded", statistics.median(seconds))):
        print(f"{name:26}  {1e3 * each:8.2f} ms a step   {tuples / each:4.0f}, and {eager / each:.0f} times as fast as eager")
    print(compiled)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
