"""Where the numbers of a gradient or a Jacobian stand: shaped like the inputs, with the outputs in front."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..engine import Value
from ..structure import Branch, Fixed, Grid, NamedModel, Structure, flat, laid_out, parts, size
from .foreign import plain_form


def numbers_like(gradient: Any, like: Structure | None, what: str) -> list[float]:
    """The numbers of a gradient in the order in which `like` has its own."""
    plain, _ = plain_form(gradient)
    shape = getattr(plain, "shape", None)
    if isinstance(like, Grid) and shape and shape != like[0] and _squeezed(shape) == _squeezed(like[0]):
        plain = plain.reshape(like[0])
    elif isinstance(like, Grid) and shape and plain.size != size(like):
        raise ValueError(f"{what} gave {plain.size} numbers for {size(like)} inputs: give one for each, shaped alike")
    return [x.data if isinstance(x, Value) else x for x in laid_out(plain, like, what)]


def miscounted(what: str, count: int, paths: Sequence[str], arguments: Sequence[Sequence[int]]) -> ValueError:
    """The error for `count` numbers, where the inputs at `paths` are more or fewer; each argument has some of the inputs."""
    given, wanted = (f"{n} {word}{'s' * (n != 1)}" for n, word in ((count, "number"), (len(paths), "input")))
    missing = f": {paths[count]} has none" if count < len(paths) else ""
    fitting = [places[0] for places in arguments if len(places) == count > 0] if len(arguments) > 1 else []
    names = [re.split(r"[\[.]", paths[k])[0] for k in fitting]
    alone = " or ".join(f'wrt="{name}"' for name in names)
    write = f"write {alone} if it is by that alone, else give" if alone else "give"
    return ValueError(f"{what} gave {given} for {wanted}{missing}: {write} one for each, shaped alike")


def _squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)


def jacobian_rows(jacobian: Any, likes: Sequence[Structure], outputs: int, what: str, several: bool) -> list[list[float]]:
    """One row for each output, with a number for each number in the inputs.

    A tuple has one Jacobian for each argument, a dict one for each key, as the inputs have; each of them holds the outputs in
    front, then the inputs, in any shape that has as many numbers.
    """
    if several and isinstance(jacobian, (list, tuple)) and len(jacobian) == len(likes):
        blocks = [_block(one, like, outputs, what) for one, like in zip(jacobian, likes, strict=True)]
    else:
        blocks = [_block(jacobian, likes[0] if len(likes) == 1 else None, outputs, what, sum(map(size, likes)))]
    return [[x for block in blocks for x in block[k]] for k in range(outputs)]


def _block(jacobian: Any, like: Structure | None, outputs: int, what: str, count: int = 0) -> list[list[float]]:
    """The rows of the Jacobian by one argument."""
    if isinstance(like, Fixed) and jacobian is None:
        return [[] for _ in range(outputs)]
    if isinstance(like, (Branch, NamedModel)) and isinstance(jacobian, Mapping):
        keys, inner = (like[1], parts(like)) if isinstance(like, Branch) else (like[1], (None,) * len(like[1]))
        if unknown := [key for key in jacobian if key not in keys]:
            raise ValueError(f"{what} has an entry for {unknown[0]!r}, but the inputs there are {', '.join(map(repr, keys))}")
        pairs = [(jacobian.get(key), part) for key, part in zip(keys, inner, strict=True)]
        blocks = [_block(one, part, outputs, what, 1) for one, part in pairs]
        return [[x for block in blocks for x in block[k]] for k in range(outputs)]
    wanted = count if like is None else size(like)
    plain, _ = plain_form(jacobian)
    numbers = [x.data if isinstance(x, Value) else x for x in flat(plain)[1]]
    shape = tuple(getattr(plain, "shape", ()))
    if len(numbers) != outputs * wanted:
        seen = f"an array of shape {shape}" if shape else f"{len(numbers)} number(s)"
        raise ValueError(f"{what} gave {seen} for {outputs} outputs and {wanted} inputs: give one row for each output")
    if shape == (wanted, outputs) and wanted != outputs:
        raise ValueError(
            f"{what} gave an array of shape {shape}, which is the transpose: give a row for each of the {outputs} outputs, and "
            f"in it a number for each of the {wanted} inputs"
        )
    return [numbers[k * wanted : (k + 1) * wanted] for k in range(outputs)]
