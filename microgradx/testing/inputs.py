"""The numbers a function depends on: found in whatever it is called with, named by their path, and put back afterwards."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any

from ..engine import Value
from ..modes import no_grad


class Inputs:
    """Every number in `at`, with a path such as `params["w"][3]`, and f as a function of them all.

    With `graph` the numbers become Values that f is called with; without it f gets plain numbers. Values and the parameters
    of a model are nudged where they are. A tuple is taken as several arguments; an f without parameters is called bare, and
    then the paths are those of the Values it closes over, without the name of a parameter in front.
    """

    def __init__(self, f: Callable[..., Any], at: Any, graph: bool) -> None:
        self.f, self.graph = f, graph
        self.paths: list[str] = []
        self.start: list[float] = []
        self.leaves: list[Value | None] = []
        names = parameter_names(f)
        self.several = type(at) is tuple
        self.bare = names == []
        if self.several:
            self.at: Any = tuple(self._found(x, name) for x, name in zip(at, names or _numbered(at), strict=False))
        else:
            self.at = self._found(at, "" if self.bare else names[0] if names else "x")
        if not self.paths:
            raise TypeError(f"at={at!r} holds no number to differentiate by: pass a number, a list, a dict, Values or a model")
        self._stamps = [(leaf, leaf.data, leaf._stamp) for leaf in self.leaves if leaf is not None]

    def _found(self, x: Any, path: str) -> Any:
        """`x` with each number in it noted under its path; in `graph` mode with Values in place of numbers."""
        if isinstance(x, Value):
            return self._noted(path or x.label or "x", x.data, x)
        if hasattr(x, "named_parameters"):
            for name, parameter in x.named_parameters():
                self._noted(f"{path}.{name}" if path else name, parameter.data, parameter)
            return x
        if isinstance(x, Mapping):
            return {key: self._found(item, _keyed(path, key)) for key, item in x.items()}
        if isinstance(x, (list, tuple)):
            items = [self._found(item, f"{path}[{k}]") for k, item in enumerate(x)]
            return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
        if getattr(x, "shape", None) and x.dtype.kind in "fO":
            array = x.astype(object)
            for place in sorted(_places(x.shape)):
                array[place] = self._found(x[place], f"{path}[{', '.join(map(str, place))}]")
            return array
        if isinstance(x, numbers.Real) and not isinstance(x, bool):
            return self._noted(path or "x", float(x), Value(float(x), path or "x") if self.graph else None)
        return x

    def _noted(self, path: str, number: float, leaf: Value | None) -> Any:
        if leaf is not None and leaf.op is not None:
            raise ValueError(f"{path} is {leaf!r}, computed by {leaf.op.name}: only a leaf can be nudged, pass {path}.detach()")
        if leaf is not None and any(leaf is other for other in self.leaves):
            return leaf  # a weight used in two places is one input
        self.paths.append(path)
        self.start.append(number)
        self.leaves.append(leaf)
        return leaf if leaf is not None else _Slot(len(self.paths) - 1)

    def call(self, point: Sequence[float], f: Callable[..., Any] | None = None) -> Any:
        """What f (or another function of the same arguments) gives with the numbers at `point`."""
        for leaf, number in zip(self.leaves, point, strict=True):
            if leaf is not None and leaf.data != number:
                leaf.data = number
        if self.bare and f is None:
            return self.f()
        args = _filled(self.at, point)
        return (f or self.f)(*args) if self.several else (f or self.f)(args)

    def number(self, point: Sequence[float]) -> float:
        """f at `point` as a plain number, recording nothing."""
        with no_grad():
            return plain(self.call(point), self.f)  # type: ignore[no-any-return]  # the line of steps sees to its kind

    @contextmanager
    def restoring(self) -> Iterator[None]:
        """On leaving, also by an exception, every Value has the number it had, and graphs built from it stay usable."""
        try:
            yield
        finally:
            for leaf, data, stamp in self._stamps:
                leaf.data = data
                leaf._stamp = stamp  # the number is the old one, so what was built from it is not stale

    def again(self, f: Callable[..., Any]) -> Inputs:
        """The same inputs for another function of them."""
        other = copy(self)
        other.f = f
        return other

    def flat(self, gradient: Any, what: str) -> list[float]:
        """The numbers of a gradient shaped like `at`, in the order of the paths."""
        found = list(_flattened(gradient, self.at, what))
        if len(found) != len(self.paths):
            count = len(self.paths)
            raise ValueError(f"{what} gave {len(found)} number(s) for {count} input(s): give one for each, shaped alike")
        return found


class _Slot:
    """Marks the place of the k-th plain number."""

    def __init__(self, k: int) -> None:
        self.k = k


def parameter_names(f: Callable[..., Any]) -> list[str] | None:
    """The names of the positional parameters of f; None where Python cannot tell."""
    try:
        found = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in found):
        return None
    return [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def plain(result: Any, f: Callable[..., Any]) -> Any:
    """The number in whatever f returned, as a float or as f left it."""
    if isinstance(result, Value):
        return result.data
    if isinstance(result, (list, tuple)) or getattr(result, "shape", None):
        raise TypeError(
            f"{name_of(f)} returned {len(result)} outputs, a derivative check needs one: check their sum, or one at a time"
        )
    if not hasattr(result, "__float__") and not isinstance(result, complex):
        kind = type(result).__name__
        raise TypeError(f"{name_of(f)} returned {result!r} ({kind}), not a number: return the number to differentiate")
    return result


def name_of(f: Callable[..., Any]) -> str:
    """What to call f in a message."""
    return getattr(f, "__name__", None) or getattr(f, "name", None) or type(f).__name__


def _filled(x: Any, point: Sequence[float]) -> Any:
    if isinstance(x, _Slot):
        return point[x.k]
    if isinstance(x, dict):
        return {key: _filled(item, point) for key, item in x.items()}
    if isinstance(x, (list, tuple)):
        items = [_filled(item, point) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    if getattr(x, "shape", None) and x.dtype == object:
        filled = x.copy()
        for place in _places(x.shape):
            filled[place] = _filled(x[place], point)
        return filled.astype(float) if all(type(item) is float for item in filled.flat) else filled
    return x


def _flattened(x: Any, like: Any, what: str) -> Iterator[float]:
    """The numbers in `x`, in the order in which those of `like` stand: the same key, the same place of an array."""
    if isinstance(x, Mapping):
        keys = like if isinstance(like, Mapping) else x
        if unknown := [key for key in x if key not in keys]:
            raise ValueError(f"{what} gave a gradient for {unknown[0]!r}, but the inputs there are {', '.join(map(repr, keys))}")
        x, like = [x[key] for key in keys if key in x], [keys[key] for key in keys if key in x]
    if isinstance(x, (list, tuple)):
        alike = isinstance(like, (list, tuple)) and len(like) == len(x)
        for item, place in zip(x, like if alike else x, strict=True):
            yield from _flattened(item, place, what)
    elif shape := getattr(x, "shape", None):
        if getattr(like, "shape", shape) != shape:
            raise ValueError(f"{what} gave an array of shape {shape} for inputs of shape {like.shape}: is it transposed?")
        for item in x.flat:
            yield from _flattened(item, None, what)
    elif x is not None:
        yield x.data if isinstance(x, Value) else float(x)


def _places(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    places: list[tuple[int, ...]] = [()]
    for size in shape:
        places = [(*place, k) for place in places for k in range(size)]
    return places


def _keyed(path: str, key: Any) -> str:
    """The path of the item under `key`, as a reader would write it."""
    if not path:
        return str(key)
    return f'{path}["{key}"]' if isinstance(key, str) else f"{path}[{key!r}]"


def _numbered(at: Sequence[Any]) -> list[str]:
    return [f"args[{k}]" for k in range(len(at))]
