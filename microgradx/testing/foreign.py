"""Numbers in what other libraries hold them in, as plain floats and arrays, and the way back to their own type and dtype.

numpy of any kind, pandas, torch, jax, arrays of ctypes, sparse matrices, complex and decimal numbers; none of those libraries
is imported here unless an object of it was given.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from ..containers import opened
from ..operand import Operand
from .c_functions import c_array_form

WayBack = Callable[[Any], Any]


class ComplexParts(NamedTuple):
    """A complex number, or an array of them, as the two real ones that derivatives are taken by."""

    real: Any
    imag: Any


class Kept:
    """What no derivative is taken by: it stays as it was given."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing


def unchanged(x: Any) -> Any:
    """`x`: the way back from what was plain already."""
    return x


def plain_form(x: Any, path: str = "", chosen: Callable[[str], bool] | None = None, typed: bool = True) -> tuple[Any, WayBack]:
    """`x` made of floats, numpy arrays and Python's containers, and the way back from such to what `x` is made of.

    >>> form, back = plain_form({"z": 1 + 2j, "n": 3})
    >>> form["z"], back(form)
    (ComplexParts(real=1.0, imag=2.0), {'z': (1+2j), 'n': 3})

    What `chosen` is not about, asked by its path, comes back untouched, as an int an int. With `typed` off, numbers keep the
    dtype that they are given back in, as Values do.
    """
    if isinstance(x, Operand) or x is None or isinstance(x, (bool, str)) or type(x) is float:
        return (Kept(x), _thing) if chosen is not None and not chosen(path) and type(x) is float else (x, unchanged)
    if chosen is not None and not _any_chosen(x, path, chosen):
        return Kept(x), _thing
    if isinstance(x, complex):
        return ComplexParts(float(x.real), float(x.imag)), lambda parts: type(x)(complex(*parts))
    if isinstance(x, Decimal):
        return float(x), Decimal
    found = _array_form(x, typed)
    if found is not None:
        return found
    if (known := opened(x)) is None:
        return x, unchanged
    container, keys, items = known
    inner = [plain_form(item, path + container.suffix(key), chosen, typed) for key, item in zip(keys, items, strict=True)]
    if all(way is unchanged for _, way in inner):
        return x, unchanged
    return container.made(keys, [form for form, _ in inner]), lambda plain: container.made(
        keys, [way(item) for item, (_, way) in zip(opened(plain)[2], inner, strict=True)]  # type: ignore[index]  # it is a container
    )


def _any_chosen(x: Any, path: str, chosen: Callable[[str], bool]) -> bool:
    """Whether a path into `x` may be chosen: numbers and arrays are asked about themselves, containers about their items."""
    if (known := opened(x)) is not None:
        container, keys, items = known
        return any(_any_chosen(item, path + container.suffix(key), chosen) for key, item in zip(keys, items, strict=True))
    if (shape := getattr(x, "shape", None)) and not isinstance(x, Operand):
        import numpy

        return any(chosen(f"{path}[{', '.join(map(str, place))}]") for place in numpy.ndindex(*shape))
    return chosen(path) or hasattr(x, "named_parameters")


def _thing(kept: Any) -> Any:
    return kept.thing if isinstance(kept, Kept) else kept


def _array_form(x: Any, typed: bool) -> tuple[Any, WayBack] | None:
    """(plain form, way back) of an array of any library, else None."""
    numpy = sys.modules.get("numpy")
    kind = f"{type(x).__module__}.{type(x).__qualname__}"
    if numpy is not None and isinstance(x, numpy.generic) and x.dtype.kind in "fiu":
        return float(x), (type(x) if typed and x.dtype.kind == "f" else unchanged)
    if numpy is not None and type(x) is numpy.ndarray:
        return _numpy_form(numpy, x, typed)
    if kind.startswith("pandas."):
        return _pandas_form(x)
    if is_torch_module(x):
        return _torch_module_form(x)
    if kind.startswith("torch."):
        return _torch_form(x)
    if kind.startswith(("jax.", "jaxlib.")) and hasattr(x, "dtype"):
        return _jax_form(x)
    if kind.startswith("scipy.sparse.") and hasattr(x, "toarray"):
        dense = x.toarray()
        return (dense.ravel() if 1 in dense.shape else dense), unchanged
    return c_array_form(x)


def _numpy_form(numpy: Any, x: Any, typed: bool) -> tuple[Any, WayBack] | None:
    dtype, ndim = x.dtype, x.ndim
    if dtype.kind == "c":
        return ComplexParts(x.real.astype(float), x.imag.astype(float)), lambda parts: (
            numpy.asarray(parts[0]) + 1j * numpy.asarray(parts[1])
        ).astype(dtype)
    if dtype.kind not in "fiu" or not typed or (dtype.char == "d" and ndim):
        return None
    kept = dtype if dtype.kind == "f" else float  # a derivative by whole numbers moves them off the whole ones
    return x.astype(float), lambda plain: numpy.asarray(plain, dtype=kept)


def _pandas_form(x: Any) -> tuple[Any, WayBack]:
    """A Series as a dict from label to number, a DataFrame as a dict of its columns of numbers."""
    import pandas

    if isinstance(x, pandas.Series):
        labels = [str(label) if x.index.is_unique else f"{label}#{k}" for k, label in enumerate(x.index)]
        return dict(zip(labels, map(float, x), strict=True)), lambda plain: pandas.Series(
            list(plain.values()), index=x.index, name=x.name
        )
    numbers = [name for name in x.columns if x[name].dtype.kind in "fiu"]
    form = {str(name): _pandas_form(x[name])[0] for name in numbers}
    return form, lambda plain: x.assign(**{name: list(plain[str(name)].values()) for name in numbers})


def is_torch_module(x: Any) -> bool:
    """Whether `x` is a network of torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.nn.Module)


def _torch_form(x: Any) -> tuple[Any, WayBack] | None:
    import torch

    if not isinstance(x, torch.Tensor):
        return None
    dense = x.detach().to_dense() if x.is_sparse else x.detach()
    array = dense.resolve_conj().cpu().numpy()
    kind = x.dtype if x.dtype.is_floating_point or x.dtype.is_complex else torch.float64
    if array.dtype.kind == "c":
        form, back = _numpy_form(sys.modules["numpy"], array, True) or (array, unchanged)
        return form, lambda parts: torch.as_tensor(back(parts), dtype=kind, device=x.device)
    array = array.astype(float)
    return (array if array.ndim else float(array)), lambda plain: torch.as_tensor(plain, dtype=kind, device=x.device)


def _torch_module_form(x: Any) -> tuple[Any, WayBack]:
    """The parameters of a torch module by name; on the way back they are written into it, and it is given itself."""
    import torch

    named = dict(x.named_parameters())

    def back(plain: Any) -> Any:
        with torch.no_grad():
            for name, parameter in named.items():
                parameter.copy_(torch.as_tensor(plain[name], dtype=parameter.dtype, device=parameter.device))
        return x

    back.writes = True  # type: ignore[attr-defined]  # the numbers of `x` itself are put back at the end
    return {name: _torch_form(parameter)[0] for name, parameter in named.items()}, back  # type: ignore[index]  # a tensor has one


def _jax_form(x: Any) -> tuple[Any, WayBack]:
    import numpy

    array = numpy.asarray(x)

    def back(plain: Any) -> Any:
        import jax

        return jax.numpy.asarray(plain, dtype=x.dtype if array.dtype.kind in "fc" else None)

    form, way = (_numpy_form(numpy, array, True) if array.dtype.kind == "c" else None) or (array.astype(float), unchanged)
    return form, lambda plain: back(way(plain))
