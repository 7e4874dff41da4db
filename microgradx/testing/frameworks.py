"""The gradient that torch or jax itself takes of a function of its tensors, to be judged as any other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..containers import endless, opened
from .foreign import is_torch_module
from .outputs import called

OutputRows = tuple[list[Any], Any]
"""For each output a gradient shaped like the arguments; and the same with 0 where no way leads from a tensor to any output."""


def own_gradient(f: Callable[..., Any], at: Any) -> tuple[str, Callable[..., OutputRows]] | None:
    """(what takes it, the gradient of f) if `at` holds tensors of torch or arrays of jax, else None."""
    try:
        if "torch" in sys.modules and (tensors(at, _is_torch) or tensors(at, is_torch_module)):
            return "torch's backward()", lambda *args, **named: _torch_rows(f, args, named)
        if "jax" in sys.modules and tensors(at, _is_jax):
            return "jax.vjp", lambda *args, **named: _jax_rows(f, args, named)
    except RecursionError:
        raise endless(at) from None
    return None


def tensors(x: Any, kind: Callable[[Any], bool]) -> list[Any]:
    """What `x` holds of that kind, in order."""
    found: list[Any] = []
    replaced(x, kind, found.append)
    return found


def replaced(x: Any, kind: Callable[[Any], bool], new: Callable[[Any], Any]) -> Any:
    """`x` with everything of that kind replaced."""
    if kind(x):
        return new(x)
    if is_torch_module(x) or (known := opened(x)) is None:
        return x
    container, keys, items = known
    return container.made(keys, [replaced(item, kind, new) for item in items])


def _is_torch(x: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def _is_jax(x: Any) -> bool:
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(x, jax.Array)


def _torch_rows(f: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> OutputRows:
    import torch

    def free(tensor: Any) -> Any:
        return tensor.detach().clone().requires_grad_(tensor.is_floating_point() or tensor.is_complex())

    args, named = replaced((args, named), _is_torch, free)
    everything = (args, list(named.values()))
    leaves = [t for t in tensors(everything, _is_torch) if t.requires_grad]
    for module in tensors(everything, is_torch_module):
        leaves += list(module.parameters())
    with torch.enable_grad():
        result = f(*args, **named)
    outputs = [entry for tensor in tensors(result, _is_torch) for entry in tensor.reshape(-1)]
    if not any(entry.requires_grad for entry in outputs):
        raise TypeError(
            f"{called(f)} gave {result!r}, which torch cannot differentiate: something in it runs under torch.no_grad() or "
            "calls .detach(), .item() or .numpy(); take that out, or pass grad= to check plain code"
        )
    rows, met = [], set()
    for entry in outputs:
        grads = torch.autograd.grad(entry, leaves, retain_graph=True, allow_unused=True) if entry.requires_grad else ()
        known = {id(leaf): grad for leaf, grad in zip(leaves, grads, strict=False) if grad is not None}
        met |= set(known)
        rows.append(_shaped(everything, known))
    return rows, _shaped(everything, {id(leaf): torch.full_like(leaf, float(id(leaf) in met)) for leaf in leaves})


def _shaped(everything: Any, known: dict[int, Any]) -> Any:
    """Each argument with its tensors replaced by those known for them, or by zeros."""
    import torch

    def slope(tensor: Any) -> Any:
        return known.get(id(tensor), torch.zeros_like(tensor))

    args, named = replaced(everything, _is_torch, slope)
    return [
        {name: slope(p) for name, p in arg.named_parameters()} if is_torch_module(arg) else arg for arg in (*args, *named)
    ]


def _next_of(things: Iterator[Any]) -> Callable[[Any], Any]:
    return lambda _: next(things)


def _jax_rows(f: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> OutputRows:
    import jax

    everything = (args, named)
    leaves = tensors(everything, _is_jax)

    def of_leaves(leaves: list[Any]) -> Any:
        inner, keywords = replaced(everything, _is_jax, _next_of(iter(leaves)))
        result = f(*inner, **keywords)
        return jax.numpy.concatenate([jax.numpy.ravel(x) for x in tensors(result, _is_jax) or [result]])

    outputs, back = jax.vjp(of_leaves, leaves)
    rows = []
    for unit in jax.numpy.eye(len(outputs), dtype=outputs.dtype):
        (grads,) = back(unit)
        slopes = map(jax.numpy.conj, grads)  # jax gives the conjugate by a complex number
        inner, keywords = replaced(everything, _is_jax, _next_of(slopes))
        rows.append([*inner, *keywords.values()])
    return rows, None
