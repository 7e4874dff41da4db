"""Group the rows that one array instruction can compute: same operation (or shape of sum), same level, like operands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .columns import Columns
from .rows import CONSTANT
from .sums import MANY, Sums

SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: an odd multiplier that spreads small integers

CONSTANT_ROLE = 1 << 40  # larger than any other, so that constants come second in every pair


@dataclass
class Groups:
    """Rows in the order of computation: `rows[start[i]:start[i + 1]]` is group i, on level `level[i]`.

    `role` gives for every row the kind of thing it is: rows of one role were computed alike. Constants have the largest.
    """

    rows: np.ndarray
    start: np.ndarray
    level: np.ndarray
    role: np.ndarray


def mix(x: np.ndarray) -> np.ndarray:
    """Scatter integers over 64 bits (the finisher of splitmix64)."""
    x = x.astype(np.uint64) * SPREAD
    x ^= x >> np.uint64(29)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    return x ^ (x >> np.uint64(32))


def dense(*keys: np.ndarray) -> np.ndarray:
    """Number the distinct combinations of the keys 0, 1, 2, ... in sorted order."""
    order = np.lexsort(keys[::-1])
    new = np.zeros(len(order), dtype=bool)
    for key in keys:
        new[1:] |= np.diff(key[order]) != 0
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(new)
    return number


def group(columns: Columns, sums: Sums, varying: np.ndarray | None = None) -> Groups:
    """Cut the live rows into groups, level by level.

    In a batch program `varying` marks the rows that differ from sample to sample; no group then mixes operands that do and that
    do not, and constants come first in a pair, as everything that is the same for all samples.
    """
    size = len(columns.op)
    operation = columns.live & (columns.op > CONSTANT) & ~sums.inside
    rows = np.flatnonzero(operation)
    width = np.bincount(columns.wide_row, minlength=size)
    pairs, plus, minus = (np.where(sums.root, sums.signature[:, i], 0)[rows] for i in range(3))
    kind = np.where(sums.root[rows], 0, columns.op[rows])
    coarse = dense(sums.level[rows], kind, width[rows], pairs, plus, minus)
    role = np.zeros(size + 1, dtype=np.int64)
    role[columns.inputs] = columns.input_roles
    role[rows] = coarse + columns.input_roles.max(initial=0) + 1
    role[columns.constants] = CONSTANT_ROLE if varying is None else -1
    if varying is not None:
        role[:-1] += np.where(varying, CONSTANT_ROLE // 2, 0)
    likeness = np.zeros(size, dtype=np.uint64)
    a, b = role[columns.a], role[columns.b]
    commutes = (columns.op == columns.add) | (columns.op == columns.multiply)
    a, b = np.where(commutes & (a > b), b, a), np.where(commutes & (a > b), a, b)
    likeness = mix(a) + mix(b) * SPREAD
    if len(columns.wide_row):
        begins = np.flatnonzero(np.r_[True, np.diff(columns.wide_row) != 0])
        position = np.arange(len(columns.wide_row)) - np.repeat(begins, np.diff(np.r_[begins, len(columns.wide_row)]))
        operands = mix(mix(role[columns.wide_operand]) + position.astype(np.uint64))
        likeness[columns.wide_row[begins]] = np.add.reduceat(operands, begins)
    if len(sums.term_root):
        likeness[sums.root] = 0
        f, s = role[sums.first], np.where(sums.second >= 0, role[sums.second], -1)
        term = mix(mix(np.minimum(f, s)) + mix(np.maximum(f, s)) * SPREAD + sums.kind.astype(np.uint64))
        begins = np.flatnonzero(np.r_[True, np.diff(sums.term_root) != 0])
        likeness[sums.term_root[begins]] = np.add.reduceat(term, begins)
    fine = dense(coarse, likeness[rows])
    if varying is None:
        fine[np.bincount(fine)[fine] < MANY] = -1  # too few to be worth an instruction of their own
    order = np.lexsort((rows, fine, coarse))
    change = (np.diff(coarse[order]) != 0) | (np.diff(fine[order]) != 0)
    start = np.r_[0, np.flatnonzero(change) + 1, len(rows)] if len(rows) else np.zeros(1, dtype=np.int64)
    rows = rows[order]
    return Groups(rows, start, sums.level[rows[start[:-1]]], role[:-1])
