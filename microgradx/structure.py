"""Numbers inside structures: lists, dicts, arrays, dataclasses and models taken apart, named by path, and put together again."""

from __future__ import annotations

import itertools
import marshal
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Real
from typing import Any

from .containers import Container, endless, every_item, is_array, is_model, opened, plain_container
from .operand import Operand, number


class Structure(tuple[Any, ...]):
    """How numbers stand in something, without the numbers; equal where a function may treat two things alike.

    >>> structure, numbers = flat({"w": [3.0, 4.0], "mode": "mean"})
    >>> numbers, list(paths(structure, "params")), size(structure)
    ([3.0, 4.0], ['params["w"][0]', 'params["w"][1]'], 2)
    >>> filled(structure, [5.0, 6.0])
    {'w': [5.0, 6.0], 'mode': 'mean'}
    """

    __slots__ = ()


class One(Structure):
    """A number by itself: ()."""

    __slots__ = ()


class Row(Structure):
    """(list or tuple, count): nothing but so many numbers, as most arguments are."""

    __slots__ = ()


class Grid(Structure):
    """(shape,): an array of numbers, or of objects that are numbers."""

    __slots__ = ()


class Fixed(Structure):
    """(object,): what is not a number, such as None, a bool, a string or a function. It stays what it is."""

    __slots__ = ()


class Static(Fixed):
    """(object, what tells it from others that are equal): an argument that belongs to the program, whatever it is."""

    __slots__ = ()


class Branch(Structure):
    """(container, keys, parts): its items are structures, numbers among them or not."""

    __slots__ = ()


class NamedModel(Structure):
    """(model, names, attributes): anything with `named_parameters()`. Its numbers are those parameters, each of them once.

    It is differentiated where it is, as its parameters are Values: put together it is the model itself.
    """

    __slots__ = ()


class Operands(tuple[Any, ...]):
    """Numbers of which some are Values (or recorded numbers)."""

    __slots__ = ()


ONE = One()
DICT = Container(dict)
MANY_NUMBERS = 32  # floats that are read at once


def flat(x: Any) -> tuple[Structure, list[Any]]:
    """The structure of `x` and its numbers in order: Values as they are, all others as floats.

    >>> flat((1, [2.5, None]))[1]
    [1.0, 2.5]

    What is not a number stays where it is. What holds itself is a ValueError.
    """
    chunks: list[Any] = []
    structure = apart(x, chunks)
    found: list[Any] = []
    for chunk in chunks:
        found += map(float, chunk.tolist()) if hasattr(chunk, "tolist") else chunk
    return structure, found


def apart(x: Any, chunks: list[Any]) -> Structure:
    """The structure of `x`; its numbers are appended to `chunks`: sequences and arrays of floats, and `Operands`."""
    try:
        return _apart(x, chunks)
    except RecursionError:
        raise endless(x) from None


def _apart(x: Any, chunks: list[Any]) -> Structure:
    kind = type(x)
    if kind is float or kind is int:
        chunks.append((x if kind is float else number(x),))
        return ONE
    if (kind is list or kind is tuple) and x:
        if len(x) > MANY_NUMBERS and (array := floats(x)) is not None:
            chunks.append(array)
            return Row((kind, len(x)))
        kinds = list(map(type, x))  # and counted: for a thousand numbers two thirds of the time of a set of them
        if kinds.count(float) == len(x):
            chunks.append(x)
            return Row((kind, len(x)))
        if all(item is float or item is int for item in kinds):
            chunks.append([number(item) for item in x])
            return Row((kind, len(x)))
        if all(item is float or issubclass(item, Operand) for item in kinds):
            chunks.append(Operands(x))
            return Row((kind, len(x)))
    if kind is dict:
        return Branch((DICT, tuple(x), tuple([_apart(item, chunks) for item in x.values()])))
    if issubclass(kind, Operand):
        chunks.append(Operands((x,)))
        return ONE
    if is_array(x):
        return _array_apart(plain_container(x), chunks)
    if (found := opened(x)) is not None:
        container, keys, items = found
        parts = tuple([_apart(item, chunks) for item in items])
        return in_sequence(kind, parts) if kind is list or kind is tuple else Branch((container, keys, parts))
    if is_model(x):
        return _model_apart(x, chunks)
    if isinstance(x, Real) and kind is not bool:
        chunks.append((number(x),))
        return ONE
    return Fixed((x,))


