"""Machine code keeps of each step only what another part or step reads, with the bits of one row after the other."""

import random

import numpy as np
import pytest

from microgradx.replay.arguments import Call
from microgradx.replay.regroup.steps import Segment
from microgradx.replay.run.layout import Layout
from microgradx.replay.run.machine_code import Native, pieces
from microgradx.replay.run.row_by_row import Loop
from microgradx.replay.run.storage import Storage
from microgradx.replay.specialization import Recording

pytest.importorskip("llvmlite.binding")


def layout_of(f, xs):
    """The rows of the gradient of f, all of them however many."""
    program = Recording(f, Call((xs,), {})).program
    program.recurrence = None
    runner = program.question_runner("gradient", ((0, len(xs)),))
    return Layout(runner.tape, runner.rows)


def logistic(p):
    x = p[0]
    for _ in range(500):
        x = x + 0.01 * (p[1] * x - x * x * p[2]).tanh()
    return x


def delayed(p):
    """A state that is read again one, four and seven steps later."""
    xs = [p[0] * (0.1 * k).__round__(1) for k in range(1, 8)]
    for _ in range(300):
        xs.append((p[1] * xs[-1] - p[2] * xs[-4]).sin() + 0.25 * xs[-7])
    return xs[-1] * xs[-5]


def summed_later(p):
    """All states are kept for a second loop, which goes through them backward with another number of rows a step."""
    xs = [p[0]]
    for _ in range(200):
        xs.append(xs[-1] * p[1] + 0.1)
    total = p[2]
    for x in reversed(xs):
        total = (total * 0.9 + x).tanh() + x * p[1]
    return total


def every_third(p):
    """A second loop reads what was computed in an uneven pattern."""
    xs = [p[0]]
    for k in range(300):
        xs.append(xs[-1].sin() + p[1] if k % 3 else xs[-1] * p[2])
    total = p[0]
    for k in range(0, 300, 2):
        total = total * p[1] + xs[k].cos() * xs[300 - k]
    return total


def two_states(p):
    x, y, seen = p[0], p[1], []
    for k in range(250):
        x, y = (x * y + 0.1).tanh(), y - 0.01 * x * p[2]
        if k % 50 == 49:
            seen.append(x * y)
    return sum(seen)


@pytest.mark.parametrize("f", [logistic, delayed, summed_later, every_third, two_states], ids=lambda f: f.__name__)
def test_a_loop_in_machine_code_has_the_bits_of_one_row_after_the_other(f):
    r, layout = random.Random(f.__name__), layout_of(f, [0.3, 0.7, 0.4])
    code, plain = Native(layout).bind(), Loop(layout).bind()
    for _ in range(5):
        numbers = np.array([r.uniform(-1.0, 1.0) for _ in range(3)])
        np.testing.assert_array_equal(code(numbers), plain(numbers))


def test_a_recurrence_keeps_its_states_and_not_its_rows():
    layout = layout_of(logistic, [0.3, 0.7, 0.4])
    assert Native(layout).end < 0.4 * len(layout)


def storage_of(f):
    layout = layout_of(f, [0.3, 0.7, 0.4])
    parts = list(pieces(layout))
    return layout, parts, Storage(layout.first, parts, layout.needed_elsewhere(parts))


@pytest.mark.parametrize("f", [logistic, delayed, summed_later, two_states], ids=lambda f: f.__name__)
def test_no_two_slots_that_are_stored_have_one_place_and_the_steps_of_a_loop_lie_evenly(f):
    layout, parts, storage = storage_of(f)
    stored = layout.needed_elsewhere(parts)
    places = storage.at(np.concatenate((np.arange(layout.first), layout.first + np.flatnonzero(stored))))
    assert len(np.unique(places)) == len(places)
    assert places.max() < storage.size
    for k, part in enumerate(parts):
        moved = storage.moved(k)
        for step in (0, 1, part.repeats // 2, part.repeats - 1):
            slots, there = np.array([*part.at(step)]), np.array([*moved.at(step)])
            kept = (slots < layout.first) | np.append(stored, False)[slots - layout.first]
            np.testing.assert_array_equal(storage.at(slots)[kept], there[kept])


def test_a_loop_that_reads_at_distances_which_would_not_stay_even_leaves_every_row_its_slot():
    slots = np.arange(40)
    straight = Segment(0, 40, 1, slots, np.zeros(40, dtype=int), np.full(40, -1), np.zeros((0, 1), dtype=int), 0)
    loop = Segment(40, 1, 10, np.array([2]), np.array([3]), np.array([-1]), np.zeros((0, 10), dtype=int), 40)
    stored = np.zeros(41, dtype=bool)
    stored[:30:3] = True
    storage = Storage(2, [straight, loop], stored)
    assert storage.size == 2 + 40 + 10
    assert storage.at(slots).tolist() == slots.tolist()
