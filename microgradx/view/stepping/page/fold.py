"""How a graph is folded for a page: by the layers and units of modules, else by stages of values made alike, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ....engine import Value
from ...stages.stages import Stages
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
    "the fuller its colour, the larger its gradient; a dashed card never fires",
)
OF_STAGES = (
    "a table for each kind of value; a click on its name opens it",
    "a square is a value of the table it stands in: the fuller its colour, the larger its gradient; a click chooses it",
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
    if not _used_again(of) and (data := folded(of)) is not None:
        return FoldedPage(data, _single(of, of.trace.groups("neuron", together=True)), without_script(of), {}, *OF_MODULES)
    assert isinstance(of.names, Displayed)
    found = Stages(of.trace.order, of.names)
    if not found.worth_folding():
        return None
    names = unit_names(of, found)
    steps = _single(of, steps_of_stages(of, found))
    return FoldedPage(staged(of, found, names), steps, stages_told(of, found), names, *OF_STAGES)


def _used_again(of: Pass) -> bool:
    """Whether a module is used several times for one answer, as by the tokens of attention or the rounds of a recurrence."""
    owners, uses = of.trace.owners, set()
    for node in of.trace.order:
        place, sample = of.trace.gives(node), owners.sample(node)
        if place is not None:
            if (place, sample) in uses:
                return True
            uses.add((place, sample))
        below = {owners.sample(x) for x in node.parents if isinstance(x, Value) and of.trace.gives(x) is not None}
        if len(owners.roots) == 1 and sample is not None and not below <= {sample, None}:
            return True  # an answer is made from an earlier one
    return False


def _single(of: Pass, groups: list[Group]) -> list[Group]:
    """The steps of these groups value by value, where these are not too many."""
    if len(of.trace) > LISTED:
        return groups
    out_of = of.trace.out_of
    return [Group(node, (node,), tuple(out_of[node]), None) for group in groups for node in group.nodes if node in out_of]
