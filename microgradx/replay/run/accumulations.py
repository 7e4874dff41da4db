"""Accumulations of products among rows, as `t = t + x * y` in a loop: all turns of one can be a row of their own kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ... import ops
from ..regroup.users import last_of, sorted_pairs
from ..tape.gradient import arrival, chain_step
from ..tape.rows import code_of


@dataclass
class Accumulations:
    """Totals to which products are added from left to right, where nobody else reads a product or what there was before.

    `rows` are the last rows of each, `start` the slots with what the first product is added to, `product` the operations that
    made the products, `count` how many there are. Their `factors` are slots, a line for each product, those of one accumulation
    after those of another. `kept` marks the rows of a layout that are left beside what the accumulations do.
    """

    rows: np.ndarray
    start: np.ndarray
    product: np.ndarray
    count: np.ndarray
    factors: np.ndarray
    kept: np.ndarray


def accumulations(code: np.ndarray, a: np.ndarray, b: np.ndarray, first: int, uses: np.ndarray) -> Accumulations:
    """Those among rows with these operations and slots of operands, of which the rows begin at `first`.

    `uses` says how often each slot is read; what is a result counts as read twice.
    """
    made = np.zeros(len(uses), dtype=code.dtype)  # which operation made what is in a slot
    made[first:] = code
    totals = np.flatnonzero((made == code_of(ops.add)) | (made == code_of(arrival)))
    added = b[totals - first]
    fits = (uses[added] == 1) & ((made[added] == code_of(ops.multiply)) | (made[added] == code_of(chain_step)))
    totals, product = totals[fits], made[added[fits]]
    kind = np.zeros_like(made)  # of totals, the operation of what is added
    kind[totals] = product
    before = a[totals - first]
    goes_on = (uses[before] == 1) & (kind[before] == product)
    last = last_of(before[goes_on], totals[goes_on], len(uses))
    last, totals = sorted_pairs(last[totals], totals)  # those of one accumulation after those of another
    new = np.flatnonzero(np.diff(last, prepend=-1))
    products = b[totals - first] - first
    rows = last[new] - first
    kept = np.ones(len(code), dtype=np.bool_)
    kept[products] = kept[totals - first] = False
    kept[rows] = True
    factors = np.stack((a[products], b[products]), axis=1)
    return Accumulations(rows, a[totals[new] - first], kind[last[new]], np.diff(new, append=len(totals)), factors, kept)
