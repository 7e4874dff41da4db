"""Arguments as flat numbers and back: numbers, arrays, and sequences or dicts of them in any nesting."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from ..engine import Value
from ..operation import Operand, number
from ..transforms import Argnums, places
from .run.array_program import Array


class Data(tuple[float, ...]):
    """Numbers that were read from Values."""

    __slots__ = ()


class DictKind(NamedTuple):
    """A type of dict, with what it is made of besides its items: what a defaultdict calls where a key is missing."""

    kind: Callable[..., dict[Any, Any]]
    first: tuple[Any, ...]

    @classmethod
    def of(cls, x: dict[Any, Any]) -> DictKind:
        """The kind of dict that `x` is."""
        return cls(type(x), (x.default_factory,) if isinstance(x, defaultdict) else ())

    def made(self, items: dict[Any, Any]) -> dict[Any, Any]:
        """A dict of this kind."""
        return self.kind(*self.first, items)


def flatten(x: Any, chunks: list[Any]) -> Any:
    """Append the numbers of `x` to `chunks`, in order; return its structure, which is what a program is made for.

    >>> chunks = []
    >>> flatten([1, np.zeros((2, 3)), "mean"], chunks)
    (<class 'list'>, ('number', ('array', (2, 3)), ('static', 'mean')))

    Strings, bools, None and objects that are not numbers belong to the structure: another one is another program.
    """
    kind = type(x)
    if kind is float or kind is int:
        chunks.append((x if kind is float else number(x),))
        return "number"
    if kind is list or kind is tuple:
        if x and all(type(item) is float for item in x):
            chunks.append(x)
            return (kind, len(x))
        parts = tuple([flatten(item, chunks) for item in x])
        return (kind, parts if any(part != "number" for part in parts) else len(parts))
    if isinstance(x, Value):
        chunks.append(Data((x.data,)))
        return "number"
    if hasattr(kind, "__array__") and not issubclass(kind, np.generic):
        return flatten_array(plain(x), chunks)
    if isinstance(x, (list, tuple)):
        return (kind, tuple(flatten(item, chunks) for item in x))
    if isinstance(x, dict):
        return (DictKind.of(x), tuple((key, flatten(item, chunks)) for key, item in x.items()))
    if isinstance(x, Real) and kind is not bool:
        chunks.append((number(x),))
        return "number"
    if getattr(type(x), "__hash__", None) is object.__hash__ and not callable(x):
        refuse_frozen(x)
    return ("static", x)


def flatten_array(x: np.ndarray, chunks: list[Any]) -> Any:
    """`flatten` for an array of numbers, or of objects that are numbers or Values."""
    if x.dtype == object:
        held = any(isinstance(item, Value) for item in x.flat)
        chunks.append((Data if held else tuple)(item.data if isinstance(item, Value) else number(item) for item in x.flat))
        return ("array", x.shape)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"an array of dtype {x.dtype} is not made of real numbers: convert it with .astype(float)")
    chunks.append(x.ravel())
    return ("array", x.shape) if x.ndim else "number"


def plain(x: Any) -> np.ndarray:
    """An array that is no more than its numbers, as a file of them; any other one is refused."""
    if type(x) is np.ndarray or isinstance(x, np.memmap):
        return x
    raise TypeError(
        f"a {type(x).__name__} is more than its numbers (by a mask, a unit, labels or what * means), and only they would be "
        "recorded: pass the array that is meant, as np.asarray(x), or x.filled(0.0) if some are masked"
    )


def refuse_frozen(x: Any) -> None:
    """Refuse an object that is told from others by identity and holds or yields numbers: later ones would not be seen."""
    if hasattr(x, "__next__"):
        raise TypeError(f"{x!r} is used up when it is recorded: pass a list, as list(x)")
    for name, held in getattr(x, "__dict__", {}).items():
        if isinstance(held, (Real, np.ndarray)) and not isinstance(held, bool):
            raise TypeError(
                f"{type(x).__name__}.{name} is {held!r} in an object given as an argument: it would stay in the program, "
                "pass such numbers by themselves or in a dict"
            )


def rebuild(structure: Any, numbers: Iterator[Any]) -> Any:
    """The arguments of this structure with the next `numbers` in their places; an array holds floats or objects as they come."""
    if structure == "number":
        return next(numbers)
    kind, content = structure
    if kind == "array":
        flat = [next(numbers) for _ in range(int(np.prod(content)))]
        array = np.empty(len(flat), dtype=object if any(isinstance(x, Operand) for x in flat) else np.float64)
        array[:] = flat
        return array.reshape(content)
    if kind == "static":
        return content
    if isinstance(kind, DictKind):
        return kind.made({key: rebuild(item, numbers) for key, item in content})
    if isinstance(content, int):
        return kind(next(numbers) for _ in range(content))
    items = [rebuild(item, numbers) for item in content]
    return kind._make(items) if hasattr(kind, "_make") else kind(items)


def shaped(structure: Any, flat: Array) -> Any:
    """The same for plain floats: a number, a list, an array."""
    if structure == "number":
        return float(flat[0])
    if structure[0] == "array":
        return flat.reshape(structure[1]).copy()
    return rebuild(structure, iter(flat.tolist()))


def parts_of(structure: Any) -> tuple[Any, ...]:
    """The structures within one, in order."""
    if structure == "number" or structure[0] in ("array", "static") or isinstance(structure[1], int):
        return ()
    return tuple([item for _, item in structure[1]]) if isinstance(structure[0], DictKind) else structure[1]


def size(structure: Any) -> int:
    """How many numbers a structure holds."""
    if structure == "number":
        return 1
    kind, content = structure
    if kind == "array":
        return int(np.prod(content))
    if kind != "static" and isinstance(content, int):
        return content
    return sum(map(size, parts_of(structure)))


def fixed(structure: Any) -> bool:
    """Whether a structure holds an object with no place for a derivative; None and strings may stand among numbers."""
    if structure[0] == "static":
        return not (structure[1] is None or isinstance(structure[1], str))
    return any(map(fixed, parts_of(structure)))


class Call:
    """The arguments of one call: their structures, their numbers in one array, and which numbers belong to which argument."""

    def __init__(self, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        chunks: list[Any] = []
        self.parts = tuple([flatten(x, chunks) for x in (*args, *kwargs.values())])
        self.holds_values = any(type(chunk) is Data for chunk in chunks)
        self.names = tuple(kwargs)
        self.positional = len(args)
        self.numbers: Array = np.concatenate(chunks, dtype=np.float64) if chunks else np.zeros(0)

    def key(self) -> Any:
        """What decides whether a recorded program fits."""
        return self.parts, self.names

    def spans(self) -> list[tuple[int, int]]:
        """The numbers of argument i are `numbers[low:high]`."""
        ends = list(itertools.accumulate((size(part) for part in self.parts), initial=0))
        return list(itertools.pairwise(ends))

    def rebuilt(self, numbers: Iterator[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and named arguments with other numbers in their places."""
        every = [rebuild(part, numbers) for part in self.parts]
        return every[: self.positional], dict(zip(self.names, every[self.positional :], strict=True))


class Chosen:
    """The arguments of a call that derivatives are by: one, or several whose derivatives come as a tuple."""

    def __init__(self, call: Call, argnums: Argnums) -> None:
        self.places = places(argnums, call.positional)
        self.several = isinstance(argnums, Sequence)
        self.parts = [call.parts[k] for k in self.places]
        for k, part in zip(self.places, self.parts, strict=True):
            if fixed(part) or part[0] == "static":
                raise TypeError(f"argument {k} holds what is no number, so there is no gradient by it: pass its numbers alone")
        spans = call.spans()
        self.spans = tuple([spans[k] for k in self.places])

    def shaped(self, flat: Array) -> Any:
        """Flat derivatives in the shapes of these arguments."""
        found, start = [], 0
        for part, (low, high) in zip(self.parts, self.spans, strict=True):
            found.append(shaped(part, flat[start : start + high - low]))
            start += high - low
        return tuple(found) if self.several else found[0]
