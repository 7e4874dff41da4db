"""Compiled functions: the numbers of eager evaluation, recorded again where a replay would be wrong, never silently stale."""

import math
import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

import microgradx as mx
from microgradx.replay.compile import compile
from microgradx.replay.program import Program
from microgradx.replay.run.finite import finite


def quadratic(w, x):
    return (w[0] * x + w[1]) ** 2


def test_a_compiled_function_gives_plain_floats_equal_to_eager_ones():
    assert compile(quadratic)([2.0, 1.0], 3.0) == 49.0
    assert compile(quadratic).value_and_grad([2.0, 1.0], 3.0) == (49.0, [42.0, 14.0])


def test_argnums_give_one_gradient_or_a_tuple_shaped_like_the_arguments():
    f = compile(lambda w, x: (w @ x).sum())
    w, x = np.arange(6.0).reshape(2, 3), np.ones(3)
    gw, gx = f.grad(w, x, argnums=(0, 1))
    assert gw.tolist() == np.ones((2, 3)).tolist()
    assert gx.tolist() == [3.0, 5.0, 7.0]
    assert f.grad(w, x, argnums=-1).tolist() == gx.tolist()


def test_negative_argnums_count_positional_arguments_only():
    f = compile(lambda w, x, scale: sum(a * b * scale for a, b in zip(w, x, strict=True)))
    assert f.grad([1.0, 2.0], [3.0, 4.0], scale=2.0, argnums=-1) == [2.0, 4.0]
    assert f.hvp(([1.0, 2.0], [3.0, 4.0]), ([1.0, 1.0], None), scale=2.0) == ([0.0, 0.0], None)
    assert f.jacobian([1.0, 2.0], np.array([[3.0, 4.0]])[0], scale=2.0, argnum=-1).tolist() == [2.0, 4.0]


def test_sequences_dicts_and_arrays_come_back_in_their_own_structure():
    f = compile(lambda d: {"sum": d["a"] + d["b"][0], "pair": (d["a"] * 2.0, d["b"][1])})
    assert f({"a": 1.0, "b": [2.0, 3]}) == {"sum": 3.0, "pair": (2.0, 3.0)}
    assert compile(lambda v: v * 2.0)(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]


def test_a_later_call_replays_without_calling_the_function():
    calls = []

    def f(x):
        calls.append(1)
        return x * x

    g = compile(f)
    assert [g(v) for v in (1.0, 2.0, 3.0)] == [1.0, 4.0, 9.0]
    assert len(calls) == 1


def test_another_shape_is_recorded_anew():
    f = compile(lambda xs: sum(x * x for x in xs))
    assert [f([1.0, 2.0]), f([1.0, 2.0, 3.0]), f([2.0, 2.0])] == [5.0, 14.0, 8.0]
    assert len(f.recordings) == 2


def test_captured_values_are_read_at_each_call():
    w = mx.Value(2.0, "w")
    f = compile(lambda x: w * x)
    assert f(3.0) == 6.0
    w.data = 5.0
    assert f(3.0) == 15.0


def test_a_function_without_arguments_follows_the_values_it_captured():
    model = mx.nn.MLP(2, [4, 1], rng=1)
    f = compile(lambda: model([1.0, 2.0])[0] ** 2 if isinstance(model([1.0, 2.0]), list) else model([1.0, 2.0]) ** 2)
    for parameter in model.parameters():
        parameter.data += 0.25
        out = model([1.0, 2.0])
        out = out[0] if isinstance(out, list) else out
        assert f() == pytest.approx(out.data**2, rel=1e-14)


def test_backward_adds_to_the_grad_of_captured_values_as_eager_backward_does():
    w, b = mx.Value(2.0), mx.Value(1.0)
    f = compile(lambda x: (w * x + b) ** 2)
    assert f.backward(3.0) == 49.0
    f.backward(3.0)
    assert (w.grad, b.grad) == (84.0, 28.0)


