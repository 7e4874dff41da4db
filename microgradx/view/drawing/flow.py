"""What a drawing needs to know of a graph: names, numbers, one local derivative and contribution per edge, and what is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from ...chain import chain_rule, edges, topological_order
from ...engine import Value
from ..wording import EXPLODING, VANISHING
from ..words.names import displayed, name_nodes
from ..words.notation import number, unnamed


class Edge(NamedTuple):
    """One operand of one value; `contribution` is None until the gradient has passed."""

    tail: int
    head: int
    slot: int
    local: float
    contribution: float | None


@dataclass
class Flow:
    """A snapshot of the graph of one output, by place in topological order; the output is the last.

    `names` are whole, `shown` as displays write them, module paths by their initials.
    """

    nodes: list[Value]
    names: list[str]
    shown: list[str]
    data: list[float]
    grads: list[float | None]
    edges: list[Edge]
    active: int | None = None
    caption: list[str] = field(default_factory=list)

    @property
    def output(self) -> int:
        """The place of the output."""
        return len(self.nodes) - 1

    @cached_property
    def operands(self) -> list[list[int]]:
        """The places of each value's operands, in order and with repeats."""
        operands: list[list[int]] = [[] for _ in self.nodes]
        for edge in self.edges:
            operands[edge.head].append(edge.tail)
        return operands

    @cached_property
    def modules(self) -> list[str | None]:
        """The module each value belongs to, None outside of any.

        A parameter belongs to the module its path names, and a value labelled with a module's path is that module's output.
        What lies between belongs to the module whose parameters it is made of.
        """
        paths = [node.label or name.partition("#")[0] for node, name in zip(self.nodes, self.names, strict=True)]
        owned = [path.rpartition(".")[0] if node.op is None else "" for node, path in zip(self.nodes, paths, strict=True)]
        owners = set(owned) - {""}
        found: list[str | None] = [owner or None for owner in owned]
        complete = [node.op is not None and path in owners for node, path in zip(self.nodes, paths, strict=True)]
        for place, operands in enumerate(self.operands if owners else ()):
            if complete[place]:
                found[place] = paths[place]
            elif operands:
                parameters = {owned[k] for k in operands} - {""}
                candidates = parameters or {found[k] for k in operands if not complete[k]} - {None}
                if len(candidates) == 1:
                    (found[place],) = candidates
        return found

    def named(self, place: int) -> bool:
        """Whether somebody named this value, rather than it being called after its operation and place."""
        return not unnamed(self.nodes[place], self.shown[place])

    def largest(self) -> float:
        """The largest finite gradient, by absolute value; 0.0 where there is none."""
        return max((abs(g) for g in self.grads if g is not None and math.isfinite(g)), default=0.0)


def made_by(node: Value) -> str:
    """The name of a node's operation, "input" for a leaf."""
    return node.op.name if node.op else "input"


def snapshot(
    output: Value, caller: Mapping[str, object] | None = None, names: Mapping[str, object] | None = None
) -> Flow:
    """Record the graph of `output` with the gradients its values hold now.

    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> y.backward()
    >>> [(edge.slot, edge.local, edge.contribution) for edge in snapshot(y).edges]
    [(0, 3.0, 3.0), (1, 3.0, 3.0)]
    """
    order = topological_order(output)
    called = name_nodes(order, caller, names)
    place = {node: k for k, node in enumerate(order)}
    grads = [node.grad for node in order]
    found = []
    for head, node in enumerate(order):
        if node.op is None:
            continue
        upstream = grads[head]
        for slot, parent, local in edges(node):
            found.append(Edge(place[parent], head, slot, local, _product(upstream, local)))
    whole, shown = list(called.values()), list(displayed(called).values())
    return Flow(order, whole, shown, [node.data for node in order], grads, found)


def _product(upstream: float | None, local: float) -> float | None:
    if upstream is None:
        return None
    return 0.0 if upstream == 0.0 or local == 0.0 else upstream * local  # the engine's rule: zero stops even inf and nan


