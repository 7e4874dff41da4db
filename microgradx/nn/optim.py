"""How a parameter moves once its gradient is known: SGD, Adagrad, RMSProp, Adam and AdamW, with PyTorch's formulas.

Every rule moves against the gradient; they differ in what they remember of earlier gradients. A rule is one method, `update`,
from a weight, its gradient and its memory to the new weight.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Self

from ..engine import Value

Memory = dict[str, float]


class Optimizer:
    """Moves parameters by a rule; `SGD(parameters, lr=0.1)`, or `SGD(lr=0.1)` for `fit` to bind to the model it trains.

    A rule of your own is a subclass with one method, `update(weight, gradient, memory)`, that returns the new weight.
    `memory` is a dict of that parameter's own, empty at the first update, kept from one update to the next.
    """

    def __init__(
        self, parameters: Iterable[Value] | None = None, *, lr: float = 0.01, weight_decay: float = 0.0
    ) -> None:
        _check("lr", lr)
        _check("weight_decay", weight_decay)
        self.lr = lr
        self.weight_decay = weight_decay
        self.parameters: list[Value] = []
        self._memories: list[Memory] = []
        if parameters is not None:
            self.bind(parameters)

    def bind(self, parameters: Iterable[Value]) -> Self:
        """Take charge of these parameters, each once, with an empty memory unless they are the ones held already."""
        if not isinstance(parameters, Iterable):
            raise TypeError(f"an optimizer moves Values, got {parameters!r}: write {self._call()}")
        parameters = list({id(parameter): parameter for parameter in parameters}.values())
        for parameter in parameters:
            if not isinstance(parameter, Value):
                raise TypeError(f"an optimizer moves Values, got {parameter!r}: write {self._call()}")
        if not parameters:
            raise ValueError("no parameters to move: hand over model.parameters()")
        if list(map(id, parameters)) != list(map(id, self.parameters)):
            self.parameters = parameters
            self._memories = [{} for _ in parameters]
        return self

    def step(self) -> None:
        """Move every parameter once, all of them by gradients taken before the move; one without a gradient stays."""
        if not self.parameters:
            raise RuntimeError(f"this {type(self).__name__} has no parameters: write {self._call()}")
        for parameter, memory in zip(self.parameters, self._memories, strict=True):
            if parameter.grad is not None:
                parameter.data = self.update(parameter.data, parameter.grad, memory)

    def zero_grad(self) -> None:
        """Set every gradient to 0.0, as gradients add up from one backward pass to the next."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def update(self, weight: float, gradient: float, memory: Memory) -> float:
        """The new weight."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a method update(weight, gradient, memory): the new weight"
        )

    def _call(self) -> str:
        return f"{type(self).__name__}(model.parameters(), lr=...)"

    def __repr__(self) -> str:
        settings = {
            name: value for name, value in vars(self).items() if name != "parameters" and not name.startswith("_")
        }
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in settings.items())})"


class SGD(Optimizer):
    """Gradient descent: weight - lr * gradient; `momentum` keeps part of the last move, `nesterov` looks one move ahead.

    >>> SGD(lr=0.1).update(1.0, 2.0, {})
    0.8

    velocity = momentum * velocity + gradient, then weight - lr * velocity (Sutskever et al. 2013, in PyTorch's form, where
    the rate multiplies the whole velocity). `weight_decay` adds weight_decay * weight to the gradient.
    """

    def __init__(
        self,
        parameters: Iterable[Value] | None = None,
        *,
        lr: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        _check_share("momentum", momentum)
        if nesterov and not momentum:
            raise ValueError(
                "nesterov=True with momentum=0: looking ahead along a velocity needs momentum above 0, such as 0.9"
            )
        self.momentum = momentum
        self.nesterov = nesterov

    def update(self, weight: float, gradient: float, memory: Memory) -> float:
        """velocity = momentum * velocity + gradient; weight - lr * velocity."""
        gradient += self.weight_decay * weight
        velocity = memory["velocity"] = self.momentum * memory.get("velocity", 0.0) + gradient
        return weight - self.lr * (gradient + self.momentum * velocity if self.nesterov else velocity)


class Adagrad(Optimizer):
    """Each weight's rate shrinks with the sum of its squared gradients: rare inputs keep learning (Duchi et al. 2011).

    >>> round(Adagrad(lr=0.1).update(1.0, 2.0, {}), 9)
    0.9
    """

    def __init__(
        self,
        parameters: Iterable[Value] | None = None,
        *,
        lr: float = 0.01,
        epsilon: float = 1e-10,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        _check("epsilon", epsilon)
        self.epsilon = epsilon

    def update(self, weight: float, gradient: float, memory: Memory) -> float:
        """total = total + gradient^2; weight - lr * gradient / sqrt(total)."""
        gradient += self.weight_decay * weight
        total = memory["squares"] = memory.get("squares", 0.0) + gradient * gradient
        return weight - self.lr * gradient / (math.sqrt(total) + self.epsilon)


class RMSProp(Optimizer):
    """Each weight's rate is divided by the recent size of its gradient, a running root mean square (Hinton 2012, lecture 6e).

    >>> round(RMSProp(lr=0.01).update(1.0, 2.0, {}), 7)
    0.9
    """

    def __init__(
        self,
        parameters: Iterable[Value] | None = None,
        *,
        lr: float = 0.01,
        decay: float = 0.99,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        _check_share("decay", decay)
        _check("epsilon", epsilon)
        self.decay = decay
        self.epsilon = epsilon

    def update(self, weight: float, gradient: float, memory: Memory) -> float:
        """mean = decay * mean + (1 - decay) * gradient^2; weight - lr * gradient / sqrt(mean)."""
        gradient += self.weight_decay * weight
        mean = memory["square"] = self.decay * memory.get("square", 0.0) + (1.0 - self.decay) * gradient * gradient
        return weight - self.lr * gradient / (math.sqrt(mean) + self.epsilon)


class Adam(Optimizer):
    """Momentum divided by the recent size of the gradient, both freed of their start at zero (Kingma and Ba 2015, alg. 1).

    >>> round(Adam(lr=0.1).update(1.0, 2.0, {}), 7)
    0.9

    The first move is `lr` whatever the size of the gradient. `betas` are the shares kept of the mean and of the mean square.
    """

    def __init__(
        self,
        parameters: Iterable[Value] | None = None,
        *,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, weight_decay=weight_decay)
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(f"betas={betas!r}: write two shares, of the mean and of the mean square, such as (0.9, 0.999)")
        for name, beta in zip(("betas[0]", "betas[1]"), betas, strict=True):
            _check_share(name, beta)
        _check("epsilon", epsilon)
        self.betas = betas
        self.epsilon = epsilon

    def update(self, weight: float, gradient: float, memory: Memory) -> float:
        """weight - lr * mean / sqrt(mean square), after the decay has joined the gradient."""
        return self._move(weight, gradient + self.weight_decay * weight, memory)

    def _move(self, weight: float, gradient: float, memory: Memory) -> float:
        beta, beta_square = self.betas
        updates = memory["updates"] = memory.get("updates", 0.0) + 1.0
        mean = memory["mean"] = beta * memory.get("mean", 0.0) + (1.0 - beta) * gradient
        square = memory["square"] = beta_square * memory.get("square", 0.0) + (1.0 - beta_square) * gradient * gradient
        unbiased_mean = mean / (1.0 - math.pow(beta, updates))
        unbiased_square = square / (1.0 - math.pow(beta_square, updates))
        return weight - self.lr * unbiased_mean / (math.sqrt(unbiased_square) + self.epsilon)


class AdamW(Adam):
    """Adam whose weight decay shrinks the weight itself instead of joining the gradient (Loshchilov and Hutter 2019, alg. 2).

    >>> round(AdamW(lr=0.1, weight_decay=0.5).update(1.0, 2.0, {}), 7)
    0.85
    """

    def __init__(
        self,
        parameters: Iterable[Value] | None = None,
        *,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr=lr, betas=betas, epsilon=epsilon, weight_decay=weight_decay)

    def update(self, weight: float, gradient: float, memory: Memory) -> float:
        """weight - lr * mean / sqrt(mean square), after the decay has shrunk the weight."""
        return self._move(weight * (1.0 - self.lr * self.weight_decay), gradient, memory)


def gradient_norm(parameters: Iterable[Value]) -> float:
    """The length of the gradient, the square root of the sum of all squared slopes; a missing gradient counts as 0.

    >>> x, y = Value(3.0), Value(4.0)
    >>> (x * x / 2 + y * y / 2).backward()
    >>> gradient_norm([x, y])
    5.0
    """
    return math.hypot(*(parameter.grad or 0.0 for parameter in parameters))


def clip_gradients(parameters: Iterable[Value], max_norm: float) -> float:
    """Shorten the gradient to length `max_norm` if it is longer, keeping its direction; gives the length it had.

    >>> x, y = Value(3.0), Value(4.0)
    >>> (x * x / 2 + y * y / 2).backward()
    >>> clip_gradients([x, y], max_norm=1.0), round(x.grad, 3), round(y.grad, 3)
    (5.0, 0.6, 0.8)
    """
    if not max_norm > 0.0:
        raise ValueError(f"max_norm={max_norm!r}: a length to clip to must be above 0")
    parameters = list(parameters)
    norm = gradient_norm(parameters)
    if norm > max_norm:
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad *= max_norm / norm
    return norm


def _check(name: str, value: float) -> None:
    if not 0.0 <= value < math.inf:
        raise ValueError(f"{name}={value!r}: it must be a finite number, 0 or more")


def _check_share(name: str, value: float) -> None:
    if not 0.0 <= value < 1.0:
        raise ValueError(f"{name}={value!r}: the share kept from one update to the next must be at least 0 and below 1")
