"""The lines to paste that repeat a check."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any


def call_again(f: Any, at: Any, grad: Any, options: dict[str, Any]) -> str:
    """The call that gives a report again, with the options that are not the defaults.

    >>> import math
    >>> print(call_again(math.sin, 1.0, math.exp, {"seed": 3}))
    from microgradx.testing import check_gradient
    check_gradient(sin, at=1.0, grad=exp, seed=3)
    """
    arguments = [_written(f, "f"), f"at={_written(at, 'at')}"]
    if grad is not None:
        arguments.append(f"grad={_written(grad, 'grad')}")
    arguments += [f"{name}={x!r}" for name, x in options.items()]
    where = "".join(f"\n# {name} is the lambda at {_place(g)}" for name, g in (("f", f), ("grad", grad)) if _is_lambda(g))
    return f"from microgradx.testing import check_gradient\ncheck_gradient({', '.join(arguments)}){where}"


def _written(x: Any, otherwise: str) -> str:
    """`x` as code; the name `otherwise` where it has none that can be pasted, or is too long."""
    if callable(x) and not _is_lambda(x) and hasattr(x, "__name__"):
        return str(x.__name__)
    try:
        ast.literal_eval(repr(x))
    except (ValueError, SyntaxError):
        return otherwise
    return repr(x) if len(repr(x)) <= 200 else otherwise


def _is_lambda(f: Any) -> bool:
    return getattr(f, "__name__", "") == "<lambda>"


def _place(f: Any) -> str:
    code = f.__code__
    return f"{Path(code.co_filename).name}:{code.co_firstlineno}"
