"""Graphs without modules folded: one card for values that are made alike, titled with the formula that makes them."""

from __future__ import annotations

from collections.abc import Sequence

from ...tables import columns
from ..stages.stages import Stage, stages_of
from .flow import Flow
from .folding import Fold, picture_of_folds
from .recall import Edge
from .shapes import Shapes
from .titles import LONGEST_TITLE


def stage_picture(flow: Flow, kept: Sequence[int]) -> Shapes | None:
    """The picture of a graph by its stages; None where these say no more than its cards.

    The parameters of a module are part of the one stage that uses them.
    """
    found = stages_of(flow.nodes, flow.called)
    if found is None:
        return None
    parts: dict[int, Fold] = {}
    users = {stage: number for number, other in reversed([*enumerate(found.stages)]) for stage in other.made_from}
    for place in reversed(kept):
        node = flow.nodes[place]
        number = found.of(node)
        owned = node.op is None and flow.modules[place] is not None
        number = users[number] if owned else number
        part = parts.setdefault(number, Fold(("stage", number), f"n{place}", _title(found.stages[number]), "", [], []))
        part.members.insert(0, place)
        if found.unit[node] is node and not owned:
            part.shown.insert(0, place)
    for part in parts.values():
        part.times = f" x{len(part.shown):,}" if len(part.shown) > 1 else ""

    def inner(edge: Edge) -> bool:
        tail = flow.nodes[edge.tail]
        return tail.op is None or found.unit[tail] is found.unit[flow.nodes[edge.head]]

    return picture_of_folds(flow, kept, list(parts.values())[::-1], "stages", inner)


def _title(stage: Stage) -> str:
    """What a card is called: the name of its values and their formula, where there is room."""
    text = f"{stage.name} = {stage.formula}"
    return text if stage.formula and columns(text) <= LONGEST_TITLE else stage.name
