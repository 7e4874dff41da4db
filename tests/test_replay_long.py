"""Long recurrences are derived on a few of their steps, and give the bits of all of them."""

import math
import pickle
import random
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_forms import needs_llvmlite
from test_replay_steps import predator_and_prey, step_function

import microgradx as mx
from microgradx.replay.arguments import Call
from microgradx.replay.regroup.steps import progressions
from microgradx.replay.run import fewer_steps, tiers
from microgradx.replay.run.fewer_steps import Recurrence
from microgradx.replay.run.long_runner import LongRunner
from microgradx.replay.run.row_by_row import Loop
from microgradx.replay.run.runner import GuardFailed, Runner
from microgradx.replay.run.tiers import FORMS
from microgradx.replay.specialization import Recording


@pytest.fixture(autouse=True)
def short_programs_are_looked_at(monkeypatch):
    monkeypatch.setattr(fewer_steps, "LOOKED_INTO", 1000)


def recorded(f, *xs):
    """The program of f."""
    return Recording(f, Call(xs, {})).program


def in_full(program):
    """The same, every step of it written out."""
    copy = pickle.loads(pickle.dumps(program))
    copy.recurrence = None
    return copy


def both(f, xs, *others, question="gradient"):
    """The numbers of an answer from a few steps and from all, and what gave the first."""
    program = recorded(f, xs, *others)
    span = ((0, len(xs)),)
    numbers = Call((xs, *others), {}).numbers
    runner = program.question_runner(question, span)
    inputs = np.concatenate((numbers, np.linspace(0.5, 1.0, len(xs)))) if question in ("hvp", "jvp") else numbers
    return runner.run(inputs).tolist(), in_full(program).question_runner(question, span).run(inputs).tolist(), runner


@given(st.integers(0, 10**9), st.integers(510, 540), st.sampled_from(["value", "gradient", "hvp"]))
@settings(derandomize=True, deadline=None, max_examples=20)
def test_random_steps_have_the_bits_of_all_of_them(seed, count, question):
    step, leading = step_function(seed, count)
    r = random.Random(seed)
    xs, series = ([r.uniform(0.2, 0.9) for _ in range(n)] for n in (leading, r.choice([1, 7, count])))
    found, expected, _ = both(lambda xs, series: step([*xs, *series], count), xs, series, question=question)
    assert found == expected


def test_the_steps_are_never_written_out_and_the_code_is_that_of_a_few():
    for count in (600, 1200):
        f, xs = predator_and_prey(count)
        program = recorded(f, xs)
        runner = program.gradient_runner()
        assert type(runner) is LongRunner
        assert len(program.tape) == program.recorded
        blocks = [(part.period, part.repeats) for part in runner.narrow[False].layout.segments]
        assert sum(period for period, _ in blocks) < 1000
        assert sum(period * repeats for period, repeats in blocks) == runner.rows_live
        assert max(repeats for _, repeats in blocks) >= count - 2


@pytest.mark.parametrize("question", ["value", "gradient", "hvp", "hessian", "jvp"])
def test_what_is_asked_of_a_recurrence_needs_only_a_few_steps(question):
    def f(xs):
        x = xs[0]
        for _ in range(600):
            x = x + 0.01 * (xs[1] * x - x * x * xs[2])
        return x

    found, expected, runner = both(f, [0.1, 1.0, 0.5], question=question)
    assert found == expected
    assert type(runner) is LongRunner


def test_numbers_that_differ_from_step_to_step_are_read_at_each_call():
    def f(xs, series):
        level, total = xs[0], 0.0
        for t in range(700):
            level = level + xs[1] * (series[t] - level) + 0.001 * math.sin(t % 11)
            total = total + (series[t] - level) ** 2 / (1.0 + t)
        return total

    r = random.Random(2)
    xs, series = [0.1, 0.5], [r.gauss(0.0, 1.0) for _ in range(700)]
    program = recorded(f, xs, series)
    assert type(program.gradient_runner(((0, 2),))) is LongRunner
    for scale in (1.0, -2.0):
        numbers = np.array([*xs, *(scale * x for x in series)])
        value, slopes = program.run_gradient(numbers, ((0, 2),))
        leaves = [mx.Value(x) for x in xs]
        out = f(leaves, numbers[2:].tolist())
        out.backward()
        assert (value, slopes.tolist()) == (out.data, [leaf.grad for leaf in leaves])


