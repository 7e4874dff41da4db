"""What is added up along the samples: derivatives of a layer as a matrix product, pairs of rows as dot products, rows alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..regroup.columns import Columns
from ..regroup.instructions import VARYING, View, refine
from ..regroup.matrix_products import factor, grid
from ..regroup.slots import Placer

Reduction = tuple[str, np.ndarray, tuple[View, ...]]
"""How rows are added up, which of the outputs that gives, and the rows."""


def reductions(placer: Placer, outputs: Sequence[int], single: Sequence[int], others: Sequence[int]) -> list[Reduction]:
    """How the outputs are added up: those of `single` are products that nothing else needs, `others` are rows."""
    columns, rows = placer.columns, np.array(single, dtype=np.int64)
    found: list[Reduction] = []
    where: dict[int, int] = {}
    for i, out in enumerate(outputs):
        where.setdefault(out, i)
    f, s = placer.slot[columns.a[rows]], placer.slot[columns.b[rows]]
    f, s = np.maximum(f, s), np.minimum(f, s)
    both = s >= VARYING
    for part in split_by_kind(placer, rows, both) if single else ():
        order, shape = grid(f[part][:, None], s[part][:, None])
        chosen = part[order]
        targets = np.array([where[row] for row in rows[chosen].tolist()])
        left, right = f[chosen], s[chosen]
        if both[part[0]] and shape is not None and shape[0] == 1 and (factors := factor(left[:, None], right[:, None], shape)):
            found.append(("product", targets, tuple(sample_rows(placer, line.ravel()) for line in factors)))
        else:
            found.append(("dot", targets, (sample_rows(placer, left), sample_rows(placer, right))))
    wanted = set(others)
    targets = np.array([i for i, row in enumerate(outputs) if row in wanted], dtype=np.int64)
    slots = placer.slot[np.array(outputs, dtype=np.int64)[targets]]
    order = np.argsort(slots, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(slots[order]) != 1) + 1):
        if len(part):
            found.append(("sum", targets[part], (sample_rows(placer, slots[part]),)))
    return found


def sample_rows(placer: Placer, slots: np.ndarray) -> View:
    """The slots as a list of rows of samples."""
    shape, (steps,) = refine([slots])
    if steps is None or len(shape) > 1:
        return placer.emitter.gather(slots)
    return placer.emitter.view(slots[0], shape, steps)


def product_for(columns: Columns, row: int) -> bool:
    """Whether an output is a product that nothing else needs."""
    return bool(columns.op[row] == columns.multiply and columns.uses[row] == 1 and columns.a[row] != columns.b[row])


def split_by_kind(placer: Placer, rows: np.ndarray, both: np.ndarray) -> Iterator[np.ndarray]:
    """Positions of products whose factors were computed alike; of `both` factors are of the sample."""
    columns = placer.columns
    first, second = (placer.groups.role[side[rows]] for side in (columns.a, columns.b))
    kinds = np.stack((np.maximum(first, second), np.minimum(first, second)))
    _, number = np.unique(np.concatenate((kinds, both[None])), axis=1, return_inverse=True)
    for kind in range(int(number.max()) + 1):
        yield np.flatnonzero(number.ravel() == kind)
