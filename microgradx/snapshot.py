"""Copies and pickles of graphs of any depth: flat columns instead of a walk from node to node."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from weakref import ref

from . import observers
from .engine import Value, restored
from .order import unreached
from .stale import clock


class Snapshot:
    """Some nodes of a graph on their way through pickle or deepcopy.

    Every node reduces to a place in a snapshot. As long as pickle or deepcopy holds a snapshot in its memo, other nodes of it
    are found there again, so a loss and its parameters stay one graph however they are packed together.
    """

    def __init__(self, nodes: list[Any], register: Register | None = None) -> None:
        self.nodes = nodes
        self.register = register

    def __reduce__(self) -> tuple[Callable[..., Snapshot], tuple[Any, ...]]:
        place = {node: i for i, node in enumerate(self.nodes)}
        outside: list[Any] = []
        rows = []
        for node in self.nodes:
            parents: list[float | int] = []
            stamp = node._stamp
            for parent in node.parents:
                if not isinstance(parent, float) and parent not in place:
                    place[parent] = -1 - len(outside)
                    outside.append(parent)
                parents.append(parent if isinstance(parent, float) else place[parent])
                if not isinstance(parent, float) and place[parent] < 0 and parent._stamp > stamp >= 0:
                    stamp = 0  # stale, and to stay so: what is outside will be made, and get its stamp, before this node
            rows.append((node.data, node._grad, node._mark, stamp, node.op, *parents))
        others = {i: (type(node), getattr(node, "__dict__", {})) for i, node in enumerate(self.nodes) if type(node) is not Value}
        return _restored, (rows, outside, others)


class Register(dict[int, tuple[ref[Snapshot], int]]):
    """Where nodes stand in living snapshots, by identity: a living snapshot keeps its nodes, and so their ids.

    The snapshots keep it, and a thread knows that of its own only weakly: it goes with the last of them, with no call into
    Python, in which Ctrl-C would be lost.
    """


class _Thread(threading.local):
    def __init__(self) -> None:
        self.register = ref(Register())


_here = _Thread()


def reduced(node: Any) -> tuple[Callable[[Snapshot, int], Any], tuple[Snapshot, int]]:
    """How pickle and copy take `node`: by its place in a snapshot that some memo holds, or in a new one of all it is made of."""
    observers.look("a number was copied")
    register = _here.register()
    if register is None:
        register = Register()
        _here.register = ref(register)
    snapshot, place = _place(node, register)
    if snapshot is None:
        nodes = _outside_all(node, register)
        snapshot, place = Snapshot(nodes, register), len(nodes) - 1
        living = ref(snapshot)
        register.update((id(x), (living, k)) for k, x in enumerate(nodes))
    return _picked, (snapshot, place)


def _outside_all(node: Any, register: Register) -> list[Any]:
    """What `node` is made of and no living snapshot holds, operands first; what is held is not walked through again."""
    held: dict[Any, None] = {}
    seen, pending = {node}, [node]
    while pending:
        for x in pending.pop().parents:
            if not isinstance(x, float) and x not in seen:
                seen.add(x)
                if _place(x, register)[0] is None:
                    pending.append(x)
                else:
                    held[x] = None
    count = len(held)
    return list(unreached(node, placed=held))[count:]


def _place(node: Any, register: Register) -> tuple[Snapshot | None, int]:
    found = register.get(id(node))
    return (found[0](), found[1]) if found else (None, 0)


def _picked(snapshot: Snapshot, place: int) -> Any:
    return snapshot.nodes[place]


def _restored(rows: list[tuple[Any, ...]], outside: list[Any], others: dict[int, tuple[type[Value], dict[str, Any]]]) -> Snapshot:
    """The nodes of a snapshot made again, with what was stale still stale; `others` are of a subclass of Value."""
    stamps = {stamp: stamp if stamp <= 0 else clock.tick() for stamp in sorted({row[3] for row in rows})}
    nodes: list[Any] = []
    for i, (data, grad, mark, stamp, op, *parents) in enumerate(rows):
        operands = [x if isinstance(x, float) else nodes[x] if x >= 0 else outside[-1 - x] for x in parents]
        kind, own = others.get(i, (Value, {}))
        nodes.append(restored(data, grad, mark, stamps[stamp], op, operands, kind))
        nodes[-1].__setstate__(own)
    return Snapshot(nodes)
