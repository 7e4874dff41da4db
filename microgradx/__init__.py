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

import copyreg
from typing import TYPE_CHECKING

from . import hints, missing, operation, ops, snapshot
from .chain import chain_rule as chain_rule
from .derivatives import gradient as gradient
from .engine import Value as Value
from .gather import take as take
from .modes import detect_anomaly as detect_anomaly
from .modes import no_grad as no_grad
from .modes import source_line as source_line
from .operand import Operand as Operand
from .operation import OPS as OPS
from .operation import Op as Op
from .operators import counterpart
from .ops import *  # noqa: F403
from .order import topological_order as topological_order
from .statement import OWN
from .statement import primitive as primitive
from .transforms import grad as grad
from .transforms import hessian as hessian
from .transforms import hvp as hvp
from .transforms import jacobian as jacobian
from .transforms import jvp as jvp
from .transforms import value_and_grad as value_and_grad
from .transforms import vjp as vjp

if TYPE_CHECKING:
    from . import nn as nn
    from . import teach as teach
    from . import testing as testing
    from .replay.compile import compile as compile
    from .replay.program import Program as Program
    from .testing.check_gradient import check_gradient as check_gradient
    from .view.drawing.digraph import Drawing as Drawing
    from .view.drawing.draw import draw as draw
    from .view.drawing.tree_and_mermaid import mermaid as mermaid
    from .view.drawing.tree_and_mermaid import tree as tree
    from .view.questions.explain import explain as explain
    from .view.questions.layers import layers as layers
    from .view.questions.origin import origin as origin
    from .view.questions.why import why as why
    from .view.stepping.animation import animate as animate
    from .view.stepping.stepper import stepper as stepper
    from .view.words.names import formula as formula

__version__ = "0.1.0"

copyreg.pickle(Value, snapshot.reduced)  # how copy and pickle take a graph, however deep

max, min, round, sum = ops.max_, ops.min_, ops.round_, ops.sum_

LAZY = {
    "Drawing": ".view.drawing.digraph",
    "Program": ".replay.program",
    "animate": ".view.stepping.animation",
    "check_gradient": ".testing",
    "compile": ".replay.compile",
    "draw": ".view.drawing.draw",
    "explain": ".view.questions.explain",
    "formula": ".view.words.names",
    "layers": ".view.questions.layers",
    "mermaid": ".view.drawing.tree_and_mermaid",
    "nn": ".nn",
    "origin": ".view.questions.origin",
    "stepper": ".view.stepping.stepper",
    "teach": ".teach",
    "testing": ".testing",
    "tree": ".view.drawing.tree_and_mermaid",
    "why": ".view.questions.why",
}
"""Names whose rooms import numpy or graphviz: the room is opened when the name is first asked for."""

if not TYPE_CHECKING:  # who checks types reads the imports above
    __all__ = ["OPS", "Op", "Operand", "Value", "chain_rule", "detect_anomaly", "gradient", "no_grad", "primitive", "source_line"]
    __all__ += ["grad", "hessian", "hvp", "jacobian", "jvp", "take", "topological_order", "value_and_grad", "vjp"]
    __all__ += [name for name in LAZY if name != "compile"]  # like sum, it would replace a builtin in `from microgradx import *`
    __all__ += ops.__all__

    def _help_text(op):
        from .reference import help_text

        return help_text(op)

    operation.Help.writer = staticmethod(_help_text)

    def __getattr__(name):
        from importlib import import_module

        if name in LAZY:
            try:
                room = import_module(LAZY[name], __name__)
            except ModuleNotFoundError as error:
                if error.name not in missing.STAND_INS:
                    raise
                return missing.stand_in(name, error.name)
            return room if name in ("nn", "teach", "testing") else getattr(room, name)
        if name in OWN:  # the operations that rules are made of
            return OPS[name]
        remedy = counterpart(name)
        raise hints.missing_name("module 'microgradx'", name, {name: remedy} if remedy else hints.MODULE, __dir__())

    def __dir__():
        python = [name for name in globals() if name[:2] == "__"]
        return sorted([*__all__, "compile", "max", "min", "round", "sum", *python])