def test_derivatives_by_an_input_for_each_step_take_all_steps():
    def f(series):
        level = 0.0
        for x in series:
            level = level + 0.1 * (x - level) * (x + 1.0)
        return level

    found, expected, runner = both(f, [math.sin(t) for t in range(700)])
    assert found == expected
    assert type(runner) is not LongRunner


@pytest.mark.parametrize("total", [sum, mx.sum, mx.mean])
def test_loops_through_the_same_steps_are_shortened_together(total):
    def f(xs):
        x, path = xs[0], []
        for _ in range(2000):
            x = x + 0.01 * (xs[1] - x * x * xs[2]) * x
            path.append(x)
        return total([(x - 0.5).tanh() for x in path])

    program = recorded(f, [0.1, 1.0, 0.5])
    assert len(program.recurrence.groups) == 1
    assert len(program.recurrence.loops) == 3  # the path, the hyperbolic tangents, their sum
    found, expected, runner = both(f, [0.1, 1.0, 0.5])
    assert found == expected
    assert type(runner) is LongRunner


def test_loops_of_different_lengths_are_shortened_each_for_itself():
    def f(xs):
        x, y = xs
        for _ in range(800):
            x = x + 0.01 * (1.0 - x * x) * y
        for _ in range(1000):
            y = y + 0.01 * (x - y) * mx.tanh(y)
        return x * y

    program = recorded(f, [0.1, 0.7])
    assert len(program.recurrence.groups) == 2
    found, expected, runner = both(f, [0.1, 0.7])
    assert found == expected
    assert type(runner) is LongRunner


@pytest.mark.parametrize("odd", [0, 1, 300, 698, 699])
def test_a_step_that_is_otherwise_is_heeded(odd):
    def f(xs):
        x, y = xs
        for t in range(700):
            x, y = x + 0.01 * y * (y if t == odd else x), y - 0.01 * x * y
        return x * y

    found, expected, _ = both(f, [0.3, 0.8])
    assert found == expected


def test_steps_that_only_look_alike_are_left_alone():
    r = random.Random(1)

    def f(xs):
        states = [xs[0], xs[1]]
        for _ in range(700):
            states.append(states[-1] * 0.5 + mx.sin(r.choice(states[-9:])) * mx.tanh(r.choice(states[-9:])))
        return states[-1]

    program = recorded(f, [0.3, 0.8])
    assert program.recurrence is None
    x = np.array([0.3, 0.8])
    assert program.run(x).tolist() == in_full(program).run(x).tolist()


def test_two_steps_that_take_turns_are_one_block():
    def f(xs):
        x, before = xs[0], xs[1]
        for _ in range(700):
            x, before = before + 0.01 * mx.sin(x) * xs[1], x
        return x * before

    found, expected, _ = both(f, [0.3, 0.8])
    assert found == expected


@pytest.mark.parametrize("lag", [2, 4, 5, 7])
def test_steps_that_read_what_was_long_before(lag):
    def f(xs):
        path = [xs[0] + 0.1 * k for k in range(lag)]
        for _ in range(701):
            path.append(path[-lag] + 0.01 * (mx.sin(path[-1]) - path[-lag] * path[-2]) * xs[1])
        return path[-1] * path[-2]

    found, expected, runner = both(f, [0.3, 0.8])
    assert found == expected
    assert (type(runner) is LongRunner) == (fewer_steps.MORE % lag == 0)


def clipped(count, low=0.1, high=2.0):
    """Steps with two branches each; from 0.3 and 0.8 the first one is taken always, the second one never."""

    def f(xs):
        x, y = xs[0], xs[1]
        for _ in range(count):
            x, y = x + 0.01 * y * (1.0 - x), y + 0.01 * (0.5 - x * y)
            if x < high:
                y = y + 0.001 * x
            if y < low:
                y = low * mx.exp(y)
        return x * y

    return f


@pytest.mark.parametrize("question", ["value", "gradient", "hvp"])
def test_steps_with_branches_that_go_the_same_way_are_a_recurrence(question):
    found, expected, runner = both(clipped(700), [0.3, 0.8], question=question)
    assert found == expected
    assert type(runner) is LongRunner
    assert 1400 <= len(runner.guards) // 8 <= 1401


