"""Repeated steps are found again in the rows, compiled once, and give the bits of the steps one by one."""

import math
import random
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_forms import needs_llvmlite, only

import microgradx as mx
from microgradx.replay.arguments import Call
from microgradx.replay.compile import compile
from microgradx.replay.regroup import steps
from microgradx.replay.regroup.steps import repeated, roll, segments
from microgradx.replay.run import python_source, tiers
from microgradx.replay.run.layout import Layout
from microgradx.replay.run.llvm import AVAILABLE
from microgradx.replay.run.machine_code import Native
from microgradx.replay.run.python_source import Source
from microgradx.replay.run.row_by_row import Loop
from microgradx.replay.specialization import Recording


def predator_and_prey(count, h=0.01):
    """Lotka and Volterra's equations by the classical Runge-Kutta method."""

    def f(p):
        x, y = p[0], p[1]

        def slope(x, y):
            return p[2] * x - p[3] * x * y, p[4] * x * y - p[5] * y

        for _ in range(count):
            a = slope(x, y)
            b = slope(x + 0.5 * h * a[0], y + 0.5 * h * a[1])
            c = slope(x + 0.5 * h * b[0], y + 0.5 * h * b[1])
            d = slope(x + h * c[0], y + h * c[1])
            x = x + h / 6.0 * (a[0] + 2.0 * b[0] + 2.0 * c[0] + d[0])
            y = y + h / 6.0 * (a[1] + 2.0 * b[1] + 2.0 * c[1] + d[1])
        return x * y

    return f, [1.0, 0.8, 1.1, 0.4, 0.1, 0.4]


def layout_of(f, xs, question="gradient"):
    """The rows of a program that answers a question at xs, all of them however many."""
    program = Recording(f, Call((xs,), {})).program
    program.recurrence = None
    runner = program.question_runner(question, ((0, len(xs)),))
    return Layout(runner.tape, runner.rows)


def rolled(layout):
    """(period, repeats) of the segments that repeat."""
    return [(segment.period, segment.repeats) for segment in layout.segments if segment.repeats > 1]


def read_back(layout):
    """The operands of all rows as the segments tell them."""
    found = []
    for segment in layout.segments:
        for k in range(segment.repeats):
            lines = segment.start + k * segment.stride
            inner = segment.table >= 0
            lines[inner] = segment.tables[segment.table[inner], k]
            found.append(lines)
    return np.concatenate(found)


def test_the_way_there_and_the_way_back_of_an_ode_are_each_one_step():
    short, long = (rolled(layout_of(*predator_and_prey(count))) for count in (100, 300))
    assert [period for period, _ in short] == [period for period, _ in long]
    assert [more - fewer for (_, fewer), (_, more) in zip(short, long, strict=True)] == [200, 200]
    assert sum(period * repeats for period, repeats in long) > 0.98 * len(layout_of(*predator_and_prey(300)))


KINDS = {
    "product": lambda a, b, c: 0.7 * a * b,
    "sum": lambda a, b, c: 0.5 * (a - b),
    "sine": lambda a, b, c: mx.sin(a + 0.1 * b),
    "tanh": lambda a, b, c: mx.tanh(a) * 0.9,
    "where": lambda a, b, c: mx.where(a - b, 0.5 * a, 0.3 * b),
    "quotient": lambda a, b, c: a / (1.5 + b * b),
    "other": lambda a, b, c: 0.5 * (a + c),
}


def step_function(seed, most=200):
    """A function of random steps of a few states, with weights, an input and a constant for each, branches."""
    r = random.Random(seed)
    states, weights = r.randint(1, 3), r.randint(1, 3)
    constants = [r.choice([0.1, 0.2, r.uniform(0.1, 0.9)]) for _ in range(most)]
    kinds = [(r.choice(list(KINDS)), r.random(), r.random(), r.randrange(3)) for _ in range(6)]
    asked = [r.random() for _ in range(r.choice([0, 0, 1, 3]))]

    def f(xs, count):
        w, state, inputs = xs[:weights], list(xs[weights : weights + states]), xs[weights + states :]
        earlier, total = [*state], 0.0
        for t in range(count):
            values = [*w, *state]
            for kind, i, j, other in kinds:
                c = (inputs[t % len(inputs)], constants[t], earlier[0])[other]
                values.append(KINDS[kind](values[int(i * len(values))], values[int(j * len(values))], c))
            assert not any(values[int(i * len(values))] > 100.0 for i in asked)
            earlier, state = state, values[-states:]
            total = total + state[0] * state[-1]
        return mx.sum(state) + total

    return f, weights + states


LOOPED = [Source, *([Native] if AVAILABLE else [])]


