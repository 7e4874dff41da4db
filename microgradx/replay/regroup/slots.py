"""Give every row its slot in the buffer, group by group, so that operands lie in even steps and sums become matrix products.

Two rows of one group that read the same slots share one slot. Rows of an elementwise group are ordered by what they
read. A group of sums of products whose factors form a grid (every left row with every right row) is a matrix product;
several equal grids are a batched one; what is neither is multiplied and added as planes.
"""

from __future__ import annotations

import itertools

import numpy as np

from ..tape.rows import TABLE
from .columns import Columns
from .group import Groups, dense, distinct
from .instructions import VARYING, Emitter, View, contiguous
from .matrix_products import cut, distinct_lines, factor, grid, merged
from .sums import Sums


class Placer:
    """Slots given so far: inputs first, then constants, then group after group."""

    def __init__(self, columns: Columns, sums: Sums, groups: Groups, varying: np.ndarray | None = None) -> None:
        self.columns, self.sums, self.groups = columns, sums, groups
        self.varying = np.zeros(len(columns.op), dtype=bool) if varying is None else varying
        self.slot = np.full(len(columns.op) + 1, -1, dtype=np.int64)
        alike = columns.inputs[~self.varying[columns.inputs]]
        per_sample = columns.inputs[self.varying[columns.inputs]]
        leaves = np.concatenate((alike, columns.constants))
        self.slot[leaves] = np.arange(len(leaves))
        self.slot[per_sample] = VARYING + np.arange(len(per_sample))
        self.size, self.varying_size = len(leaves), len(per_sample)
        self.emitter = Emitter(len(alike), len(leaves))
        self.first_term = np.zeros(len(columns.op) + 1, dtype=np.int64)
        self.first_term[1:] = np.cumsum(np.bincount(sums.term_root, minlength=len(columns.op)))

    def place(self) -> None:
        """Place and emit all groups."""
        groups, emitter = self.groups, self.emitter
        level = None
        for i in range(len(groups.start) - 1):
            if groups.level[i] != level:
                if level is not None:
                    emitter.end_level()
                emitter.begin_level()
                level = groups.level[i]
            rows = groups.rows[groups.start[i] : groups.start[i + 1]]
            emitter.varying = bool(self.varying[rows[0]])
            if self.sums.root[rows[0]]:
                self.place_sums(rows)
            else:
                self.place_elementwise(rows)
        if level is not None:
            emitter.end_level()

    def allot(self, rows: np.ndarray, member: np.ndarray, count: int) -> View:
        """Give the group `count` slots; row i of it lives at the `member[i]`-th."""
        if self.emitter.varying:
            self.slot[rows] = VARYING + self.varying_size + member
            self.varying_size += count
            return contiguous("varying", self.varying_size - count, (count,))
        self.slot[rows] = self.size + member
        self.size += count
        return contiguous("slots", self.size - count, (count,))

    def place_elementwise(self, rows: np.ndarray) -> None:
        """One operation on every row: equal rows share a slot, the others are ordered by the slots they read."""
        columns, slot, role = self.columns, self.slot, self.groups.role
        code = columns.op[rows[0]]
        op = TABLE[code]
        assert op is not None
        if columns.a[rows[0]] < 0:
            operands = slot[np.array([columns.more[row] for row in rows.tolist()], dtype=np.int64).T]
        elif columns.b[rows[0]] < 0:
            operands = slot[columns.a[rows]][None]
        else:
            operands = np.stack((slot[columns.a[rows]], slot[columns.b[rows]]))
            if code in (columns.add, columns.multiply):
                left, right = role[columns.a[rows]], role[columns.b[rows]]
                swap = (left > right) | ((left == right) & (operands[0] > operands[1]))
                operands = np.where(swap, operands[::-1], operands)
        order, member, count = distinct(*sorted(operands, key=self.emitter.all_constant))
        write = self.allot(rows, member, count)
        self.emitter.elementwise(op.name, [x[order] for x in operands], write, rows)

    def place_sums(self, rows: np.ndarray) -> None:
        """Sums of one signature: pairs as matrix products or planes, addends as reductions."""
        sums, slot, role = self.sums, self.slot, self.groups.role
        pairs, plain = sums.signature(rows[:1])[0]
        terms = self.first_term[rows][:, None] + np.arange(pairs + plain)
        first, second = sums.first[terms], sums.second[terms]
        f_role, s_role = role[first], role[second]
        f, s = slot[first], slot[second]
        swap = (second >= 0) & ((f_role > s_role) | ((f_role == s_role) & (f > s)))
        f, s = np.where(swap, s, f), np.where(swap, f, s)
        f_role, s_role = np.where(swap, s_role, f_role), np.where(swap, f_role, s_role)
        likeness = dense(sums.kind[terms].ravel(), f_role.ravel(), np.where(second < 0, 0, s_role).ravel()).reshape(terms.shape)
        line = np.repeat(np.arange(len(rows)), terms.shape[1])
        order = np.lexsort((s.ravel(), f.ravel(), likeness.ravel(), line)).reshape(terms.shape) if terms.size else terms
        f, s, likeness = f.ravel()[order], s.ravel()[order], likeness.ravel()[order]
        order, member, count = distinct_lines(np.concatenate((f, s), axis=1))
        f, s, likeness = f[order], s[order], likeness[order]
        bounds = cut(likeness, [pairs])
        products, addends = (
            merged([b for b in bounds if low <= b[0] < high], f, s, 1000 if self.emitter.varying else 1)
            for low, high in itertools.pairwise((0, pairs, pairs + plain))
        )
        where, shape = np.arange(count), None
        if products:
            where, shape = grid(f[:, products[0]], s[:, products[0]])
        f, s = f[where], s[where]
        place = np.empty(count, dtype=np.int64)
        place[where] = np.arange(count)
        partial = len(products) + len(addends) - 1 if count == 1 and not self.emitter.varying else 0
        self.size += partial
        write = self.allot(rows, place[member], count)
        parts = SumWriter(self.emitter, write, rows, partial)
        for run in products:
            parts.products(f[:, run], s[:, run], shape)
        for run in addends:
            parts.addends(f[:, run])


