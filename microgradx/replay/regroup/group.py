"""Group the rows that one array instruction can compute: same operation (or shape of sum), same level, like operands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .columns import Columns
from .levels import delayed
from .sums import MANY, Sums

SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: an odd multiplier that spreads small integers

CONSTANT_ROLE = 1 << 40  # larger than any other, so that constants come second in every pair


@dataclass
class Groups:
    """Rows in the order of computation: `rows[start[i]:start[i + 1]]` is group i, on level `level[i]`.

    `role` gives for every row the kind of thing it is: rows of one role were computed alike. Constants have the largest, in a
    batch program the smallest.
    """

    rows: np.ndarray
    start: np.ndarray
    level: np.ndarray
    role: np.ndarray

    def __len__(self) -> int:
        return len(self.start) - 1


def mix(x: np.ndarray) -> np.ndarray:
    """Scatter integers over 64 bits (the finisher of splitmix64)."""
    x = x.astype(np.uint64) * SPREAD
    x ^= x >> np.uint64(29)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    return x ^ (x >> np.uint64(32))


def dense(*keys: np.ndarray) -> np.ndarray:
    """Number the distinct combinations of the keys 0, 1, 2, ... in sorted order."""
    return distinct(*keys)[1]


def distinct(*keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The first member with each combination of the keys, every member's place among these, and how many there are."""
    order = np.lexsort(keys[::-1])
    new = np.zeros(len(order), dtype=bool)
    new[:1] = True
    for key in keys:
        new[1:] |= np.diff(key[order]) != 0
    member = np.empty(len(order), dtype=np.int64)
    member[order] = np.cumsum(new) - 1
    return order[new], member, int(new.sum())


def group(columns: Columns, sums: Sums, varying: np.ndarray | None = None, most: float = math.inf) -> Groups:
    """Cut the live rows into groups, level by level; where there are more than `most`, not by their operands.

    In a batch program `varying` marks the rows that differ from sample to sample; no group then mixes operands that do and that
    do not, and constants come first in a pair, as everything that is the same for all samples.
    """
    size, rows = len(columns.op), sums.rows
    width = np.bincount(columns.wide_row, minlength=size)[rows]
    kind = np.where(sums.root[rows], 0, columns.op[rows])
    level = delayed(columns, sums, rows) if varying is None else sums.level[rows]
    coarse = dense(level, kind, width, *sums.signature(rows).T)
    role = np.zeros(size + 1, dtype=np.int64)
    role[columns.inputs] = columns.input_roles
    role[rows] = coarse + columns.input_roles.max(initial=0) + 1
    role[columns.constants] = CONSTANT_ROLE if varying is None else -1
    if varying is not None:
        role[:-1] += np.where(varying, CONSTANT_ROLE // 2, 0)
    too_many = coarse.max(initial=-1) + 1 > most
    fine = np.zeros_like(coarse) if too_many else dense(coarse, likeness(columns, sums, rows, role))
    if varying is None:
        fine[np.bincount(fine)[fine] < MANY] = -1  # too few to be worth an instruction of their own
    order = np.lexsort((rows, fine, coarse))
    change = (np.diff(coarse[order]) != 0) | (np.diff(fine[order]) != 0)
    start = np.r_[0, np.flatnonzero(change) + 1, len(rows)] if len(rows) else np.zeros(1, dtype=np.int64)
    return Groups(rows[order], start, level[order][start[:-1]], role[:-1])


def likeness(columns: Columns, sums: Sums, rows: np.ndarray, role: np.ndarray) -> np.ndarray:
    """A hash of the roles of each row's operands or terms, the same for all orders that mean the same."""
    a, b = role[columns.a[rows]], role[columns.b[rows]]
    swap = ((columns.op[rows] == columns.add) | (columns.op[rows] == columns.multiply)) & (a > b)
    found = mix(np.where(swap, b, a)) + mix(np.where(swap, a, b)) * SPREAD
    if len(columns.wide_row):
        new = np.diff(columns.wide_row, prepend=-1) != 0
        begins = np.flatnonzero(new)
        position = np.arange(len(new)) - begins[np.cumsum(new) - 1]
        operands = mix(mix(role[columns.wide_operand]) + position.astype(np.uint64))
        found[np.searchsorted(rows, columns.wide_row[begins])] = np.add.reduceat(operands, begins)
    if len(sums.roots):
        f, s = role[sums.first], np.where(sums.second >= 0, role[sums.second], -1)
        term = mix(mix(np.minimum(f, s)) + mix(np.maximum(f, s)) * SPREAD + sums.kind.astype(np.uint64))
        begins = np.searchsorted(sums.term_root, sums.roots)
        found[np.searchsorted(rows, sums.roots)] = np.add.reduceat(term, begins)
    return found