def test_captured_numbers_are_constants_until_refresh():
    scale = [2.0]
    f = compile(lambda x: scale[0] * x)
    assert f(1.0) == 2.0
    scale[0] = 3.0
    assert f(1.0) == 2.0
    f.refresh()
    assert f(1.0) == 3.0


@pytest.mark.parametrize("bad", [None, "text"])
def test_a_function_must_return_numbers(bad):
    with pytest.raises(TypeError, match="must return a number"):
        compile(lambda x: bad)(1.0)


def test_bad_argnums_bad_vectors_and_unhashable_arguments_are_named():
    f = compile(quadratic)
    with pytest.raises(ValueError, match=r"argument 5, but the function was called with 2"):
        f.grad([1.0, 2.0], 1.0, argnums=5)
    with pytest.raises(ValueError, match=r"tangent 0 has 1 numbers, its primal has 2"):
        f.hvp(([1.0, 2.0], 1.0), ([1.0], None))
    with pytest.raises(TypeError, match="hashable"):
        f({1, 2}, 1.0)
    with pytest.raises(TypeError, match="dtype complex128"):
        f(np.array([1j, 2]), 1.0)


def test_a_compiled_function_inside_another_one_becomes_part_of_it():
    inner = compile(lambda x: x * x)
    outer = compile(lambda x: inner(x) + inner(3.0) * x)
    assert [outer.value_and_grad(v) for v in (1.0, 2.0)] == [(10.0, 11.0), (22.0, 13.0)]
    assert compile(lambda x: inner.grad(x) * x + inner.hvp((x,), (1.0,)))(3.0) == 20.0
    many = compile(lambda x: x * x, batch="x")
    with pytest.raises(TypeError, match=r"a function of batches was evaluated at .* being recorded"):
        compile(lambda x: many([2.0]) * x)(1.0)


def test_values_as_arguments_keep_their_graph():
    x = mx.Value(3.0)
    y = compile(lambda x: x * x)(x)
    y.backward()
    assert x.grad == 6.0
    total = compile(lambda xs: sum(xs))
    total([x, 2.0]).backward()
    total(np.array([x, x])).backward()
    assert x.grad == 9.0


def test_integers_of_any_size_become_floats():
    f = compile(lambda x: x * 2.0)
    assert [f(3), f(2**70), f(10**400)] == [6.0, 2.0**71, math.inf]
    assert f(np.array([2**70, 1], dtype=object)).tolist() == [2.0**71, 2.0]


def test_detect_anomaly_looks_at_every_operation_of_a_compiled_function_too():
    f, g = compile(lambda x: mx.log(x) * 0.0 + x), compile(lambda x: x.sqrt())
    assert math.isnan(f(-1.0))
    with mx.detect_anomaly():
        assert f(1.0) == 1.0
        with pytest.raises(FloatingPointError, match=r"log gave nan from .* at .*test_replay\.py:\d+"):
            f(-1.0)
        with pytest.raises(FloatingPointError, match="the backward pass of sqrt gave inf"):
            g.grad(0.0)


def test_threads_may_call_one_compiled_function_at_once():
    f = compile(lambda xs: sum(x.tanh() * x for x in xs))
    inputs = [[float(i + k) / 50 for k in range(50)] for i in range(8)]
    expected = [compile(lambda xs: sum(x.tanh() * x for x in xs)).value_and_grad(xs) for xs in inputs]
    wrong = []

    def work(i):
        for _ in range(50):
            if f.value_and_grad(inputs[i]) != expected[i]:
                wrong.append(i)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert not wrong


def test_a_graph_that_exists_becomes_a_program():
    x, y = mx.Value(3.0, "x"), mx.Value(4.0, "y")
    product = x * y
    program = Program.from_graph(product + x.tanh(), [x, y])
    assert program() == (product + x.tanh()).data
    assert program.value_and_grad([0.0, 2.0]) == (0.0, [3.0, 0.0])
    x.data = 0.5
    assert program() == 2.0 + math.tanh(0.5)


