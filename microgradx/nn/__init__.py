"""Learning with the engine: neurons, their starts, losses, optimizers, data, training, pictures and files."""

from typing import TYPE_CHECKING

from .. import hints
from . import data, init, losses, optim, plots, schedules
from .activations import ACTIVATIONS
from .batch_norm import BatchNorm
from .clipping import clip_gradients, gradient_norm
from .dropout import Dropout
from .embedding import Embedding
from .history import History
from .losses import binary_cross_entropy, cross_entropy, half_squared_error, hinge, huber, l1, l2, mae, mse
from .module import Module
from .modules import MLP, Layer, Neuron
from .optim import SGD, Adagrad, Adam, AdamW, RMSProp
from .optimizer import Optimizer
from .overfit import overfit_one_batch
from .playground.play import Playground, play
from .prediction import predict
from .rate_range import RateRange, rate_range
from .right_answers import accuracy
from .saving import load, save
from .sequential import Sequential
from .snapshots import Snapshots
from .train import fit
from .training_mode import is_training, training

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "BatchNorm",
    "Dropout",
    "Embedding",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "Optimizer",
    "Playground",
    "RMSProp",
    "RateRange",
    "Sequential",
    "Snapshots",
    "accuracy",
    "binary_cross_entropy",
    "clip_gradients",
    "cross_entropy",
    "data",
    "fit",
    "gradient_norm",
    "half_squared_error",
    "hinge",
    "huber",
    "init",
    "is_training",
    "l1",
    "l2",
    "load",
    "losses",
    "mae",
    "mse",
    "optim",
    "overfit_one_batch",
    "play",
    "plots",
    "predict",
    "rate_range",
    "save",
    "schedules",
    "training",
]


if not TYPE_CHECKING:

    def __getattr__(name):
        raise hints.missing_name("module 'microgradx.nn'", name, hints.NN, __all__)
