"""The arguments of a call of a compiled function: their structures, their numbers as one array, and derivatives by them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any

import numpy as np

from ..engine import Value
from ..structure import FLOATS, ONE, Fixed, Grid, Operands, Structure, apart, by_numbers, filled, owned, parts, size, slopes
from ..transforms import rates
from ..variables import Argnums, places
from .run.array_program import Array

SEQUENCES = {list, tuple, Operands}


class Call:
    """The arguments of one call: their structures, their numbers in one array, and which numbers belong to which argument."""

    def __init__(self, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        chunks: list[Any] = []
        every = (*args, *kwargs.values())
        if set(map(type, every)) == FLOATS:
            chunks.append(every)
            self.parts: tuple[Structure, ...] = (ONE,) * len(every)
        else:
            self.parts = tuple([apart(x, chunks) for x in every])
        self.names = tuple(kwargs)
        self.positional = len(args)
        self.values: dict[int, Value] = {}  # by place among the numbers
        kinds = set(map(type, chunks))
        if Operands in kinds:
            self.read(chunks)
        if len(chunks) == 1:
            self.numbers: Array = np.array(chunks[0], dtype=np.float64)
        elif kinds <= SEQUENCES:  # many short ones at once take a fifth of the time of one after the other
            self.numbers = np.array([*itertools.chain.from_iterable(chunks)], dtype=np.float64)
        else:
            self.numbers = np.concatenate(chunks, dtype=np.float64)

    def read(self, chunks: list[Any]) -> None:
        """Put numbers in place of Values, which are noted under their places."""
        start = 0
        for k, chunk in enumerate(chunks):
            if type(chunk) is Operands:
                self.values |= {start + place: x for place, x in enumerate(chunk) if type(x) is not float}
                chunks[k] = [x if type(x) is float else x.data for x in chunk]  # a number that is being recorded refuses
            start += len(chunk)

    def key(self) -> Any:
        """What decides whether a recorded program fits."""
        return self.parts, self.names

    def spans(self) -> list[tuple[int, int]]:
        """The numbers of argument i are `numbers[low:high]`."""
        ends = list(itertools.accumulate(map(size, self.parts), initial=0))
        return list(itertools.pairwise(ends))

    def owned(self) -> dict[int, Value]:
        """The numbers that are parameters of a model among the arguments, by their place."""
        if not self.values:
            return {}
        own = [own for part in self.parts for own in owned(part)]
        return {place: value for place, value in self.values.items() if own[place]}

    def rebuilt(self, numbers: Iterator[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and named arguments with other numbers in their places."""
        every = [filled(part, numbers) for part in self.parts]
        return every[: self.positional], dict(zip(self.names, every[self.positional :], strict=True))


def refuse_frozen(structure: Structure) -> None:
    """Refuse an object that is told from others by identity and holds or yields numbers: later ones would not be seen."""
    for part in parts(structure):
        refuse_frozen(part)
    if not isinstance(structure, Fixed):
        return
    (x,) = structure
    if getattr(type(x), "__hash__", None) is not object.__hash__ or callable(x):
        return
    if hasattr(x, "__next__"):
        raise TypeError(f"{x!r} is used up when it is recorded: pass a list, as list(x)")
    for name, held in getattr(x, "__dict__", {}).items():
        if isinstance(held, (Real, np.ndarray)) and not isinstance(held, bool):
            raise TypeError(
                f"{type(x).__name__}.{name} is {held!r} in an object given as an argument: it would stay in the program, "
                "pass such numbers by themselves, in a dict or in a dataclass"
            )


def shaped(structure: Structure, flat: Any) -> Any:
    """Derivatives, in an array or as a list of Values, in this structure: a number, a list, an array; for a model a dict."""
    if not isinstance(flat, np.ndarray):
        return slopes(structure, flat)
    if isinstance(structure, Grid):
        return flat.reshape(structure[0]).copy()
    return float(flat[0]) if structure == ONE else slopes(structure, flat.tolist())


class Chosen:
    """The arguments of a call that derivatives are by: one, or several whose derivatives come as a tuple."""

    def __init__(self, call: Call, argnums: Argnums) -> None:
        self.places = places(argnums, call.positional)
        self.several = isinstance(argnums, Sequence)
        self.parts = [call.parts[k] for k in self.places]
        for k, part in zip(self.places, self.parts, strict=True):
            by_numbers(part, f"argument {k}")
        spans = call.spans()
        self.spans = tuple([spans[k] for k in self.places])

    def shaped(self, flat: Any) -> Any:
        """Flat derivatives in the shapes of these arguments."""
        found, start = [], 0
        for part, (low, high) in zip(self.parts, self.spans, strict=True):
            found.append(shaped(part, flat[start : start + high - low]))
            start += high - low
        return tuple(found) if self.several else found[0]

    def rates(self, tangents: Sequence[Any]) -> list[Any]:
        """The numbers of the tangents of these arguments, in their order."""
        return [rate for k, part in zip(self.places, self.parts, strict=True) for rate in rates(tangents[k], part, k)]
