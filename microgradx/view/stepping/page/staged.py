"""A graph without modules folded for a page: its stages as tables, in columns from what is given to the output."""

from __future__ import annotations

from html import escape
from itertools import product
from typing import Any

from ....engine import Value
from ...drawing.spread import spread_of
from ...stages.axes import Axis
from ...stages.stages import Stage, Stages
from ...trace import Group
from ...wording import Pass
from ...words.signed import unnamed

ACROSS = 12
"""Numbers of a single axis that stand in one row, and that a row has at most where no axes tell where units stand."""


def staged(of: Pass, found: Stages, names: dict[Value, str]) -> dict[str, Any]:
    """The stages as the page's script reads them: as `folded` has units and layers, and of each layer what `stages` say.

    A stage is `made` by a formula; its units stand in `tables`, and those of an input that only one stage uses `beside` that.
    `columns` are the stages that stand below one another.
    """
    order, stages = of.trace.order, found.stages
    number = {node: k for k, node in enumerate(order)}
    units = [unit for stage in stages for unit in stage.units]
    place = {unit: k for k, unit in enumerate(units)}
    users = [[k for k, other in enumerate(stages) if n in other.made_from] for n in range(len(stages))]
    return {
        "parts": [_part(of, found, unit, names[unit]) for unit in units],
        "layers": [stage.name for stage in stages],
        "part": [place[found.unit[node]] for node in order],
        "sample": [0] * len(order),
        "heads": [[place[unit], number[unit]] for unit in units],
        "stages": [
            {"made": stage.formula, "tables": tables(stage, place), "beside": _beside(stage, users[k])}
            for k, stage in enumerate(stages)
        ],
        "columns": _columns(stages, users),
    }


def unit_names(of: Pass, found: Stages) -> dict[Value, str]:
    """What the units are called; those that nobody named by their stage and where they stand in it: `scores(0,2,1)`."""
    names = {}
    for stage in found.stages:
        called = stage.name if stage.name.replace(".", "").isidentifier() else f"({stage.name})"
        for unit in stage.units:
            places = ",".join(str(axis.of[unit]) for axis in stage.axes)
            names[unit] = f"{called}({places})" if unnamed(of.names[unit]) and places else of.names[unit]
    return names


def _part(of: Pass, found: Stages, unit: Value, name: str) -> dict[str, Any]:
    """A unit: what it is called, its stage, its round, and where it stands, if its name counts that."""
    stage = found.stages[found.of(unit)]
    told: dict[str, Any] = {"name": name, "layer": found.of(unit)}
    if unit in stage.rounds:
        told["round"] = stage.rounds[unit]
    if name != of.names[unit]:
        told["at"] = ", ".join(axis.labels[axis.of[unit]] for axis in stage.axes)
    return told


def _beside(stage: Stage, users: list[int]) -> int:
    return users[0] if stage.is_input and len(users) == 1 else -1


def _columns(stages: list[Stage], users: list[list[int]]) -> list[list[int]]:
    """The stages in columns, each to the right of all that it is made from; inputs that stand beside another are left out."""
    depth: dict[int, int] = {}
    columns: dict[int, list[int]] = {}
    for k, stage in enumerate(stages):
        depth[k] = 1 + max((depth.get(below, 0) for below in stage.made_from), default=-1)
        if _beside(stage, users[k]) < 0:
            columns.setdefault(depth[k], []).append(k)
    return [columns[k] for k in sorted(columns)]


def tables(stage: Stage, place: dict[Value, int]) -> list[dict[str, Any]]:
    """The units of a stage in tables: the last axis leads across, the one before it down, the others from table to table."""
    *others, down, across = _two_at_least(stage)
    at = {tuple(axis.of[unit] for axis in (*others, down, across)): place[unit] for unit in stage.units}
    found = []
    for which in product(*(range(len(axis.labels)) for axis in others)):
        rows = [[at.get((*which, y, x), -1) for x in range(len(across.labels))] for y in range(len(down.labels))]
        title = ", ".join(axis.labels[k] for axis, k in zip(others, which, strict=True))
        found.append({"title": title, "rows": down.labels, "columns": across.labels, "cells": rows})
    return found


def _two_at_least(stage: Stage) -> list[Axis]:
    """The axes of a stage; a second one where there is one, and other ones where most places would be empty."""
    axes, units = stage.axes, stage.units
    size = 1
    for axis in axes:
        size *= len(axis.labels)
    if size > 4 * len(units):
        counted = range(1 + (len(units) - 1) // ACROSS), range(ACROSS)
        return [
            Axis([f"item {ACROSS * k}" for k in counted[0]], {unit: k // ACROSS for k, unit in enumerate(units)}),
            Axis([f"+{k}" for k in counted[1]], {unit: k % ACROSS for k, unit in enumerate(units)}),
        ]
    single = Axis([""], dict.fromkeys(units, 0))
    if len(axes) < 2:
        upright = bool(stage.rounds) or (bool(axes) and len(axes[0].labels) > ACROSS)
        return [*axes, single] if upright else [single, *(axes or [single])]
    return axes


def steps_of_stages(of: Pass, found: Stages) -> list[Group]:
    """A step for each unit, those of one stage one after the other."""
    out_of = of.trace.out_of
    return [
        Group(nodes[0], tuple(nodes), tuple(place for node in nodes for place in out_of.get(node, ())), None)
        for nodes in found.firing()
    ]


def stages_told(of: Pass, found: Stages) -> str:
    """The stages for a reader whose browser runs no script: how each is made, and the mean of its numbers."""
    rows = []
    for stage in found.stages:
        numbers = [spread_of([numbers[unit] for unit in stage.units]) for numbers in (of.trace.recorded, of.trace.adjoints)]
        rows.append((stage.name, stage.formula, f"{len(stage.units):,}", *numbers))
    head = "".join(f"<th>{name}</th>" for name in ("values", "made by", "how many", "value", "gradient"))
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
