"""What the compiler makes of regular code, counted, and which form it gives to irregular code."""

import math
import random
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_forms import NARROW, only

import microgradx as mx
from microgradx.bench.cases import CASES
from microgradx.bench.formulas import bodies, chain_case, polynomial, random_graph, rosenbrock
from microgradx.bench.networks import attention, circles_case, conv1d, moons_case, rnn
from microgradx.replay.arguments import Call
from microgradx.replay.compile import compile
from microgradx.replay.regroup import group, steps, sums, users
from microgradx.replay.regroup.columns import Columns
from microgradx.replay.regroup.instructions import refine, runs
from microgradx.replay.regroup.levels import AT_ONCE, latest_levels, schedule
from microgradx.replay.regroup.users import Users
from microgradx.replay.run import machine_code, python_source, runner, tiers
from microgradx.replay.run.layout import Layout
from microgradx.replay.run.llvm import AVAILABLE
from microgradx.replay.run.python_source import Source
from microgradx.replay.run.row_by_row import Loop
from microgradx.replay.specialization import Recording
from microgradx.replay.tape.tape import Tape


def compiled(case):
    """The gradient program of a case and what it gives."""
    program = Recording(case.f, Call((case.x,), {})).program
    value, slopes = program.run_gradient(np.array(case.x))
    return program.gradient_runner(), value, slopes


def arrays(case):
    """`compiled` as array instructions, whatever would be fast."""
    with only("array"):
        return compiled(case)


def eager(case):
    leaves = [mx.Value(x) for x in case.x]
    out = case.f(leaves)
    out.backward()
    return out.data, np.array([leaf.grad or 0.0 for leaf in leaves])


@pytest.mark.parametrize(
    ("case", "most"),
    [(moons_case, 46), (circles_case, 36), (conv1d, 12), (attention, 31), (rosenbrock, 19), (polynomial, 8), (bodies, 22)],
)
def test_regular_code_becomes_a_few_array_instructions(case, most):
    run, value, slopes = arrays(case())
    expected = eager(case())
    assert len(run.plan.instructions) <= most
    assert value == pytest.approx(expected[0], rel=1e-13)
    assert np.abs(slopes - expected[1]).max() <= 1e-13 * np.abs(expected[1]).max()


def names(run):
    return [step.name for step in run.plan.instructions]


def test_ten_times_the_samples_are_the_same_instructions():
    assert names(arrays(moons_case(20))[0]) == names(arrays(moons_case(60))[0])


def test_the_order_of_terms_does_not_change_the_program():
    assert names(arrays(moons_case(70, shuffled=True))[0]) == names(arrays(moons_case(70))[0])


def test_the_network_is_recognised_as_matrix_products_without_gathers():
    found = names(arrays(moons_case())[0])
    assert found.count("take") == 0
    assert found.count("matmul") >= 7


def test_neighbours_are_read_through_views_without_gathers():
    assert "take" not in names(arrays(rosenbrock())[0])


def test_batched_products_are_found_in_attention():
    run, _, _ = arrays(attention())
    assert any(step.name == "matmul" and len(step.write.shape) == 3 for step in run.plan.instructions)


def test_a_sum_over_the_steps_of_a_recurrence_is_one_product():
    found, more = names(arrays(rnn(40))[0]), names(arrays(rnn(41))[0])
    assert len(more) - len(found) <= 8  # of the step itself and its energy, a bracket: none for the gradient by the weights


def test_what_the_way_back_needs_of_every_step_is_computed_at_once():
    found = names(arrays(rnn(40))[0])
    assert found.count("tanh") == 40
    assert found.count("sech") == 1


def test_rows_that_can_wait_are_computed_with_the_first_that_cannot():
    made_of = Users.of(np.arange(4), np.array([2]), np.array([0]), 4)
    latest = np.array([1, 2, 2, 2])
    assert schedule(np.array([5, 5, 6, AT_ONCE]), latest, made_of).tolist() == [1, 1, 2, 1]
    assert schedule(np.array([6, 5, 5, AT_ONCE]), latest, made_of).tolist() == [1, 2, 2, 1]
    assert schedule(np.array([5, 5, AT_ONCE, AT_ONCE]), latest, made_of).tolist() == [1, 1, 2, 1]


def random_rows():
    """What random rows are made of, as places of rows above them, with the users of each and the earliest and latest levels."""
    r = random.Random(0)
    for count in (1, 2, 30, 200):
        made_of = [[r.randrange(row) for _ in range(r.randrange(4))] if row else [] for row in range(count)]
        readers = [[row for row in range(count) for x in made_of[row] if x == operand] for operand in range(count)]
        earliest, latest = [0] * count, [0] * count
        for row in range(count):
            earliest[row] = 1 + max((earliest[x] for x in made_of[row]), default=0)
        for row in reversed(range(count)):
            latest[row] = min((latest[user] for user in readers[row]), default=max(earliest) + 1) - 1
        every = [(row, x) for row in range(count) for x in [*made_of[row], -1]]
        yield readers, Users.of(np.arange(count), *np.array(every).T, count), earliest, latest