@given(st.integers(0, 10**9), st.integers(20, 60), st.sampled_from(["gradient", "hessian"]))
@settings(derandomize=True, deadline=None, max_examples=25)
def test_rolled_programs_give_the_bits_of_unrolled_ones(seed, count, question):
    step, leading = step_function(seed)
    r = random.Random(seed)
    xs = [r.uniform(0.2, 0.9) for _ in range(leading + (count if question == "gradient" else 3))]
    layout = layout_of(lambda xs: step(xs, count), xs, question)
    assert np.array_equal(read_back(layout), layout.flat()[1])
    assert sum(segment.period * segment.repeats for segment in layout.segments) == len(layout)
    points = [np.array([r.uniform(0.2, 0.9) for _ in range(layout.inputs)]) for _ in range(2)]
    expected = [Loop(layout).bind()(point).tolist() for point in points]
    for form in LOOPED:
        with mock.patch.object(python_source, "LONGEST_SOURCE", 0):
            run = form(layout).bind()
        assert [run(point).tolist() for point in points] == expected


def lstm(count):
    """A recurrent cell of two numbers that gets one of seven constants in each step."""

    def f(w):
        h, c = [0.1, -0.2], [0.0, 0.0]
        for t in range(count):
            x = math.sin(t % 7)
            gates = [w[4 * i] * h[0] + w[4 * i + 1] * h[1] + w[4 * i + 2] * x + w[4 * i + 3] for i in range(8)]
            c = [mx.sigmoid(gates[k]) * c[k] + mx.sigmoid(gates[2 + k]) * mx.tanh(gates[4 + k]) for k in range(2)]
            h = [mx.sigmoid(gates[6 + k]) * mx.tanh(c[k]) for k in range(2)]
        return h[0] * h[1]

    return f, [math.sin(i) / 2.0 for i in range(32)]


def test_constants_that_differ_from_step_to_step_are_listed_in_a_table():
    layout = layout_of(*lstm(60))
    assert len(rolled(layout)) == 2
    assert any(len(segment.tables) for segment in layout.segments if segment.repeats > 1)
    assert np.array_equal(read_back(layout), layout.flat()[1])


@pytest.mark.parametrize("make", [lambda: predator_and_prey(200), lambda: lstm(50)])
@pytest.mark.parametrize("form", ["source", pytest.param("native", marks=needs_llvmlite)])
def test_compiled_loops_have_the_bits_of_eager_evaluation(make, form):
    f, xs = make()
    leaves = [mx.Value(x) for x in xs]
    out = f(leaves)
    out.backward()
    with only(form), mock.patch.object(python_source, "LONGEST_SOURCE", 0):
        assert compile(f).value_and_grad(xs) == (out.data, [leaf.grad for leaf in leaves])


@pytest.mark.parametrize("form", ["source", pytest.param("native", marks=needs_llvmlite)])
def test_a_step_that_overflows_late_is_repeated_exactly(form):
    def f(xs):
        x = xs[0]
        for _ in range(100):
            x = mx.minimum(x * x, 1e300) + 0.1
        return mx.where(x > 1.0, 2.0 * xs[0], x)

    with only(form):
        g = compile(f)
        for start in (0.5, 1.5, math.inf, math.nan):
            leaf = mx.Value(start)
            out = f([leaf])
            out.backward()
            found = g.value_and_grad([start])
            assert found == (pytest.approx(out.data, nan_ok=True, rel=0.0), [pytest.approx(leaf.grad, nan_ok=True, rel=0.0)])


def bent(xs):
    """Steps with the error function, which C has."""
    x = xs[0]
    for _ in range(60):
        x = mx.gelu(x) + xs[1] * x - mx.erf(x) * 0.1
    return x


def called(xs):
    """Steps with operations that Python calculates, of the step before, of a constant, and of numbers that differ in each."""
    x, weights = xs[0], random.Random(2).sample(range(1000), 60)
    for weight in weights:
        x = 0.5 * mx.lgamma(1.5 + x * x) + mx.erfinv(0.001 * weight) * mx.erfinv(xs[1]) + mx.erfinv(0.1 * x)
    return x


@needs_llvmlite
@pytest.mark.parametrize("f", [bent, called])
def test_steps_with_the_error_function_or_a_call_of_python_are_loops_too(f):
    leaves = [mx.Value(0.4), mx.Value(0.5)]
    out = f(leaves)
    out.backward()
    layout = layout_of(f, [0.4, 0.5])
    assert sum(period * repeats for period, repeats in rolled(layout)) > 0.9 * len(layout)
    assert len(Native(layout).python) < len(layout) / 20
    for form in ("native", "interpreter"):
        with only(form):
            assert compile(f).value_and_grad([0.4, 0.5]) == (out.data, [leaf.grad for leaf in leaves])


