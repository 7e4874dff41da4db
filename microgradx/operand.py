"""What takes part in an operation: one real number, or what decides what applying an operation to it means."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .operation import Op


class Operand:
    """What takes part in an operation and decides what applying one means: a `Value` records it, a tape appends it."""

    __slots__ = ()

    def apply(self, op: Op, operands: Sequence[Any]) -> Any:
        """What `op` applied to `operands`, of which this is one, gives."""
        raise NotImplementedError(f"{type(self).__name__} must say what applying an operation to it means")

    def belongs(self, place: Any) -> None:
        """Called with the place of the module that gave it."""


class LeftGraph(TypeError):
    """A node was to become a plain number; `remedy` says what to write, if anything keeps the graph."""

    def __init__(self, text: str, called: str | None, remedy: str | None) -> None:
        super().__init__(text)
        self.called, self.remedy = called, remedy


V = TypeVar("V", bound=Operand)
"""What an operation among whose operands one such is gives: another of its kind."""


def number(value: Any) -> float:
    """`value` as a Python float, if it is one real number.

    >>> number(True), number(3)
    (1.0, 3.0)

    Strings, None, complex numbers, arrays with several elements and Values raise a TypeError that says what to write instead.
    """
    if type(value) is float:  # nearly always; asking the abstract class takes five times as long
        return value
    kind = getattr(getattr(value, "dtype", None), "kind", "f")  # numpy's dates and durations count as integers elsewhere
    if isinstance(value, (int, numbers.Real)) and kind not in "mM":
        try:
            return float(value)
        except OverflowError:  # an int or a Fraction beyond 1.8e308, as IEEE 754 rounds it
            return -math.inf if value < 0 else math.inf
    if isinstance(value, Operand):
        raise TypeError(f"{value!r} is in a graph already: use it as it is, or .data for its number")
    if isinstance(value, str):
        raise TypeError(f"{value!r} is a string, not a number: write float({value!r}) if it spells one")
    if isinstance(value, numbers.Complex) and kind not in "mM":
        raise TypeError(f"{value!r} is complex, the engine works on real numbers: write its .real or .imag")
    if hasattr(value, "shape") and hasattr(value, "item"):
        if value.shape != ():
            raise TypeError(f"an array of shape {value.shape} is not one number: write [Value(v) for v in array.flat]")
        if kind in "biufcO":
            return number(value.item())
    if isinstance(value, (list, tuple)):
        raise TypeError(f"{value!r} is a {type(value).__name__}, not a number: write [Value(v) for v in it], one for each number")
    if hasattr(value, "__float__") and kind == "f":
        raise TypeError(f"{value!r} is a {type(value).__name__}, the engine works on floats: write float({value!r})")
    raise TypeError(f"{value!r} ({type(value).__name__}) is not a number: write a float such as 1.0")


def unboxed(x: Any) -> Any:
    """What a 0-d array holds, as numpy's `where` and `tensordot` make them of Values; anything else as it is."""
    return x.item() if getattr(x, "shape", None) == () and hasattr(x, "item") else x
