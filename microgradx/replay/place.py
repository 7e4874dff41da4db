"""Give every row its slot in the buffer, group by group, so that operands lie in even steps and sums become matrix products.

Two rows of one group that read the same slots share one slot. Rows of an elementwise group are ordered by what they
read. A group of sums of products whose factors form a grid (every left row with every right row) is a matrix product;
several equal grids are a batched one; what is neither is multiplied and added as planes.
"""

from __future__ import annotations

import numpy as np

from .columns import CONSTANT, Columns
from .emit import VARYING, Emitter, View, contiguous
from .group import Groups, dense, mix
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
        op = columns.table[code]
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
        fixed = [bool(((x >= self.emitter.constant_from) & (x < self.emitter.constant_to)).all()) for x in operands]
        keys = [x for x, f in zip(operands, fixed, strict=True) if not f] + [x for x, f in zip(operands, fixed, strict=True) if f]
        order, member, count = distinct(keys)
        write = self.allot(rows, member, count)
        self.emitter.elementwise(op.name, [x[order] for x in operands], write, rows)

    def place_sums(self, rows: np.ndarray) -> None:
        """Sums of one signature: pairs as matrix products or planes, addends as reductions."""
        sums, slot, role = self.sums, self.slot, self.groups.role
        pairs, plus, minus = sums.signature[rows[0]]
        terms = self.first_term[rows][:, None] + np.arange(pairs + plus + minus)
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
        bounds = cut(likeness, [pairs, pairs + plus])
        products = sorted((b for b in bounds if b[0] < pairs), key=lambda b: b[0] - b[1])
        addends = [b for b in bounds if b[0] >= pairs]
        where, shape = np.arange(count), None
        if products:
            low, high = products[0]
            where, shape = grid(f[:, low:high], s[:, low:high])
        f, s = f[where], s[where]
        place = np.empty(count, dtype=np.int64)
        place[where] = np.arange(count)
        write = self.allot(rows, place[member], count)
        parts = SumWriter(self.emitter, write, rows)
        for low, high in products:
            parts.products(f[:, low:high], s[:, low:high], shape)
        for low, high in addends:
            parts.addends(f[:, low:high], minus=low >= pairs + plus)


class SumWriter:
    """Writes the parts of one group of sums; the first part goes straight to its place, later ones are added to it."""

    def __init__(self, emitter: Emitter, write: View, rows: np.ndarray) -> None:
        self.emitter, self.write, self.rows = emitter, write, rows
        self.count = write.shape[0]
        self.started = False

    def target(self, shape: tuple[int, ...], offset: int = 0) -> View:
        """Where the next part is to be written."""
        if self.started:
            return self.emitter.scratch(shape, offset)
        return contiguous(self.write.space, self.write.offset, shape)

    def finish(self, part: View, name: str = "add") -> None:
        """Add a part that was written to scratch."""
        if self.started:
            flat = contiguous(part.space, part.offset, self.write.shape)
            self.emitter.emit(name, [self.write, flat], self.write, self.rows)
        elif name == "subtract":
            self.emitter.emit("negative", [self.write], self.write, self.rows)
        self.started = True

    def products(self, f: np.ndarray, s: np.ndarray, shape: tuple[int, int, int] | None) -> None:
        """The sum over a run of pairs: a (batched) matrix product where the factors form a grid, else planes."""
        length = f.shape[1]
        one_by_one = self.emitter.varying and (f[0, 0] >= VARYING or s[0, 0] < VARYING or (shape is not None and shape[0] > 1))
        if length > 1 and not one_by_one and shape is not None and (factors := factor(f, s, shape)):
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

    def addends(self, f: np.ndarray, minus: bool) -> None:
        """Add (or subtract) a run of addends."""
        length, name = f.shape[1], "subtract" if minus else "add"
        if length == 1 and self.started:
            # the group is contiguous, so it can be read in whatever shape the addend needs
            here = np.arange(self.count) + self.write.offset + (VARYING if self.emitter.varying else 0)
            self.emitter.elementwise(name, [here, f[:, 0]], self.write, self.rows)
            return
        if length == 1:
            self.emitter.elementwise("negative" if minus else "positive", [f[:, 0]], self.write, self.rows)
            self.started = True
            return
        write = self.target((self.count,))
        self.emitter.reduce(f.T, write, self.rows)
        self.finish(write, name)


