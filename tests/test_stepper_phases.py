"""The whole training step: forward, backward, update; committed whole or not at all, and taken back."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_stepper import bits, expression, random_graph

from microgradx import Value, nn, stepper, topological_order


def state(values, optimizer=None):
    numbers = [(v.data.hex(), v.grad and v.grad.hex(), v._stamp) for v in values]
    return numbers, optimizer and [sorted(memory.items()) for memory in optimizer.memories()]


def model_and_loss():
    model = nn.MLP(2, [3, 1], "tanh", rng=1)
    return model, (model([1.0, -0.5]) - 1.0) ** 2


def test_the_three_phases_of_the_learners_example():
    s = stepper(expression(), forward=True, lr=0.1)
    assert str(s).splitlines() == [
        "forward pass of L = (a*b + c) * f             7 nodes, 3 steps, at 0: the inputs",
        "  a = 2, b = -3, c = 10, f = -2",
        "  next: e = a * b",
    ]
    assert str(s.next()) == "forward 1/3   e = a * b                                              2 * -3 = -6"
    assert str(s.goto("backward")).startswith("backward of L = (a*b + c) * f = -8 ")
    assert str(s.next()).startswith("backward 1/3   L = d * f ")
    assert str(s.goto("update")).startswith("update: new = old - 0.1 x gradient ")
    assert str(s.next()).splitlines()[1] == "  2 - 0.1 x 6 = 1.4"
    assert "s.commit() writes the gradients and moves the weights" in str(s.next(9))
    assert (len(s), s.at, s.starts) == (12, 12, {"forward": 0, "backward": 4, "update": 8})
    assert [step.phase for step in s] == ["forward"] * 3 + ["backward"] * 4 + ["update"] * 5
    assert [step.index for step in s] == list(range(1, 13))


def test_nothing_is_shown_that_the_forward_pass_has_not_reached():
    s = stepper(expression(), forward=True, lr=0.1).watch("L", "e")
    for place, (hidden, known) in enumerate([(("-6", "4", "-8"), ""), (("4", "-8"), "-6"), (("-8",), "4"), ((), "-8")]):
        text = str(s.goto(place)).replace("0.1", "") + "\n" + s.list()
        words = text.replace(",", " ").split()
        assert not set(hidden) & set(words), text
        assert not known or known in words
        assert "dL/d" not in text
    assert "L: not computed yet" in str(s.goto(1))
    assert "e = -6" in str(s.goto(1))
    assert s.goto(2).so_far("L") == 0.0
    assert s.goto("backward").so_far("L") == 1.0


def test_the_same_moves_lead_through_every_phase():
    s = stepper(expression(), forward=True, lr=0.1)
    assert [s.next().at, s.next(4).at, s.prev().at, s.step(2).at, s.part, s.step(-3).at] == [1, 5, 4, 5, 0, 3]
    assert s.goto(0).goto("e").at == 1
    assert s.goto("backward").goto("e").at == 7
    assert s.goto("update").goto("f").at == 12
    assert s.goto(0).goto("a").at == 7
    assert s.goto(0).break_on("d").cont().at == 2
    assert s.cont().at == 6
    assert s.cont(back=True).at == 2
    assert [s.goto(0).finish().at, s.goto("update").finish().at] == [3, 12]
    assert s.goto(2).where() == "in the forward phase: forward 2/3: d = e + c: -6 + 10 = 4"
    assert repr(s[12]) == "<update 4/4: f: -2 - 0.1 x 4 = -2.4>"
    assert repr(s[1]) == "<forward 1/3: e = a * b: 2 * -3 = -6>"


@given(seed=st.integers(0, 10**6))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_the_forward_phase_computes_each_value_after_its_operands(seed):
    output, _ = random_graph(seed)
    done = {n for n in topological_order(output) if n.op is None}
    s = stepper(output, forward=True)
    for step in s[: len(s.groups) + 1]:
        assert all(x in done for x in step.node.parents if isinstance(x, Value))
        done.add(step.node)
    assert output in done


@pytest.mark.parametrize("by", ["neuron", "layer"])
def test_the_forward_phase_of_a_network_has_the_grain_of_the_backward_one(by):
    _, loss = model_and_loss()
    s = stepper(loss, forward=True, by=by)
    names = [step.name for step in s]
    count = len(s.groups)
    assert names[:count] == names[: count : -1]
    text = "\n".join(str(step) for step in s[1 : count + 1])
    assert ("their sum is" in text) == (by == "neuron")


@pytest.mark.parametrize(
    "make",
    [
        lambda ps: nn.SGD(ps, lr=0.1, momentum=0.9),
        lambda ps: nn.Adam(ps, lr=0.01),
        lambda ps: nn.AdamW(ps, lr=0.01),
        lambda ps: nn.RMSProp(ps, lr=0.01),
    ],
)
def test_commit_is_backward_and_the_optimizers_step_bit_for_bit(make):
    (one, first), (two, second) = model_and_loss(), model_and_loss()
    one.layers[0].neurons[1].freeze()
    two.layers[0].neurons[1].freeze()
    mine, theirs = make(one.parameters()), make(two.parameters())
    s = stepper(first, forward=True, update=mine)
    for _ in range(3):
        shown = [step.move.new for step in s if step.phase == "update" and step.number]
        s.commit()
        second.forward().backward()
        theirs.step()
        assert bits(p.data for p in one.parameters()) == bits(p.data for p in two.parameters())
        assert bits(shown) == bits(p.data for p in one.trainable())
        assert mine.memories() == theirs.memories()
        s = s.again()
        theirs.zero_grad()
        assert str(s).startswith("forward pass of")
        assert not all(p.reached for p in one.parameters())


def test_plain_descent_moves_every_input_by_the_rate_times_its_gradient():
    output = expression()
    s = stepper(output, lr=0.1)
    s.commit()
    moved = {n.label: n.data for n in topological_order(output) if n.op is None}
    assert moved == {"a": 2 - 0.1 * 6.0, "b": -3 - 0.1 * -4.0, "c": 10 - 0.1 * -2.0, "f": -2 - 0.1 * 4.0}
    assert "committed: the weights have moved; s.again() goes on" in str(s)
    after = s.again()
    assert after.output.data == (moved["a"] * moved["b"] + moved["c"]) * moved["f"]
    assert s.diff(after).rows[0].name == "L"


def test_uncommit_takes_back_every_bit_until_somebody_else_writes():
    model, loss = model_and_loss()
    model.parameters()[0].grad = 0.5
    optimizer = nn.Adam(model.parameters(), lr=0.01)
    values = topological_order(loss)
    before = state(values, optimizer)
    s = stepper(loss, update=optimizer)
    s.commit()
    assert state(values, optimizer) != before
    s.uncommit()
    assert state(values, optimizer) == before
    with pytest.raises(RuntimeError, match="nothing was committed by this stepper"):
        s.uncommit()
    s.commit()
    model.parameters()[3].data = 7.0
    with pytest.raises(RuntimeError, match=r"the number of .* has changed since the commit, by a later pass or by hand"):
        s.uncommit()
    assert model.parameters()[3].data == 7.0
    plain = stepper(expression())
    plain.commit()
    plain.output.backward()
    with pytest.raises(RuntimeError, match=r"the gradient of .* has changed since the commit"):
        plain.uncommit()


def test_an_update_that_raises_leaves_all_as_it_was():
    model, loss = model_and_loss()

    class Interrupted(nn.SGD):
        def step(self):
            super().step()
            raise KeyboardInterrupt

    optimizer = Interrupted(model.parameters(), lr=0.1, momentum=0.9)
    values = topological_order(loss)
    before = state(values, optimizer)
    with pytest.raises(KeyboardInterrupt):
        stepper(loss, update=optimizer).commit()
    assert state(values, optimizer) == before


def test_an_update_that_the_optimizer_refuses_is_told_and_not_made():
    x = Value(0.0, "x")
    output = x.sqrt() * 2.0
    s = stepper(output, update=nn.SGD([x], lr=0.1))
    assert "refused: the gradient of x is inf" in str(s.goto("update"))
    with pytest.raises(FloatingPointError, match="the gradient of x is inf"):
        s.commit()
    assert not x.reached


def test_adams_moments_stand_in_its_steps():
    w = Value(1.0, "w")
    s = stepper(w * w, update=nn.Adam([w], lr=0.5)).goto(-1)
    rows = [line.split() for line in str(s).splitlines()]
    assert rows[0] == ["update", "1/1", "w", "Adam,", "lr", "0.5"]
    assert ["mean", "->", "0.2"] in rows
    assert ["square", "->", "0.004"] in rows
    s.commit()
    rows = [line.split() for line in str(s.again().goto(-1)).splitlines()]
    assert ["mean", "0.2", "->", "~0.28"] in rows


def test_a_rule_that_is_none_and_a_rate_that_is_none_are_refused():
    x = Value(1.0, "x")
    with pytest.raises(TypeError, match=r"update='sgd' is not an optimizer: write update=nn\.SGD"):
        stepper(x * x, update="sgd")
    with pytest.raises(ValueError, match="this SGD has nothing to move"):
        stepper(x * x, update=nn.SGD(lr=0.1))
    with pytest.raises(ValueError, match=r"has a learning rate of its own: leave lr=0\.1 out"):
        stepper(x * x, update=nn.SGD([x]), lr=0.1)
    with pytest.raises(ValueError, match="lr=nan is not a learning rate"):
        stepper(x * x, lr=math.nan)
    with pytest.raises(ValueError, match="digits=0: a number is shown in 1 to 17 digits"):
        stepper(x * x, digits=0)
    with pytest.raises(RuntimeError, match="the update of this pass has not been performed"):
        stepper(x * x, lr=0.1).again()


def test_a_what_if_keeps_the_phases_and_leaves_the_optimizer_alone():
    model, loss = model_and_loss()
    optimizer = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
    s = stepper(loss, forward=True, update=optimizer)
    t = s.what_if({model.layers[0].neurons[0].b: 3.0})
    assert t.starts == s.starts
    assert t[-1].move.old == model.parameters()[-1].data
    assert optimizer.memories() == [{}] * 13


def test_a_pass_without_an_update_goes_on_with_the_next_one():
    output = expression()
    s = stepper(output)
    s.commit()
    topological_order(output)[0].data = 3.0
    t = s.again()
    assert (t.value("a"), t.output.data) == (3.0, -2.0)
    assert not topological_order(output)[0].reached


def test_descent_moves_the_weights_of_a_model_and_not_its_data():
    model = nn.MLP(1, [2, 1], rng=0)
    x = Value(0.5, "x")
    s = stepper((model([x]) - 1.0) ** 2, lr=0.1)
    assert {move.weight for move in s.plan.moves} == set(model.parameters())
