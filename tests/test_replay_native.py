"""Machine code gives the numbers of eager evaluation, and where a number on the way is not finite, it says so."""

import itertools
import math
import os
import pickle
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np
import pytest

import microgradx as mx
from microgradx.bench.cases import attention, chain, circles, conv1d, moons, random_graph, rnn, rosenbrock
from microgradx.operation import Op
from microgradx.replay.arguments import Call
from microgradx.replay.compile import compile
from microgradx.replay.program import Program
from microgradx.replay.run import llvm_text, runner
from microgradx.replay.run.llvm_text import written
from microgradx.replay.run.machine_code import BLOCK, COMPILING, Native, native_ns, unload
from microgradx.replay.specialization import Recording
from microgradx.replay.tape.rows import PRIVATE
from microgradx.replay.tape.tape import Tape

llvm = pytest.importorskip("llvmlite.binding.ffi")

TABLE = [*mx.OPS.values(), *PRIVATE.values()]
NO_ARRAY_FORM = {
    "erf", "erfc", "gaussian", "normal_pdf", "normal_cdf", "gelu", "lgamma", "polygamma", "round",
    "log_normal_cdf", "inverse_mills", "mills_gap", "erfinv", "gamma", "sinc", "sinc_derivative",
    "softmax_share", *llvm_text.OTHER_DIGITS,
}  # fmt: skip
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-300, 1e300, -1e300, math.inf, -math.inf, math.nan]


def recorded(f, x):
    return Recording(f, Call((list(x),), {})).program


def settled(f, x):
    """The program of f at x and its gradient runner, as machine code if it can be."""
    program = recorded(f, x)
    with mock.patch.object(runner, "native_ns", return_value=0.0):
        program.gradient_runner().settle()
    return program, program.gradient_runner()


def machine_code(op, count):
    """One operation on `count` inputs, as a function of an array that raises where the flags do."""
    tape = Tape()
    inputs = [tape.input(1.0, 0) for _ in range(count)]
    return Native(tape, [tape.append(op, inputs).slot]).bind()


def test_every_operation_with_an_array_form_has_machine_code():
    assert {op.name for op in TABLE if written(op, op.arity or 4) is None} == NO_ARRAY_FORM


WRITTEN = [op for op in TABLE if op.name not in NO_ARRAY_FORM]


@pytest.mark.parametrize("op", WRITTEN, ids=lambda op: op.name)
def test_an_operation_gives_the_eager_number_in_its_domain(op):
    count, r = op.arity or 4, random.Random(op.name)
    run = machine_code(op, count)
    for _ in range(100):
        operands = [r.uniform(*(op.domain * count)[i]) for i in range(count)]
        assert run(np.array(operands))[0] == op.forward(*operands), operands


@pytest.mark.parametrize("op", WRITTEN, ids=lambda op: op.name)
def test_without_a_flag_finite_operands_give_a_finite_number_and_a_finite_number_is_the_eager_one(op):
    count, r = op.arity or 4, random.Random(op.name)
    run = machine_code(op, count)
    for operands in itertools.product(EDGES, repeat=count) if count < 4 else [r.choices(EDGES, k=4) for _ in range(2000)]:
        try:
            found = run(np.array(operands))[0]
        except FloatingPointError:
            continue
        assert math.isfinite(found) or not all(map(math.isfinite, operands)), operands
        assert not math.isfinite(found) or found == op.forward(*operands), operands


@pytest.mark.parametrize(
    "f",
    [
        lambda x: mx.minimum(mx.exp(x), 5.0),
        lambda x: 1.0 / (1.0 + mx.exp(x)),
        lambda x: mx.tanh(x * 1e308),
        lambda x: mx.where(mx.log(1.0 - x) > 0.0, x, -x),
        lambda x: mx.step(mx.sqrt(-x)) * x,
        lambda x: mx.maximum(x / (x - x), 2.0) * 0.0 + x,
    ],
)
def test_a_number_that_is_not_finite_raises_even_where_the_result_does_not_show_it(f):
    g = lambda xs: f(xs[0])  # noqa: E731
    program, native = settled(g, [1000.0])
    with pytest.raises(FloatingPointError, match="not finite"):
        native.native.bind()(np.array([1000.0]))
    x = mx.Value(1000.0)
    out = f(x)
    out.backward()
    value, slopes = program.run_gradient(np.array([1000.0]))
    assert [value, *slopes] == pytest.approx([out.data, x.grad], nan_ok=True)


