"""What `microgradx check` checks: an expression, a function or an operation of a module."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..engine import Value
from ..expression import parse
from ..module_attribute import imported, names_attribute
from ..operation import Op
from .c_functions import c_argument, is_c_function
from .check_gradient import check_gradient
from .check_op import check_op
from .parameters import parameter_names, required_names
from .report import DerivativeError, Report

NumberOrArray = float | list[float]
CHECK_OPTIONS: dict[str, Any] = {
    "grad": None, "hess": None, "wrt": None, "rtol": 1e-6, "domain": None, "order": 1, "samples": 0, "strict": False,
}  # fmt: skip
"""What may be said besides the point, with what is meant where nothing is said."""


def check_target(target: str, numbers: Mapping[str, NumberOrArray], **said: Any) -> Report:
    """The report on `target` at the point `numbers`, whether all is well or not.

    >>> check_target("(a*b + c)*f", {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0}).summary()
    '4 partial derivatives: 4 right'
    """
    options = {**CHECK_OPTIONS, **said}
    try:
        report = _checked(target, numbers, options)
    except DerivativeError as error:
        report = error.report
    words = ["microgradx", "check", target, *(f"{name}={_written(x)}" for name, x in numbers.items())]
    report.reproducer = shlex.join([*words, *(word for name in CHECK_OPTIONS for word in _as_words(name, options[name]))])
    return report


def _as_words(name: str, x: Any) -> list[str]:
    """An option as it is typed; nothing for what is meant anyway."""
    if x == CHECK_OPTIONS[name]:
        return []
    if name == "domain":
        spans = x.items() if isinstance(x, Mapping) else [("", x)]
        return [f"--domain={path}{'=' * bool(path)}{low:g}:{high:g}" for path, (low, high) in spans]
    return [f"--{name}" if x is True else f"--{name}={x}"]


def _written(x: NumberOrArray) -> str:
    return ",".join(map(repr, x)) if isinstance(x, list) else repr(x)


def _checked(target: str, numbers: Mapping[str, NumberOrArray], options: dict[str, Any]) -> Report:
    judged = {name: options[name] for name in ("grad", "hess") if options[name]}
    rest = {name: x for name, x in options.items() if name not in ("grad", "hess")}
    if not names_attribute(target):
        for name in judged:
            raise ValueError(f"--{name} judges a function such as file.py:f, but {target!r} is an expression: leave --{name} out")
        expression, leaves = _expression(target, numbers)
        return check_gradient(expression, leaves, **rest)
    found = imported(target)
    if isinstance(found, Op):
        return check_op(found, rtol=options["rtol"])
    if not callable(found):
        raise TypeError(f"{target} is {found!r:.60} ({type(found).__name__}), not a function: name one")
    f, at = called_with(target, found, numbers)
    given = {name: _derivative(name, text, target) for name, text in judged.items()}
    if "grad" in given:  # float code, which may like arrays and those of C
        at = tuple(c_argument(found, k, x) if isinstance(x, list) else x for k, x in enumerate(at))
    return check_gradient(f, at, given.get("grad"), hess=given.get("hess"), **rest)


def _derivative(option: str, text: str, target: str) -> Any:
    """The function that --grad or --hess names."""
    if not names_attribute(text):
        place = target.rpartition(":")[0]
        raise ValueError(f"--{option} {text} does not say what in which file: write for example --{option} {place}:{text}")
    return imported(text)


def _expression(text: str, numbers: Mapping[str, NumberOrArray]) -> tuple[Callable[..., Value], dict[str, NumberOrArray]]:
    """A function that builds the graph of the expression from the numbers by name, and these."""
    if not numbers:
        raise ValueError(f"{text!r} has no named number to differentiate by: write for example 'x**2' x=3")

    def expression(**leaves: Any) -> Value:
        return parse(text, leaves)

    expression.__name__ = text
    kind = inspect.Parameter.KEYWORD_ONLY
    expression.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in numbers])  # type: ignore[attr-defined]  # read by inspect
    return expression, dict(numbers)


def arguments(target: str, f: Any, numbers: Mapping[str, Any]) -> tuple[Any, ...]:
    """The given numbers in the order of the parameters of f."""
    names, needed = parameter_names(f) or ["x"], required_names(f) or {"x"}
    if not needed <= numbers.keys() or set(numbers) != set(names[: len(numbers)]):
        given, wanted = ", ".join(numbers) or "no numbers", " ".join(f"{name}=1.0" for name in names if name in needed)
        raise ValueError(f"{target} takes {', '.join(names)}, got {given}: write {target} {wanted}")
    return tuple(numbers[name] for name in names[: len(numbers)])


def called_with(target: str, f: Any, numbers: Mapping[str, NumberOrArray]) -> tuple[Any, tuple[Any, ...]]:
    """f and its arguments; a C function, which tells no names, takes those that are given, in their order."""
    if not is_c_function(f):
        return f, arguments(target, f, numbers)
    if len(numbers) != len(f.argtypes or numbers) or not numbers:
        wanted = " ".join(f"{name}=1.0" for name in "xyzuvw"[: len(f.argtypes or "x")])
        raise ValueError(f"{target} takes {len(f.argtypes or 'x')} argument(s), got {len(numbers)}: write {target} {wanted}")
    return with_parameter_names(f, list(numbers)), tuple(numbers.values())


def with_parameter_names(f: Any, names: Sequence[str]) -> Any:
    """f with names for its parameters.

    >>> with_parameter_names(max, ["a", "b"])(1.0, 2.0), parameter_names(with_parameter_names(max, ["a", "b"]))
    (2.0, ['a', 'b'])
    """

    def call(*args: Any) -> Any:
        return f(*args)

    call.__name__, call.__wrapped__ = f.__name__, f  # type: ignore[attr-defined]  # what it stands for
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    call.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])  # type: ignore[attr-defined]  # read by inspect
    return call
