"""A model as a JSON file, with what is needed to train it on: every parameter under its path, the optimizer, the history.

JSON holds every finite float to the last bit and runs no code when read, as a pickle would.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import argument_hints
from ..engine import Value
from ..files import write_atomically
from ..keywords import keywords
from ..writing import commit, new_numbers
from .architecture import built, described
from .history import History
from .model_file import FORMAT, Damaged, Entries, checked, read
from .module import Module
from .optimizer import Optimizer


@keywords({"filename": 'path="model.json"'}, 'nn.save(model, "model.json")')
def save(
    model: Module, path: str | os.PathLike[str], *, optimizer: Optimizer | None = None, history: History | None = None
) -> None:
    """Write the parameters of `model` to `path`, whole or not at all: a crash leaves the old file as it was.

    >>> import tempfile
    >>> from microgradx.nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [3, 1], rng=1), folder + "/model.json")
    ...     len(load(folder + "/model.json").parameters())
    13

    With the optimizer, what it remembers is kept too, and with the history of `fit` how many epochs were trained: then training
    goes on with the same bits as if it had never stopped (see `load`).
    """
    if not isinstance(model, Module) and isinstance(path, Module):
        raise TypeError(f"save takes the model first: write nn.save(model, {model!r})")
    parameters = {name: parameter.data for name, parameter in model.named_parameters()}
    for name, number in parameters.items():
        if not math.isfinite(number):
            raise ValueError(f"{name} is {number!r}: this model has diverged and is of no use in a file")
    content: Entries = {"format": FORMAT, "architecture": described(model), "parameters": parameters}
    if optimizer is not None:
        content["optimizer"] = _state(optimizer, model)
    if history is not None:
        content["history"] = asdict(history)
    write_atomically(Path(path), _text(content).encode())


@keywords(argument_hints.LOAD, 'nn.load("model.json", into=model)')
def load(
    path: str | os.PathLike[str],
    into: Module | None = None,
    *,
    optimizer: Optimizer | None = None,
    history: History | None = None,
) -> Any:
    """The model saved at `path`, built anew; or the numbers of the file put `into` a model of the same shape.

    Nothing is changed before the whole file has been read and checked: a damaged file, a foreign one or one of another
    shape raises ValueError and leaves everything as it was. A network of your own class needs `into`: load builds those of `nn`.

    `optimizer=` takes one of the class that was saved, such as `nn.Adam()`: it gets the settings and the memory of the file and
    is bound to the model. `history=nn.History()` is filled in the same way; `fit(..., history=history)` goes on behind it.
    """
    if isinstance(path, Module):
        file = into if isinstance(into, (str, os.PathLike)) else "model.json"
        raise TypeError(f"load takes the path first: write nn.load({os.fspath(file)!r}, into=model)")
    content = read(Path(path))
    model = _built(content, path) if into is None else into
    own, saved = dict(model.named_parameters()), content["parameters"]
    if own.keys() != saved.keys():
        name = min(own.keys() ^ saved.keys())
        where = "the model, but not in the file" if name in own else "the file, but not in the model"
        raise ValueError(f"{path} holds {len(saved)} parameters for a model of {len(own)}: {name} is in {where}")
    changes: list[tuple[Any, Entries]] = []
    for what, target in (("optimizer", optimizer), ("history", history)):
        if target is None:
            continue
        if what not in content:
            raise ValueError(f"{path} holds no {what}: it was saved without; write save(model, path, {what}={what})")
        try:
            state = _restored(content[what], optimizer, own) if target is optimizer else checked(History(), content[what])
        except Damaged as error:
            raise ValueError(f"{path} does not fit: {error}") from error
        changes.append((target, state))
    columns = [([target], name, [value]) for target, state in changes for name, value in state.items()]
    commit(*columns, *new_numbers(list(own.values()), [saved[name] for name in own]))
    return model


def _text(content: Entries) -> str:
    try:
        return json.dumps(content, indent=1, allow_nan=False)
    except (TypeError, ValueError) as error:  # of a rule of your own, or a loss that was never a number
        raise TypeError(f"a setting of the optimizer or an entry of the history fits in no JSON file: {error}") from error


def _built(content: Entries, path: str | os.PathLike[str]) -> Any:
    """The network that the file describes."""
    shape = content["architecture"]
    if shape is None:
        cure = f"build the model and write load({str(path)!r}, into=model)"
        raise ValueError(f"{path} holds a model with a class or function that load() cannot build itself: {cure}")
    try:
        return built(shape if len(shape) == 1 else {"MLP": shape}, len(content["parameters"]))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is damaged: its architecture {shape!r} gives no network ({error})") from error


def _state(optimizer: Optimizer, model: Module) -> Entries:
    """The class, the settings and the memory of an optimizer, by the paths of the parameters that it moves."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer={optimizer!r} is not an optimizer: pass the one that trains the model")
    names: dict[int, str] = {}
    for name, parameter in model.named_parameters():
        names.setdefault(id(parameter), name)
    if any(id(parameter) not in names for parameter in optimizer.parameters):
        raise ValueError(f"{optimizer!r} moves a parameter that is not one of this model: save the model that it trains")
    memories = optimizer.memories()
    return {
        "rule": type(optimizer).__name__,
        "settings": optimizer.settings(),
        "memory": {names[id(parameter)]: memory for parameter, memory in zip(optimizer.parameters, memories, strict=True)},
    }


def _restored(entry: Any, optimizer: Any, own: dict[str, Value]) -> Entries:
    """The attributes that make `optimizer` the one that was saved."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer={optimizer!r} is not an optimizer: write for example nn.Adam()")
    if not isinstance(entry, dict) or entry.keys() != {"rule", "settings", "memory"}:
        raise Damaged("the optimizer needs the entries 'rule', 'settings' and 'memory', and no other")
    if entry["rule"] != type(optimizer).__name__:
        raise Damaged(f"it holds the state of {entry['rule']!r}, and the optimizer is {optimizer!r}")
    memory = entry["memory"]
    if not isinstance(memory, dict) or not memory.keys() <= own.keys():
        raise Damaged("the optimizer remembers parameters that the model does not have")
    for name, remembered in memory.items():
        if not isinstance(remembered, dict) or not all(type(x) is float and math.isfinite(x) for x in remembered.values()):
            raise Damaged(f"what is remembered for {name} is {remembered!r}, not finite numbers by name")
    settings = checked(optimizer, entry["settings"], optimizer.settings())
    try:
        type(optimizer)(**settings)
    except TypeError:  # a rule of your own that is made in another way
        pass
    except ValueError as error:
        raise Damaged(str(error)) from error
    return settings | (optimizer.bound([own[name] for name in memory], list(memory.values())) if memory else {})
