"""What becomes of graphs too large to read: copies of far leaves, folding, selections, and limits that hold."""

from __future__ import annotations

import math
import re

import pytest
from test_staged_page import rounds_of_a_cell
from test_stages import attention, recurrence

from microgradx import Value, draw
from microgradx.nn import MLP
from microgradx.nn.data import moons
from microgradx.places import name_of, place_of
from microgradx.view.drawing.flow import snapshot
from microgradx.view.drawing.folding import LEVELS, groups
from microgradx.view.drawing.spread import spread_of


def batch(points: int, sizes: list[int], expand: bool = False) -> Value:
    model = MLP(2, sizes, activation="tanh", rng=1, expand=expand)
    xs, labels = moons(points)
    losses = [(model(x) - (2.0 * label - 1.0)) ** 2 for x, label in zip(xs, labels, strict=True)]
    total = sum(losses[1:], losses[0])
    total.label = "loss"
    total.backward()
    return total


def loop(steps: int) -> Value:
    w, b, y = Value(0.5, label="w"), Value(0.1, label="b"), Value(1.0, label="y0")
    for _ in range(steps):
        y = y * w + b
    y.backward()
    return y


def titles(drawn) -> list[str]:
    return [label.split("\\n")[0] for label in re.findall(r'^\tn\w+ \[.*? label="([^"]*)"', drawn.source, re.MULTILINE)]


def test_far_uses_of_a_leaf_are_copies_whose_shares_add_up_to_its_gradient():
    y = loop(10)
    drawn = draw(y, detail="full")
    assert titles(drawn).count("w'") == 8
    assert "Copies, marked with ', stand beside far uses of w, b" in drawn.summary
    shares = re.findall(r"tooltip=\"w, drawn again [^\"]*this use adds ([^ ]+) to its gradient", drawn.source)
    weight = next(node for node in snapshot(y).nodes if node.label == "w")
    near = [edge.contribution for edge in snapshot(y).edges if snapshot(y).nodes[edge.tail] is weight][:2]
    assert math.fsum([*map(float, shares), *near]) == pytest.approx(weight.grad, rel=1e-15)


def test_near_uses_of_a_leaf_are_wires():
    assert "'" not in "".join(titles(draw(loop(2))))


def test_a_loop_of_100_steps_sharing_one_weight_is_laid_out():
    assert draw(loop(100), detail="values").svg().count('class="node') > 300


def test_a_batch_folds_to_one_card_per_neuron_with_mean_and_spread():
    drawn = draw(batch(64, [4, 1]))
    assert {f"L0.n{k} x64" for k in range(4)} <= set(titles(drawn))
    assert "folded into" in drawn.summary
    assert "one card per neuron" in drawn.summary
    assert "To open: module='L1.n0' or detail='full'." in drawn.summary
    assert " +- " in drawn.source


def test_of_a_dense_network_the_strongest_wires_are_drawn_and_the_caption_says_so():
    model = MLP(2, [20, 20, 1], activation="tanh", rng=1, expand=True)
    out = model([0.5, -0.5])
    drawn = draw(out, detail="neurons")
    assert re.search(r"Of 42\d wires \d+ are drawn: the 3 strongest into each card, the strongest out of it\.", drawn.summary)
    heads = re.findall(r" -> (n\w+) ", drawn.source)
    tails = set(re.findall(r"(n\w+) -> ", drawn.source))
    assert len(heads) < 130
    assert sum(heads.count(head) >= 3 for head in set(heads)) >= 20
    assert len(tails) >= 40
    assert drawn.source == draw(out, detail="neurons").source


def test_the_mean_on_a_folded_card_is_the_mean_over_the_batch():
    loss = batch(64, [4, 1])
    outputs = [node for node in snapshot(loss).nodes if name_of(node) == "layers[0].neurons[2]" and node.op]
    assert len(outputs) == 64
    expected = f"L0.n2 x64\\n{spread_of([n.data for n in outputs])}\\ngrad {spread_of([n.grad for n in outputs])}"
    assert expected in draw(loss).source


def test_every_value_is_in_exactly_one_group_at_every_level():
    flow = snapshot(batch(8, [4, 4, 1], expand=True))
    for level, depth in LEVELS:
        members = sorted(k for group in groups(flow, range(len(flow.nodes)), level, depth) for k in group.members)
        assert members == list(range(len(flow.nodes)))


