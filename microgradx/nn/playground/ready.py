"""Data sets with a network that learns them, for a page to play with at once."""

from __future__ import annotations

from collections.abc import Callable

from .. import data
from ..modules import MLP
from ..optim import SGD, Adam
from .play import Playground, play


def _moons(theme: str = "auto") -> Playground:
    """Two half moons."""
    model = MLP(2, [8, 8, 1], activation="tanh", rng=0)
    title = "Two moons: Adam beside gradient descent"
    return play(model, *data.moons(120, noise=0.12, seed=1), against=SGD(lr=1.0), title=title, theme=theme)


def _circles(theme: str = "auto") -> Playground:
    """One circle inside another: a rate that works, beside one that is too large."""
    model = MLP(2, [8, 1], activation="tanh", rng=1)
    X, y = data.circles(120, seed=1)
    title = "Circles: a rate that works beside one that is too large"
    return play(model, X, y, optimizer=SGD(lr=1.0), against=SGD(lr=30.0), epochs=200, title=title, theme=theme)


def _spirals(theme: str = "auto") -> Playground:
    """Three arms of a spiral."""
    model = MLP(2, [16, 3], activation="tanh", rng=1)
    X, y = data.spirals(120, classes=3)
    return play(model, X, y, optimizer=Adam(lr=0.03), epochs=300, title="Three spirals", theme=theme)


def starts(theme: str = "auto") -> Playground:
    """Two moons from weights that are all equal, beside He's: equal neurons stay one neuron."""
    from ..init import constant

    X, y = data.moons(120, noise=0.12, seed=1)
    model, equal = (MLP(2, [6, 1], activation="relu", init=start, rng=2) for start in ("he", constant(0.5)))
    title = "Weights that start apart beside equal ones"
    return play(model, X, y, optimizer=SGD(lr=0.5), against=equal, epochs=200, title=title, theme=theme)


READY_PAGES: dict[str, Callable[[str], Playground]] = {
    "moons": _moons,
    "circles": _circles,
    "spirals": _spirals,
    "starts": starts,
}
"""What `microgradx play` opens besides ready graphs."""
