"""Two exercises on a recorded pass: guess the gradients, and see what plain recursion would have computed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...chain import contribution
from ...engine import Value
from ...tables import table
from ..questions.paths import counted
from ..trace import Trace
from ..words.notation import number
from ..words.terminal import terminal_width, wrapped

_TOLERANCE = 1e-3
"""A guess is right if it is within this share of the gradient: by hand one rounds."""
VISITS = 200_000
"""Plain recursion is replayed only up to so many calls: it makes one per path."""


@dataclass(frozen=True, repr=False)
class Guess:
    """What was right in a guess; `right` maps each name to True or False, printing it tells how far off."""

    right: Mapping[str, bool]
    rows: tuple[tuple[str, str, str], ...]

    def __repr__(self) -> str:
        return "\n".join(table(self.rows, "<><"))


def judged(guesses: Sequence[tuple[str, object, float]], signs: bool) -> Guess:
    """The verdict on guesses of gradients, (name, guess, truth); with `signs`, only the sign is asked and told.

    >>> judged([("a", 6.0, 6.0), ("b", -3.0, -4.0), ("c", 9e-10, 1e-12)], signs=False)
    a  6    right
    b -3    wrong, off by 1
    c 9e-10 wrong, 900 times too large
    """
    right, rows = {}, []
    for name, guess, wanted in guesses:
        if isinstance(guess, bool) or not isinstance(guess, (int, float)):
            raise TypeError(f"the guess for {name} is {guess!r}, not a number: write for example s.guess({{{name!r}: 6.0}})")
        same_sign = (guess > 0) - (guess < 0) == (wanted > 0) - (wanted < 0)
        near = math.isclose(guess, wanted, rel_tol=_TOLERANCE) or (math.isnan(guess) and math.isnan(wanted))
        right[name] = same_sign and not math.isnan(wanted) if signs else near
        rows.append((name, number(guess), "right" if right[name] else _wrong(guess, wanted)))
    return Guess(right, tuple(rows))


def _wrong(guess: float, wanted: float) -> str:
    """How far a wrong guess is off, in words."""
    if math.isnan(guess) or math.isnan(wanted) or math.isinf(wanted):
        return "wrong" if math.isnan(guess) else "wrong, it is not finite"
    if not guess or not wanted:
        return "wrong, it is not 0" if wanted else "wrong, it is 0"
    if (guess > 0) != (wanted > 0):
        return "wrong sign"
    times = guess / wanted
    if 0.1 < times < 10.0:
        return f"wrong, off by {number(guess - wanted)}"
    return f"wrong, {number(max(times, 1.0 / times))} times too {'large' if times > 1.0 else 'small'}"


@dataclass(frozen=True, repr=False)
class Naive:
    """The gradients of plain recursion beside the right ones; `calls` is how often a value sent its gradient on."""

    gradients: Mapping[str, float]
    wrong: Mapping[str, tuple[float, float]]
    calls: int

    def __repr__(self) -> str:
        if self.calls > VISITS:
            told = f"plain recursion would make {counted(self.calls)} calls, one per path; not one per value"
            return "\n".join(wrapped(told, terminal_width()))
        if not self.wrong:
            return "\n".join(wrapped("plain recursion gives the same here: no computed value is used twice", terminal_width()))
        lines = wrapped("plain recursion sends on at every arrival, before the gradient is complete:", terminal_width())
        rows = [("  value", "right", "recursion")]
        rows += [(f"  {name}", number(right), number(naive)) for name, (right, naive) in list(self.wrong.items())[:12]]
        return "\n".join([*lines, *table(rows, "<>>")])


def naive(trace: Trace, named: Mapping[Value, str]) -> Naive:
    """What `for p in parents: p.grad += ...; p.backward()` computes, without the order that waits for all arrivals.

    >>> from microgradx.view.words.names import name_nodes
    >>> a = Value(1.0, "a"); b = a + a; c = b + b
    >>> trace = Trace(c)
    >>> naive(trace, name_nodes(trace.order)).wrong["a"]
    (4.0, 8.0)
    """
    paths = {trace.output: 1}
    for node, slot in zip(trace.column("node"), trace.column("slot"), strict=True):
        operand = node.parents[slot]
        paths[operand] = paths.get(operand, 0) + paths[node]
    calls = sum(paths.values())
    if calls > VISITS:
        return Naive({}, {}, calls)
    gradients = dict.fromkeys(trace.order, 0.0)
    gradients[trace.output] = 1.0
    pending = [trace.output]
    while pending:
        node = pending.pop()
        edges = [trace[place] for place in trace.out_of.get(node, ())]
        for edge in edges:
            gradients[edge.operand] += contribution(gradients[node], edge.local)
        pending += [edge.operand for edge in reversed(edges)]
    wrong = {
        named[node]: (trace.adjoints[node], gradients[node])
        for node in trace.order
        if not math.isclose(gradients[node], trace.adjoints[node], rel_tol=1e-12) and not math.isnan(gradients[node])
    }
    return Naive({named[node]: gradient for node, gradient in gradients.items()}, wrong, calls)
