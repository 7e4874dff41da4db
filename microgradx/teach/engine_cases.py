"""What an engine for scalars must get right: small graphs, written with nothing but a class of values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Leaves = dict[str, Any]
Build = Callable[..., tuple[Any, Leaves]]


class EngineCase(NamedTuple):
    """A graph made from a class of values, what is done with it, and the methods that it needs besides arithmetic."""

    name: str
    build: Build
    passes: str = "one"
    needs: tuple[str, ...] = ()


def _leaves(V: Any, **numbers: float) -> Leaves:
    return {name: V(number) for name, number in numbers.items()}


def product_and_sum(V: Any) -> tuple[Any, Leaves]:
    """(a*b + c) * f."""
    x = _leaves(V, a=2.0, b=-3.0, c=10.0, f=-2.0)
    return (x["a"] * x["b"] + x["c"]) * x["f"], x


def _difference(V: Any) -> tuple[Any, Leaves]:
    """(a - b) * -c."""
    x = _leaves(V, a=2.0, b=5.0, c=3.0)
    return (x["a"] - x["b"]) * -x["c"], x


def quotient(V: Any) -> tuple[Any, Leaves]:
    """a / b."""
    x = _leaves(V, a=3.0, b=4.0)
    return x["a"] / x["b"], x


def cube(V: Any) -> tuple[Any, Leaves]:
    """a**3."""
    x = _leaves(V, a=2.5)
    return x["a"] ** 3, x


def reflected(V: Any) -> tuple[Any, Leaves]:
    """Numbers on the left: 2 * a + (3 + b) + (1 - c) + 6 / d."""
    x = _leaves(V, a=2.0, b=3.0, c=5.0, d=4.0)
    return 2 * x["a"] + (3 + x["b"]) + (1 - x["c"]) + 6 / x["d"], x


def added_to_itself(V: Any) -> tuple[Any, Leaves]:
    """a + a."""
    x = _leaves(V, a=3.0)
    return x["a"] + x["a"], x


def used_twice(V: Any) -> tuple[Any, Leaves]:
    """a*b + a*c."""
    x = _leaves(V, a=2.0, b=-3.0, c=10.0)
    return x["a"] * x["b"] + x["a"] * x["c"], x


def square_of_a_sum(V: Any) -> tuple[Any, Leaves]:
    """b * b with b = a + a: b must be complete before it sends anything on."""
    x = _leaves(V, a=3.0)
    b = x["a"] + x["a"]
    return b * b, x


def diamond(V: Any) -> tuple[Any, Leaves]:
    """d = a*b is used by e = d + c and by e * d."""
    x = _leaves(V, a=2.0, b=-3.0, c=10.0)
    d = x["a"] * x["b"]
    return (d + x["c"]) * d, x


def squashed(V: Any) -> tuple[Any, Leaves]:
    """tanh(a*b) * 3."""
    x = _leaves(V, a=0.5, b=0.8)
    return (x["a"] * x["b"]).tanh() * 3.0, x


def rectified(V: Any) -> tuple[Any, Leaves]:
    """relu(a*b) * 3 + relu(a*c) * 2, with one product below 0 and one above."""
    x = _leaves(V, a=2.0, b=-3.0, c=4.0)
    return (x["a"] * x["b"]).relu() * 3.0 + (x["a"] * x["c"]).relu() * 2.0, x


def _exponential(V: Any) -> tuple[Any, Leaves]:
    """exp(a*b) * 3."""
    x = _leaves(V, a=0.5, b=0.8)
    return (x["a"] * x["b"]).exp() * 3.0, x


def _chain(V: Any, length: int = 3000) -> tuple[Any, Leaves]:
    """A sum of 3000 steps, one behind the other."""
    x = _leaves(V, a=1.0)
    out = x["a"]
    for _ in range(length):
        out = out + 1.0
    return out, x


def doubled(V: Any, times: int = 16) -> tuple[Any, Leaves]:
    """A value added to itself 16 times in a row: 65536 paths, and 17 values."""
    x = _leaves(V, a=1.0)
    out = x["a"]
    for _ in range(times):
        out = out + out
    return out, x


ENGINE_CASES = (
    EngineCase("product and sum", product_and_sum),
    EngineCase("difference and sign", _difference),
    EngineCase("quotient", quotient),
    EngineCase("power", cube),
    EngineCase("numbers on the left", reflected),
    EngineCase("a + a", added_to_itself),
    EngineCase("one value in two products", used_twice),
    EngineCase("b * b of b = a + a", square_of_a_sum),
    EngineCase("diamond", diamond),
    EngineCase("tanh", squashed, needs=("tanh",)),
    EngineCase("relu", rectified, needs=("relu",)),
    EngineCase("exp", _exponential, needs=("exp",)),
    EngineCase("two passes add up", diamond, passes="two"),
    EngineCase("zeroed in between", used_twice, passes="zeroed"),
    EngineCase("two graphs of the same inputs", used_twice, passes="two graphs"),
    EngineCase("many paths", doubled),
    EngineCase("a long chain", _chain),
)
"""Every case, the simple ones first. An engine without tanh, relu or exp is not asked for them."""