def test_a_program_of_several_outputs_gives_a_list_and_a_computed_node_may_be_an_input():
    x = mx.Value(3.0)
    y = x * x
    assert Program.from_graph([y * 2.0, y, x], [y])([5.0]) == [10.0, 5.0, 3.0]


def test_writing_back_sets_data_and_adds_to_grad():
    x = mx.Value(3.0)
    program = Program.from_graph(x * x, [x])
    program.value_and_grad([4.0], write=True)
    program.value_and_grad(write=True)
    assert (x.data, x.grad) == (4.0, 16.0)


def test_wrong_inputs_of_a_program_are_named():
    x = mx.Value(3.0)
    with pytest.raises(TypeError, match=r"inputs\[0\] is 2\.0, not a Value"):
        Program.from_graph(x * x, [2.0])
    with pytest.raises(ValueError, match="listed twice"):
        Program.from_graph(x * x, [x, x])
    program = Program.from_graph(x * x, [x])
    with pytest.raises(ValueError, match="has 1 inputs, got 2"):
        program([1.0, 2.0])
    with pytest.raises(ValueError, match="no graph to read its 1 inputs from"):
        pickle.loads(pickle.dumps(program))()


def test_a_pickled_program_gives_the_same_bits():
    f = compile(lambda xs: sum((x * k).tanh() for k, x in enumerate(xs)))
    xs = [0.01 * k for k in range(200)]
    program = f.program(xs)
    x = np.array(xs)
    value, slopes = program.run_gradient(x)
    again = pickle.loads(pickle.dumps(program))
    assert again.run_gradient(x)[0] == value
    assert again.run_gradient(x)[1].tolist() == slopes.tolist()


def test_printing_a_program_says_what_stands_for_what():
    model = mx.nn.MLP(2, [16, 16, 1], rng=1)
    points = np.random.default_rng(0).normal(size=(100, 2))

    def loss():
        outs = [model(point) for point in points]
        return sum((out[0] if isinstance(out, list) else out).relu() for out in outs)

    f = compile(loss)
    f.backward()
    text = str(f.program())
    assert "337 captured Values" in text
    assert "layers[0].neurons[0..15].w[0..1]" in text
    assert "matmul (16x16) @ (16x100)" in text
    assert "layers[1].neurons[0..15], 100 times" in text
    assert "array instructions" in text


def test_a_printed_instruction_says_which_part_of_a_result_it_reads():
    def loss(w, x):
        hidden = [mx.tanh(mx.dot(row, x)) for row in w]
        again = [mx.tanh(mx.dot(row, hidden)) for row in w]
        return mx.dot(again, again)

    w, x = np.linspace(-1.0, 1.0, 900).reshape(30, 30).tolist(), np.linspace(0.0, 1.0, 30).tolist()
    f = compile(loss)
    f.hvp((w, x), (w, x))
    text = str(f.program(w, x))
    assert re.search(r"r(\d+) = gather +\(240\)\s+r\d+ = multiply r\1\[0\.\.119\], r\1\[120\.\.239\]", text)
    assert re.search(r"= multiply r1 and r\d+, r", text)  # it goes on behind the end of the first


def test_a_program_is_asked_for_with_the_arguments_of_a_call():
    f = compile(lambda x, y: x * y)
    assert "2 inputs" in str(f.program(2.0, y=3.0))
    with pytest.raises(TypeError, match=r"program\(\) takes the arguments of a call: f\.program\(\.\.\.\).*'x'"):
        f.program()


