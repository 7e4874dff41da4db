"""The arguments of a call of a compiled function: their structures, their numbers as one array, and derivatives by them."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Iterator, Sequence
from numbers import Number, Real
from typing import Any

import numpy as np

from ..containers import Container, opened
from ..engine import Value
from ..structure import (
    MANY_NUMBERS,
    ONE,
    Branch,
    Fixed,
    Grid,
    NamedModel,
    One,
    Operands,
    Row,
    Static,
    Structure,
    apart,
    by_numbers,
    filled,
    owned,
    parts,
    size,
    slopes,
)
from ..transforms import rates
from ..variables import Argnums, places
from .arrange import arranger, neighbours
from .plain_arguments import FLOAT64, Plain, row_or_grid, structures
from .run.array_program import Array

TUPLE = Container(tuple)


def exactly(x: Any) -> Any:
    """What tells `x` from what is equal to it: types and the signs of zeros, in tuples and frozensets too.

    >>> 1 == True, exactly(1) == exactly(True), (0.0,) == (-0.0,), exactly((0.0,)) == exactly((-0.0,))
    (True, False, True, False)
    """
    if isinstance(x, tuple):
        return type(x), *map(exactly, x)
    if isinstance(x, frozenset):
        return type(x), frozenset([(item, exactly(item)) for item in x])
    return (type(x), str(x)) if isinstance(x, Number) and not x else type(x)


class Call:
    """The arguments of one call: their structures, their numbers in one array, and which of these are Values.

    Where an argument is `fixed`, by its place or by its name, the numbers in it are part of the structure. Plain arguments may
    have been `read` already.
    """

    __slots__ = ("arguments", "names", "numbers", "parts", "positional", "values")

    def __init__(
        self, args: Sequence[Any], kwargs: dict[str, Any], fixed: Iterable[int | str] = (), read: Plain | None = None
    ) -> None:
        self.arguments = every = (*args, *kwargs.values()) if kwargs else args
        self.names, self.positional = tuple(kwargs) if kwargs else (), len(args)
        self.values: dict[int, Value] = {}  # by place among the numbers
        self.parts: tuple[Structure, ...]
        if read is not None:
            extents, numbers = read
            self.parts, self.numbers = structures(extents), numbers if numbers.base is None else np.array(numbers)
            return
        chunks: list[Any] = []
        if fixed:
            keys = (*range(len(args)), *kwargs)
            self.parts = tuple(
                [Static((x, exactly(x))) if key in fixed else taken_apart(x, chunks) for key, x in zip(keys, every, strict=True)]
            )
        else:
            self.parts = tuple([taken_apart(x, chunks) for x in every])
        self.numbers = self.joined(chunks)

    def joined(self, chunks: list[Any]) -> Array:
        """All numbers in one array."""
        if len(chunks) != 1:
            kinds = set(map(type, chunks))
            if Operands in kinds:
                self.read(chunks)
            if np.ndarray in kinds:
                return np.concatenate(chunks, dtype=np.float64)
            return packed([*itertools.chain.from_iterable(chunks)])
        if type(chunks[0]) is Operands:
            self.read(chunks)
        return packed(chunks[0])

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
        return list(neighbours(self.parts))

    def owned(self) -> dict[int, Value]:
        """The numbers that are parameters of a model among the arguments, by their place."""
        if not self.values:
            return {}
        own = [own for part in self.parts for own in owned(part)]
        return {place: value for place, value in self.values.items() if own[place]}

    def whole(self) -> dict[int, int]:
        """The numbers that were given as whole numbers, such as an index, by their places."""
        given = itertools.chain.from_iterable(map(originals, self.parts, self.arguments))
        return {k: int(x) for k, x in enumerate(given) if isinstance(x, (int, np.integer)) and not isinstance(x, bool)}

    def rebuilt(self, numbers: Iterator[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and named arguments with other numbers in their places."""
        every = [filled(part, numbers) for part in self.parts]
        return every[: self.positional], dict(zip(self.names, every[self.positional :], strict=True))


