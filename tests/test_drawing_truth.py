"""A drawing shows one pass, its own: what stands in `.grad` never reaches it, and where it differs the drawing says so."""

from __future__ import annotations

import html
import math
import random
import re
from operator import add, mul, sub

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import Value, draw, mermaid, nn, topological_order
from microgradx.chain import edges
from microgradx.view.drawing.flow import snapshot
from microgradx.view.drawing.troubles import cancelled, diagnose
from microgradx.view.words.notation import number


def words(drawn) -> list[str]:
    return [html.unescape(text) for text in re.findall(r">([^<>]{2,})<", drawn.svg())]


def caption(drawn) -> str:
    return " ".join(words(drawn))


def sweep(output: Value) -> dict[Value, float]:
    """The gradients by a reverse sweep of its own, apart from the engine's."""
    sums = {output: 1.0}
    for node in reversed(topological_order(output)):
        for _, parent, local in edges(node) if node.op else ():
            up = sums.get(node, 0.0)
            sums[parent] = sums.get(parent, 0.0) + (up * local if up and local else 0.0)
    return sums


def random_graph(seed: int) -> Value:
    pick = random.Random(seed)
    values = [Value(pick.uniform(-2, 2), label=f"x{k}") for k in range(4)]
    for k in range(18):
        a, b = pick.choice(values), pick.choice(values)
        made = pick.choice([mul, add, sub, lambda a, _: a.tanh(), lambda a, _: a.relu()])(a, b)
        made.label = f"v{k}"
        values.append(made)
    return values[-1]


@pytest.mark.parametrize("seed", range(12))
def test_every_gradient_drawn_is_that_of_this_output_whatever_other_passes_left_behind(seed):
    out = random_graph(seed)
    for other in topological_order(out)[4:8]:
        (other * 7.0).backward()
    true = {node.label: number(gradient) for node, gradient in sweep(out).items()}
    rows = re.findall(r'^\tn\w+ \[.*? label="([^"]*)"', draw(out, detail="values").source, re.MULTILINE)
    drawn = {lines[0].partition(" = ")[0].removesuffix("'"): lines[2] for lines in (row.split("\\n") for row in rows)}
    assert {name: f"grad {gradient}" for name, gradient in true.items()} == {
        name: text for name, text in drawn.items() if not text.startswith("grad +=")
    }


def test_gradients_of_another_output_are_told_from_those_drawn():
    u = Value(2.0, label="u")
    v = u * 3.0
    v.label = "v"
    (v * -5.0).backward()
    t = v + 1.0
    t.label = "t"
    drawn = draw(t)
    assert [text for text in words(drawn) if text.startswith("grad ")] == ["grad 3", "grad 1", "grad 1"]
    assert "`.grad` holds gradients of another output (u -15, v -5); drawn are those of t." in caption(drawn)
    assert [text for text in words(drawn) if text.startswith(".grad ")] == [".grad -15", ".grad -5"]


def test_what_was_there_before_this_pass_is_said_on_the_card_and_below():
    p = Value(2.0, label="p")
    (p * 30.0).backward()
    loss = p * -5.0
    loss.backward()
    assert "`.grad` of p is 25: 30 was there before this pass; zero_grad() forgotten?" in caption(draw(loss))
    assert ".grad 25, 30 from before" in draw(loss).source
    assert ".grad 25" in words(draw(loss))
    assert "grad -5" in words(draw(loss))


def test_passes_without_zero_grad_between_them_are_counted():
    model = nn.MLP(2, [3, 1], activation="tanh", rng=1)
    loss = (model([0.5, -0.5]) - 1.0) ** 2
    for _ in range(3):
        loss.backward()
    assert "`.grad` is 3 times this pass for" in draw(loss).summary
    for parameter in model.parameters():
        parameter.grad = None
    loss.backward()
    assert "`.grad`" not in draw(loss).summary


def test_after_an_optimizers_step_the_recorded_pass_is_drawn_with_a_note():
    w, x = Value(2.0, label="w"), Value(3.0, label="x")
    e = w * x
    e.label = "e"
    loss = e.tanh() + w
    loss.label = "loss"
    loss.backward()
    grads = {node.label: node.grad for node in (w, x, e, loss)}
    w.data = 1.5
    drawn = draw(loss)
    rows = {lines[0].partition(" = ")[0]: lines[1:] for lines in cards(drawn)}
    assert rows["w"][0] == "now 1.5"
    for name, gradient in grads.items():
        assert f"grad {number(gradient)}" in rows[name]
    assert "w was assigned after this graph was computed" in caption(drawn)
    assert "*?" in words(drawn)  # d(w*x)/dx was the old w
    assert "*3" in words(drawn)  # d(w*x)/dw is x, which is still there
    assert (w.grad, w.data) == (grads["w"], 1.5)


def cards(drawn) -> list[list[str]]:
    return [row.split("\\n") for row in re.findall(r'^\tn\w+ \[.*? label="([^"]*)"', drawn.source, re.MULTILINE)]


