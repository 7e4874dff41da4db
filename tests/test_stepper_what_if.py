"""What if a number were another one: the same bits as a graph built so, the user's graph untouched, both passes compared."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_stepper import bits, expression, random_graph

import microgradx as mx
from microgradx import Value, nn, stepper, topological_order


def everything(output):
    """All that a what-if could spoil: numbers, gradients, stamps, operands, labels."""
    return [(n.data.hex(), n.grad, n._stamp, n.op, n.parents, n.label) for n in topological_order(output)]


@given(seed=st.integers(0, 10**6), choice=st.integers(0, 2), x=st.floats(-2.0, 2.0))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_a_changed_input_gives_the_bits_of_a_graph_built_with_it(seed, choice, x):
    output, leaves = random_graph(seed)
    if leaves[choice] not in set(topological_order(output)):
        return
    before = everything(output)
    asked = stepper(output).what_if({leaves[choice].label: x})
    assert everything(output) == before
    again, fresh = random_graph(seed)
    fresh[choice].data = x
    again.forward().backward()
    assert bits(n.data for n in asked.trace.order) == bits(n.data for n in topological_order(again))
    assert bits(map(asked.gradient, asked.trace.order)) == bits(n.grad for n in topological_order(again))


@given(seed=st.integers(0, 10**6))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_a_held_value_in_the_middle_gives_the_bits_of_a_graph_cut_there(seed):
    output, _ = random_graph(seed)
    inner = [n for n in topological_order(output) if n.op and n is not output]
    if not inner:
        return
    held = random.Random(seed).choice(inner)
    asked = stepper(output).what_if({held: 0.75})
    cut = {}
    for node in topological_order(output):
        if node is held or not node.op:
            cut[node] = Value(0.75 if node is held else node.data)
        else:
            cut[node] = node.op(*[cut[x] if isinstance(x, Value) else x for x in node.parents])
    cut[output].backward()
    copies = {original: copy for copy, original in asked.copied.items()}
    for node in topological_order(output):
        copy = copies[node]
        if copy in set(asked.trace.order):
            assert bits([asked.value(copy), asked.gradient(copy)]) == bits([cut[node].data, cut[node].grad])


def test_the_middle_of_the_lecture_graph_in_one_command():
    s = stepper(expression())
    t = s.what_if(d=100.0)
    assert (t.output.data, t.value("L"), t.gradient("f"), s.value("L"), s.gradient("f")) == (-200.0, -200.0, 100.0, -8.0, 4.0)
    assert s.names[s.find("d")] == t.names[t.find("d")] == "d"
    assert repr(s.diff(t)) == (
        "L: -8 -> -200\n"
        "    value         dL/d(.)\n"
        "  L    -8 -> -200       1\n"
        "  d     4 -> 100       -2\n"
        "  f    -2               4 -> 100\n"
        "  died: d > e (1 -> 0), d > c (1 -> 0)\n"
        "  live paths to the inputs: 4 -> 2\n"
        "  only before: a, b, e, c"
    )


def test_keys_are_names_and_values_and_several_at_once():
    output = expression()
    a = topological_order(output)[0]
    s = stepper(output)
    assert s.what_if({a: 0.0}, b=0.0).value("e") == 0.0
    assert s.what_if({"a": 3.0, "c": 0.0}).output.data == 3.0 * -3.0 * -2.0
    with pytest.raises(ValueError, match=r"nothing is asked: name a value and its other number"):
        s.what_if()
    with pytest.raises(KeyError, match="no value is called 'q' in the graph of L"):
        s.what_if(q=1.0)
    with pytest.raises(TypeError, match="'six'"):
        s.what_if(a="six")


def test_a_what_if_takes_the_numbers_of_the_pass_and_is_never_committed():
    output = expression()
    s = stepper(output)
    topological_order(output)[0].data = 50.0
    t = s.what_if(b=1.0)
    assert t.value("a") == 2.0
    with pytest.raises(RuntimeError, match="this pass is a what-if on a copy, in which nothing is yours"):
        t.commit()
    with pytest.raises(RuntimeError, match="this pass is a what-if on a copy"):
        t.again()


def test_a_what_if_of_a_what_if_compares_with_the_first_and_with_its_siblings():
    s = stepper(expression())
    t, u = s.what_if(a=5.0), s.what_if(e=5.0)
    assert s.diff(t.what_if(b=1.0)).rows[0].name == "L"
    assert {row.name for row in t.diff(u).rows} == {"e", "c", "d", "f", "L"}


def test_paths_that_die_and_wake_are_told():
    x = Value(1.0, "x")
    h = x.relu()
    h.label = "h"
    s = stepper(h * 2.0)
    dead = s.diff(s.what_if(x=-1.0))
    assert [(way.above, way.below, way.local, way.new_local) for way in dead.died] == [("h", "x", 1.0, 0.0)]
    assert (dead.live, dead.woke) == ((1, 0), ())
    assert "died: h > x (1 -> 0)" in repr(dead)
    assert "live paths to the inputs: 1 -> 0" in repr(dead)
    woke = s.what_if(x=-1.0).diff(s)
    assert [(way.above, way.below) for way in woke.woke] == [("h", "x")]
    assert "woke: h > x (0 -> 1)" in repr(woke)


def test_two_passes_of_one_model_are_compared():
    model = nn.MLP(2, [3, 1], rng=1)
    first = stepper((model([1.0, -0.5]) - 1.0) ** 2)
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    first.output.backward()
    optimizer.step()
    after = stepper((model([1.0, -0.5]) - 1.0) ** 2)
    moved = {row.name: row for row in first.diff(after).rows}
    weight = model.layers[1].neurons[0].b
    row = moved[first.shared.names[weight]]
    assert (row.new_value, row.value) == (weight.data, 0.0)
    other = first.diff(stepper((model([0.0, 0.0]) - 1.0) ** 2))
    assert {row.name for row in other.rows} >= {first.shared.names[p] for p in model.parameters()}
    sizes = [row.size for row in other.rows]
    assert sizes == sorted(sizes, reverse=True)


def test_passes_of_different_shapes_are_compared_by_name():
    a = Value(2.0, "a")
    small, large = a * 3.0, a * 3.0 + a
    small.label = large.label = "L"
    found = stepper(small).diff(stepper(large))
    assert {row.name: (row.gradient, row.new_gradient) for row in found.rows} == {"a": (3.0, 4.0), "L": (1.0, 1.0)}
    assert found.extra != ()
    assert "only after" in repr(found)


def test_what_becomes_inf_or_nan_stands_first_and_equal_passes_say_so():
    x, y = Value(1.0, "x"), Value(1.0, "y")
    s = stepper(x.log() + y * 1e6)
    t = s.what_if(x=0.0, y=2.0)
    assert math.isinf(s.diff(t).rows[0].size)
    assert "no value and no gradient differs" in repr(s.diff(s.what_if(x=1.0)))
    with pytest.raises(TypeError, match="diff compares two steppers"):
        s.diff(3.0)


def test_an_operation_of_every_kind_is_computed_again():
    xs = [Value(0.3 + 0.1 * k, f"x{k}") for k in range(4)]
    output = mx.softmax(xs)[0] + mx.sum(xs) * mx.dot(xs[:2], xs[2:]) + mx.max(xs) + mx.logsumexp(xs) + mx.clip(xs[0], 0.0, 1.0)
    t = stepper(output).what_if(x2=0.9)
    xs[2].data = 0.9
    output.forward().backward()
    assert bits([t.output.data]) == bits([output.data])
    assert bits([t.gradient(f"x{k}") for k in range(4)]) == bits([x.grad for x in xs])


def test_a_what_if_of_an_exp_underflow_keeps_its_digits():
    x = Value(-1.0, "x")
    s = stepper(x.exp(), digits=8)
    assert "-1 -> -700" in repr(s.diff(s.what_if(x=-700.0)))
    assert "9.8596765e-305" in repr(s.diff(s.what_if(x=-700.0)))
