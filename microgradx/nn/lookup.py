"""Losses, activations and starting rules by name; an unknown name gets the one that was probably meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from .. import argument_hints
from ..nearest import nearest

Thing = TypeVar("Thing")

def known(what: str, name: str, table: Mapping[str, Thing], otherwise: str) -> Thing:
    """The entry of a table; else an error with the name that was probably meant.

    >>> known("loss", "mse", {"mse": 1}, "a function")
    1
    """
    if name in table:
        return table[name]
    plain = name.lower().replace("-", "_").replace(" ", "_")
    meant = argument_hints.MEANT.get(plain, plain)
    near = [meant] if meant in table else nearest(meant, table, alike=0.7)
    if name.lower() == "softmax":
        hint = "a softmax looks at a whole layer: leave the output linear, nn.cross_entropy has it inside; "
    else:
        hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(f"{what}={name!r} is not known: {hint}write one of {', '.join(table)}, or {otherwise}")
