"""Optimizers and schedules: PyTorch's formulas, checked against numbers worked out by hand."""

import copy
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import Value, nn
from microgradx.nn import schedules


def after(optimizer, updates, weight=1.0):
    """The weight after so many updates on f = w^2, whose slope is 2w."""
    w = Value(weight)
    optimizer.bind([w])
    for _ in range(updates):
        optimizer.zero_grad()
        (w * w).backward()
        optimizer.step()
    return w.data


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (nn.SGD(lr=0.1), 0.1073741824),
        (nn.SGD(lr=0.1, momentum=0.9), 0.0043998706),
        (nn.Adagrad(lr=0.1), 0.5537312003652513),
        (nn.RMSProp(lr=0.01, decay=0.99), 0.5498911190602723),
        (nn.Adam(lr=0.1), 0.07624915560691176),
    ],
    ids=repr,
)
def test_ten_updates_on_w_squared_reach_the_course_notes_figure(optimizer, expected):
    assert after(optimizer, 10) == pytest.approx(expected, rel=2e-9 if expected == 0.0043998706 else 1e-14)


@pytest.mark.parametrize(
    ("optimizer", "first", "second"),
    [
        # weight 1, slopes 2 then 2w: velocities 2, 0.9*2 + 2*0.8 = 3.4
        (nn.SGD(lr=0.1, momentum=0.9), 0.8, 0.46),
        # 2 + 0.9*2 = 3.8, then velocity 0.9*2 + 1.24 = 3.04 and 1.24 + 0.9*3.04 = 3.976
        (nn.SGD(lr=0.1, momentum=0.9, nesterov=True), 0.62, 0.2224),
        # 2 + 0.5*1 = 2.5, then 1.5 + 0.5*0.75 = 1.875
        (nn.SGD(lr=0.1, weight_decay=0.5), 0.75, 0.5625),
        # 0.1*2/sqrt(4), then 0.1*1.8/sqrt(4 + 3.24)
        (nn.Adagrad(lr=0.1, epsilon=0.0), 0.9, 0.9 - 0.18 / math.sqrt(7.24)),
        # 0.01*2/sqrt(0.01*4), then the mean square 0.99*0.04 + 0.01*1.8^2
        (nn.RMSProp(lr=0.01, epsilon=0.0), 0.9, 0.9 - 0.018 / math.sqrt(0.072)),
        # the decay of 0.1*0.5 first, then Adam's first move, which is the rate itself; slope 1.7 next
        (
            nn.AdamW(lr=0.1, weight_decay=0.5, epsilon=0.0),
            0.85,
            0.85 * 0.95 - 0.1 * (0.9 * 0.2 + 0.1 * 1.7) / 0.19 / math.sqrt((0.999 * 0.004 + 0.001 * 2.89) / 0.001999),
        ),
    ],
    ids=repr,
)
def test_the_first_two_updates_are_those_worked_out_by_hand(optimizer, first, second):
    assert after(optimizer, 1) == pytest.approx(first, rel=1e-13)
    fresh = type(optimizer)(**{k: v for k, v in vars(optimizer).items() if k != "parameters" and not k.startswith("_")})
    assert after(fresh, 2) == pytest.approx(second, rel=1e-13)


def test_nesterov_looks_ahead_and_differs_from_plain_momentum():
    assert after(nn.SGD(lr=0.1, momentum=0.9, nesterov=True), 10) != after(nn.SGD(lr=0.1, momentum=0.9), 10)


@settings(derandomize=True, deadline=None)
@given(slope=st.floats(1e-3, 1e6), sign=st.sampled_from([-1.0, 1.0]))
def test_the_first_update_moves_against_the_gradient_and_adam_by_the_rate(slope, sign):
    for optimizer in (nn.SGD(lr=1e-8), nn.Adagrad(lr=0.1), nn.RMSProp(lr=0.1), nn.Adam(lr=0.1), nn.AdamW(lr=0.1)):
        assert math.copysign(1.0, 1.0 - optimizer.update(1.0, sign * slope, {})) == sign or optimizer.weight_decay
    assert nn.Adam(lr=0.1).update(1.0, sign * slope, {}) == pytest.approx(1.0 - 0.1 * sign, rel=1e-4)


