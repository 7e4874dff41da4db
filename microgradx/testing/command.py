"""What `microgradx check` checks: an expression, a function or an operation of a module."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any, Literal

from ..engine import Value
from ..expression import parse
from ..module_attribute import imported, names_attribute
from ..operation import Op
from .check_gradient import check_gradient
from .check_op import check_op
from .inputs import parameter_names
from .report import DerivativeError, Report

Order = Literal[1, 2]


def check_target(
    target: str, numbers: dict[str, float], grad: str | None = None, rtol: float = 1e-6, order: Order = 1, samples: int = 0
) -> Report:
    """The report on `target` at the point `numbers`, whether all is well or not.

    >>> check_target("(a*b + c)*f", {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0}).summary()
    '4 partial derivatives: 4 right'
    """
    try:
        report = _checked(target, numbers, grad, rtol, order, samples)
    except DerivativeError as error:
        report = error.report
    words = ["microgradx", "check", target, *(f"{name}={x!r}" for name, x in numbers.items())]
    for option, x, default in (("--grad", grad, None), ("--rtol", rtol, 1e-6), ("--order", order, 1), ("--samples", samples, 0)):
        words += [f"{option}={x}"] * (x != default)
    report.reproducer = shlex.join(words)
    return report


def _checked(target: str, numbers: dict[str, float], grad: str | None, rtol: float, order: Order, samples: int) -> Report:
    if not names_attribute(target):
        if grad:
            raise ValueError(f"--grad judges a function such as module:f, but {target!r} is an expression: leave --grad out")
        expression, leaves = _expression(target, numbers)
        return check_gradient(expression, leaves, rtol=rtol, order=order, samples=samples)
    found = imported(target)
    if isinstance(found, Op):
        return check_op(found, rtol=rtol)
    at = arguments(target, found, numbers)
    return check_gradient(found, at, imported(grad) if grad else None, rtol=rtol, order=order, samples=samples)


def _expression(text: str, numbers: dict[str, float]) -> tuple[Callable[[], Value], dict[str, Value]]:
    """A function that builds the graph of the expression, and the leaves it closes over, by name."""
    if not numbers:
        raise ValueError(f"{text!r} has no named number to differentiate by: write for example 'x**2' x=3")
    leaves = {name: Value(x, name) for name, x in numbers.items()}

    def expression() -> Value:
        return parse(text, leaves)

    expression.__name__ = text
    return expression, leaves


def arguments(target: str, f: Any, numbers: dict[str, float]) -> tuple[float, ...]:
    """The given numbers in the order of the parameters of f."""
    names = parameter_names(f) or ["x"]
    if set(names) != set(numbers):
        given, wanted = ", ".join(numbers) or "no numbers", " ".join(f"{name}=1.0" for name in names)
        raise ValueError(f"{target} takes {', '.join(names)}, got {given}: write {target} {wanted}")
    return tuple(numbers[name] for name in names)
