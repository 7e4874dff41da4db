"""A call of a compiled function as part of an eager graph: one node a number, one replay for all of them."""

from __future__ import annotations

import copy
import pickle
from typing import Any
from unittest import mock

import numpy as np
import pytest
from nothing_left import assert_nothing_left

import microgradx as mx
from microgradx import Value
from microgradx.replay.compile import compile
from microgradx.replay.run.runner import Runner


def logistic(k: Any, x: Any, steps: int = 1000) -> list[Any]:
    """The states of a loop, of which each is a result."""
    states = []
    for _ in range(steps):
        x = x + 0.01 * k * x * (1.0 - x)
        states.append(x)
    return states


def replays(run: Any) -> int:
    """How often programs run while `run` does."""
    with mock.patch.object(Runner, "run", autospec=True, side_effect=Runner.run) as ran:
        run()
    return ran.call_count


def test_a_call_is_one_node_on_the_values_that_it_read() -> None:
    w, x = Value(3.0, "w"), Value(2.0, "x")
    square = compile(lambda x, scale: (w * x) ** 2 * scale)
    y = square(x, 0.5)
    assert (y.data, y.parents, y.op.name) == (18.0, (x, w), "compiled")
    assert replays(y.backward) == 1
    assert (x.grad, w.grad) == (18.0, 12.0)
    total = square(2.0, 0.5) * w + square(x, 1.0)
    assert mx.gradient(total, [w, x]) == [18.0 + 3.0 * 12.0 + 24.0, 36.0]


def test_floats_come_out_where_nothing_was_captured_and_inside_no_grad() -> None:
    w = Value(3.0)
    assert type(compile(lambda x: x * x)(2.0)) is float
    with mx.no_grad():
        assert type(compile(lambda x: w * x)(Value(2.0))) is float
        assert compile(lambda x: [w * x, {"a": w}])(2.0) == [6.0, {"a": 3.0}]
        assert compile(lambda x: w * x * x).grad(2.0) == 12.0
    with pytest.raises(TypeError, match="does not turn into a plain number, its gradient would be lost"):
        float(compile(lambda x: w * x)(2.0))


def test_all_numbers_of_a_call_share_one_replay() -> None:
    w, v = Value(3.0), Value(0.5)
    f = lambda x: {"a": [w * x, v * x * x], "b": w * v}  # noqa: E731  # to be compiled
    found = compile(f)(2.0)
    assert [found["a"][1].data, found["b"].data] == [2.0, 1.5]
    loss = found["a"][0] * found["a"][1] + found["b"]
    assert replays(loss.backward) == 1
    eager = f(2.0)
    assert [w.grad, v.grad] == mx.gradient(eager["a"][0] * eager["a"][1] + eager["b"], [w, v])


def test_a_trajectory_shares_one_replay_in_both_directions() -> None:
    k, start = Value(0.5), Value(0.1)
    states = compile(logistic)(k, start)
    loss = mx.sum([state * state for state in states]) + states[3]
    assert replays(loss.backward) == 1
    eager = logistic(k, start)
    expected = mx.sum([state * state for state in eager]) + eager[3]
    assert [k.grad, start.grad] == pytest.approx(mx.gradient(expected, [k, start]), rel=1e-12)

    def along(f: Any) -> Any:
        return mx.jvp(lambda k: f(k, 0.1)[::100], (0.5,), (2.0,))[1]

    compiled = compile(logistic)
    assert along(compiled) == pytest.approx(along(logistic), rel=1e-12)
    assert replays(lambda: along(compiled)) == 2

    def ends(f: Any) -> Any:
        return mx.hessian(lambda k: mx.sum(f(k, 0.1)[::10]) * f(k, 0.2)[-1])(0.5)

    assert ends(compiled) == pytest.approx(ends(logistic), rel=1e-10)


def test_values_in_a_result_are_where_numbers_would_be() -> None:
    w = Value(2.0)
    found = compile(lambda a: np.array([[a[0] * w, 1.0]]))(np.array([3.0]))
    assert (found.shape, found.dtype) == ((1, 2), object)
    assert mx.gradient(found[0, 0], [w]) == [3.0]
    assert compile(lambda x: (w * x, None, "name"))(1.0)[1:] == (None, "name")
    assert compile(lambda x: w * 1.0)(1.0).data == 2.0


