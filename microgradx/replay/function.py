"""A function and its recordings, as a function, a method, a copy or a pickle."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from operator import attrgetter
from types import FunctionType, MethodType
from typing import Any, cast

from ..by_identity import ByIdentity
from ..observers import observer
from .cache import Recordings
from .eager import on_values
from .plain_arguments import Plain, read_at_once


class CompiledFunction:
    """What `compile` returns, for one sample or for many: the function `f` with what was recorded of it.

    In a class it is a method. What the object holds is captured, as what a closure holds, but for the numbers, strings and Values
    that are its own attributes: where one of them was assigned anew, the method is recorded anew.
    """

    def __init__(self, f: Callable[..., Any], *options: Any) -> None:
        if not callable(f):
            raise TypeError(f"compile takes a function, got {f!r}: write compile(f), or @compile right above a def")
        self.f, self.options = as_method(f), options
        self.called = getattr(f, "__qualname__", None) or repr(f)  # what a text calls it
        self.fixed: frozenset[int | str] = frozenset()  # the arguments whose numbers belong to the program
        self.recordings = Recordings()
        self.methods = ByIdentity[Recordings]()
        self.of: tuple[CompiledFunction, Any] | None = None  # for a method, the function in the class and the object
        functools.update_wrapper(cast(Callable[..., Any], self), f, updated=())

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """The function as a method of `owner`, whose recordings last as long as the object."""
        if owner is None or isinstance(self.f, MethodType) or not hasattr(self.f, "__get__"):
            return self
        method = type(self)(self.f.__get__(owner, kind), *self.options)
        method.of = self, owner
        if (known := self.methods.get(owner)) is None:
            try:
                known = self.methods.setdefault(owner, method.recordings)
            except TypeError:
                raise TypeError(
                    f"a compiled method keeps what it recorded with its object, and {type(owner).__name__} has no place for a "
                    "weak reference: add '__weakref__' to its __slots__"
                ) from None
        method.recordings = known
        return method

    def __repr__(self) -> str:
        return f"<compiled {self.called}: {self.recordings.ledger}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        """By its name where that leads to it, as for any decorated function; else the function, to be recorded anew."""
        if self.of is not None:
            return type(self).__get__, self.of
        if found_by_name(self):
            return str(vars(self)["__qualname__"])
        return type(self), (self.f, *self.options)

    def refresh(self) -> None:
        """Forget every recorded program, so that numbers the function captured are read anew."""
        self.recordings.forget()

    def read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Plain | None:
        """The arguments of a call, if they are plain and none of them belongs to the program."""
        return None if self.fixed else read_at_once((*args, *kwargs.values()) if kwargs else args)

    def _unrecorded(self) -> Callable[..., Any]:
        """The function as it stands, for who records himself or where nothing is recorded."""
        return self.f if observer() is not None else on_values(self.f, self.fixed)


def as_method(f: Callable[..., Any]) -> Callable[..., Any]:
    """The method that an object of a class with `__call__` is called by, so that what is assigned to its attributes is seen."""
    called = inspect.getattr_static(type(f), "__call__", None)
    return called.__get__(f) if isinstance(called, FunctionType) and not isinstance(f, CompiledFunction) else f


def places_and_names(f: Callable[..., Any], static: str | Sequence[str]) -> frozenset[int | str]:
    """Where the arguments of these names may stand: by place and by name."""
    names = (static,) if isinstance(static, str) else tuple(static)
    parameters = inspect.signature(f).parameters.values()
    known = [parameter.name for parameter in parameters]
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"static names {unknown}, the function has the arguments {known}")
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    places = [place for place, parameter in enumerate(parameters) if parameter.kind in by_place and parameter.name in names]
    return frozenset([*names, *places])


def found_by_name(function: CompiledFunction) -> bool:
    """Whether the module and name of a compiled function lead to itself, and not to what was compiled."""
    try:
        return attrgetter(vars(function)["__qualname__"])(sys.modules[function.__module__]) is function
    except (AttributeError, KeyError):  # an object without a name, or one inside a function
        return False