def test_inner_values_belong_to_the_neuron_whose_parameters_they_are_made_of():
    flow = snapshot(batch(2, [3, 1], expand=True))
    for edge in flow.edges:
        if flow.nodes[edge.tail].op is None and (place := place_of(flow.nodes[edge.tail])):
            assert flow.modules[edge.head] is place.module


def test_folding_by_layer_and_model():
    loss = batch(8, [4, 4, 1])
    assert {"L0 x32", "L1 x32", "L2 x8"} <= set(titles(draw(loss, detail="layers")))
    assert any(title == "MLP x8" for title in titles(draw(loss, detail="model")))


def test_repeated_structure_folds_without_any_module():
    xs = [Value(float(k), label=f"x{k}") for k in range(1_500)]
    terms = [(x * 2.0).tanh() for x in xs]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    total.backward()
    drawn = draw(total)
    assert {"xs x1,500", "terms = tanh(xs*2) x1,500"} <= set(titles(drawn))
    assert len(titles(drawn)) < 10
    assert "cards: one card for all that is made alike, xN for N alike values" in drawn.summary


def test_a_long_loop_folds_to_a_cycle():
    drawn = draw(loop(4_000))
    assert len(titles(drawn)) < 20
    assert drawn.svg()


def test_dead_values_are_counted_through_a_fold():
    x = [Value(-1.0) for _ in range(3_000)]
    total = x[0].relu()
    for value in x[1:]:
        total = total + value.relu()
    total.backward()
    assert "Dead (gradient exactly 0): x[0], x[1], x[2], x[3], x[4], x[5] and 2,994 more." in draw(total).summary


def test_thirteen_thousand_values_fold():
    loss = batch(20, [16, 16, 1], expand=True)
    drawn = draw(loss)
    assert len(snapshot(loss).nodes) > 12_000
    assert len(titles(drawn)) < 60
    assert drawn.svg().count('class="node') == len(titles(drawn))


def test_a_chain_of_twenty_thousand_values_is_drawn_without_recursion():
    y = Value(1.0)
    for _ in range(10_000):
        y = (y + 1e-9).sin()
    assert len(titles(draw(y))) < 20


def test_a_computed_value_used_all_along_a_loop_is_folded_rather_than_waited_for():
    x, y = Value(0.5, label="x"), Value(1.0, label="y0")
    shared = x.sin()
    for _ in range(80):
        y = y * shared + shared
    assert len(titles(draw(y))) < 20


def test_more_cards_than_can_be_laid_out_are_refused():
    y = Value(1.0)
    for _ in range(11_000):
        y = y + 1.0
    with pytest.raises(ValueError, match="11,001 cards are more than the 10,000 that can be laid out: leave detail='auto'"):
        draw(y, detail="full")


def shared_all_along(steps: int) -> Value:
    x, y = Value(0.9, label="x"), Value(1.0, label="y0")
    shared = x.tanh()
    for _ in range(steps):
        y = y * shared + 0.1
    return y


@pytest.mark.parametrize("steps", [60, 90, 400])
def test_every_value_of_a_loop_with_a_shared_computed_value_is_laid_out(steps):
    drawn = draw(shared_all_along(steps), detail="values")
    assert drawn.svg().count('class="node') > 2 * steps
    assert "Copies, marked with ', stand beside far uses of" in drawn.summary


def test_the_shares_of_copies_of_a_computed_value_add_up_to_its_gradient():
    y = shared_all_along(90)
    drawn, flow = draw(y, detail="values"), snapshot(y)
    shares = [float(x) for x in re.findall(r"drawn again [^\"]*this use adds ([^ ]+) to its gradient", drawn.source)]
    at = next(k for k, node in enumerate(flow.nodes) if node.op and node.op.name == "tanh")
    wires = re.findall(rf'^\tn{at}_\w+ -> .*contribution ([^"]+)"', drawn.source, re.MULTILINE)
    assert math.fsum([*shares, *map(float, wires)]) == pytest.approx(flow.grads[at], rel=1e-12)


def test_a_path_keeps_what_lies_between():
    a, b, c = (Value(float(k), label=name) for k, name in enumerate("abc"))
    out = (a * b).tanh() + c.exp()
    assert titles(draw(out, path=(a, out))) == ["a", "a * b", "tanh(a * b)", "out = tanh(a * b) + exp(c)"]
    assert len(titles(draw(out, path=([a, c], out)))) == 6
    assert "Only what lies on a path from a." in draw(out, path=(a, out)).summary


