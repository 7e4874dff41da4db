"""Array programs write over what nothing reads any more, and compute what are few numbers in Python: neither changes a digit."""

import random
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_forms import only
from test_replay_random import PLAIN, side_by_side

import microgradx as mx
from microgradx.bench.formulas import polynomial
from microgradx.bench.networks import attention, circles_case
from microgradx.replay.compile import compile
from microgradx.replay.regroup.instructions import Instruction, contiguous
from microgradx.replay.run import few_numbers, written_over
from microgradx.replay.run.array_program import call, window
from microgradx.replay.run.few_numbers import as_python
from microgradx.replay.run.written_over import WrittenOver
from microgradx.replay.tape.rows import op_of


def plan_of(f, x):
    """The array program for the value and gradient of `f`, and its inputs."""
    program = compile(f).program(list(x))
    return program.gradient_runner().array_plan(), np.array(x)


def twice(plan, x, longest=10**9, few=-1):
    """What two runs give, with other numbers in between, where only stretches of so many numbers are written over."""
    with mock.patch.object(written_over, "LONG_ENOUGH", longest), mock.patch.object(few_numbers, "FEW_NUMBERS", few):
        run = plan.bind()
    with np.errstate(all="ignore"):
        first = run(x)
        run(x[::-1] * 0.5)
        return np.array([first, run(x)])


@pytest.mark.parametrize("make", [circles_case, attention, polynomial])
@pytest.mark.parametrize("longest", [2, 40])
def test_what_is_written_over_is_not_needed_any_more(make, longest):
    case = make()
    plan, x = plan_of(case.f, case.x)
    found = twice(plan, x, longest)
    assert (found == twice(plan, x)).all()
    assert (found[0] == found[1]).all()


@given(st.integers(0, 10**9))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_random_programs_lose_nothing_that_they_need(seed):
    f = side_by_side(seed, hard=False, ops=PLAIN, branches=False)
    with only("array"):
        plan, x = plan_of(lambda xs: mx.sum(f(xs)), [random.Random(seed).uniform(0.1, 0.9) for _ in range(5)])
    assert np.array_equal(twice(plan, x, longest=2), twice(plan, x), equal_nan=True)


def places(plan):
    """How many slots are used at all by what is long."""
    moves = WrittenOver(plan.instructions, plan.results)
    used = [range(s.place, s.place + s.high - s.low) for s in moves.stretches]
    return len(set().union(*used))


def test_a_long_calculation_needs_the_room_of_a_few_of_its_steps():
    def f(xs):
        rows = xs
        for _ in range(12):
            rows = [(1.5 * x).sin() for x in rows]
        return mx.sum(rows)

    program = compile(f).program([0.1] * 1000)
    with only("array"):
        assert places(program.value_runner().array_plan()) <= 2 * 1000
        gradient = program.gradient_runner().array_plan()  # which needs every step's sine on its way back
    assert places(gradient) < 0.8 * sum(s.high - s.low for s in WrittenOver(gradient.instructions, gradient.results).stretches)


def test_what_is_read_across_its_ends_stays_where_it_is():
    index = np.arange(1000, 3000)
    take = Instruction("take", (), contiguous("gathered", 0, (2000,)), index, 0, index)
    steps = [
        Instruction("exp", (contiguous("slots", 0, (1000,)),), contiguous("slots", 1000, (1000,)), index, 1),
        Instruction("exp", (contiguous("slots", 1000, (1000,)),), contiguous("slots", 2000, (1000,)), index, 1),
        Instruction("reduce", (contiguous("slots", 1000, (2000,)),), contiguous("slots", 3000, (1,)), index, 1),
    ]
    assert not any(s.movable for s in WrittenOver(steps, np.array([3000])).stretches)
    moves = WrittenOver([*steps[:2], take], np.array([0]))
    assert [(s.place, s.last) for s in moves.stretches] == [(1000, 2), (2000, 2)]
    over = WrittenOver(steps[:2], np.array([2000]))
    assert [s.place for s in over.stretches] == [1000, 1000]
    assert over.slots(np.array([5, 2000, 2999])).tolist() == [5, 1000, 1999]


ELEMENTWISE = ["add", "subtract", "multiply", "divide", "negative", "maximum", "greater", "where", "sqrt", "log"]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_few_numbers_are_what_numpy_makes_of_them(name):
    numbers = [2.0, -1.5, 0.0, np.inf, np.nan, 0.1]
    for shift in range(len(numbers)):
        slots, by_numpy = (np.array([*np.roll(numbers, shift)[:3], 0.0]) for _ in range(2))
        reads = tuple(contiguous("slots", k, (1,)) for k in range(op_of(name).arity))
        step = Instruction(name, reads, contiguous("slots", 3, (1,)), np.zeros(1, dtype=int), 1)
        as_python([step], {"slots": slots})()
        function, operands = call(step, [window(v, by_numpy) for v in reads], window(step.write, by_numpy), by_numpy)
        with np.errstate(all="ignore"):
            function(*operands)
        assert np.array_equal(slots, by_numpy, equal_nan=True)


def test_few_numbers_change_little_where_functions_are_not_those_of_numpy():
    case = attention()
    plan, x = plan_of(case.f, case.x)
    assert any(few_numbers.is_small(step) for step in plan.instructions)
    assert twice(plan, x, few=4) == pytest.approx(twice(plan, x), rel=1e-12, abs=1e-15)