def test_a_parameter_without_a_gradient_stays_and_zero_grad_makes_unreached():
    moved, still = Value(1.0), Value(1.0)
    optimizer = nn.SGD([moved, still], lr=0.1)
    (moved * moved).backward()
    optimizer.step()
    assert (moved.data, still.data, still.reached) == (0.8, 1.0, False)
    optimizer.zero_grad()
    assert (moved.grad, moved.reached, still.reached) == (0.0, False, False)


def test_binding_the_same_parameters_again_keeps_the_memory_and_others_start_afresh():
    w = Value(1.0)
    adam = nn.Adam([w], lr=0.1)
    w.grad = 2.0
    adam.step()
    assert adam.bind([w]).memory(w)["updates"] == 1.0
    other = Value(1.0)
    assert adam.bind([other]).memory(other) == {}
    with pytest.raises(ValueError, match=r"is not one of the 1 parameters that this optimizer moves"):
        adam.memory(w)


def test_a_parameter_listed_twice_moves_once():
    w = Value(1.0)
    optimizer = nn.SGD([w, w], lr=0.1)
    w.grad = 2.0
    optimizer.step()
    assert w.data == 0.8


RULES = [
    nn.SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    nn.Adagrad(lr=0.1),
    nn.RMSProp(lr=0.1),
    nn.Adam(lr=0.1),
    nn.AdamW(lr=0.1),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_all_parameters_are_moved_at_once_with_the_bits_of_update_one_by_one(rule):
    rng = random.Random(0)
    parameters = [Value(rng.gauss(0, 1)) for _ in range(20)]
    weights, memories = [p.data for p in parameters], [{} for _ in parameters]
    rule.bind(parameters)
    for step in range(30):
        for place, parameter in enumerate(parameters):
            parameter.grad = rng.gauss(0, 10 ** rng.uniform(-9, 9)) if (place + step) % 3 else None  # counts differ
        for place, parameter in enumerate(parameters):
            if parameter.reached:
                weights[place] = rule.update(weights[place], parameter.grad, memories[place])
        rule.step()
        assert [p.data for p in parameters] == weights
    assert [rule.memory(p) for p in parameters] == memories


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("rule", [*RULES, nn.SGD(lr=0.1), nn.Adam(epsilon=0.0)], ids=repr)
def test_an_array_is_moved_with_the_bits_of_update_one_by_one_and_is_not_changed(rule, decay):
    rng = np.random.RandomState(0)
    rule = copy.copy(rule)
    rule.weight_decay = decay
    weight, memory, memories = rng.randn(4, 3), {}, [{} for _ in range(12)]
    for _ in range(5):
        slopes = rng.randn(4, 3) * 10.0 ** rng.randint(-9, 9, (4, 3)) * rng.randint(0, 2, (4, 3))
        before = weight.copy(), slopes.copy(), {name: np.copy(x) for name, x in memory.items()}
        known = dict(memory)
        moved = rule.update(weight, slopes, memory)
        one_by_one = map(rule.update, weight.ravel().tolist(), slopes.ravel().tolist(), memories)
        assert moved.ravel().tolist() == list(one_by_one)
        assert np.array_equal(weight, before[0])
        assert np.array_equal(slopes, before[1])
        assert all(np.array_equal(known[name], x) for name, x in before[2].items())
        assert not any(np.shares_memory(x, slopes) or np.shares_memory(x, moved) for x in memory.values())
        weight = moved


def test_without_decay_a_gradient_is_taken_as_it_is():
    assert [nn.SGD(lr=0.1).update(x, 1.0, {}) for x in (math.inf, -math.inf)] == [math.inf, -math.inf]


def test_a_rate_may_follow_the_parameters_as_in_other_libraries():
    w = Value(1.0)
    w.grad = 2.0
    nn.SGD([w], 0.1).step()
    assert w.data == 0.8
    assert [optimizer([w], 0.5).lr for optimizer in (nn.Adagrad, nn.RMSProp, nn.Adam, nn.AdamW)] == [0.5] * 4


class Stumbles(nn.SGD):
    """Raises at the third weight."""

    calls = 0

    def update(self, weight, gradient, memory):
        self.calls += 1
        if self.calls == 3:
            raise RuntimeError("third")
        return super().update(weight, gradient, memory)


def test_a_rule_that_raises_in_the_middle_has_moved_nothing_and_remembers_nothing():
    parameters = [Value(1.0) for _ in range(4)]
    for parameter in parameters:
        parameter.grad = 1.0
    optimizer = Stumbles(parameters, lr=0.1, momentum=0.9)
    with pytest.raises(RuntimeError, match="third"):
        optimizer.step()
    assert [p.data for p in parameters] == [1.0] * 4
    assert [optimizer.memory(p) for p in parameters] == [{}] * 4
    optimizer.step()
    assert [p.data for p in parameters] == [0.9] * 4


@pytest.mark.parametrize(
    ("rule", "slope", "message"),
    [
        (nn.SGD(), math.nan, r"the gradient of b is nan, and nothing has moved: lower the learning rate \(now 0\.01\)"),
        (nn.Adam(), math.inf, r"the gradient of b is inf"),
        (nn.Adam(), 1e200, r"the square remembered for b would be inf"),
        (nn.SGD(lr=1e10), 1e300, r"the step would move b to -inf"),
        (Stumbles(), math.nan, r"the gradient of b is nan"),
    ],
    ids=lambda x: None if isinstance(x, str) else repr(x),
)
def test_a_step_that_would_end_in_no_number_is_refused_whole(rule, slope, message):
    a, b = Value(1.0, "a"), Value(2.0, "b")
    a.grad, b.grad = 1.0, slope
    rule.bind([a, b])
    with pytest.raises(FloatingPointError, match=message):
        rule.step()
    assert (a.data, b.data, rule.memory(a)) == (1.0, 2.0, {})


@pytest.mark.parametrize("rule", [nn.Adam(epsilon=0.0), nn.AdamW(epsilon=0.0), nn.Adagrad(epsilon=0.0), nn.RMSProp(epsilon=0.0)])
def test_without_epsilon_a_gradient_of_0_moves_nothing(rule):
    rule.weight_decay = 0.0
    assert rule.update(1.0, 0.0, {}) == 1.0
    w = Value(1.0)
    w.grad = 0.0
    rule.bind([w]).step()
    assert w.data == 1.0


def test_what_a_rule_remembers_must_be_numbers():
    class Lists(nn.SGD):
        def update(self, weight, gradient, memory):
            memory["past"] = [gradient]
            return weight

    w = Value(1.0)
    w.grad = 1.0
    with pytest.raises(TypeError, match=r"memory\['past'\]=\[1\.0\] is not a number"):
        Lists([w]).step()


def test_clipping_keeps_the_direction_of_a_gradient_whose_length_no_float_holds():
    x, y = Value(0.0), Value(0.0)
    x.grad = y.grad = 1.7e308
    assert nn.clip_gradients([x, y], 1.0) == math.inf
    assert (x.grad, y.grad) == pytest.approx((math.sqrt(0.5), math.sqrt(0.5)), rel=1e-15)


@pytest.mark.parametrize("slopes", [(math.inf, 1.0), (1.0, -math.inf), (math.nan, 5.0)])
def test_clipping_says_that_a_slope_is_not_finite_and_changes_nothing(slopes):
    x, y = Value(0.0, "x"), Value(0.0, "y")
    x.grad, y.grad = slopes
    with pytest.raises(FloatingPointError, match=r"the gradient of [xy] is (-?inf|nan): it has no direction to keep"):
        nn.clip_gradients([x, y], 1.0)
    assert repr((x.grad, y.grad)) == repr(slopes)


def test_clipping_shortens_a_long_gradient_to_the_norm_and_leaves_a_short_one():
    x, y = Value(0.0), Value(0.0)
    x.grad, y.grad = 3.0, 4.0
    assert nn.clip_gradients([x, y], 10.0) == 5.0
    assert (x.grad, y.grad) == (3.0, 4.0)
    assert nn.clip_gradients([x, y], 1.0) == 5.0
    assert nn.gradient_norm([x, y]) == pytest.approx(1.0)
    assert y.grad / x.grad == pytest.approx(4 / 3)


def test_the_micrograd_schedule_is_bit_equal_to_its_formula():
    assert [schedules.linear(1.0, 0.1, 100)(k) for k in range(100)] == [1.0 - 0.9 * k / 100 for k in range(100)]


def test_warm_up_rises_to_the_schedule_that_follows_and_starts_it_from_zero():
    rate = schedules.warm_up(2, schedules.step(1.0, every=1, factor=0.5))
    assert [rate(epoch) for epoch in range(5)] == [0.5, 1.0, 1.0, 0.5, 0.25]


def test_a_cosine_ends_where_it_is_told():
    assert schedules.cosine(1.0, 10, end=0.25)(10) == 0.25
    assert schedules.cosine(1.0, 10, end=0.25)(0) == 1.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.SGD(lr=-0.1), ValueError, r"lr=-0\.1: it must be a finite number, 0 or more"),
        (lambda: nn.SGD(momentum=1.0), ValueError, r"momentum=1\.0: the share kept .* at least 0 and below 1"),
        (lambda: nn.SGD(nesterov=True), ValueError, r"nesterov=True with momentum=0: .* above 0, such as 0\.9"),
        (lambda: nn.Adam(betas=(0.9, 1.0)), ValueError, r"betas\[1\]=1\.0: the share kept"),
        (lambda: nn.Adam(betas=(0.9,)), ValueError, r"betas=\(0\.9,\): write two shares"),
        (lambda: nn.Adam(betas=0.9), ValueError, r"betas=0\.9: write two shares"),
        (lambda: nn.RMSProp(decay=2.0), ValueError, r"decay=2\.0: the share kept"),
        (lambda: nn.Adagrad(epsilon=math.nan), ValueError, r"epsilon=nan: it must be a finite number"),
        (lambda: nn.SGD([]), ValueError, r"no parameters to move: pass model\.parameters\(\)"),
        (lambda: nn.Adam([1.0]), TypeError, r"an optimizer moves Values, got 1\.0: write Adam\(model\.parameters"),
        (lambda: nn.SGD(0.1), TypeError, r"an optimizer moves Values, got 0\.1: write SGD\(model\.parameters"),
        (lambda: nn.SGD(nn.MLP(1, [1])), TypeError, r"moves Values, got MLP.*: write SGD\(model\.parameters"),
        (lambda: nn.SGD(lr=0.1).step(), RuntimeError, r"this SGD has no parameters: write SGD\(model"),
        (lambda: nn.Optimizer().update(1.0, 1.0, {}), NotImplementedError, r"Optimizer needs a method update"),
        (lambda: nn.clip_gradients([], 0.0), ValueError, r"max_norm=0\.0: a length to clip to must be .* above 0"),
        (lambda: nn.clip_gradients([], "1"), TypeError, r"max_norm='1' is not a number: write a plain one"),
        (lambda: nn.SGD(lr="0.1"), TypeError, r"lr='0\.1' is not a number: write a plain one, such as lr=0\.1"),
        (lambda: nn.SGD(lr=True), TypeError, r"lr=True is not a number"),
        (lambda: nn.SGD(lr=10**400), ValueError, r"lr=1000+ is beyond every float"),
        (lambda: nn.SGD(momentum="0.9"), TypeError, r"momentum='0\.9' is not a number"),
        (lambda: nn.Adam(epsilon=[1e-8]), TypeError, r"epsilon=\[1e-08\] is not a number"),
        (lambda: nn.Adam(betas=("0.9", 0.999)), TypeError, r"betas\[0\]='0\.9' is not a number"),
        (lambda: nn.SGD(weight_decay=None), TypeError, r"weight_decay=None is not a number"),
        (lambda: nn.SGD([Value(1.0) * 2.0]), TypeError, r"is computed by multiply: an optimizer moves the leaves"),
        (lambda: schedules.linear("1", 0.1, 10), TypeError, r"start='1' is not a number"),
        (lambda: schedules.cosine(1.0, 2.5), TypeError, r"epochs=2\.5 is not a whole number"),
        (lambda: schedules.linear(1.0, 0.1, 0), ValueError, r"epochs=0: a schedule needs at least 1 epoch"),
        (lambda: schedules.step(1.0, every=0), ValueError, r"every=0: a schedule needs at least 1 epoch"),
    ],
)
def test_bad_settings_name_the_argument_and_the_fix(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("optimizer", [nn.SGD(), nn.Adagrad(), nn.RMSProp(), nn.Adam(), nn.AdamW()])
def test_an_update_of_a_list_is_refused_with_what_to_pass(optimizer):
    with pytest.raises(TypeError, match=r"and weight is \[1\.0, 2\.0\]: pass numpy\.array\(weight\)"):
        optimizer.update([1.0, 2.0], [0.5, 0.5], {})
    with pytest.raises(TypeError, match=r"and gradient is \(0\.5, 0\.5\): pass numpy\.array\(gradient\)"):
        optimizer.update(np.array([1.0, 2.0]), (0.5, 0.5), {})
