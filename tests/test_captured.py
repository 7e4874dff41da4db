"""What a function captures is differentiated as if it were an argument: through every transform, nested, eager and compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from test_properties import SMOOTH, programs

import microgradx as mx
from microgradx import Value
from microgradx.replay.compile import compile
from microgradx.structure import flat

Function = Callable[[list[Any]], Any]
ALONG = [1.0, -0.5, 0.25, 0.75]

BY_FUNCTION: dict[str, Callable[[Function, list[Any]], Any]] = {
    "grad": lambda f, xs: mx.grad(f)(xs),
    "value_and_grad": lambda f, xs: mx.value_and_grad(f)(xs),
    "jvp": lambda f, xs: mx.jvp(lambda v: [f(v), v[0]], (xs,), (ALONG[: len(xs)],)),
    "vjp": lambda f, xs: mx.vjp(lambda v: [f(v), v[0]], xs)[1]([2.0, 1.0]),
    "jacobian": lambda f, xs: mx.jacobian(lambda v: {"f": f(v), "x": v[0]})(xs),
    "hessian": lambda f, xs: mx.hessian(f)(xs),
    "hvp": lambda f, xs: mx.hvp(f, (xs,), (ALONG[: len(xs)],)),
}

BY_METHOD: dict[str, Callable[[Any, list[Any]], Any]] = {
    "grad": lambda c, xs: c.grad(xs),
    "value_and_grad": lambda c, xs: c.value_and_grad(xs),
    "jvp": lambda c, xs: c.jvp((xs,), (ALONG[: len(xs)],)),
    "vjp": lambda c, xs: c.vjp(xs)[1](2.0),
    "jacobian": lambda c, xs: c.jacobian(xs),
    "hessian": lambda c, xs: c.hessian(xs),
    "hvp": lambda c, xs: c.hvp((xs,), (ALONG[: len(xs)],)),
}


def total(found: Any) -> Any:
    """One number of all that a transform gave, each counting differently."""
    numbers = flat(found)[1]
    return mx.dot(numbers, [1.0 / (k + 1) for k in range(len(numbers))])


def split(inputs: list[float]) -> tuple[list[float], list[float]]:
    """The arguments and what is captured, one of either at least."""
    inputs = [*inputs, 0.75] if len(inputs) == 1 else inputs
    return inputs[:1], inputs[1:]


def as_arguments(f: Function, xs: list[float], ws: list[float], transformed: Callable[[Function, list[Any]], Any]) -> list[float]:
    """The derivatives by `ws` where the same function gets them as arguments."""
    found: list[float] = mx.grad(lambda given: total(transformed(lambda v: f([*v, *given]), xs)))(ws)
    return found


def by_captured(outcome: Any, ws: list[Value]) -> list[float]:
    """The derivatives by the Values `ws` that a function captured: none of a plain number, which may depend on none of them."""
    result = total(outcome)
    return mx.gradient(result, ws) if isinstance(result, Value) else [0.0] * len(ws)


def agree(found: list[float], expected: list[float]) -> bool:
    return found == pytest.approx(expected, rel=1e-8, abs=1e-8 * (1.0 + sum(map(abs, expected))))


@pytest.mark.parametrize("name", BY_FUNCTION)
def test_of_random_graphs_every_transform_keeps_what_was_captured(name: str) -> None:
    @given(programs(SMOOTH))
    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    def check(program: tuple[list[float], Function]) -> None:
        (xs, ws), f = split(program[0]), program[1]
        expected = as_arguments(f, xs, ws, BY_FUNCTION[name])
        values = [Value(w) for w in ws]
        closure = lambda v: f([*v, *values])  # noqa: E731  # a function that captures
        assert agree(by_captured(BY_FUNCTION[name](closure, xs), values), expected)
        compiled = compile(closure)
        for _ in range(2):
            assert agree(by_captured(BY_FUNCTION[name](compiled, xs), values), expected)
        expected = as_arguments(f, xs, ws, lambda f, xs: BY_METHOD[name](Eager(f), xs))
        assert agree(by_captured(BY_METHOD[name](compiled, xs), values), expected)

    check()


class Eager:
    """The methods of a compiled function, by the functions of the same names."""

    def __init__(self, f: Function) -> None:
        self.f = f

    def __getattr__(self, name: str) -> Callable[..., Any]:
        transform = getattr(mx, name)
        if name in ("jvp", "vjp", "hvp"):
            return lambda *args: transform(self.f, *args)
        return transform(self.f)  # type: ignore[no-any-return]


@pytest.mark.parametrize("outer", ["grad", "jvp", "hvp"])
@pytest.mark.parametrize("inner", ["grad", "jvp", "vjp"])
def test_of_random_graphs_transforms_of_transforms_keep_what_was_captured(inner: str, outer: str) -> None:
    def nested(f: Function, xs: list[Any]) -> Any:
        return BY_FUNCTION[outer](lambda v: total(BY_FUNCTION[inner](f, v)), xs)

    @given(programs(SMOOTH))
    @settings(max_examples=8, deadline=None, derandomize=True, database=None)
    def check(program: tuple[list[float], Function]) -> None:
        (xs, ws), f = split(program[0]), program[1]
        expected = as_arguments(f, xs, ws, nested)
        values = [Value(w) for w in ws]
        closure = lambda v: f([*v, *values])  # noqa: E731  # a function that captures
        assert agree(by_captured(nested(closure, xs), values), expected)
        assert agree(by_captured(nested(compile(closure), xs), values), expected)
        assert agree(by_captured(compile(lambda v: nested(closure, v))(xs), values), expected)

    check()


def test_a_network_learns_from_a_loss_that_holds_its_derivative() -> None:
    def trained(compiled: bool) -> list[float]:
        model = mx.nn.MLP(1, [3, 1], "tanh", rng=1)
        optimizer = mx.nn.SGD(model.parameters(), lr=0.05)
        f = compile(lambda x: model([x])) if compiled else lambda x: model([x])
        losses = []
        for _ in range(5):
            optimizer.zero_grad()
            loss = mx.mean([(mx.grad(f)(x) - x) ** 2 for x in (-0.5, 0.5, 1.0)]) + (f(0.0) - 1.0) ** 2
            loss.backward()
            optimizer.step()
            losses.append(loss.data)
        return losses

    eager = trained(compiled=False)
    assert eager[-1] < 0.75 * eager[0]
    assert trained(compiled=True) == pytest.approx(eager, rel=1e-12)
