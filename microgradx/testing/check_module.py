"""`check_module`: whether torch's gradients of the parameters of a network are right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .check_gradient import check_gradient
from .foreign import is_torch_module
from .report import Report


def check_module(module: Any, *inputs: Any, loss: Callable[[Any], Any] | None = None, **options: Any) -> Report:
    """The report on the gradients that torch's `backward()` gives the parameters of `module`, called with `inputs`.

    `loss` makes one number of what the module gives; without it, its outputs are added up with different weights, so that none
    is lost. Options are those of `check_gradient`: `wrt="*.weight*"` checks some parameters only. Two causes of a wrong
    gradient are most common: `detach()`, `no_grad()` or `item()` inside, and a custom Function with a wrong `backward`.
    """
    __tracebackhide__ = True
    if not is_torch_module(module):
        raise TypeError(f"{module!r} is not a torch.nn.Module: for another function use check_gradient(f, at)")

    def of_parameters(module: Any) -> Any:
        result = module(*inputs)
        return loss(result) if loss is not None else _weighted(result)

    of_parameters.__name__ = type(module).__name__
    return check_gradient(of_parameters, module, **options)


def _weighted(result: Any) -> Any:
    import torch

    weights = torch.linspace(0.5, 1.5, result.numel(), dtype=result.dtype, device=result.device)
    return (result.reshape(-1) * weights).sum()
