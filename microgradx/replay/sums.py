"""Flatten sums: a tree of additions becomes one row with its terms, products among them becoming pairs of factors.

Long sums are where scalar code hides its dot products: sum of w*x over k is k multiplications and k-1 additions in the
order somebody wrote them. As (pairs, plus terms, minus terms) all orders look the same, and a group of such sums is a matrix
product if the pairs form a grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .columns import Columns, levels
from .rows import CONSTANT

SHORT, MANY = 6, 64  # sums of fewer terms than SHORT stay as written unless MANY alike stand on one level


@dataclass
class Sums:
    """The flattened sums: per term (sorted by sum) its `root` row, its factors or addend, and its sign.

    `kind` is 0 for a pair (`first` x `second`), 1 for an addend, 2 for an addend to be subtracted (`second` = -1).
    `root` marks rows that are sums, `inside` the rows that became part of one, `signature` counts (pairs, plus, minus) per row.
    """

    term_root: np.ndarray
    first: np.ndarray
    second: np.ndarray
    kind: np.ndarray
    root: np.ndarray
    inside: np.ndarray
    signature: np.ndarray
    level: np.ndarray


def flatten(columns: Columns, shortest: int = SHORT) -> Sums:
    """Find the sums worth keeping whole (all of at least `shortest` terms), and the level of every row."""
    size = len(columns.op)
    additive = columns.live & np.isin(columns.op, [columns.add, columns.subtract])
    user = np.full(size, -1)
    for operand in (columns.a, columns.b):
        rows = np.flatnonzero(columns.live & (operand >= 0))
        user[operand[rows]] = rows
    user[columns.wide_operand] = columns.wide_row
    absorbed = additive & (columns.uses == 1) & (user >= 0) & additive[user]
    tree = Tree(columns, additive, absorbed, user)
    kept = np.zeros(size, dtype=bool)
    sums = terms_of(columns, tree, kept)
    for _ in range(2):  # first by signature alone, as levels are not known yet, then level by level
        few = rare(sums, shortest)
        if len(few):
            kept[few] = True
            sums = terms_of(columns, tree, kept)
        if not len(sums.level):
            step = (columns.op > CONSTANT) & ~sums.inside
            sums.level = levels(columns, step.astype(np.int64))
    return sums


def rare(sums: Sums, shortest: int) -> np.ndarray:
    """The short sums that have fewer than MANY like them (on their level, once levels are known)."""
    rows = np.flatnonzero(sums.root)
    rows = rows[sums.signature[rows].sum(axis=1) < shortest]
    kind = sums.signature[rows] @ (shortest ** np.arange(3))  # no count in a short sum reaches `shortest`
    if len(sums.level):
        kind += sums.level[rows] * shortest**3
    _, alike, count = np.unique(kind, return_inverse=True, return_counts=True)
    found: np.ndarray = rows[count[alike.ravel()] < MANY] if len(rows) else rows
    return found


class Tree:
    """Which sum every addition belongs to (`above`: the row of its last addition), and with which sign."""

    def __init__(self, columns: Columns, additive: np.ndarray, absorbed: np.ndarray, user: np.ndarray) -> None:
        size = len(columns.op)
        self.additive, self.absorbed = additive, absorbed
        self.above, self.sign = np.arange(size), np.ones(size, dtype=np.int64)
        rows = np.flatnonzero(absorbed)
        above, sign = self.above, self.sign
        above[rows] = user[rows]
        sign[rows] = np.where((columns.op[user[rows]] == columns.subtract) & (columns.b[user[rows]] == rows), -1, 1)
        while True:  # pointer jumping: each round doubles the distance, so depth n takes log n rounds
            below = above[rows]
            higher = above[below]
            if np.array_equal(higher, below):
                return
            sign[rows] = sign[rows] * sign[below]
            above[rows] = higher


def terms_of(columns: Columns, tree: Tree, kept: np.ndarray) -> Sums:
    """The terms of every sum whose root is not `kept` as written."""
    size = len(columns.op)
    additive, absorbed, above, sign = tree.additive, tree.absorbed, tree.above, tree.sign
    member = additive & ~kept[above]
    rows = np.flatnonzero(member)
    right = np.where(columns.op[rows] == columns.subtract, -sign[rows], sign[rows])
    operand = np.concatenate((columns.a[rows], columns.b[rows]))
    sign_of = np.concatenate((sign[rows], right))
    root_of = np.concatenate((above[rows], above[rows]))
    leaf = ~(absorbed[operand] & member[operand])
    operand, sign_of, root_of = operand[leaf], sign_of[leaf], root_of[leaf]
    # the 0.0 that an accumulator starts from adds nothing (it could only turn a -0.0 into 0.0, which equals it)
    nothing = columns.zeros[operand]
    others = np.bincount(root_of[~nothing], minlength=size)
    counted = ~nothing | (others[root_of] < 2)
    operand, sign_of, root_of = operand[counted], sign_of[counted], root_of[counted]
    pair = (columns.op[operand] == columns.multiply) & (columns.uses[operand] == 1) & (sign_of > 0)
    kind = np.where(pair, 0, np.where(sign_of > 0, 1, 2))
    signature = np.zeros((size, 3), dtype=np.int64)
    np.add.at(signature, (root_of, kind), 1)
    # a plain a + b or a - b of two addends is an ordinary operation, not a sum
    plain = (signature[:, 0] == 0) & (signature.sum(axis=1) <= 2)
    term = ~plain[root_of]
    operand, root_of, kind, pair = operand[term], root_of[term], kind[term], pair[term]
    order = np.lexsort((kind, root_of))
    operand, root_of, kind, pair = operand[order], root_of[order], kind[order], pair[order]
    root = np.zeros(size, dtype=bool)
    root[root_of] = True
    inside = member & absorbed & root[above]
    inside[operand[pair]] = True
    first = np.where(pair, columns.a[operand], operand)
    second = np.where(pair, columns.b[operand], -1)
    signature[~root] = 0
    return Sums(root_of, first, second, kind, root, inside, signature, np.zeros(0))
