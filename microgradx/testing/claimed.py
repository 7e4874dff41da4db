"""The gradient under test: what backward() gives, how far its own rounding can move it, and its contributions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from ..chain import chain_rule, edges
from ..engine import Value
from ..order import topological_order
from ..variables import push_forward
from ..writing import commit, new_gradients
from .c_functions import refuse_undeclared
from .inputs import Inputs
from .line import EPS
from .outputs import called

SLACK = 16.0 * EPS  # rounding of a coded gradient, in units of the sum of the sizes of its contributions


@dataclass
class Coded:
    """A gradient in the order of the inputs, with what is known about it."""

    slopes: list[float]
    slack: list[float]
    grain: float = 0.0  # rounding of f itself, as the graph tells it
    dropped: list[tuple[float, ...]] = field(default_factory=list)  # for each input: the gradient without one contribution
    output: Value | None = None
    faults: list[str] = field(default_factory=list)
    repeats: bool = True  # the same graph and gradient when asked twice; else no node of it can be blamed
    reached: list[float] = field(default_factory=list)  # for each input whether a way leads from it to the result, where known
    floors: list[float] = field(default_factory=list)  # what is smaller may be what is left of sums that cancel


def from_backward(inputs: Inputs, point: Sequence[float]) -> Coded:
    """The gradient that `backward()` leaves on the inputs, with every `.grad` put back as it was."""
    output = graph_of(inputs, point)
    leaves = [leaf for leaf in inputs.leaves if leaf is not None]
    order = topological_order(output)
    slopes = backward_slopes(output, order, leaves)
    sizes = magnitudes(order, output)
    slack = [SLACK * size if math.isfinite(size) else 0.0 for size in (sizes.get(leaf, 0.0) for leaf in leaves)]
    grain = EPS * math.hypot(*(sizes.get(node, 0.0) * node.data for node in order if node.op is not None))
    faults, dropped = forward_fault(output, leaves, slopes, sizes), without_one(order, output, leaves)
    again = graph_of(inputs, point)
    repeats = same(slopes, backward_slopes(again, topological_order(again), leaves))
    if not repeats:
        faults.append(
            "backward() of the same function at the same point gave different bits: is something random in it? "
            "Seed it inside the function, so that every call draws the same"
        )
    return Coded(slopes, slack, grain if math.isfinite(grain) else 0.0, dropped, output, faults, repeats)


def from_numbers(
    inputs: Inputs, point: Sequence[float], grad: Any, outputs: int = 1, single: bool = True, own: bool = False
) -> list[Coded]:
    """The gradient of each output that a function or numbers give; with `own`, that a framework takes of f itself."""
    name = "grad" if own or not callable(grad) else called(grad)
    refuse_undeclared(grad, len(inputs.args))

    def rows() -> tuple[list[list[float]], list[float]]:
        found = inputs.call(point, grad) if callable(grad) else grad
        if found is None:
            raise TypeError(f"{name} returned None, not a gradient: is a return missing?")
        if own:
            trees, reached = found
            return [inputs.flat(tree, name) for tree in trees], inputs.flat(reached, name) if reached is not None else []
        return ([inputs.flat(found, name)] if single else inputs.jacobian(found, name, outputs)), []

    found, reached = rows()
    faults = _unlike(name, found, rows()[0], inputs.paths) if callable(grad) else []
    return [
        Coded(row, [0.0] * len(row), faults=faults, reached=reached, floors=floors(row, point)) for row in found
    ]


def _unlike(name: str, first: list[list[float]], second: list[list[float]], paths: Sequence[str]) -> list[str]:
    """A fault if a gradient answers otherwise when it is asked again: with the first number that differs."""
    for old, new in zip(first, second, strict=True):
        for path, a, b in zip(paths, old, new, strict=True):
            if not same([a], [b]):
                twice = ", twice the first: it adds to what it gave before" if a and abs(b - 2.0 * a) <= 1e-9 * abs(a) else ""
                seen = f"for {path} {a:.6g}, then {b:.6g}{twice}"
                return [f"{name} gave different bits when called twice at the same point: {seen}"]
    return []


def floors(slopes: Sequence[float], point: Sequence[float]) -> list[float]:
    """For each input how much of its slope can be rounding of the largest contributions, which foreign code does not tell."""
    largest = max((abs(slope * x) for slope, x in zip(slopes, point, strict=True) if math.isfinite(slope)), default=0.0)
    return [SLACK * largest / abs(x) if x else 0.0 for x in point]


def graph_of(inputs: Inputs, point: Sequence[float]) -> Value:
    """f as a graph; f must return a Value."""
    output = inputs.call(point)
    shape = getattr(output, "shape", None)
    if shape is not None and output.size == 1 and isinstance(output.item(), Value):
        output = output.item()
    elif isinstance(output, (list, tuple)) and len(output) == 1:
        (output,) = output
    if not isinstance(output, Value):
        raise TypeError(
            f"{called(inputs.f)} returned {output!r} ({type(output).__name__}), not one Value, so backward() cannot be judged: "
            "compute with Values (no .data, float() or math.sin inside), or pass grad= to check plain code"
        )
    return output


def backward_slopes(output: Value, order: Sequence[Value], leaves: Sequence[Value]) -> list[float]:
    """What `output.backward()` adds to the grad of each leaf; afterwards every grad is as it was."""
    nodes = dict.fromkeys([*order, *leaves])
    before = [node.grad if node.reached else None for node in nodes]
    try:
        commit(new_gradients(nodes, repeat(None)))
        output.backward()
        return [leaf.grad for leaf in leaves]
    finally:
        commit(new_gradients(nodes, before))


def magnitudes(order: Sequence[Value], output: Value) -> dict[Value, float]:
    """For each node the sum over all paths of |product of local derivatives|: the scale of its gradient's rounding."""
    sizes = {output: 1.0}
    for node in reversed(order):
        if node.op is None or not (size := sizes.get(node, 0.0)):
            continue
        for _, parent, local in edges(node):
            if local:
                sizes[parent] = sizes.get(parent, 0.0) + size * abs(local)
    return sizes


