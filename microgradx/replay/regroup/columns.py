"""The tape as arrays, made canonical: what is alive, how often each row is used, at which level it can be computed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain as chain_of
from typing import Any

import numpy as np

from ... import ops
from ..tape.gradient import arrival, chain_step
from ..tape.many_operands import sum_rows
from ..tape.rows import CONSTANT, Rows, code_of, greater
from ..tape.tape import Tape
from .steps import OPERANDS_AT_ONCE


class Columns:
    """The rows of a tape as arrays.

    `op`, `a`, `b` are the columns; `wide_row`, `wide_operand` list the operands of rows with more than two. `live` marks
    the rows that an output needs, `uses` counts how often a live row (or an output) uses each row.
    """

    def __init__(self, tape: Tape, outputs: Sequence[int], live: np.ndarray | None = None) -> None:
        zero, self.two = tape.constant(0.0), tape.constant(2.0)
        self.more = tape.more
        self.outputs = np.array(outputs, dtype=np.int64)
        self.op, self.a, self.b = (np.array(x, dtype=np.int64) for x in (tape.op, tape.a, tape.b))
        self.add, self.multiply, self.total = code_of(ops.add), code_of(ops.multiply), code_of(sum_rows)
        self.constants = np.array(list(tape.constants), dtype=np.int64)
        self.constant_values = np.array(list(tape.constants.values()), dtype=np.float64)
        self.zeros = np.zeros(len(self.op), dtype=bool)
        self.zeros[self.constants[self.constant_values == 0.0]] = True
        self.inputs = np.array(tape.inputs, dtype=np.int64)
        self.input_roles = np.array(tape.roles, dtype=np.int64)
        self.canonical(zero)
        if live is None:
            live = live_rows(tape, outputs)
        self.live = live = np.concatenate((live, np.zeros(len(tape) - len(live), dtype=np.bool_)))  # new constants
        wide_row = np.repeat(list(self.more), list(map(len, self.more.values()))).astype(np.int64)
        needed = live[wide_row]
        self.wide_row = wide_row[needed]
        self.wide_operand = np.array(list(chain_of.from_iterable(self.more.values())), dtype=np.int64)[needed]
        used = np.concatenate((self.a[live], self.b[live], self.wide_operand, self.outputs))
        self.uses = np.bincount(used + 1, minlength=len(live) + 1)[1:]  # operand -1 is none

    def canonical(self, zero: int) -> None:
        """Write operations in the form that numpy has, so that rows which mean the same look the same.

        Powers 1/2 and -1 are sqrt and reciprocal; relu(x) is maximum(x, 0); heaviside(x, 0) is x > 0; a gradient's product is a
        product, and its sum a sum. `zero` is a row that holds 0.0.
        """
        self.op[self.op == code_of(chain_step)] = self.multiply
        self.arrival = self.op == code_of(arrival)
        self.op[self.arrival] = self.add
        number = np.full(len(self.op) + 1, np.nan)
        number[self.constants] = self.constant_values
        power, step = (np.flatnonzero(self.op == code_of(op)) for op in (ops.power, ops.heaviside))
        for exponent, op in ((0.5, ops.sqrt), (-1.0, ops.reciprocal)):
            rows = power[number[self.b[power]] == exponent]
            self.op[rows], self.b[rows] = code_of(op), -1
        rows = self.op == code_of(ops.relu)
        self.op[rows], self.b[rows] = code_of(ops.maximum), zero
        self.op[step[number[self.b[step]] == 0.0]] = code_of(greater)


def live_rows(tape: Rows, outputs: Sequence[int]) -> np.ndarray:
    """Mark every row that an output needs."""
    op, count, one = np.asarray(memoryview(tape.op)), len(tape), np.int32(1)  # 20 times as fast as a 1 of Python
    columns = [np.asarray(memoryview(column)) for column in (tape.a, tape.b)]
    parts: list[Any] = [  # numpy copies indices as integers of twice their size
        column[low : low + OPERANDS_AT_ONCE] for column in columns for low in range(0, count, OPERANDS_AT_ONCE)
    ]
    parts.append([*outputs, *chain_of.from_iterable(tape.more.values())])
    used = np.zeros(count + 1, dtype=np.bool_)  # the last one is for operand -1
    for part in parts:
        used[part] = True
    if used[:-1][op > CONSTANT].all():  # as is usual for a gradient; counts would take four times the memory
        return np.ones(count, dtype=np.bool_)
    uses = np.zeros(count + 1, dtype=np.int32)
    for part in parts:
        np.add.at(uses, part, one)
    left = uses.data
    dead: list[int] = np.flatnonzero((uses[:-1] == 0) & (op > CONSTANT)).tolist()  # few, as nearly all of a gradient is needed
    for row in dead:
        for x in tape.operands(row):
            left[x] -= 1
            if not left[x] and tape.op[x] > CONSTANT:
                dead.append(x)
    live = np.ones(count, dtype=np.bool_)
    live[dead] = False
    return live
