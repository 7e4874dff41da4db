"""The interpreter: what it compiles, and an accumulation of products as one row with the bits of one row after the other."""

import random

import numpy as np
import pytest

from microgradx import ops
from microgradx.replay.run import interpreter
from microgradx.replay.run.interpreter import Interpreter
from microgradx.replay.run.layout import Layout
from microgradx.replay.run.row_by_row import Loop
from microgradx.replay.tape.gradient import arrival, chain_step
from microgradx.replay.tape.tape import Tape

pytest.importorskip("llvmlite.binding")

ODD = [0.0, -0.0, 1.0, -1.5, 3.0, 0.1, 1e-300, 1e300, np.inf, -np.inf, np.nan]


def both(tape, outputs):
    """How many rows the interpreter walks, and the bits of it and of a loop over the rows for the same numbers."""
    layout = Layout(tape, outputs)
    form = Interpreter(layout)
    r = random.Random(len(layout))
    given = [np.array([r.choice(ODD) if odd else r.gauss(0.0, 1.0) for _ in tape.inputs]) for odd in (False, True) * 4]
    runs = [run.bind() for run in (form, Loop(layout))]
    found = [[run(numbers) for numbers in given] for run in runs]
    for ours, plain in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, plain)
        np.testing.assert_array_equal(np.signbit(ours[ours == 0.0]), np.signbit(plain[plain == 0.0]))
    return len(form.table.rows)


def accumulated(tape, products, plus=ops.add, times=ops.multiply, start=None):
    """The rows of the totals after each of so many products of new inputs."""
    total, totals = start or tape.input(1.0, 0), []
    for _ in range(products):
        total = tape.append(plus, (total, tape.append(times, (tape.input(1.0, 0), tape.input(1.0, 0)))))
        totals.append(total)
    return totals


@pytest.mark.parametrize("plus", [ops.add, arrival], ids=lambda op: op.name)
@pytest.mark.parametrize("times", [ops.multiply, chain_step], ids=lambda op: op.name)
def test_an_accumulation_is_one_row_whatever_its_length(plus, times):
    for products in (1, 2, 7, 300):
        tape = Tape()
        assert both(tape, [accumulated(tape, products, plus, times)[-1].slot]) == 1


def test_a_total_that_is_a_result_on_the_way_is_kept():
    tape = Tape()
    totals = accumulated(tape, 9)
    assert both(tape, [totals[3].slot, totals[-1].slot]) == 2
    assert both(tape, [totals[-1].slot, totals[-1].slot]) == 1


def test_a_total_that_somebody_else_reads_on_the_way_is_kept():
    tape = Tape()
    totals = accumulated(tape, 9)
    other = tape.append(ops.exp, (totals[4],))
    assert both(tape, [totals[-1].slot, other.slot]) == 3


def test_a_product_that_is_read_twice_is_a_row_of_its_own():
    tape = Tape()
    product = tape.append(ops.multiply, (tape.input(1.0, 0), tape.input(1.0, 0)))
    total = tape.append(ops.add, (tape.append(ops.add, (tape.input(1.0, 0), product)), product))
    assert both(tape, [total.slot]) == 3
    twice = tape.append(ops.add, (product, product))
    assert both(tape, [twice.slot]) == 2


def test_products_of_the_function_and_of_its_gradient_are_not_one_accumulation():
    tape = Tape()
    total = accumulated(tape, 5)[-1]
    assert both(tape, [accumulated(tape, 4, arrival, chain_step, start=total)[-1].slot]) == 2


def test_a_bracket_of_two_totals_is_no_accumulation():
    tape = Tape()
    left, right = (accumulated(tape, 3)[-1] for _ in range(2))
    assert both(tape, [tape.append(ops.add, (left, right)).slot]) == 3


@pytest.mark.parametrize("seed", range(60))
def test_random_rows_of_sums_and_products_have_the_bits_of_one_after_the_other(seed):
    r, tape = random.Random(seed), Tape()
    numbers = [tape.input(1.0, 0) for _ in range(5)]
    kinds = [ops.add, arrival, ops.multiply, chain_step, ops.subtract, ops.sum_, ops.where, ops.tanh]
    for _ in range(r.choice((20, 200))):
        op = r.choices(kinds, (6, 6, 6, 6, 1, 1, 1, 1))[0]
        near = numbers[-r.choice((2, 3, len(numbers))) :]
        numbers.append(tape.append(op, [r.choice(near) for _ in range(op.arity or r.randrange(5))]))
    results = {numbers[-1].slot, *(r.choice(numbers).slot for _ in range(3))}
    both(tape, sorted(results))


def applied(op):
    """The interpreter's number for an operation, and that of eager evaluation."""
    tape = Tape()
    run = Interpreter(Layout(tape, [tape.append(op, [tape.input(1.0, 0)]).slot])).bind()
    return run(np.array([0.7]))[0], op.forward(0.7)


def test_a_process_compiles_the_interpreter_for_what_it_needs_first_and_for_all_operations_next(monkeypatch):
    made = []
    monkeypatch.setattr(interpreter, "WALKS", made)
    for op, count in ((ops.gelu, 1), (ops.exp, 1), (ops.gelu, 1), (ops.softplus, 2), (ops.sigmoid, 2), (ops.erf, 2)):
        ours, eager = applied(op)
        assert (ours, len(made)) == (eager, count)
    assert made[0].numbers < made[1].numbers
