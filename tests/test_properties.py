"""Laws that hold for every graph: random graphs of all operations, differentiated in four ways."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microgradx as mx
from microgradx import Value, gradient
from microgradx.operation import OPS, Op

law = settings(max_examples=300, deadline=None, derandomize=True)

FLAT = {"floor", "ceil", "trunc", "round", "sign", "step", "heaviside", "compare", "floor_divide", "remainder", "polygamma"}
FLAT |= {"copysign", "fmod", "ieee_remainder", "sinc_derivative"}
"""Operations whose jumps no difference quotient may straddle, and those whose first operand is an order."""

ALL = list(OPS.values())
SMOOTH = [op for op in OPS.values() if op.name not in FLAT]


def low_high(op: Op, slot: int) -> tuple[float, float]:
    return op.domain[min(slot, len(op.domain) - 1)]


@st.composite
def programs(draw: st.DrawFn, ops: list[Op]) -> tuple[list[float], Callable[[list[Value]], Value]]:
    """Leaves and a function of them: each step applies an operation to earlier nodes, squeezed into its domain by a tanh."""
    leaves = draw(st.lists(st.floats(-2, 2), min_size=1, max_size=3))
    steps = []
    for count in range(draw(st.integers(1, 5))):
        op = draw(st.sampled_from(ops))
        arity = op.arity or 2 * draw(st.integers(1, 2))
        steps.append((op, [draw(st.integers(0, len(leaves) + count - 1)) for _ in range(arity)]))

    def function(inputs: list[Value]) -> Value:
        nodes = list(inputs)
        for op, places in steps:
            operands = []
            for slot, place in enumerate(places):
                low, high = low_high(op, slot)
                operands.append(mx.tanh(nodes[place] + 0.1 * slot) * (0.45 * (high - low)) + 0.5 * (high + low))
            nodes.append(operands[0].apply(op, operands))
        return mx.sum(nodes)

    return leaves, function


def kinks_nearby(out: Value) -> bool:
    """Whether a difference quotient could straddle a kink: an operand of a kinked operation close to its kink."""
    for node in mx.topological_order(out):
        if node.op is None:
            continue
        at = [x if isinstance(x, float) else x.data for x in node.parents]
        match node.op.name:
            case "relu" | "leaky_relu" | "elu" | "absolute" | "where" | "softsign":
                near = abs(at[0])
            case "norm" | "std":
                near = node.data
            case "hard_tanh":
                near = abs(abs(at[0]) - 1.0)
            case "maximum" | "minimum" | "max" | "min":
                ordered = sorted(at)
                near = min(b - a for a, b in pairwise(ordered))
            case "clip":
                near = min(abs(at[0] - at[1]), abs(at[0] - at[2]))
            case _:
                continue
        if near < 1e-3:
            return True
    return False


@law
@given(programs(ALL))
def test_reverse_forward_and_graph_derivatives_agree(program: tuple[list[float], Callable[[list[Value]], Value]]) -> None:
    numbers, function = program
    leaves = [Value(x) for x in numbers]
    out = function(leaves)
    reverse = gradient(out, leaves)
    graph = [slope.data for slope in gradient(out, leaves, create_graph=True)]
    out.backward()
    assert [leaf.grad for leaf in leaves] == reverse
    scale = sum(map(abs, reverse)) + 1.0
    assert graph == pytest.approx(reverse, rel=1e-13, abs=1e-14 * scale)
    for k in range(len(leaves)):
        tangents = [[float(i == k) for i in range(len(leaves))]]
        value, forward = mx.jvp(function, [numbers], tangents)
        assert value == out.data
        assert forward == pytest.approx(reverse[k], rel=1e-12, abs=1e-13 * scale)


@law
@given(programs(SMOOTH))
def test_reverse_agrees_with_central_differences(program: tuple[list[float], Callable[[list[Value]], Value]]) -> None:
    numbers, function = program
    leaves = [Value(x) for x in numbers]
    out = function(leaves)
    if kinks_nearby(out):
        return
    reverse = gradient(out, leaves)
    h = 1e-5
    scale = abs(out.data) + sum(map(abs, reverse)) + 1.0
    for k, slope in enumerate(reverse):
        up, down = ([x + s * h * (i == k) for i, x in enumerate(numbers)] for s in (1, -1))
        quotient = (function([Value(x) for x in up]).data - function([Value(x) for x in down]).data) / (2 * h)
        assert quotient == pytest.approx(slope, rel=1e-4, abs=1e-5 * scale)


@law
@given(programs(SMOOTH))
def test_second_derivatives_by_reverse_over_reverse_and_forward_over_reverse_agree(
    program: tuple[list[float], Callable[[list[Value]], Value]],
) -> None:
    numbers, function = program
    along = [1.0 - 0.5 * k for k in range(len(numbers))]
    rows = mx.hessian(function)(numbers)
    product = mx.hvp(function, [numbers], [along])
    for row, entry in zip(rows, product, strict=True):
        exact = math.fsum(a * b for a, b in zip(row, along, strict=True))
        assert entry == pytest.approx(exact, rel=1e-9, abs=1e-9 * (1 + sum(map(abs, row))))
    for i, row in enumerate(rows):
        for j in range(i):
            assert row[j] == pytest.approx(rows[j][i], rel=1e-9, abs=1e-9 * (1 + abs(row[j])))


@law
@given(st.sampled_from(ALL), st.data())
def test_recomputing_in_place_equals_building_again(op: Op, data: st.DataObject) -> None:
    def sample(count: int) -> list[float]:
        return [data.draw(st.floats(*low_high(op, slot))) for slot in range(count)]

    count = op.arity or 4
    leaves = [Value(x) for x in sample(count)]
    out = leaves[0].apply(op, leaves)
    for leaf, number in zip(leaves, sample(count), strict=True):
        leaf.data = number
    again = [Value(leaf.data) for leaf in leaves]
    assert out.forward().data == again[0].apply(op, again).data
    assert gradient(out, leaves) == pytest.approx(gradient(again[0].apply(op, again), again), rel=0, abs=0, nan_ok=True)


def test_the_differences_would_catch_a_wrong_rule() -> None:
    op = mx.primitive("test_wrong_exp", "wrong_exp({})", math.exp, lambda a, out: 1.001 * out)
    try:
        (slope,) = gradient(op(x := Value(1.0)), [x])
        quotient = (op(1.0 + 1e-5) - op(1.0 - 1e-5)) / 2e-5
        assert quotient != pytest.approx(slope, rel=1e-4)
    finally:
        del OPS["test_wrong_exp"]
