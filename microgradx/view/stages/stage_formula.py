"""The formula of a stage: how one of its values is made from other stages, sums of like terms written once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import reduce

from ...engine import Value
from ...operation import Op
from ..words.made_up import written_out
from ..words.notation import SPOKEN, number

ANY = "_"
"""An operand of which only matters that there is one."""
LONGEST_PART = 14
"""Letters of a name up to which it is written in a formula, and of a formula up to which it is a stage's name."""


def values_below(node: Value) -> list[Value]:
    """The operands of a value that are no plain numbers."""
    return [x for x in node.parents if isinstance(x, Value)]


def adds(node: Value) -> bool:
    """Whether a value is the sum of two."""
    return node.op is not None and node.op.name == "add"


def spoken(op: Op) -> str:
    """What an operation on a list is called, in the words of who wrote it: `softmax` for one share of it."""
    return SPOKEN.get(op.name, op.name).partition("(")[0]


def stage_formula(
    units: Sequence[Value],
    inside: Mapping[Value, Sequence[Value]],
    called: Callable[[Value], str],
    sums: Mapping[Value, Sequence[Value]],
) -> str:
    """How the longest units are made: `inside` has the operations of each, `called` says what these are made from.

    >>> w, x = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]
    >>> terms = [a * b for a, b in zip(w, x)]
    >>> total = terms[0] + terms[1]
    >>> stage_formula([total], {total: [*terms, total]}, lambda value: "w" if value in w else "x", {total: terms})
    'sum(w*x)'

    Numbers stand in it that all units have. `sums` has what each sum adds up; an addition that is not in it is part of one.
    """
    most = max(len(inside[unit]) for unit in units)
    longest = [unit for unit in units if len(inside[unit]) == most]
    last = _written(inside[longest[-1]], number, called, sums)
    if longest[0] is longest[-1] or last == _written(inside[longest[0]], number, called, sums):
        return last
    return _written(inside[longest[-1]], lambda x: ANY, called, sums)


def _written(
    nodes: Sequence[Value],
    plain: Callable[[float], str],
    called: Callable[[Value], str],
    sums: Mapping[Value, Sequence[Value]],
) -> str:
    """The formula of the last of some operations, each of which goes into it; `plain` writes a number."""
    texts: dict[Value, str] = {}

    def text(x: Value | float) -> str:
        if not isinstance(x, Value):
            return plain(x)
        return texts[x] if x in texts else called(x)

    for node in nodes:
        op = node.op
        assert op is not None
        if node in sums:
            alike = [f"sum({term})" if count > 1 else term for term, count in Counter(map(text, sums[node])).items()]
            texts[node] = reduce(lambda left, right: written_out(op, [left, right]), alike)
        elif op.arity is None:
            texts[node] = f"{spoken(op)}({', '.join(dict.fromkeys(map(text, node.parents)))})"
        elif not adds(node):
            texts[node] = written_out(op, [text(x) for x in node.parents])
    return texts[nodes[-1]]