def test_derivatives_of_what_was_captured_are_connected_too() -> None:
    w = Value(2.0)
    f = compile(lambda x: w * x * x)
    (f.grad(1.5) - 1.0).backward()
    assert w.grad == 3.0
    with mx.no_grad():
        assert type(f.grad(1.5)) is float
    assert type(compile(lambda x: x * x).grad(1.5)) is float


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (lambda of: of.value_and_grad(2.0, [3.0, 4.0], argnums=(1, 0)), "value_and_grad"),
        (lambda of: of.grad(2.0, [3.0, 4.0]), "grad"),
        (lambda of: of.jvp((2.0, [3.0, 4.0]), (1.0, None)), "jvp"),
        (lambda of: of.hvp((2.0, [3.0, 4.0]), (1.0, [0.5, 2.0])), "hvp"),
        (lambda of: of.vjp(2.0, [3.0, 4.0])[1](2.0), "vjp"),
        (lambda of: of.jacobian(2.0, [3.0, 4.0], argnum=1), "jacobian"),
        (lambda of: of.hessian(2.0, np.array([3.0, 4.0]), argnum=-1), "hessian"),
    ],
)
def test_methods_of_a_compiled_function_give_what_the_functions_of_their_names_give(ask: Any, name: str) -> None:
    def f(x: Any, v: Any) -> Any:
        return x * x * v[0] + mx.sin(v[1] * x)

    class Functions:
        def __getattr__(self, name: str) -> Any:
            if name in ("jvp", "vjp", "hvp"):
                return lambda *args: getattr(mx, name)(f, *args)
            return lambda *args, **options: getattr(mx, name)(f, **options)(*args)

    found, expected = ask(compile(f)), ask(Functions())
    assert mx.structure.flat(found)[0] == mx.structure.flat(expected)[0]
    assert mx.structure.flat(found)[1] == pytest.approx(mx.structure.flat(expected)[1], rel=1e-13)


def test_with_aux_a_compiled_loss_gives_more_than_its_value() -> None:
    w = Value(2.0)
    f = compile(lambda x: (x * x, {"doubled": [x * 2.0], "name": "loss"}))
    assert f.value_and_grad(3.0, has_aux=True) == ((9.0, {"doubled": [6.0], "name": "loss"}), 6.0)
    assert f.grad(3.0, has_aux=True) == (6.0, {"doubled": [6.0], "name": "loss"})
    assert compile(lambda x: (x * x, x)).grad(3.0, has_aux=True) == (6.0, 3.0)
    (_, aux), slope = compile(lambda x: (x * x, w * x)).value_and_grad(3.0, has_aux=True)
    assert mx.gradient(aux + slope, [w]) == [3.0]
    for wrong in (compile(lambda x: x), compile(lambda x: [[x], x]), compile(lambda x: [x, x, x])):
        with pytest.raises(TypeError, match=r"with has_aux=True the function must return a pair \(value, anything else\)"):
            wrong.value_and_grad(3.0, has_aux=True)


def test_a_call_that_is_stale_says_so_and_is_computed_again() -> None:
    w = Value(2.0)
    y = compile(lambda x: w * x)(3.0)
    many = compile(lambda x: logistic(w, x))(0.1)
    w.data = 0.5
    for result in (y, many[5]):
        with pytest.raises(RuntimeError, match="was assigned after"):
            result.backward()
    assert y.forward().data == 1.5
    assert many[5].forward().data == pytest.approx(logistic(0.5, 0.1)[5], rel=1e-14)
    many[5].backward()
    eager = logistic(w, 0.1)[5]
    assert w.grad == pytest.approx(mx.gradient(eager, [w])[0], rel=1e-12)


def test_a_call_whose_operand_was_put_back_is_not_stale() -> None:
    w = Value(2.0)
    y = compile(lambda x: w * x)(3.0)
    many = compile(lambda x: logistic(w, x))(0.1)
    w.data = 0.5
    w.data = 2.0
    for result, eager in ((y, w * 3.0), (many[5], logistic(w, 0.1)[5])):
        assert mx.gradient(result, [w]) == pytest.approx(mx.gradient(eager, [w]), rel=1e-12)
    w.data = -0.0
    zero = compile(lambda x: w * x)(3.0)
    w.data = 0.0
    with pytest.raises(RuntimeError, match="was assigned after"):
        zero.backward()


def test_a_call_that_would_go_another_way_now_says_so() -> None:
    w = Value(2.0)
    y = compile(lambda x: w * x if w > 1.0 else -w)(3.0)
    w.data = 0.5
    with pytest.raises(RuntimeError, match=r"the function takes another way through its branches .* call the compiled function"):
        y.forward()


