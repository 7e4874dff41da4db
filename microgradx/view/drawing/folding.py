"""Folding: a graph too large to read becomes one card per neuron, per layer, or per repeated structure."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from ...places import Place
from ...tables import columns
from ..theme import tone_of
from ..words.as_typed import option
from ..words.notation import exact
from .bundles import MOST_WIRES, STRONGEST, bundles, strongest
from .flow import Flow, made_by, short
from .recall import Edge
from .shapes import Card, Shapes
from .spread import deviation, mean_of, spread_of
from .stored import stored
from .titles import LONGEST_TITLE, Titles, sign_of
from .troubles import diagnose
from .units import unit_sentences

HARD = 10_000  # the most cards that are drawn at all
FOLDED_CARDS = 150
SET_APART = 4  # inputs with names of their own that keep a card each: their mean would say nothing
LEVELS = (("neurons", 2), ("layers", 2), ("layers", 1), ("layers", 0), ("model", 0))
"""What is folded, and how many operations back two values must look alike to share a card; from fine to coarse."""


@dataclass
class Fold:
    """Values drawn as one card; `shown` are those whose numbers the card averages."""

    key: Hashable
    id: str
    name: str
    times: str
    members: list[int]
    shown: list[int]


def groups(flow: Flow, kept: Sequence[int], level: str, depth: int) -> list[Fold]:
    """Part `kept` into groups: by module at this level, elsewhere by how the values are made, `depth` operations back."""
    modules = [coarse(module, level) for module in flow.modules]
    by_operation = level == "operations"
    keys: list[Hashable] = list(_signatures(flow, modules, depth))
    inside = set(kept)
    users: dict[int, set[Hashable]] = {}
    for edge in flow.edges:
        if edge.head in inside and flow.nodes[edge.tail].op is None and modules[edge.tail] is None:
            users.setdefault(edge.tail, set()).add(keys[edge.head])
    alike: dict[Hashable, list[int]] = {}
    for leaf, used_by in users.items():
        alike.setdefault(frozenset(used_by), []).append(leaf)
    for used, leaves in alike.items():
        apart = len(leaves) <= SET_APART and all(map(flow.named, leaves))
        for leaf in leaves:
            keys[leaf] = ("leaf", used, leaf if apart or (by_operation and flow.modules[leaf]) else None)
    keys[flow.output] = "output"
    found: dict[Hashable, Fold] = {}
    for place in kept:
        group = found.setdefault(keys[place], Fold(keys[place], f"n{place}", "", "", [], []))
        group.members.append(place)
    ends, titles = _ends(flow, keys), Titles(flow)
    for group in found.values():
        module = modules[group.members[0]]
        group.shown = [k for k in group.members if k in ends] or group.members if module else group.members
        group.name, group.times = _name(flow, group, module, titles), _times(flow, group, module)
    return list(found.values())


def coarse(module: Place | None, level: str) -> Place | None:
    """The module that `module` is folded into at a level; None where operations are folded, whosever they are."""
    return None if module is None or level == "operations" else module.enclosing(level)


def _signatures(flow: Flow, modules: list[Place | None], depth: int) -> list[Hashable]:
    """Keys that are equal for values that look alike `depth` operations back; small integers, so that keys stay small."""
    operands = flow.operands
    numbers: dict[Hashable, int] = {}

    def interned(key: Hashable) -> int:
        return numbers.setdefault(key, len(numbers))

    def own(place: int) -> Hashable:
        return modules[place] or made_by(flow.nodes[place])

    plain = [interned(own(place)) for place in range(len(flow.nodes))]
    keys = plain
    for _ in range(depth):
        keys = [
            plain[place] if modules[place] else interned((plain[place], *[keys[k] for k in operands[place]]))
            for place in range(len(flow.nodes))
        ]
    return list(keys)


def _ends(flow: Flow, keys: list[Hashable]) -> set[int]:
    """Find the computed values that leave their group: what the rest of the graph sees of it."""
    return {e.tail for e in flow.edges if keys[e.tail] != keys[e.head] and flow.nodes[e.tail].op is not None}


def _name(flow: Flow, group: Fold, module: Place | None, titles: Titles) -> str:
    first = group.members[0]
    if module:
        return flow.part(module)
    if len(group.members) == 1:
        return titles.of(first)
    if _leaves_only(flow, group):
        return _inputs(flow, group.members)
    sign_ofs = {sign_of(flow.nodes[k]) if flow.nodes[k].op else "input" for k in group.members}
    return sign_ofs.pop() if len(sign_ofs) == 1 else made_by(flow.nodes[first])


def _inputs(flow: Flow, places: Sequence[int]) -> str:
    """How many inputs, and their names where there is room: `5 inputs: x1 ... x5`."""
    many = f"{len(places):,} inputs"
    if not all(map(flow.named, places)):
        return many
    names = [short(flow, place) for place in places]
    ways = (f"{many}: {', '.join(names)}", f"{many}: {names[0]} ... {names[-1]}")
    return next((way for way in ways if columns(way) <= LONGEST_TITLE), many)


def _times(flow: Flow, group: Fold, module: Place | None) -> str:
    if module is None and _leaves_only(flow, group):
        return ""
    if module is not None and len({flow.modules[k] for k in group.shown}) == 1:
        return flow.times(group.shown)
    return f" x{len(group.shown):,}" if len(group.shown) > 1 else ""


def folded_picture(flow: Flow, kept: Sequence[int], level: str, depth: int) -> Shapes:
    """One card per group with the mean and spread of its values and gradients, one wire per pair of groups."""
    return picture_of_folds(flow, kept, groups(flow, kept, level, depth), level)


def picture_of_folds(
    flow: Flow, kept: Sequence[int], parts: Sequence[Fold], level: str, inner: Callable[[Edge], bool] | None = None
) -> Shapes:
    """One card per part, as `folded_picture` has them; wires that are `inner` ones of a card are left out."""
    by_operation = level == "operations"
    drawn = Shapes([_card(flow, group) for group in parts], [], f"the gradient flow of {short(flow, flow.output)}, folded")
    every = bundles(flow, {place: group.id for group in parts for place in group.members}, inner)
    largest = max((bundle.size for bundle in every if math.isfinite(bundle.size)), default=0.0)
    shown = strongest(every) if len(every) > MOST_WIRES else every
    drawn.wires = [bundle.wire(largest) for bundle in shown]
    drawn.span, drawn.ranksep = 12, 0.8
    drawn.rows = [] if by_operation else _in_order(flow, parts)
    drawn.caption = [folded_sentence(flow, kept, len(parts), level)]
    example = next((module for module in flow.modules if module), None)
    ways = [option("sample", 0)] if by_operation else [option("module", flow.part(example))] if example else []
    drawn.to_open = how_to_open(kept, *ways)
    if len(shown) < len(every):
        few = f"the {STRONGEST} strongest into each card, the strongest out of it"
        drawn.caption.append(f"Of {len(every):,} wires {len(shown):,} are drawn: {few}.")
    units = [
        (group.name, group.members, group.shown)
        for group in parts
        if flow.modules[group.members[0]] and not by_operation
    ]
    troubles = [*unit_sentences(flow, units), *loose_sentences(flow, parts)]
    drawn.caption += [said for said in (stored(flow, kept).sentence, *troubles) if said]
    return drawn


def loose_sentences(flow: Flow, parts: Sequence[Fold]) -> list[str]:
    """What is wrong outside of modules: a value that is dead among many alike that are not is no news."""
    places = [k for fold in parts for k in fold.members if flow.modules[k] is None or not math.isfinite(flow.data[k])]
    found = diagnose(flow, sorted(places))
    alive = {k for fold in parts if any(flow.grads[k] for k in fold.members) for k in fold.members}
    found.dead = [k for k in found.dead if k not in alive]
    return found.sentences(flow)


def _in_order(flow: Flow, parts: Sequence[Fold]) -> list[list[str]]:
    """The cards of the units of each layer, in the order of their numbers, to be drawn side by side."""
    layers: dict[Place, list[tuple[int, str]]] = {}
    for group in parts:
        module = flow.modules[group.members[0]]
        if module is not None and module.is_unit:
            layers.setdefault(module.layer, []).append((module.path[-1], group.id))  # type: ignore[arg-type]  # a unit's is an int
    return [[id for _, id in sorted(units)] for units in layers.values() if len(units) > 1]


def folded_to_fit(flow: Flow, kept: Sequence[int]) -> Shapes:
    """Fold as little as gives a picture that can be read."""
    for level, depth in LEVELS:
        found = folded_picture(flow, kept, level, depth)
        if len(found.cards) <= FOLDED_CARDS:
            break
    return found


def folded_sentence(flow: Flow, kept: Sequence[int], cards: int, level: str) -> str:
    """Say what was folded."""
    ways_of = {"neurons": "one card per neuron, ", "layers": "one card per layer, ", "model": "one card for the model, "}
    ways_of["stages"] = "one card for all that is made alike, "
    way = ways_of.get(level, "") if any(flow.modules) or level == "stages" else ""
    return f"{flow.counted(kept)} folded into {cards:,} cards: {way}xN for N alike values, mean +- spread."


def how_to_open(kept: Sequence[int], *ways: str) -> str:
    """The options that show what is folded: the given ones, and what shows every value, or of very many the last."""
    return f"To open: {' or '.join([*ways, option('detail', 'full') if len(kept) <= HARD else option('depth', 5)])}."


def _card(flow: Flow, group: Fold) -> Card:
    values = [flow.data[k] for k in group.shown]
    grads = [grad for k in group.shown if (grad := flow.grads[k]) is not None]
    middle = mean_of(grads) if grads else None
    bad = not all(map(math.isfinite, values)) or not all(map(math.isfinite, grads))
    silent = flow.modules[group.members[0]] is not None and not any(flow.passing[k] for k in group.shown)
    tone = "bad" if bad else "zero" if silent or (grads and not any(grads)) else tone_of(middle)
    if tone in ("pos", "neg") and middle is not None and deviation(grads) > abs(middle):
        tone = "none"  # the sign of a mean below its spread says nothing
    numbers = [spread_of(values), f"grad {spread_of(grads) if grads else '-'}"]
    if silent and len(group.shown) > 1:
        numbers = ["never fires", "grad 0"]
    lines = [group.name + group.times + (" !" if bad else ""), *numbers]
    single = len(group.members) == 1
    kind = "output" if flow.output in group.members else "leaf" if _leaves_only(flow, group) else "inner" if single else "fold"
    return Card(group.id, lines, kind, tone, _tooltip(flow, group, grads), places=group.members)


def _leaves_only(flow: Flow, group: Fold) -> bool:
    return all(flow.nodes[k].op is None for k in group.members)


def _tooltip(flow: Flow, group: Fold, grads: list[float]) -> str:
    operations: dict[str, int] = {}
    for place in group.members:
        kind = made_by(flow.nodes[place])
        operations[kind] = operations.get(kind, 0) + 1
    most = sorted(operations.items(), key=lambda pair: (-pair[1], pair[0]))[:6]
    module = flow.modules[group.members[0]]
    called = flow.owners.written(module) if module else group.name + group.times
    lines = [called, f"{len(group.members):,} values: " + ", ".join(f"{count:,} {kind}" for kind, count in most)]
    if len(group.members) == 1:
        lines.append(f"value {exact(flow.data[group.members[0]])}")
    for what, some in (("gradient", grads), ("parameter gradient", _parameter_grads(flow, group))):
        if some:
            zeros = sum(grad == 0.0 for grad in some)
            lines.append(f"{what}: {len(some):,}, from {exact(min(some))} to {exact(max(some))}, {zeros:,} exactly 0")
    return "\n".join(lines)


def _parameter_grads(flow: Flow, group: Fold) -> list[float]:
    return [g for k in group.members if flow.nodes[k].op is None and (g := flow.grads[k]) is not None]