def test_the_users_of_rows_are_found_among_what_reads_them():
    for readers, found, _, _ in random_rows():
        assert [found.at(np.array([row])).tolist() for row in range(len(readers))] == readers
        assert found.at(np.arange(len(readers))).tolist() == [user for row in readers for user in row]
        assert found.at(np.arange(0)).tolist() == []


def test_levels_are_found_one_after_the_other_as_far_as_they_are_wide(monkeypatch):
    for _, found, earliest, _ in random_rows():
        assert found.wide_levels(2).tolist() == [level if level <= 2 else 0 for level in earliest]
        for average, most in ((0, math.inf), (10**6, users.AT_FIRST + 1)):
            monkeypatch.setattr(users, "AVERAGE", average)
            assert found.wide_levels(math.inf).tolist() == [level if level <= most else 0 for level in earliest]


def test_no_row_may_be_later_than_the_level_before_its_first_user():
    for _, found, earliest, latest in random_rows():
        assert latest_levels(np.array(earliest), found).tolist() == latest


IRREGULAR = [lambda: random_graph(3000), lambda: rnn(20), lambda: chain_case(300), lambda: random_graph(300)]


@pytest.mark.parametrize("case", IRREGULAR)
def test_irregular_code_gives_the_eager_gradient(case):
    _, value, slopes = compiled(case())
    expected = eager(case())
    assert value == pytest.approx(expected[0], rel=1e-11)
    assert np.abs(slopes - expected[1]).max() <= 1e-11 * np.abs(expected[1]).max()


def test_the_form_is_chosen_by_cost():
    assert compiled(chain_case(2000))[0].form in ("loop", "interpreter")
    assert compiled(moons_case(30))[0].form == "array"


def test_a_narrow_program_becomes_source_after_some_runs(monkeypatch):
    monkeypatch.setattr(tiers, "FORMS", [Loop, Source])
    case = chain_case(200)
    program = Recording(case.f, Call((case.x,), {})).program
    x = np.array(case.x)
    first, run = program.run_gradient(x), program.gradient_runner()
    assert run.form == "loop"
    assert sum(run.form == "loop" for _ in range(1000) if program.run_gradient(x)) > 20
    last = program.run_gradient(x)
    assert run.form == "source"
    assert (first[0], first[1].tolist()) == (last[0], last[1].tolist())


def test_a_narrow_program_too_long_to_compile_is_not_regrouped_and_never_compiled(monkeypatch):
    monkeypatch.setattr(python_source, "LONGEST_SOURCE", 100)
    monkeypatch.setattr(machine_code, "LONGEST_CODE", 100)
    monkeypatch.setattr(steps, "FEWEST", 10**9)
    case = chain_case(400)
    program = Recording(case.f, Call((case.x,), {})).program
    program.run_gradient(np.array(case.x))
    program.gradient_runner().settle()
    assert (program.gradient_runner().plan, program.gradient_runner().form) == (None, "interpreter" if AVAILABLE else "loop")


def hvp_of_a_chain(steps):
    """The compiled chain x * y + 0.5, whose second derivatives were asked for, and what they are (times a direction)."""
    deep = compile(lambda v: reduce(lambda x, _: x * v[1] + 0.5, range(steps), v[0]))
    return deep, deep.hvp(([0.25, 0.5],), ([0.0, 1.0],))


def test_a_program_too_deep_for_arrays_is_not_grouped_at_all(monkeypatch):
    monkeypatch.setattr(runner, "group", mock.Mock(side_effect=AssertionError("grouped")))
    assert hvp_of_a_chain(25_000)[1] == pytest.approx([0.0, 8.0])  # of 0.5 / (1 - y)


def test_of_too_many_groups_the_operands_are_not_looked_at(monkeypatch):
    run = arrays(attention())[0]
    columns = Columns(run.tape, run.rows)
    found = sums.flatten(columns)
    every = group.group(columns, found)
    monkeypatch.setattr(group, "likeness", mock.Mock(side_effect=AssertionError("looked at")))
    few = len(group.group(columns, found, most=0))
    assert 3 < few <= len(every)
    assert [len(group.group(columns, found, most=few - more)) for more in (0.5, 1)] == [few, few]
    with pytest.raises(AssertionError, match="looked at"):
        group.group(columns, found, most=few)


def test_the_first_rows_of_a_long_recurrence_tell_that_it_is_too_deep_for_arrays(monkeypatch):
    looked = []
    monkeypatch.setattr(runner, "BEGINNING", 500)
    monkeypatch.setattr(runner, "Columns", lambda tape, outputs: looked.append(len(tape)) or Columns(tape, outputs))
    assert compiled(chain_case(3000))[0].plan is None
    assert looked == [500]


