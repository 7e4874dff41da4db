"""Flatten sums: a plain left-to-right accumulation becomes one row with its terms, products among them pairs of factors.

Long sums are where scalar code hides its dot products: a sum of w*x over k is k multiplications and k-1 additions in the order
somebody wrote them. As (pairs, plain terms) all orders look the same, and a group of such sums is a matrix product if the pairs
form a grid. Only a total to which term after term is added, and whose partial totals nobody else reads, is taken for one:
brackets and subtractions stay as they were written, as compensated sums live by them.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..tape.rows import CONSTANT
from .columns import Columns
from .users import Users, last_of, sorted_pairs

_SHORT, MANY = 6, 64  # sums of fewer terms than SHORT stay as written unless MANY alike stand on one level
OF_ONE_KIND = 3  # contributions of a kind, on average: so many come from the members of an array and are a sum to be flattened
ROWS_AT_ONCE = 100_000  # rows that are Python's integers at one time; all rows of a long program would need 200 bytes each


@dataclass
class Sums:
    """The flattened sums: per term (sorted by sum, pairs first) its `root` row and its factors `first` x `second`, or its addend
    `first` (`second` is then -1), and the row of the product that a pair was made of (else -1).

    `roots` lists the rows that are sums, `root` marks them.
    """

    tree: Tree
    term_root: np.ndarray
    first: np.ndarray
    second: np.ndarray
    product: np.ndarray

    def __post_init__(self) -> None:
        new = np.diff(self.term_root, prepend=-1) != 0
        self.roots = self.term_root[new]
        self.kind = np.where(self.second < 0, 1, 0)
        self.counts = np.bincount(2 * np.cumsum(new) + self.kind, minlength=2 * len(self.roots) + 2).reshape(-1, 2)
        self.root = np.zeros(len(self.tree.above), dtype=bool)
        self.root[self.roots] = True
        self.level = np.zeros(0, dtype=np.int64)

    @property
    def depth(self) -> int:
        """The highest level."""
        return int(self.level.max(initial=0))

    @cached_property
    def inside(self) -> np.ndarray:
        """Marks the rows that became part of a sum."""
        found: np.ndarray = self.tree.absorbed & self.root[self.tree.above]
        found[self.product[self.product >= 0]] = True
        return found

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows that are computed: operations, and sums as a whole."""
        columns = self.tree.columns
        return np.flatnonzero(columns.live & (columns.op > CONSTANT) & ~self.inside)

    @cached_property
    def users(self) -> Users:
        """What uses each of `rows`."""
        columns = self.tree.columns
        plain = self.rows[~self.root[self.rows]]
        user = np.concatenate((plain, plain, columns.wide_row, self.term_root, self.term_root))
        operand = np.concatenate((columns.a[plain], columns.b[plain], columns.wide_operand, self.first, self.second))
        return Users.of(self.rows, user, operand, len(columns.op))

    def signature(self, rows: np.ndarray) -> np.ndarray:
        """How many (pairs, addends) each of `rows` has, in ascending order; an ordinary operation has none."""
        place = np.searchsorted(self.roots, rows)
        return self.counts[np.where(self.root[rows], place + 1, 0)]

    def without(self, rows: np.ndarray) -> Sums:
        """The others, when the sums `rows` stay as they were written."""
        dropped = np.zeros(len(self.root), dtype=bool)
        dropped[rows] = True
        kept = ~dropped[self.term_root]
        return Sums(self.tree, *[x[kept] for x in (self.term_root, self.first, self.second, self.product)])


def flatten(columns: Columns, shortest: int = _SHORT, deepest: float = math.inf) -> Sums:
    """Find the sums worth keeping whole (all of at least `shortest` terms), and the level of every row.

    Rows are no longer looked at once there are more than `deepest` levels, so that the highest level found exceeds it too.
    """
    sums = terms_of(columns, Tree(columns))
    few = mixed(columns, sums)
    sums = sums.without(np.concatenate((few, rare(sums, shortest, few))))  # by signature alone, as levels are not known yet
    sums.level = levels(columns, sums, deepest)
    few = rare(sums, shortest)
    if len(few) and sums.depth <= deepest:
        sums = sums.without(few)
        sums.level = levels(columns, sums, deepest)
    return sums