def originals(structure: Structure, x: Any) -> Iterator[Any]:
    """The numbers of `x` as they were given, in the order of the floats that stand for them; None for parameters of a model."""
    match structure:
        case One():
            yield x.item() if isinstance(x, np.ndarray) else x
        case Grid():
            yield from x.flat
        case Row():
            yield from x
        case Branch():
            container = opened(x)
            for part, item in zip(parts(structure), container[2] if container else (), strict=True):
                yield from originals(part, item)
        case NamedModel():
            yield from itertools.repeat(None, size(structure))


def original_at(call: Call, place: int) -> Any:
    """The number at a place among those of a call, as it was given."""
    k, low = next((k, low) for k, (low, high) in enumerate(call.spans()) if place < high)
    return next(itertools.islice(originals(call.parts[k], call.arguments[k]), place - low, None))


def taken_apart(x: Any, chunks: list[Any]) -> Structure:
    """The structure of an argument, whose numbers are appended to `chunks`."""
    if type(x) is np.ndarray and x.dtype is FLOAT64:  # as `apart` would find out in 2 us
        chunks.append(x.ravel())
        return row_or_grid(x.shape)
    return apart(x, chunks)


def packed(numbers: Sequence[float] | Array) -> Array:
    """Floats as an array; of many in a third of the time that numpy takes to look at each."""
    if len(numbers) < MANY_NUMBERS or type(numbers) is np.ndarray:
        return np.array(numbers, FLOAT64)
    return np.frombuffer(struct.pack(f"{len(numbers)}d", *numbers))


def refuse_frozen(structure: Structure) -> None:
    """Refuse an object that is told from others by identity and holds or yields numbers: later ones would not be seen.

    A static one may hold them: they are to stay in the program.
    """
    for part in parts(structure):
        refuse_frozen(part)
    if not isinstance(structure, Fixed):
        return
    x = structure[0]
    if getattr(type(x), "__hash__", None) is not object.__hash__ or callable(x):
        return
    if hasattr(x, "__next__"):
        raise TypeError(f"{x!r} is used up when it is recorded: pass a list, as list(x)")
    if isinstance(structure, Static):
        return
    for name, held in getattr(x, "__dict__", {}).items():
        if isinstance(held, (Real, np.ndarray)) and not isinstance(held, bool):
            raise TypeError(
                f"{type(x).__name__}.{name} is {held!r} in an object given as an argument: it would stay in the program, "
                "pass such numbers by themselves, in a dict or in a dataclass"
            )


class Chosen:
    """The arguments of a call that derivatives are by: one, or several whose derivatives come as a tuple."""

    def __init__(self, call: Call, argnums: Argnums) -> None:
        self.places = places(argnums, call.positional)
        self.parts = [call.parts[k] for k in self.places]
        for k, part in zip(self.places, self.parts, strict=True):
            by_numbers(part, f"argument {k}")
        spans = call.spans()
        self.spans = tuple([spans[k] for k in self.places])
        if not isinstance(argnums, Sequence):
            (self.whole,) = self.parts
        else:
            count, numbers = len(self.parts), self.parts.count(ONE) == len(self.parts)
            self.whole = Row((tuple, count)) if numbers else Branch((TUPLE, range(count), tuple(self.parts)))
        self.arrange = arranger(self.whole, True)

    def shaped(self, flat: Any) -> Any:
        """Flat derivatives, in an array or as a list of Values, in the shapes of these arguments; of a model a dict."""
        return self.arrange(flat) if type(flat) is np.ndarray else slopes(self.whole, iter(flat))

    def rates(self, tangents: Sequence[Any]) -> list[Any]:
        """The numbers of the tangents of these arguments, in their order."""
        return [rate for k, part in zip(self.places, self.parts, strict=True) for rate in rates(tangents[k], part, k)]
