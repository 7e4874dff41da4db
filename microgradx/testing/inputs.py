"""The numbers a function depends on: found in whatever it is called with, named by their path, and put back afterwards."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any

from ..engine import Value
from ..modes import no_grad
from ..structure import Structure, filled, flat, laid_out, paths


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
        self.args: list[tuple[Structure, list[int]]] = []  # each argument, and which input each of its numbers is
        if self.several:
            for x, name in zip(at, names or _numbered(at), strict=False):
                self._add(x, name)
        else:
            self._add(at, "" if self.bare else names[0] if names else "x")
        if not self.paths:
            raise TypeError(f"at={at!r} holds no number to differentiate by: pass a number, a list, a dict, Values or a model")
        self._stamps = [(leaf, leaf.data, leaf._stamp) for leaf in self.leaves if leaf is not None]

    def _add(self, x: Any, name: str) -> None:
        """One more argument: each number in it is an input, noted under its path; in `graph` mode as a Value."""
        structure, numbers = flat(x)
        places = []
        for path, item in zip(paths(structure, name), numbers, strict=True):
            leaf = item if isinstance(item, Value) else Value(item, path or "x") if self.graph else None
            path = path or (leaf.label if leaf is not None else None) or "x"
            if leaf is not None and leaf.op is not None:
                raise ValueError(
                    f"{path} is {leaf!r}, computed by {leaf.op.name}: only a leaf can be nudged, pass {path}.detach()"
                )
            known = [k for k, other in enumerate(self.leaves) if leaf is not None and leaf is other]
            places += known or [len(self.paths)]  # a weight used in two places is one input
            if not known:
                self.paths.append(path)
                self.start.append(item.data if isinstance(item, Value) else item)
                self.leaves.append(leaf)
        self.args.append((structure, places))

    def call(self, point: Sequence[float], f: Callable[..., Any] | None = None) -> Any:
        """What f (or another function of the same arguments) gives with the numbers at `point`."""
        for leaf, number in zip(self.leaves, point, strict=True):
            if leaf is not None and leaf.data != number:
                leaf.data = number
        if self.bare and f is None:
            return self.f()
        numbers = [x if leaf is None else leaf for leaf, x in zip(self.leaves, point, strict=True)]
        return (f or self.f)(*[filled(structure, [numbers[k] for k in places]) for structure, places in self.args])

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
        given = gradient if self.several and isinstance(gradient, (list, tuple)) else (gradient,)
        likes = [structure for structure, _ in self.args]
        found = [
            x.data if isinstance(x, Value) else x
            for one, like in zip(given, likes if len(likes) == len(given) else [None] * len(given), strict=True)
            for x in laid_out(one, like, what)
        ]
        if len(found) != len(self.paths):
            count = len(self.paths)
            raise ValueError(f"{what} gave {len(found)} number(s) for {count} input(s): give one for each, shaped alike")
        return found


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


def _numbered(at: Sequence[Any]) -> list[str]:
    return [f"args[{k}]" for k in range(len(at))]