def test_after_a_run_that_raised_the_next_one_counts_again():
    run = machine_code(mx.OPS["exp"], 1)
    with pytest.raises(FloatingPointError):
        run(np.array([1000.0]))
    assert run(np.array([1.0]))[0] == math.e


def test_a_program_of_many_blocks_gives_the_numbers_of_the_exact_path():
    case = random_graph(5 * BLOCK)
    _, native = settled(case.f, case.x)
    assert native.form == "native"
    assert native.run(np.array(case.x)).tolist() == native.exact(np.array(case.x)).tolist()


def test_a_program_of_many_small_calls_is_never_run_as_arrays_so_that_its_digits_stay():
    case = rnn(30)
    program = recorded(case.f, case.x)
    first = program.run_gradient(np.array(case.x))
    native = program.gradient_runner()
    assert (native.form, native.final) == ("loop", "native")
    native.settle()
    last = program.run_gradient(np.array(case.x))
    assert native.form == "native"
    assert (last[0], last[1].tolist()) == (first[0], first[1].tolist())


def test_a_narrow_program_changes_once_that_would_have_paid():
    case = chain(200)
    program = recorded(case.f, case.x)
    wanted = 1 + int(program.gradient_runner().patience)
    assert 50 < wanted < 2000
    forms = []
    for _ in range(wanted + 1):
        program.run_gradient(np.array(case.x))
        forms.append(program.gradient_runner().form)
    assert forms == ["loop"] * (wanted - 1) + ["native"] * 2


@pytest.mark.parametrize("make", [moons, circles, conv1d, attention, lambda: rosenbrock(5000)])
def test_a_wide_program_stays_an_array_program(make):
    case = make()
    assert recorded(case.f, case.x).gradient_runner().final == "array"


def test_what_has_no_code_is_expected_to_take_for_ever():
    assert math.isfinite(native_ns({mx.OPS["sin"]: 1000}))
    assert native_ns({mx.OPS["sin"]: 1000, mx.OPS["gelu"]: 1}) == math.inf


def test_the_printed_program_says_machine_code():
    case = chain(100)
    program, _ = settled(case.f, case.x)
    assert "scalar rows as machine code (native)" in str(program)


def test_outputs_may_be_inputs_constants_and_the_same_row_twice():
    x, y = mx.Value(2.0), mx.Value(3.0)
    z = mx.sin(x) * y
    program = Program.from_graph([z, x, z, y], [x, y])
    program.value_runner().final = "native"
    program.value_runner().settle()
    assert program([2.0, 3.0]) == [z.data, 2.0, z.data, 3.0]
    assert program([0.0, 3.0]) == [0.0, 0.0, 0.0, 3.0]


def test_threads_run_one_program_at_once():
    case = random_graph(300)
    _, native = settled(case.f, case.x)
    r = random.Random(0)
    points = [np.array([r.uniform(-1, 1) for _ in case.x]) for _ in range(200)]
    expected = [native.run(point) for point in points]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(native.run, points))
    assert all((a == b).all() for a, b in zip(found, expected, strict=True))


def test_a_pickled_program_carries_no_code_and_compiles_again():
    case = chain(100)
    program, native = settled(case.f, case.x)
    copy = pickle.loads(pickle.dumps(program))
    again = copy.gradient_runner()
    assert (again.form, again.native, again.runs) == ("loop", None, 0)
    again.settle()
    assert again.form == "native"
    assert (again.run(np.array(case.x)) == native.run(np.array(case.x))).all()