def test_the_ends_of_a_path_can_be_named():
    a, b = Value(1.0, "a"), Value(2.0, "num")
    out = (a * b).tanh() + b.exp()
    assert titles(draw(out, path=("a", out))) == titles(draw(out, path=(a, out)))
    assert titles(draw(out, path=(["a", "num"], "out"))) == titles(draw(out))
    with pytest.raises(KeyError, match="no value is called 'nun' in the graph of out; the nearest names are 'num'"):
        draw(out, path=("nun", out))


def test_a_path_needs_values_of_the_graph():
    a, out = Value(1.0), Value(2.0) * 2
    with pytest.raises(ValueError, match=r"is not in the graph of out: path=\(x, output\) needs values of it"):
        draw(out, path=(a, out))


def test_a_path_needs_two_ends():
    x = Value(1.0, label="x")
    with pytest.raises(TypeError, match=r"has no two ends: write path=\(x, output\)"):
        draw(x * 2, path=x)


def test_depth_counts_operations_back_from_the_output():
    y = loop(10)
    assert len(titles(draw(y, depth=0))) == 1
    assert "Up to 2 operations from the output; 18 values further back are not drawn." in draw(y, depth=2).summary
    short = draw(Value(1.0).tanh().exp(), depth=1)
    assert "Up to 1 operation from the output; 1 value further back is not drawn." in short.summary


@pytest.mark.parametrize("module", ["layers[1].neurons[0]", "L1.n0"])
def test_one_module_is_drawn_with_what_it_is_given(module):
    drawn = draw(batch(4, [4, 1]), module=module)
    assert "Showing only L1.n0 and its inputs." in drawn.summary
    assert sum(title.startswith("L1.n0.w") for title in titles(drawn)) == 4
    assert "layers[1].neurons[0].w[0]" in drawn.source  # in full where the pointer rests


def test_a_module_that_is_not_there_names_some_that_are():
    with pytest.raises(ValueError, match=r"no module 'layers\[7\]' in this graph; there are L0\.n0, L0\.n1, L1\.n0"):
        draw(batch(4, [2, 1]), module="layers[7]")


def test_labels_on_wires_end_where_nobody_asked_for_them():
    y = Value(1.0)
    for _ in range(80):
        y = (y * 1.5).tanh()
    assert 'label="*1.5"' not in draw(y, detail="values").source
    assert 'label="*1.5"' in draw(y, detail="full").source


def test_the_caption_names_only_ways_to_unfold_that_work():
    y = loop(5_100)
    summary = draw(y).summary
    assert "To open: depth=5." in summary
    assert "detail='full'" not in summary
    assert "To open: detail='full'." in draw(loop(1_500)).summary


def one_dead_of_four(samples: int):
    """A network of four neurons of which one never fires, and how often each of them does."""
    model = MLP(2, [4, 1], rng=0)
    model.layers[0].neurons[1].b.data = -100.0
    points = [[math.sin(k), math.cos(k)] for k in range(samples)]
    fires = [sum(neuron(x).data > 0.0 for x in points) for neuron in model.layers[0].neurons]
    return sum(((model(x) - 1.0) ** 2 for x in points), Value(0.0)) / samples, fires


def test_a_unit_is_dead_when_no_sample_passes_and_one_sample_that_is_off_is_no_news():
    loss, fires = one_dead_of_four(40)
    drawn = draw(loss, detail="neurons")
    rows = {row[0]: row[1:] for row in (label.split("\\n") for label in re.findall(r' label="(L0[^"]*)"', drawn.source))}
    assert fires[1] == 0
    assert 0 < fires[0] < 40
    assert rows["L0.n1 x40"] == ["never fires", "grad 0"]
    assert all("never fires" not in rows[f"L0.n{k} x40"] for k in (0, 2, 3))
    assert "Never fires in 40 samples: L0.n1; " in drawn.summary
    assert re.search(r'class="zero" label="L0\.n1', drawn.source)
    assert "Dead" not in drawn.summary