def in_sequence(kind: type, parts: tuple[Structure, ...]) -> Structure:
    """That of a list or a tuple of such parts."""
    count = len(parts)
    return Row((kind, count)) if all(part is ONE for part in parts) else Branch((Container(kind), range(count), parts))


def floats(x: Sequence[Any]) -> Any:
    """Floats as an array; None where anything else is among them."""
    if (written := floats_written(x)) is None:
        return None
    from numpy import ndarray

    return ndarray((len(x),), "<f8", written, 6, (9,))


def floats_written(x: Sequence[Any]) -> bytes | None:
    """Floats as bytes, eight for each at every ninth place from the sixth on; None where anything else is among them.

    One pass looks at each and copies it: marshal writes a float as the letter g and its eight bytes, so where this letter stands
    at every ninth place there is nothing else. Asking for types and converting then takes twice as long.
    """
    if type(x[0]) is not float or type(x[-1]) is not float:
        return None
    try:
        written = marshal.dumps(x, 2)  # type: ignore[arg-type]  # which says so by an error
    except ValueError:  # something that marshal cannot write
        return None
    count = len(x)
    return written if len(written) == 5 + 9 * count and written[5::9].count(b"g") == count else None


def _array_apart(x: Any, chunks: list[Any]) -> Structure:
    if x.dtype == object:
        items = [item if isinstance(item, Operand) else number(item) for item in x.flat]
        chunks.append(Operands(items) if any(isinstance(item, Operand) for item in items) else items)
    elif x.dtype.kind in "fiub":
        chunks.append(x.ravel())
    else:
        raise TypeError(f"an array of dtype {x.dtype} is not made of real numbers: convert it with .astype(float)")
    return Grid((x.shape,)) if x.ndim else ONE


def _model_apart(x: Any, chunks: list[Any]) -> Structure:
    names: dict[Any, str] = {}
    for name, parameter in x.named_parameters():
        names.setdefault(parameter, name)  # a weight used in two places is one number
    if names:
        chunks.append(Operands(names))
    attributes = [(path, leaf) for path, leaf in every_item(x) if leaf is None or isinstance(leaf, (str, Real)) or callable(leaf)]
    return NamedModel((x, tuple(names.values()), tuple(attributes)))


def parts(structure: Structure) -> tuple[Structure, ...]:
    """The structures within one, in order."""
    return structure[2] if isinstance(structure, Branch) else ()


def size(structure: Structure) -> int:
    """How many numbers a structure holds."""
    match structure:
        case One():
            return 1
        case Row():
            return int(structure[1])
        case Grid():
            return math.prod(structure[0])
        case NamedModel():
            return len(structure[1])
    return sum(map(size, parts(structure)))


def filled(structure: Structure, numbers: Iterable[Any]) -> Any:
    """The same thing with `numbers` in their places. A model stays itself, as it holds its own."""
    return _filled(structure, iter(numbers), False)


def slopes(structure: Structure, numbers: Iterable[Any]) -> Any:
    """The same thing made of derivatives: of a model a dict from path to slope, else as `filled`."""
    return _filled(structure, iter(numbers), True)


def _filled(structure: Structure, numbers: Iterator[Any], as_slopes: bool) -> Any:
    match structure:
        case One():
            return next(numbers)
        case Row():
            kind, count = structure
            return kind(itertools.islice(numbers, count))
        case Grid():
            return _array(list(itertools.islice(numbers, size(structure))), structure[0])
        case Branch():
            container, keys, inner = structure
            return container.made(keys, [_filled(part, numbers, as_slopes) for part in inner])
        case NamedModel():
            own = list(itertools.islice(numbers, size(structure)))
            return dict(zip(structure[1], own, strict=True)) if as_slopes else structure[0]
    return structure[0]


