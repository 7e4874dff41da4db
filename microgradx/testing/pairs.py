"""Functions and their derivatives, found in a module by the names that such pairs are given."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ..module_attribute import module_named
from .c_functions import of_numbers

DERIVATIVE_NAMES = (
    "{}_grad", "{}_gradient", "{}_prime", "{}prime", "{}_derivative", "{}_deriv", "{}_der", "{}_jac", "{}_jacobian", "{}_dot",
    "{}_score", "d{}", "d_{}", "grad_{}",
)  # fmt: skip
"""What the derivative of a function is called, with the function's name in it."""

KNOWN_PAIRS = (
    ("loglike", "score"), ("score", "hessian"), ("cdf", "pdf"), ("loss", "gradient"), ("f", "fprime"), ("func", "grad"),
    ("fun", "jac"), ("value", "gradient"), ("objective", "gradient"), ("__call__", "deriv"), ("deriv", "deriv2"),
    ("inverse", "inverse_deriv"), ("inverse_deriv", "inverse_deriv2"), ("rho", "psi"), ("psi", "psi_deriv"), ("grad", "hess"),
    ("jac", "hess"), ("gradient", "hessian"),
)  # fmt: skip
"""Names that mean a function and its derivative wherever they stand together."""


PASSED_OVER = ("_", "__", "_test", "test", "conftest")
"""How modules begin that are not searched: private ones, which may have what no public one has, and tests."""


@dataclass(frozen=True)
class Pair:
    """A function and what is said to be its derivative; `text` and `derivative_text` are how they are written in code."""

    text: str
    derivative_text: str
    f: Callable[..., Any]
    derivative: Callable[..., Any]
    more: int = 0  # arguments that the signature does not tell, as the shapes of a distribution


def pairs_of(target: str | ModuleType) -> Iterator[Pair]:
    """Every pair in a module, in its submodules, and in the objects and classes there; in private ones if no other has any."""
    module = module_named(target) if isinstance(target, str) else target
    yield from _fresh(_modules(module, PASSED_OVER)) or _fresh(_modules(module, PASSED_OVER[1:]))


def _fresh(modules: Iterator[ModuleType]) -> list[Pair]:
    """The pairs of modules, each once."""
    known: set[tuple[Any, ...]] = set()
    pairs = []
    for inner in modules:
        for pair in _pairs_in(inner):
            key = (getattr(pair.f, "__wrapped__", pair.f), pair.derivative_text.rpartition(".")[2])
            try:
                fresh = key not in known
                known.add(key)
            except TypeError:  # not hashable: then it is told apart by its text
                fresh = True
            if fresh:
                pairs.append(pair)
    return pairs


def _modules(module: ModuleType, passed_over: tuple[str, ...]) -> Iterator[ModuleType]:
    yield module
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if found.name.startswith(passed_over):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                inner = importlib.import_module(f"{module.__name__}.{found.name}")
        except Exception:  # what cannot be imported here is not audited
            continue
        yield from _modules(inner, passed_over)


def _pairs_in(module: ModuleType) -> Iterator[Pair]:
    names = [name for name in dir(module) if not name.startswith("_")]
    members = {name: getattr(module, name, None) for name in names}
    functions = {name: x for name, x in members.items() if callable(x) and not inspect.isclass(x) and _belongs(x, module)}
    owner = called_in_code(module)
    yield from _named(owner, functions)
    for name, x in functions.items():
        yield from _together(f"{owner}.{name}", x)
    for name, x in members.items():
        if isinstance(x, ModuleType) or x is None:
            continue
        if inspect.isclass(x):
            if getattr(x, "__module__", "") == module.__name__ and (made := _made(x)) is not None:
                yield from _named(f"{owner}.{name}()", _methods(made))
        elif not inspect.isfunction(x) and type(x).__module__.partition(".")[0] == module.__name__.partition(".")[0]:
            yield from _named(f"{owner}.{name}", _methods(x), getattr(x, "numargs", 0))


def called_in_code(module: ModuleType) -> str:
    """The name under which a module is imported: of one known by the path of its file, what the file is called.

    >>> called_in_code(ModuleType("/tmp/net.py"))
    'net'
    """
    return Path(module.__name__).stem if module.__name__.endswith(".py") else module.__name__


def _belongs(x: Any, module: ModuleType) -> bool:
    """Whether a function is this package's: what it imported from others is theirs."""
    home = getattr(x, "__module__", None) or module.__name__
    own = home.partition(".")[0] == module.__name__.partition(".")[0]
    return own or type(x).__name__ == "ufunc" or of_numbers(x)


def _made(kind: Any) -> Any:
    """An object of a class that needs no arguments, else None."""
    if not any(hasattr(kind, first) and hasattr(kind, second) for first, second in KNOWN_PAIRS):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return kind()
    except Exception:  # it needs arguments, or cannot be made at all
        return None


def _methods(x: Any) -> dict[str, Any]:
    names = {name for pair in KNOWN_PAIRS for name in pair}
    return {name: getattr(x, name) for name in sorted(names) if callable(getattr(x, name, None))}


def _named(owner: str, functions: dict[str, Any], more: int = 0) -> Iterator[Pair]:
    """The pairs among functions of one owner."""
    for name, f in functions.items():
        candidates = [form.format(name) for form in DERIVATIVE_NAMES] + [second for first, second in KNOWN_PAIRS if first == name]
        for other in candidates:
            if other in functions and other != name:
                text = owner if name == "__call__" else f"{owner}.{name}"
                yield Pair(text, f"{owner}.{other}", f, functions[other], more)


def _together(text: str, f: Any) -> Iterator[Pair]:
    """The pairs of a function that gives values and derivatives in turn, as its documentation says."""
    words = (inspect.getdoc(f) or "").lower()
    if "derivative" not in words or "scaled" in words or getattr(f, "nout", 1) not in (2, 4):
        return
    names = re.search(r"^ *(\w+(?:, \w+){3}) *:", inspect.getdoc(f) or "", re.MULTILINE)
    order = names[1].split(", ") if names else ["a", "ap", "b", "bp"][: f.nout]
    for k, name in enumerate(order):
        if f"{name}p" in order:
            other = order.index(f"{name}p")
            yield Pair(f"{text}[{k}]", f"{text}[{other}]", _entry_of(f, k), _entry_of(f, other), f.nin - 1)


def _entry_of(f: Callable[..., Any], k: int) -> Callable[[Any], Any]:
    def entry(x: Any, *more: Any) -> Any:
        return f(x, *more)[k]

    return entry
