"""Recording: while a function runs on `Number`s, every operation on them becomes a row of their tape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, Self

from ...callers import calling_line
from ...engine import Value, is_node
from ...operand import number
from ...operation import Op
from ...order import topological_order, unreached
from ...places import in_order, name_of
from ...stale import refuse_stale
from ...variables import variable
from .known_numbers import KnownNumbers
from .lookup import looked_up
from .many_operands import LOWER, known_shares
from .number import Comparison, Number
from .rows import CODES, INPUT, Constant, Inlined, Rows, code_of
from .unreadable import OVER, unreadable

CAPTURED_ROLE = 1 << 20  # the role of inputs that are no arguments
OUTSIDE = (
    "a derivative rule reads {!r}, which neither its operation is applied to nor the function reads, so a compiled derivative "
    "would not see it change: give the operation one operand more, for this Value"
)


class Tape(Rows):
    """Rows that are being written; `captured` are the Values that they read besides the arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.captured: dict[Value, int] = {}
        self.shared: dict[object, Any] = {}
        self.branches: dict[int, str] = {}  # the line that branched on a comparison
        self.values = KnownNumbers()
        self.whole = False  # whether a derivative of a gradient tells a product that was made zero from one that is
        self.again = False  # whether what is derived is derived again, so that equal rows must not be one
        self.pushed = False  # whether its rates are asked for next, which are added up in the order of operands
        self.refused: TypeError | None = None  # the first look at a number that was refused
        self.closed = False  # whether it has all inputs that it may have, as rows of derivatives are added

    def copy(self) -> Self:
        """The same rows on another tape."""
        other = super().copy()
        other.captured = self.captured.copy()
        return other

    def as_eager(self) -> Self:
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
        if isinstance(operand, Constant):
            return operand.slot
        if isinstance(operand, Number):
            if operand.tape is not self:
                raise TypeError(OVER)
            return operand.slot
        if is_node(operand):
            return self.capture(operand)
        return self.constant(number(operand))

    def slots(self, operands: Sequence[Any]) -> list[int]:
        """`slot` of each, without a call where it is a number of this tape."""
        return [x.slot if type(x) is Number and x.tape is self else self.slot(x) for x in operands]

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
                if self.closed:
                    raise TypeError(OUTSIDE.format(leaf))
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
                self.wholes[found.slot] = op, tuple(self.slots(operands))
            return found
        if isinstance(op, Inlined):
            return op.inlined(self, operands)
        return self.append(op, operands)

    def append(self, op: Op, operands: Sequence[Any]) -> Number:
        """`record` for the operation as it is."""
        slots = self.slots(operands)
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

    def seen(self, x: Any) -> float:
        """The number of which a row is recorded, for the text of an error."""
        return self.value(self.slot(x))

    def known_shares(self, row: Sequence[Any]) -> list[Any] | None:
        """The softmax of a row, where each share has a row already."""
        return known_shares(self, row)

    def looked_up(self, place: Any, column: Sequence[Any]) -> Any:
        """The number of a column at a place."""
        return self.record(looked_up, (place, *column))

    def refuse(self, what: str) -> NoReturn:
        """Raise at a look at a number; should the function swallow the error, the recording is still worthless."""
        error = TypeError(unreadable(what))
        self.refused = self.refused or error
        raise error

    def value(self, row: int) -> float:
        """The number of a row."""
        assert self.values is not None
        return self.values.number(self, row)

    def guard(self, row: int) -> bool:
        """The truth of comparison `row`; every later run checks that it comes out the same."""
        outcome = self.value(row)
        self.guards.append((row, outcome))
        self.branches[row] = calling_line()
        return bool(outcome)
