"""What holds for every operation of the table: at edges, on floats, values and arrays, and by which names it is reached."""

from __future__ import annotations

import builtins
import itertools
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from test_conventions import applied, close, same

import microgradx as mx
from microgradx import OPS, Op, Value, gradient
from microgradx.operation import UFUNCS

inf, nan = math.inf, math.nan
TABLE = {name: op for name, op in OPS.items() if op in vars(mx.ops).values()}  # without what other tests may have added
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -3.0, 40.0, 5e-324, 1e308, -1e308, inf, -inf, nan]
FEW_EDGES = [0.0, -0.0, 1.0, -2.0, 1e308, inf, nan]
NOT_ON_OBJECTS = {"heaviside", "logaddexp", "sign", "maximum", "minimum", "copysign"}  # see the last test
NOT_ON_OBJECTS |= {"isnan", "isinf", "isfinite"}
WRITTEN_OUT = {"square": mx.multiply, "reciprocal": mx.divide}  # numpy computes x * x and 1 / x of objects
KINDS = [int, bool, np.float64, np.float32, np.int64, np.bool_, np.array]


def edges(op: Op) -> list[tuple[float, ...]]:
    """Every combination of edge arguments that `op` can be given; four for dot, three for others on any number."""
    count = op.arity or (4 if op is mx.dot else 3)
    return list(itertools.product(EDGES if count < 3 else FEW_EDGES, repeat=count))


def inside(op: Op, count: int = 7) -> list[tuple[float, ...]]:
    """Points of the domain of `op`, in which each operand runs through its own interval in an order of its own."""
    pairs = op.domain if op.arity else op.domain * 4
    places = [[i * (slot + 1) % count / (count - 1) for slot in range(len(pairs))] for i in range(count)]
    return [tuple(low + (high - low) * t for (low, high), t in zip(pairs, row, strict=True)) for row in places]


@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
def test_no_edge_raises_and_every_value_and_derivative_is_a_plain_float(op: Op) -> None:
    for at in edges(op):
        out = applied(op, at)
        slopes = op.local_derivatives(at, out)
        assert {type(number) for number in (out, *slopes)} == {float}, (at, out, slopes)


@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
def test_derivatives_on_floats_and_on_values_are_the_same_numbers_and_can_be_differentiated_again(op: Op) -> None:
    for at in edges(op):
        leaves = [Value(x) for x in at]
        out = applied(op, leaves)
        on_floats = op.local_derivatives(at, out.data)
        on_values = gradient(out, leaves, create_graph=True)
        assert all(same(a, b.data) for a, b in zip(on_floats, on_values, strict=True)), (at, on_floats, on_values)
        assert all(type(slope) is float for slope in gradient(on_values, leaves))


def unlisted(*rules: Any, gather: Any = None) -> Op:
    """An operation that stays out of the table; its value does not matter."""
    return Op("f", "f({})", lambda *numbers: 0.0, rules, ((0.0, 1.0),) * len(rules), None, None, gather, ())