def levels(columns: Columns, sums: Sums, deepest: float) -> np.ndarray:
    """The earliest level of each row that is not part of a sum: one above the highest of its operands or terms."""
    level = array("i", bytes(4 * len(columns.op) + 4))  # the last one answers for operand -1
    found, at, more, rest = np.frombuffer(level, dtype=np.intc), level.__getitem__, columns.more, sums.rows
    if len(rest) <= ROWS_AT_ONCE:
        found[rest] = sums.users.wide_levels(deepest + 1)
        rest = rest[found[rest] == 0] if found.max() <= deepest else rest[:0]
    for rows in np.split(rest, range(ROWS_AT_ONCE, len(rest), ROWS_AT_ONCE)):
        start, end = np.searchsorted(sums.term_root, (rows.min(initial=len(found)), rows.max(initial=-1) + 1))
        factors = np.stack((sums.first[start:end], sums.second[start:end]), axis=1).ravel().tolist()
        low = 2 * (np.searchsorted(sums.term_root, rows) - start)
        lists = (x.tolist() for x in (rows, columns.a[rows], columns.b[rows], low, low + 2 * sums.signature(rows).sum(axis=1)))
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


def rare(sums: Sums, shortest: int, others: Sequence[int] | np.ndarray = ()) -> np.ndarray:
    """The sums that are better left as written: short ones with fewer than MANY alike (on their level, once levels are known).

    A plain a + b of two addends is an ordinary operation, not a sum. The `others` do not count.
    """
    roots = np.setdiff1d(sums.roots, others, assume_unique=True)
    signature = sums.signature(roots)
    terms = signature.sum(axis=1)
    plain, short = (signature[:, 0] == 0) & (terms <= 2), terms < shortest
    kind = signature[short] @ (shortest ** np.arange(2))  # no count in a short sum reaches `shortest`
    if len(sums.level):
        kind += sums.level[roots[short]] * shortest**2
    plain[short] |= np.bincount(kind)[kind] < MANY
    found: np.ndarray = roots[plain]
    return found


def mixed(columns: Columns, sums: Sums) -> np.ndarray:
    """The sums of contributions to one value that its different uses send, and not many alike: these stay in their order."""
    terms = sums.counts[1:].sum(axis=1)
    doubtful = columns.arrival[sums.roots] & (terms > 2)
    place = np.repeat(np.arange(len(terms)), terms)
    among = doubtful[place]
    first, second = columns.op[sums.first[among]], np.where(sums.kind[among], -1, columns.op[sums.second[among]])
    kind = np.sort(place[among] << 32 | first << 16 | (second & 0xFFFF))
    kinds = np.bincount(kind[np.diff(kind, prepend=-1) != 0] >> 32, minlength=len(terms))
    found: np.ndarray = sums.roots[doubtful & (terms < OF_ONE_KIND * kinds)]
    return found


class Tree:
    """Which sum every addition belongs to (`above`: the row of its last addition).

    `additive` marks the additions, `absorbed` those whose only use is that another one adds the next term to them.
    """

    def __init__(self, columns: Columns) -> None:
        self.columns, size = columns, len(columns.op)
        self.additive = columns.live & (columns.op == columns.add)
        user = np.full(size, -1)
        rows = np.flatnonzero(self.additive)
        user[columns.a[rows]] = rows
        self.absorbed = self.additive & (columns.uses == 1) & (user >= 0)
        lowest = np.flatnonzero(self.absorbed & ~self.absorbed[columns.a])
        self.absorbed[lowest[self.additive[columns.b[user[lowest]]]]] = False  # (a + b) + (c + d): as much a bracket as the next
        rows = np.flatnonzero(self.absorbed)
        self.above = last_of(rows, user[rows], size)


def terms_of(columns: Columns, tree: Tree) -> Sums:
    """The terms of every sum: of accumulations, and of rows that add up many operands at once."""
    rows = np.flatnonzero(tree.additive)
    left, right = columns.a[rows], columns.b[rows]
    first = ~tree.absorbed[left]
    wide = columns.op[columns.wide_row] == columns.total
    operand = np.concatenate((left[first], right, columns.wide_operand[wide]))
    root_of = np.concatenate((tree.above[rows[first]], tree.above[rows], columns.wide_row[wide]))
    # the 0.0 that an accumulator starts from adds nothing (it could only turn a -0.0 into 0.0, which equals it)
    nothing = columns.zeros[operand]
    if nothing.any():
        others = np.bincount(root_of[~nothing], minlength=len(columns.op))
        counted = ~nothing | (others[root_of] < 2)
        operand, root_of = operand[counted], root_of[counted]
    root_of, operand = sorted_pairs(root_of, operand)
    pair = (columns.op[operand] == columns.multiply) & (columns.uses[operand] == 1)
    again = np.flatnonzero((np.diff(operand) == 0) & (np.diff(root_of) == 0))  # x + x is 2 x, as the square of x sends twice
    again = again[np.diff(again, prepend=-2) > 1]
    first, second = np.where(pair, columns.a[operand], operand), np.where(pair, columns.b[operand], -1)
    second[again] = columns.two
    left = np.delete(np.arange(len(operand)), again + 1)
    left = left[np.argsort(2 * root_of[left] + (second[left] < 0), kind="stable")]
    return Sums(tree, root_of[left], first[left], second[left], np.where(pair, operand, -1)[left])
