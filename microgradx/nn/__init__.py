"""Learning with the engine: neurons and what trains them."""

from . import data
from .modules import ACTIVATIONS, MLP, Layer, Module, Neuron

__all__ = ["ACTIVATIONS", "MLP", "Layer", "Module", "Neuron", "data"]