def test_an_operand_of_inputs_and_of_what_lies_behind_them_is_named_after_the_inputs():
    draws = np.linspace(-1.0, 1.0, 1000).tolist()

    def price(v):
        share, strike, rate, sigma, time = v
        drift, spread = (rate - 0.5 * sigma * sigma) * time, sigma * time.sqrt()
        return (-rate * time).exp() * sum((share * (drift + spread * z).exp() - strike).relu() for z in draws) / 1000.0

    f = compile(price)
    point = [100.0, 105.0, 0.03, 0.2, 1.5]
    f.value_and_grad(point)
    assert "multiply v[4] and numbers beside" in str(f.program(point))


def test_a_narrow_program_is_said_to_run_row_by_row():
    def f(x):
        for _ in range(50):
            x = (x * 1.5).sin()
        return x

    program = compile(f).program(0.5)
    assert re.search(r"one by one \(.*\): too few rows alike for arrays", str(program))


def test_named_arguments_belong_to_the_call():
    f = compile(lambda x, scale=1.0: x * scale)
    assert [f(2.0), f(2.0, scale=3.0), f(2.0, scale=5.0)] == [2.0, 6.0, 10.0]
    assert f.value_and_grad(2.0, scale=3.0) == (6.0, 3.0)


def test_the_bench_command_prints_a_row_for_each_case(capsys):
    from microgradx.cli import main

    assert main(["bench", "polynomial"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["case", "nodes", "calls"]
    assert row.startswith("polynomial 400")
    assert main(["bench", "nonsense"]) == 2
    assert "no case begins with 'nonsense': there are moons 100" in capsys.readouterr().err


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_derivative_of_a_division_by_a_constant_zero_is_the_eager_one(zero):
    x = mx.Value(1.0)
    out = x / zero
    out.backward()
    assert compile(lambda x: x / zero).value_and_grad(1.0) == (out.data, x.grad)


def test_a_run_leaves_the_error_state_of_numpy_alone_and_cannot_be_entered_twice() -> None:
    inner = []
    again = finite(lambda inputs: inner[0](inputs) if inner else inputs)
    before = np.geterr()
    assert again(np.ones(2)).tolist() == [1.0, 1.0]
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError):
        finite(lambda inputs: inputs / 0.0, flags=True)(np.ones(2))
    assert np.geterr() == before
    inner.append(again)
    with pytest.raises(RuntimeError, match="cannot enter context"):
        again(np.ones(2))


def test_a_run_entered_again_before_it_ends_finds_its_own_numbers(monkeypatch):
    inner, armed = [], []

    def forward(a):
        if armed:
            armed.pop()
            inner.append(f(3.0))
        return 2.0 * a

    twice = mx.operation.Op("twice", "twice({})", forward, (2.0,), ((0.0, 1.0),), None, None, None, ())
    monkeypatch.setitem(mx.OPS, "twice", twice)
    f = compile(lambda x: twice(x) + 1.0)
    assert f(1.0) == 3.0
    armed.append(True)
    assert (f(1.0), inner) == (3.0, [7.0])


def test_a_gradient_by_what_is_no_number_is_refused_and_every_real_number_is_one():
    class Half(float):
        pass

    square = compile(lambda x: x * x)
    assert square.value_and_grad(Fraction(1, 2)) == square.value_and_grad(Half(0.5)) == (0.25, 1.0)
    for wrong in (True, "a", frozenset([1.0])):
        for derivative in (compile(lambda x: 1.0).value_and_grad, mx.grad(lambda x: x)):
            with pytest.raises(TypeError, match=r"argument 0 is .*, which holds no number, so there is no derivative by it"):
                derivative(wrong)
    assert compile(lambda x: x[0] * 1.0).grad([1.0, True]) == mx.grad(lambda x: x[0] * 1.0)([1.0, True]) == [1.0, True]


def test_an_object_whose_numbers_would_be_frozen_is_refused():
    class Settings:
        def __init__(self):
            self.slope = 2.0

    with pytest.raises(TypeError, match=r"Settings.slope is 2.0 in an object given as an argument: .* in a dict"):
        compile(lambda s, x: s.slope * x)(Settings(), 1.0)
