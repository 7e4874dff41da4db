"""The lines to paste that repeat a check."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

from ..operation import Op
from .c_functions import c_array_form, is_c_function

LONGEST_LITERAL = 400  # characters; what takes more to write is given by name


def call_again(check: str, what: dict[str, Any], options: dict[str, Any]) -> str:
    """The call that gives a report again: what is checked, and the options that are not the defaults.

    >>> import math
    >>> print(call_again("check_gradient", {"f": math.sin, "at": 1.0, "grad": None}, {"seed": 3}))
    from math import sin
    from microgradx.testing import check_gradient
    check_gradient(sin, at=1.0, seed=3)

    What can neither be imported nor written down stands there by its name, with a comment that says where it is.
    """
    imports, remarks = {f"from microgradx.testing import {check}"}, []
    arguments: list[str] = []
    taken: dict[str, Any] = {}
    for name, x in {**{name: x for name, x in what.items() if x is not None}, **options}.items():
        text, line, remark = _written(x, name)
        if text.isidentifier() and taken.setdefault(text, x) is not x:  # f and its gradient may be called alike
            remark, text = remark.replace(f"# {text} is", f"# {name} is {text},"), name
        arguments.append(f"{name}={text}" if arguments else text)
        imports |= set(filter(None, line.splitlines()))
        remarks += [remark] * bool(remark)
    return "\n".join([*sorted(imports), f"{check}({', '.join(arguments)})", *remarks])


def _written(x: Any, name: str) -> tuple[str, str, str]:
    """`x` as code, the imports it needs, and a remark if it has to be found by the reader."""
    called, module = getattr(x, "__qualname__", ""), getattr(x, "__module__", None)
    if isinstance(x, Op):  # importing the module that wrote its rules registers it
        called, module = x.name, next((rule.__module__ for rule in x.partials if callable(rule)), None)
        module = "microgradx" if module and module.startswith("microgradx.ops.") else module
    if called.isidentifier() and module not in (None, "__main__") and getattr(sys.modules.get(module), called, None) is x:
        return called, f"from {module} import {called}", ""
    if isinstance(x, Op):
        return f"OPS[{x.name!r}]", "from microgradx import OPS", f"# after the lines that define {x.name}"
    if is_c_function(x):
        return x.__name__, "", f"# {x.__name__} is the C function of that name"
    if code := getattr(x, "__code__", None):
        text, kind = (name, "lambda") if code.co_name == "<lambda>" else (code.co_name, "function")
        return text, "", f"# {text} is the {kind} at {Path(code.co_filename).name}:{code.co_firstlineno}"
    try:
        text = _literal(x)
    except TypeError:
        text = ""
    if not text or len(text) > LONGEST_LITERAL:
        return name, "", f"# {name} is the {type(x).__name__} that the check was called with"
    return text, "\n".join(f"import {module}" for module in ("ctypes", "numpy") if f"{module}." in text), ""


def _literal(x: Any) -> str:
    """Numbers and what holds them as code; TypeError for anything else."""
    if isinstance(x, float):
        return repr(float(x)) if math.isfinite(x) else f"float('{float(x)}')"
    if x is None or type(x) in (int, str, bool):
        return repr(x)
    if type(x) is dict:
        return f"{{{', '.join(f'{_literal(key)}: {_literal(item)}' for key, item in x.items())}}}"
    if type(x) is list:
        return f"[{', '.join(map(_literal, x))}]"
    if type(x) is tuple:
        return f"({', '.join(map(_literal, x))}{',' * (len(x) == 1)})"
    if type(x).__name__ == "ndarray" and x.dtype.kind in "iuf" and x.size < LONGEST_LITERAL:
        kind = "" if x.dtype.char in "dl" else f", dtype=numpy.{x.dtype.name}"
        return f"numpy.array({_literal(x.tolist())}{kind})"
    if type(x).__module__ == "numpy" and getattr(x, "ndim", 1) == 0 and x.dtype.kind in "iuf":
        return f"numpy.{x.dtype.name}({_literal(x.item())})"
    if (form := c_array_form(x)) is not None and isinstance(getattr(x._type_, "_type_", None), str):
        return f"(ctypes.{x._type_.__name__} * {len(x)})({', '.join(map(_literal, form[0]))})"
    raise TypeError(f"{x!r} cannot be pasted")
