"""What micrograd calls the parts of a value: `_prev`, `_op` and `_backward` answer, other names say what to write."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NoReturn

from . import hints
from .chain import contribution, edges

SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "negative": "-", "relu": "ReLU"}
"""Operations that micrograd and its lecture write otherwise than we do."""

WRITE = {
    "_children": "y.parents are what y was made from",
    "_parents": "y.parents are what y was made from",
    "_operation": "y.op.name is the operation that made y, None for a leaf",
    "_grad_fn": "y.op.name is the operation that made y, None for a leaf",
    "_local_grads": "microgradx.stepper(y) shows every local derivative, microgradx.explain(y, x) how they multiply",
    "_topo": "microgradx.topological_order(y) lists what y is made of, microgradx.draw(y) draws it",
    "_draw_dot": "microgradx.draw(y) draws what y is made of",
    "_zero_grad": "model.zero_grad() or optimizer.zero_grad() does it for all parameters",
}
"""What to write instead of a name that others use."""

UNSHOWN = frozenset([*WRITE, *hints.VALUE])
"""Names that are there only to say what to write instead."""

_RULE = (
    "a rule of your own is not a closure on each value but one statement for all: "
    'cube = microgradx.primitive("cube", "{} ** 3", lambda a: a**3, lambda a, out: 3.0 * a * a), then y = cube(x)'
)


def answers() -> Iterator[tuple[str, property]]:
    """A property for each name. They cost nothing where they are not asked for, unlike `__getattr__`: numpy asks every element
    of an array for names that it does not have, and an answer in Python makes that ten times as slow.

    >>> from microgradx import Value
    >>> x = Value(3.0)
    >>> (x**2)._op, (x * 2.0)._prev == {x}
    ('**2', True)
    """
    yield "_prev", property(lambda value: {x for x in value.parents if not isinstance(x, float)})
    yield "_op", property(_sign)
    yield "_backward", property(lambda value: partial(_send_back, value), _refuse_closure)
    for name in (*WRITE, *hints.VALUE):
        yield name, property(partial(_own, name), partial(_set_own, name), doc="Not here; the error says what to write.")


def _own(name: str, value: Any) -> Any:
    """The attribute that a value of a subclass was given under such a name; else the error that says what to write."""
    if name in (own := getattr(value, "__dict__", {})):
        return own[name]
    raise hints.missing_name("a Value", name, {**WRITE, **hints.VALUE}, ())


def _set_own(name: str, value: Any, assigned: Any) -> None:
    if not hasattr(value, "__dict__"):
        raise hints.missing_name("a Value", name, {**WRITE, **hints.VALUE}, ())
    value.__dict__[name] = assigned


def _sign(value: Any) -> str:
    """The operation as micrograd writes it: `+`, `**2`, `ReLU`, `tanh`; empty for a leaf."""
    if value.op is None:
        return ""
    if value.op.name == "power":
        exponent = value.parents[1]
        return f"**{exponent:g}" if isinstance(exponent, float) else "**"
    return str(SIGNS.get(value.op.name, value.op.name))


def _send_back(value: Any) -> None:
    """Add to the gradient of each operand what `value` sends it: one step of a backward pass by hand."""
    for _, operand, local in edges(value) if value.op is not None else ():
        operand.grad += contribution(value.grad, local)


def _refuse_closure(value: Any, closure: Any) -> NoReturn:
    raise TypeError(f"_backward cannot be assigned: {_RULE}")


def refuse_made_by_hand(*more: Any, **names: Any) -> NoReturn:
    """Raise where a value is to be made with more than a number and a label, as an operation of one's own would make it."""
    seen = ", ".join([*(repr(x) for x in more if x is not None), *(f"{name}={x!r}" for name, x in names.items())])
    write = next((hints.KEYWORDS[name] for name in names if name in hints.KEYWORDS), _RULE)
    raise TypeError(f"a Value is made of a number and a label, and got {seen} too: {write}")
