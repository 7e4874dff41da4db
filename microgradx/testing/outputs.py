"""What f gives, as named numbers: one, or the entries of an array, a list or a dict."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..engine import Value
from ..modes import no_grad
from ..structure import Fixed, Structure, filled, flat, paths, words
from .c_functions import refuse_undeclared_inside
from .foreign import plain_form
from .line import EDGE_ERRORS

SHARED_POINTS = 4096  # points whose values the outputs share


def output_numbers(result: Any, f: Any) -> tuple[Structure, list[Any]]:
    """The structure and the numbers of whatever f returned."""
    plain, _ = plain_form(result)
    structure, numbers = flat(plain)
    if isinstance(structure, Fixed) or not numbers:
        kind = type(result).__name__
        raise TypeError(f"{called(f)} returned {result!r} ({kind}), not a number: return the number to differentiate")
    return structure, numbers


def one_number(result: Any, f: Any) -> Any:
    """The number in whatever f returned, as a float or as f left it."""
    kind = type(result)
    if kind is float or kind is int or kind is complex:
        return result
    if isinstance(result, Value):
        return result.data
    structure, numbers = output_numbers(result, f)
    if len(numbers) > 1:
        raise TypeError(
            f"{called(f)} returned {len(numbers)} outputs ({words(structure)}), a slope needs one: check their sum, one at a "
            "time, or all with check_gradient"
        )
    return numbers[0].data if isinstance(numbers[0], Value) else numbers[0]


def called(f: Any) -> str:
    """The name of f, or f."""
    return getattr(f, "__name__", None) or getattr(f, "name", None) or type(f).__name__


class Outputs:
    """The numbers that f gives, each a function of the inputs; they share what f gave at the points asked about last."""

    def __init__(self, call: Callable[[Sequence[float]], Any], f: Any, point: Sequence[float]) -> None:
        self._call, self._f = call, f
        self._seen: dict[tuple[float, ...], list[Any]] = {}
        try:
            with no_grad():
                result = call(point)
        except EDGE_ERRORS:  # as one number that is not there; the measurement says so
            result = math.nan
        except TypeError as error:
            if "integer" in str(error):
                error.add_note("every number in at is moved, as a float: name those that derivatives are by with wrt=")
            raise
        if type(result) is int:
            refuse_undeclared_inside(f)
        self.structure, numbers = output_numbers(result, f)
        self._way = plain_form(result)[1]
        self.single = len(numbers) == 1
        name = called(f)
        self.paths = list(paths(self.structure, name if name.isidentifier() else "f"))
        self.start = [x.data if isinstance(x, Value) else x for x in numbers]

    def __len__(self) -> int:
        return len(self.paths)

    def all(self, point: Sequence[float]) -> list[Any]:
        """Every output at `point`, as plain numbers."""
        key = tuple(point)
        if key not in self._seen:
            with no_grad():
                numbers = output_numbers(self._call(point), self._f)[1]
            if len(numbers) != len(self.paths):
                raise TypeError(
                    f"{called(self._f)} gave {len(numbers)} outputs at one point and {len(self.paths)} at another: a derivative "
                    "needs as many everywhere"
                )
            if len(self._seen) >= SHARED_POINTS:
                self._seen.clear()
            self._seen[key] = [x.data if isinstance(x, Value) else x for x in numbers]
        return self._seen[key]

    def repeats(self, point: Sequence[float]) -> bool:
        """Whether f gives the same numbers again."""
        try:
            with no_grad():
                again = output_numbers(self._call(point), self._f)[1]
        except EDGE_ERRORS:
            again = [math.nan]
        return [repr(x.data if isinstance(x, Value) else x) for x in again] == list(map(repr, self.start))

    def shaped(self, numbers: Sequence[float]) -> Any:
        """Something shaped like what f gives, with these numbers."""
        return self._way(filled(self.structure, numbers))

    def node(self, result: Any, k: int) -> Any:
        """Output k of what f returned, as it stands there."""
        return output_numbers(result, self._f)[1][k]