def distinct(keys: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, int]:
    """Sort by `keys`; give one index per distinct member, each member's place among them, and their number."""
    order = np.lexsort(keys[::-1])
    new = np.zeros(len(order), dtype=bool)
    new[0] = True
    for key in keys:
        new[1:] |= np.diff(key[order]) != 0
    member = np.empty(len(order), dtype=np.int64)
    member[order] = np.cumsum(new) - 1
    return order[new], member, int(new.sum())


def distinct_lines(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The distinct lines of a matrix in order of appearance: their first indices, each line's number among them, how many."""
    number = identify(lines)
    _, index = np.unique(number, return_index=True)
    if not np.array_equal(lines[index][number], lines):  # two lines with one hash: keep all apart
        index = number = np.arange(len(lines))
    return index, number, len(index)


def identify(lines: np.ndarray) -> np.ndarray:
    """Number the lines of a matrix by content, in order of appearance (by a 64-bit hash: check before relying on it)."""
    weights = mix(np.arange(1, lines.shape[1] + 1)) | np.uint64(1)
    hashed = (mix(lines) * weights).sum(axis=1, dtype=np.uint64)
    _, index, number = np.unique(hashed, return_index=True, return_inverse=True)
    rank = np.empty(len(index), dtype=np.int64)
    rank[np.argsort(index, kind="stable")] = np.arange(len(index))
    return rank[number.ravel()]


def cut(likeness: np.ndarray, borders: list[int]) -> list[tuple[int, int]]:
    """Columns of equal likeness as (low, high); columns in which the members differ stand together."""
    width = likeness.shape[1]
    uniform = (likeness == likeness[0]).all(axis=0)
    mark = np.where(uniform, likeness[0], -1)
    edges = {0, width, *borders, *(np.flatnonzero(np.diff(mark)) + 1).tolist()}
    ladder = sorted(edges)
    return [(low, high) for low, high in zip(ladder, ladder[1:], strict=False) if low < high]


def grid(f: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, tuple[int, int, int] | None]:
    """An order of the members in which they are (batch, left, right) and that shape; or their order by slots and None."""
    left, right = identify(f), identify(s)
    lefts, rights, count = left.max() + 1, right.max() + 1, len(left)
    natural = np.lexsort((s[:, 0], f[:, 0]))
    f_rank, s_rank = rank_by(f[:, 0], left), rank_by(s[:, 0], right)
    if lefts * rights == count:
        order = np.lexsort((s_rank, f_rank))
        shape = (1, int(lefts), int(rights))
        return (order, shape) if factor(f[order], s[order], shape) else (natural, None)
    if f.shape[1] == 1:
        return natural, None  # single products: element by element
    block = rank_by(f[:, 0], components(left, right))
    blocks = block.max() + 1
    if count % blocks or blocks == count:
        return natural, None
    order = np.lexsort((s_rank, f_rank, block))
    inner = count // blocks
    rows = inner // max(1, int((f_rank[order][:inner] == f_rank[order][0]).sum()))
    shape = (int(blocks), int(rows), int(inner // rows))
    if rows * shape[2] == inner and factor(f[order], s[order], shape):
        return order, shape
    return natural, None


def rank_by(slots: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Renumber classes by the lowest slot among their members (classes that tie keep their order)."""
    lowest = np.full(number.max() + 1, slots.max())
    np.minimum.at(lowest, number, slots)
    rank = np.empty(len(lowest), dtype=np.int64)
    rank[np.argsort(lowest, kind="stable")] = np.arange(len(lowest))
    return rank[number]


def components(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Number the connected components of the graph in which member i joins left[i] and right[i]."""
    label = np.arange(len(left))
    while True:
        before = label
        for side in (left, right):
            least = np.full(side.max() + 1, len(label))
            np.minimum.at(least, side, label)
            label = least[side]
        if np.array_equal(label, before):
            return dense(label)


def factor(f: np.ndarray, s: np.ndarray, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray] | None:
    """The left lines and right lines of a grid in which member (b, i, j) pairs left (b, i) with right (b, j), checked exactly."""
    length = f.shape[1]
    f, s = f.reshape(*shape, length), s.reshape(*shape, length)
    for left, right in ((f, s), (s, f)):
        if (left == left[:, :, :1]).all() and (right == right[:, :1]).all():
            return left[:, :, 0], right[:, 0]
    return None


__all__ = ["CONSTANT", "Placer"]
