"""What the paths of a gradient have in common, in sentences: samples, heads, rounds, and the operations they go through."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ...engine import Value
from ..trace import Trace
from ..words.displayed import Displayed
from ..words.notation import number
from .split_by import ByItem, split_by
from .sweep import Sweep

ITEMS_TOLD, SPLITS_TOLD, SEEN_SINGLY, MOST_OF_IT = 3, 3, 5, 0.9
"""So many items are listed, in so many groupings, if there are more than a few paths; the share of all that late rounds send."""

WITHIN_REACH = 64
"""Values above one that are looked through for the round that it belongs to."""

_Sent = Sequence[tuple[Value, float]]
"""What arrives at a value: from which values that use it, and how much."""


def in_common(sweep: Sweep, named: Displayed) -> list[str]:
    """Sentences about where the gradient of a value comes from: from which samples, heads, tokens or rounds of a loop.

    >>> from microgradx.nn import Neuron
    >>> from microgradx.view.words.names import displayed, name_nodes
    >>> neuron = Neuron(1, "linear", init=[[2.0]])
    >>> trace = Trace(neuron([1.0]) + neuron([5.0]))
    >>> in_common(Sweep(trace, neuron.w[0], 1), displayed(name_nodes(trace.order)))
    ['by sample: sample 1 sends +5, sample 0 +1']
    """
    trace, goal = sweep.trace, sweep.goal
    sent = [(trace[place].node, trace[place].contribution) for place in trace.into.get(goal, ())]
    grouped = [("by sample", _by_sample(trace, sent))]
    if sweep.live.get(goal, 0) > SEEN_SINGLY and math.isfinite(trace.adjoints.get(goal, 0.0)):
        grouped += split_by(sweep, named)
    return [*_told(grouped), *_rounds(trace, named.rounds, sent)]


def _by_sample(trace: Trace, sent: _Sent) -> ByItem:
    """What each sample sends."""
    by: ByItem = {}
    for node, amount in sent:
        if (sample := trace.owners.sample(node)) is not None and amount == amount:
            by[f"sample {sample}"] = by.get(f"sample {sample}", 0.0) + amount
    return by


def _told(grouped: Iterable[tuple[str, ByItem]]) -> list[str]:
    """A sentence for each grouping with several groups that says something new, the largest groups first."""
    lines: list[str] = []
    known: list[list[float]] = []
    for how, sums in grouped:
        amounts = sorted(sums.values())
        if len(sums) < 2 or len(lines) == SPLITS_TOLD or any(_alike(amounts, other) for other in known):
            continue
        known.append(amounts)
        largest = sorted(sums, key=lambda item: -abs(sums[item]))
        told = [f"{item} {'sends ' * (not k)}{_signed(sums[item])}" for k, item in enumerate(largest[:ITEMS_TOLD])]
        if rest := largest[ITEMS_TOLD:]:
            told.append(f"{len(rest)} more {_signed(sum(sums[item] for item in rest))}")
        lines.append(f"{how}: {', '.join(told)}")
    return lines


def _signed(x: float) -> str:
    return f"{x:+.4g}" if x else "0"


def _alike(amounts: list[float], others: list[float]) -> bool:
    return len(amounts) == len(others) and all(math.isclose(x, y, rel_tol=1e-9) for x, y in zip(amounts, others, strict=True))


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
        if len(some) > ITEMS_TOLD:
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