def test_rows_that_only_look_periodic_are_left_alone():
    r = random.Random(5)
    kind = np.tile(np.arange(20), 30)
    starts = np.arange(len(kind) + 1)
    slots = np.array([r.randrange(10**6) for _ in kind])
    assert repeated(kind, 20) == [(0, 30)]
    assert roll(starts, slots, 0, 20, 30) is None
    assert [(s.low, s.high, s.repeats) for s in segments(kind, starts, slots)] == [(0, 600, 1)]


def test_steps_at_the_ends_that_lie_otherwise_stay_outside_the_loop():
    kind = np.tile(np.arange(20), 30)
    slots = np.arange(600) + 7
    slots[[3, 25, 598]] = 0
    (head, loop, tail) = segments(kind, np.arange(601), slots)
    assert [(s.low, s.high, s.repeats) for s in (head, loop, tail)] == [(0, 40, 1), (40, 580, 27), (580, 600, 1)]


def test_too_few_steps_are_not_looked_for():
    assert steps.periods(np.tile(np.arange(20), 3)) == []
    assert repeated(np.tile(np.arange(20), 5), 20) == []


def test_many_steps_are_never_overlooked_and_few_never_taken_for_many(monkeypatch):
    r = random.Random(0)
    told = []
    for _ in range(300):
        period, count, wanted = r.choice([1, 2, 3, 7]), r.randrange(60), r.choice([8, 11, 40])
        before, step, after = ([r.randrange(3) for _ in range(n)] for n in (r.randrange(150), period, r.randrange(150)))
        kind = np.array([*before, *step * count, *after], dtype=np.int32)
        most = longest_run(kind, wanted)
        told.append(steps.may_repeat(kind, wanted))
        assert told[-1] or most < wanted
        assert not told[-1] or most >= wanted // 2 - 1
    assert 50 < sum(told) < 250
    monkeypatch.setattr(steps, "LOOKED_AT", 100)
    assert steps.may_repeat(np.arange(101), 8)


def longest_run(kind, wanted):
    """The most steps of one period that follow each other, of the periods of which there is room for as many as wanted."""
    found = 0
    for period in range(1, len(kind) // wanted + 1):
        same = "".join("01"[int(a == b)] for a, b in zip(kind[period:], kind, strict=False))
        found = max(found, len(max(same.split("0"), key=len)) // period + 1)
    return found


def test_without_machine_code_a_long_recurrence_becomes_loops(monkeypatch):
    monkeypatch.setattr(tiers, "FORMS", [Loop, Source])
    monkeypatch.setattr(python_source, "LONGEST_SOURCE", 3_000)
    f, xs = predator_and_prey(200)
    run = Recording(f, Call((xs,), {})).program.gradient_runner(((0, 6),))
    first = run.run(np.array(xs)).tolist()
    assert run.form == "loop"
    run.settle()
    assert run.form == "source"
    assert run.run(np.array(xs)).tolist() == first


@needs_llvmlite
def test_ten_times_the_steps_are_the_same_code(monkeypatch):
    texts = []
    original = Native.module

    def module(self, blocks):
        lines = list(original(self, blocks))
        texts.append(len(lines))
        return lines

    monkeypatch.setattr(Native, "module", module)
    for count in (100, 1000):
        Native(layout_of(*predator_and_prey(count)))
    assert texts[0] == texts[1]


def with_a_branch(count):
    """Each step takes the same side of a branch on its number."""

    def f(v):
        x = v[0]
        for _ in range(count):
            x = x * v[1] + 0.1 if x > 0.0 else x * v[1] - 0.1
        return x * x

    return f


def with_a_long_memory(count):
    """Each step reads what is twenty steps older."""

    def f(v):
        xs = [v[0]] * 21
        for _ in range(count):
            xs.append(xs[-1] * v[1] + 0.01 * xs[-20])
        return xs[-1]

    return f


@pytest.mark.parametrize("question", ["gradient", "hvp"])
@pytest.mark.parametrize("make", [with_a_branch, with_a_long_memory])
def test_steps_with_a_branch_or_a_long_memory_are_the_same_code_too(make, question):
    def code(count):
        c = compile(make(count))
        c.hvp(([0.5, 0.9],), ([1.0, 0.0],)) if question == "hvp" else c.value_and_grad([0.5, 0.9])
        ((recording,),) = c.recordings.values()
        *_, runner = recording.program.runners.values()
        return [(part.period, part.repeats > 1) for part in Layout(runner.tape, runner.rows).segments]

    assert code(150) == code(300)
