"""How a graph is folded for a page: by the layers and units of modules, else by stages of values made alike, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ....engine import Value
from ...stages.stages import stages_of
from ...trace import Group
from ...wording import Pass
from ...words.displayed import Displayed
from .folded import folded, without_script
from .staged import staged, stages_told, steps_of_stages, unit_names

FOLDED = 100
"""Values beyond which a graph is folded."""
LISTED = 2000
"""Contributions that a folded page lists singly, and not by unit."""


OF_MODULES = (
    "a click on a layer opens its units, a click on a unit its operations",
    "a square is a parameter: a row for each unit, a column for each number it multiplies, the last one its bias; "
    "the fuller its colour, the larger its gradient, by powers of ten; empty: 0; a card without colour: both signs, "
    "or nothing arrived; a dashed card never fires",
)
OF_STAGES = (
    "a table for each kind of value; a click on its name opens it",
    "a square is a value of the table it stands in: the fuller its colour, the larger its gradient, by powers of ten; empty: 0; "
    "a click chooses it",
)
"""What opens on a click, and what a square is."""


class FoldedPage(NamedTuple):
    """A folded graph: what the page's script reads, the steps from the output down, what stands there without a script.

    `names` are those of units that nobody named; `opens` and `squares` say how the page is read.
    """

    data: dict[str, Any]
    steps: list[Group]
    told: str
    names: Mapping[Value, str]
    opens: str
    squares: str


def fold_of(of: Pass) -> FoldedPage | None:
    """How a pass is folded; None where it is shown as a graph of cards.

    The steps of a unit, and the units of a layer, come one after the other, so that the page can take them together.
    """
    if len(of.trace.order) <= FOLDED:
        return None
    assert isinstance(of.names, Displayed)
    found = stages_of(of.trace.order, of.names)
    if found is None:
        if (data := folded(of)) is None:
            return None
        steps = _single(of, of.trace.groups("neuron", together=True))
        return FoldedPage(data, steps, without_script(of), {}, *OF_MODULES)
    names = unit_names(of, found)
    steps = _single(of, steps_of_stages(of, found))
    return FoldedPage(staged(of, found, names), steps, stages_told(of, found), names, *OF_STAGES)


def _single(of: Pass, groups: list[Group]) -> list[Group]:
    """The steps of these groups value by value, where these are not too many."""
    if len(of.trace) > LISTED:
        return groups
    out_of = of.trace.out_of
    return [Group(node, (node,), tuple(out_of[node]), None) for group in groups for node in group.nodes if node in out_of]