def forward_fault(output: Value, leaves: Sequence[Value], slopes: Sequence[float], sizes: dict[Value, float]) -> list[str]:
    """A message if forward mode through the same graph contradicts backward(): then the fault is not in a rule."""
    if not all(map(math.isfinite, slopes)):
        return []
    moved: dict[Any, Any] = {leaf: (abs(leaf.data) or 1.0) * (1.0 if k % 2 else -0.5) for k, leaf in enumerate(leaves)}
    directions = [moved[leaf] for leaf in leaves]
    push_forward([output], moved)
    forward = moved.get(output, 0.0)
    backward = math.fsum(slope * d for slope, d in zip(slopes, directions, strict=True) if slope)
    room = 4.0 * SLACK * math.fsum(sizes.get(leaf, 0.0) * abs(d) for leaf, d in zip(leaves, directions, strict=True))
    if not math.isfinite(forward) or not math.isfinite(backward) or abs(forward - backward) <= room:
        return []
    return [
        f"along one direction backward() gives {backward:.10g} and forward mode {forward:.10g} on the same graph with the same "
        "local derivatives: contributions are lost, doubled or passed on too early in the backward pass"
    ]


def without_one(order: Sequence[Value], output: Value, leaves: Sequence[Value]) -> list[tuple[float, ...]]:
    """For each leaf that receives several contributions, its gradient with the largest of them left out."""
    received: dict[Any, list[float]] = {leaf: [] for leaf in leaves}

    def note(node: Any, slot: int, upstream: Any, local: Any, contribution: Any, before: Any, after: Any) -> None:
        parent = node.parents[slot]
        if parent in received:
            received[parent].append(contribution)

    chain_rule(order, {output: 1.0}, watch=note)
    return [
        (math.fsum(parts) - max(parts, key=abs),) if len(parts) > 1 and all(map(math.isfinite, parts)) else ()
        for parts in (received[leaf] for leaf in leaves)
    ]


def same(left: Sequence[float], right: Sequence[float]) -> bool:
    """Whether two gradients are equal to the bit, nan to nan."""
    return list(map(float.hex, left)) == list(map(float.hex, right))


def rebuild_named(f: Callable[[], Value]) -> Value | None:
    """The graph of `f` with source lines, or None if building it under `detect_anomaly` raises."""
    from ..modes import detect_anomaly

    try:
        with detect_anomaly():
            return f()
    except FloatingPointError:
        return None