def test_the_parameters_that_learn_nothing_are_counted():
    loss, _ = one_dead_of_four(40)
    zeros = sum(g == 0.0 for node, g in zip(snapshot(loss).nodes, snapshot(loss).grads, strict=True) if place_of(node))
    assert zeros >= 3
    assert "; 3 of 17 parameters learn nothing from it." in draw(loss, detail="neurons").summary


@pytest.mark.parametrize(("weight", "tone"), [(-1.0, "none"), (1.0, "pos")])
def test_a_mean_below_its_spread_has_no_sign(weight, tone):
    xs = [Value(0.1) for _ in range(400)]
    total = sum((x * (weight if k % 2 else 1.01) for k, x in enumerate(xs)), Value(0.0))
    leaves = next(line for line in draw(total, detail="layers").source.splitlines() if "400 inputs" in line)
    assert f'class="{tone}"' in leaves


def test_neurons_stand_in_order():
    model = MLP(2, [12, 1], activation="tanh", rng=1)
    loss = sum((model([0.1 * k, 1.0 - 0.1 * k]) for k in range(3)), Value(0.0))
    drawn = draw(loss, detail="neurons", rankdir="TB")
    places = dict(re.findall(r"<text [^>]*x=\"([\d.]+)\"[^>]*>(L0\.n\d+) x3<", drawn.svg()))
    by_place = [name for _, name in sorted((float(x), name) for x, name in places.items())]
    assert by_place == [f"L0.n{k}" for k in range(12)]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["x1", "x2"], ["x1", "x2"]),
        ([f"x{k}" for k in range(5)], ["5 inputs: x0, x1, x2, x3, x4"]),
        ([f"feature {k}" for k in range(6)], ["6 inputs"]),
        ([f"x[{k}]" for k in range(12)], ["12 inputs: x[0] ... x[11]"]),
        ([None] * 5, ["5 inputs"]),
    ],
)
def test_inputs_that_are_folded_are_counted_and_named_and_a_few_stay_apart(names, told):
    inputs = [Value(0.1 * k, name) for k, name in enumerate(names)]
    drawn = draw(MLP(len(names), [3, 1], rng=1)(inputs), detail="neurons", names={"none": None})
    assert [lines[0] for lines in cards_of(drawn) if not lines[0].startswith("L")] == told


def cards_of(drawn) -> list[list[str]]:
    return [row.split("\\n") for row in re.findall(r'^\tn\w+ \[.*? label="([^"]*)"', drawn.source, re.MULTILINE)]


def test_a_wide_sum_is_one_card_with_a_list():
    total = total_of([Value(k / 10.0) for k in range(1_000)])
    rows = cards_of(draw(total))
    assert [row[0] for row in rows] == ["total = sum of 1,000", "1,000 inputs"]
    assert rows[1][1:] == ["0, grad 1", "0.1, grad 1", "0.2, grad 1", "0.3, grad 1", "... 995 more ...", "99.9, grad 1", "grad 1"]
    assert len(draw(total).node_id(total.parents[500])) > 2


def total_of(xs: list[Value]) -> Value:
    from microgradx import sum as add_up

    total = add_up(xs)
    total.label = "total"
    return total


def test_a_chain_of_additions_is_one_card_whose_wires_are_its_terms():
    xs = [Value(k / 10.0, f"x{k}") for k in range(12)]
    out = sum((x * x for x in xs), Value(0.0, "start"))
    drawn = draw(out)
    assert "out = sum of 13" in titles(drawn)
    assert len(titles(drawn)) == 12 + 12 + 1 + 1
    assert len(titles(draw(out, detail="full"))) == 12 + 12 + 12 + 1
    wires = re.findall(rf"^\t(n\w+) -> {drawn.node_id(out)} .*contribution ([^\"]+)\"", drawn.source, re.MULTILINE)
    assert [float(sent) for _, sent in wires] == [1.0] * 13


def test_a_sum_with_plain_numbers_or_named_parts_keeps_its_cards():
    y = Value(1.0, "x")
    for _ in range(14):
        y = y + 0.5
    assert len(titles(draw(y))) == 15
    part = sum((Value(1.0) for _ in range(6)), Value(0.0))
    part.label = "part"
    whole = sum((Value(1.0) for _ in range(6)), part)
    assert "part" in " ".join(titles(draw(whole)))


