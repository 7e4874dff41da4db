"""What a variable held before: the rounds of a loop that computed it, told apart as `h @ 1`, `h @ 2` and so on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from typing import NamedTuple

from ...engine import Value

NEAR, FOR_EACH_UNIT = 24, 16  # values of a round at most, and for each variable that is made alike as many more
FEWEST_ROUNDS, ENOUGH_ROUNDS = 4, 8  # that make a loop if they have several operations and an input in common, and anyway

Kind = tuple[str, tuple[str, ...]]


class Below(NamedTuple):
    """What a value is made from: values made alike, nearest first, with how often each is read, and the inputs on the way there.

    `ways` has a number for the operations that lead to each, `length` is how many operations there are before the nearest.
    """

    alike: dict[Value, int]
    inputs: frozenset[Value]
    ways: dict[Value, int]
    length: int


def earlier_rounds(variables: Mapping[Value, str], named: Container[Value]) -> dict[Value, tuple[str, int]]:
    """(variable, round) of every value that a variable held in an earlier round of a loop, among those that are not `named`.

    >>> h, w = Value(1.0), Value(0.5)
    >>> for _ in range(5):
    ...     h = (h * w).tanh()
    >>> list(earlier_rounds({h: "h"}, {h, w}).values())
    [('h', 4), ('h', 3), ('h', 2), ('h', 1)]

    A loop is seen by its rounds, which are alike: the same operations and, if there are few, an input that all of them use. Of
    several values made alike, as the units of a layer, the one before has the most inputs in common with the one after it.
    """
    kinds = {value: _kind(value) for value in variables}
    loops = {kind: _Loop(kind, units, named, variables) for kind, units in Counter(kinds.values()).items()}
    found: dict[Value, tuple[str, int]] = {}
    for value, name in variables.items():
        rounds = loops[kinds[value]].rounds(value)
        for number, each in zip(range(len(rounds), 0, -1), rounds, strict=True):
            found.setdefault(each, (name, number))
    return found


class _Loop:
    """The rounds of the variables that are made alike, as many as there are `units`."""

    def __init__(self, kind: Kind, units: int, named: Container[Value], variables: Container[Value]) -> None:
        self.kind, self.named, self.variables = kind, named, variables
        self.most, self.wide = NEAR + FOR_EACH_UNIT * units, NEAR + units
        self.known: dict[Value, Below] = {}

    def rounds(self, value: Value) -> list[Value]:
        """What the variable that holds a value held before, the latest first; nothing if that is no loop."""
        found: list[Value] = []
        first = below = self.below(value)
        shared, reads, way = below.inputs, 0, 0
        while below.alike:
            likely = [each for each in below.alike if not found or below.ways[each] == way]
            if not likely:
                break
            before = max(likely, key=lambda each: len(self.below(each).inputs & below.inputs))
            way, reads, shared = below.ways[before], max(reads, below.alike[before]), shared & below.inputs
            found.append(before)
            if _kind(before) != self.kind:
                break  # the first round, which starts from inputs
            below = self.below(before)
        count = len(found) + 1
        if self.kind[0] in ("add", "subtract") and first.length == reads == 1:
            return []  # a running sum is one sum
        return found if count >= ENOUGH_ROUNDS or (count >= FEWEST_ROUNDS and shared and first.length > 1) else []

    def below(self, value: Value) -> Below:
        """What a value is made from, down to values made alike, to what somebody named, or as far as one looks."""
        if value not in self.known:
            alike: dict[Value, int] = {}
            ways, pending, length = {value: 0}, [value], 0
            for node in pending:
                if len(pending) > self.most:
                    break
                for operand in node.parents[: self.wide]:
                    if operand in alike:
                        alike[operand] += 1
                    elif isinstance(operand, Value) and operand not in ways and self.passes(operand):
                        ways[operand] = hash((ways[node], node.op and node.op.name))
                        latest = operand in self.variables
                        if not latest and _alike(_kind(operand), self.kind):
                            length = length or len(pending)
                            alike[operand] = 1
                        if latest or _kind(operand) != self.kind:
                            pending.append(operand)
            below = (x for node in pending for x in node.parents[: self.wide])
            inputs = frozenset(x for x in below if isinstance(x, Value) and x.op is None)
            self.known[value] = Below(alike, inputs, {each: ways[each] for each in alike}, length)
        return self.known[value]

    def passes(self, node: Value) -> bool:
        """Whether one looks below a value: a computed one that nobody named, but that a variable may hold by now."""
        return node.op is not None and (node not in self.named or node in self.variables)


def _kind(node: Value) -> Kind:
    """The operation that made a value, and those that made its operands."""
    below = [x.op.name if x.op else "" for x in node.parents if isinstance(x, Value)]
    return node.op.name if node.op else "", tuple(below[:NEAR])


def _alike(earlier: Kind, kind: Kind) -> bool:
    """Whether a value may be that of an earlier round; the first one may start from inputs."""
    if earlier[0] != kind[0] or len(earlier[1]) != len(kind[1]):
        return False
    return all(one in (other, "") for one, other in zip(earlier[1], kind[1], strict=True))
