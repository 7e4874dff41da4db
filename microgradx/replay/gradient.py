"""The derivative of a recorded program, taken on the tape itself by the rules of the one derivative table.

The sweep runs over the rows from the last to the first and appends the rows of the derivative. What comes out is an
ordinary longer tape, so the compiler needs no backward instructions, and a gradient can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import ops
from . import lower as lower  # fills in how operations on many operands are written
from .record import CONSTANT, TABLE, Constant, Number, Tape, code_of, private

NONE, SEED = -1, -2  # adjoints that are not rows: nothing has arrived yet, and exactly the 1 the sweep starts from


def contribution(upstream: float, local: float) -> float:
    """Upstream gradient times local derivative, where a factor that is exactly zero gives exactly zero."""
    product = upstream * local
    return 0.0 if product != product and (upstream == 0.0 or local == 0.0) else product


chain = private("chain", "{} * {}", contribution, lambda a, b, out: b, lambda a, b, out: a, numpy="multiply")


def depends(tape: Tape, wrt: Sequence[int]) -> bytearray:
    """Mark the rows that can change when an input in `wrt` changes."""
    active = bytearray(len(tape) + 1)  # the last one answers for operand -1
    for slot in wrt:
        active[slot] = 1
    more = tape.more
    for row, (a, b) in enumerate(zip(tape.a, tape.b, strict=True)):
        if a >= 0:
            if active[a] or active[b]:
                active[row] = 1
        elif row in more and any(active[x] for x in more[row]):
            active[row] = 1
    return active


def gradient(tape: Tape, output: int, wrt: Sequence[int]) -> list[int]:
    """Append the derivative of row `output` to the tape; give the rows of d(output)/d(row) for each row in `wrt`."""
    tape.values = None  # from here on rows are written, not evaluated
    tape.interned = {}  # numbers that rules bring in share no row with numbers of the program
    active = depends(tape, wrt)
    constants, table, more = tape.constants, TABLE, tape.more
    op_column, a_column, b_column = tape.op, tape.a, tape.b
    symbols = [Constant(constants[i], i) if code == CONSTANT else Number(tape, i) for i, code in enumerate(op_column)]
    adjoints = [NONE] * len(tape)
    adjoints[output] = SEED
    row, slot_of = tape.row, tape.slot
    times, plus, minus = code_of(chain), code_of(ops.add), code_of(ops.negative)

    def twice(upstream: int) -> int:
        if upstream == SEED:
            return slot_of(2.0)
        return slot_of(2.0 * constants[upstream]) if upstream in constants else row(plus, upstream, upstream)

    def arrive(parent: int, upstream: int, local: object, fixed: bool) -> None:
        """Add one contribution, upstream x local, to the adjoint of `parent`."""
        if fixed and local == 1.0:
            arriving = upstream
        elif fixed and local == 0.0:
            return
        elif upstream == SEED:
            arriving = slot_of(local)
        elif upstream in constants and isinstance(local, float):
            arriving = slot_of(contribution(constants[upstream], local))
        elif fixed and local == -1.0:
            arriving = row(minus, upstream)
        else:
            arriving = row(times, upstream, slot_of(local))
        before = adjoints[parent]
        if before == NONE:
            adjoints[parent] = arriving
        else:
            before = slot_of(1.0) if before == SEED else before
            arriving = slot_of(1.0) if arriving == SEED else arriving
            adjoints[parent] = row(plus, before, arriving)

    for i in range(output, -1, -1):
        upstream = adjoints[i]
        if upstream == NONE or not active[i]:
            continue
        op = table[op_column[i]]
        if op is None:
            continue
        a, b = a_column[i], b_column[i]
        parents = (a, b) if b >= 0 else (a,) if a >= 0 else more[i]
        operands = [symbols[x] for x in parents]
        if op.arity is None:
            wanted = [bool(active[x]) for x in parents]
            for parent, local in zip(parents, op.local_derivatives(operands, symbols[i], wanted), strict=True):
                if active[parent]:
                    arrive(parent, upstream, local, False)
            continue
        if a == b and op is ops.multiply and active[a]:  # x * x: twice upstream, times x
            arrive(a, twice(upstream), symbols[a], False)
            continue
        for parent, partial in zip(parents, op.partials, strict=True):
            if active[parent]:
                if type(partial) is float:
                    arrive(parent, upstream, partial, True)
                else:
                    arrive(parent, upstream, partial(*operands, symbols[i]), False)
    return [slot_of(0.0) if x == NONE else slot_of(1.0) if x == SEED else x for x in (adjoints[w] for w in wrt)]
