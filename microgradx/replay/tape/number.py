"""A number that is being recorded: what is done with it becomes a row, what is asked about its size a guard or an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ... import micrograd_names
from ...engine import Value
from ...operation import Op
from ...operators import Operators, spellings
from ...places import Place
from ...spelling import fits
from .rows import at_least, code_of, detached, differs, equal, greater
from .unreadable import INDEX, MADE_FLOAT, MADE_INT

if TYPE_CHECKING:
    from .tape import Tape


class Number(Operators):
    """A number being recorded: every operation on it becomes a row of its tape, every question about its size a guard."""

    __slots__ = ("slot", "tape")

    def __init__(self, tape: Tape, slot: int) -> None:
        self.tape = tape
        self.slot = slot

    # isinstance(x, Value) is true, as of a mock or a proxy, so that functions do what they do without recording; see `is_node`
    __class__ = property(lambda self: Value)

    def apply(self, op: Op, operands: Sequence[Any]) -> Any:
        """A new row."""
        return self.tape.record(op, operands)

    def known_shares(self, row: Sequence[Any]) -> list[Any] | None:
        """The softmax of a row of which it is one, where the tape has it already."""
        return self.tape.known_shares(row)

    def __radd__(self, other: Any) -> Any:  # Python's sum starts from the integer 0
        return self if type(other) is int and not other else self._radd(other)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return "a number that is being recorded"

    def detach(self) -> Number:
        """The same number with derivative 0."""
        return self.tape.append(detached, (self,))

    @property
    def label(self) -> str | None:
        """What the row is called in the printed program."""
        return self.tape.labels.get(self.slot)

    @label.setter
    def label(self, label: str) -> None:
        self.tape.labels[self.slot] = label

    def belongs(self, place: Place) -> None:
        """Call the row after the module that gave it, if nobody called it anything."""
        self.tape.labels.setdefault(self.slot, place.written or place.root.kind)

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


def _frozen(name: str, what: str) -> Any:
    """A method that refuses, with the line that asked."""

    def refuse(self: Number, *_: Any) -> Any:
        self.tape.refuse(what)

    refuse.__name__ = name
    return refuse


for _name, _what in {
    "__float__": MADE_FLOAT,
    "__int__": MADE_INT,
    "__index__": INDEX,
    "__complex__": "a number was turned into a complex",
    "__hash__": "a number was used as a key",
    "__str__": "a number was printed",
    "__format__": "a number was formatted",
    "backward": "backward() was called",
    "forward": "forward() was called",
    "__copy__": "a number was copied",
    "__deepcopy__": "a number was copied",
    "__reduce_ex__": "a number was copied",
}.items():
    setattr(Number, _name, _frozen(_name, _what))
Number.data = property(Number.detach, _frozen("data", ".data was assigned"))  # type: ignore[attr-defined]
Number.grad = property(_frozen("grad", ".grad was read"), _frozen("grad", ".grad was assigned"))  # type: ignore[attr-defined]
Number.reached = property(_frozen("reached", ".reached was read"))  # type: ignore[attr-defined]


for _name, _answer in micrograd_names.answers():
    if _name in micrograd_names.UNSHOWN:  # they say what to write instead, as of a Value
        setattr(Number, _name, _answer)


def _infix(op: Op, swapped: bool) -> Callable[[Number, Any], Any]:
    """A binary operator, without any detour where no number has to be turned into one: nearly all rows come from here."""
    code = code_of(op)

    def left(self: Number, other: Any) -> Any:
        tape = self.tape
        b: int | None
        if type(other) is Number:
            b = other.slot if other.tape is tape else tape.slot(other)
        elif type(other) is float:
            b = tape.interned.get(other or None)
            if b is None:
                b = tape.constant(other)
        else:
            return tape.record(op, (self, other)) if fits(other) else NotImplemented
        result = new(Number)
        result.tape = tape
        result.slot = len(tape.op)
        tape.op.append(code)
        tape.a.append(self.slot)
        tape.b.append(b)
        return result

    def right(self: Number, other: Any) -> Any:
        tape = self.tape
        if type(other) is not float:
            return tape.record(op, (other, self)) if fits(other) else NotImplemented
        a = tape.interned.get(other or None)
        if a is None:
            a = tape.constant(other)
        result = new(Number)
        result.tape = tape
        result.slot = len(tape.op)
        tape.op.append(code)
        tape.a.append(a)
        tape.b.append(self.slot)
        return result

    return right if swapped else left


QUICK = ("__add__", "__sub__", "__mul__", "__truediv__", "_radd", "__rsub__", "__rmul__", "__rtruediv__")
new = object.__new__
for _name, (_op, _swapped) in spellings().items():
    if _name in QUICK:
        setattr(Number, _name, _infix(_op, bool(_swapped)))
