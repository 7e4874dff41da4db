"""At a tie a gradient is right if it is a subgradient, and wrong though each of its entries could be one."""

import math
import random

import numpy as np
import pytest

from microgradx import Value, maximum, relu
from microgradx.testing import WrongDerivative, check_gradient

TIE = np.array([1.0, 1.0])


@pytest.mark.parametrize("coded", [(1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.25, 0.75)])
def test_every_subgradient_of_a_maximum_passes(coded):
    assert check_gradient(np.max, TIE, np.array(coded)).count("kink") == 2


@pytest.mark.parametrize("coded", [(1.0, 1.0), (0.0, 0.0), (0.3, 0.3), (1.0, 0.5)])
def test_what_is_no_subgradient_is_refused_with_the_direction_that_shows_it(coded):
    with pytest.raises(WrongDerivative, match=r"no subgradient: along x\[0\] \+ x\[1\] f has the slopes 1 and 1") as caught:
        check_gradient(lambda x: np.max(x), TIE, np.array(coded))
    assert caught.value.report.count("wrong") == 2


def test_the_difference_of_two_shows_what_their_sum_hides():
    with pytest.raises(WrongDerivative, match="no subgradient"):
        check_gradient(np.max, np.ones(3), np.array([1.0, 1.0, -1.0]))
    with pytest.raises(WrongDerivative, match="no subgradient"):
        check_gradient(lambda v: math.hypot(*v), [0.0, 0.0], [0.9, 0.9])
    assert check_gradient(lambda v: math.hypot(*v), [0.0, 0.0], [0.6, -0.6]).count("kink") == 2


def test_every_convex_combination_of_the_slopes_of_a_maximum_of_planes_passes():
    rng = random.Random(3)
    for _ in range(20):
        planes = [[rng.gauss(0.0, 1.0) for _ in range(3)] for _ in range(3)]
        shares = [rng.random() for _ in planes]
        coded = [sum(s * p[k] for s, p in zip(shares, planes, strict=True)) / sum(shares) for k in range(3)]
        assert check_gradient(lambda v, planes=planes: max(np.dot(p, v) for p in planes), [0.0] * 3, coded).ok


def test_kinks_that_have_nothing_to_do_with_each_other_are_chosen_apart():
    assert check_gradient(lambda v: max(v[0], 0.0) - abs(v[1]), [0.0, 0.0], [0.0, -1.0]).count("kink") == 2
    assert check_gradient(lambda v: abs(v[0]) - abs(v[1]) + v[2] ** 2, [0.0, 0.0, 1.0], [0.5, 0.25, 2.0]).count("kink") == 2


def test_the_choices_of_the_engine_at_a_tie_are_subgradients():
    for f in (maximum, lambda a, b: relu(a - b) + b, lambda a, b: abs(a - b), lambda a, b: (a - b).maximum(0.0) * 3.0):
        assert check_gradient(f, (1.0, 1.0)).count("kink") == 2
    assert check_gradient(lambda v: max(v), [Value(2.0)] * 2 + [Value(2.0)]).ok


def test_a_tie_among_many_inputs_is_judged_too():
    at = np.arange(80.0)
    at[3] = 79.0
    right, wrong = np.zeros(80), np.zeros(80)
    right[3] = wrong[3] = wrong[79] = 1.0
    assert check_gradient(np.max, at, right).ok
    with pytest.raises(WrongDerivative, match="no subgradient"):
        check_gradient(np.max, at, wrong)
