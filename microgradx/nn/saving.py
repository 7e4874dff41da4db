"""A model as a JSON file: every parameter under its path, and the shape of the network, to build it again.

JSON holds every finite float to the last bit and runs no code when read, as a pickle would.
"""

from __future__ import annotations

import json
import math
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..files import write_atomically
from .modules import MLP, Module

FORMAT = "microgradx model 1"


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the parameters of `model` to `path`, whole or not at all: a crash leaves the old file as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [3, 1], rng=1), folder + "/model.json")
    ...     len(load(folder + "/model.json").parameters())
    13
    """
    parameters = {name: parameter.data for name, parameter in model.named_parameters()}
    for name, number in parameters.items():
        if not math.isfinite(number):
            raise ValueError(f"{name} is {number!r}: this model has diverged and is of no use in a file")
    shape = model.architecture() if isinstance(model, MLP) else None
    text = json.dumps({"format": FORMAT, "architecture": shape, "parameters": parameters}, indent=1)
    write_atomically(Path(path), text.encode())


def load(path: str | os.PathLike[str], into: Module | None = None) -> Any:
    """The model saved at `path`, built anew; or the numbers of the file put `into` a model of the same shape.

    Nothing is changed before the whole file has been read and checked: a damaged file, a foreign one or one of another
    shape raises ValueError and leaves `into` as it was. A network of your own class needs `into`: the file knows no classes.
    """
    content = _read(Path(path))
    if into is None:
        if content["architecture"] is None:
            raise ValueError(
                f"{path} holds a model of a class of your own: build it and write load({str(path)!r}, into=model)"
            )
        try:
            widths = [content["architecture"]["inputs"], *content["architecture"]["sizes"]]
            if sum(m * n for m, n in pairwise(widths)) > len(content["parameters"]):  # memory may not hold them
                raise ValueError(f"more weights than the {len(content['parameters'])} parameters of the file")
            into = MLP(**content["architecture"], init="zeros")
        except (TypeError, ValueError, KeyError) as error:
            seen = content["architecture"]
            raise ValueError(f"{path} is damaged: its architecture {seen!r} gives no network ({error})") from error
    own, saved = dict(into.named_parameters()), content["parameters"]
    if own.keys() != saved.keys():
        name = min(own.keys() ^ saved.keys())
        where = "the model, but not in the file" if name in own else "the file, but not in the model"
        raise ValueError(f"{path} holds {len(saved)} parameters for a model of {len(own)}: {name} is in {where}")
    for name, parameter in own.items():
        parameter.data = saved[name]
    return into


def _read(path: Path) -> dict[str, Any]:
    """The checked content of a file that `save` wrote."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # broken JSON, bytes that are no text, or lists without end
        raise ValueError(f"{path} is damaged or no model file: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        seen = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise ValueError(f"{path} is no model file of this version: its format is {seen!r}, not {FORMAT!r}")
    parameters = content.get("parameters")
    if "architecture" not in content or not isinstance(parameters, dict):
        raise ValueError(f"{path} is damaged: it needs the entries 'architecture' and 'parameters'")
    for name, number in parameters.items():
        if not isinstance(number, float) or not math.isfinite(number):
            raise ValueError(f"{path} is damaged: {name} is {number!r}, not a finite number")
    return content
