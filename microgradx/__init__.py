"""microgradx: a scalar autograd engine to step through, to draw, and to test derivatives with.

>>> import microgradx as mx
>>> a, b = mx.Value(2.0, "a"), mx.Value(-3.0, "b")
>>> L = mx.tanh(a * b + 5.0)
>>> L.backward()
>>> print(f"{a.grad:.4f}")
-1.2599

`mx.sum`, `mx.max`, `mx.min`, `mx.round` and `mx.compile` are here too; `from microgradx import *` leaves Python's own alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ops
from . import snapshot as _snapshot  # noqa: F401  # tells copy and pickle how to take a graph
from .chain import chain_rule, topological_order
from .engine import Value, gradient
from .gather import take
from .modes import detect_anomaly, no_grad, source_line
from .operation import OPS, Op, Operand
from .ops import *  # noqa: F403  # the operations: `ops.__all__` lists them
from .statement import primitive
from .transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

if TYPE_CHECKING:
    from . import nn, testing
    from .replay.compile import compile as compile
    from .replay.program import Program
    from .view.drawing.digraph import Drawing
    from .view.drawing.draw import draw
    from .view.drawing.tree_and_mermaid import mermaid, tree
    from .view.questions.explain import explain
    from .view.questions.layers import layers
    from .view.questions.origin import origin
    from .view.questions.why import why
    from .view.stepping.animation import animate
    from .view.stepping.stepper import stepper
    from .view.words.names import formula

max, min, round, sum = ops.max_, ops.min_, ops.round_, ops.sum_

__all__ = [  # and not what would replace a builtin in `from microgradx import *`
    "OPS",
    "Drawing",
    "Op",
    "Operand",
    "Program",
    "Value",
    "animate",
    "chain_rule",
    "detect_anomaly",
    "draw",
    "explain",
    "formula",
    "grad",
    "gradient",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "layers",
    "mermaid",
    "nn",
    "no_grad",
    "origin",
    "primitive",
    "source_line",
    "stepper",
    "take",
    "testing",
    "topological_order",
    "tree",
    "value_and_grad",
    "vjp",
    "why",
]
__all__ += ops.__all__

LAZY = {
    "Drawing": ".view.drawing.digraph",
    "Program": ".replay.program",
    "animate": ".view.stepping.animation",
    "compile": ".replay.compile",
    "draw": ".view.drawing.draw",
    "explain": ".view.questions.explain",
    "formula": ".view.words.names",
    "layers": ".view.questions.layers",
    "mermaid": ".view.drawing.tree_and_mermaid",
    "nn": ".nn",
    "origin": ".view.questions.origin",
    "stepper": ".view.stepping.stepper",
    "testing": ".testing",
    "tree": ".view.drawing.tree_and_mermaid",
    "why": ".view.questions.why",
}
"""Names whose rooms import numpy or graphviz: the room is opened when the name is first asked for."""

if not TYPE_CHECKING:

    def __getattr__(name):
        from importlib import import_module

        if name in LAZY:
            room = import_module(LAZY[name], __name__)
            return room if name in ("nn", "testing") else getattr(room, name)
        if name == "__version__":
            from importlib.metadata import version

            return version("microgradx")
        if hasattr(ops, name):  # the operations that rules are made of
            return getattr(ops, name)
        raise AttributeError(f"module 'microgradx' has no attribute {name!r}")

    def __dir__():
        python = [name for name in globals() if name[:2] == "__"]
        return sorted([*__all__, "compile", "max", "min", "round", "sum", "__version__", *python])
