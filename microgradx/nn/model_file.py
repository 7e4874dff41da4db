"""Reading a model file: what is in it must be what `save` writes, entry by entry."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

FORMAT = "microgradx model 1"
Entries = dict[str, Any]
_KINDS = {"inputs": int, "sizes": list, "activation": str, "output": str, "expand": bool, "bias": bool}


class Damaged(ValueError):
    """What a file holds is not what `save` writes."""


def read(path: Path) -> Entries:
    """The checked content of a file that `save` wrote."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:  # broken JSON, bytes that are not text, or lists without end
        raise ValueError(f"{path} is damaged or not a model file: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        seen = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise ValueError(f"{path} is not a model file of this version: its format is {seen!r}, not {FORMAT!r}")
    try:
        _check(content)
    except Damaged as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    return content


def checked(whole: Any, entries: Any, defaults: Mapping[str, Any] | None = None) -> Entries:
    """`entries` as attributes of `whole`, if they are of the names and kinds that it has itself (or that `defaults` shows)."""
    defaults = vars(whole) if defaults is None else defaults
    kind = type(whole).__name__
    if not isinstance(entries, dict) or entries.keys() != defaults.keys():
        seen = ", ".join(entries) if isinstance(entries, dict) else repr(entries)
        raise Damaged(f"a {kind} has {', '.join(defaults)}, the file {seen}")
    return {name: _alike(f"{kind}.{name}", entries[name], default) for name, default in defaults.items()}


def _alike(name: str, entry: Any, default: Any) -> Any:
    """An entry that is of the kind of `default`; a tuple for a list where the default is one."""
    match default:
        case bool():
            fits = isinstance(entry, bool)
        case int() | float():
            fits = type(entry) in (int, float) and math.isfinite(entry)
            entry = float(entry) if fits and isinstance(default, float) else entry
        case tuple():
            fits = isinstance(entry, list) and len(entry) == len(default)
            if fits:
                entry = tuple([_alike(f"{name}[{k}]", x, default[k]) for k, x in enumerate(entry)])
        case list():
            fits = isinstance(entry, list) and len({type(x) for x in entry} | {float}) <= 1 + all(type(x) is str for x in entry)
        case dict():
            fits = isinstance(entry, dict)
            entry = {key: _alike(f"{name}[{key!r}]", x, []) for key, x in entry.items()} if fits else entry
        case _:
            fits = entry is None or isinstance(entry, str)
    if not fits:
        raise Damaged(f"{name} is {entry!r}, where it has something like {default!r}")
    return entry


def _once(pairs: list[tuple[str, Any]]) -> Entries:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the entry {next(key for key in keys if keys.count(key) > 1)!r} stands there twice")
    return entries


def _check(content: Entries) -> None:
    parameters = content.get("parameters")
    if "architecture" not in content or not isinstance(parameters, dict):
        raise Damaged("it needs the entries 'architecture' and 'parameters'")
    if unknown := content.keys() - {"format", "architecture", "parameters", "optimizer", "history"}:
        raise Damaged(f"it holds an entry {min(unknown)!r} that no model file has")
    for name, number in parameters.items():
        if type(number) is not float or not math.isfinite(number):
            raise Damaged(f"{name} is {number!r}, not a finite number")
    shape = content["architecture"]
    if shape is None:
        return
    if isinstance(shape, dict) and [type(x) for x in shape.values()] in ([list], [dict]):
        return  # of a Sequential, or of one part: whoever builds it sees whether it is known
    if not isinstance(shape, dict) or {name: type(x) for name, x in shape.items()} != _KINDS:
        raise Damaged(f"its architecture {_short(shape)} gives no network: it needs {', '.join(_KINDS)}, each of its kind")
    widths = [shape["inputs"], *shape["sizes"]]
    if len(widths) < 2 or not all(type(width) is int and width >= 1 for width in widths):
        raise Damaged(f"its architecture {_short(shape)} gives no network: sizes are whole numbers from 1 on")
    if sum(m * n for m, n in pairwise(widths)) > len(parameters):  # memory may not hold them
        raise Damaged(f"its architecture has more weights than the {len(parameters)} parameters of the file")


def _short(shape: Any) -> str:
    text = repr(shape)
    return text if len(text) <= 200 else text[:200] + "..."
