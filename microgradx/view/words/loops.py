"""What a variable held before: the rounds of a loop that computed it, told apart as `h @ 1`, `h @ 2` and so on."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

from ...engine import Value

NEAR, FEWEST_ROUNDS, ENOUGH_ROUNDS = 24, 4, 8
"""Values of a round at most; rounds that make a loop if they have several operations and an input in common, and anyway."""

Kind = tuple[str, tuple[str, ...]]


class Round(NamedTuple):
    """The value of a variable in the round before, the inputs on the way to it, and how many operations lie there."""

    value: Value
    inputs: frozenset[Value]
    length: int


def earlier_rounds(variables: Mapping[Value, str], named: Container[Value]) -> dict[Value, tuple[str, int]]:
    """(variable, round) of every value that a variable held in an earlier round of a loop, among those that are not `named`.

    >>> h, w = Value(1.0), Value(0.5)
    >>> for _ in range(5):
    ...     h = (h * w).tanh()
    >>> list(earlier_rounds({h: "h"}, {h, w}).values())
    [('h', 4), ('h', 3), ('h', 2), ('h', 1)]

    A loop is seen by its rounds, which are alike: the same operations and, if there are few, an input that all of them use.
    """
    found: dict[Value, tuple[str, int]] = {}
    for value, name in variables.items():
        rounds: list[Round] = []
        kind = _kind(value)
        while kind is not None and (before := _before(rounds[-1].value if rounds else value, kind, named, found)) is not None:
            rounds.append(before)
        if not rounds or (kind is not None and kind[0] in ("add", "subtract") and rounds[0].length == 1):
            continue  # a running sum is one sum
        shared = frozenset.intersection(*(each.inputs for each in rounds))
        if len(rounds) + 1 >= ENOUGH_ROUNDS or (len(rounds) + 1 >= FEWEST_ROUNDS and shared and rounds[0].length > 1):
            for number, each in zip(range(len(rounds), 0, -1), rounds, strict=True):
                found.setdefault(each.value, (name, number))
    return found


def _kind(node: Value) -> Kind | None:
    """The operation that made a value, and those that made its operands."""
    if node.op is None:
        return None
    below = [x.op.name if x.op else "" for x in node.parents if isinstance(x, Value)]
    return node.op.name, tuple(below[:NEAR])


def _alike(earlier: Kind | None, kind: Kind) -> bool:
    """Whether a value may be that of an earlier round; the first one may start from inputs."""
    if earlier is None or earlier[0] != kind[0] or len(earlier[1]) != len(kind[1]):
        return False
    return all(one in (other, "") for one, other in zip(earlier[1], kind[1], strict=True))


def _before(value: Value, kind: Kind, named: Container[Value], taken: Container[Value]) -> Round | None:
    """The nearest value below that is made alike, if nobody named it or anything on the way.

    What is `taken` is an earlier round of another variable: of `h[0]`, if that of `h[1]` is sought.
    """
    seen = {value}
    pending = [value]
    for node in pending:
        for operand in node.parents[:NEAR]:
            if not isinstance(operand, Value) or operand in seen:
                continue
            seen.add(operand)
            if operand.op is not None and operand not in named and operand not in taken:
                if _alike(_kind(operand), kind):
                    below = (x for node in pending for x in node.parents[:NEAR])
                    inputs = frozenset(x for x in below if isinstance(x, Value) and x.op is None)
                    return Round(operand, inputs, len(pending))
                pending.append(operand)
        if len(pending) > NEAR:
            break
    return None
