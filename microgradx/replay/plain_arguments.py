"""Plain arguments, as most are: numbers, in lists, tuples and dicts, and arrays of floats, read in one pass."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..structure import DICT, MANY_NUMBERS, ONE, Branch, Grid, Row, Structure, floats_written, in_sequence
from .run.array_program import Array

FLOAT64 = np.dtype(np.float64)
FLOAT_OR_INT = frozenset({float, int})

Extent = Any
"""The structure of a plain argument in what hashes quickest: float, a shape, (list or tuple, count) of numbers, and of other
things (list or tuple, None, extents) or (dict, keys, extents)."""

Plain = tuple[tuple[Extent, ...], Array]
"""The extents of the arguments of a call, and their numbers, of which an array may be the user's own."""


def read_at_once(args: Sequence[Any]) -> Plain | None:
    """The extents and numbers of plain arguments, None if anything else is among them.

    >>> read_at_once(([2.0, 1.0], 3))
    (((<class 'list'>, 2), <class 'float'>), array([2., 1., 3.]))
    """
    first = type(args[0]) if args else float
    if first is float:
        kinds = tuple(map(type, args))
        if kinds.count(float) == len(kinds):
            return kinds, np.array(args, FLOAT64)
    elif first is np.ndarray and len(args) == 1 and args[0].dtype is FLOAT64:
        return (args[0].shape,), args[0].ravel()
    numbers: list[Any] = []
    arrays: list[tuple[int, Array]] = []
    try:
        extents = extents_of(args, numbers, arrays)
        if extents is None:
            return None
        if len(arrays) == 1 and not numbers:
            return extents, arrays[0][1]
        others = [x for x in numbers if type(x) is not float]  # of a few in a third of the time of looking at types in C
        if others and not FLOAT_OR_INT.issuperset(map(type, others)):
            return None
        few = np.array(numbers, FLOAT64)
    except (RecursionError, OverflowError):  # dicts within dicts without end, an int that no float holds
        return None
    return extents, among(few, arrays) if arrays else few


def extents_of(items: Iterable[Any], numbers: list[Any], arrays: list[tuple[int, Array]]) -> tuple[Extent, ...] | None:
    """The extents of items, None if one is not plain, but what stands between two numbers in a list is taken for one.

    What is taken for numbers is appended to `numbers`; where there are many, an array of them to `arrays`, with its place.
    """
    found: list[Extent] = []
    for x in items:
        kind = type(x)
        if kind is float or kind is int:
            numbers.append(x)
            found.append(float)
        elif (kind is list or kind is tuple) and x:
            if type(x[0]) in FLOAT_OR_INT and type(x[-1]) in FLOAT_OR_INT:
                found.append((kind, count := len(x)))
                if count <= MANY_NUMBERS or (written := floats_written(x)) is None:
                    numbers += x
                else:
                    arrays.append((len(numbers), np.ndarray((count,), "<f8", written, 6, (9,))))
            elif (inner := extents_of(x, numbers, arrays)) is not None:
                found.append((kind, None, inner))
            else:
                return None
        elif kind is dict:
            if (inner := extents_of(x.values(), numbers, arrays)) is None:
                return None
            found.append((dict, tuple(x), inner))
        elif kind is np.ndarray and x.dtype is FLOAT64:
            if x.size > MANY_NUMBERS:
                arrays.append((len(numbers), x.ravel()))
            else:
                numbers += x.ravel().tolist()
            found.append(x.shape)
        else:
            return None
    return tuple(found)


def among(few: Array, arrays: list[tuple[int, Array]]) -> Array:
    """Numbers with arrays put in at places among them."""
    chunks, low = [], 0
    for place, array in arrays:
        if low < place:
            chunks.append(few[low:place])
            low = place
        chunks.append(array)
    return np.concatenate([*chunks, few[low:]])


def structures(extents: Sequence[Extent]) -> tuple[Structure, ...]:
    """The structures of the arguments."""
    return tuple([structure_of_extent(extent) for extent in extents])


def structure_of_extent(extent: Extent) -> Structure:
    """The structure that an extent stands for."""
    if extent is float:
        return ONE
    if len(extent) < 3 or type(extent[0]) is int:
        return row_or_grid(extent)
    kind, keys, inner = extent
    return Branch((DICT, keys, structures(inner))) if kind is dict else in_sequence(kind, structures(inner))


@functools.lru_cache
def row_or_grid(extent: tuple[Any, ...]) -> Structure:
    """The structure of so many numbers in a list or a tuple, or of an array of this shape: made once."""
    if not extent:
        return ONE
    return Grid((extent,)) if type(extent[0]) is int else Row(extent)