@pytest.mark.parametrize("again", [copy.deepcopy, lambda y: pickle.loads(pickle.dumps(y))], ids=["copy", "pickle"])
def test_a_graph_with_calls_in_it_is_copied_and_pickled(again: Any) -> None:
    w = Value(2.0, "w")
    few, many = compile(lambda x: [w * x, w * w])(3.0), compile(lambda x: logistic(w, x))(0.1)
    y = few[0] * few[1] + many[-1] * many[5]
    other = again(y)
    other.backward()
    (leaf,) = [node for node in mx.topological_order(other) if node.op is None]
    assert (other.data, leaf.label, leaf.grad) == (y.data, "w", mx.gradient(y, [w])[0])
    assert w.grad == 0.0


def test_a_call_that_another_compiled_function_captured_becomes_part_of_it() -> None:
    w = Value(2.0)
    few, many = compile(lambda x: [w * x, w * w if w > 1.0 else w])(3.0), compile(lambda x: logistic(w, x))(0.1)
    plain = logistic(w, 0.1)
    outer, expected = compile(lambda x: few[1] * many[-1] * x), lambda x: w * w * plain[-1] * x
    assert outer(2.0).data == pytest.approx(expected(2.0).data, rel=1e-13)
    assert mx.gradient(outer.grad(2.0), [w]) == pytest.approx(mx.gradient(expected(1.0), [w]), rel=1e-12)
    w.data = 1.5
    assert outer(2.0).data == pytest.approx(2.25 * logistic(1.5, 0.1)[-1] * 2.0, rel=1e-13)
    w.data = 0.5  # the other way through the branch inside, which would have to be recorded from a graph that is stale
    with pytest.raises(RuntimeError, match=r"was assigned after .* by compiled_1"):
        outer(2.0)


def test_a_captured_call_that_ends_with_a_power_becomes_part_of_a_program() -> None:
    w = Value(2.0)
    square = compile(lambda x: (w * x) ** 2)(3.0)
    assert compile(lambda x: square * x).value_and_grad(0.5)[1].data == 36.0


def test_a_variable_of_a_transform_may_be_captured() -> None:
    def cube(w: Any) -> Any:
        return compile(lambda x: w * x * w * w)(2.0)

    f = cube
    for expected in (54.0, 54.0, 36.0, 12.0):
        assert f(3.0) == expected
        f = mx.grad(f)
    assert mx.jvp(lambda w: mx.grad(cube)(w), (3.0,), (1.0,)) == (54.0, 36.0)


def test_backward_of_a_call_reaches_values_that_are_arguments() -> None:
    w, x = Value(3.0), Value(2.0)
    assert compile(lambda x: w * x).backward(x * 1.0) == 6.0
    assert (w.grad, x.grad) == (2.0, 3.0)
    model = mx.nn.Neuron(1, "linear", rng=0)
    compile(lambda m: m([2.0])).backward(model)
    assert [p.grad for p in model.parameters()] == [2.0, 1.0]


def test_graphs_with_calls_in_them_leave_nothing_to_the_collector() -> None:
    w = Value(2.0)
    few, many = compile(lambda x: [w * x, w * w]), compile(lambda k: logistic(k, 0.1))

    def work() -> None:
        a, b = few(2.0)
        (a * b).backward()
        mx.hessian(lambda x: few(x)[0] * few(x)[1])(1.0)
        mx.jvp(lambda k: many(k)[::100], (0.5,), (1.0,))
        mx.sum(many(w)).backward()
        few.vjp(2.0)[1]([1.0, 1.0])

    assert_nothing_left(work, {"Value", "Call", "Given", "Whole", "Picked", "Arrived", "Moved", "Variables"})


def test_a_call_is_drawn_stepped_explained_and_checked() -> None:
    w = Value(3.0, "w")
    a, b = compile(lambda x: [w * x, w * w])(2.0)
    y = a * b
    assert "w" in mx.draw(y).source
    stepper = mx.stepper(y)
    stepper.goto(3)
    assert "w += 18" in stepper.list()
    assert "+36" in str(mx.explain(y, w))
    assert mx.testing.check_gradient(compile(lambda x: w * x * x), 2.0, order=2).ok
    opened = mx.stepper(compile(lambda x, v: x * v[0] + v[1]), 2.0, [3.0, 4.0])
    assert "x*v[0]" in opened.list()
    assert len(opened) == 2
    states = compile(lambda x: logistic(w, x))(0.1)
    with pytest.raises(ValueError, match=r"a call of a compiled function that gave .* numbers at once"):
        mx.explain(states[-1] * states[5], w)
