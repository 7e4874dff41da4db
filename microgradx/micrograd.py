"""For code written against micrograd: change the import, and `Value`, `Neuron`, `Layer`, `MLP`, `trace` and `draw_dot` are there.

>>> from microgradx.micrograd import MLP, Value
>>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
>>> L = a * b
>>> L.backward()
>>> L._op, b.grad
('*', 2.0)

`Value` is microgradx's own, so everything else works on it too. Two things of micrograd have no place here: an operation made by
hand, `Value(data, (self,), "tanh")` with a `_backward` of its own (write a `primitive`; most exist), and attributes hung onto a
value. A neuron of the wrong width raises, where micrograd's `zip` cuts the longer one. The `label` of a value without one is
None, where a class of the course has "": `node.label or ""` prints the same in both.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

from . import nn
from .engine import Value
from .order import topological_order
from .view.drawing.cards import picture
from .view.drawing.digraph import Drawing
from .view.drawing.flow import as_it_stands, snapshot
from .view.drawing.look import Look
from .view.drawing.reader import READERS
from .view.words.scope import caller_variables

__all__ = ["MLP", "Layer", "Module", "Neuron", "Value", "draw_dot", "trace"]

Module = nn.Module


class Neuron(nn.Neuron):
    """relu(w . x + b), or w . x + b with `nonlin=False`; weights by `random.uniform(-1, 1)`, so `random.seed` fixes them.

    >>> random.seed(1337)
    >>> Neuron(2).w[0].data, random.Random(1337).uniform(-1, 1)
    (0.23550571390294128, 0.23550571390294128)
    """

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        super().__init__(nin, "relu" if nonlin else "linear", random)
        self.nonlin = nonlin

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(nn.Layer):
    """Neurons side by side; one alone gives its Value, several a list."""

    def __init__(self, nin: int, nout: int, **kwargs: Any) -> None:
        self.neurons: list[nn.Neuron] = [Neuron(nin, **kwargs) for _ in range(nout)]

    def __call__(self, x: Iterable[Any]) -> Any:
        """The output of the neuron, or of all neurons."""
        out = super().__call__(x)
        return out[0] if len(out) == 1 else out

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(nn.MLP):
    """Layers of relu, the last one without: `MLP(3, [4, 4, 1])`.

    >>> len(MLP(3, [4, 4, 1]).parameters())
    41
    """

    def __init__(self, nin: int, nouts: Sequence[int]) -> None:
        widths = [nin, *nouts]
        self.layers: list[nn.Layer] = [Layer(widths[i], widths[i + 1], nonlin=i != len(nouts) - 1) for i in range(len(nouts))]

    def __call__(self, x: Iterable[Any]) -> Any:
        """The output of the last layer."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"


def trace(root: Value) -> tuple[set[Value], set[tuple[Value, Value]]]:
    """All nodes of a graph, and all edges as (operand, result).

    >>> a = Value(2.0)
    >>> b = a * 3.0
    >>> trace(b) == ({a, b}, {(a, b)})
    True
    """
    nodes = topological_order(root)
    return set(nodes), {(parent, node) for node in nodes for parent in node.parents if isinstance(parent, Value)}


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR") -> Drawing:
    """A drawing of the graph with label, number and `.grad` as it stands, before or after `backward()`.

    >>> a = Value(2.0, label="a")
    >>> L = a * 3.0
    >>> draw_dot(L)
    <Drawing of the gradient flow of L: 2 values; output L = 6, gradient 0.>

    `microgradx.draw(root)` shows more: the gradients of a pass of its own, and every local derivative.
    """
    if rankdir not in ("LR", "TB"):
        raise ValueError(f"rankdir={rankdir!r}: write 'LR' for left to right or 'TB' for top to bottom")
    known = as_it_stands(snapshot(root, caller_variables()))
    shown = picture(known, range(len(known.nodes)), "none", ("name", "value", "grad"), True)
    shown.caption = []  # what it says of a pass that was not made
    look = Look(known, len(known.nodes), [], "light", "forward", rankdir, False, None)
    drawing, _ = look.readable([([shown], 1.0)], READERS["readme"])
    drawing.format = format
    return drawing
