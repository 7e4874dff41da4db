"""A function and its recordings: replayed where one of them fits, recorded anew where none does."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from operator import attrgetter
from types import MethodType
from typing import Any, NamedTuple, TypeVar, cast
from weakref import finalize

import numpy as np

from ..collector import collector_off
from ..engine import Value, gradient
from ..modes import checking
from ..observers import look
from ..structure import Fixed
from .arguments import Call
from .cache import Recordings
from .run.array_program import Array
from .run.runner import GuardFailed
from .specialization import Recording, named

Result = TypeVar("Result")


class Function:
    """What `compile` returns, for one sample or for many: the function `f` with what was recorded of it.

    In a class it is a method. What the object holds is captured, as what a closure holds, but for the numbers, strings and Values
    that are its own attributes: where one of them was assigned anew, the method is recorded anew.
    """

    def __init__(self, f: Callable[..., Any], *options: Any) -> None:
        if not callable(f):
            raise TypeError(f"compile takes a function, got {f!r}: write compile(f), or @compile right above a def")
        self.f, self.options = f, options
        self.recordings = Recordings()
        self.methods: dict[int, Recordings] = {}
        self.of: tuple[Function, Any] | None = None  # for a method, the function in the class and the object
        functools.update_wrapper(cast(Callable[..., Any], self), f, updated=())

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """The function as a method of `owner`, whose recordings last as long as the object."""
        if owner is None or not hasattr(self.f, "__get__"):
            return self
        method = type(self)(self.f.__get__(owner, kind), *self.options)
        method.of = self, owner
        try:
            method.recordings = self.methods[id(owner)]
        except KeyError:
            forget_with(owner, self.methods)
            method.recordings = self.methods.setdefault(id(owner), method.recordings)
        return method

    def __repr__(self) -> str:
        programs = sum(map(len, list(self.recordings.values())))
        return f"<compiled {getattr(self.f, '__qualname__', repr(self.f))} with {programs} recorded program(s)>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        """By its name where that leads to it, as for any decorated function; else the function, to be recorded anew."""
        if self.of is not None:
            return type(self).__get__, self.of
        if found_by_name(self):
            return str(vars(self)["__qualname__"])
        return type(self), (self.f, *self.options)

    def key(self, call: Call) -> Any:
        """What decides whether a recording fits: the structure of the arguments, and for a method what its object holds."""
        parts, names = call.key()
        if not isinstance(self.f, MethodType):
            return parts, names
        held = assigned(self.f.__self__)
        return (*parts, *held.values()), (*names, *held)

    def refresh(self) -> None:
        """Forget every recorded program, so that numbers the function captured are read anew."""
        self.recordings.forget()

    def replay(self, call: Call, run: Callable[[Recording, Array], Result]) -> tuple[Result, Recording]:
        """What `run` makes of the first recording whose guards hold (and its inputs), and that one; a new one if none does."""
        look("a compiled function was evaluated")
        key = self.key(call)
        try:
            known = self.recordings.get(key, [])
        except TypeError as error:
            raise TypeError(
                f"an argument that is not a number, sequence, dict or array must be hashable, as part of the program: {error}; "
                "pass the numbers in it as a list or an array"
            ) from None
        if checking():
            self.check(call)
        for recording in list(known):
            try:
                result = run(recording, recording.inputs(call))
            except GuardFailed:
                continue
            self.recordings.used(known, recording)
            return result, recording
        return self.record(call, key, run)

    def check(self, call: Call) -> None:
        """Under `detect_anomaly` evaluate once node by node, forward and (of one number) backward: every operation is seen."""
        leaves = [Value(x) for x in call.numbers.tolist()]
        positional, keywords = call.rebuilt(iter(leaves))
        result = self.f(*positional, **keywords)
        if isinstance(result, Value):
            gradient(result, leaves)

    def record(self, call: Call, key: Any, run: Callable[[Recording, Array], Result]) -> tuple[Result, Recording]:
        """`replay` with a new recording, put in front of the others of this structure."""
        with collector_off():
            recording = Recording(self.f, call)
        self.recordings.keep(self.f, key, recording)
        try:
            return run(recording, recording.inputs(call)), recording
        except GuardFailed:  # a tie that the last bit decides, where numpy's functions may differ from Python's
            recording.program.tape.exact = True
        try:
            return run(recording, recording.inputs(call)), recording
        except GuardFailed:
            raise RuntimeError(
                f"a Value that {named(self.f)} captured was assigned while it was recorded, and another way through its "
                "branches is now right: assign parameters between calls, not during one"
            ) from None


def found_by_name(function: Function) -> bool:
    """Whether the module and name of a compiled function lead to itself, and not to what was compiled."""
    try:
        return attrgetter(vars(function)["__qualname__"])(sys.modules[function.__module__]) is function
    except (AttributeError, KeyError):  # an object without a name, or one inside a function
        return False


class Held(NamedTuple):
    """A Value as the one that it is, without keeping it."""

    at: int

    def __repr__(self) -> str:
        return f"the Value at {self.at:#x}"


def assigned(owner: Any) -> dict[str, Any]:
    """The plain attributes of an object as parts of a structure; a Value counts as the one that it is."""
    return {
        f"self.{name}": Fixed((Held(id(x)) if isinstance(x, Value) else x,))
        for name, x in getattr(owner, "__dict__", {}).items()
        if x is None or isinstance(x, (int, float, str, np.generic, Value))
    }


def forget_with(owner: Any, table: dict[int, Any]) -> None:
    """Drop the entry of `owner` from a table by identity when the object goes, which the table must not keep alive."""
    try:
        finalize(owner, table.pop, id(owner), None).atexit = False
    except TypeError:
        raise TypeError(
            f"a compiled method keeps what it recorded with its object, and {type(owner).__name__} has no place for a weak "
            "reference: add '__weakref__' to its __slots__"
        ) from None
