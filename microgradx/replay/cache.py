"""The recordings of one function: replayed where one of them fits, recorded anew where none does, forgotten where too many."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from time import perf_counter
from types import MethodType
from typing import Any, NamedTuple, TypeVar
from weakref import WeakValueDictionary

import numpy as np

from .. import modes
from ..callers import warn
from ..collector import collector_off
from ..engine import Value
from ..observers import look
from ..structure import Fixed, Static, paths
from .arguments import Call, exactly, original_at
from .eager import check_operations
from .ledger import ON_CREDIT, WAYS_ON_CREDIT, Ledger
from .program import Program
from .run.array_program import Array
from .run.runner import GuardFailed
from .specialization import Inquiry, Recording, function_name
from .tell.what_varied import AS_INDEX, argument_name, moving_branch, varied

Result = TypeVar("Result")

CACHED = 8  # programs kept for one structure of arguments: one for each way through the branches
STRUCTURES = 256  # kept: sequences of so many lengths are recorded once each, and small programs take 9 KB each
_MOST_ROWS = 4_000_000  # kept in all programs of a function, at 100 to 160 bytes each: half a gigabyte
FEWEST_STRUCTURES = 4  # structures kept whatever their size: training and validation, and the last batch of either
PERSISTENT = 4  # calls for which no recording could be afforded before anybody is told
RARELY = 32  # calls between two looks at the known ways, where none of them fits any more

HASHABLE: dict[type, str] = {set: "a frozenset", dict: "a tuple of its items"}
"""What to write in place of these as a static argument, and a tuple in place of others."""


class NotWorthRecording(Exception):
    """Raised instead of recording once more where recordings have cost more than they saved."""


class Ways(list[Recording]):
    """The ways through a function for one structure of arguments, the latest first."""

    def __init__(self) -> None:
        self.inquiries: dict[tuple[str, Any], Inquiry] = {}
        self.missed = 0  # calls since one of them fitted
        self.ledger = Ledger()


class Recordings(dict[Any, Ways]):
    """The recordings by the structure of the arguments: the ways through the branches, latest first.

    The structures that were not used for longest are forgotten where there are too many, or their programs too large.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clock = itertools.count()
        self.overflowed = False  # whether its user was told already that too much varies
        self.ledger = Ledger()
        self.indices: dict[Any, dict[int, str]] = {}  # of a structure the numbers that were used as an index, and their names
        self.shortcuts: dict[tuple[Any, ...], Callable[[Array], Any]] = {}  # by the kind of call, for plain arguments
        self.programs: WeakValueDictionary[Any, Program] = WeakValueDictionary()  # by what is in them

    def known(self, f: Callable[..., Any], call: Call) -> tuple[Any, Ways]:
        """What decides whether a recording fits, and the recordings that may."""
        key: Any = (call.parts, call.names) if type(f) is not MethodType else structure_of(f, call)
        try:
            if self.indices and (names := self.indices.get(key)):
                key = with_indices(key, call, names)
            ways = self.get(key)
        except TypeError as error:
            raise TypeError(unhashable(f, call, error)) from None
        return key, Ways() if ways is None else ways

    def replay(
        self, f: Callable[..., Any], call: Call, run: Callable[[Recording, Array], Result], decline: bool = False
    ) -> tuple[Result, Recording]:
        """What `run` makes of the first recording whose guards hold, and that one; of a new one if none does.

        With `decline` it may also raise NotWorthRecording.
        """
        look("a compiled function was evaluated")
        return self.among(*self.known(f, call), f, call, run, decline)[:2]

    def among(
        self, key: Any, ways: Ways, f: Callable[..., Any], call: Call, run: Callable[[Recording, Array], Result], decline: bool,
        value: bool = False,
    ) -> tuple[Result, Recording, Array]:
        """`replay` of one of these ways, and its inputs; `value` says whether the value alone was asked for."""
        if modes.watching and modes.checking():
            check_operations(f, call)
        if not decline or ways.missed <= CACHED or not ways.missed % RARELY:
            for recording in tuple(ways):
                inputs = recording.inputs(call)
                try:
                    result = run(recording, inputs)
                except GuardFailed:
                    continue
                recording.used = next(self.clock)
                self.ledger.replayed += 1
                self.ledger.operations += recording.operations
                if value and not call.values and not recording.program.captured:
                    self.ledger.plain += 1
                ways.ledger.replayed += 1
                ways.missed = 0
                if ways[0] is not recording:
                    self.to_front(ways, recording)
                return result, recording, inputs
        ways.missed += 1
        if decline and not (self.ledger.affords_another(ON_CREDIT) and ways.ledger.affords_another(WAYS_ON_CREDIT)):
            self.declined(f, key, ways)
        return self.record(f, call, key, run)

    def to_front(self, ways: Ways, recording: Recording) -> None:
        """Let `recording` be the first of the ways that is tried from now on."""
        with self.lock:
            if recording in ways:
                ways.remove(recording)
                ways.insert(0, recording)

    def record(
        self, f: Callable[..., Any], call: Call, key: Any, run: Callable[[Recording, Array], Result]
    ) -> tuple[Result, Recording, Array]:
        """What `run` makes of a new recording, which is put in front of the others of this structure."""
        start = perf_counter()
        with collector_off():
            recording = Recording(f, call)
        recording.share(self.programs)
        if recording.counted:
            key = structure_of(f, call)
            with self.lock:
                names = self.indices[key] = self.indices.get(key, {}) | index_names(f, call, recording.counted)
            key = with_indices(key, call, names)
        self.keep(f, key, recording)
        inputs = recording.inputs(call)
        try:
            try:
                return run(recording, inputs), recording, inputs
            except GuardFailed:  # a tie that the last bit decides, where numpy's functions may differ from Python's
                recording.program.tape.exact = True
            return run(recording, inputs), recording, inputs
        except GuardFailed:
            raise RuntimeError(
                f"a Value that {function_name(f)} captured was assigned while it was recorded, and another way through its "
                "branches is now right: assign parameters between calls, not during one"
            ) from None
        finally:
            self.ledger.recorded += 1
            self.ledger.seconds += perf_counter() - start

    def declined(self, f: Callable[..., Any], key: Any, ways: Ways) -> None:
        """Raise NotWorthRecording; say once what varies, if that goes on."""
        self.ledger.declined += 1
        if self.ledger.declined >= PERSISTENT and not self.overflowed:
            self.overflowed = True
            others = [other for other in self if other != key]
            cause = moving_branch(ways) if len(ways) > 1 or not others else varied(f, others[-1], key)
            warn(
                f"{function_name(f)} was {self.ledger.counts()}, which costs more than it saves, so what is new is evaluated "
                f"as it stands: {cause}"
            )
        raise NotWorthRecording

    def keep(self, f: Callable[..., Any], key: Any, recording: Recording) -> None:
        """Put a new recording of `f` in front; the eldest way goes where there are too many, and so do other structures."""
        with self.lock:
            recording.used = next(self.clock)
            self.shortcuts.clear()
            known = self.setdefault(key, Ways())
            known.insert(0, recording)
            known.ledger.recorded += 1
            if len(known) > CACHED:
                known.pop()
            self.shrink(f, key)

    def shrink(self, f: Callable[..., Any], latest: Any) -> None:
        """Forget the structures that were not used for longest, where there are too many beside `latest`."""
        order = sorted(self, key=lambda key: self[key][0].used)
        rows = [sum(len(way.program.tape) for way in self[key]) for key in order]
        left = sum(rows)
        for key, count in zip(order[:-1], rows, strict=False):
            if len(self) <= STRUCTURES and (len(self) <= FEWEST_STRUCTURES or left <= _MOST_ROWS):
                return
            del self[key]
            left -= count
            if not self.overflowed:
                self.overflowed = True
                before = [other for other in order if other != latest][-1]
                warn(
                    f"{function_name(f)} is recorded for more structures of arguments than are kept, and again for those that "
                    f"were forgotten: {varied(f, before, latest)}"
                )

    def forget(self) -> None:
        """Forget all."""
        with self.lock:
            self.clear()
            self.indices.clear()
            self.shortcuts.clear()
            self.ledger = Ledger()