@pytest.mark.parametrize("start", [[0.5, 0.8], [0.3, -1.0], [3.0, 0.8], [math.nan, 0.5], [math.inf, 0.5]])
def test_a_branch_of_any_step_that_goes_the_other_way_is_seen(start):
    f = clipped(700)
    g = mx.compile(f)
    assert g.value_and_grad([0.3, 0.8]) == mx.value_and_grad(f)([0.3, 0.8])
    assert type(g.program([0.3, 0.8]).gradient_runner(((0, 2),))) is LongRunner
    value, slopes = mx.value_and_grad(f)(start)
    for _ in range(3):
        found = g.value_and_grad(start)
        assert found == (pytest.approx(value, rel=0.0, nan_ok=True), pytest.approx(slopes, rel=0.0, nan_ok=True))
    assert g.value_and_grad([0.3, 0.8]) == mx.value_and_grad(f)([0.3, 0.8])


def test_one_step_that_took_another_way_is_heeded():
    def f(xs):
        x = xs[0]
        for t in range(700):
            x = x + 0.01 * xs[1] if x < 5.0 + t else x - xs[1]
        return x

    program = recorded(f, [0.3, 0.8])
    assert type(program.gradient_runner()) is LongRunner
    late = np.array([0.3, 1e3])
    with pytest.raises(GuardFailed):
        program.run_gradient(late)
    with pytest.raises(GuardFailed):
        program.check(late)
    program.check(np.array([0.3, 0.7]))


def test_two_ways_of_the_same_length_are_told_apart_step_by_step():
    r = random.Random(1)
    limits = [r.choice([-9.0, 9.0]) for _ in range(700)]

    def f(xs):
        x = xs[0]
        for limit in limits:
            x = x * 0.99 + xs[1] if x < limit else x * 0.99 + xs[0]
        return x

    def alike(xs):
        x = xs[0]
        for limit in limits:
            if x < limit:
                assert limit > 0.0
            x = x * 0.99 + 0.01 * xs[1] * mx.sin(x)
        return x

    for function, kind in ((f, Runner), (alike, LongRunner)):
        program = recorded(function, [0.3, 0.8])
        runner = program.gradient_runner()
        assert type(runner) is kind
        assert program.run_gradient(np.array([0.3, 0.8]))[0] == function([mx.Value(0.3), mx.Value(0.8)]).data
        for start in (-50.0, 50.0):
            with pytest.raises(GuardFailed):
                program.run_gradient(np.array([start, 0.8]))


def test_where_no_stretch_has_many_steps_none_are_looked_for(monkeypatch):
    monkeypatch.setattr(fewer_steps, "runs_of_steps", mock.Mock(side_effect=AssertionError("looked for")))
    assert recorded(*predator_and_prey(200)).recurrence is None
    with pytest.raises(AssertionError, match="looked for"):
        assert recorded(*predator_and_prey(600)).recurrence


def test_branches_that_take_turns_and_wide_sums_are_no_recurrence():
    r = random.Random(1)

    def branching(xs):
        x = xs[0]
        for _ in range(700):
            x = x + 0.01 * mx.sin(x) * xs[1] if x > r.choice([-100.0, 100.0]) else x - 0.001 * xs[1]
        return x

    def wide(xs):
        return mx.sum([mx.tanh(xs[0] + 0.01 * k) * xs[1] for k in range(3000)])

    assert recorded(branching, [0.3, 0.8]).recurrence is None
    assert type(recorded(wide, [0.3, 0.8]).gradient_runner()) is not LongRunner


@pytest.mark.parametrize("start", [0.5, 2.0, math.inf, math.nan])
def test_what_is_not_finite_is_run_again_step_by_step(start):
    def f(xs):
        x = xs[0]
        for _ in range(600):
            x = mx.minimum(x * x * (1.0 + 0.1 * x), 1e300) + 0.1 * xs[1]
        return mx.where(x > 1.0, 2.0 * xs[0], x)

    g = mx.compile(f)
    leaves = [mx.Value(start), mx.Value(0.3)]
    out = f(leaves)
    out.backward()
    value, slopes = g.value_and_grad([start, 0.3])
    assert value == pytest.approx(out.data, rel=0.0, nan_ok=True)
    assert slopes == [pytest.approx(leaf.grad, rel=0.0, nan_ok=True) for leaf in leaves]
    assert type(g.program([start, 0.3]).gradient_runner(((0, 2),))) is LongRunner


def test_second_derivatives_that_are_not_finite_are_those_of_all_steps():
    def f(xs):
        x = xs[0]
        for _ in range(600):
            x = x + 0.01 * mx.sqrt(xs[1] * xs[1]) * x
        return x

    found, expected, _ = both(f, [1.0, 0.0], question="hvp")
    assert str(found) == str(expected)