def test_one_neuron_of_a_batch_folds_over_its_samples():
    loss = batch(100, [4, 1])
    drawn = draw(loss, module="L0.n3")
    assert [title.partition(" x")[0] for title in titles(drawn)][:1]
    assert len(titles(drawn)) <= 7
    assert {"L0.n3.w[0]", "L0.n3.w[1]", "L0.n3.b"} <= set(titles(drawn))
    assert any(title.endswith("x100") for title in titles(drawn))
    assert "To open: sample=0 or detail='full'." in drawn.summary


@pytest.mark.parametrize("sample", [0, 7, -1])
def test_one_sample_of_a_batch_can_be_drawn(sample):
    model = MLP(2, [3, 1], activation="tanh", rng=1)
    xs, _ = moons(12)
    terms = [(model(x) - 1.0) ** 2 for x in xs]
    for k, term in enumerate(terms):
        term.label = f"term{k}"
    for loss in (sum(terms, Value(0.0)), total_of(terms)):
        drawn = draw(loss, sample=sample)
        named = {title.partition(" = ")[0] for title in titles(drawn)}
        assert {name for name in named if name.startswith("term")} == {f"term{sample % 12}"}
        assert f"Only sample {sample % 12} of 1" in drawn.summary


def test_a_sample_that_is_not_there_is_refused():
    loss = total_of([Value(float(k)).exp() for k in range(12)])
    with pytest.raises(ValueError, match="sample=12, but there are 12: write 0 to 11"):
        draw(loss, sample=12)
    with pytest.raises(ValueError, match="sample=0: out is not a sum or a mean over samples"):
        draw(Value(2.0).exp().sin(), sample=0)


def test_the_cards_of_a_module_stand_in_a_box_where_there_is_room():
    model = MLP(2, [2, 1], activation="tanh", rng=1)
    drawn = draw(model([0.5, -0.5]), for_="screen")
    boxes = dict(re.findall(r'subgraph "cluster ([^"]*)_[0-9a-f]{8}" \{(.*)\}', drawn.source))
    assert set(boxes) == {"L0.n0", "L0.n1", "L1.n0"}
    members = [id for inside in boxes.values() for id in re.findall(r"\bn\d+_[0-9a-f]{8}", inside)]
    assert len(members) == len(set(members)) == len(titles(drawn))
    assert drawn.svg().count('class="cluster"') == 3
    assert "subgraph" not in draw(Value(2.0) * 3.0).source


def test_tooltips_say_the_formula_and_whose_part_a_value_is():
    model = MLP(2, [2, 1], activation="tanh", rng=1, expand=True)
    source = draw(model([0.5, -0.5]), for_="screen").source
    assert "made by multiply: L0.n0.w[0] * 0.5\\npart of layers[0].neurons[0]" in source


def test_attention_written_by_hand_is_drawn_as_its_formulas():
    loss, names = attention()
    drawn = draw(loss, names=names)
    assert set(titles(drawn)) == {
        *("X x12", "Wq x18", "Wk x18", "Wv x18", "Wo x18", "q = sum(Wq*X) x24", "k = sum(Wk*X) x24", "v = sum(Wv*X) x24"),
        *("scores = sum(q*k)/1.732 x32", "exps = exp(scores) x32", "sum(exps) x8", "shares = exps/sum(exps) x32"),
        *("heads = sum(shares*v) x24", "out = sum(Wo*heads) x12", "loss = sum(out*out)/12"),
    }
    wires = re.findall(r"^\t(n\w+) -> (n\w+)", drawn.source, re.MULTILINE)
    assert len(wires) == 17
    assert not [tail for tail, head in wires if tail == head]


def test_the_rounds_of_a_recurrence_of_several_units_are_one_card_that_leads_to_itself():
    loss, names = recurrence(rounds=30)
    drawn = draw(loss, names=names)
    assert "h = tanh(sum(W*h) + U*_) x90" in titles(drawn)
    assert [tail == head for tail, head in re.findall(r"^\t(n\w+) -> (n\w+)", drawn.source, re.MULTILINE)].count(True) == 1
    assert "739 values folded into 5 cards: one card for all that is made alike, xN for N alike values" in drawn.summary


def test_a_module_that_is_used_again_is_one_card_with_its_parameters():
    drawn = draw(rounds_of_a_cell(30))
    assert sorted(titles(drawn)) == ["input", "layer x90", "out = (sum(layer) - 1)**2"]