class SumWriter:
    """Writes the parts of one group of sums; the first part goes straight to its place, later ones are added to it.

    A single number is not added to in place, for which numpy takes three times as long: its `partial` sums have slots before it.
    """

    def __init__(self, emitter: Emitter, write: View, rows: np.ndarray, partial: int) -> None:
        self.emitter, self.rows = emitter, rows
        self.count = write.shape[0]
        self.write, self.partial = write._replace(offset=write.offset - partial), partial
        self.started = False

    def target(self, shape: tuple[int, ...], offset: int = 0) -> View:
        """Where the next part is to be written."""
        if self.started:
            return self.emitter.scratch(shape, offset)
        return contiguous(self.write.space, self.write.offset, shape)

    def so_far(self) -> View:
        """The sum of the parts so far; `write` is now where the next sum goes."""
        before = self.write
        if self.partial:
            self.partial, self.write = self.partial - 1, before._replace(offset=before.offset + 1)
        return before

    def finish(self, part: View) -> None:
        """Add a part that was written to scratch."""
        if self.started:
            flat = contiguous(part.space, part.offset, self.write.shape)
            self.emitter.emit("add", [self.so_far(), flat], self.write, self.rows)
        self.started = True

    def products(self, f: np.ndarray, s: np.ndarray, shape: tuple[int, int, int] | None) -> None:
        """The sum over a run of pairs: a (batched) matrix product where the factors form a grid, else planes."""
        length = f.shape[1]
        varying = self.emitter.varying
        one_by_one = varying and (f[0, 0] >= VARYING or s[0, 0] < VARYING or (shape is not None and shape[0] > 1))
        factors = factor(f, s, shape) if length > 1 and not one_by_one and shape is not None else None
        if factors is not None and shape is not None and not (varying and factors[0].flat[0] >= VARYING):  # samples on the right
            left, right = factors
            batch, rows, cols = shape
            left, right = left.reshape(batch, rows, length), right.reshape(batch, cols, length).transpose(0, 2, 1)
            if batch == 1:
                left, right = left[0], right[0]
            write = self.target((rows, cols) if batch == 1 else shape)
            reads = [self.emitter.matrix(left), self.emitter.matrix(right)]
            self.emitter.emit("matmul", reads, write, self.rows, 2 * length - 1)
            self.finish(write)
            return
        block = self.count
        if length == 1:
            write = self.target((block,))
            self.emitter.elementwise("multiply", [f[:, 0], s[:, 0]], write, self.rows)
            self.finish(write)
            return
        planes = self.emitter.scratch((length * block,))
        self.emitter.elementwise("multiply", [f.T.ravel(), s.T.ravel()], planes, self.rows, block)
        write = self.target((block,), offset=length * block)
        self.emitter.emit("reduce", [contiguous(planes.space, planes.offset, (length, block))], write, self.rows, length - 1)
        self.finish(write)

    def addends(self, f: np.ndarray) -> None:
        """Add a run of addends."""
        length = f.shape[1]
        if length == 1 and self.started:
            # the group is contiguous, so it can be read in whatever shape the addend needs
            here = np.arange(self.count) + self.so_far().offset + (VARYING if self.emitter.varying else 0)
            self.emitter.elementwise("add", [here, f[:, 0]], self.write, self.rows)
            return
        if length == 1:
            self.emitter.elementwise("positive", [f[:, 0]], self.write, self.rows)
            self.started = True
            return
        write = self.target((self.count,))
        self.emitter.reduce(f.T, write, self.rows)
        self.finish(write)
