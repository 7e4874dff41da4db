"""How a parameter moves once its gradient is known: SGD, Adagrad, RMSProp, Adam and AdamW, with PyTorch's formulas.

Every rule moves against the gradient; they differ in what they remember of earlier gradients. A rule is one method, `update`,
from a weight, its gradient and its memory to the new weight. It is written with arithmetic and the three functions at the end of
this file, so that it moves an array of weights with the same bits as one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from .. import argument_hints
from ..engine import Value
from ..keywords import keywords
from .optimizer import Memory, Optimizer, elementwise
from .settings import real, share


class SGD(Optimizer):
    """Gradient descent: weight - lr * gradient; `momentum` keeps part of the last move, `nesterov` looks one move ahead.

    >>> SGD(lr=0.1).update(1.0, 2.0, {})
    0.8

    velocity = momentum * velocity + gradient, then weight - lr * velocity (Sutskever et al. 2013, in PyTorch's form, where
    the rate multiplies the whole velocity). `weight_decay` adds weight_decay * weight to the gradient.
    """

    @keywords(argument_hints.RULE, "SGD(lr=0.01)")
    def __init__(
        self,
        parameters: Iterable[Value] | None = None,
        lr: float = 0.01,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        self.momentum = share("momentum", momentum)
        if nesterov and not momentum:
            raise ValueError("nesterov=True with momentum=0: looking ahead along a velocity needs momentum above 0, such as 0.9")
        self.nesterov = nesterov

    @elementwise
    def update(self, weight: float, gradient: float, memory: Memory) -> float:
        """velocity = momentum * velocity + gradient; weight - lr * velocity."""
        gradient = decayed(gradient, weight, self.weight_decay)
        velocity = memory["velocity"] = self.momentum * memory.get("velocity", 0.0) + gradient
        return weight - self.lr * (gradient + self.momentum * velocity if self.nesterov else velocity)


class Adagrad(Optimizer):
    """Each weight's rate shrinks with the sum of its squared gradients: rare inputs keep learning (Duchi et al. 2011).

    >>> round(Adagrad(lr=0.1).update(1.0, 2.0, {}), 9)
    0.9
    """

    @keywords(argument_hints.RULE, "Adagrad(lr=0.01)")
    def __init__(
        self,
        parameters: Iterable[Value] | None = None,
        lr: float = 0.01,
        *,
        epsilon: float = 1e-10,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        self.epsilon = real("epsilon", epsilon)

    @elementwise
    def update(self, weight: float, gradient: float, memory: Memory) -> float:
        """total = total + gradient^2; weight - lr * gradient / sqrt(total)."""
        gradient = decayed(gradient, weight, self.weight_decay)
        total = memory["squares"] = memory.get("squares", 0.0) + gradient * gradient
        return weight - ratio(self.lr * gradient, total, self.epsilon)


class RMSProp(Optimizer):
    """Each weight's rate is divided by the recent size of its gradient, a running root mean square (Hinton 2012, lecture 6e).

    >>> round(RMSProp(lr=0.01).update(1.0, 2.0, {}), 7)
    0.9
    """

    @keywords(argument_hints.RULE, "RMSProp(lr=0.01)")
    def __init__(
        self,
        parameters: Iterable[Value] | None = None,
        lr: float = 0.01,
        *,
        decay: float = 0.99,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        self.decay = share("decay", decay)
        self.epsilon = real("epsilon", epsilon)

    @elementwise
    def update(self, weight: float, gradient: float, memory: Memory) -> float:
        """mean = decay * mean + (1 - decay) * gradient^2; weight - lr * gradient / sqrt(mean)."""
        gradient = decayed(gradient, weight, self.weight_decay)
        mean = memory["square"] = self.decay * memory.get("square", 0.0) + (1.0 - self.decay) * gradient * gradient
        return weight - ratio(self.lr * gradient, mean, self.epsilon)


class Adam(Optimizer):
    """Momentum divided by the recent size of the gradient, both freed of their start at zero (Kingma and Ba 2015, alg. 1).

    >>> round(Adam(lr=0.1).update(1.0, 2.0, {}), 7)
    0.9

    The first move is `lr` whatever the size of the gradient. `betas` are the shares kept of the mean and of the mean square.
    """

    @keywords(argument_hints.RULE, "Adam(lr=0.01)")
    def __init__(
        self,
        parameters: Iterable[Value] | None = None,
        lr: float = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(f"betas={betas!r}: write two shares, of the mean and of the mean square, such as (0.9, 0.999)")
        self.betas = (share("betas[0]", betas[0]), share("betas[1]", betas[1]))
        self.epsilon = real("epsilon", epsilon)

    @elementwise
    def update(self, weight: float, gradient: float, memory: Memory) -> float:
        """weight - lr * mean / sqrt(mean square), after the decay has joined the gradient."""
        return self._move(weight, decayed(gradient, weight, self.weight_decay), memory)

    def _move(self, weight: float, gradient: float, memory: Memory) -> float:
        beta, beta_square = self.betas
        updates = memory["updates"] = memory.get("updates", 0.0) + 1.0
        mean = memory["mean"] = beta * memory.get("mean", 0.0) + (1.0 - beta) * gradient
        square = memory["square"] = beta_square * memory.get("square", 0.0) + (1.0 - beta_square) * gradient * gradient
        unbiased_mean = mean / (1.0 - _kept(beta, updates))
        unbiased_square = square / (1.0 - _kept(beta_square, updates))
        return weight - ratio(self.lr * unbiased_mean, unbiased_square, self.epsilon)


class AdamW(Adam):
    """Adam whose weight decay shrinks the weight itself instead of joining the gradient (Loshchilov and Hutter 2019, alg. 2).

    >>> round(AdamW(lr=0.1, weight_decay=0.5).update(1.0, 2.0, {}), 7)
    0.85
    """

    @keywords(argument_hints.RULE, "AdamW(lr=0.01)")
    def __init__(
        self,
        parameters: Iterable[Value] | None = None,
        lr: float = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr=lr, betas=betas, epsilon=epsilon, weight_decay=weight_decay)

    @elementwise
    def update(self, weight: float, gradient: float, memory: Memory) -> float:
        """weight - lr * mean / sqrt(mean square), after the decay has shrunk the weight."""
        refuse_lists(weight, gradient)
        return self._move(weight * (1.0 - self.lr * self.weight_decay), gradient, memory)


def decayed(gradient: float, weight: float, decay: float) -> float:
    """The gradient joined by the decay of the weight, if there is any."""
    refuse_lists(weight, gradient)
    return gradient + decay * weight if decay else gradient


def refuse_lists(weight: object, gradient: object) -> None:
    """Refuse several weights that are no array, as a rule calculates with them as with one."""
    for name, x in (("weight", weight), ("gradient", gradient)):
        if isinstance(x, (list, tuple)):
            raise TypeError(f"update moves one weight or an array of them, and {name} is {x!r}: pass numpy.array({name})")


def ratio(move: float, square: float, epsilon: float) -> float:
    """move / (root of square + epsilon); no move where the gradients so far were 0, or too small to be squared, and epsilon is 0.

    The root of an array and that of a number both round correctly.
    """
    size: float = (np.sqrt(square) if isinstance(square, np.ndarray) else math.sqrt(square)) + epsilon
    if epsilon > 0.0:
        return move / size
    if isinstance(size, np.ndarray):
        return np.divide(move, size, out=np.zeros_like(size), where=size != 0.0)
    return move / size if size else 0.0


def _kept(beta: float, updates: float) -> float:
    """beta**updates; for an array by the same function, as numpy's power may round otherwise."""
    if not isinstance(updates, np.ndarray):
        return math.pow(beta, updates)
    if updates.size and (updates == updates[0]).all():  # as nearly always
        return np.full(len(updates), math.pow(beta, updates[0]))
    counts, places = np.unique(updates, return_inverse=True)
    return np.array([math.pow(beta, count) for count in counts.tolist()])[places]


OPTIMIZERS: dict[str, type[Optimizer]] = {rule.__name__.lower(): rule for rule in (SGD, Adagrad, RMSProp, Adam, AdamW)}
"""The rules by name, each made with its usual rate."""
