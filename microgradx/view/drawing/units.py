"""Neurons and layers over a batch: how many samples pass through a unit, and what it costs where none does."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..wording import EXPLODING, VANISHING
from ..words.notation import number
from .flow import Flow


def unit_sentences(flow: Flow, units: Sequence[tuple[str, Sequence[int], Sequence[int]]]) -> list[str]:
    """What is wrong with units, given as (name, all values, outputs): one sample that is off is no news.

    A unit never fires if no sample passes through it. Vanishing and exploding go by the largest gradient of its values.
    """
    silent, vanishing, exploding = [], [], []
    largest = {name: _largest(flow, members) for name, members, _ in units}
    top = max((size for size in largest.values() if math.isfinite(size)), default=0.0)
    every = [k for _, members, _ in units for k in members if flow.nodes[k].op is None]
    for name, members, outputs in units:
        if outputs and not any(flow.passing[k] for k in outputs):
            silent.append((name, members, len(outputs)))
        elif 0.0 < largest[name] < VANISHING * min(top, 1.0):
            vanishing.append(name)
        elif EXPLODING < largest[name] < math.inf and largest[name] > EXPLODING * (flow.grads[-1] or 1.0):
            exploding.append(name)
    said = []
    if silent:
        lost = sum(flow.nodes[k].op is None and flow.grads[k] == 0.0 for _, members, _ in silent for k in members)
        count = silent[0][2]
        what = f"Never fires in {count:,} samples" if count > 1 else "Off in this sample"
        names = _some([name for name, *_ in silent])
        costs = f"; {lost:,} of {len(every):,} parameters learn nothing from it" if lost else ""
        said.append(f"{what}: {names}{costs}.")
    if vanishing:
        said.append(f"Vanishing (below {number(VANISHING)} of the output's): {_some(vanishing)}.")
    if exploding:
        said.append(f"Exploding (above {number(EXPLODING)} times the output's): {_some(exploding)}.")
    return said


def _largest(flow: Flow, members: Sequence[int]) -> float:
    return max((abs(g) for k in members if (g := flow.grads[k]) is not None), default=0.0)


def _some(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")
