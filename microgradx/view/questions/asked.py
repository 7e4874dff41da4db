"""Which values a question is about: the one given, or every named input of the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from ...engine import Value
from ...order import topological_order
from ..words.signed import unnamed


class Shown(Protocol):
    """What a notebook shows in a cell."""

    def _repr_html_(self) -> str: ...


_Answer = TypeVar("_Answer", bound=Shown)
ANSWERS_TOLD = 12
"""So many answers are printed where every input was asked about."""


class EveryInput(dict[str, _Answer], Generic[_Answer]):
    """The answer for each input by its name; printing it shows one after the other."""

    def __repr__(self) -> str:
        told = [repr(answer) for _, answer in zip(range(ANSWERS_TOLD), self.values(), strict=False)]
        if more := len(self) - len(told):
            told.append(f"and {more} more inputs: ask about one by its name, such as {list(self)[-1]!r}")
        return "\n\n".join(told)

    def _repr_html_(self) -> str:
        return "".join(answer._repr_html_() for _, answer in zip(range(ANSWERS_TOLD), self.values(), strict=False))


def named_inputs(named: Mapping[Value, str]) -> Iterator[tuple[str, Value]]:
    """The inputs that somebody named, with their names; where nobody named any, all of them."""
    inputs = [(str(name), node) for node, name in named.items() if node.op is None]
    return iter([(name, node) for name, node in inputs if not unnamed(named[node])] or inputs)


def refuse_swapped(who: str, output: Value, wrt: object, names: tuple[str, str]) -> None:
    """Raise ValueError if the output of the question stands where the input belongs."""
    if isinstance(wrt, Value) and wrt is not output and output in topological_order(wrt):
        below, above = names
        told = f"{above} is made from {below}, so d{below}/d{above} is not a slope in this graph"
        raise ValueError(f"{told}: the arguments are swapped, write {who}({above}, {below})")
