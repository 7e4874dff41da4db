"""The rows of a recorded calculation as columns of small integers, and what the integers stand for.

Columns `op`, `a` and `b` say which operation a row is, and the rows of its operands (-1 = none). Operations with more than two
operands keep them in `more`. Rows without operands are inputs or constants. Because a row can only name rows above it, the order
of the columns is a topological order, and every later pass is a loop or an array operation over them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from copy import copy
from itertools import chain
from threading import RLock
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ...facts import NO_FACTS
from ...operation import OPS, Op

if TYPE_CHECKING:
    from .known_numbers import KnownNumbers

INPUT, CONSTANT = 0, 1  # the codes of rows without an operation
TABLE: list[Op | None] = [None, None]
"""The operation that each code in the column `op` stands for."""
CODES: dict[Op, int] = {}


def private(
    name: str,
    template: str,
    forward: Callable[..., float],
    *partials: Any,
    numpy: str | None = None,
    array: Callable[..., Any] | None = None,
) -> Op:
    """An operation that only programs use, so it is not in the public table."""
    op = PRIVATE[name] = Op(name, template, forward, partials, ((-2.0, 2.0),) * len(partials), numpy, array, None, ())
    return op


PRIVATE: dict[str, Op] = {}


greater = private("greater", "{} > {}", lambda a, b: 1.0 if a > b else 0.0, 0.0, 0.0, numpy="greater")
at_least = private("at_least", "{} >= {}", lambda a, b: 1.0 if a >= b else 0.0, 0.0, 0.0, numpy="greater_equal")
equal = private("equal", "{} == {}", lambda a, b: 1.0 if a == b else 0.0, 0.0, 0.0, numpy="equal")
differs = private("differs", "{} != {}", lambda a, b: 1.0 if a != b else 0.0, 0.0, 0.0, numpy="not_equal")
detached = private("detached", "{}", lambda a: a, 0.0, numpy="positive")


def code_of(op: Op) -> int:
    """The small integer that stands for `op`."""
    code = CODES.get(op)
    if code is None:
        TABLE.append(op)
        code = CODES[op] = TABLE.index(op)  # and not the last place, where another thread may have put another operation
    return code


def op_of(name: str) -> Op:
    """The operation of that name, among the public ones or those of programs."""
    return PRIVATE.get(name) or OPS[name]


class Inlined(Op):
    """An operation on any number of operands that stands for rows of its own, as a call of a compiled function does."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        self.name, self.template, self.arity = name, f"{name}({{}})", None
        self.partials, self.known, self.domain, self.numpy, self.gather, self.defaults = (), (), (), None, None, ()
        self.facts = NO_FACTS

    def __repr__(self) -> str:
        return f"<a call of the compiled {self.name}>"

    def inlined(self, tape: Any, operands: Sequence[Any]) -> Any:
        """The number on a tape that it gives there."""
        raise NotImplementedError


class Constant(float):
    """A number of the recorded program that keeps its row, so that a rule may hand it on or calculate with it."""

    slot: int

    def __new__(cls, value: float, slot: int) -> Constant:
        """The number of row `slot`."""
        self = super().__new__(cls, value)
        self.slot = slot
        return self


class Rows:
    """Columns, the numbers that are not operations, and the branches taken; pickled without any code.

    A row takes 10 bytes; in lists, with an object for each number of a row, it would be 56.
    """

    def __init__(self) -> None:
        self.op, self.a, self.b = array("h"), array("i"), array("i")
        self.more: dict[int, tuple[int, ...]] = {}
        self.constants: dict[int, float] = {}
        self.inputs: list[int] = []
        self.roles: list[int] = []
        self.labels: dict[int, str] = {}
        self.values: KnownNumbers | None = None  # the numbers that somebody asked for; None where no one may
        self.given: dict[int, float] = {}  # of inputs
        self.interned: dict[object, int] = {}
        self.guards: list[tuple[int, float]] = []  # a comparison, and the 1.0 or 0.0 that the recorded way through needs
        self.wholes: dict[int, tuple[Op, tuple[int, ...]]] = {}  # the last of the rows that stand for one operation: that one
        self.exact = False  # whether only the exact path may run them, as the last bit of a number decides a branch
        self.lock = RLock()  # held while rows are appended after the recording, and while all of them are read

    def __getstate__(self) -> dict[str, Any]:
        """Columns as arrays and operations by name: a pickled tape holds no code, and no captured Value."""
        with self.lock:  # an array that is being read cannot grow
            state = {name: np.array(getattr(self, name), dtype=np.int32) for name in ("op", "a", "b", "inputs", "roles")}
        used = np.unique(state["op"]).tolist()
        return state | {
            "names": {code: op.name for code in used if (op := TABLE[code]) is not None},
            "more": self.more,
            "constants": self.constants,
            "labels": self.labels,
            "guards": self.guards,
            "wholes": {row: (op.name, operands) for row, (op, operands) in self.wholes.items()},
            "exact": self.exact,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]  # the same empty fields
        self.values = None
        codes = np.arange(max([CONSTANT, *state["names"]]) + 1, dtype=np.int32)
        for code, name in state["names"].items():
            codes[code] = code_of(op_of(name))
        for name, column in (("op", codes[state["op"]].astype(np.int16)), ("a", state["a"]), ("b", state["b"])):
            getattr(self, name).frombytes(column.tobytes())
        self.inputs, self.roles = state["inputs"].tolist(), state["roles"].tolist()
        self.wholes = {row: (op_of(name), operands) for row, (name, operands) in state["wholes"].items()}
        for name in ("more", "constants", "labels", "guards", "exact"):
            setattr(self, name, copy(state[name]))

    def copy(self) -> Self:
        """The same rows on another tape."""
        other = type(self).__new__(type(self))
        other.__setstate__(self.__getstate__())
        return other

    def beginning(self, count: int) -> tuple[Self, list[int]]:
        """The first rows alone on a tape, and those of them that no other one uses."""
        first = type(self).__new__(type(self))
        first.__init__()  # type: ignore[misc]
        first.values = None
        for name in ("op", "a", "b"):
            setattr(first, name, getattr(self, name)[:count])
        first.inputs = [row for row in self.inputs if row < count]
        first.roles = self.roles[: len(first.inputs)]
        first.more = {row: operands for row, operands in self.more.items() if row < count}
        first.constants = {row: number for row, number in self.constants.items() if row < count}
        used = {*first.a, *first.b, *chain.from_iterable(first.more.values())}
        return first, [row for row in range(count) if row not in used and first.op[row] > CONSTANT]

    def __len__(self) -> int:
        return len(self.op)

    def operands(self, row: int) -> Sequence[int]:
        """The rows that one is made of."""
        a, b = self.a[row], self.b[row]
        return self.more.get(row, ()) if a < 0 else (a, b) if b >= 0 else (a,)

    def made(self, row: int) -> tuple[Op, tuple[int, ...]]:
        """The operation of eager evaluation that a row stands for, and the rows that it was applied to."""
        if row in self.wholes:
            return self.wholes[row]
        op = TABLE[self.op[row]]
        assert op is not None
        return op, tuple(self.operands(row))

    def row(self, code: int, a: int = -1, b: int = -1) -> int:
        """Append one row and give its number."""
        self.op.append(code)
        self.a.append(a)
        self.b.append(b)
        return len(self.op) - 1

    def constant(self, value: float) -> int:
        """The row of a number; equal numbers share one (0.0 and -0.0 are not equal here)."""
        key: object = value or str(value)
        slot = self.interned.get(key)
        if slot is None:
            slot = self.interned[key] = self.row(CONSTANT)
            self.constants[slot] = float(value)
        return slot
