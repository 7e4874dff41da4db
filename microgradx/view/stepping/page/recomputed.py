"""The graph of a pass as data and script, with which a page computes values and gradients anew, by the table's own rules."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from ....engine import Value
from ....operation import Op
from ....tables import printable
from ....translate import javascript
from ...wording import Pass
from ...words.notation import SPOKEN
from ...words.rules_in_words import in_words
from ...words.signed import unnamed

BRING_NAMES = 1000
"""Values up to which each brings its own name to a folded page."""


class Recomputed(NamedTuple):
    """What a page needs to compute a graph: its nodes as JSON, and one JavaScript function for each operation and its rules."""

    data: str
    script: str


class CannotRecompute(Exception):
    """The sentence that says why a page shows only what was recorded."""


def recomputed(of: Pass, units: Mapping[str, Any] | None = None) -> Recomputed:
    """The graph of a pass for a page; operations and constants stand in it once; `units` say how it is folded.

    >>> from microgradx.view.stepping.stepper import stepper
    >>> x = Value(3.0, label="x")
    >>> print(recomputed(stepper(x * 2.0).shared).data)
    {"names":["x",...],"operations":["multiply"],"templates":["{} * {}"],"op":[-1,0],"of":[[],[0,-1]],"constants":[2.0],...}

    An operand is the place of a node, or -1, -2, ... for a constant. Raises CannotRecompute for an operation that JavaScript
    cannot say, such as one of your own without `array=`.
    """
    order = of.trace.order
    place = {node: k for k, node in enumerate(order)}
    kinds: dict[tuple[Op, int], int] = {}
    constants: dict[str, int] = {}
    operations, operands = [], []
    for node in order:
        parents = node.parents
        operations.append(-1 if node.op is None else kinds.setdefault((node.op, len(parents)), len(kinds)))
        number = [-1 if isinstance(x, Value) else constants.setdefault(repr(x), len(constants)) for x in parents]
        operands.append([place[x] if isinstance(x, Value) else -1 - k for x, k in zip(parents, number, strict=True)])
    data = {
        "names": _names(of, units["part"] if units and len(order) > BRING_NAMES else None),
        "operations": [op.name for op, _ in kinds],
        "templates": [SPOKEN.get(op.name, op.template) for op, _ in kinds],
        "op": operations,
        "of": operands,
        "constants": [_json_number(float(text)) for text in constants],
        "parameters": [place[node] for node in order if node.op is None and of.trace.owners.get(node)],
        "rules": [_rules(op) for op, _ in kinds],
        "leaves": {place[node]: _json_number(of.trace.recorded[node]) for node in order if node.op is None},
    }
    text = json.dumps({**data, **(units or {})}, separators=(",", ":"), allow_nan=False)
    text = text.replace("<", "\\u003c")  # no name ends the script element
    return Recomputed(text, _script(list(kinds)))


def _names(of: Pass, whose: Sequence[int] | None) -> list[str]:
    """What values are called; of a large network the page itself names what a unit computes, and what nobody named."""
    if whose is None:
        return [printable(of.names[node]) for node in of.trace.order]
    names = []
    for part, node in zip(whose, of.trace.order, strict=True):
        made_up = node is not of.trace.output and unnamed(of.names[node])
        names.append("" if node.op and (part >= 0 or made_up) else printable(of.names[node]))
    return names


@lru_cache
def _rules(op: Op) -> list[str]:
    """The rules of an operation for each of its operands, as a page tells them; none where one is a number and tells itself."""
    if op.arity is None:
        return []
    try:
        slopes = in_words(op)[1]
    except Exception:  # a rule of somebody's own may refuse Values
        return []
    telling = {name: slope for name, slope in slopes.items() if any(map(str.isalpha, slope))}
    return [f"d/d{name} = {telling[name]}" if name in telling else "" for name in slopes]


def _json_number(x: float) -> float | str:
    """A number as JSON has it; infinities and nan, which it has not, as JavaScript reads them."""
    return x if math.isfinite(x) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(x, "NaN")


def _script(kinds: list[tuple[Op, int]]) -> str:
    """The operations as `table`: of each its function and that of its local derivatives."""
    rows = []
    for op, count in kinds:
        written = javascript(op, count)
        if written is None:
            raise CannotRecompute(f"This page shows what was recorded: {op.name} has no array form that it could compute with.")
        rows.append(f"[{written.value}, {written.slopes}]")
    table = "const table = [\n" + ",\n".join(rows) + "\n];\n"
    special = files("microgradx").joinpath("special.js").read_text(encoding="utf-8") if "special." in table else ""
    return special + table
