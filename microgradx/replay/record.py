"""A calculation written down as a tape: one row of small integers per operation, in the order they were done.

A tape has three columns, `op`, `a` and `b`: which operation, and the rows of its operands (-1 = none). Operations with more
than two operands keep them in `more`. Rows without operands are inputs or constants. Because a row can only name rows
above it, the order of the columns is a topological order, and every later pass is a loop or an array operation over them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any

from ..chain import topological_order
from ..engine import Value
from ..operation import OPS, Op, number
from ..operators import Operators, fits, spellings

INPUT, CONSTANT = 0, 1  # the codes of rows without an operation
TABLE: list[Op | None] = [None, None]
"""The operation that each code in the column `op` stands for."""
CODES: dict[Op, int] = {}
LOWER: dict[Op, Callable[[Tape, Sequence[Any]], Any]] = {}
"""Operations that are written as several simpler rows, filled in by `lower`."""


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
OPPOSITE = {greater: (at_least, True), at_least: (greater, True), equal: (differs, False), differs: (equal, False)}


def code_of(op: Op) -> int:
    """The small integer that stands for `op`."""
    code = CODES.get(op)
    if code is None:
        code = CODES[op] = len(TABLE)
        TABLE.append(op)
    return code


def find(name: str) -> Op:
    """The operation of that name, among the public ones or those of programs."""
    return PRIVATE.get(name) or OPS[name]


class Constant(float):
    """A number of the recorded program that keeps its row, so that a rule may hand it on or calculate with it."""

    slot: int

    def __new__(cls, value: float, slot: int) -> Constant:
        self = super().__new__(cls, value)
        self.slot = slot
        return self


class Tape:
    """The columns of a recorded calculation; `captured` are the Values that it reads besides its arguments."""

    def __init__(self) -> None:
        self.op: list[int] = []
        self.a: list[int] = []
        self.b: list[int] = []
        self.more: dict[int, tuple[int, ...]] = {}
        self.constants: dict[int, float] = {}
        self.inputs: list[int] = []
        self.roles: list[int] = []
        self.captured: dict[Value, int] = {}
        self.labels: dict[int, str] = {}
        self.values: list[float] | None = []
        self.interned: dict[object, int] = {}
        self.shared: dict[object, Any] = {}
        self.guards: list[tuple[int, int, int]] = []
        self.lock = RLock()  # held while rows are appended after the recording, and while all of them are read

    def __getstate__(self) -> dict[str, Any]:
        """Columns as arrays and operations by name: a pickled tape holds no code, and no captured Value."""
        import numpy as np

        state = {name: np.array(getattr(self, name), dtype=np.int32) for name in ("op", "a", "b", "inputs", "roles")}
        used = sorted(set(self.op))
        return state | {
            "names": {code: op.name for code in used if (op := TABLE[code]) is not None},
            "more": self.more,
            "constants": self.constants,
            "labels": self.labels,
            "guards": [(op.name, low, high) for code, low, high in self.guards if (op := TABLE[code]) is not None],
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]  # the same empty fields
        self.values = None
        codes = {code: code_of(find(name)) for code, name in state["names"].items()}
        self.op = [codes.get(code, code) for code in state["op"].tolist()]
        for name in ("a", "b", "inputs", "roles"):
            setattr(self, name, state[name].tolist())
        self.more, self.constants, self.labels = state["more"], state["constants"], state["labels"]
        self.guards = [(code_of(find(name)), low, high) for name, low, high in state["guards"]]

    def copy(self) -> Tape:
        """The same rows on another tape."""
        other = Tape.__new__(Tape)
        other.__setstate__(self.__getstate__())
        return other

    def __len__(self) -> int:
        return len(self.op)

    def row(self, code: int, a: int = -1, b: int = -1) -> int:
        """Append one row and give its number."""
        self.op.append(code)
        self.a.append(a)
        self.b.append(b)
        return len(self.op) - 1

    def input(self, value: float, role: int) -> Number:
        """A new input; inputs of one `role` belong to one argument."""
        slot = self.row(INPUT)
        self.inputs.append(slot)
        self.roles.append(role)
        if self.values is not None:
            self.values.append(value)
        return Number(self, slot)

    def constant(self, value: float) -> int:
        """The row of a number; equal numbers share one (0.0 and -0.0 are not equal here)."""
        key: object = value or str(value)
        slot = self.interned.get(key)
        if slot is None:
            slot = self.interned[key] = self.row(CONSTANT)
            self.constants[slot] = float(value)
            if self.values is not None:
                self.values.append(float(value))
        return slot

    def slot(self, operand: Any) -> int:
        """The row of anything that an operation may be applied to."""
        if isinstance(operand, (Number, Constant)):
            return operand.slot
        if isinstance(operand, Value):
            return self.capture(operand)
        return self.constant(number(operand))

    def capture(self, value: Value) -> int:
        """The row of a Value from outside: a leaf becomes an input that is read at each run, a computed one its rows."""
        known = self.captured
        if value not in known:
            order = [node for node in topological_order(value) if node not in known]
            for leaf in sorted([node for node in order if node.op is None], key=natural):
                known[leaf] = self.input(leaf._data, CAPTURED_ROLE).slot
            for node in order:
                if node.op is not None:
                    operands = [Number(self, known[x]) if isinstance(x, Value) else x for x in node.parents]
                    known[node] = self.slot(self.record(node.op, operands))
                if node.label is not None:
                    self.labels[known[node]] = node.label
        return known[value]

    def record(self, op: Op, operands: Sequence[Any]) -> Any:
        """Append the row of `op` applied to `operands`."""
        if op in LOWER:
            return LOWER[op](self, operands)
        return self.append(op, operands)

    def append(self, op: Op, operands: Sequence[Any]) -> Number:
        """`record` for the operation as it is."""
        slots = [self.slot(x) for x in operands]
        code = CODES.get(op) or code_of(op)
        if len(slots) == 2:
            slot = self.row(code, slots[0], slots[1])
        elif len(slots) == 1:
            slot = self.row(code, slots[0])
        else:
            slot = self.row(code)
            self.more[slot] = tuple(slots)
        values = self.values
        if values is not None:
            values.append(op.forward(*[values[x] for x in slots]))
        return Number(self, slot)

    def compare(self, op: Op, left: Any, right: Any) -> Comparison:
        """A comparison that is 1.0 or 0.0 as a number and becomes a guard where Python asks for its truth."""
        row = self.append(op, (left, right)).slot
        return Comparison(self, row)

    def guard(self, row: int) -> bool:
        """The truth of comparison `row`; every later run checks that it comes out the same."""
        assert self.values is not None
        outcome = bool(self.values[row])
        op, low, high = TABLE[self.op[row]], self.a[row], self.b[row]
        if not outcome:
            op, swapped = OPPOSITE[op]
            low, high = (high, low) if swapped else (low, high)
        self.guards.append((code_of(op), low, high))
        return outcome


CAPTURED_ROLE = 1 << 20


def natural(leaf: Value) -> list[tuple[str, int]]:
    """Sorts w[2] before w[10], so that a layer's weights lie in even steps whatever order they are met in."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", leaf.label or "")]


