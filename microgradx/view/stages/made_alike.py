"""Which values of a graph are made alike, and which operations one of them consists of."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

from ...engine import Value
from ...owners import Owners
from ...places import Place
from ..words.displayed import Displayed
from ..words.signed import unnamed
from .stage_formula import ANY, adds, values_below

Listed = tuple[str, ...]
"""The list that a value is an item of and its indexes, `("heads.W", "[1]", "[0]")` for `heads[1].W[0]`."""


class MadeAlike:
    """The `unit` that each value is part of, what each unit has `inside`, and its `kind`, a number that those made alike share.

    >>> from microgradx.view.words.names import displayed, name_nodes
    >>> from microgradx.order import topological_order
    >>> w, x = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]
    >>> sums = [w[0] * a + w[1] * a for a in x]
    >>> order = topological_order(sums[0] * sums[1])
    >>> found = MadeAlike(order, displayed(name_nodes(order, {"w": w, "x": x, "sums": sums})))
    >>> [len(found.inside[unit]) for unit in sums], found.kind[sums[0]] == found.kind[sums[1]]
    ([3, 3], True)

    A unit is what somebody named, what several operations use, and what is made like either; what else goes into it is its part.
    Two of them are made alike if the same operations lead to them from items of the same lists, however many terms a sum has;
    and if they are items of one list, as long as none of these is made from another.
    """

    def __init__(self, order: Sequence[Value], named: Displayed) -> None:
        self.order, self.named = order, named
        self.users: dict[Value, list[Value]] = {node: [] for node in order}
        for node in order:
            for operand in dict.fromkeys(values_below(node)):
                self.users[operand].append(node)
        self.given = {node for node in order if node.op and self._is_named(node)}
        self.sums = {node: self._terms(node) for node in order if adds(node) and not self._goes_on(node)}
        self._numbers: dict[Hashable, int] = {}
        self.unit = self._units(self._alike())
        self.inside: dict[Value, list[Value]] = {}
        for node in order:
            self.inside.setdefault(self.unit[node], []).append(node)
        self.units = [node for node in order if self.unit[node] is node]
        self.operands = {unit: self._operands(unit) for unit in self.units}
        self.kind = self._kinds({})
        self.kind = self._kinds(self._list_of_kind())

    def _kinds(self, lists: Mapping[int, str]) -> dict[Value, int]:
        """What units are made alike; those of kinds that `lists` has are all the items of a list."""
        kind: dict[Value, int] = {}
        seen_as: dict[Value, int] = {}
        for unit in self.units:
            if unit.op is None:
                kind[unit] = self._interned(("input", self.family(unit)))
            else:
                listed = lists.get(self.kind[unit]) if lists else None
                kind[unit] = self._interned(("items", listed)) if listed else self.key(unit, seen_as.__getitem__)
            seen_as[unit] = self._seen_as(unit, kind[unit], seen_as)
        return kind

    def _seen_as(self, node: Value, kind: int, others: Mapping[Value, int]) -> int:
        """The kind that a value has for those made from it: of a sum that of its terms, as it may have a single one."""
        terms = {others.get(x, -1) for x in self.sums.get(node, ())}
        return terms.pop() if len(terms) == 1 and -1 not in terms else kind

    def _list_of_kind(self) -> dict[int, str]:
        """The list whose items the units of a kind are, where no item is made from another one."""
        below: dict[Value, frozenset[str]] = {}
        found: dict[int, str] = {}
        recurrent: set[str] = set()
        for unit in self.units:
            below[unit] = frozenset().union(*(below[x] for x in self.operands[unit])) if unit.op else frozenset()
            listed = self.listed(unit)
            if unit.op and len(listed) > 1 and unit not in self.named.rounds:
                recurrent |= below[unit] & {listed[0]}
                below[unit] |= {listed[0]}
                found.setdefault(self.kind[unit], listed[0])
        return {kind: name for kind, name in found.items() if name not in recurrent}

    def _interned(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def family(self, leaf: Value) -> str:
        """The list that an input is an item of; any other input may stand for another one."""
        return self.listed(leaf)[0] if self.listed(leaf) else ANY

    def _goes_on(self, node: Value) -> bool:
        """Whether an addition that nobody named goes nowhere but into another one: then it is part of that sum."""
        users = self.users[node]
        alone = len(users) == 1 and node not in self.given and adds(node) and adds(users[0])
        return alone and sum(x is node for x in users[0].parents) == 1

    def _terms(self, node: Value) -> list[Value]:
        """What a sum adds up, however long it is."""
        terms, pending = [], values_below(node)[::-1]
        while pending:
            x = pending.pop()
            if self._goes_on(x):
                pending += values_below(x)[::-1]
            else:
                terms.append(x)
        return terms

    def _made(self, node: Value, key_of: Callable[[Value], Hashable]) -> int:
        """A number that is equal for values made alike; `key_of` says what an operand is.

        A product, where others are sums of such, is one of a single term: that of a key that is a number of this kind.
        """
        assert node.op is not None
        if adds(node):
            terms = frozenset(map(key_of, self.sums.get(node, ())))  # none where it is part of another sum
            first = next(iter(terms), "")
            return first if len(terms) == 1 and isinstance(first, int) else self._interned(("sum", terms))
        if node.op.arity is None:
            return self._interned((node.op.name, frozenset(map(key_of, values_below(node)))))
        return self._interned((node.op.name, *(key_of(x) if isinstance(x, Value) else "" for x in node.parents)))

    def key(self, unit: Value, outer: Callable[[Value], Hashable]) -> int:
        """A number that is equal for units made alike; `outer` says what one is made from."""
        keys: dict[Value, int] = {}
        for node in self.inside[unit]:
            keys[node] = self._made(node, lambda x: keys[x] if x in keys else (outer(x),))
        return keys[unit]

    def _alike(self) -> dict[Value, int]:
        """Of each value a number that those made alike share, down to the inputs."""
        alike: dict[Value, int] = {}
        seen_as: dict[Value, int] = {}
        for node in self.order:
            alike[node] = self._made(node, lambda x: (seen_as[x],)) if node.op else self._interned(("input", self.family(node)))
            seen_as[node] = self._seen_as(node, alike[node], seen_as)
            if all(len(self.users[x]) == 1 and x not in self.given for x in self.sums.get(node, ())):
                alike[node] = seen_as[node]  # its terms are no units, so one of a single term is the term
        return alike

    def _near(self) -> dict[Value, int]:
        """Of what is made from items of lists a number that those share which are so made, down to what several operations use.

        In another round of a recurrence that is another value, so what somebody named in the last one is seen in all.
        """
        near: dict[Value, int] = {}
        listed: set[Value] = set()

        def key_of(x: Value) -> Hashable:
            return (near[x] if x.op and len(self.users[x]) == 1 else ANY if x.op else self.family(x),)

        for node in self.order:
            if node.op:
                near[node] = self._made(node, key_of)
            single = [x for x in values_below(node) if len(self.users[x]) == 1 or x.op is None]
            if not listed.isdisjoint(single) or (node.op is None and self.family(node) != ANY):
                listed.add(node)
        return {node: number for node, number in near.items() if node in listed}

    def _units(self, alike: Mapping[Value, int]) -> dict[Value, Value]:
        """The unit that each value is part of: itself, or that of the one operation that uses it."""
        near = self._near()
        named = {near[node] for node in self.given if node in near}
        term_of = {x: whole for whole, terms in self.sums.items() for x in terms}
        known: set[int] = set()
        found = {alike[node] for node in (*self.given, self.order[-1])}
        while not found <= known:
            known |= found
            unit: dict[Value, Value] = {}
            for node in reversed(self.order):
                single = len(self.users[node]) == 1 and node.op is not None and node not in self.given
                whole = term_of.get(node)
                lone = alike[node] not in known and near.get(node) not in named
                part = single and (lone or (whole is not None and alike[node] == alike[whole]))
                unit[node] = unit[self.users[node][0]] if part else node
            found = {alike[node] for node in self.order if node.op and unit[node] is node}
        return unit

    def _is_named(self, node: Value) -> bool:
        named = self.named
        return bool(node.label or named.owners.get(node)) or node in named.scope.values

    def _operands(self, unit: Value) -> list[Value]:
        """The units and inputs that a unit is made from, each once."""
        return list(dict.fromkeys(x for node in self.inside[unit] for x in values_below(node) if self.unit[x] is not unit))

    def own_name(self, node: Value) -> str:
        """What somebody called a value, without the round of a loop; nothing for others."""
        node = self._now(node)
        name = self.named[node]
        return node.label or ("" if unnamed(name) else name.partition(" @ ")[0])

    def listed(self, node: Value) -> Listed:
        """The list that a value is an item of, or was in an earlier round of a loop; nothing for others."""
        node = self._now(node)
        place = self.named.owners.get(node)
        if place is None:
            pieces = self.named.scope.ways.get(node, ())
        else:
            several = (self.named.owners.names[place.root],) if len(self.named.owners.roots) > 1 else ()
            pieces = (*several, *(piece for piece in place.suffixes if piece != ".neurons"))
        indexes = [piece for piece in pieces if piece[1:-1].isdigit()]
        name = "".join(piece for piece in pieces if not piece[1:-1].isdigit()).removeprefix(".")
        return (name, *indexes) if name else ()

    def _now(self, node: Value) -> Value:
        """What the variable holds now that held a value in an earlier round of a loop; else the value itself."""
        rounds = self.named.rounds
        return self.named.scope.aliases.get(rounds[node][0], node) if node in rounds else node


def used_again(order: Sequence[Value], owners: Owners) -> bool:
    """Whether a module is used several times for one answer, as by the tokens of attention or the rounds of a recurrence."""
    uses: set[tuple[Place, int | None]] = set()
    outputs = {node: owners.get(node) for node in order if node.op}
    for node in outputs:
        place, sample = outputs[node], owners.sample(node)
        if place is not None:
            if (place, sample) in uses:
                return True
            uses.add((place, sample))
        below = {owners.sample(x) for x in values_below(node) if outputs.get(x) is not None}
        if len(owners.roots) == 1 and sample is not None and not below <= {sample, None}:
            return True  # an answer is made from an earlier one
    return False
