"""Plain arguments, as most are: floats, alone and in lists and dicts, and arrays of floats, read in one pass."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..structure import DICT, MANY_NUMBERS, ONE, Branch, Grid, Row, Structure, floats_written
from .run.array_program import Array

FLOAT64 = np.dtype(np.float64)

Extent = Any
"""The structure of a plain argument in what hashes quickest: float, (list or tuple, count), (dict, keys, extents) or a shape."""

Plain = tuple[tuple[Extent, ...], Array]
"""The extents of the arguments of a call, and their numbers, of which an array may be the user's own."""


def read_at_once(args: Sequence[Any]) -> Plain | None:
    """The extents and numbers of plain arguments, None if anything else is among them, or something large beside others.

    >>> read_at_once(([2.0, 1.0], 3.0))
    (((<class 'list'>, 2), <class 'float'>), array([2., 1., 3.]))
    """
    kinds = tuple(map(type, args))
    if kinds.count(float) == len(kinds):
        return kinds, np.array(args, FLOAT64)
    if len(kinds) == 1:
        (x,), (kind,) = args, kinds
        if kind is np.ndarray and x.dtype is FLOAT64:
            return (x.shape,), x.ravel()
        if kind is list and len(x) > MANY_NUMBERS:
            if (written := floats_written(x)) is None:
                return None
            count = len(x)
            return ((list, count),), np.ndarray((count,), "<f8", written, 6, (9,))
    numbers: list[float] = []
    try:
        extents = extents_of(args, numbers)
    except RecursionError:  # dicts within dicts without end
        return None
    return None if extents is None else (extents, np.array(numbers, FLOAT64))


def extents_of(items: Iterable[Any], numbers: list[float]) -> tuple[Extent, ...] | None:
    """The extents of plain items, whose numbers are appended to `numbers`; None if one is large or not plain."""
    found: list[Extent] = []
    for x in items:
        kind = type(x)
        if kind is float:
            numbers.append(x)
            found.append(float)
        elif kind is list or kind is tuple:
            count = len(x)
            if not 0 < count <= MANY_NUMBERS or list(map(type, x)).count(float) < count:
                return None
            numbers += x
            found.append((kind, count))
        elif kind is dict:
            if (inner := extents_of(x.values(), numbers)) is None:
                return None
            found.append((dict, tuple(x), inner))
        elif kind is np.ndarray and x.dtype is FLOAT64 and x.size <= MANY_NUMBERS:
            numbers += x.ravel().tolist()
            found.append(x.shape)
        else:
            return None
    return tuple(found)


def structures(extents: Sequence[Extent]) -> tuple[Structure, ...]:
    """The structures of the arguments."""
    return tuple([structure_of_extent(extent) for extent in extents])


def structure_of_extent(extent: Extent) -> Structure:
    """The structure that an extent stands for."""
    if extent is float:
        return ONE
    if extent and extent[0] is dict:
        return Branch((DICT, extent[1], structures(extent[2])))
    return row_or_grid(extent)


@functools.lru_cache
def row_or_grid(extent: tuple[Any, ...]) -> Structure:
    """The structure of so many numbers in a list or a tuple, or of an array of this shape: made once."""
    if not extent:
        return ONE
    return Grid((extent,)) if type(extent[0]) is int else Row(extent)