def at_step(flow: Flow, step: int) -> Flow:
    """The same graph as the backward pass has it after `step` values have passed their gradient on.

    Step 0 has only the seed, d(out)/d(out) = 1. `.grad` is neither read nor changed.
    """
    place = {node: k for k, node in enumerate(flow.nodes)}
    passed: list[tuple[int, dict[int, float], dict[int, float]]] = []  # head, slot -> contribution, operand -> sum after

    def watch(
        node: Value, slot: int, upstream: float, local: float, contribution: float, before: float | None, after: float
    ) -> None:
        head = place[node]
        if not passed or passed[-1][0] != head:
            passed.append((head, {}, {}))
        passed[-1][1][slot] = contribution
        passed[-1][2][place[node.parents[slot]]] = after

    chain_rule(flow.nodes, {flow.nodes[-1]: 1.0}, watch=watch)
    if not isinstance(step, int) or not 0 <= step <= len(passed):
        raise ValueError(f"step={step!r}, but this backward pass has steps 0 (the seed) to {len(passed)}")
    grads: list[float | None] = [None] * len(flow.nodes)
    grads[-1] = 1.0
    known: dict[tuple[int, int], float] = {}
    for head, contributions, sums in passed[:step]:
        known |= {(head, slot): contribution for slot, contribution in contributions.items()}
        for operand, after in sums.items():
            grads[operand] = after
    lit = [edge._replace(contribution=known.get((edge.head, edge.slot))) for edge in flow.edges]
    active = passed[step - 1][0] if step else flow.output
    name = short(flow, active)
    said = f"{name} passes its gradient on" if step else f"the seed, d({name}) / d({name}) = 1"
    return Flow(flow.nodes, flow.names, flow.shown, flow.data, grads, lit, active, [f"Step {step} of {len(passed)}: {said}."])


def steps(flow: Flow) -> int:
    """How many steps there are of the backward pass: the values that pass a gradient on."""
    return len({edge.head for edge in flow.edges})


def short(flow: Flow, place: int, longest: int = 30) -> str:
    """The name of a value, cut in the middle where it is long; its operation where nobody named it."""
    name = re.sub(r"\s+", " ", flow.shown[place]) if flow.named(place) else made_by(flow.nodes[place])
    return name if len(name) <= longest else f"{name[: longest - 11]}...{name[-8:]}"


@dataclass
class Troubles:
    """The places whose gradient is dead, vanishing, exploding or not finite, and the first place that is not finite."""

    dead: list[int]
    vanishing: list[int]
    exploding: list[int]
    nonfinite: list[int]
    origin: int | None

    def sentences(self, flow: Flow) -> list[str]:
        """Say in words what is wrong, the first few names of each kind."""
        said = []
        if self.origin is not None:
            kind = "value" if not math.isfinite(flow.data[self.origin]) else "gradient"
            said.append(f"Not finite: {_list(flow, self.nonfinite)}; the first is the {kind} of {short(flow, self.origin)}.")
        for kind, places in (
            ("Dead (gradient exactly 0)", self.dead),
            (f"Vanishing (below {number(VANISHING)} of the largest gradient)", self.vanishing),
            (f"Exploding (above {number(EXPLODING)}, or that many times the output's)", self.exploding),
        ):
            if places:
                said.append(f"{kind}: {_list(flow, places)}.")
        return said


def _list(flow: Flow, places: list[int], most: int = 6) -> str:
    """Name the first of some places, those that somebody named before those that only have an operation."""
    ordered = sorted(places, key=lambda place: not flow.named(place))
    names = list(dict.fromkeys(short(flow, place) for place in ordered[:most]))
    return ", ".join(names) + (f" and {len(places) - len(names):,} more" if len(places) > len(names) else "")


def diagnose(flow: Flow) -> Troubles:
    """Find what a reader should look at first.

    >>> x = Value(-1.0, label="x")
    >>> y = x.relu()
    >>> y.backward()
    >>> diagnose(snapshot(y)).sentences(snapshot(y))
    ['Dead (gradient exactly 0): x.']
    """
    largest, seed = flow.largest(), flow.grads[-1]
    top = min(EXPLODING, EXPLODING * abs(seed)) if seed else EXPLODING
    found = Troubles([], [], [], [], None)
    for place, (value, grad) in enumerate(zip(flow.data, flow.grads, strict=True)):
        if not math.isfinite(value) or (grad is not None and not math.isfinite(grad)):
            found.nonfinite.append(place)
        elif grad is not None and grad == 0.0:
            if seed:
                found.dead.append(place)
        elif grad is not None and abs(grad) < VANISHING * largest:
            found.vanishing.append(place)
        elif grad is not None and abs(grad) > top:
            found.exploding.append(place)
    bad_values = (place for place in found.nonfinite if not math.isfinite(flow.data[place]))
    found.origin = next(bad_values, found.nonfinite[-1] if found.nonfinite else None)  # gradients come from the output
    return found
