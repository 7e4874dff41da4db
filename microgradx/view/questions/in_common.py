"""What the paths of a gradient have in common: the samples and rounds they come from, the operations they go through."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from ...engine import Value
from ..trace import Trace
from ..words.notation import number

LISTED_SAMPLES, MOST_OF_IT = 3, 0.9
"""So many samples are listed; the later rounds that send so large a share of it all are told."""

WITHIN_REACH = 64
"""Values above one that are looked through for the round that it belongs to."""

_Sent = Sequence[tuple[Value, float]]
"""What arrives at a value: from which values that use it, and how much."""


def in_common(trace: Trace, rounds: Mapping[Value, tuple[str, int]], goal: Value) -> list[str]:
    """Sentences about where the gradient of `goal` comes from, if it is from several samples, or rounds of a loop.

    >>> from microgradx.nn import Neuron
    >>> neuron = Neuron(1, "linear", init=[[2.0]])
    >>> loss = neuron([1.0]) + neuron([5.0])
    >>> in_common(Trace(loss), {}, neuron.w[0])
    ['by sample: sample 1 sends +5, sample 0 +1']
    """
    sent = [(trace[place].node, trace[place].contribution) for place in trace.into.get(goal, ())]
    return [*_samples(trace, sent), *_rounds(trace, rounds, sent)]


def _samples(trace: Trace, sent: _Sent) -> list[str]:
    """The samples that send most, counted from 0 in the order in which they were computed."""
    by: Counter[int] = Counter()
    for node, amount in sent:
        if (sample := trace.owners.sample(node)) is not None and amount == amount:
            by[sample] += amount  # type: ignore[assignment]  # a Counter of floats
    if len(by) < 2:
        return []
    largest = sorted(by, key=lambda k: -abs(by[k]))
    told = [f"sample {k} {'sends ' * (not place)}{by[k]:+.4g}" for place, k in enumerate(largest[:LISTED_SAMPLES])]
    rest = largest[LISTED_SAMPLES:]
    more = [f"{len(rest)} more {math.fsum(by[k] for k in rest):+.4g}"] if rest else []
    return [f"by sample: {', '.join(told + more)}"]


def _rounds(trace: Trace, rounds: Mapping[Value, tuple[str, int]], sent: _Sent) -> list[str]:
    """From which round of a loop on nearly everything comes."""
    by: Counter[int] = Counter()
    last = 1 + max((k for _, k in rounds.values()), default=0)
    for node, amount in sent:
        name, k = _round(trace, rounds, node) or ("", last)
        if name or node in trace.into:
            by[k] += abs(amount)  # type: ignore[assignment]  # a Counter of floats
    whole = math.fsum(by.values())
    if not rounds or len(by) < 2 or not 0.0 < whole < math.inf:
        return []
    part, first = 0.0, last
    for k in sorted(by, reverse=True):
        part, first = part + by[k], k
        if part >= MOST_OF_IT * whole:
            break
    name = next(iter(rounds.values()))[0]
    count = sum(k >= first for k in by)
    return [f"by round: {part / whole:.0%} comes from {name} @ {first} and later, {count} of {len(by)} rounds"]


def _round(trace: Trace, rounds: Mapping[Value, tuple[str, int]], node: Value) -> tuple[str, int] | None:
    """The round in which a value was computed: that of the nearest value above it that has one."""
    pending = [node]
    for value in pending:
        if value in rounds:
            return rounds[value]
        if len(pending) < WITHIN_REACH:
            pending += [trace[place].node for place in trace.into.get(value, ())]
    return None


def runs_alike(nodes: Sequence[Value], factors: Sequence[float]) -> list[str]:
    """The operations that a path goes through again and again: `20 x sigmoid, each at most 0.25, together 9.1e-13`."""
    slopes: dict[str, list[float]] = {}
    for node, factor in zip(nodes, factors, strict=False):
        if node.op is not None and abs(factor) != 1.0:
            slopes.setdefault(node.op.name, []).append(abs(factor))
    told = []
    for name, some in slopes.items():
        if len(some) > LISTED_SAMPLES:
            bound = f"at most {number(max(some))}" if max(some) < 1.0 else f"at least {number(min(some))}"
            if max(some) < 1.0 or min(some) > 1.0:
                told.append(f"{len(some)} x {name}, each {bound}, together {number(math.prod(some))}")
    return told


def one_of_many(trace: Trace, goal: Value) -> str:
    """A sentence for the output of a module that was called for several samples: which of them this one is.

    >>> from microgradx.nn import Neuron
    >>> neuron = Neuron(1, "linear", init=[[2.0]])
    >>> first, second = neuron([1.0]), neuron([5.0])
    >>> one_of_many(Trace(first + second), second)
    'sample 1 of 2 alone, counted from 0: the others have their own'
    """
    place, sample = trace.owners.get(goal), trace.owners.sample(goal)
    if place is None or not place.is_module or sample is None:
        return ""
    samples = {trace.owners.sample(node) for node in trace.order if trace.owners.get(node) == place}
    return f"sample {sample} of {len(samples)} alone, counted from 0: the others have their own" if len(samples) > 1 else ""