def _array(items: Sequence[Any], shape: tuple[int, ...]) -> Any:
    import numpy

    if all(issubclass(kind, float) for kind in set(map(type, items))):
        return numpy.array(items, dtype=float).reshape(shape)
    array = numpy.empty(len(items), dtype=object)
    for place, item in enumerate(items):  # one by one, as an item may be a list
        array[place] = item
    return array.reshape(shape)


def paths(structure: Structure, path: str) -> Iterator[str]:
    """How each number is written where the whole is called `path`."""
    match structure:
        case One():
            yield path
        case Row():
            yield from (f"{path}[{k}]" for k in range(structure[1]))
        case Grid():
            yield from (f"{path}[{', '.join(map(str, place))}]" for place in itertools.product(*map(range, structure[0])))
        case Branch():
            container, keys, inner = structure
            for key, part in zip(keys, inner, strict=True):
                yield from paths(part, path + container.suffix(key))
        case NamedModel():
            yield from (f"{path}.{name}" if path else name for name in structure[1])


def owned(structure: Structure) -> list[bool]:
    """For each number, whether it is a parameter of a model."""
    if isinstance(structure, Branch):
        return [own for part in parts(structure) for own in owned(part)]
    return [isinstance(structure, NamedModel)] * size(structure)


def words(structure: Structure) -> str:
    """What has this structure, for a message."""
    match structure:
        case One():
            return "a number"
        case Row():
            return f"a {structure[0].__name__} of {structure[1]}"
        case Grid():
            return f"an array of shape {structure[0]}"
        case Branch():
            return str(structure[0].words(structure[1]))
        case NamedModel():
            return f"a {type(structure[0]).__name__} with {size(structure)} parameters"
    return repr(structure[0])


def by_numbers(structure: Structure, argument: str) -> Structure:
    """The structure, if it is that of something derivatives may be by."""
    if not isinstance(structure, Fixed):
        return structure
    raise TypeError(
        f"{argument} is {structure[0]!r}, which holds no number, so there is no derivative by it: pass a number, a list, a dict, "
        "an array, a dataclass or a model"
    )


def laid_out(x: Any, like: Structure | None, what: str) -> list[Any]:
    """The numbers in `x` in the order in which `like` has its own: the same key, the same field, the same place of an array.

    >>> laid_out({"b": 1.0, "a": 2.0}, flat({"a": 0.0, "b": 0.0})[0], "the tangent")
    [2.0, 1.0]

    Lists, tuples and arrays stand for each other, and None for nothing. The caller counts what it gets.
    """
    if isinstance(like, Fixed) or x is None:
        return []
    if type(x) is list and not isinstance(like, (Branch, NamedModel)) and list(map(type, x)).count(float) == len(x):
        return x.copy()
    container, keys, inner = like if isinstance(like, Branch) else (Container(list), (), ())
    if isinstance(like, NamedModel):
        container, keys, inner = Container(dict), like[1], (ONE,) * size(like)
        x = dict(x.named_parameters()) if is_model(x) else x
    if isinstance(x, Mapping):
        if not issubclass(container.kind, Mapping):
            keys, inner = tuple(x), (None,) * len(x)
        if unknown := [key for key in x if key not in keys]:
            raise ValueError(f"{what} has an entry for {unknown[0]!r}, but the inputs there are {', '.join(map(repr, keys))}")
        pairs = [(x[key], part) for key, part in zip(keys, inner, strict=True) if key in x]
    elif is_array(x) and x.ndim:
        if isinstance(like, Grid) and like[0] != x.shape:
            raise ValueError(f"{what} has an array of shape {x.shape} for inputs of shape {like[0]}: is it transposed?")
        return flat(x)[1]
    elif (found := opened(x)) is not None:
        items = list(found[2])
        pairs = list(zip(items, inner if len(inner) == len(items) else [None] * len(items), strict=True))
    else:
        return [x if isinstance(x, Operand) else number(x)]
    return [number for item, part in pairs for number in laid_out(item, part, what)]
