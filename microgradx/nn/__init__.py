"""Learning with the engine: neurons, their starts, losses, optimizers, data, training, pictures and files."""

from . import data, init, losses, optim, plots, schedules
from .clipping import clip_gradients, gradient_norm
from .history import History
from .losses import binary_cross_entropy, cross_entropy, half_squared_error, hinge, huber, l1, l2, mae, mse
from .modules import ACTIVATIONS, MLP, Layer, Module, Neuron
from .optim import SGD, Adagrad, Adam, AdamW, RMSProp
from .optimizer import Optimizer
from .overfit import overfit_one_batch
from .prediction import predict
from .right_answers import accuracy
from .saving import load, save
from .train import fit

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "Optimizer",
    "RMSProp",
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
    "l1",
    "l2",
    "load",
    "losses",
    "mae",
    "mse",
    "optim",
    "overfit_one_batch",
    "plots",
    "predict",
    "save",
    "schedules",
]
