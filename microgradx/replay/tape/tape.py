"""Recording: while a function runs on `Number`s, every operation on them becomes a row of their tape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ...callers import calling_line
from ...engine import Value, is_node
from ...operand import number
from ...operation import Op
from ...operators import Operators, spellings
from ...order import topological_order, unreached
from ...places import Place, in_order, name_of
from ...spelling import fits
from ...stale import refuse_stale
from ...variables import variable
from .many_operands import LOWER
from .refusal import INDEX, refusal
from .rows import CODES, INPUT, TABLE, Constant, Inlined, Rows, at_least, code_of, detached, differs, equal, greater

CAPTURED_ROLE = 1 << 20  # the role of inputs that are no arguments


class Tape(Rows):
    """Rows that are being written; `captured` are the Values that they read besides the arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.captured: dict[Value, int] = {}
        self.shared: dict[object, Any] = {}
        self.branches: dict[int, str] = {}  # the line that branched on a comparison
        self.whole = False  # whether a derivative of a gradient tells a product that was made zero from one that is
        self.again = False  # whether what is derived is derived again, so that equal rows must not be one
        self.refused: TypeError | None = None  # the first look at a number that was refused

    def as_eager(self) -> Tape:
        """A copy for the exact path: what is derived from it keeps the zeros of products with infinity."""
        other = self.copy()
        other.whole = True
        return other

    def input(self, value: float, role: int) -> Number:
        """A new input; inputs of one `role` belong to one argument."""
        slot = self.row(INPUT)
        self.inputs.append(slot)
        self.roles.append(role)
        self.given[slot] = value
        return Number(self, slot)

    def slot(self, operand: Any) -> int:
        """The row of anything that an operation may be applied to."""
        if isinstance(operand, (Number, Constant)):
            return operand.slot
        if is_node(operand):
            return self.capture(operand)
        return self.constant(number(operand))

    def capture(self, value: Value) -> int:
        """The row of a Value from outside: a leaf becomes an input that is read at each run, a computed one its rows."""
        known = self.captured
        if value not in known:
            order = [node for node in topological_order(value) if node not in known]
            if variables := [node for node in order if node.op is variable]:
                order = [node for node in unreached(value, placed=dict.fromkeys(variables)) if node not in known]
            for node in order:
                refuse_stale(node)
            for leaf in in_order([node for node in order if node.op is None or node.op is variable]):
                known[leaf] = self.input(leaf._number, CAPTURED_ROLE).slot
            for node in order:
                if node not in known:
                    operands = [Number(self, known[x]) if is_node(x) else x for x in node.parents]
                    known[node] = self.slot(self.record(node.op, operands))
                if (name := name_of(node)) is not None:
                    self.labels[known[node]] = name
        return known[value]

    def record(self, op: Op, operands: Sequence[Any]) -> Any:
        """Append the row of `op` applied to `operands`."""
        if op in LOWER:
            before, found = len(self), LOWER[op](self, operands)
            if isinstance(found, Number) and found.slot >= before and self.op[found.slot] != CODES.get(op):
                self.wholes[found.slot] = op, tuple([self.slot(x) for x in operands])
            return found
        if isinstance(op, Inlined):
            return op.inlined(self, operands)
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
        return Number(self, slot)

    def compare(self, op: Op, left: Any, right: Any) -> Comparison:
        """A comparison that is 1.0 or 0.0 as a number and becomes a guard where Python asks for its truth."""
        row = self.append(op, (left, right)).slot
        return Comparison(self, row)

    def answer(self, question: str, value: Value, *others: Any) -> Any:
        """What a recorded number answers, for a Value that the function captured."""
        return getattr(Number, question)(Number(self, self.capture(value)), *others)

    def refuse(self, what: str) -> NoReturn:
        """Raise at a look at a number; should the function swallow the error, the recording is still worthless."""
        error = TypeError(refusal(what))
        self.refused = self.refused or error
        raise error

    def value(self, row: int) -> float:
        """The number of a row; those of the rows above are calculated only now, as most recordings ask for none."""
        values = self.values
        assert values is not None
        for made in range(len(values), row + 1):
            op = TABLE[self.op[made]]
            if op is not None:
                values.append(op.forward(*[values[x] for x in self.operands(made)]))
            else:
                values.append(self.given[made] if self.op[made] == INPUT else self.constants[made])
        return values[row]

    def guard(self, row: int) -> bool:
        """The truth of comparison `row`; every later run checks that it comes out the same."""
        outcome = self.value(row)
        self.guards.append((row, outcome))
        self.branches[row] = calling_line()
        return bool(outcome)


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
    "__float__": "a number was turned into a plain float",
    "__int__": "a number was turned into an int",
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
Number.grad = property(_frozen("grad", ".grad was read"))  # type: ignore[attr-defined]
Number.reached = property(_frozen("reached", ".reached was read"))  # type: ignore[attr-defined]


def _infix(op: Op, swapped: bool) -> Callable[[Number, Any], Any]:
    """A binary operator, without any detour where no number has to be turned into one: nearly all rows come from here."""
    code = code_of(op)

    def left(self: Number, other: Any) -> Any:
        tape = self.tape
        b: int | None
        if type(other) is Number:
            b = other.slot
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
