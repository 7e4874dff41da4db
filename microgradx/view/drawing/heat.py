"""Dense layers as tables: a row for each neuron, in order, with the gradient of every parameter as a coloured cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...places import Place
from ..words.as_typed import option
from ..words.notation import exact, number
from .flow import Flow
from .folding import Fold, folded_picture, groups, how_to_open, loose_sentences
from .shapes import Card, Shapes
from .stored import stored
from .units import unit_sentences

DENSE = 6
"""So many neurons make a layer that is drawn as a table, where its cards and wires would be a carpet."""

NAME, FIRES, LARGEST, HEADING = 46.0, 62.0, 58.0, 40.0
"""Points: the columns of a neuron's name, of the samples in which it fires, of its largest gradient; the head of the table."""


@dataclass(frozen=True)
class NeuronRow:
    """A neuron: in how many of its samples it fires, and the name and gradient of each parameter."""

    name: str
    fires: int
    samples: int
    cells: tuple[tuple[str, float], ...]

    @property
    def largest(self) -> float:
        """The largest gradient of a parameter, by size."""
        return max((abs(g) for _, g in self.cells), default=0.0)


@dataclass(frozen=True)
class Heat:
    """A layer as a table; `cell` and `tall` are the width of a cell and the height of a row in points."""

    title: str
    rows: tuple[NeuronRow, ...]
    cell: float
    tall: float

    @property
    def width(self) -> float:
        """Points of the whole table."""
        return NAME + FIRES + LARGEST + self.cell * max(len(row.cells) for row in self.rows) + 16.0

    @property
    def height(self) -> float:
        """Points of the whole table."""
        return HEADING + self.tall * len(self.rows) + 8.0


def heat_picture(flow: Flow, kept: Sequence[int]) -> Shapes | None:
    """The picture of a network with its dense layers as tables; None where no layer is one."""
    if not any(flow.modules):
        return None
    units = [fold for fold in groups(flow, kept, "neurons", 2) if flow.modules[fold.members[0]]]
    layers: dict[Place, list[Fold]] = {}
    for unit in units:
        if (module := flow.modules[unit.members[0]]) is not None and module.is_unit:
            layers.setdefault(module.layer, []).append(unit)
    tables = {layer: table for layer, some in layers.items() if len(some) >= DENSE and (table := _table(flow, layer, some))}
    if not tables:
        return None
    drawn = folded_picture(flow, kept, "layers", 2)
    drawn.cards = [
        _card(card, table) if card.kind == "fold" and (table := _table_of(flow, card, tables)) else card for card in drawn.cards
    ]
    named = [(unit.name, unit.members, unit.shown) for unit in units]
    drawn.to_open = how_to_open(kept, option("module", units[0].name))
    told = (
        f"{flow.counted(kept)} as layers: a row for each neuron, a square for the gradient of each parameter, the largest of a "
        "layer full, - where it is negative."
    )
    troubles = [*unit_sentences(flow, named), *loose_sentences(flow, groups(flow, kept, "layers", 2))]
    drawn.caption = [said for said in (told, stored(flow, kept).sentence, *troubles) if said]
    return drawn


def _table_of(flow: Flow, card: Card, tables: Mapping[Place, Heat]) -> Heat | None:
    module = flow.modules[card.places[0]] if card.places else None
    return tables.get(module.layer) if module is not None else None


def _table(flow: Flow, layer: Place, units: Sequence[Fold]) -> Heat | None:
    """The table of a layer whose neurons all have the same number of parameters."""
    numbered = {flow.modules[unit.members[0]].path[-1]: unit for unit in units}  # type: ignore[union-attr]
    rows = tuple(_row(flow, numbered[k]) for k in sorted(numbered))  # type: ignore[type-var]
    if len({len(row.cells) for row in rows}) != 1 or len(rows[0].cells) < 2:
        return None
    columns = len(rows[0].cells)
    title = f"{flow.part(layer)}: {len(rows)} neurons, {columns * len(rows):,} parameters"
    return Heat(title, rows, max(2.0, min(13.0, 420.0 / columns)), max(4.0, min(15.0, 640.0 / len(rows))))


def _row(flow: Flow, unit: Fold) -> NeuronRow:
    inside = set(unit.members)
    operands = (operand for place in unit.members for operand in flow.operands[place])
    parameters = dict.fromkeys(k for k in operands if k in inside and flow.nodes[k].op is None)
    cells = tuple((flow.shown[place], flow.grads[place] or 0.0) for place in parameters)
    fires = sum(flow.passing[place] for place in unit.shown)
    return NeuronRow(unit.name.rpartition(".")[2], fires, len(unit.shown), cells)


def _card(card: Card, heat: Heat) -> Card:
    """The card of a layer, as large as its table; other viewers of the DOT text see its title and what never fires."""
    silent = sum(not row.fires for row in heat.rows)
    lines = [heat.title, f"{silent} never fire" if silent else "every neuron fires"]
    said = "\n".join(f"{row.name}: fires {row.fires:,} of {row.samples:,}, largest {exact(row.largest)}" for row in heat.rows)
    return replace(card, lines=lines, kind="inner", tone="none", tooltip=said, size=(heat.width, heat.height), table=heat)


def largest_text(row: NeuronRow) -> str:
    """What stands at the end of a row."""
    if row.fires or not row.samples:
        return number(row.largest)
    return "never fires" if row.samples > 1 else "off"