def unhashable(f: Callable[..., Any], call: Call, error: TypeError) -> str:
    """What to say where the arguments of a call cannot be looked up: by the name of a static one."""
    for place, part in enumerate(call.parts):
        if isinstance(part, Static) and not hashable(part):
            name = argument_name(f, place, len(call.parts), call.names)
            instead = HASHABLE.get(type(part[0]), "a tuple")
            return f"the static argument {name} must be hashable, as it is the key of a recording: {error}; write {instead}"
    return (
        f"an argument that is not a number, sequence, dict or array must be hashable, as part of the program: {error}; "
        "pass the numbers in it as a list or an array"
    )


def hashable(x: object) -> bool:
    """Whether it may be the key of a dict."""
    try:
        hash(x)
    except TypeError:
        return False
    return True


def structure_of(f: Callable[..., Any], call: Call) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """The structures of the arguments, and for a method what its object holds, which count as arguments given by name."""
    if type(f) is not MethodType:
        return call.parts, call.names
    held = assigned(f.__self__)
    return (*call.parts, *held.values()), (*call.names, *held)


def with_indices(key: Any, call: Call, names: dict[int, str]) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """The same with the whole numbers at these places, which were used as an index or a count; None for others."""
    given = [original_at(call, place) for place in names]
    numbers = [Fixed((int(x) if isinstance(x, (int, np.integer)) else None,)) for x in given]
    return (*key[0], *numbers), (*key[1], *names.values())


def index_names(f: Callable[..., Any], call: Call, counted: Iterable[int]) -> dict[int, str]:
    """What messages call the numbers at these places."""
    names = argument_paths(f, call)
    return {place: AS_INDEX + names[place] for place in sorted(counted)}


def argument_paths(f: Callable[..., Any], call: Call) -> list[str]:
    """What each number among the arguments is called, such as `xs[3]`."""
    named_parts = [(argument_name(f, k, len(call.parts), call.names), part) for k, part in enumerate(call.parts)]
    return [name for argument, part in named_parts for name in paths(part, argument)]


def with_names(program: Program, f: Callable[..., Any], call: Call) -> Program:
    """The program, whose inputs are called after the arguments that they come from."""
    names = argument_paths(f, call)
    program.tape.labels = dict(zip(program.tape.inputs, names, strict=False)) | program.tape.labels
    return program


class Held(NamedTuple):
    """A Value as the one that it is, without keeping it."""

    at: int

    def __repr__(self) -> str:
        return f"the Value at {self.at:#x}"


def assigned(owner: Any) -> dict[str, Any]:
    """The plain attributes of an object as parts of a structure; a Value counts as the one that it is."""
    return {
        f"self.{name}": Fixed((Held(id(x)),)) if isinstance(x, Value) else Static((x, exactly(x)))
        for name, x in getattr(owner, "__dict__", {}).items()
        if x is None or isinstance(x, (int, float, str, np.generic, Value))
    }