def test_a_branch_taken_otherwise_is_noticed():
    def f(xs):
        x = xs[0]
        for _ in range(20):
            x = mx.sin(x) * 1.5
        return x * x if x > 0.0 else -3.0 * x

    g = compile(f)
    g.value_and_grad([1.0])
    g.program([1.0]).gradient_runner(((0, 1),)).settle()
    assert g.program([1.0]).gradient_runner(((0, 1),)).form == "native"
    for number in (1.0, -1.0, 0.5, -0.5):
        x = mx.Value(number)
        out = f([x])
        out.backward()
        value, slopes = g.value_and_grad([number])
        assert [value, *slopes] == pytest.approx([out.data, x.grad], rel=1e-13)


@pytest.mark.parametrize("f", [lambda xs: mx.gelu(xs[0]), lambda xs: mx.minimum(xs[0], math.inf)])
def test_an_operation_or_a_number_without_machine_code_leaves_the_program_to_source(f):
    def longer(xs):
        x = f(xs)
        for _ in range(30):
            x = mx.sin(x)
        return x

    program, native = settled(longer, [0.5])
    assert native.form == "source"
    x = mx.Value(0.5)
    longer([x]).backward()
    assert program.run_gradient(np.array([0.5]))[1][0] == pytest.approx(x.grad, rel=1e-13)


def test_a_c_function_that_is_missing_leaves_the_program_to_source(monkeypatch):
    monkeypatch.setitem(llvm_text.C_NAMES, "sin", "no_such_function")
    written.cache_clear()
    try:
        case = chain(50)
        assert settled(case.f, case.x)[1].form == "source"
    finally:
        written.cache_clear()


@pytest.mark.parametrize(
    "array",
    [
        lambda np, a: np.sinc(a),
        lambda np, a: a if a > 0.0 else -a,
        lambda np, a: a**2,
        lambda np, a: np.greater(a, 0.0) + np.less(a, 1.0),
        lambda np, a: a | a,
        lambda numpy, a: np.sin(a),
        lambda np, a: a.sum(),
        lambda np, a: (a, a),
    ],
)
def test_an_array_form_that_asks_for_more_has_no_machine_code(array):
    assert written(Op("odd", "odd({})", abs, (1.0,), ((0.0, 1.0),), None, array, None, ()), 1) is None


def test_without_llvmlite_a_program_becomes_source(monkeypatch):
    monkeypatch.setattr(runner, "AVAILABLE", False)
    case = chain(50)
    assert settled(case.f, case.x)[1].form == "source"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:.*fork")  # by Python, and by libraries that other tests import
def test_a_process_forked_while_another_thread_compiles_can_compile_too():
    inside, go_on = threading.Event(), threading.Event()

    def hold():
        if threading.current_thread() is other:
            inside.set()
            go_on.wait()

    other = threading.Thread(target=settled, args=(lambda x: x[0].sin() * x[0], [0.5]))
    callbacks = hold, lambda: None  # which llvmlite calls while it holds its lock
    llvm.register_lock_callback(*callbacks)
    try:
        other.start()
        assert inside.wait(10)
        threading.Timer(0.05, go_on.set).start()
        child = os.fork()
        if not child:
            signal.alarm(10)  # ends it if it hangs
            _, run = settled(lambda x: x[0].cos() * x[0], [0.5])
            os._exit(0 if run.form == "native" else 1)
        assert os.waitpid(child, 0)[1] == 0
    finally:
        go_on.set()
        other.join()
        llvm.unregister_lock_callback(*callbacks)


def test_machine_code_that_goes_while_another_thread_compiles_is_given_back_with_the_next():
    first, second = mock.Mock(), mock.Mock()
    with ThreadPoolExecutor(1) as other:
        other.submit(COMPILING.acquire).result()
        unload(first)
        assert not first.close.called
        other.submit(COMPILING.release).result()
    unload(second)
    assert (first.close.call_count, second.close.call_count) == (1, 1)
