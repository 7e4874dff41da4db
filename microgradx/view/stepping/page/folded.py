"""A network folded for a page: which unit and which sample each of its values belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from ....engine import Value
from ....places import Place
from ....tables import WIDTH
from ...questions.layers import layers_in
from ...wording import Pass
from ...words.notation import number

SHOWN = 400
"""Units that are listed where no script runs."""


def folded(of: Pass) -> dict[str, Any] | None:
    """The units of a pass as the page's script reads them, or None where no value is a module's output.

    `parts` are the units with their layer, `part` says of each node whose it is (-1: nobody's), `heads` lists [unit, output] for
    each sample, and `sample` is the one that a value belongs to plus 1, or 0 for none.
    """
    order, owners = of.trace.order, of.trace.owners
    number = {node: k for k, node in enumerate(order)}
    units: dict[Place, int] = {}
    layers: dict[Place, int] = {}
    part, sample, heads = [-1] * len(order), [0] * len(order), []
    places = sorted(_units(of), key=lambda pair: number[pair[0]])
    for head, nodes, place in places:
        unit = units.setdefault(place, len(units))
        layers.setdefault(place.layer, len(layers))
        heads.append([unit, number[head]])
        for node in nodes:
            part[number[node]], sample[number[node]] = unit, 1 + (owners.sample(head) or 0)
    if not heads:
        return None
    for node in order:
        owner = owners.get(node)
        if node.op is None and owner is not None and owner.module in units:
            part[number[node]] = units[owner.module]
    return {
        "parts": [{"name": owners.written(place, short=True), "layer": layers[place.layer]} for place in units],
        "layers": [owners.written(place, short=True) for place in layers],
        "part": part,
        "sample": sample,
        "heads": heads,
    }


def _units(of: Pass) -> list[tuple[Value, Sequence[Value], Place]]:
    """Each unit's output in a sample, with the operations that make it."""
    found: list[tuple[Value, Sequence[Value], Place]] = []
    for group in of.trace.groups("neuron"):
        place = of.trace.gives(group.head)
        if place is not None:
            found.append((group.head, group.nodes, place.module))
    return found


def without_script(of: Pass) -> str:
    """The layers, and the units of the first sample, for a reader whose browser runs no script."""
    place_in = {node: k for k, node in enumerate(of.trace.order)}
    units = sorted(_units(of), key=lambda unit: place_in[unit[0]])
    call = of.trace.owners.sample(units[0][0])
    rows = [
        (of.trace.owners.written(place, short=True), number(of.trace.recorded[head]), number(of.trace.adjoints[head]))
        for head, _, place in units
        if of.trace.owners.sample(head) == call
    ][:SHOWN]
    head = "".join(f"<th>{name}</th>" for name in ("unit, first sample", "value", "gradient"))
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
    return f"<pre>{escape(layers_in(of.trace).told(WIDTH))}</pre>{table}"
