"""Losses: the course notes' figures, agreement with their textbook formulas, stability far out, and their errors."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microgradx as mx
from microgradx import Value, nn
from microgradx.nn.losses import LOSSES


def value_and_slopes(loss, outputs, targets):
    leaves = [Value(output) for output in outputs]
    total = loss(leaves, targets)
    total.backward()
    return total.data, [leaf.grad for leaf in leaves]


def sigmoid(z):
    return 1.0 / (1.0 + math.exp(-z))


def test_mean_squared_error_of_the_notes_is_0_375():
    loss, slopes = value_and_slopes(nn.mse, [2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0])
    assert loss == 0.375
    assert slopes == [-0.25, 0.25, 0.0, 0.5]


def test_binary_cross_entropy_of_the_notes_has_slope_sigmoid_minus_label_over_three():
    loss, slopes = value_and_slopes(nn.binary_cross_entropy, [2.0, -1.0, 0.5], [1, 0, 1])
    assert loss == pytest.approx(0.3047555609137674, rel=1e-15)
    assert slopes == pytest.approx([(sigmoid(2.0) - 1) / 3, sigmoid(-1.0) / 3, (sigmoid(0.5) - 1) / 3], rel=1e-14)


def test_cross_entropy_of_the_notes_has_slope_softmax_minus_target():
    loss, slopes = value_and_slopes(nn.cross_entropy, [1.0, 2.0, 3.0], 2)
    assert loss == pytest.approx(0.40760596444438046, rel=1e-15)
    assert slopes == pytest.approx([0.09003057317038046, 0.24472847105479764, -0.33475904422517816], rel=1e-13)


def test_half_squared_error_is_a_sum_with_slope_output_minus_target():
    loss, slopes = value_and_slopes(nn.half_squared_error, [0.5, 2.0], [0.0, 1.0])
    assert (loss, slopes) == (0.625, [0.5, 1.0])


def test_hinge_is_flat_beyond_the_margin():
    assert value_and_slopes(nn.hinge, [2.0, -0.5], [1, 1]) == (0.75, [0.0, -0.5])


def test_mae_and_huber_slopes_are_bounded():
    assert value_and_slopes(nn.mae, [3.0, -1.0], [0.0, -1.0]) == (1.5, [0.5, 0.0])
    assert value_and_slopes(nn.huber, [3.0, 0.5], [0.0, 0.0]) == (1.3125, [0.5, 0.25])


@settings(derandomize=True, deadline=None)
@given(z=st.floats(-10.0, 10.0), label=st.sampled_from([0.0, 1.0, 0.3]))
def test_the_fused_cross_entropy_is_its_textbook_formula(z, label):
    p = sigmoid(z)
    expected = -label * math.log(p) - (1.0 - label) * math.log1p(-p)
    assert nn.binary_cross_entropy(z, label) == pytest.approx(expected, rel=1e-10)


@settings(derandomize=True, deadline=None)
@given(row=st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=6), delta=st.floats(0.1, 3.0))
def test_huber_is_its_two_cases(row, delta):
    cases = [e * e / 2 if abs(e) <= delta else delta * (abs(e) - delta / 2) for e in row]
    assert nn.huber(row, [0.0] * len(row), delta) == pytest.approx(sum(cases) / len(cases), rel=1e-9, abs=1e-300)


@settings(derandomize=True, deadline=None)
@given(row=st.lists(st.floats(-700.0, 700.0), min_size=2, max_size=5), data=st.data())
def test_slopes_of_cross_entropy_add_up_to_zero_and_an_index_is_a_certain_probability(row, data):
    right = data.draw(st.integers(0, len(row) - 1))
    loss, slopes = value_and_slopes(nn.cross_entropy, row, right)
    assert math.isfinite(loss)
    assert loss >= 0.0
    assert sum(slopes) == pytest.approx(0.0, abs=1e-12)
    certain = [1.0 if place == right else 0.0 for place in range(len(row))]
    assert nn.cross_entropy(row, certain) == pytest.approx(loss, rel=1e-12)


def test_losses_stay_finite_where_sigmoid_and_softmax_round_to_0_or_1():
    assert value_and_slopes(nn.binary_cross_entropy, [6928.6], [0]) == (6928.6, [1.0])
    assert value_and_slopes(nn.binary_cross_entropy, [-800.0], [0]) == (0.0, [0.0])
    assert value_and_slopes(nn.cross_entropy, [1000.0, 0.0], 1) == (1000.0, [1.0, -1.0])


@pytest.mark.parametrize("z", [20.0, 30.0, 35.0, 40.0, 700.0])
def test_label_1_keeps_its_digits_as_label_0_does_at_the_mirrored_logit(z):
    with mpmath.workdps(60):
        exact = mpmath.log1p(mpmath.exp(-mpmath.mpf(z)))
        slope = -1 / (1 + mpmath.exp(mpmath.mpf(z)))
    right = value_and_slopes(nn.binary_cross_entropy, [z], [1])
    assert right == (pytest.approx(float(exact), rel=1e-14), [pytest.approx(float(slope), rel=1e-14)])
    mirrored = value_and_slopes(nn.binary_cross_entropy, [-z], [0])
    assert (mirrored[0], mirrored[1][0]) == (right[0], -right[1][0])


@pytest.mark.parametrize("label", [1e-12, 0.3, 1.0 - 1e-12])
@pytest.mark.parametrize("z", [-40.0, -25.0, 0.1, 25.0, 40.0])
def test_soft_labels_keep_their_digits(z, label):
    with mpmath.workdps(60):
        at, share = mpmath.mpf(z), mpmath.mpf(label)
        exact = share * mpmath.log1p(mpmath.exp(-at)) + (1 - share) * mpmath.log1p(mpmath.exp(at))
    assert nn.binary_cross_entropy([z], [label]) == pytest.approx(float(exact), rel=1e-14)
    assert nn.binary_cross_entropy([z], [Value(label)]).data == nn.binary_cross_entropy([z], [label])


def test_what_is_certain_costs_nothing():
    assert value_and_slopes(nn.binary_cross_entropy, [-math.inf], [0]) == (0.0, [0.0])
    assert value_and_slopes(nn.binary_cross_entropy, [math.inf], [1]) == (0.0, [0.0])
    assert value_and_slopes(nn.binary_cross_entropy, [-math.inf], [Value(0.0)]) == (0.0, [0.0])


@pytest.mark.parametrize("target", [[0.5, 0.5, 0], [Value(0.5), Value(0.5), Value(0.0)], [0.5, Value(0.5), 0]])
def test_a_masked_class_costs_nothing_and_moves_nothing(target):
    loss, slopes = value_and_slopes(nn.cross_entropy, [1.0, 2.0, -math.inf], target)
    assert loss == pytest.approx(math.log(1 + math.e) - 0.5, rel=1e-15)
    assert slopes == pytest.approx([1 / (1 + math.e) - 0.5, math.e / (1 + math.e) - 0.5, 0.0])


def test_a_target_that_is_a_value_picks_the_same_class_as_a_plain_one():
    row = [0.3, -1.7, 2.9, -math.inf]
    for index in range(3):
        assert value_and_slopes(nn.cross_entropy, row, Value(float(index))) == value_and_slopes(nn.cross_entropy, row, index)
    assert math.isnan(nn.cross_entropy(row, Value(4.0)).data)
    assert math.isnan(nn.cross_entropy(row, Value(0.5)).data)


def test_every_loss_can_be_recorded_for_one_sample_and_replayed_for_many():
    model, two = nn.MLP(2, [3], output="linear", rng=0), nn.MLP(2, [1], rng=0)
    X = [[0.1, 0.2], [-1.0, 0.5], [2.0, 1.0], [0.3, -0.7]]
    cases = [(two, name, [1.0, -1.0, 1.0, 1.0]) for name in LOSSES if name not in ("cross_entropy", "binary_cross_entropy")]
    cases += [(two, "binary_cross_entropy", [1, 0, 0, 1]), (two, "binary_cross_entropy", [0.9, 0.2, 0.0, 0.5])]
    cases += [(model, "cross_entropy", [2, 0, 1, 2]), (model, "cross_entropy", np.eye(3)[[2, 0, 1, 2]])]
    for net, name, targets in cases:
        loss = LOSSES[name]
        step = mx.compile(lambda x, t, net=net, loss=loss: loss(net(x), t), batch=("x", "t"))
        eager = [loss(net(x), t) for x, t in zip(X, targets, strict=True)]
        assert step(X, targets) == pytest.approx(sum(e.data for e in eager) / 4, rel=1e-14), name
        for each in eager:
            (each / 4.0).backward()
        wanted = [p.grad for p in net.parameters()]
        for p in net.parameters():
            p.grad = None
        step.backward(X, targets)
        assert [p.grad for p in net.parameters()] == pytest.approx(wanted, rel=1e-12, abs=1e-16), name
        for p in net.parameters():
            p.grad = None


def test_a_batch_is_the_mean_of_its_samples():
    rows, targets = [[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]], [2, 0]
    singles = [nn.cross_entropy(row, target) for row, target in zip(rows, targets, strict=True)]
    assert nn.cross_entropy(rows, targets) == pytest.approx(sum(singles) / 2, rel=1e-15)


def test_rows_of_one_output_count_as_numbers():
    assert nn.mse([[2.5], [0.0]], [3.0, -0.5]) == nn.mse([2.5, 0.0], [3.0, -0.5]) == 0.25


def test_penalties_are_the_sums_of_sizes_and_squares():
    weights = [Value(3.0), Value(-4.0)]
    (nn.l1(weights, 0.5) + nn.l2(weights, 0.5)).backward()
    assert [w.grad for w in weights] == [0.5 + 3.0, -0.5 - 4.0]


def test_accuracy_judges_logits_scores_probabilities_and_classes():
    assert nn.accuracy([Value(0.5), Value(-0.5)], [1, 0]) == nn.accuracy([0.5, -0.5], [1, -1]) == 1.0
    assert nn.accuracy([0.4, 0.6], [0, 1], threshold=0.5) == 1.0
    assert nn.accuracy([[1.0, 2.0], [1.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]) == 0.5


def test_an_output_that_is_nan_is_never_right():
    assert nn.accuracy([[math.nan, 1.0], [0.0, 1.0]], [0, 1]) == 0.5
    assert nn.accuracy([[math.nan, 1.0]], [[1.0, 0.0]]) == 0.0
    assert nn.accuracy([math.nan, -1.0], [0, 0]) == 0.5
    assert nn.accuracy([Value(math.nan)], [-1]) == 0.0


def test_a_soft_label_means_class_1_above_one_half():
    assert nn.accuracy([-4.7, -1.6, 1.6, 4.7], [0.05, 0.05, 0.95, 0.95]) == 1.0
    assert nn.accuracy([[0.1], [0.9]], [[0.05], [0.95]], threshold=0.5) == 1.0


def test_a_logit_of_exactly_0_is_class_0():
    assert nn.accuracy([0.0], [0]) == 1.0
    assert nn.accuracy([0.0], [1]) == 0.0


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_says_for_which_problem_it_is_and_refuses_empty_and_unequal_input(name):
    assert any(word in LOSSES[name].__doc__ for word in ("regression", "classes"))
    with pytest.raises(ValueError, match=r"at least 1|needs a row"):
        LOSSES[name]([], [])
    with pytest.raises(ValueError, match=r"each (output|row) needs one target"):
        LOSSES[name]([[1.0, 2.0], [1.0, 2.0]], [1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.hinge([1.0], [0]), r"label 0\.0: hinge knows the labels -1 and \+1; write 2 \* y - 1"),
        (lambda: nn.binary_cross_entropy([1.0], [-1]), r"label -1\.0: .* labels from 0 to 1; write \(y \+ 1\) / 2"),
        (lambda: nn.mse([1.0, 2.0], [1.0, math.nan]), r"targets\[1\] is nan: a target must be a finite number"),
        (lambda: nn.huber([1.0], [0.0], delta=0.0), r"delta=0\.0: .* must be a finite number above 0"),
        (lambda: nn.cross_entropy([1.0, 2.0, 3.0], 3), r"target 3: with 3 logits .* a whole number from 0 to 2"),
        (lambda: nn.cross_entropy([1.0, 2.0], 0.5), r"target 0\.5: with 2 logits"),
        (lambda: nn.cross_entropy([1.0, 2.0], math.inf), r"target inf: with 2 logits"),
        (lambda: nn.cross_entropy([1.0, 2.0], "cat"), r"target 'cat': with 2 logits"),
        (lambda: nn.mse([1.0, 2.0], [1.0, "cat"]), r"targets\[1\] is 'cat': a target must be a finite number"),
        (lambda: nn.mse([1.0], [None]), r"targets\[0\] is None: a target must be a finite number"),
        (lambda: nn.mse([[1, 2, 3], [4, 5, 6]], [[1, 2], [3, 4], [5, 6]]), r"rows of \[3, 3\] .* of \[2, 2, 2\]"),
        (lambda: nn.cross_entropy([1.0, 2.0], [0.5, 0.6]), r"target \[0\.5, 0\.6\]: it needs 2 probabilities"),
        (lambda: nn.cross_entropy([[1.0, 2.0]], 1), r"1 rows of logits but targets 1: each row needs one target"),
        (lambda: nn.cross_entropy([1.0, 2.0, 3.0], 3), r"if the classes are counted from 1, write y - 1"),
        (lambda: nn.accuracy([-1.0, 1.0], [1, 2]), r"target 2\.0: the labels of one output are 0 and 1 .* or -1 and \+1"),
        (lambda: nn.accuracy([1.0, 2.0, 3.0], [-1, 0, 1]), r"target 0\.0: the labels of one output"),
        (lambda: nn.accuracy([1.0, 2.0], [math.nan, 1]), r"target nan: the labels of one output"),
        (lambda: nn.accuracy([[1.0, 2.0]], [2]), r"target 2\.0: with 2 outputs it must be a class index, .* from 0 to 1"),
        (lambda: nn.accuracy([1.0], [[1.0, 0.0]]), r"target \[1\.0, 0\.0\]: the labels of one output"),
        (lambda: nn.cross_entropy([1.0, 2.0], [math.nan, 1.0]), r"target \[nan, 1\.0\]: it needs 2 probabilities"),
        (lambda: nn.accuracy([1.0], []), r"1 outputs and 0 targets: each output needs one target"),
    ],
)
def test_bad_targets_are_named_with_the_fix(call, message):
    with pytest.raises(ValueError, match=message):
        call()
