"""The rows of a step that fires a whole layer: one per value, its contributions added up over operations and samples."""

from __future__ import annotations

from collections.abc import Sequence

from ...engine import Value
from ..drawing.spread import deviation, mean_of, total_of
from ..trace import Trace
from ..words.terminal import Part, TableRows
from .pen import Pen


def by_operand(trace: Trace, places: Sequence[int]) -> dict[Value, list[int]]:
    """The places of a step's contributions by the value that receives them.

    What one module gave in several samples is taken together, under the first of its values.
    """
    together: dict[object, list[int]] = {}
    for place in places:
        operand = trace[place].operand
        unit = trace.gives(operand) if operand in trace.samples else None
        together.setdefault(operand if unit is None else unit, []).append(place)
    return {trace[found[0]].operand: found for found in together.values()}


def layer_rows(pen: Pen, together: dict[Value, list[int]]) -> list[Part]:
    """A row per value: how many contributions there are, their mean, spread and sum, and what the gradient is then."""
    rows = [_row(pen, places) for places in together.values()]
    if not rows or not pen.tight.rows:
        return [
            f"{into}: {count}{f' of mean {average}, spread {wide}' * bool(average)}, sum {added}, {' '.join(filter(None, rest))}"
            for into, count, average, wide, _, added, *rest in rows
        ]
    head = ("  into", "from", "mean", "spread", "", "sum", *(("so far", "", "") if pen.tight.before else ("", "", "so far")), "")
    averages = [2, *([3] if pen.tight.words else [])] if any(row[2] for row in rows) else []
    shown = [0, 1, *averages, 4, 5, *([6] if pen.tight.before else []), 7, 8]
    shown += [9] if pen.tight.arrived else []
    return [TableRows([[row[k] for k in shown] for row in (head, *rows)], "".join("<>>><>><<<"[k] for k in shown))]


def _row(pen: Pen, places: list[int]) -> tuple[str, ...]:
    edges = [pen.of.trace[place] for place in places]
    sent = [edge.contribution for edge in edges]
    average = (pen.number(mean_of(sent)), pen.number(deviation(sent))) if len(sent) > 1 else ("", "")
    place = pen.of.trace.gives(edges[0].operand)
    if place and any(edge.operand is not edges[0].operand for edge in edges):  # of several samples: their gradients are their own
        name = f"  {pen.of.trace.owners.written(place, short=True)}"
        return (name, str(len(sent)), *average, "", "", "", "", "each its own", "")
    name = f"  {pen.names[edges[0].operand]}"
    first, last = pen.of.arrived(places[0]), pen.of.arrived(places[-1])
    mark = " *" if last.nth == last.of and edges[-1].operand in pen.of.trace.carried else ""
    grown = (pen.number(first.before), "->", pen.number(last.after) + mark)
    return (name, str(len(sent)), *average, "=", pen.number(total_of(sent)), *grown, "  final" * (last.nth == last.of))
