"""Code that a student handed in: a file is run, and what it defines is looked at. Run it where it may do no harm."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RAISED = (Exception, SystemExit)
"""Whatever the code of a student raises: exit() in it ends that code, and not the grading."""


def existing(path: Path) -> Path:
    """The path, if there is a file."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: write the path of the file that was handed in")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: write the path of the file that was handed in")
    return path


def run_file(path: Path) -> Mapping[str, Any]:
    """The names that a Python file defines; ValueError that says what it raised, if it does not run."""
    file = str(existing(path))
    try:
        return runpy.run_path(file, run_name="handed_in")
    except RAISED as error:
        raise ValueError(f"{path} cannot be run: {type(error).__name__}: {error}") from error


def found_in(target: str) -> Any:
    """What `file.py:name` or `module:name` is.

    >>> found_in("math:pi") > 3.0
    True
    """
    place, colon, name = target.rpartition(":")
    if not colon or not name.isidentifier():
        raise ValueError(f"{target!r} does not say what in which file: write for example own_engine.py:Value")
    if place.endswith(".py"):
        names = run_file(Path(place))
        if name not in names:
            own = [key for key in names if key[:1] != "_"]
            raise ValueError(f"{place} defines no {name}: it has {', '.join(own) or 'nothing'}")
        return names[name]
    from ..module_attribute import imported

    return imported(target)
