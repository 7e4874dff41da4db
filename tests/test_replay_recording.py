"""While a function is recorded, nothing that it asks about a number is frozen in silence, and nobody else notices."""

import builtins
import copy
import math
import pickle
import random
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import microgradx as mx
from microgradx.observers import observed
from microgradx.replay.compile import compile
from microgradx.replay.tape import rows
from microgradx.replay.tape.tape import Tape

captured = mx.Value(1.0)
inner = compile(lambda x: x * x)
program = inner.program(2.0)
batched = compile(lambda w, x: w * x, batch="x")


def try_(look):
    """What a look gives, or None where an error was swallowed."""
    try:
        return look()
    except TypeError:
        return None


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (lambda x: float(x), "turned into a plain float"),
        (lambda x: math.sin(x), "turned into a plain float"),
        (lambda x: int(x), "turned into an int"),
        (lambda x: [1.0][x], "used as an index"),
        (lambda x: x.grad, r"\.grad was read"),
        (lambda x: print(x), "printed"),
        (lambda x: f"{x:.3f}", "formatted"),
        (lambda x: {x: 1.0}, "used as a key"),
        (lambda x: x.backward(), "backward"),
        (lambda x: print(captured), "printed"),
        (lambda x: captured.backward(), "backward"),
        (lambda x: captured.forward(), "forward"),
        (lambda x: captured.grad, r"\.grad was read"),
        (lambda x: setattr(captured, "data", 2.0), r"\.data was assigned"),
        (lambda x: f"{captured:.3f}", "formatted"),
        (lambda x: copy.copy(captured), "copied"),
        (lambda x: copy.copy(x), "copied"),
        (lambda x: copy.deepcopy([x]), "copied"),
        (lambda x: pickle.dumps(x), "copied"),
        (lambda x: mx.gradient(captured * captured, [captured])[0] * x, "without create_graph"),
        (lambda x: mx.no_grad().__enter__(), "no_grad"),
        (lambda x: inner.program(2.0), "compiled function was evaluated"),
        (lambda x: program([2.0]) * x, "a program was run"),
        (lambda x: batched(x, [1.0]), "a function of batches was evaluated"),
        (lambda x: x * 2.0 if try_(lambda: captured.grad) else x, r"\.grad was read"),
        (lambda x: x * 100.0 if try_(lambda: x.grad) is None else x, r"\.grad was read"),
        (lambda x: setattr(x, "data", 2.0), r"\.data was assigned"),
    ],
)
def test_looking_at_a_number_while_recording_names_the_line(look, words):
    with pytest.raises(TypeError, match=rf"{words}.* at .*test_replay_recording.py:\d+: this function is being recorded"):
        compile(look)(2.0)
    assert captured.data == 1.0  # and outside the recording nothing has changed


@pytest.mark.parametrize(
    ("look", "remedy"),
    [
        (lambda x: float(x * x), r"Leave float\(\.\.\.\) out"),
        (lambda x: math.log(x / 2.0), r"Write microgradx\.log\(x\) instead of math\.log\(\.\.\.\); x\.detach"),
        (lambda x: math.fsum([x, x]), r"Write microgradx\.sum\(.*\) instead of math\.fsum"),
        (lambda x: math.ulp(x), r"Calculate with the value itself, by mx\.sin\(x\) and not math"),
    ],
)
def test_a_number_that_was_made_plain_is_told_by_the_function_that_did_it(look, remedy):
    with pytest.raises(TypeError, match=f"a number was turned into a plain float at .* {remedy}"):
        compile(look)(2.0)


def test_errors_that_show_a_number_say_what_is_wrong_and_not_that_it_was_printed():
    with pytest.raises(TypeError, match="a number that is being recorded is in a graph already"):
        compile(lambda x: mx.Value(x))(1.0)
    with pytest.raises(TypeError, match=r"Value\(data=1.0, grad=0.0\) does not turn into a plain number"):
        compile(lambda x: x * float(captured))(1.0)


@pytest.mark.parametrize(
    "f",
    [
        mx.grad(lambda x: x * x),
        mx.value_and_grad(lambda x: x * x),
        mx.jacobian(lambda x: [x, x * x]),
        mx.hessian(lambda x: x * x),
        lambda x: mx.jvp(lambda v: v * v, (x,), (1.0,))[1],
        lambda x: mx.jvp(lambda v: v * x, (captured,), (1.0,))[1],
        lambda x: mx.vjp(lambda v: v * x, captured)[1](1.0)[0],
        lambda x: mx.grad(lambda v: v * x)(captured),
        lambda x: mx.hvp(lambda v: v * v, (x,), (1.0,)),
    ],
)
def test_a_derivative_inside_a_recording_is_recorded_too(f):
    compiled = compile(f)
    assert [compiled(2.0), compiled(3.0)] == [f(2.0), f(3.0)]


def test_a_captured_graph_that_is_stale_is_refused_as_by_backward():
    w = mx.Value(2.0)
    y = w * 3.0
    w.data = 5.0
    with pytest.raises(RuntimeError, match=r"was assigned after .* was computed from it"):
        compile(lambda x: y * x)(1.0)
    y.forward()
    assert compile(lambda x: y * x)(1.0) == 15.0


