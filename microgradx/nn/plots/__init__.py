"""Pictures of training and of what it is made of: curves, boundaries, layers, neurons, activations, losses and ways down.

Each gives a matplotlib figure that shows itself in a notebook, and writes it to `path` if there is one, as PNG or SVG by its
suffix. No window is opened and no global state of matplotlib is touched. Needs the `plot` extra. Colours are those of a `theme`,
as of drawings; auto is an SVG that follows its reader.
"""

from typing import TYPE_CHECKING

from ...hints import missing_name
from .curves import history, losses
from .descent import descent
from .functions import activation, loss_shape
from .layers import activations, gradients, histograms, spread
from .plane import decision_boundary, frames, neurons

__all__ = [
    "activation",
    "activations",
    "decision_boundary",
    "descent",
    "frames",
    "gradients",
    "histograms",
    "history",
    "loss_shape",
    "losses",
    "neurons",
    "spread",
]

if not TYPE_CHECKING:

    def __getattr__(name):
        raise missing_name("module 'microgradx.nn.plots'", name, {}, __all__)
