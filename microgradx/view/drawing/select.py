"""Which values of a graph are drawn: those on a path, near the output, or of one module."""

from __future__ import annotations

from typing import Any

from ...engine import Value
from ..words.names import find_node
from .flow import Flow, short


def chosen(flow: Flow, path: tuple[Any, Any] | None, depth: int | None, module: str | None) -> tuple[list[int], list[str]]:
    """The places to draw, in order, and sentences that say what is left out."""
    kept, said = set(range(len(flow.nodes))), []
    if path is not None:
        kept &= _between(flow, path)
        said.append(f"Only what lies on a path from {_named(flow, path[0])}.")
    if depth is not None:
        if not isinstance(depth, int) or depth < 0:
            raise ValueError(f"depth={depth!r} is not a count of operations: write 0 for the output alone, 1 for its operands")
        kept &= _near(flow, depth)
        hidden = len(flow.nodes) - len(kept)
        if hidden and path is None:
            operations = f"{depth} operation{'s' * (depth != 1)}"
            further = "value further back is" if hidden == 1 else "values further back are"
            said.append(f"Up to {operations} from the output; {hidden:,} {further} not drawn.")
    if module is not None:
        inside, name = _within(flow, module)
        kept &= inside
        said.append(f"Showing only {name} and its inputs.")
    return sorted(kept), said


def _between(flow: Flow, path: tuple[Any, Any]) -> set[int]:
    if not isinstance(path, tuple) or len(path) != 2:
        raise TypeError(f"path={path!r} has no two ends: write path=(x, output), or path=([x, y], output)")
    named = dict(zip(flow.nodes, flow.names, strict=True))

    def found(key: Any) -> Any:
        return find_node(key, named, short(flow, flow.output)) if isinstance(key, str) else key

    starts, end = [found(key) for key in _listed(path[0])], found(path[1])
    place = {node: k for k, node in enumerate(flow.nodes)}
    for node in (*starts, end):
        if node not in place:
            raise ValueError(f"{node!r} is not in the graph of {short(flow, flow.output)}: path=(x, output) needs values of it")
    after, before = {place[node] for node in starts}, {place[end]}
    for edge in flow.edges:
        if edge.tail in after:
            after.add(edge.head)
    for edge in reversed(flow.edges):
        if edge.head in before:
            before.add(edge.tail)
    if not after & before:
        raise ValueError(f"no path leads from {_named(flow, path[0])} to {short(flow, place[end])}")
    return after & before


def _listed(starts: Any) -> list[Any]:
    return [starts] if isinstance(starts, (str, Value)) else list(starts)


def _near(flow: Flow, depth: int) -> set[int]:
    operands = flow.operands
    found = layer = {flow.output}
    for _ in range(depth):
        layer = {operand for place in layer for operand in operands[place]} - found
        found = found | layer
    return found


def _within(flow: Flow, module: str) -> tuple[set[int], str]:
    """What is in the module of that name or is given to it, and how its name is written for short."""
    known = flow.owners.modules()
    wanted = [place for place in known if module in flow.owners.spellings(place)]
    if not wanted:
        some = sorted({flow.part(place) for place in flow.modules if place})[:5]
        there = f"there are {', '.join(some)} ..." if some else "it has none"
        raise ValueError(f"no module {module!r} in this graph; {there}")
    if len(wanted) > 1:
        raise ValueError(f"several modules are called {module!r}: write {' or '.join(repr(flow.part(p)) for p in wanted)}")
    inside = {k for k, place in enumerate(flow.modules) if place is not None and wanted[0] in place.around()}
    return inside | {edge.tail for edge in flow.edges if edge.head in inside}, flow.part(wanted[0])


def _named(flow: Flow, starts: Any) -> str:
    wanted = set(_listed(starts))
    names = [short(flow, k) for k, node in enumerate(flow.nodes) if node in wanted or flow.names[k] in wanted]
    return ", ".join(names[:6])