def test_a_rule_that_divides_by_zero_or_overflows_follows_ieee_754() -> None:
    for rule, at, expected in [
        (lambda a, out: 1.0 / (a * a), 0.0, inf),
        (lambda a, out: 1.0 / mx.sqrt(a), 0.0, inf),
        (lambda a, out: a**1000 - 2 // a, 10.0, inf),
        (lambda a, out: 0.0 // a, 0.0, nan),
    ]:
        x = Value(at)
        assert same(gradient(unlisted(rule)(x), [x])[0], expected)
        assert same(gradient(unlisted(rule)(x), [x], create_graph=True)[0].data, expected)


def test_a_rule_of_several_operands_follows_ieee_754() -> None:
    many = unlisted(lambda operands, out: [1 / a for a in operands], gather=lambda *operands: operands)
    assert many.local_derivatives([0.0, 2.0], 0.0) == [inf, 0.5]
    three = unlisted(lambda a, b, c, out: mx.dot([a, 2], [b, 1 / c]), 0.0, 0.0)
    assert three.local_derivatives([1.0, 1.0, 0.0], 0.0) == [inf, 0.0, 0.0]
    (slope,) = unlisted(lambda a, b, out: b / a, 0.0).local_derivatives([0.0, Value(-3.0)], 0.0, [True, False])[:1]
    assert (type(slope), slope.data) == (Value, -inf)


@pytest.mark.parametrize("wrong", [np.array([1j]), np.array(["a"]), np.array(["2020-01-01"], dtype="datetime64")], ids=str)
def test_an_array_of_something_else_than_real_numbers_raises_and_says_what_to_write(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"exp works on arrays of real numbers, got .*: write .real"):
        mx.exp(wrong)


def test_a_rule_that_returns_none_is_refused_and_is_no_zero() -> None:
    x = Value(2.0)
    y = unlisted(lambda a, out: None)(x)
    for attempt in (y.backward, lambda: gradient(y, [x], create_graph=True), lambda: mx.chain.edges(y)):
        with pytest.raises(TypeError, match="the rule of 'f' for operand 0 returned None, not a number"):
            attempt()
    assert not x.reached


@pytest.mark.parametrize(
    "wrong", [1j, 0j, "x", "", [], (1.0,), Decimal(2), np.array([3.0]), np.array([1.0, 2.0]), Value(3.0)], ids=repr
)
def test_a_rule_that_gives_no_real_number_is_refused_before_any_grad_is_written(wrong: Any) -> None:
    x = Value(2.0)
    y = unlisted(lambda a, out: wrong)(x) * 2.0
    message = r"the rule of 'f' for operand 0 returned .*, not a number \(\w+\): it must give one real number"
    for attempt in (y.backward, lambda: gradient(y, [x]), lambda: mx.jvp(unlisted(lambda a, out: wrong), (2.0,), (1.0,))):
        with pytest.raises(TypeError, match=message):
            attempt()
    if not isinstance(wrong, Value):
        with pytest.raises(TypeError, match=message):
            gradient(y, [x], create_graph=True)
    assert not any(node.reached for node in (x, y))


SLOPES = [3, True, False, Fraction(1, 2), np.float64(3.0), np.float32(0.0), np.int64(3), np.bool_(True), np.array(3.0)]


@pytest.mark.parametrize("slope", SLOPES, ids=repr)
def test_a_rule_that_gives_a_number_of_another_type_gives_a_float(slope: Any) -> None:
    x = Value(2.0)
    y = unlisted(lambda a, out: slope)(x)
    y.backward()
    assert (type(x.grad), x.grad) == (float, float(slope))
    assert gradient(y, [x], create_graph=True)[0].data == float(slope)


def test_a_slope_beyond_the_floats_is_infinite() -> None:
    x = Value(2.0)
    assert gradient(unlisted(lambda a, out: -(10**400))(x), [x]) == [-math.inf]


def test_a_rule_for_many_operands_may_return_a_tuple_at_a_pole_too() -> None:
    many = unlisted(lambda operands, out: tuple(1.0 / x for x in operands), gather=lambda *operands: operands)
    x, y = Value(0.0), Value(4.0)
    assert gradient(many(x, y), [x, y]) == [math.inf, 0.25]


def test_a_rule_for_many_operands_must_return_one_local_derivative_for_each() -> None:
    for rule, shown in [(lambda operands, out: [1.0], "1 of them"), (lambda operands, out: None, "None")]:
        many = unlisted(rule, gather=lambda *operands: operands)
        with pytest.raises(TypeError, match=f"a list of 2 local derivatives, got {shown}"):
            many(Value(1.0), 2.0).backward()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
def test_ints_bools_and_numpy_scalars_are_numbers_to_every_operation(op: Op, kind: Any) -> None:
    ones = [1.0] * (op.arity or 4)
    expected = applied(op, ones)
    found = applied(op, [kind(1) for _ in ones])
    assert type(found) is float
    assert same(found, expected)
    for slot in range(len(ones)):
        mixed = applied(op, [Value(1.0) if i == slot else kind(1) for i in range(len(ones))])
        assert mixed.op is op
        assert same(mixed.data, expected)
        assert all(type(x) in (float, Value) for x in mixed.parents)


def test_every_operation_has_an_export_a_method_and_a_domain_for_each_operand() -> None:
    for name, op in TABLE.items():
        assert getattr(mx, name) is op
        assert name in mx.__all__ or op.facts.inner or hasattr(builtins, name)
        assert name in vars(mx.operators.Operators) or op.arity is None, f"Value has no method {name}"
        assert len(op.domain) == len(op.partials)
        assert all(low <= high and math.isfinite(low) and math.isfinite(high) for low, high in op.domain)
        assert op.template.count("{}") == (op.arity or 1)


def test_every_method_records_its_operation() -> None:
    for name, op in TABLE.items():
        if op.arity is not None and op not in (mx.polygamma, mx.sinc_derivative):
            first, *others = (low for low, _ in op.domain)
            assert getattr(Value(first), name)(*others).op is op
    assert Value(2.0).polygamma(1.0).op is mx.polygamma


@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
def test_the_array_form_equals_the_scalar_form_inside_and_at_the_edges(op: Op) -> None:
    for points in (inside(op), edges(op)):
        with np.errstate(all="ignore"):
            found = op.array(np, *np.array(points).T)
        for at, a in zip(points, found, strict=True):
            assert close(a, op.forward(*at)), (at, a, op.forward(*at))


@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
def test_a_rule_on_arrays_gives_the_derivative_at_every_point(op: Op) -> None:
    for points in (inside(op), edges(op)):
        columns = [np.array(column) for column in zip(*points, strict=True)]
        outs = [op.forward(*at) for at in points]
        with np.errstate(all="ignore"):
            found = op.local_derivatives(columns, np.array(outs))
        for at, out, *slopes in zip(points, outs, *(np.broadcast_to(slope, len(outs)) for slope in found), strict=True):
            assert all(map(close, slopes, op.local_derivatives(at, out))), at


def test_arrays_of_floats_give_arrays_of_floats_and_arrays_of_values_give_values() -> None:
    points = np.array([[-1.0, 0.0], [0.5, 2.0]])
    for out, expected in [
        (mx.relu(points), [[0.0, 0.0], [0.5, 2.0]]),
        (mx.log(points[0]), [nan, -inf]),
        (mx.maximum(points, 0.25), [[0.25, 0.25], [0.5, 2.0]]),
        (mx.lgamma(points[1]), [math.lgamma(0.5), 0.0]),
        (mx.sum(points, axis=0), [-0.5, 2.0]),
        (mx.square(np.array([3])), [9.0]),
    ]:
        assert out.dtype == float
        np.testing.assert_allclose(out, expected, rtol=1e-14)
    x = Value(0.5)
    (out,) = mx.hypot(np.array([x]), np.array([0.0]))
    assert (out.op, out.parents) == (mx.hypot, (x, 0.0))


@pytest.mark.parametrize("name", UFUNCS)
def test_numpy_names_mean_the_operation(name: str) -> None:
    op, ufunc = UFUNCS[name], getattr(np, name)
    at = [low for low, _ in op.domain][: ufunc.nin]
    expected = op(*at)
    for slot in range(ufunc.nin):
        out = ufunc(*[Value(x) if i == slot else np.float64(x) for i, x in enumerate(at)])
        assert (out.op, out.data) == (op, expected)


@pytest.mark.parametrize("name", sorted(UFUNCS.keys() - NOT_ON_OBJECTS))
def test_numpy_functions_go_through_arrays_of_values(name: str) -> None:
    op, ufunc = UFUNCS[name], getattr(np, name)
    at = [low for low, _ in op.domain][: ufunc.nin]
    rows = [np.array([Value(x), Value(x)]) for x in at]
    for out in ufunc(*rows):
        assert (out.op, out.data) == (WRITTEN_OUT.get(name, op), op(*at))


def test_numpy_clip_of_a_value_is_an_operation() -> None:
    x = Value(2.0)
    out = np.clip(x, 0.0, 1.0)
    assert (out.op, out.parents) == (mx.clip, (x, 0.0, 1.0))


def test_methods_and_operators_carry_the_name_and_the_form_of_their_operation() -> None:
    assert Value.tanh.__name__ == "tanh"
    assert (Value.tanh.__doc__ or "").startswith("tanh(x) as a new node, with this value as `x`: hyperbolic tangent.")
    assert "Convention: at a bound the slope is 1" in (Value.clip.__doc__ or "")
    assert (Value.clip.__name__, Value.__rsub__.__name__) == ("clip", "subtract")
    with pytest.raises(TypeError, match=r"^tanh\(\) takes 1 positional argument but 2 were given"):
        Value(1.0).tanh(2.0)
    with pytest.raises(TypeError, match=r"clip is written clip\(a, low=-inf, high=inf\) and takes 3 operand\(s\), got 4"):
        Value(1.0).clip(2.0, 3.0, 4.0)
    with pytest.raises(TypeError, match=r"where is written where\(condition, a, b\), got no b"):
        Value(1.0).where(2.0)


def test_numpy_has_no_way_into_an_array_of_values_for_these() -> None:
    pair = np.array([Value(2.0), Value(3.0)])
    for name in ("heaviside", "logaddexp"):
        with pytest.raises(TypeError):
            getattr(np, name)(pair, pair)
    assert list(np.sign(pair)) == [1, 1]  # numpy compares with 0 itself: the result is flat anyway
    assert list(np.maximum(pair, pair[::-1])) == [3.0, 3.0]  # and hands over the larger one, without a node


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((3, "f({})", abs, 1.0), {}, "primitive needs a name and a function of floats, got 3 and"),
        (("f", "f({})", None, 1.0), {}, "primitive needs a name and a function of floats, got 'f' and None"),
        (("f", "f({})", abs, 1.0), {"numpy": "exp"}, "numpy.exp means 'exp' already: leave numpy= out"),
        (("f", "f({})", abs, 1.0), {"domain": 3.0}, r"domain=3.0 must be one \(low, high\), or one such pair for each"),
        (("f", "f({})", abs, 1.0), {"domain": [-1.0, 1.0]}, r"domain=\[-1.0, 1.0\] must be one \(low, high\)"),
    ],
)
def test_a_primitive_that_cannot_be_used_is_refused(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        mx.primitive(*arguments, **options)
    assert "f" not in OPS
