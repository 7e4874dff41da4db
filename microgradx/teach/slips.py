"""Wrong gradients that people get, each with what to say about it: no sentence holds a number of the answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import NamedTuple

from ..engine import Value
from ..tables import clip
from ..view.questions.explain import Explanation, explain_in
from ..view.questions.paths import Path
from ..view.trace import Trace
from ..view.words.names import name_nodes
from ..view.words.notation import expression
from ..view.words.signed import unnamed
from .passes import sent_back, slipped

TOLERANCE = 5.01e-3
"""How far from the right number an answer may be, as a share of it: as far as rounding to three digits takes it."""

FEW_PATHS = 6
"""Paths up to which every selection of them is known; of more only single ones, and all but one."""


class Candidate(NamedTuple):
    """A number that somebody gets who makes a slip: of which kind, and what to say."""

    kind: str
    number: float
    told: str


def near(answer: float, right: float) -> bool:
    """Whether an answer counts as this number.

    >>> near(0.915, 0.91513696182), near(0.91, 0.91513696182)
    (True, False)
    """
    return answer == right or abs(answer - right) <= TOLERANCE * abs(right) + 1e-12


class Asked(NamedTuple):
    """A gradient that is asked for: its right number, and the wrong ones that are known, the most telling first."""

    right: float
    candidates: tuple[Candidate, ...]


class _Names:
    """How the values of a graph are written: by name, else as the expression that made them."""

    def __init__(self, trace: Trace) -> None:
        named = name_nodes(trace.order, {}, None)
        self.texts = named.shown
        self.known = frozenset(node for node, name in named.items() if not unnamed(name))

    def __call__(self, node: Value) -> str:
        """The text for one value."""
        return self.texts[node] if node in self.known else clip(expression(node, self.known, self.texts, False), 40)


def asked(output: Value, goal: Value) -> Asked:
    """What there is to know about d(output)/d(goal).

    >>> a, b, c = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c")
    >>> found = asked(a * b + a * c, a)
    >>> found.right, [x.told for x in found.candidates if x.number == -3.0][0]
    (7.0, 'that is only the path through a * b: add the other one')
    """
    trace = Trace(output)
    right = trace.adjoints.get(goal, 0.0)
    known: list[Candidate] = []
    for candidate in _candidates(trace, goal, right):
        if math.isfinite(candidate.number) and not near(candidate.number, right) and not _listed(candidate, known):
            known.append(candidate)
    return Asked(right, tuple(known))


def _listed(candidate: Candidate, known: list[Candidate]) -> bool:
    return any(near(candidate.number, other.number) for other in known)


def _candidates(trace: Trace, goal: Value, right: float) -> Iterator[Candidate]:
    """Every slip, the most telling first: of two that give the same number the first one is told."""
    names = _Names(trace)
    yield Candidate("sign", -right, "the size is right, the sign is not")
    yield from _some_paths(trace, goal, names)
    arriving = [trace[place] for place in trace.into.get(goal, [])]
    if len(arriving) == 1:
        (edge,) = arriving
        name = names(edge.node)
        yield Candidate("upstream", edge.upstream, f"that is what arrives at {name}: multiply it by the local derivative there")
        yield Candidate("local", edge.local, f"that is the local derivative of {name} alone: multiply by what arrives there")
        yield Candidate("added", edge.upstream + edge.local, "along a path the factors are multiplied, not added")
    elif arriving:
        yield Candidate("local", sum(edge.local for edge in arriving), "those are the local derivatives: what arrives is missing")
    for told, found in slipped(trace):
        yield Candidate("rule", found.get(goal, 0.0), told)
    replaced = sent_back(trace, overwrite=True)
    yield Candidate("overwritten", replaced.get(goal, 0.0), "contributions that arrive add up: += and not =")
    yield Candidate("value", goal.data, "that is the value itself, not its gradient")
    for node in trace.order:
        if node is not goal and node is not trace.output:
            yield Candidate("other", trace.adjoints.get(node, 0.0), "that is the gradient of another value")
    yield Candidate("twice", 2.0 * right, "that is twice too much: is something counted twice?")
    yield Candidate("half", 0.5 * right, "that is half of it: is a factor 2 or a second contribution missing?")
    yield Candidate("zero", 0.0, "it is not 0: there is a path from it to the output")


def _some_paths(trace: Trace, goal: Value, names: _Names) -> Iterator[Candidate]:
    """The sum over some of the paths only."""
    found: Explanation = explain_in(trace, names.texts, goal, 2 * FEW_PATHS)
    paths = [path for path in found.paths if path.contribution]
    if not 1 < len(paths) == found.live:
        return
    routes = _routes(paths, names)
    sizes = range(1, len(paths)) if len(paths) <= FEW_PATHS else (1, len(paths) - 1)
    for size in sizes:
        for chosen in combinations(range(len(paths)), size):
            through = " and ".join(routes[k] for k in chosen)
            missing = [routes[k] for k in range(len(paths)) if k not in chosen]
            number = math.fsum(paths[k].contribution for k in chosen)
            if size == 1:
                others = "the other one" if len(missing) == 1 else f"the other {len(missing)}"
                told = f"that is only the path through {through}: add {others}"
            else:
                told = f"the path through {missing[0]} is missing"
                if len(missing) > 1:
                    told = f"those are only the paths through {through}: add the others"
            yield Candidate("paths", number, told)


def _routes(paths: list[Path], written: Callable[[Value], str]) -> list[str]:
    """What tells each path from the others: the value nearest to the goal that no other path has; else the whole path."""
    found = []
    for path in paths:
        others = {node for other in paths if other is not path for node in other.nodes}
        own = [node for node in path.nodes[1:-1] if node not in others]
        found.append(written(own[-1]) if own else " > ".join(path.names))
    return found
