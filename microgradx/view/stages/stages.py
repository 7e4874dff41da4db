"""The stages of a graph: values that are made alike stand together in a table, the rounds of a recurrence below one another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from ...engine import Value
from ..words.displayed import Displayed
from .axes import Axis, Items, told_apart
from .made_alike import MadeAlike, used_again
from .stage_formula import ANY, LONGEST_PART, adds, spoken, stage_formula, values_below


@dataclass
class Stage:
    """Values made alike, each a `unit`: what it is called, how one of them is made, and the axes along which they stand."""

    name: str
    formula: str
    units: list[Value]
    axes: list[Axis]
    made_from: list[int]
    rounds: dict[Value, int] = field(default_factory=dict)

    @property
    def is_input(self) -> bool:
        """Whether nothing made its values."""
        return self.units[0].op is None


class Stages(MadeAlike):
    """The graph in `order`, whose values are called as `named` has them, as stages, inputs among them, in the order of use.

    >>> from microgradx.view.words.names import displayed, name_nodes
    >>> from microgradx.order import topological_order
    >>> X, w = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]], [Value(0.5), Value(-0.5)]
    >>> scores = [w[0] * x[0] + w[1] * x[1] for x in X]
    >>> total = sum(score.exp() for score in scores)
    >>> order = topological_order(total)
    >>> named = displayed(name_nodes(order, {"X": X, "w": w, "scores": scores, "total": total}))
    >>> for stage in Stages(order, named).stages:
    ...     print(stage.name, len(stage.units), stage.formula, [axis.labels for axis in stage.axes])
    w 2  [['w[0]', 'w[1]']]
    X 4  [['X[0]', 'X[1]'], ['X[:][0]', 'X[:][1]']]
    scores 2 sum(w*X) [['scores[0]', 'scores[1]']]
    total 1 sum(exp(scores)) []
    """

    def __init__(self, order: Sequence[Value], named: Displayed) -> None:
        super().__init__(order, named)
        self.rounds: dict[int, int] = {}
        self.stage_of: dict[int, int] = {}
        self.stages: list[Stage] = []
        self._gather()

    def of(self, node: Value) -> int:
        """The number of the stage that a value belongs to."""
        return self.stage_of[self.kind[self.unit[node]]]

    def firing(self) -> list[list[Value]]:
        """The operations of each unit, in an order in which gradients may flow: stage by stage, round by round."""
        depth: dict[Value, int] = {}
        units = [unit for unit in self.units if unit.op]
        for unit in units:
            depth[unit] = 1 + max((depth[x] for x in self.operands[unit] if x.op), default=0)
        first: dict[int, int] = {}
        for place, unit in enumerate(units):
            first.setdefault(self.kind[unit], place)
        units.sort(key=lambda unit: (depth[unit], first[self.kind[unit]]))
        return [self.inside[unit][::-1] for unit in reversed(units)]

    def worth_folding(self) -> bool:
        """Whether the stages say more than the graph: each has several values, and some have several that are no rounds."""
        computed = [stage for stage in self.stages if not stage.is_input]
        wide = any(len(stage.units) > max(1, 2 * len(set(stage.rounds.values()))) for stage in computed)
        return wide and sum(len(stage.units) for stage in computed) >= 4 * len(computed)

    def _gather(self) -> None:
        """Put the kinds into stages, a round of a recurrence into that of the round before."""
        members: dict[int, list[Value]] = {}
        for unit in self.units:
            members.setdefault(self.kind[unit], []).append(unit)
        taken: set[str] = set()
        items: Items = {}
        together: list[list[int]] = []
        below: dict[int, set[int]] = {}
        for kind, units in members.items():
            below[kind] = {stage for k in self._kinds_below(units[0]) for stage in (self.stage_of[k], *below[k])}
            earlier = (together[stage][-1] for stage in sorted(below[kind], reverse=True))
            before = next((k for k in earlier if self._repeats(members, k, kind)), None)
            self.rounds[kind] = 0 if before is None else self.rounds[before] + 1
            self.stage_of[kind] = len(together) if before is None else self.stage_of[before]
            if before is None:
                together.append([])
            together[self.stage_of[kind]].append(kind)
        self.called = [self._called([unit for kind in kinds for unit in members[kind]]) for kinds in together]
        for kinds in together:
            self._add([(kind, members[kind]) for kind in kinds], items, taken)

    def _add(self, kinds: list[tuple[int, list[Value]]], items: Items, taken: set[str]) -> None:
        """Name a stage and say where its units stand."""
        units = list(chain(*(units for _, units in kinds)))
        formula = stage_formula(units, self.inside, self._written, self.sums) if units[0].op else ""
        wanted = self.called[len(self.stages)] or self._made_up(units, formula)
        name = next(text for k in range(len(taken) + 1) if (text := f"{wanted}, {k + 1}" if k else wanted) not in taken)
        taken.add(name)
        rounds = {unit: self.rounds[kind] for kind, some in kinds for unit in some} if len(kinds) > 1 else {}
        ways = {unit: self.listed(unit) for unit in units}
        axes = told_apart(units, rounds, ways, self._by_slot, items)
        below = dict.fromkeys(self.of(x) for unit in units for x in self.operands[unit])
        made_from = [stage for stage in below if stage != len(self.stages)]
        self.stages.append(Stage(name, formula if wanted != formula else "", units, axes, made_from, rounds))

    def _called(self, units: Sequence[Value]) -> str:
        """What somebody called the values of a stage: the list that most are in, else a name that one has."""
        several = len(units) > 1
        lists = Counter(text for unit in units if several and (text := self._list(unit)))
        names = Counter(text for unit in units if (unit.op or not several) and (text := self.own_name(unit)))
        called = (lists or names).most_common(1)
        return called[0][0] if called else ""

    def _made_up(self, units: Sequence[Value], formula: str) -> str:
        """What the values of a stage are called that nobody named: as they are made."""
        if units[0].op is None:
            return "inputs" if len(units) > 1 else "input"
        return formula if len(formula) <= LONGEST_PART else spoken(units[0].op)

    def _kinds_below(self, unit: Value) -> Iterable[int]:
        return dict.fromkeys(self.kind[x] for x in self.operands[unit] if x.op is not None)

    def _repeats(self, members: Mapping[int, list[Value]], before: int, after: int) -> bool:
        """Whether one kind is the next round of another: as many units, made by the same operations with the same lists."""
        first, then = members[before][0], members[after][0]
        if len(members[before]) != len(members[after]) or first.op is not then.op:
            return False
        inputs, others = ({x for x in self.operands[unit] if x.op is None} for unit in (first, then))
        lists, again = ({self.family(x) for x in some} - {ANY} for some in (inputs, others))
        made, remade = ({self.of(x) for x in self.operands[unit] if x.op} - {self.of(first)} for unit in (first, then))
        if not (inputs & others or lists & again or (remade and remade <= made)):
            return False  # what is used again makes it a recurrence

        def outer(x: Value) -> Hashable:
            return ANY if x.op or (x in inputs and self.family(x) in lists - again) else self.family(x)

        return self.key(first, outer) == self.key(then, outer)

    def _list(self, unit: Value) -> str:
        listed = self.listed(unit)
        return listed[0] if len(listed) > 1 else ""

    def _written(self, x: Value) -> str:
        """What a value is called in the formula of a stage that is made from it."""
        number = self.of(x)
        name = self.stages[number].name if number < len(self.stages) else self.called[number]
        if not name or (x.op is None and self.family(x) == ANY):
            name = self._list(x) or self.own_name(x)
        return ANY if not name or len(name) > LONGEST_PART or " " in name else name

    def _by_slot(self, unit: Value) -> list[tuple[tuple[int, int], Value]]:
        """What a unit is made from, with the operand of its last operation on the way to it, and its stage."""
        if unit.op is None:
            return []
        ordered = unit.op.arity is not None and not adds(unit)
        slots: dict[Value, set[int]] = {x: set() for node in self.inside[unit] for x in (node, *values_below(node))}
        for slot, x in enumerate(unit.parents):
            if isinstance(x, Value):
                slots[x].add(slot * ordered)
        for node in reversed(self.inside[unit][:-1]):
            for x in values_below(node):
                slots[x] |= slots[node]
        return [((slot, self.of(x)), x) for x in self.operands[unit] for slot in sorted(slots[x])]



def stages_of(order: Sequence[Value], named: Displayed) -> Stages | None:
    """The stages of a graph that is best shown by them; None where modules are used once, and where stages say no more."""
    if any(node.op and named.owners.get(node) for node in order) and not used_again(order, named.owners):
        return None
    found = Stages(order, named)
    return found if found.worth_folding() else None