@pytest.mark.parametrize("form", ["loop", "source", pytest.param("native", marks=needs_llvmlite)])
def test_every_form_of_a_long_recurrence_gives_the_same_bits(form):
    f, xs = predator_and_prey(600)
    forms = [kind for kind in FORMS if kind.name in ("loop", form)]
    with mock.patch.object(tiers, "FORMS", forms):
        found, expected, runner = both(f, xs)
        assert runner.form == form
    assert found == expected


@pytest.mark.parametrize("op", [mx.gelu, mx.erf, mx.lgamma])
def test_an_operation_that_python_calculates_may_be_in_a_step(op):
    def f(xs):
        x = xs[0]
        for _ in range(600):
            x = 0.5 * x + 0.1 * op(x * xs[1]) + 0.01 * x**3
        return x

    found, expected, runner = both(f, [0.4, 0.5])
    assert found == expected
    assert type(runner) is LongRunner


def test_a_long_recurrence_is_pickled_without_what_was_derived():
    f, xs = predator_and_prey(600)
    program = recorded(f, xs)
    first = program.run_gradient(np.array(xs))
    copy = pickle.loads(pickle.dumps(program))
    assert not copy.runners
    again = copy.run_gradient(np.array(xs))
    assert (first[0], first[1].tolist()) == (again[0], again[1].tolist())
    assert isinstance(copy.recurrence, Recurrence)


def test_a_long_recurrence_has_an_array_program_too():
    f, xs = predator_and_prey(510)
    runner = recorded(f, xs).value_runner()
    assert runner.array_plan().bind()(np.array(xs)) == pytest.approx(runner.run(np.array(xs)), rel=1e-9)


def test_numbers_in_even_steps_are_written_as_runs():
    assert progressions([5, 7, 9, 11, 4, 4, 4, 8]) == [(5, 2, 4), (4, 0, 3), (8, 0, 1)]
    assert progressions([]) == []


def test_the_exact_path_of_all_steps_is_the_row_loop():
    f, xs = predator_and_prey(520)
    found, _, runner = both(f, xs)
    assert runner.narrow[True].run(np.array(xs)).tolist() == found
    assert Loop not in runner.narrow[True].forms


def test_a_long_recurrence_is_drawn_as_its_loops():
    f, xs = predator_and_prey(510)
    g = mx.compile(f)
    g.value_and_grad(xs)
    assert "510 times" in mx.draw(g.program(xs)).source


def test_a_batch_of_long_recurrences_gives_what_each_gives_alone():
    def f(xs, x):
        for _ in range(600):
            x = x + 0.01 * (xs[0] * x - x * x * xs[1])
        return x

    each = mx.compile(f, batch="x")
    assert recorded(f, [1.0, 0.5], 0.3).recurrence is not None
    for x in (0.1, 0.4, 2.5):
        leaves = [mx.Value(1.0), mx.Value(0.5)]
        out = f(leaves, x)
        out.backward()
        value, slopes = each.value_and_grad([1.0, 0.5], [x])
        assert value == out.data
        assert slopes == pytest.approx([leaf.grad for leaf in leaves], rel=1e-12)  # added up over the steps in another order


def test_ten_times_the_steps_are_recorded_on_and_nothing_else_grows():
    found = []
    for count in (600, 6000):
        f, xs = predator_and_prey(count)
        program = recorded(f, xs)
        short, *_ = program.recurrence.tape([0])
        layout = program.gradient_runner().narrow[False].layout
        found.append((len(short), len(layout.short), sum(len(part.start) for part in layout.segments)))
    assert found[0] == found[1]


@pytest.mark.parametrize("branch", [False, True])
def test_a_derivative_of_zero_has_the_sign_that_it_has_in_eager_evaluation(branch):
    def f(xs):
        x = xs[0]
        for _ in range(3000):
            x = x + 0.0001 * xs[1] * x if not branch or x < 1e9 else x * xs[1]
        return -(x * 0.0)

    c = mx.compile(f)
    value, slopes = c.value_and_grad([1.0, 0.5])
    assert type(c.program([1.0, 0.5]).gradient_runner(((0, 2),))) is LongRunner
    assert [math.copysign(1.0, x) for x in (value, *slopes)] == [-1.0, 1.0, 1.0]
    assert mx.value_and_grad(f)([1.0, 0.5]) == (value, slopes)
