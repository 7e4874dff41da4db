"""Numbers that came as one array, put into the structures of arguments and results."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter, methodcaller
from typing import Any

import numpy as np

from ..structure import MANY_NUMBERS, ONE, Branch, Grid, NamedModel, One, Row, Structure, filled, size
from .run.array_program import Array


def as_result(structure: Structure, flat: Any) -> Any:
    """Numbers, in an array or as a list of Values, in this structure."""
    return arranger(structure)(flat) if isinstance(flat, np.ndarray) else filled(structure, flat)


def arranger(structure: Structure, as_slopes: bool = False, start: int = 0) -> Callable[[Array], Any]:
    """What arranges the numbers of an array from `start` on, or derivatives `as_slopes`, in this structure: made once for all."""
    span = slice(start, start + size(structure))
    match structure:
        case One():
            return methodcaller("item", start)
        case Row():
            return (lambda flat: flat[span].tolist()) if structure[0] is list else lambda flat: structure[0](flat[span].tolist())
        case Grid():  # a view of what a run gave, whose numbers are in no other hands
            (shape,) = structure
            return itemgetter(span) if len(shape) == 1 else lambda flat: flat[span].reshape(shape)
        case Branch():
            container, keys, within = structure
            starts = [low for low, _ in neighbours(within)]
            if len(within) > 1 and all(map(few_listed, within)):
                items = itemgetter(*[k if part == ONE else slice(k, k + part[1]) for k, part in zip(starts, within, strict=True)])
                return lambda flat: container.made(keys, [*items(flat[span].tolist())])
            inner = [arranger(part, as_slopes, start + k) for k, part in zip(starts, within, strict=True)]
            if container.kind is dict:
                return lambda flat: dict(zip(keys, [f(flat) for f in inner], strict=True))
            return lambda flat: container.made(keys, [f(flat) for f in inner])
        case NamedModel() if as_slopes:
            return lambda flat: dict(zip(structure[1], flat[span].tolist(), strict=True))
    return lambda flat: structure[0]


def few_listed(structure: Structure) -> bool:
    """Whether this is a number or a list of few, which all together are made of an array at once."""
    return structure == ONE or (isinstance(structure, Row) and structure[0] is list and structure[1] <= MANY_NUMBERS)


def neighbours(within: Iterable[Structure]) -> Iterator[tuple[int, int]]:
    """Where the numbers of structures begin and end that follow each other."""
    return itertools.pairwise(itertools.accumulate(map(size, within), initial=0))
