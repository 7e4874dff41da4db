"""What stands for a function whose package is not installed: it says so when it is called, not when it is imported."""

from __future__ import annotations

from typing import Any, Never

TEXTS = {
    "graphviz": "drawing needs the package graphviz: pip install graphviz. Without it microgradx.tree(y), microgradx.formula(y), "
    "microgradx.mermaid(y) and microgradx.stepper(y) show a graph as text",
}
"""What to do about each package that may be missing."""


def stand_in(name: str, package: str) -> type:
    """A class under that name which refuses to make anything, so that `from microgradx import *` works all the same.

    >>> stand_in("draw", "graphviz")()
    Traceback (most recent call last):
    ModuleNotFoundError: drawing needs the package graphviz: pip install graphviz. Without it ...
    """

    def refuse(*_: Any, **__: Any) -> Never:
        raise ModuleNotFoundError(TEXTS[package], name=package)

    return type(name, (), {"__new__": refuse, "__doc__": TEXTS[package]})
