"""Machine code gives the numbers of eager evaluation, and where a number on the way is not finite, it says so."""

import itertools
import math
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np
import pytest
from replay_forms import only

import microgradx as mx
from microgradx.bench.formulas import chain_case, random_graph, rosenbrock
from microgradx.bench.networks import attention, circles_case, conv1d, moons_case, rnn
from microgradx.operation import Op
from microgradx.replay.arguments import Call
from microgradx.replay.compile import compile
from microgradx.replay.program import Program
from microgradx.replay.run import interpreter, llvm_text, machine_code, tiers
from microgradx.replay.run.interpreter import Interpreter
from microgradx.replay.run.layout import Layout
from microgradx.replay.run.llvm import COMPILING, unload
from microgradx.replay.run.llvm_text import code, written_llvm
from microgradx.replay.run.machine_code import ROWS_IN_ONE, Native
from microgradx.replay.run.row_by_row import Loop
from microgradx.replay.specialization import Recording
from microgradx.replay.tape.rows import PRIVATE
from microgradx.replay.tape.tape import Tape

llvm = pytest.importorskip("llvmlite.binding.ffi")

TABLE = [*mx.OPS.values(), *PRIVATE.values()]
CALLED = {
    "lgamma", "polygamma", "round", "log_normal_cdf", "inverse_mills", "mills_gap", "erfinv", "gamma", "sinc", "sinc_derivative",
    "softmax_share", *llvm_text.OTHER_DIGITS,
}  # fmt: skip
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-300, 1e300, -1e300, math.inf, -math.inf, math.nan]


def recorded(f, x):
    return Recording(f, Call((list(x),), {})).program


def settled(f, x):
    """The program of f at x and its gradient runner, as machine code if it can be."""
    with only("native"):
        program = recorded(f, x)
        return program, program.gradient_runner()


def single(form, op, count):
    """One operation on `count` inputs in a form, as a function of an array."""
    tape = Tape()
    inputs = [tape.input(1.0, 0) for _ in range(count)]
    return form(Layout(tape, [tape.append(op, inputs).slot])).bind()


def equal(a, b):
    """The same number, zeros with their sign."""
    return (a == b and math.copysign(1.0, a) == math.copysign(1.0, b)) or (a != a and b != b)


def test_every_other_operation_has_machine_code():
    assert {op.name for op in TABLE if written_llvm(op, op.arity or 4) is None} == CALLED


@pytest.mark.parametrize("form", [Native, Interpreter])
@pytest.mark.parametrize("op", TABLE, ids=lambda op: op.name)
def test_an_operation_gives_the_eager_number_in_its_domain(op, form):
    count, r = op.arity or 4, random.Random(op.name)
    run = single(form, op, count)
    for _ in range(100):
        operands = [r.uniform(*(op.domain * count)[i]) for i in range(count)]
        assert run(np.array(operands))[0] == op.forward(*operands), operands


@pytest.mark.parametrize("op", TABLE, ids=lambda op: op.name)
def test_the_interpreter_gives_the_eager_number_for_infinity_and_nan_too(op):
    count, r = op.arity or 4, random.Random(op.name)
    run = single(Interpreter, op, count)
    if op.name == "exp_below":
        return  # whose second operand is the largest: the tests of softmax have it
    for operands in itertools.product(EDGES, repeat=count) if count < 3 else [r.choices(EDGES, k=count) for _ in range(2000)]:
        assert equal(run(np.array(operands))[0], op.forward(*operands)), operands


@pytest.mark.parametrize(
    "op", [op for op in TABLE if op.name not in ("chain", "kept", "exp_below", "summit")], ids=lambda op: op.name
)
def test_machine_code_differs_there_only_in_what_derivatives_make_of_zeros(op):
    count, r = op.arity or 4, random.Random(op.name)
    run = single(Native, op, count)
    for operands in [r.choices(EDGES, k=count) for _ in range(500)]:
        assert equal(run(np.array(operands))[0], op.forward(*operands)), operands


