"""`module:attribute`, as the command line writes it: the object of that name."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def imported(name: str) -> Any:
    """What `module:attribute` names; importing a module runs its code.

    >>> imported("math:sin")(0.0)
    0.0
    """
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


@contextmanager
def importing_from_here() -> Iterator[None]:
    """Inside, modules in the working directory can be imported, as Python itself allows for a script."""
    before = list(sys.path)
    sys.path.insert(0, str(Path.cwd()))
    try:
        yield
    finally:
        sys.path[:] = before