class Number(Operators):
    """A number being recorded: every operation on it becomes a row of its tape, every question about its size a guard."""

    __slots__ = ("slot", "tape")

    def __init__(self, tape: Tape, slot: int) -> None:
        self.tape = tape
        self.slot = slot

    def apply(self, op: Op, operands: Sequence[Any]) -> Any:
        return self.tape.record(op, operands)

    def detach(self) -> Number:
        """The same number with derivative 0."""
        return self.tape.append(detached, (self,))

    @property
    def label(self) -> str | None:
        return self.tape.labels.get(self.slot)

    @label.setter
    def label(self, label: str) -> None:
        self.tape.labels[self.slot] = label

    def __gt__(self, other: Any) -> Any:
        return self.tape.compare(greater, self, other) if fits(other) else NotImplemented

    def __lt__(self, other: Any) -> Any:
        return self.tape.compare(greater, other, self) if fits(other) else NotImplemented

    def __ge__(self, other: Any) -> Any:
        return self.tape.compare(at_least, self, other) if fits(other) else NotImplemented

    def __le__(self, other: Any) -> Any:
        return self.tape.compare(at_least, other, self) if fits(other) else NotImplemented

    def __eq__(self, other: object) -> Any:
        return self.tape.compare(equal, self, other) if fits(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return self.tape.compare(differs, self, other) if fits(other) else NotImplemented

    def __bool__(self) -> bool:
        return bool(self.tape.compare(differs, self, 0.0))


class Comparison(Number):
    """The outcome of a comparison: a number in `where` and in arithmetic, a guard where Python branches on it."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return self.tape.guard(self.slot)


def frozen(name: str, what: str) -> Any:
    """A method that refuses, with the line that asked."""

    def refuse(self: Any, *_: Any) -> Any:
        raise TypeError(refusal(what))

    refuse.__name__ = name
    return refuse


def refusal(what: str) -> str:
    """Why a number cannot be looked at while it is recorded."""
    return (
        f"{what} at {calling_line()}: this function is being recorded to be replayed with other numbers, so what it reads now "
        "would stay in the program for ever. Calculate with the value itself, branch with `if x > 0` or where(x > 0, a, b), "
        "and look at numbers outside the compiled function"
    )


from ..context import _calling_line as calling_line  # noqa: E402

for _name, _what in {
    "__float__": "a number was turned into a plain float",
    "__int__": "a number was turned into an int",
    "__index__": "a number was used as an index or a count",
    "__complex__": "a number was turned into a complex",
    "__hash__": "a number was used as a key",
    "__repr__": "a number was printed",
    "__str__": "a number was printed",
    "__format__": "a number was formatted",
    "backward": "backward() was called",
    "forward": "forward() was called",
}.items():
    setattr(Number, _name, frozen(_name, _what))
for _name, _what in {"data": ".data was read", "grad": ".grad was read"}.items():
    setattr(Number, _name, property(frozen(_name, _what)))


def _infix(op: Op) -> Callable[[Number, Any], Any]:
    """A binary operator between two recorded numbers without any detour: nearly all rows of a tape come from here."""
    forward, code, general = op.forward, code_of(op), None

    def left(self: Number, other: Any) -> Any:
        if type(other) is Number:
            tape = self.tape
            a, b = self.slot, other.slot
            tape.op.append(code)
            tape.a.append(a)
            tape.b.append(b)
            values = tape.values
            if values is not None:
                values.append(forward(values[a], values[b]))
            result = new(Number)
            result.tape = tape
            result.slot = len(tape.op) - 1
            return result
        return self.tape.record(op, (self, other)) if fits(other) else NotImplemented

    return left


new = object.__new__
for _name, (_op, _swapped) in spellings().items():
    if _name in ("__add__", "__sub__", "__mul__", "__truediv__"):
        setattr(Number, _name, _infix(_op))


def __radd__(self: Number, other: Any) -> Any:
    return self if type(other) is int and not other else Operators.__radd__(self, other)


Number.__radd__ = __radd__
