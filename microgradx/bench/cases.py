"""The cases by name: calculations to measure the compiler on, written as one would write them."""

from __future__ import annotations

from collections.abc import Callable

from .case import Case
from .formulas import bodies, chain_case, polynomial, random_graph, rosenbrock
from .networks import attention, circles_case, conv1d, moons_case, rnn

CASES: dict[str, Callable[[], Case]] = {
    "moons 100": moons_case,
    "moons 1000": lambda: moons_case(1000),
    "circles 300": circles_case,
    "conv1d": conv1d,
    "attention": attention,
    "rnn 100 steps": rnn,
    "rosenbrock 1000": rosenbrock,
    "polynomial 400": polynomial,
    "50 bodies": bodies,
    "random 1k": lambda: random_graph(1_000),
    "random 10k": lambda: random_graph(10_000),
    "random 100k": lambda: random_graph(100_000),
    "chain 10k": chain_case,
}
