"""The numbers a function depends on: found in whatever it is called with, named by their path, and put back afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any

from ..containers import endless
from ..engine import Value
from ..modes import no_grad
from ..structure import Structure, filled, flat, paths
from .c_functions import refuse_undeclared, told_call, told_gradient_call
from .foreign import ComplexParts, WayBack, plain_form
from .gradient_layout import jacobian_rows, miscounted, numbers_like
from .outputs import called, one_number
from .parameters import keyword_names, parameter_names, told_arguments

Patterns = str | Sequence[str]
MIRRORED = re.compile(r"^(.*)\[(\d+)(, |\]\[)(\d+)\]$")  # an entry of a matrix: S[2, 0] or S[2][0]


class Inputs:
    """Every number in `at`, with a path such as `params["w"][3]`, and f as a function of them all.

    With `graph` the numbers become Values that f is called with; without it f gets plain numbers, in the containers and of the
    dtype that `at` has. Values and the parameters of a model are nudged where they are. A tuple is taken as several arguments,
    and so is a dict for an f that takes keywords only; an f without parameters is called bare, and then the paths are those of
    the Values it closes over, without the name of a parameter in front. What `wrt` leaves out stays as it is; entries of a
    matrix that `symmetric` names move together with those they mirror.
    """

    def __init__(
        self, f: Callable[..., Any], at: Any, graph: bool, wrt: Patterns | None = None, symmetric: Patterns | None = None
    ) -> None:
        self.f, self.graph = f, graph
        self.paths: list[str] = []
        self.start: list[float] = []
        self.leaves: list[Value | None] = []
        self._places: dict[Value, int] = {}
        self.constants: list[Any] = []  # numbers that no derivative is taken by
        self.args: list[tuple[Structure, list[int], WayBack]] = []  # each argument, and which input each of its numbers is
        refuse_undeclared(f)
        self._wrt, self._symmetric = chosen_by(wrt), chosen_by(symmetric)
        self._take_arguments(at)
        if not self.paths:
            if wrt and (every := Inputs(f, at, graph).paths):
                free = ", ".join(every[:8])
                raise TypeError(f"at holds no number that wrt={wrt!r} names: write the beginning of one of {free}")
            raise TypeError(
                f"at={at!r} holds no number to differentiate by: pass a number, a list, a dict, an array, Values or a model"
            )
        if lost := [path for path, x in zip(self.paths, self.start, strict=True) if x != x]:
            raise ValueError(f"at holds nan: {', '.join(lost[:3])}{' ...' * (len(lost) > 3)}: write numbers")
        for option, chosen in (("wrt", wrt), ("symmetric", symmetric)):
            for pattern in [chosen] if isinstance(chosen, str) else chosen or ():
                if not any(map(chosen_by(pattern), self.paths)):
                    known = ", ".join(self.paths[:8])
                    raise ValueError(f"{option} names {pattern!r}, but the inputs are {known}: write the beginning of a path")
        self.values: Callable[[Sequence[float]], float] | None = None  # one output of an f that gives several
        self._stamps = [(leaf, leaf.data, leaf._stamp) for leaf in self.leaves if leaf is not None]

    def _take_arguments(self, at: Any) -> None:
        """Part `at` into arguments: a tuple, or a dict of keywords, holds several."""
        names, keywords = parameter_names(self.f), keyword_names(self.f)
        self.several, self.bare = type(at) is tuple, names == [] and not keywords
        self.keywords: list[str] | None = None
        if keywords and not names and isinstance(at, dict):
            self.keywords = list(map(str, at))
            for name, x in at.items():
                self._add(x, str(name))
        elif self.several:
            if names is not None and len(at) > len(names):
                raise TypeError(
                    f"at holds {len(at)} arguments, but {called(self.f)} takes {len(names)} ({', '.join(names)}): a tuple is "
                    "several arguments, write a list for one of several numbers"
                )
            for x, name in zip(at, names or [f"args[{k}]" for k in range(len(at))], strict=False):
                self._add(x, name)
        else:
            self._add(at, "" if self.bare else names[0] if names else "x")

    def _add(self, x: Any, name: str) -> None:
        """One more argument: each number in it is an input, noted under its path; in `graph` mode as a Value."""
        try:
            plain, way = plain_form(x, name, self._wrt if self._wrt is not _every else None, typed=not self.graph)
        except RecursionError:
            raise endless(x) from None
        structure, numbers = flat(plain)
        places = []
        for path, item in zip(paths(structure, name), numbers, strict=True):
            if not self._wrt(path):
                self.constants.append(item)
                places.append(-len(self.constants))
                continue
            leaf = item if isinstance(item, Value) else Value(item, path or "x") if self.graph else None
            path = path or (leaf.label if leaf is not None else None) or "x"
            if leaf is not None and leaf.op is not None:
                raise ValueError(
                    f"{path} is {leaf!r}, computed by {leaf.op.name}: only a leaf can be nudged, pass {path}.detach()"
                )
            known = self._places.get(leaf) if leaf is not None else None  # a weight used in two places is one input
            if known is None:
                known = self._mirrored(path, float(item.data if isinstance(item, Value) else item))
            places.append(len(self.paths) if known is None else known)
            if known is None:
                if leaf is not None:
                    self._places[leaf] = len(self.paths)
                self.paths.append(path)
                self.start.append(item.data if isinstance(item, Value) else item)
                self.leaves.append(leaf)
        if self.graph and any(isinstance(part, ComplexParts) for part in (plain, *(plain if isinstance(plain, list) else ()))):
            raise TypeError(f"{name} is {x!r}, but Values are real numbers: pass its real and imaginary part as two inputs")
        self.args.append((structure, places, way))

    def _mirrored(self, path: str, number: float) -> int | None:
        """The input that `path` moves with, as the other half of a symmetric matrix."""
        if self._symmetric is _every or not self._symmetric(path) or not (found := MIRRORED.match(path)):
            return None
        matrix, row, between, column = found.groups()
        other = f"{matrix}[{column}{between}{row}]"
        if row == column or other not in self.paths:
            return None
        k = self.paths.index(other)
        if self.start[k] != number:
            raise ValueError(f"{path} = {number!r} and {other} = {self.start[k]!r}, so {matrix} is not symmetric")
        return k

    def arguments(self, point: Sequence[float]) -> list[Any]:
        """What f is called with at `point`."""
        numbers: list[Any] = list(point)
        if self._places:
            for leaf, number in zip(self.leaves, point, strict=True):
                if leaf is not None and leaf.data != number:
                    leaf.data = number
            numbers = [x if leaf is None else leaf for leaf, x in zip(self.leaves, point, strict=True)]
        numbers += self.constants[::-1]
        return [way(filled(structure, [numbers[k] for k in places])) for structure, places, way in self.args]

    def shaped(self, numbers: Sequence[float]) -> list[Any]:
        """Something shaped like each argument, with a number for each input and 0 for what is not an input."""
        padded = [*numbers, *[0.0] * len(self.constants)]
        return [way(filled(structure, [padded[k] for k in places])) for structure, places, way in self.args]

    def call(self, point: Sequence[float], f: Callable[..., Any] | None = None, *more: Any) -> Any:
        """What f (or another function of the same arguments, and `more`) gives with the numbers at `point`."""
        arguments, function = self.arguments(point), f or self.f
        try:
            if self.bare and f is None:
                return self.f()
            if self.keywords is not None:
                return function(*more, **dict(zip(self.keywords, arguments, strict=True)))
            return function(*arguments, *more)
        except Exception as error:
            given = [*arguments, *more]
            if f is not None:
                told = told_gradient_call(f, error, given)
            else:
                too_few = told_arguments(self.f, called(self.f), error, len(given))
                told = too_few or told_call(self.f, error, given, self.graph)
            if told is error:
                raise
            raise told from error

    def number(self, point: Sequence[float]) -> float:
        """f at `point` as a plain number, recording nothing."""
        if self.values is not None:
            return self.values(point)
        with no_grad():
            return one_number(self.call(point), self.f)  # type: ignore[no-any-return]  # the line of steps sees to its kind

    @contextmanager
    def restoring(self) -> Iterator[None]:
        """On leaving, also by an exception, every Value has the number it had, and graphs built from it stay usable."""
        try:
            yield
        finally:
            for leaf, data, stamp in self._stamps:
                leaf.data = data
                leaf._stamp = stamp  # the number is the old one, so what was built from it is not stale
            for structure, places, way in self.args:
                if getattr(way, "writes", False):  # a network that holds its numbers itself
                    way(filled(structure, [(self.start + self.constants[::-1])[k] for k in places]))

    def again(self, f: Callable[..., Any]) -> Inputs:
        """The same inputs for another function of them."""
        other = copy(self)
        other.f, other.values = f, None
        return other

    def flat(self, gradient: Any, what: str) -> list[float]:
        """The numbers of a gradient shaped like `at`, in the order of the paths."""
        if self.keywords is not None and isinstance(gradient, dict):
            gradient = [gradient.get(name) for name in self.keywords]
        several = self.several or self.keywords is not None
        given = gradient if several and isinstance(gradient, (list, tuple)) else (gradient,)
        likes = [structure for structure, _, _ in self.args]
        found = [
            number
            for one, like in zip(given, likes if len(likes) == len(given) else [None] * len(given), strict=True)
            for number in numbers_like(one, like, what)
        ]
        return self.gathered(found, what)

    def jacobian(self, jacobian: Any, what: str, outputs: int) -> list[list[float]]:
        """One row of a Jacobian for each output, in the order of the paths."""
        if self.keywords is not None and isinstance(jacobian, dict):
            jacobian = [jacobian.get(name) for name in self.keywords]
        likes = [structure for structure, _, _ in self.args]
        several = self.several or self.keywords is not None
        return [self.gathered(row, what) for row in jacobian_rows(jacobian, likes, outputs, what, several)]

    def gathered(self, found: Sequence[float], what: str) -> list[float]:
        """One number for each input of those for each number in `at`: added up where several numbers are one input."""
        places = [place for structure, places, _ in self.args for place in places]
        free = [place for place in places if place >= 0]
        if len(found) == len(places):
            found, places = [x for x, place in zip(found, places, strict=True) if place >= 0], free
        if len(found) == len(self.paths):
            return list(found)
        if len(found) != len(free):
            raise miscounted(what, len(found), self.paths, [[k for k in places if k >= 0] for _, places, _ in self.args])
        slopes = [0.0] * len(self.paths)
        for place, x in zip(free, found, strict=True):
            slopes[place] += x
        return slopes


def _every(path: str) -> bool:
    return True


def chosen_by(patterns: Patterns | None) -> Callable[[str], bool]:
    """Whether a path is named by one of `patterns`: the beginning of a path, or one with * for any text.

    >>> [chosen_by("*.weight")(path) for path in ("m.0.weight[1, 2]", "m.0.bias[1]")]
    [True, False]
    """
    if patterns is None:
        return _every
    texts = [patterns] if isinstance(patterns, str) else patterns
    known = [re.compile(re.escape(text).replace(r"\*", ".*") + r"(?=$|[\[.\"])") for text in texts]
    return lambda path: any(pattern.match(path) for pattern in known)
