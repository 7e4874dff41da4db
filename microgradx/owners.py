"""Whose part each value of one graph is, and how that is written where several models have a part in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from .engine import Value
from .parts import walk
from .places import Place, Root, call_of, place_of

LAST = 1 << 62  # the number of no call


class Owners:
    """Whose part each value of a graph is, and how that is written where several roots have a part in it.

    `names` are what the caller's variables call the roots, which come in the order of their first calls.
    """

    def __init__(self, order: Sequence[Value], names: Mapping[Root, str] | None = None) -> None:
        marked = {node: place for node in order if node._mark is not None and (place := place_of(node)) is not None}
        roots = dict.fromkeys(place.root for place in marked.values())
        held = {root: walk(model).parameters for root in roots if (model := root.seen()) is not None}
        self._calls = _calls(order) if marked else {}
        callers = {number: marked[node].root for node in marked if (number := call_of(node))}
        self._samples = _counted(callers)
        self._places: dict[Value, Place] = {}
        self._written: dict[tuple[Place, bool], str] = {}
        for node, place in marked.items():
            caller = callers.get(self._calls.get(node, 0), place.root)
            self._places[node] = place if place.is_module else held.get(caller, {}).get(node, place)
        first: dict[Root, int] = {}
        for node, place in self._places.items():
            first[place.root] = min(self._calls.get(node, LAST), first.get(place.root, LAST))
        self.roots = sorted(first, key=lambda root: first[root])
        self.names = self._named(names or {})

    def _named(self, names: Mapping[Root, str]) -> dict[Root, str]:
        """What each root is called: its variable, else its class, the second of a class `MLP#1`."""
        used: set[str] = set()
        found: dict[Root, str] = {}
        for root in self.roots:
            name = wanted = names.get(root, root.kind)
            for k in count(1):
                if name not in used:
                    break
                name = f"{wanted}#{k}"
            used.add(name)
            found[root] = name
        return found

    def sample(self, value: Value) -> int | None:
        """Which call of its model in this graph a value was computed in, counted from 0; None if that is not known."""
        return self._samples.get(self._calls.get(value, 0))

    def get(self, value: Value) -> Place | None:
        """The place of a value, None if it is nobody's."""
        return self._places.get(value)

    def numbered(self) -> dict[Value, str]:
        """What tells the outputs of one module apart: the use within a call of the model, ` @ 2`, and the sample, `#7`.

        A sample is counted from 0, as the user's code has it: `xs[7]`, `sample=7`; the first one has nothing behind its name.
        """
        uses: dict[tuple[Place, int | None], list[Value]] = {}
        for node, place in self._places.items():
            if place.is_module:
                uses.setdefault((place, self.sample(node)), []).append(node)
        return {
            node: (f" @ {use}" if len(nodes) > 1 else "") + (f"#{sample}" if sample else "")
            for (_, sample), nodes in uses.items()
            for use, node in enumerate(nodes, 1)
        }

    def modules(self) -> list[Place]:
        """Every module that has a part in the graph, and what is around it."""
        return list(dict.fromkeys(around for place in self._places.values() for around in place.module.around()))

    def spellings(self, place: Place) -> set[str]:
        """All that a place may be called: in full or for short, with the root's name or without."""
        name = self.names.get(place.root, place.root.kind)
        paths = {place.written, place.short} - {""}
        return paths | {name + ("" if path[0] == "[" else ".") + path for path in paths} or {name}

    def written(self, place: Place, short: bool = False) -> str:
        """A place in full, or for short, with the root's name before it where there are several, or nothing else to say."""
        if (place, short) not in self._written:  # asked for in every sample
            path = place.short if short else place.written
            name = self.names.get(place.root, place.root.kind)
            whole = name + ("" if path[:1] == "[" else ".") + path if path else name
            self._written[place, short] = path if path and len(self.roots) == 1 else whole
        return self._written[place, short]


def _counted(callers: Mapping[int, Root]) -> dict[int, int]:
    """The how-manieth call of its root each call is, from 0 on."""
    so_far: dict[Root, int] = {}
    found = {}
    for number in sorted(callers):
        found[number] = so_far.get(callers[number], 0)
        so_far[callers[number]] = found[number] + 1
    return found


def _calls(order: Sequence[Value]) -> dict[Value, int]:
    """The number of the call whose answer each value leads to, the first of several."""
    found: dict[Value, int] = {}
    for node in reversed(order):
        if number := call_of(node):
            found[node] = number
        elif not (number := found.get(node, 0)):
            continue
        for operand in node.parents:
            if isinstance(operand, Value) and found.get(operand, LAST) > number:
                found[operand] = number
    return found