@pytest.mark.parametrize(
    "f",
    [
        lambda x: mx.minimum(mx.exp(x), 5.0),
        lambda x: 1.0 / (1.0 + mx.exp(x)),
        lambda x: mx.tanh(x * 1e308),
        lambda x: mx.where(mx.log(1.0 - x) > 0.0, x, -x),
        lambda x: mx.step(mx.sqrt(-x)) * x,
        lambda x: mx.maximum(x / (x - x), 2.0) * 0.0 + x,
        lambda x: mx.where(x > 0.0, mx.log(x - 1000.0), 0.0) * 0.0,
        lambda x: mx.maximum(x, -math.inf) + mx.softmax([x, -math.inf])[0],
    ],
)
def test_infinities_on_the_way_and_among_the_constants_come_out_as_in_eager_evaluation(f):
    program, runner = settled(lambda xs: f(xs[0]), [1000.0])
    x = mx.Value(1000.0)
    out = f(x)
    out.backward()
    value, slopes = program.run_gradient(np.array([1000.0]))
    assert runner.form == "native"
    assert [value, *slopes] == pytest.approx([out.data, x.grad], nan_ok=True, rel=0.0, abs=0.0)


def test_an_infinity_that_a_choice_discards_costs_nothing():
    f = lambda xs: mx.sum([mx.where(x > 0.0, mx.log(x), 0.0) for x in xs])  # noqa: E731
    for form in ("native", "array"):
        with only(form):
            g = compile(f)
            found = g.value_and_grad([0.5, -1.0, 2.0])
            runner = next(iter(g.program([0.5, -1.0, 2.0]).runners.values()))
        assert found == (pytest.approx(0.0, abs=1e-16), [2.0, 0.0, 0.5])
        assert (runner.form, runner.repeated) == (form, 0)


def test_what_meets_a_zero_factor_is_repeated_exactly_and_the_printed_program_says_so():
    f = lambda xs: mx.sum([mx.where(x > 0.0, mx.log(x), 0.0) for x in xs])  # noqa: E731
    with only("array"):
        g = compile(f)
        assert g.value_and_grad([0.5, 0.0]) == (math.log(0.5), [2.0, 0.0])
        assert "1 runs repeated exactly, as a result was not finite" in str(g.program([0.5, 0.0]))


def test_what_python_rows_raise_is_raised_once_the_machine_code_is_done(monkeypatch):
    asked = []

    def forward(a):
        asked.append(a)
        if a < 0.0:
            raise KeyboardInterrupt
        return a

    own = Op("own", "own({})", forward, (1.0,), ((0.0, 1.0),), None, None, None, ())
    monkeypatch.setitem(mx.OPS, "own", own)
    with only("native"):
        f = compile(lambda xs: own(xs[0]) * 2.0)
        assert f.value_and_grad([3.0]) == (6.0, [2.0])
        with pytest.raises(KeyboardInterrupt):
            f.value_and_grad([-3.0])
        assert f.value_and_grad([4.0]) == (8.0, [2.0])
    assert asked == [3.0, -3.0, 4.0]  # each once, and the recording asks for no number


def test_a_program_of_many_blocks_gives_the_numbers_of_the_exact_path():
    case = random_graph(5 * ROWS_IN_ONE)
    _, native = settled(case.f, case.x)
    assert native.form == "native"
    assert native.run(np.array(case.x)).tolist() == native.exact(np.array(case.x)).tolist()


def test_a_program_of_many_small_calls_is_never_run_as_arrays_so_that_its_digits_stay():
    case = rnn(30)
    program = recorded(case.f, case.x)
    first = program.run_gradient(np.array(case.x))
    native = program.gradient_runner()
    assert native.form in ("loop", "interpreter")
    native.settle()
    last = program.run_gradient(np.array(case.x))
    assert native.form == "native"
    assert (last[0], last[1].tolist()) == (first[0], first[1].tolist())


def test_a_narrow_program_changes_once_that_would_have_paid(monkeypatch):
    monkeypatch.setattr(tiers, "FORMS", [Loop, Native])
    case = chain_case(200)
    program = recorded(case.f, case.x)
    run = program.gradient_runner().tiered(False)
    forms = [run.kind.name]
    while forms[-1] == "loop" and len(forms) < 2000:
        program.run_gradient(np.array(case.x))
        forms.append(run.kind.name)
    assert 10 < len(forms) < 500
    assert forms[-1] == "native"


@pytest.mark.parametrize("make", [moons_case, circles_case, conv1d, attention, lambda: rosenbrock(5000)])
def test_a_wide_program_stays_an_array_program(make):
    case = make()
    run = recorded(case.f, case.x).gradient_runner()
    run.settle()
    assert run.form == "array"