def test_derivatives_of_captured_values_inside_are_recorded_with_their_graph():
    w = mx.Value(2.0)
    f = compile(lambda x: x * mx.gradient(w * w, [w], create_graph=True)[0] + mx.value_and_grad(lambda v: v * v)(w)[1])
    assert f(1.0) == 8.0
    w.data = 5.0
    assert f(1.0) == 20.0


def test_values_are_as_before_after_a_recording_that_raised_and_after_nested_ones_that_end_in_any_order():
    before = dict(vars(mx.Value))
    first, second = Tape(), Tape()
    outer, nested = observed(first), observed(second)

    def interleaved():
        outer.__enter__()
        nested.__enter__()
        with pytest.raises(TypeError, match=r"\.grad was read"):
            assert captured.grad
        assert captured.data.tape is second
        nested.__exit__(None, None, None)
        assert (captured > 0.5).tape is first
        outer.__exit__(None, None, None)

    thread = threading.Thread(target=interleaved)
    with pytest.raises(ZeroDivisionError):
        compile(lambda x: x * (1 / 0))(1.0)
    thread.start()
    thread.join()
    assert dict(vars(mx.Value)) == before
    assert (captured.data, captured.reached, captured > 0.5) == (1.0, False, True)


def test_nothing_of_the_class_is_exchanged_while_a_function_is_recorded():
    before = dict(vars(mx.Value))
    assert compile(lambda x: x if dict(vars(mx.Value)) == before else 0.0 * x)(3.0) == 3.0


def test_recordings_in_many_threads_do_not_see_one_another():
    w, wrong = mx.Value(2.0), []

    def work(k):
        for i in range(20):
            found = compile(lambda x: w * x if w > 1.0 else x)(float(i))
            if found != 2.0 * i or w.data != 2.0 or w.reached:
                wrong.append((k, i))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert not wrong


def test_operations_that_two_threads_meet_at_once_get_codes_of_their_own(monkeypatch):
    class Interrupted(list):
        """A table to which another thread appends just before this one."""

        def append(self, op):
            if op is mx.OPS["exp"]:
                rows.code_of(mx.OPS["sin"])
            super().append(op)

    monkeypatch.setattr(rows, "TABLE", Interrupted([None, None]))
    monkeypatch.setattr(rows, "CODES", {})
    codes = [rows.code_of(mx.OPS[name]) for name in ("exp", "sin")]
    assert [rows.TABLE[code].name for code in codes] == ["exp", "sin"]


def test_a_generator_of_the_function_may_go_on_outside():
    def numbers():
        yield captured * 2.0
        yield captured.data

    stream = numbers()
    assert compile(lambda x: x * next(stream))(3.0) == 6.0
    assert next(stream) == 1.0


def test_another_thread_may_read_values_while_one_records():
    inside, done = threading.Event(), threading.Event()

    def f(x):
        inside.set()
        done.wait(5.0)
        return captured * x

    thread = threading.Thread(target=lambda: compile(f)(2.0))
    thread.start()
    inside.wait(5.0)
    try:
        assert captured.data == 1.0
        assert captured > 0.5
    finally:
        done.set()
        thread.join()


def test_a_function_that_asks_for_values_is_told_that_numbers_being_recorded_are_values():
    def twice(x):
        x = x if isinstance(x, mx.Value) else mx.Value(x)
        return x * 2.0 if isinstance(x, mx.Value) and not isinstance(x, float) else x * 3.0

    assert compile(twice).value_and_grad(2.0) == (4.0, 2.0)


def test_whether_a_number_being_recorded_is_a_value_does_not_depend_on_the_file_that_asks():
    asked = [eval(builtins.compile("lambda x: isinstance(x, mx.Value)", file, "eval")) for file in (mx.__file__, __file__)]
    assert compile(lambda x: x if [is_value(x) for is_value in asked] == [True, True] else 0.0 * x)(3.0) == 3.0


def test_the_text_of_a_number_for_a_debugger_or_a_log_leaves_the_recording_as_it_is():
    seen = []
    f = compile(lambda x: x * len(seen.append((repr(x), repr(captured))) or "ab"))
    assert [f(3.0), f(4.0)] == [6.0, 8.0]
    assert seen == [("a number that is being recorded", "Value(data=1.0, grad=0.0)")]


@pytest.mark.parametrize("draw", [random.random, np.random.rand])
def test_random_numbers_drawn_while_recording_are_warned_about(draw):
    f = compile(lambda x: x * draw())
    with pytest.warns(RuntimeWarning, match="drew random numbers while it was recorded") as caught:
        first = f(1.0)
    assert caught[0].filename == __file__
    assert f(1.0) == first


@pytest.mark.parametrize("name", ["item", "shape", "clone", "_children"])
def test_a_name_that_no_value_has_says_what_to_write_while_it_is_recorded_too(name):
    with pytest.raises(AttributeError) as eager:
        getattr(mx.Value(2.0), name)
    with pytest.raises(AttributeError, match=f"^{re.escape(str(eager.value))}$"):
        compile(lambda x: getattr(x, name))(2.0)
