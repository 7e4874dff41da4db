"""A compiled function evaluated as it stands: to check every operation, and where a recording would cost more than it saves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..derivatives import gradient
from ..engine import Value
from ..structure import filled, flat
from ..variables import transform
from .arguments import Call


def check_operations(f: Callable[..., Any], call: Call) -> None:
    """Under `detect_anomaly` evaluate once node by node, forward and (of one number) backward: every operation is seen."""
    leaves = [Value(x) for x in call.numbers.tolist()]
    positional, keywords = call.rebuilt(iter(leaves))
    result = f(*positional, **keywords)
    if isinstance(result, Value):
        gradient(result, leaves)


def on_values(f: Callable[..., Any], fixed: frozenset[int | str]) -> Callable[..., Any]:
    """`f` that is handed a Value for every number, as it is while it is recorded."""

    def of_values(*args: Any, **kwargs: Any) -> Any:
        call = Call(args, kwargs, fixed)
        known = call.values | call.whole()
        numbers = [known[k] if k in known else Value(x) for k, x in enumerate(call.numbers.tolist())]
        positional, keywords = call.rebuilt(iter(numbers))
        return f(*positional, **keywords)

    return of_values


def evaluated(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What `f` gives: Values where they depend on Values that it captured or got, plain numbers otherwise."""
    with transform() as here:
        structure, numbers = flat(f(*args, **kwargs))
        here.reached(numbers)
        return filled(structure, map(here.out, numbers))