def test_the_printed_program_says_machine_code():
    case = chain_case(100)
    program, _ = settled(case.f, case.x)
    assert "scalar rows as machine code (native)" in str(program)


def test_outputs_may_be_inputs_constants_and_the_same_row_twice():
    x, y = mx.Value(2.0), mx.Value(3.0)
    z = mx.sin(x) * y
    with only("native"):
        program = Program.from_graph([z, x, z, y], [x, y])
        assert program.value_runner().form == "native"
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
    case = chain_case(100)
    program, native = settled(case.f, case.x)
    copy = pickle.loads(pickle.dumps(program))
    again = copy.gradient_runner()
    assert again.narrow == {}
    with only("native"):
        assert again.form == "native"
    assert (again.run(np.array(case.x)) == native.run(np.array(case.x))).all()


def test_a_branch_taken_otherwise_is_noticed():
    def f(xs):
        x = xs[0]
        for _ in range(20):
            x = mx.sin(x) * 1.5
        return x * x if x > 0.0 else -3.0 * x

    g = compile(f)
    with only("native"):
        g.value_and_grad([1.0])
        assert g.program([1.0]).gradient_runner(((0, 1),)).form == "native"
    for number in (1.0, -1.0, 0.5, -0.5):
        x = mx.Value(number)
        out = f([x])
        out.backward()
        value, slopes = g.value_and_grad([number])
        assert [value, *slopes] == pytest.approx([out.data, x.grad], rel=1e-13)


def test_functions_that_take_as_long_in_every_form_do_not_keep_a_program_from_machine_code():
    def f(xs):
        for _ in range(20):
            xs = [mx.sin(xs[0]) * mx.exp(-xs[1]), mx.cos(xs[1]) + xs[0]]
        return xs[0]

    tiered = recorded(f, [0.3, 0.4]).gradient_runner().tiered(False)
    now, then = tiered.kind.cost(tiered.layout), Native.cost(tiered.layout)
    assert tiered.kind is Interpreter
    assert now / 2 < then < 0.7 * now
    tiered.settle()
    assert tiered.kind is Native


def test_nothing_takes_longer_to_compile_than_two_seconds():
    assert machine_code.LONGEST_CODE * machine_code.CODE_ROW_NS + machine_code.START_NS < 2e9
    assert machine_code.FEW * machine_code.CARE_NS + machine_code.START_NS < 0.5e9


def test_an_operation_without_machine_code_is_a_call_of_python():
    def longer(xs):
        x = mx.lgamma(2.0 + xs[0])
        for _ in range(30):
            x = mx.sin(x) + mx.erfinv(0.3 * x)
        return x

    program, native = settled(longer, [0.5])
    x = mx.Value(0.5)
    longer([x]).backward()
    assert native.form == "native"
    assert program.run_gradient(np.array([0.5]))[1][0] == x.grad


def test_a_c_function_that_is_missing_leaves_the_program_to_other_forms(monkeypatch):
    monkeypatch.setitem(llvm_text.C_NAMES, "sin", "no_such_function")
    written_llvm.cache_clear()
    try:
        case = chain_case(50)
        assert settled(case.f, case.x)[1].form == "loop"
    finally:
        written_llvm.cache_clear()


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
    assert code(array, 1) is None


def test_an_operation_of_the_users_own_is_called_as_its_array_form_may_round_otherwise():
    swish = Op(
        "swish",
        "swish({})",
        lambda a: a * mx.sigmoid(a),
        (1.0,),
        ((0.0, 1.0),),
        None,
        lambda np, a: a / (1 + np.exp(-a)),
        None,
        (),
    )
    assert written_llvm(swish, 1) is None
    assert code(swish.array, 1) is not None
    assert single(Interpreter, swish, 1)(np.array([0.3]))[0] == swish.forward(0.3)


def test_without_llvmlite_a_program_becomes_source(monkeypatch):
    for module in (interpreter, machine_code):
        monkeypatch.setattr(module, "AVAILABLE", False)
    case = chain_case(50)
    run = recorded(case.f, case.x).gradient_runner()
    run.settle()
    assert run.form == "source"


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


def test_a_first_call_imports_no_part_of_numpy_that_it_does_not_need():
    code = "import microgradx as mx, sys; mx.compile(lambda x: x * x).value_and_grad(2.0); print('numpy.ma' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