def test_the_first_rows_of_a_tape_are_a_program_of_their_own():
    case = chain_case(100)
    tape = Recording(case.f, Call((case.x,), {})).program.tape
    first, ends = tape.beginning(52)
    assert (len(first), ends, first.inputs) == (52, [51], tape.inputs)
    assert Loop(Layout(first, ends)).run(case.x) == Loop(Layout(tape, [51])).run(case.x)


@pytest.mark.parametrize(("wide", "some"), [(0, 0), (1, 0), (10**6, 0), (10**6, 3)])
def test_levels_found_one_after_the_other_and_row_by_row_make_the_same_program(wide, some, monkeypatch):
    known = [str(arrays(case())[0].plan.instructions) for case in (attention, moons_case, rnn)]
    monkeypatch.setattr(users, "AVERAGE", wide)
    monkeypatch.setattr(users, "AT_FIRST", some)
    assert [str(arrays(case())[0].plan.instructions) for case in (attention, moons_case, rnn)] == known


def test_levels_found_in_blocks_of_a_few_rows_make_the_same_program(monkeypatch):
    known = [str(arrays(case())[0].plan.instructions) for case in (attention, moons_case)]
    monkeypatch.setattr(sums, "ROWS_AT_ONCE", 7)
    assert [str(arrays(case())[0].plan.instructions) for case in (attention, moons_case)] == known


def test_the_second_derivatives_of_a_chain_keep_few_bytes_a_step():
    hvp_of_a_chain(3)
    tracemalloc.start()
    kept = hvp_of_a_chain(2000)
    assert tracemalloc.get_traced_memory()[0] < 800 * 2000  # for its 18 rows; as tuples and lists they took 4,600
    tracemalloc.stop()
    assert kept[1] == pytest.approx([0.0, 8.0])


def test_the_exact_rows_of_a_narrow_program_are_written_only_where_a_number_is_not_finite(monkeypatch):
    made = mock.Mock(side_effect=Tape.as_eager, autospec=True)
    monkeypatch.setattr(Tape, "as_eager", lambda tape: made(tape))
    deep, _ = hvp_of_a_chain(300)
    assert made.call_count == 0
    assert deep.hvp(([1e308, 3.0],), ([0.0, 1.0],))[1] == math.inf
    assert made.call_count == 1


def test_the_array_program_of_a_narrow_one_is_made_under_the_lock_of_its_tape(monkeypatch):
    free = []

    def columns(tape, rows, live=None):
        with ThreadPoolExecutor(1) as other:
            free.append(other.submit(tape.lock.acquire, blocking=False).result())
        return Columns(tape, rows, live)

    run = compiled(chain_case(30))[0]
    monkeypatch.setattr(runner, "Columns", columns)
    assert run.plan is None
    assert run.array_plan() is run.plan
    assert free == [False]


def test_hand_written_numpy_agrees_with_every_case_that_has_it():
    for name, make in CASES.items():
        case = make() if name not in ("moons 1000", "random 100k") else None
        if case is not None and case.by_hand is not None:
            value, slopes = case.by_hand(np.array(case.x))
            _, compiled_value, compiled_slopes = compiled(case)
            assert value == pytest.approx(compiled_value, rel=1e-12), name
            assert np.abs(slopes - compiled_slopes).max() <= 1e-12 * np.abs(slopes).max(), name


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(-3, 3)), min_size=1, max_size=3), st.integers(0, 9))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_every_strided_index_is_found_and_rebuilt(axes, base):
    index = np.array([base])
    for length, step in axes:
        index = (index + step * np.arange(length)[:, None]).ravel()
    shape, (steps,) = refine([index])
    if runs(index) is None:
        return  # such as a step back to where an inner axis began: gathered instead
    grid = sum(
        (np.arange(n) * step).reshape([-1 if i == k else 1 for i in range(len(shape))])
        for k, (n, step) in enumerate(zip(shape, steps, strict=True))
    )
    assert (grid.ravel() + index[0] == index).all()


@pytest.mark.parametrize("form", NARROW)
@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf, 0.0, 1e300, -2.0])
def test_every_narrow_form_has_the_bits_of_eager_evaluation_for_hard_numbers(x, form):
    def f(x):
        return (x - x * 1e10 + x).relu() + mx.where(x > 1.0, mx.sin(x), mx.log(x * x)) + (x * x - x * x).relu() * mx.exp(x)

    leaf = mx.Value(x)
    out = f(leaf)
    out.backward()
    with only(form):
        value, slope = compile(f).value_and_grad(x)
    assert value == pytest.approx(out.data, nan_ok=True, rel=0.0, abs=0.0)
    assert slope == pytest.approx(leaf.grad, nan_ok=True, rel=0.0, abs=0.0)
