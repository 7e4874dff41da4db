"""Numbers that came as one array, put into the structures of arguments and results."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter, methodcaller
from typing import Any

import numpy as np

from ..structure import ONE, Branch, Grid, NamedModel, One, Row, Structure, filled, size
from .run.array_program import Array


def as_result(structure: Structure, flat: Any) -> Any:
    """Numbers, in an array or as a list of Values, in this structure."""
    return arranger(structure)(flat) if isinstance(flat, np.ndarray) else filled(structure, flat)


def arranger(structure: Structure, as_slopes: bool = False) -> Callable[[Array], Any]:
    """What arranges an array of numbers, or derivatives `as_slopes`, in this structure; worked out once for all calls."""
    match structure:
        case One():
            return methodcaller("item", 0)
        case Row():
            return methodcaller("tolist") if structure[0] is list else lambda flat: structure[0](flat.tolist())
        case Grid():
            return lambda flat: flat.reshape(structure[0])  # of a run, whose numbers are in no other hands
        case Branch():
            container, keys, within = structure
            if within.count(ONE) == len(within):
                return lambda flat: container.made(keys, flat.tolist())
            spans = [slice(*span) for span in neighbours(within)]
            if len(within) > 1 and all(part == ONE or (isinstance(part, Row) and part[0] is list) for part in within):
                items = itemgetter(*[span.start if part == ONE else span for part, span in zip(within, spans, strict=True)])
                return lambda flat: container.made(keys, [*items(flat.tolist())])
            inner = [arranger(part, as_slopes) for part in within]
            return lambda flat: container.made(keys, [f(flat[span]) for f, span in zip(inner, spans, strict=True)])
        case NamedModel() if as_slopes:
            return lambda flat: dict(zip(structure[1], flat.tolist(), strict=True))
    return lambda flat: structure[0]


def neighbours(within: Iterable[Structure]) -> Iterator[tuple[int, int]]:
    """Where the numbers of structures begin and end that follow each other."""
    return itertools.pairwise(itertools.accumulate(map(size, within), initial=0))
