"""Flatten sums: a tree of additions becomes one row with its terms, products among them becoming pairs of factors.

Long sums are where scalar code hides its dot products: sum of w*x over k is k multiplications and k-1 additions in the
order somebody wrote them. As (pairs, plus terms, minus terms) all orders look the same, and a group of such sums is a matrix
product if the pairs form a grid.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..tape.rows import CONSTANT
from .columns import Columns

SHORT, MANY = 6, 64  # sums of fewer terms than SHORT stay as written unless MANY alike stand on one level
BLOCK = 100_000  # rows that are Python's integers at one time; all rows of a long program would need 200 bytes each


@dataclass
class Sums:
    """The flattened sums: per term (sorted by sum) its `root` row, its factors or addend, and its sign.

    `kind` is 0 for a pair (`first` x `second`), 1 for an addend, 2 for an addend to be subtracted (`second` = -1); `operand` is
    the row of the product or addend. `roots` lists the rows that are sums, `root` marks them, `inside` the rows that became
    part of one.
    """

    tree: Tree
    term_root: np.ndarray
    operand: np.ndarray
    kind: np.ndarray

    def __post_init__(self) -> None:
        new = np.diff(self.term_root, prepend=-1) != 0
        self.roots = self.term_root[new]
        self.counts = np.bincount(3 * np.cumsum(new) + self.kind, minlength=3 * len(self.roots) + 3).reshape(-1, 3)
        self.root = np.zeros(len(self.tree.above), dtype=bool)
        self.root[self.roots] = True
        self.inside = self.tree.absorbed & self.root[self.tree.above]
        self.inside[self.operand[self.kind == 0]] = True
        self.level = np.zeros(0, dtype=np.int64)

    @property
    def depth(self) -> int:
        """The highest level."""
        return int(self.level.max(initial=0))

    @cached_property
    def first(self) -> np.ndarray:
        """The first factor of each pair, or the addend."""
        return np.where(self.kind == 0, self.tree.columns.a[self.operand], self.operand)

    @cached_property
    def second(self) -> np.ndarray:
        """The second factor of each pair, else -1."""
        return np.where(self.kind == 0, self.tree.columns.b[self.operand], -1)

    def signature(self, rows: np.ndarray) -> np.ndarray:
        """How many (pairs, plus, minus) each of `rows` has, in ascending order; an ordinary operation has none."""
        place = np.searchsorted(self.roots, rows)
        return self.counts[np.where(self.root[rows], place + 1, 0)]

    def without(self, rows: np.ndarray) -> Sums:
        """The others, when the sums `rows` stay as they were written."""
        dropped = np.zeros(len(self.root), dtype=bool)
        dropped[rows] = True
        kept = ~dropped[self.term_root]
        return Sums(self.tree, self.term_root[kept], self.operand[kept], self.kind[kept])


def flatten(columns: Columns, shortest: int = SHORT, deepest: float = math.inf) -> Sums:
    """Find the sums worth keeping whole (all of at least `shortest` terms), and the level of every row.

    Rows are no longer looked at once there are more than `deepest` levels, so that the highest level found exceeds it too.
    """
    sums = terms_of(columns, Tree(columns))
    sums = sums.without(rare(sums, shortest))  # by signature alone, as levels are not known yet
    sums.level = levels(columns, sums, deepest)
    few = rare(sums, shortest)
    if len(few) and sums.depth <= deepest:
        sums = sums.without(few)
        sums.level = levels(columns, sums, deepest)
    return sums


def levels(columns: Columns, sums: Sums, deepest: float) -> np.ndarray:
    """The earliest level of each row that is not part of a sum: one above the highest of its operands or terms."""
    level = array("i", bytes(4 * len(columns.op) + 4))  # the last one answers for operand -1
    found, at, more, term = np.frombuffer(level, dtype=np.intc), level.__getitem__, columns.more, 0
    every = np.flatnonzero(columns.live & (columns.op > CONSTANT) & ~sums.inside)
    for rows in np.split(every, range(BLOCK, len(every), BLOCK)):
        count = sums.signature(rows).sum(axis=1)
        terms = slice(term, term := term + int(count.sum()))
        factors = np.stack((sums.first[terms], sums.second[terms]), axis=1).ravel().tolist()
        ends = 2 * np.cumsum(count)
        lists = (x.tolist() for x in (rows, columns.a[rows], columns.b[rows], ends - 2 * count, ends))
        for row, a, b, low, high in zip(*lists, strict=True):
            if low < high:
                level[row] = 1 + max(map(at, factors[low:high]))
            elif a >= 0:
                below, other = level[a], level[b]
                level[row] = 1 + (below if below > other else other)
            else:
                level[row] = 1 + max(map(at, more[row]))
        if found[rows].max(initial=0) > deepest:
            break
    return found[:-1].astype(np.int64)


def rare(sums: Sums, shortest: int) -> np.ndarray:
    """The sums that are better left as written: short ones with fewer than MANY alike (on their level, once levels are known).

    A plain a + b or a - b of two addends is an ordinary operation, not a sum.
    """
    signature = sums.signature(sums.roots)
    terms = signature.sum(axis=1)
    plain, short = (signature[:, 0] == 0) & (terms <= 2), terms < shortest
    kind = signature[short] @ (shortest ** np.arange(3))  # no count in a short sum reaches `shortest`
    if len(sums.level):
        kind += sums.level[sums.roots[short]] * shortest**3
    _, alike, count = np.unique(kind, return_inverse=True, return_counts=True)
    plain[short] |= count[alike.ravel()] < MANY
    found: np.ndarray = sums.roots[plain]
    return found


class Tree:
    """Which sum every addition belongs to (`above`: the row of its last addition), and with which sign.

    `additive` marks additions and subtractions, `absorbed` those that only another one uses.
    """

    def __init__(self, columns: Columns) -> None:
        self.columns, size = columns, len(columns.op)
        self.additive = columns.live & ((columns.op == columns.add) | (columns.op == columns.subtract))
        user = np.full(size, -1)
        for operand in (columns.a, columns.b):
            rows = np.flatnonzero(self.additive)
            user[operand[rows]] = rows
        self.absorbed = self.additive & (columns.uses == 1) & (user >= 0)
        self.above, self.sign = np.arange(size), np.ones(size, dtype=np.int8)
        rows = np.flatnonzero(self.absorbed)
        above, sign = self.above, self.sign
        above[rows] = user[rows]
        sign[rows] = np.where((columns.op[user[rows]] == columns.subtract) & (columns.b[user[rows]] == rows), -1, 1)
        while len(rows):  # pointer jumping: each round doubles the distance, so depth n takes log n rounds
            below = above[rows]
            higher = above[below]
            sign[rows] *= sign[below]
            above[rows] = higher
            rows = rows[higher != below]


def terms_of(columns: Columns, tree: Tree) -> Sums:
    """The terms of every sum."""
    rows = np.flatnonzero(tree.additive)
    sign, parts = tree.sign[rows], []
    right = np.where(columns.op[rows] == columns.subtract, -sign, sign)
    for operand, sign_of in ((columns.a[rows], sign), (columns.b[rows], right)):
        leaf = ~tree.absorbed[operand]
        parts.append((operand[leaf], tree.above[rows[leaf]], sign_of[leaf]))
    operand, root_of, sign_of = (np.concatenate(x) for x in zip(*parts, strict=True))
    # the 0.0 that an accumulator starts from adds nothing (it could only turn a -0.0 into 0.0, which equals it)
    nothing = columns.zeros[operand]
    if nothing.any():
        others = np.bincount(root_of[~nothing], minlength=len(columns.op))
        counted = ~nothing | (others[root_of] < 2)
        operand, root_of, sign_of = operand[counted], root_of[counted], sign_of[counted]
    pair = (columns.op[operand] == columns.multiply) & (columns.uses[operand] == 1) & (sign_of > 0)
    kind = np.where(pair, 0, np.where(sign_of > 0, 1, 2))
    order = np.argsort(3 * root_of + kind, kind="stable")
    return Sums(tree, root_of[order], operand[order], kind[order])
