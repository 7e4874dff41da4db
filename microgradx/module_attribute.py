"""`module:attribute` or `file.py:attribute`, as the command line writes it: the object of that name."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from .nearest import nearest

LIBRARY_ENDINGS = (".so", ".dll", ".dylib")
BY_CTYPES = """{place} is a compiled library, not Python: write a file, such as {name}.py, that loads it
    import ctypes
    f = ctypes.CDLL("./{place}").f
    f.argtypes, f.restype = [ctypes.c_double], ctypes.c_double
and give {name}.py:f"""


def imported(target: str) -> Any:
    """What `module:attribute` or `file.py:attribute` names; importing a module runs its code.

    >>> imported("math:sin")(0.0)
    0.0
    """
    place, colon, attribute = target.rpartition(":")
    if not colon or not place:
        raise ValueError(f"{target!r} names no file or module: write for example file.py:{attribute or 'f'}")
    module = module_named(place)
    if not hasattr(module, attribute):
        own = [name for name in vars(module) if name[0] != "_"]
        near = nearest(attribute, own, alike=0.5) or own[-1:]
        hint = f": write for example {place}:{near[0]}" if near else ""
        raise AttributeError(f"{place} has no {attribute!r}{hint}")
    return getattr(module, attribute)


def names_attribute(target: str) -> bool:
    """Whether a target is `module:attribute` and not an expression; a file alone is refused, as it holds many things.

    >>> names_attribute("net.py:loss"), names_attribute("my_package.net:loss"), names_attribute("(a*b + c)*f")
    (True, True, False)
    """
    place, colon, attribute = target.rpartition(":")
    if target.endswith(".py"):
        file_there(target)
        raise ValueError(f"{target} is a file: add the name of a Value, function or model in it, such as {target}:loss")
    in_file = place.endswith((".py", *LIBRARY_ENDINGS))
    return bool(colon) and attribute.isidentifier() and (in_file or all(part.isidentifier() for part in place.split(".")))


def module_named(place: str) -> ModuleType:
    """The module of that name, or that a file holds; a file is run once, and may import what lies beside it."""
    if place.endswith(LIBRARY_ENDINGS):
        raise ValueError(BY_CTYPES.format(place=place, name=Path(place).name.partition(".")[0].removeprefix("lib")))
    if not place.endswith(".py"):
        try:
            return importlib.import_module(place)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{place}.".startswith(f"{error.name}."):
                raise  # of a module that it imports
            hint = f"write the name of one that can be imported from {Path.cwd()}, or a path such as net.py"
            raise ModuleNotFoundError(f"there is no module {place!r}: {hint}", name=error.name) from None
    path = file_there(place)
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == str(path):
            return module
    parts = Path(place).with_suffix("").parts
    name = ".".join(parts)
    if name in sys.modules or not all(part.isidentifier() for part in parts):
        name = str(path)  # a file may be called as a module of Python's is, or as no name can be
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # a file that ends in .py has one, and who loads it
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    if str(path.parent) not in sys.path:  # at the end, so that it hides nothing; what a function imports later is found too
        sys.path.append(str(path.parent))
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def file_there(place: str) -> Path:
    """The whole path of a file; FileNotFoundError where there is none."""
    path = Path(place).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {place!r} in {Path.cwd()}: correct the path")
    return path


@contextmanager
def importing_from_here() -> Iterator[None]:
    """Inside, modules in the working directory can be imported, as Python itself allows for a script."""
    before = list(sys.path)
    sys.path.insert(0, str(Path.cwd()))
    try:
        yield
    finally:
        sys.path[:] = before
