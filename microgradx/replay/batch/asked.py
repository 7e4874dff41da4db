"""What is asked of a batch: which numbers are added up over the samples, and which are kept for each of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from ...structure import Branch, Grid, NamedModel, One, Row, Structure, size, slopes
from ...transforms import stacked
from ...variables import Argnums
from ..arguments import Chosen
from ..arrange import arranger, neighbours
from ..derivatives import ADDING, Spans, rows, values_first
from ..program import Program
from ..run.array_program import Array
from ..specialization import Recording
from ..tape.recorder import Recorder
from .batch_program import BatchPlan

Varying = Sequence[tuple[tuple[int, int], list[int]]]
"""The numbers low..high of an argument that differs from sample to sample, and how many of them each of its arrays has."""


class BatchInquiry:
    """A question about a program of one sample, as a program for many.

    Derivatives are by the numbers low..high of the `spans`; those that are `varying` differ from sample to sample, and then so do
    derivatives by them; so do the inputs at the places `added`. `values` tells of each output of the program whether it is kept
    for every sample, or added up over them; `kept` tells it of each number of the answer. The first `undivided` of those kept are
    no share of a mean.
    """

    def __init__(
        self,
        program: Program,
        name: str,
        spans: Spans,
        varying: Varying,
        values: Sequence[bool],
        undivided: int = 0,
        added: Sequence[Sequence[int]] = (),
    ) -> None:
        widths = dict(varying)
        slopes = [span in widths for span in spans for _ in range(*span)]
        self.kept = kept_of_each(name, list(values), slopes)
        self.places = [0] * len(self.kept)  # of each number among those that are added up, or among those that are kept
        met = [0, 0]
        for k, keep in enumerate(self.kept):
            self.places[k] = met[keep]
            met[keep] += 1
        self.values = values_first(name, len(values))  # of all, how many are no derivatives
        self.beside = sum(self.kept[: self.values])  # and of those kept
        self.undivided = self.beside if name == "aux" else undivided * (len(slopes) if name == "jacobian" else 1)
        self.added = added_places(name, spans, widths, len(program.tape.inputs), values)

        def split(tape: Recorder) -> tuple[list[int], list[int]]:
            pairs = list(zip(rows(tape, program.outputs, name, program.chosen(spans)), self.kept, strict=True))
            return [row for row, keep in pairs if not keep], [row for row, keep in pairs if keep]

        def as_eager() -> tuple[Recorder, list[int], list[int]]:
            other = program.recorded_tape.as_eager()
            return other, *split(other)

        with program.tape.lock:
            tape = program.tape.copy() if name in ADDING else program.tape
            summed, kept = split(tape)
            own = [part for (low, _), counts in varying for part in cut_up(tape.inputs[low:], counts)]
            own += [[tape.inputs[place] for place in places] for places in (*added, *self.added)]
            again = program.derived or name in ADDING or name == "hessian"
            told = 1 if name == "aux" else self.values
            self.plan = BatchPlan(tape, summed, own, kept, told, as_eager if again else None)


class BatchAnswer:
    """The numbers that answer a question: the sums over the samples, and a row of those kept for each of them."""

    def __init__(self, asked: BatchInquiry, recording: Recording, sums: Array, each: Array) -> None:
        self.asked, self.recording, self.sums, self.each = asked, recording, sums, each

    def part(self, low: int, high: int) -> tuple[bool, Array]:
        """Whether numbers low..high of the answer, which are of one kind, are kept for each sample; and these."""
        keep = low < high and self.asked.kept[low]
        first = self.asked.places[low] if low < high else 0
        return keep, self.each[:, first : first + high - low] if keep else self.sums[first : first + high - low]

    def result(self, low: int = 0) -> Any:
        """What the function gives, from number `low` on."""
        structure = self.recording.result
        keep, found = self.part(low, low + size(structure))
        return along_samples(structure, found) if keep else self.recording.arrange(found)

    def value(self) -> Any:
        """The value of a function of one number."""
        keep, found = self.part(0, 1)
        return found[:, 0] if keep else found.item()

    def aux(self, structure: Structure) -> Any:
        """What stands beside the value, for each sample."""
        first = 0 if self.sums.size else 1  # behind the value, where that is kept too
        return along_samples(structure, self.each[:, first : first + size(structure)])

    def slopes(self, by: Chosen, argnums: Argnums, low: int) -> Any:
        """Derivatives by the chosen arguments, from number `low` on."""
        found = []
        for part in by.parts:
            keep, numbers = self.part(low, low + size(part))
            found.append(along_samples(part, numbers, True) if keep else arranger(part, True)(numbers))
            low += size(part)
        return tuple(found) if isinstance(argnums, Sequence) else found[0]

    def matrix(self, part: Structure, result: Structure) -> Any:
        """The derivatives of each number of `result` by those of `part`."""
        count = size(part)
        keep, found = self.part(0, len(self.asked.kept))
        if not keep:
            rows = [arranger(part, True)(found[k : k + count]) for k in range(0, len(found), max(count, 1))]
            return stacked(result, rows)
        if isinstance(result, Grid) and isinstance(part, (Grid, One)):
            return found.reshape(len(found), *result[0], *(part[0] if isinstance(part, Grid) else ()))
        return slopes(
            result, [along_samples(part, found[:, k : k + count], True) for k in range(0, found.shape[1], max(count, 1))]
        )


def kept_of_each(name: str, values: list[bool], slopes: list[bool]) -> list[bool]:
    """Whether each number of an answer is kept for every sample, given which values and which derivatives are.

    >>> kept_of_each("jacobian", [False, False], [False, True])
    [False, True, False, True]
    """
    first = any(values[:1])
    match name:
        case "gradient":
            return [first, *[first or slope for slope in slopes]]
        case "aux":
            return [first, *[True] * (len(values) - 1), *[first or slope for slope in slopes]]
        case "jacobian":
            return [value or slope for value in values for slope in slopes]
        case "hessian":
            return [first or slope for slope in slopes] * len(slopes)
        case "hvp":
            return [first or slope for slope in slopes]
        case "pulled":
            return slopes
    return values * (2 if name == "jvp" else 1)


def added_places(
    name: str, spans: Spans, widths: dict[tuple[int, int], list[int]], inputs: int, values: Sequence[bool]
) -> list[Sequence[int]]:
    """Of the inputs that a question adds behind so many others those for which each sample has numbers of its own, by array."""
    if name == "pulled":  # a weight for each output
        own = [inputs + k for k, keep in enumerate(values) if keep]
        return [own] if own else []
    found: list[Sequence[int]] = []
    for low, high in spans if name in ADDING else ():  # a direction, those by samples for each sample
        found += cut_up(range(inputs, inputs + high - low), widths.get((low, high), []))
        inputs += high - low
    return found


def grids(structure: Structure) -> list[int]:
    """How many numbers the arrays in a sample have."""
    return [count for part in structure[2] for count in grids(part)] if isinstance(structure, Branch) else [size(structure)]


def cut_up(rows: Sequence[int], widths: Sequence[int]) -> Iterator[Sequence[int]]:
    """The first rows, so many at a time."""
    return (rows[high - width : high] for width, high in zip(widths, itertools.accumulate(widths), strict=True))


def along_samples(structure: Structure, columns: Array, as_slopes: bool = False) -> Any:
    """Columns of numbers, a row for each sample, in this structure: arrays whose first axis is that of the samples.

    >>> import numpy as np
    >>> from microgradx.structure import flat
    >>> along_samples(flat({"a": 0.0, "b": 0.0})[0], np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    {'a': array([1., 3., 5.]), 'b': array([2., 4., 6.])}

    Nothing is copied.
    """
    match structure:
        case One():
            return columns[:, 0]
        case Row():
            return structure[0](columns.T)
        case Grid():
            return columns.reshape(len(columns), *structure[0])
        case Branch():
            container, keys, within = structure
            spans = neighbours(within)
            return container.made(
                keys, [along_samples(part, columns[:, slice(*span)], as_slopes) for part, span in zip(within, spans, strict=True)]
            )
        case NamedModel() if as_slopes:
            return dict(zip(structure[1], columns.T, strict=True))
    return structure[0]