def test_a_training_loop_can_be_drawn_where_people_draw_it():
    model = nn.MLP(2, [3, 1], activation="relu", rng=3)
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    loss = (model([0.5, -0.5]) - 1.0) ** 2
    loss.backward()
    recorded = {name: p.grad for name, p in model.named_parameters()}
    optimizer.step()
    flow = snapshot(loss)
    for name, p in model.named_parameters():
        if p in flow.nodes:
            assert flow.grads[flow.nodes.index(p)] == pytest.approx(recorded[name], rel=1e-12)
    assert draw(loss).svg()


@pytest.mark.parametrize("detail", ["auto", "full", "neurons", "layers", "model"])
def test_every_way_of_folding_says_that_leaves_were_assigned(detail):
    model = nn.MLP(2, [8, 1], activation="tanh", rng=3)
    loss = sum(((model([0.1 * k, -0.5]) - 1.0) ** 2 for k in range(12)), Value(0.0))
    loss.backward()
    nn.SGD(model.parameters(), lr=0.1).step()
    assert "assigned after this graph was computed, as by an optimizer's step" in draw(loss, detail=detail).summary


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(["LR", "TB"]))
def test_every_contribution_in_the_svg_is_upstream_times_local_of_this_pass(seed, rankdir):
    out = random_graph(seed)
    (topological_order(out)[len(topological_order(out)) // 2] * 3.0).backward()
    sums = sweep(out)
    drawn = draw(out, detail="values", rankdir=rankdir)
    told = sorted(float(x) for x in re.findall(r"contribution ([^<\n]+)</title>", drawn.svg()))
    expected = [
        up * local if (up := sums.get(node, 0.0)) and local else 0.0
        for node in topological_order(out)
        for _, _, local in (edges(node) if node.op else ())
    ]
    assert told == pytest.approx(sorted(expected), rel=1e-12, abs=1e-300)


def test_large_finite_numbers_are_drawn():
    y = Value(1.0)
    for _ in range(2600):
        y = y * 1.2
    assert "Exploding" in draw(y).summary
    assert mermaid(y)
    total = sum((Value(1.5e308) * 1.0 for _ in range(3)), Value(0.0))
    assert draw(total, detail="model").svg()
    z = Value(1.0)
    for _ in range(160):
        z = z * 10.0
    assert draw(z, detail="layers").svg()


def powers():
    x = Value(3.0, label="x")
    y = x * x
    return y * y * y


def regression():
    w, x, b = Value(480.0, label="w"), Value(210.0, label="x"), Value(3.0, label="b")
    return (w * x + b - 100790.0) ** 2


@pytest.mark.parametrize("build", [powers, regression])
def test_large_units_are_no_alarm(build):
    flow = snapshot(build())
    assert diagnose(flow).sentences(flow) == []


def test_growth_over_many_operations_is_an_alarm():
    y = Value(1.0, label="y0")
    for _ in range(60):
        y = y * 1.3
    assert "Exploding (over many operations, above 1000 times the output's): y0" in draw(y).summary


def call_price():
    """Black and Scholes: the gradients of d1 and d2 through S*N'(d1) and K*exp(-rT)*N'(d2) cancel."""
    S, K, T = Value(100.0, label="S"), Value(105.0, label="K"), 0.5
    sigma, r = Value(0.2, label="sigma"), Value(0.03, label="r")
    d1 = ((S / K).log() + (r + sigma * sigma / 2) * T) / (sigma * math.sqrt(T))
    d1.label = "d1"
    d2 = d1 - sigma * math.sqrt(T)
    return S * d1.normal_cdf() - K * (-r * T).exp() * d2.normal_cdf()


def test_rounding_noise_has_no_sign_and_is_not_vanishing():
    flow = snapshot(call_price())
    found = diagnose(flow)
    assert flow.names.index("d1") in found.cancelled
    assert found.vanishing == []
    card = next(line for line in draw(call_price()).source.splitlines() if 'label="d1' in line)
    assert 'class="zero"' in card


def test_what_gets_only_cancelled_gradients_is_not_called_dead():
    x = Value(1.0, label="x")
    y = x * 2.0
    y.label = "y"
    flow = snapshot(y.exp() - y.exp())
    assert diagnose(flow).sentences(flow) == ["Cancelled (contributions of both signs leave 0 or rounding noise): x, y."]


def test_only_real_cancellation_counts():
    x = Value(0.3, label="x")
    flow = snapshot(x.exp() - x.sin() * 1.0000001 + x)
    assert cancelled(flow) == set()


def test_the_caption_speaks_of_what_is_drawn_alone():
    x, y = Value(-1.0, label="x"), Value(2.0, label="y")
    off, on = x.relu(), y * 3.0
    out = off + on
    assert "Dead" in draw(out).summary
    assert "Dead" not in draw(out, path=(y, out)).summary
    assert "call backward()" not in draw(out, step=0).source


def test_a_contribution_that_lowers_the_output_has_a_hollow_tip_so_that_grey_print_shows_its_sign():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    source = draw(a * b + a).source
    lines = [line for line in source.splitlines() if " -> " in line]
    assert len(lines) == 4
    assert [re.search(r"contribution (\S+?)\"", line)[1] for line in lines if "onormal" in line] == ["-3"]
